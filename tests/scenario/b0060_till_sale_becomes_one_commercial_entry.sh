#!/bin/sh
# A sale at the till is booked in Galaxy once, whole, and the balance falls.
. "${0%/*}/lib.sh"

start_all
before=$(balance_of 21-0003)
sell 21-0003 2
wait_for "Galaxy has the entry" 15 is 1 entries
wait_quiet
expect "booked" "$(booked_of 21-0003)" 2
expect "the balance" "$(balance_of 21-0003)" $((before - 2))
expect "the till's count" "$(count_of 21-0003)" $((before - 2))

# Several lines are one document.
order square/sell '{"lines":[{"sku":"21-0006","quantity":"1"},
	{"sku":"31-0001-S","quantity":"2"},{"sku":"21-0007","quantity":"3"}]}'
wait_for "Galaxy has the second entry" 15 is 2 entries
wait_quiet
expect "its lines" "$(sim_state '.galaxy.entries[1].lines | length')" 3
expect "the variant's booking" "$(booked_of 31-0001:001)" 2
expect "SKUs that disagree" "$(disagreements)" ""
expect "entries" "$(entries)" 2
expect_no_double
expect "entries that Galaxy refused" "$(sim_state .galaxy.refused_posts)" 0
expect "dead letters" "$(dead length)" 0
wait_logged 'journey\.done .*account=erp .*lines=3'
