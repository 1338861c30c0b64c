#!/bin/sh
# A shop without an ERP: one till is right about the stock. A sale at the other
# becomes one paid order there, and comes back as nothing (promises 3, 8, 10).
. "${0%/*}/lib.sh"
. "${0%/*}/tills.sh"

start_tills
before=$(count_of 21-0003)
sell_at_beta 21-0003 2
wait_for "agora has the order, paid" 15 is 1 paid_orders
wait_quiet
expect "recorded" "$(recorded_of 21-0003)" 2
expect "agora's count" "$(count_of 21-0003)" $((before - 2))
expect "beta's count" "$(beta_count 21-0003)" $((before - 2))
expect "the order's total" "$(recorded_orders '.[0].total')" \
	"$(beta_state '.square.orders[0].total')"
expect "its reference" "$(recorded_orders '.[0].reference_id[0:8]')" TB-beta-

# Several lines are one order; a sale at agora itself is in its stock already.
beta_order square/sell '{"lines":[{"sku":"21-0006","quantity":"1"},
	{"sku":"31-0001-S","quantity":"2"},{"sku":"21-0005","quantity":"0.125"}]}'
sell 21-0003
wait_for "agora has the second order" 15 is 2 paid_orders
wait_for "beta shows the sale at agora" 15 is $((before - 3)) beta_count 21-0003
wait_quiet
expect "its lines" "$(recorded_orders '.[1].lines | length')" 3
expect "its total" "$(recorded_orders '.[1].total')" \
	"$(beta_state '.square.orders[1].total')"

# What is received at agora arrives at beta.
order square/count '{"sku":"21-0007","quantity":"33"}'
wait_for "beta shows the receipt" 15 is 33 beta_count 21-0007

# Our own orders, read again with all sales, are nothing new.
tb sync --full
expect "a full sync ($said)" "$code" 0
wait_quiet
expect "orders recorded" "$(recorded_orders)" 2
expect "SKUs that disagree" "$(tills_disagreements)" ""
expect "dead letters" "$(dead length)" 0
expect "calls that were refused" "$(refused_calls)" 0
expect_once
tb reconcile
expect "reconcile ($said)" "$code" 0
