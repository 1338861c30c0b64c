#!/bin/sh
# The convergence test, seed after seed: a line each, and a count at the end.
#
#     tests/converge/run.sh [--smoke] [OPTION...]
#
# --smoke is the short run of `make test`: one seed, about 20 s. Else SEEDS (10)
# seeds from FIRST (1) on with ACTIONS (400) each; OPTIONs go to the test
# (--no-kill, --lookup, --tills 2, --keep). TILLBRIDGE, TILLBRIDGE_SIM and BUILD
# may be set, and TALLY as in run_all.sh.

set -eu
ROOT=$(cd "${0%/*}/../.." && pwd)
: "${TILLBRIDGE:=$ROOT/build/tillbridge}"
: "${TILLBRIDGE_SIM:=$ROOT/build/tillbridge-sim}"
: "${BUILD:=$ROOT/build/plain}"
case $BUILD in
*address* | *thread* | *undefined*) SLOW=4 ;;
*) SLOW=1 ;;
esac
# Sets the clock of tillbridge's machine; sanitizers want to be loaded first.
if [ "$SLOW" -eq 1 ] && [ -z "${LIBFAKETIME:-}" ]; then
	for LIBFAKETIME in /usr/lib/*/faketime/libfaketimeMT.so.1; do
		[ -e "$LIBFAKETIME" ] || LIBFAKETIME=
	done
fi
export ROOT TILLBRIDGE TILLBRIDGE_SIM BUILD SLOW LIBFAKETIME

if [ "${1:-}" = --smoke ]; then
	shift
	SEEDS=1 FIRST=2 ACTIONS=120
	set -- --no-lookup "$@"
fi
: "${SEEDS:=10}" "${FIRST:=1}" "${ACTIONS:=400}"

"$ROOT/tests/converge/build.sh"
passed=0
failed=0
seed=$FIRST
while [ "$seed" -lt $((FIRST + SEEDS)) ]; do
	if "$BUILD/converge" --seed "$seed" --actions "$ACTIONS" "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
	seed=$((seed + 1))
done
echo "$passed seeds agree, $failed do not"
[ -z "${TALLY:-}" ] || echo "$passed $failed" >"$TALLY"
[ "$failed" -eq 0 ]
