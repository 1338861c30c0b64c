#!/bin/sh
# The convergence test, seed after seed: a line each, a count at the end, and
# the seeds that failed. What is known of a failed one is kept and named.
#
#     tests/converge/run.sh [--smoke] [OPTION...]
#
# --smoke is the short run of `make test`: one seed, about 20 s. Else SEEDS (10)
# seeds from FIRST (1) on with ACTIONS (250) each, JOBS (1) at a time; OPTIONs
# go to the test (--no-kill, --lookup, --loss, --keep; --tills 2: so many of
# Square's and no other, --tills all: one of each kind, --tills hiboutik,tipsi:
# these beside Square's; else the seed chooses). TILLBRIDGE,
# TILLBRIDGE_SIM and BUILD may be set, and TALLY as in run_all.sh. SLOW (1)
# multiplies how long a seed may take to come to rest: for a busy machine.

set -eu
ROOT=$(cd "${0%/*}/../.." && pwd)
: "${TILLBRIDGE:=$ROOT/build/tillbridge}"
: "${TILLBRIDGE_SIM:=$ROOT/build/tillbridge-sim}"
: "${BUILD:=$ROOT/build/plain}"

# run_one SEED OPTION...: its line, and on failure the rest of what it said.
run_one()
{
	seed=$1
	shift
	status=0
	"$BUILD/converge" --seed "$seed" --actions "$ACTIONS" "$@" \
		>"$SAID/$seed" 2>&1 || status=$?
	if [ "$status" -eq 0 ]; then
		cat "$SAID/$seed"
		rm -f "$SAID/$seed"
	else
		echo "$seed" >>"$SAID/failed"
		grep -v '^seed' "$SAID/$seed" || :
		grep '^seed' "$SAID/$seed" || echo "seed $seed: status $status"
	fi
}

if [ "${1:-}" = --one ]; then
	shift
	run_one "$@"
	exit 0
fi
case $BUILD in
*address* | *thread* | *undefined*) checked=yes ;;
*) checked= ;;
esac
: "${SLOW:=${checked:+4}}" "${SLOW:=1}"
# Sets the clock of tillbridge's machine; sanitizers want to be loaded first.
if [ -z "$checked" ] && [ -z "${LIBFAKETIME:-}" ]; then
	for LIBFAKETIME in /usr/lib/*/faketime/libfaketimeMT.so.1; do
		[ -e "$LIBFAKETIME" ] || LIBFAKETIME=
	done
	[ -n "$LIBFAKETIME" ] || echo "no libfaketime: nobody sets the clock"
fi
export ROOT TILLBRIDGE TILLBRIDGE_SIM BUILD SLOW LIBFAKETIME

if [ "${1:-}" = --smoke ]; then
	shift
	SEEDS=1 FIRST=2 ACTIONS=60
	SLOW=$((SLOW * 3)) # a busy machine only takes longer
	set -- --no-lookup --no-loss "$@"
fi
: "${SEEDS:=10}" "${FIRST:=1}" "${ACTIONS:=250}" "${JOBS:=1}"
SAID=$(mktemp -d)
trap 'rm -rf "$SAID"' EXIT
trap 'exit 1' HUP INT TERM
export ACTIONS SAID

"$ROOT/tests/converge/build.sh"
seq "$FIRST" $((FIRST + SEEDS - 1)) |
	xargs -P "$JOBS" -I SEED "$0" --one SEED "$@"
failed=0
[ ! -e "$SAID/failed" ] || failed=$(wc -l <"$SAID/failed")
echo "$((SEEDS - failed)) seeds agree, $failed do not"
[ "$failed" -eq 0 ] ||
	echo "failed: $(sort -n "$SAID/failed" | tr '\n' ' ')"
[ -z "${TALLY:-}" ] || echo "$((SEEDS - failed)) $failed" >"$TALLY"
[ "$failed" -eq 0 ]
