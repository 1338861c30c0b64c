#!/bin/sh
# Would the convergence test find the bugs it is there for? Each plant/*.sed is
# a small bug: it is planted in a copy of the tree, built there, and the test
# must fail with one of the first SEEDS seeds.
#
#     tests/converge/selftest.sh [WORD]      only plants whose name has WORD
#
# A plant begins with "# file: PATH" and "# what: SENTENCE", and may name options
# of the test that bring what it needs ("# options: --loss"). A plant of which
# one line changes nothing (the code has moved on) fails. The first seed that
# finds it is enough. SEEDS (4), ACTIONS (150), MAKE may be set; TILLBRIDGE_SIM names the simulator, BUILD the test's object tree.

set -eu
ROOT=$(cd "${0%/*}/../.." && pwd)
HERE=$ROOT/tests/converge
: "${SEEDS:=4}" "${ACTIONS:=150}" "${MAKE:=make}"
: "${BUILD:=$ROOT/build/plain}"
: "${TILLBRIDGE_SIM:=$ROOT/build/tillbridge-sim}"
export ROOT TILLBRIDGE_SIM BUILD
copy=$ROOT/build/plant
caught=0
missed=0

value_of()
{
	sed -n "s/^# $1: //p" "$2"
}

build_copy()
{
	env -u MAKEFLAGS -u MAKELEVEL "$MAKE" -j2 -C "$copy" \
		build/tillbridge \
		>"$copy/build.log" 2>&1 || {
		tail -20 "$copy/build.log"
		echo "FAILED: the copy with $name does not build"
		exit 1
	}
}

# Each line of a plant must change something.
changes()
{
	grep -v '^#' "$plant" | grep . | while read -r rule; do
		printf '%s\n' "$rule" >"$copy/rule"
		! sed -E -f "$copy/rule" "$copy/before" | cmp -s - "$copy/before" ||
			return 1
	done
}

# Prints how it went; false when no seed finds the bug.
find_it()
{
	seed=1
	while [ "$seed" -le "$SEEDS" ]; do
		status=0
		# shellcheck disable=SC2086  # options are words
		TILLBRIDGE=$copy/build/tillbridge TMPDIR=$copy/tmp \
			"$BUILD/converge" --seed "$seed" --no-lookup --no-loss \
			--actions "$ACTIONS" $options >"$copy/said" 2>&1 ||
			status=$?
		rm -rf "$copy/tmp"/*
		if [ "$status" -eq 1 ]; then
			echo "caught   $name: $what; by seed $seed: $(sed -n \
				's/^VIOLATED with seed [0-9]*: //p' "$copy/said")"
			return 0
		elif [ "$status" -ne 0 ]; then
			cat "$copy/said"
			echo "FAILED: the test ended with status $status"
			return 1
		fi
		seed=$((seed + 1))
	done
	echo "MISSED   $name: $what; $SEEDS seeds found nothing"
	return 1
}

"$HERE/build.sh"
if [ -z "${LIBFAKETIME:-}" ]; then
	for LIBFAKETIME in /usr/lib/*/faketime/libfaketimeMT.so.1; do
		[ -e "$LIBFAKETIME" ] || LIBFAKETIME=
	done
fi
export LIBFAKETIME
rm -rf "$copy"
mkdir -p "$copy/tmp"
(cd "$ROOT" && cp -Rp Makefile gateway handlers adapters tests certs "$copy")
# With the objects there are, only what a plant changes is compiled.
mkdir -p "$copy/build"
cp -Rp "$BUILD" "$copy/build/plain"
ln -s "$ROOT/build/civetweb" "$copy/build/civetweb"
for plant in "$HERE"/plant/*"${1:-}"*.sed; do
	name=$(basename "$plant" .sed)
	file=$(value_of file "$plant")
	what=$(value_of what "$plant")
	options=$(value_of options "$plant")
	cp -p "$copy/$file" "$copy/before"
	sed -E -f "$plant" "$copy/before" >"$copy/$file"
	if ! changes; then
		echo "FAILED: $name changes nothing in $file"
		missed=$((missed + 1))
		continue
	fi
	build_copy
	if find_it; then
		caught=$((caught + 1))
	else
		missed=$((missed + 1))
	fi
	cp "$copy/before" "$copy/$file"
done
rm -rf "$copy"
echo "$caught planted bugs caught, $missed missed"
[ "$missed" -eq 0 ]
