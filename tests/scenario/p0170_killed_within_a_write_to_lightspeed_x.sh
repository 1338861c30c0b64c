#!/bin/sh
# kill -9 while a count is changed at Lightspeed X, before and after it takes
# effect: afterwards it is changed once.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

# killed_at MODE BALANCE: die while the adjustment is not answered.
killed_at()
{
	path="POST /api/2026-07/stock_adjustments"
	calls=$(calls_of lightspeed_x "$path")
	fault lightspeed_x "$path" "$1:20000"
	set_balance 21-0001 "$2"
	wait_for "the write is under way" 20 \
		at_least $((calls + 1)) calls_of lightspeed_x "$path"
	kill_daemon
	clear_faults
	start_daemon
	wait_for "Lightspeed shows $2 ($1)" 90 is "$2" market_count 21-0001
}

start_all_with_market
was=$(market_count 21-0001)
killed_at late $((was + 2))
killed_at hang $((was + 5))
killed_at late $((was + 1))
wait_quiet
expect "times it was written" "$(market_tally 21-0001 writes)" 3
expect "booked" "$(entries)" 0
wait_for "all agree" 60 market_agrees
expect "dead letters" "$(dead length)" 0
