#!/bin/sh
# 0.335 kg and 0.1 + 0.2 kg, three times over: the balance, the count and the
# sums of the document are exact (promise 11). The simulator refuses an entry
# whose sums do not add up.
. "${0%/*}/lib.sh"

start_all
set_balance 21-0005 10.005
set_balance 21-0009 1
wait_for "the till shows it" 15 is 10.005 count_of 21-0005
wait_for "the till shows it" 15 is 1 count_of 21-0009
sell 21-0005 0.335
for _ in 1 2 3; do
	sell 21-0009 0.1
	sell 21-0009 0.2
done
order square/sell '{"lines":[{"sku":"21-0005","quantity":"0.005"},
	{"sku":"21-0003","quantity":"7"},{"sku":"21-0009","quantity":"0.001"}]}'
wait_for "all are booked" 60 is 8 entries
wait_quiet
expect "the balance" "$(sim_state '.galaxy.items[] |
	select(.code == "21-0005") | .balance | tostring')" 9.665
expect "the balance" "$(sim_state '.galaxy.items[] |
	select(.code == "21-0009") | .balance | tostring')" 0.099
expect "the count" "$(count_of 21-0005) $(count_of 21-0009)" "9.665 0.099"
expect "entries refused" "$(sim_state .galaxy.refused_posts)" 0
expect "dead letters" "$(dead length)" 0
expect "SKUs that disagree" "$(disagreements)" ""
expect_no_double
