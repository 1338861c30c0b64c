#!/bin/sh
# A full window at Lightspeed X: 429 with Retry-After as a date. Others go on,
# nobody knocks meanwhile, and afterwards the count is right.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

limited()
{
	sim_state .lightspeed_x.limited
}

start_all_with_market
was=$(market_count 21-0001)
order lightspeed_x/switches '{"calls_max":1,"window_ms":8000}'
set_balance 21-0001 $((was + 1))
wait_for "it is refused" 20 at_least 1 limited
wait_for "Square is not" 10 is $((was + 1)) count_of 21-0001
wait_for "it waits for a named time" 10 logged 'account=market.*verdict=slow.*wait_ms=[1-9]'
order lightspeed_x/switches '{"calls_max":1000}'
wait_for "Lightspeed shows it" 30 is $((was + 1)) market_count 21-0001
expect_at_most "calls that were refused" "$(limited)" 4
wait_quiet
expect "dead letters" "$(dead length)" 0
expect "written" "$(market_tally 21-0001 writes)" 1
