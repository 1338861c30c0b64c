#!/bin/sh
# Lightspeed X keeps the stock: whatever answer is lost while a sale of Square's
# is recorded there, it is recorded once. Each is uncertain and would be looked
# up half a minute later; a person who says retry before that makes none twice.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

start_market_as_authority
n=0
for mode in lose_answer refuse status:500; do
	fault lightspeed_x "POST /api/2026-07/sales" "$mode"
	sell 21-0003
	n=$((n + 1))
	wait_for "it is uncertain ($mode)" 30 is $n status .entries.uncertain
	clear_faults
done
expect "recorded so far" "$(market_sales)" 1
for id in $(dead '.[].id'); do
	tb dead retry "$id"
	expect "retry ($said)" "$code" 0
done
wait_for "all are recorded" 30 is $n market_sales
wait_for "and done with" 30 entries_are_done
expect "recorded of it" "$(market_tally 21-0003 recorded)" 3
wait_for "Square agrees" 30 agora_agrees
expect_recorded_once
expect "dead letters" "$(dead length)" 0
