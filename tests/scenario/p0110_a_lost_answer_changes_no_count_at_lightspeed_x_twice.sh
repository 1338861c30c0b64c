#!/bin/sh
# Stock adjustments are differences without an idempotency key. Whatever answer
# is lost while a count is raised or lowered, it is changed once; and what the
# till sells in that very moment stays sold.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

start_all_with_market
was=$(market_count 21-0001)
n=0
for mode in lose_answer refuse late:6000; do
	fault lightspeed_x "POST /api/2026-07/stock_adjustments" "$mode"
	n=$((n + 2))
	set_balance 21-0001 $((was + n))
	wait_for "raised although it had $mode" 90 \
		is $((was + n)) market_count 21-0001
	wait_quiet
	clear_faults
done
expect "raised in all" "$(market_tally 21-0001 written)" "$n"

down=0
for mode in lose_answer status:500; do
	fault lightspeed_x "POST /api/2026-07/stock_adjustments" "$mode"
	down=$((down + 2))
	set_balance 21-0001 $((was + n - down))
	wait_for "lowered although it had $mode" 90 \
		is $((was + n - down)) market_count 21-0001
	wait_quiet
	clear_faults
done
expect "written in all" "$(market_tally 21-0001 written)" $((n - down))
expect "times it was written" "$(market_tally 21-0001 writes)" 5
expect "booked" "$(entries)" 0

# Sold while our write is under way, before and after it takes effect.
for mode in late:1500 hang:1500; do
	before=$(market_count 21-0003)
	booked=$(booked_of 21-0003)
	calls=$(calls_of lightspeed_x "POST /api/2026-07/stock_adjustments")
	fault lightspeed_x "POST /api/2026-07/stock_adjustments" "$mode"
	set_balance 21-0003 $((before + 10))
	wait_for "the write is under way" 20 at_least $((calls + 1)) calls_of \
		lightspeed_x "POST /api/2026-07/stock_adjustments"
	sell_at_market 21-0003 3
	wait_for "the sale is booked ($mode)" 90 is $((booked + 3)) booked_of 21-0003
	wait_quiet
	wait_for "all agree ($mode)" 90 market_agrees
	expect "the count ($mode)" "$(market_count 21-0003)" $((before + 7))
	clear_faults
done
expect_no_double
expect "dead letters" "$(dead length)" 0
