#!/bin/sh
# Run unit and contract test programs and count their test functions.
#
#     tests/run_units.sh PROGRAM...
#
# A passing program is one line, a failing one shows its output. A program that
# dies, hangs, or reports fewer tests than it planned has failed at least one,
# whatever it printed. Ends with "N passed, N failed"; with TALLY=file those
# two numbers go into the file instead, for tests/run_all.sh.

set -u

limit_s=${UNIT_LIMIT_S:-300}
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM

# Prints "planned passed skipped failed", as the TAP lines of $log have it.
count()
{
	awk '
	/^1\.\.[0-9]+/ { planned += substr($0, 4) }
	/^ok [0-9]+/ { ok++ }
	/^not ok [0-9]+ # SKIP/ { skipped++; next }
	/^not ok [0-9]+/ { bad++ }
	END { print planned + 0, ok + 0, skipped + 0, bad + 0 }' "$log"
}

run()
{
	name=${1##*/}
	CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "$limit_s" "$1" \
		>"$log" 2>&1 </dev/null
	status=$?
	# shellcheck disable=SC2046  # four numbers
	set -- $(count)
	why=
	bad=$4
	[ "$status" -ne 124 ] || why="no end after $limit_s s"
	[ -n "$why" ] || [ "$status" -lt 128 ] ||
		why="killed by signal $((status - 128))"
	[ -n "$why" ] || [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] ||
		why="exit status $status"
	[ -n "$why" ] || [ $(($2 + $3 + $4)) -eq "$1" ] ||
		why="$1 tests planned, $(($2 + $3 + $4)) reported"
	[ -n "$why" ] || [ "$1" -gt 0 ] || why="it holds no tests"
	[ -z "$why" ] || bad=$((bad + 1))
	passed=$((passed + $2))
	failed=$((failed + bad))
	if [ "$bad" -gt 0 ]; then
		echo "  FAILED   $name${why:+: $why}"
		sed 's/^/    | /' "$log"
	else
		echo "  ok       $name ($2$([ "$3" -eq 0 ] || echo ", $3 skipped"))"
	fi
}

for program in "$@"; do
	run "$program"
done
if [ $((passed + failed)) -eq 0 ]; then
	echo "  FAILED   not one test was run"
	failed=1
fi
if [ -n "${TALLY:-}" ]; then
	echo "$passed $failed" >"$TALLY"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
