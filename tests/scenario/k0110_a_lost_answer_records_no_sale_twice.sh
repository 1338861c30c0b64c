#!/bin/sh
# Answers of the till that keeps the stock are lost: of the order, of its
# payment, and a payment that never arrived. Each sale is looked up by itself,
# finished where it was half made, and recorded once.
. "${0%/*}/lib.sh"
. "${0%/*}/tills.sh"

start_tills

# Each is lost twice: the first time the request goes out again at once, under
# the same key.
fault square "POST /v2/orders" lose_answer 2
sell_at_beta 21-0003 2
wait_for "the first is uncertain" 20 is 1 status .entries.uncertain
expect "its order" "$(recorded_orders '.[0].state')" OPEN
fault square "POST /v2/payments" lose_answer 2
sell_at_beta 21-0004
wait_for "the second is uncertain" 20 is 2 status .entries.uncertain
expect "its order" "$(recorded_orders '.[1].state')" COMPLETED
fault square "POST /v2/payments" refuse 2
sell_at_beta 21-0006 3
wait_for "the third is uncertain" 20 is 3 status .entries.uncertain
expect "its order" "$(recorded_orders '.[2].state')" OPEN
expect_text "why" "$(dead 'map(.why) | join(" ")')" "payment is open"

# They are in nobody's way.
sell_at_beta 21-0007
wait_for "a fourth is recorded" 20 is 2 paid_orders

wait_for "all are known" 90 is 0 status .entries.uncertain
wait_for "all are paid" 10 is 4 paid_orders
wait_quiet
expect "recorded" "$(for sku in 3 4 6 7; do recorded_of 21-000$sku; done |
	xargs)" "2 1 3 1"
expect "orders" "$(recorded_orders)" 4
expect_once
wait_for "both tills agree" 20 tills_agree
expect "dead letters" "$(dead length)" 0
