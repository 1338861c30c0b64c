#!/bin/sh
# Every test there is: unit and contract programs, then the scenarios, then a
# short run of the convergence test.
#
#     tests/run_all.sh PROGRAM...
#
# The last line is "N passed, N failed" over all. Each runner writes
# "<passed> <failed>" to the file named by TALLY; one that ends without doing
# so counts as a failure. TILLBRIDGE and TILLBRIDGE_SIM name the binaries.

set -u

cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
tally=$(mktemp)
trap 'rm -f "$tally"' EXIT
trap 'exit 1' HUP INT TERM

part()
{
	: >"$tally"
	TALLY=$tally "$@"
	status=$?
	if read -r more_passed more_failed <"$tally"; then
		passed=$((passed + more_passed))
		failed=$((failed + more_failed))
		[ "$status" -eq 0 ] || [ "$more_failed" -gt 0 ] || more_failed=lost
	else
		more_failed=lost
	fi
	if [ "$more_failed" = lost ]; then
		echo "  FAILED   $1 ended with status $status"
		failed=$((failed + 1))
	fi
}

echo "Unit and contract tests"
part tests/run_units.sh "$@"
echo "Scenarios"
part tests/scenario/run.sh
echo "Convergence"
part tests/converge/run.sh --smoke
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
