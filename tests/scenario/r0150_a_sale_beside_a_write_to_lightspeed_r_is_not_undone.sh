#!/bin/sh
# Counts at Lightspeed R are absolute, and its interface knows no condition. A
# sale that is rung up while a count is on its way there is not undone: asked for
# right before the write it is taken off at once, and behind that two seconds
# later. Either way it is booked once, and never taken for drift.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

are_listed()
{
	at_least 1 calls_of lightspeed_r "/Sale.json"
}

start_all_with_bazaar
was=$(bazaar_count 21-0001)
written=$(bazaar_tally 21-0001 writes)

# The sales were listed, and the listing's answer is slow.
order reset-calls '{}'
fault lightspeed_r "GET /API/V3/Account/100/Sale.json" late:2500
set_balance 21-0001 $((was + 6))
wait_for "the sales are listed" 20 are_listed
sell_at_bazaar 21-0001
wait_for "the count is written, without the one sold" 20 \
	is $((was + 5)) bazaar_count 21-0001
poll_bazaar
wait_for "the sale is booked" 30 is 1 entries
wait_quiet
expect "the count" "$(bazaar_count 21-0001)" $((was + 5))
expect "writes that it took" "$(bazaar_tally 21-0001 writes)" $((written + 1))

# The write itself is slow: it is done, and its answer is on its way.
order reset-calls '{}'
fault lightspeed_r "PUT /API/V3/Account/100/Item/" late:2500
set_balance 21-0001 $((was + 10))
wait_for "the count is written" 20 is $((was + 10)) bazaar_count 21-0001
sell_at_bazaar 21-0001 2
poll_bazaar
wait_for "the sale is booked" 30 is 2 entries
wait_quiet
expect "the count" "$(bazaar_count 21-0001)" $((was + 8))
wait_for "all agree" 20 bazaar_agrees
expect "booked" "$(booked_of 21-0001)" 3
expect "drift" "$(times_logged 'drift.corrected')" 0
