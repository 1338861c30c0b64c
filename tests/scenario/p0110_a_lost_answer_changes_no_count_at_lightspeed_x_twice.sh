#!/bin/sh
# Stock adjustments are differences without an idempotency key. Whatever answer
# is lost while a count is raised or lowered, it is changed once; and what the
# till sells in that very moment stays sold. What is lost on its way there is
# waited for: test_lightspeed_x__no_write_is_done_twice has every loss of every
# call, by a clock that need not be waited for.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

write="POST /api/2026-07/stock_adjustments"

start_all_with_market '.accounts[2].timeout_ms = 1500'
was=$(market_count 21-0001)
fault lightspeed_x "$write" lose_answer
set_balance 21-0001 $((was + 2))
wait_for "raised although its answer was lost" 60 \
	is $((was + 2)) market_count 21-0001
wait_quiet
clear_faults
fault lightspeed_x "$write" lose_answer
set_balance 21-0001 $((was - 3))
wait_for "lowered although its answer was lost" 60 \
	is $((was - 3)) market_count 21-0001
wait_quiet
clear_faults
expect "written in all" "$(market_tally 21-0001 written)" -3
expect "times it was written" "$(market_tally 21-0001 writes)" 2
expect "booked" "$(entries)" 0

# Sold while our write is under way: it has taken effect, and its answer comes
# after we gave up on it.
before=$(market_count 21-0003)
booked=$(booked_of 21-0003)
fault lightspeed_x "$write" late:60000
set_balance 21-0003 $((before + 10))
wait_for "the write is under way" 30 is $((before + 10)) market_count 21-0003
sell_at_market 21-0003 3
wait_for "the sale is booked" 60 is $((booked + 3)) booked_of 21-0003
release
clear_faults
wait_quiet
wait_for "all agree" 60 market_agrees
expect "the count" "$(market_count 21-0003)" $((before + 7))
expect_no_double
expect "dead letters" "$(dead length)" 0
