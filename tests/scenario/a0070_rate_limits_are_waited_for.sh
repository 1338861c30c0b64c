#!/bin/sh
# 429 with Retry-After: waited for, not counted as a failure, and everything
# arrives; also when a batch was half applied before it (I5).
. "${0%/*}/lib.sh"

start_all
order faults '{"system":"square","path":"batch-create","mode":"status:429",
	"next":2,"retry_after":1}'
set_balance 21-0001 3
wait_for "it arrives" 30 is 3 count_of 21-0001
expect "faults left" "$(sim_state .faults_left)" 0

hooks galaxy off
order faults '{"system":"square","path":"batch-create","mode":"partial:4",
	"next":1,"retry_after":1}'
for code in $(sim_state '[.galaxy.items[:12][].code] | join(" ")'); do
	set_balance "$code" 11
done
stop_daemon
start_daemon
wait_for "all arrive" 40 all_agree
wait_quiet
expect "faults left" "$(sim_state .faults_left)" 0
expect "dead letters" "$(dead length)" 0
wait_logged 'verdict=slow'
