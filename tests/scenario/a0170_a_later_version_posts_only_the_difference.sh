#!/bin/sh
# A sale is amended after it was booked: more of a line is a second entry of
# the difference; less is a return, held for a person.
. "${0%/*}/lib.sh"

start_all
order square/sell '{"lines":[{"sku":"21-0003","quantity":"2"}]}'
wait_for "it is booked" 20 is 2 booked_of 21-0003
wait_quiet
sale=$(sim_state '.square.orders[0].id')
uid=$(sim_state '.square.orders[0].lines[0].uid')
order "square/order/$sale" "{\"uid\":\"$uid\",\"quantity\":\"5\"}"
wait_for "the difference is booked" 20 is 5 booked_of 21-0003
wait_quiet
expect "entries" "$(entries)" 2
expect "SKUs that disagree" "$(disagreements)" ""

order "square/order/$sale" "{\"uid\":\"$uid\",\"quantity\":\"4\"}"
wait_for "the return is held" 20 is held dead '.[0].kind'
wait_quiet
expect "booked" "$(booked_of 21-0003)" 5
expect "entries" "$(entries)" 2
expect_no_double
