#!/bin/sh
# Would the convergence test find the bugs it is there for? Each plant/*.sed is
# a small bug: it is planted in a copy of the tree and built there, and the test
# must see what it breaks with one of the first SEEDS seeds.
#
#     tests/converge/selftest.sh [WORD]      only plants whose name has WORD
#
# A plant begins with
#
#     # file: PATH
#     # what: SENTENCE
#     # breaks: REGEX         what the test must say: another violation, or none
#                             in time, is no proof that it sees this bug
#     # options: OPTION...    of the test, that bring what the bug needs
#
# A plant of which one line changes nothing (the code has moved on) fails. The
# first seed that finds it is enough. SEEDS (4), ACTIONS (40), JOBS (2) runs at a
# time, SLOW as in run.sh, MAKE may be set; TILLBRIDGE_SIM names the simulator,
# BUILD the test's object tree. About a minute for each plant and job.

set -eu
ROOT=$(cd "${0%/*}/../.." && pwd)
HERE=$ROOT/tests/converge
: "${SEEDS:=4}" "${ACTIONS:=40}" "${JOBS:=2}" "${SLOW:=1}" "${MAKE:=make}"
: "${BUILD:=$ROOT/build/plain}"
: "${TILLBRIDGE_SIM:=$ROOT/build/tillbridge-sim}"
copy=$ROOT/build/plant
export ROOT BUILD TILLBRIDGE_SIM SEEDS ACTIONS SLOW

value_of()
{
	sed -n "s/^# $1: //p" "$HERE/plant/$2.sed"
}

# say VERDICT NAME WHAT: and remember how it went.
say()
{
	echo "$1" >"$copy/went/$2"
	printf '%-8s %s: %s; %s\n' "$1" "$2" "$(value_of what "$2")" "$3"
}

# ---- finding one ------------------------------------------------------------

# run_seed NAME SEED: the first violation it finds, if any.
run_seed()
{
	status=0
	mkdir -p "$copy/tmp/$1"
	# shellcheck disable=SC2046  # options are words
	TILLBRIDGE=$copy/bin/$1 TMPDIR=$copy/tmp/$1 \
		timeout $((300 * SLOW)) "$BUILD/converge" --seed "$2" --tills 1 \
		--no-lookup --no-loss --actions "$ACTIONS" \
		$(value_of options "$1") >"$copy/said/$1" 2>&1 || status=$?
	rm -rf "$copy/tmp/$1"
	case $status in
	0) ;;
	1) sed -n 's/^VIOLATED with seed [0-9]*: //p' "$copy/said/$1" ;;
	*) echo "the test ended with status $status: $(tail -1 "$copy/said/$1")" ;;
	esac
}

# One plant that was built; says how it went.
find_it()
{
	began=$(date +%s)
	others=
	seed=1
	while [ "$seed" -le "$SEEDS" ]; do
		found=$(run_seed "$1" "$seed")
		if printf '%s' "$found" | grep -qE -- "$(value_of breaks "$1")"; then
			say caught "$1" "seed $seed, $(($(date +%s) - began)) s: $found"
			return
		fi
		[ -z "$found" ] || others="$others; seed $seed found \"$found\""
		seed=$((seed + 1))
	done
	say MISSED "$1" \
		"$SEEDS seeds did not find it, $(($(date +%s) - began)) s$others"
}

if [ "${1:-}" = --one ]; then
	find_it "$2"
	exit 0
fi

# ---- planting them ----------------------------------------------------------

# Each line of a plant must change something.
changes()
{
	grep -v '^#' "$HERE/plant/$1.sed" | grep . | while read -r rule; do
		printf '%s\n' "$rule" >"$copy/rule"
		! sed -E -f "$copy/rule" "$copy/before" | cmp -s - "$copy/before" ||
			return 1
	done
}

build_copy()
{
	env -u MAKEFLAGS -u MAKELEVEL "$MAKE" -j2 -C "$copy" \
		build/tillbridge >"$copy/build.log" 2>&1
}

# Prints the name when there is a program with this bug.
plant_it()
{
	file=$copy/$(value_of file "$1")
	cp -p "$file" "$copy/before"
	sed -E -f "$HERE/plant/$1.sed" "$copy/before" >"$file"
	if ! changes "$1"; then
		say FAILED "$1" "it changes nothing in $(value_of file "$1")" >&2
	elif ! build_copy; then
		tail -20 "$copy/build.log" >&2
		say FAILED "$1" "it does not build" >&2
	else
		cp "$copy/build/tillbridge" "$copy/bin/$1"
		echo "$1"
	fi
	cp "$copy/before" "$file"
}

plant_all()
{
	for plant in "$HERE"/plant/*"${1:-}"*.sed; do
		[ ! -e "$plant" ] || plant_it "$(basename "$plant" .sed)"
	done
}

"$HERE/build.sh"
if [ -z "${LIBFAKETIME:-}" ]; then
	for LIBFAKETIME in /usr/lib/*/faketime/libfaketimeMT.so.1; do
		[ -e "$LIBFAKETIME" ] || LIBFAKETIME=
	done
fi
export LIBFAKETIME
rm -rf "$copy"
mkdir -p "$copy/build" "$copy/bin" "$copy/tmp" "$copy/said" "$copy/went"
(cd "$ROOT" && cp -Rp Makefile gateway handlers adapters tests certs "$copy")
cp -Rp "$BUILD" "$copy/build/plain"
# Only what a plant changes is compiled, whatever the flags of the rest were.
sed -i 's|^\(\$(B)/flags:\) FORCE|\1|' "$copy/Makefile"
ln -s "$ROOT/build/civetweb" "$copy/build/civetweb"
plant_all "${1:-}" | xargs -P "$JOBS" -I NAME "$HERE/selftest.sh" --one NAME
caught=$(grep -rl '^caught' "$copy/went" | wc -l)
missed=$(grep -rL '^caught' "$copy/went" | wc -l)
rm -rf "$copy"
echo "$caught planted bugs caught, $missed missed"
[ "$missed" -eq 0 ] && [ "$caught" -gt 0 ]
