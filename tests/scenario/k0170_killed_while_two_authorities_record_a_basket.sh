#!/bin/sh
# kill -9 while one basket is recorded at two authorities: Galaxy has its part
# and its answer is late, the till has an order that is not paid. Both are
# looked up, and each has its lines once.
. "${0%/*}/lib.sh"
. "${0%/*}/tills.sh"

start_sim
start_beta
tills_config '.stock.authority = "erp" | .accounts[0].lookup = {
	view: "CommercialEntry/ByDocID", field: "DOCID" }'
start_daemon
{
	echo sku,name,authority,erp,agora,beta
	cut -d , -f 4 "$BETA_CSV" | paste -d , "$CSV" - | tail -n +2 |
		awk -F , -v OFS=, '{ print $1, $2,
			$1 == "21-0007" ? "agora" : "", $3, $4, $5 }'
} >"$BOTH_CSV"
import_items "$BOTH_CSV"
wait_quiet
fault galaxy postentry late:20000
fault square "POST /v2/payments" hang:20000
beta_order square/sell '{"lines":[{"sku":"21-0003","quantity":"2"},
	{"sku":"21-0007","quantity":"3"}]}'
wait_for "Galaxy has its line" 20 is 1 entries
wait_for "agora is asked to take the payment" 20 \
	is 1 calls_of square "POST /v2/payments"
kill_daemon
expect "agora's order" "$(recorded_orders '.[0].state')" OPEN
start_daemon
wait_for "both are uncertain" 20 is 2 status .entries.uncertain
wait_for "both are known" 90 is 0 status .entries.uncertain
wait_quiet
expect "entries and orders" "$(entries) $(recorded_orders)" "1 1"
expect "booked" "$(booked_of 21-0003) $(recorded_of 21-0007)" "2 3"
expect_no_double
expect_once
wait_for "beta shows what Galaxy has" 20 is "$(balance_of 21-0003)" \
	beta_count 21-0003
wait_for "beta shows what agora has" 20 is "$(count_of 21-0007)" \
	beta_count 21-0007
expect "dead letters" "$(dead length)" 0
