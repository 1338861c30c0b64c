#!/bin/sh
# HTML, nothing, half an answer, another error: no count becomes zero, none is
# written at all; the true balance arrives when Galaxy speaks again (promise 4).
. "${0%/*}/lib.sh"

start_all
hooks square off
balance=40
for mode in html empty garbage truncate status:500 status:404 html:200; do
	balance=$((balance + 1))
	was=$(count_of 21-0001)
	writes=$(sim_state .square.writes)
	fault galaxy itembalances "$mode" 100000
	set_balance 21-0001 "$balance"
	wait_for "$mode was met" 30 at_most 99999 sim_state .faults_left
	expect "the count after $mode" "$(count_of 21-0001)" "$was"
	expect "writes after $mode" "$(sim_state .square.writes)" "$writes"
	clear_faults
	galaxy_hook 21-0001 >/dev/null
	wait_for "the count after all" 80 is "$balance" count_of 21-0001
done

# The same in a catch-up after a restart, and in Square's own answers.
for mode in html empty garbage truncate; do
	stop_daemon
	fault galaxy itembalances "$mode"
	fault square counts "$mode"
	start_daemon
	wait_for "$mode was met" 40 is 0 sim_state .faults_left
	expect "SKUs that disagree after $mode" "$(disagreements)" ""
done
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""
expect "zeros" "$(sim_state '[.square.counts[] | select((.count | tonumber) == 0)] | length')" 0
