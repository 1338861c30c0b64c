#!/bin/sh
# Galaxy keeps most items, a till keeps some: in one basket, each line becomes a
# sale where its stock is kept, once; what the others say of it is not asked.
. "${0%/*}/lib.sh"
. "${0%/*}/tills.sh"

start_sim
start_beta
tills_config '.stock.authority = "erp"'
start_daemon
{
	echo sku,name,authority,erp,agora,beta
	cut -d , -f 4 "$BETA_CSV" | paste -d , "$CSV" - | tail -n +2 |
		awk -F , -v OFS=, '{ print $1, $2,
			$1 ~ /^21-000[78]$/ ? "agora" : "", $3, $4, $5 }'
} >"$BOTH_CSV"
import_items "$BOTH_CSV"
wait_quiet

# agora_keeps SKU; what beta must show of it, and of another.
beta_is_right()
{
	is "$(count_of 21-0007)" beta_count 21-0007 &&
		is "$(balance_of 21-0003)" beta_count 21-0003 &&
		is "$(balance_of 21-0003)" count_of 21-0003
}

wait_for "all agree" 20 beta_is_right
kept=$(count_of 21-0007)
balance=$(balance_of 21-0003)

# At the till that is a channel of both.
beta_order square/sell '{"lines":[{"sku":"21-0003","quantity":"2"},
	{"sku":"21-0007","quantity":"3"},{"sku":"21-0008","quantity":"1"}]}'
wait_for "Galaxy has its line" 20 is 1 entries
wait_for "agora has its lines" 20 is 1 paid_orders
wait_quiet
expect "Galaxy's" "$(booked_of 21-0003)" 2
expect "lines there" "$(sim_state '.galaxy.entries[0].lines | length')" 1
expect "agora's" "$(recorded_of 21-0007) $(recorded_of 21-0008)" "3 1"
expect "lines there" "$(recorded_orders '.[0].lines | length')" 2
expect "booked in Galaxy of agora's" "$(booked_of 21-0007)" 0
wait_for "all agree" 20 beta_is_right

# At the till that keeps some of it.
order square/sell '{"lines":[{"sku":"21-0003","quantity":"1"},
	{"sku":"21-0007","quantity":"1"}]}'
wait_for "Galaxy has its line" 20 is 2 entries
wait_quiet
expect "Galaxy's" "$(booked_of 21-0003)" 3
expect "orders recorded at agora" "$(recorded_orders)" 1
expect "agora's count" "$(count_of 21-0007)" $((kept - 4))
expect "the balance" "$(balance_of 21-0003)" $((balance - 3))
wait_for "all agree" 20 beta_is_right

# Galaxy is only bound to what agora keeps: what it says of it changes nothing.
set_balance 21-0007 99
set_balance 21-0003 17
wait_for "beta shows Galaxy's other item" 20 is 17 beta_count 21-0003
wait_quiet
expect "beta's" "$(beta_count 21-0007)" $((kept - 4))
expect "agora's" "$(count_of 21-0007)" $((kept - 4))

tb explain 21-0007
expect "explain's exit status" "$code" 0
expect_text "who keeps it" "$said" "^authority +agora"
expect_text "what Galaxy shows" "$said" "^erp takes no counts"
tb sync --full
wait_quiet
tb reconcile
expect "reconcile ($said)" "$code" 0
expect "entries in all" "$(entries) $(recorded_orders)" "2 1"
expect_no_double
expect_once
expect "dead letters" "$(dead length)" 0
