#!/bin/sh
# kill -9 while a sale is recorded at the till that keeps the stock: before the
# order arrived, between order and payment, and before the payment's answer.
# Afterwards each sale is there once, and paid.
. "${0%/*}/lib.sh"
. "${0%/*}/tills.sh"

start_tills
calls_before=$(calls_of square "POST /v2/orders")
fault square "POST /v2/orders" hang:20000
sell_at_beta 21-0003 2
wait_for "the first order is on its way" 20 \
	at_least $((calls_before + 1)) calls_of square "POST /v2/orders"
kill_daemon
expect "orders that arrived" "$(recorded_orders)" 0
start_daemon

fault square "POST /v2/payments" hang:20000
sell_at_beta 21-0004
wait_for "the second is between order and payment" 20 \
	is 1 calls_of square "POST /v2/payments"
kill_daemon
expect "the second order" "$(recorded_orders '.[0].state')" OPEN
start_daemon

fault square "POST /v2/payments" late:20000
sell_at_beta 21-0006 3
wait_for "the third is paid" 20 is 1 paid_orders
kill_daemon
start_daemon

wait_for "all are recorded" 90 is 3 paid_orders
wait_for "all are known" 60 is 0 status .entries.uncertain
wait_quiet
expect "recorded" "$(for sku in 3 4 6; do recorded_of 21-000$sku; done |
	xargs)" "2 1 3"
expect "orders" "$(recorded_orders)" 3
expect_once
wait_for "both tills agree" 20 tills_agree
expect "dead letters" "$(dead length)" 0
