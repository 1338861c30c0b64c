#!/bin/sh
# After hundreds of hooks, sales and failures at rest: descriptors, threads and
# Redis keys are where they were (I8).
. "${0%/*}/lib.sh"

# Each thread that serves opens a connection to Redis when it first needs one:
# here are few, and the round below makes all of them work.
start_all '.public.workers = 4'
hooks square double
descriptors()
{
	find "/proc/$daemon/fd" -mindepth 1 | wc -l
}
threads()
{
	find "/proc/$daemon/task" -mindepth 1 -maxdepth 1 | wc -l
}
keys()
{
	redis-cli -s "$(find "$DIR/state" -name '*.sock')" dbsize | tr -dc 0-9
}

# A round of the same, to have everything opened and made that stays.
round()
{
	order hooks/send '{"system":"galaxy","code":"21-0001","times":100}'
	order hooks/send '{"system":"square","sku":"21-0002","times":20}'
	fault galaxy itembalances reset 2
	fault square counts reset 2
	for code in 21-0003 21-0004 21-0005; do
		set_balance "$code" "$1"
	done
	for _ in 1 2 3 4 5 6; do
		hook agora --json '{}' >/dev/null
	done
	seq 48 | xargs -P 24 -I @number@ curl -s --max-time 30 -o /dev/null \
		"$API/api/status"
	wait_for "the hooks are sent" 60 is 0 sim_state '.hooks | .galaxy.queued + .square.queued'
	wait_for "the faults were met" 60 is 0 sim_state .faults_left
	wait_quiet
}
round 11
round 12
had_descriptors=$(descriptors)
had_threads=$(threads)
had_keys=$(keys)
round 13
round 14
round 15
enough()
{
	[ "$(descriptors)" -le $((had_descriptors + 8)) ]
}
wait_for "descriptors return to $had_descriptors" 30 enough
wait_for "threads return to $had_threads" 30 at_most "$had_threads" threads

# An event's id is remembered for days: a key for each.
expect_at_most "keys" "$(keys)" $((had_keys + 150))
wait_for "no lease or mark is left" 10 is 0 status '[.accounts[].marks] | add'
