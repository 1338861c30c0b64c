#!/bin/sh
# Run the scenarios: the real tillbridge, real TLS, real Redis, tillbridge-sim
# as the world.
#
#     tests/scenario/run.sh [WORD...]     all, or those whose name holds a WORD
#
# One line each, with its time; a failed one shows what it said and how the
# daemon's and the simulator's logs end. Ends with "N passed, N failed"; with
# TALLY=file those two numbers go there instead, for tests/run_all.sh.
#
# Environment: TILLBRIDGE, TILLBRIDGE_SIM, BUILD (as the Makefile says them);
# JOBS, how many at a time (two for each processor, at most 8: most of a scenario
# is waiting; half of that with sanitizers); KEEP=1 keeps the folders of failed
# ones.

set -u

here=$(cd "${0%/*}" && pwd)
root=$(cd "$here/../.." && pwd)
: "${TILLBRIDGE:=$root/build/tillbridge}"
: "${TILLBRIDGE_SIM:=$root/build/tillbridge-sim}"
: "${BUILD:=$root/build/plain}"
export TILLBRIDGE TILLBRIDGE_SIM BUILD
jobs=$(nproc 2>/dev/null || echo 2)
limit_s=480
case $BUILD in
*address* | *thread* | *undefined*) ;;
*)
	jobs=$((jobs * 2))
	limit_s=360
	;;
esac
[ "$jobs" -le 8 ] || jobs=8
: "${JOBS:=$jobs}"

PORTS_EACH=10
PORTS_BLOCK=2200
work=$(mktemp -d)
workers=

# Nothing of a scenario outlives it, whatever became of its own trap: what names
# its folder, works in it, or was told of it.
sweep()
{
	for id in $(pgrep -f -- "$1/") $({
		find /proc -maxdepth 2 -name cwd -lname "$1/*"
		grep -lsF "SCENARIO_DIR=$1/" /proc/[0-9]*/environ
	} 2>/dev/null | cut -d / -f 3); do
		[ "$id" = $$ ] || kill -9 "$id" 2>/dev/null
	done
}

finish()
{
	status=$?
	trap '' HUP INT TERM
	for worker in $workers; do
		kill "$worker" 2>/dev/null
	done
	wait
	sweep "$work"
	[ -n "${KEEP:-}" ] || rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

now_ms()
{
	echo $(($(date +%s%N) / 1000000))
}

is_wanted()
{
	[ -n "$words" ] || return 0
	for word in $words; do
		case $1 in
		*"$word"*) return 0 ;;
		esac
	done
	return 1
}

show_end()
{
	[ -s "$1" ] || return 0
	echo "    : the end of ${1##*/}"
	tail -n "$2" "$1" | cut -c 1-300 | sed 's/^/    : /'
}

# run_one NUMBER FILE
run_one()
{
	name=${2##*/}
	name=${name%.sh}
	dir=$work/$1
	mkdir "$dir"
	begin=$(now_ms)
	SCENARIO_DIR=$dir/ SCENARIO_CERTS=$work/certs \
		PORT_BASE=$((port_base + $1 * PORTS_EACH)) \
		timeout -k 10 "$limit_s" sh "$2" >"$dir/output.txt" 2>&1 </dev/null &
	running=$!
	wait "$running"
	status=$?
	running=
	sweep "$dir"
	took=$(($(now_ms) - begin))
	took=$((took / 1000)).$((took % 1000 / 100))
	if [ "$status" -eq 0 ]; then
		echo ok >"$work/$1.result"
		echo "  ok       $name ($took s)"
	else
		echo failed >"$work/$1.result"
		{
			if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
				echo "  FAILED   $name: no end after $limit_s s"
			else
				echo "  FAILED   $name ($took s)"
			fi
			sed 's/^/    | /' "$dir/output.txt"
			show_end "$dir/daemon.log" 40
			show_end "$dir/sim.log" 10
		} >"$dir/report.txt"
		cat "$dir/report.txt"
	fi
	if [ -z "${KEEP:-}" ] || [ "$status" -eq 0 ]; then
		rm -rf "$dir"
	fi
}

# All of them, in the order in which they are begun: who waits for a minute of
# the clock to end first, so that nobody waits for them alone in the end.
scenarios()
{
	grep -lF '"* * * * *"' "$here"/[a-z][0-9]*_*.sh
	grep -LF '"* * * * *"' "$here"/[a-z][0-9]*_*.sh
}

# Ports below those that the system gives away by itself, and no other run's:
# whoever has the lock has the block.
take_ports()
{
	for block in 0 1 2 3 4 5 6 7 8 9; do
		lock=${TMPDIR:-/tmp}/tillbridge-ports.$block
		{ : >>"$lock"; } 2>/dev/null || continue
		exec 9>>"$lock"
		flock -n 9 && break
	done
	port_base=$((10000 + block * PORTS_BLOCK))
}

# Take what nobody has taken yet, until nothing is left.
work_off()
{
	workers=
	running=
	trap - EXIT
	trap 'trap "" HUP INT TERM
		[ -z "$running" ] || { kill "$running"; wait "$running"; }
		exit 1' HUP INT TERM
	number=0
	for file in $(scenarios); do
		number=$((number + 1))
		is_wanted "${file##*/}" || continue
		mkdir "$work/$number.claim" 2>/dev/null || continue
		run_one "$number" "$file"
	done
	exit 0
}

words=$*
for program in "$TILLBRIDGE" "$TILLBRIDGE_SIM"; do
	[ -x "$program" ] || {
		echo "$program is not there: build it first" >&2
		exit 1
	}
done
"$root/certs/make-certs.sh" "$work/certs" >/dev/null || exit 1
take_ports

for _ in $(seq "$JOBS"); do
	work_off &
	workers="$workers $!"
done
for worker in $workers; do
	wait "$worker"
done
workers=

passed=$(cat "$work"/*.result 2>/dev/null | grep -c ok)
failed=$(cat "$work"/*.result 2>/dev/null | grep -c failed)
if [ $((passed + failed)) -eq 0 ]; then
	echo "  FAILED   no scenario is called that"
	failed=1
fi
if [ -n "${TALLY:-}" ]; then
	echo "$passed $failed" >"$TALLY"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
