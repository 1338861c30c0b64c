#!/bin/sh
# The answer to an order's document is lost: it is looked up and never doubled,
# and the shop is told so whenever it asks.
. "${0%/*}/lib.sh"

ORDER='{ "number": "SHOP-7", "lines": [ { "sku": "21-0003", "quantity": 2 } ] }'

post_order()
{
	curl -sS --max-time 10 -o "$DIR/sent" -w '%{http_code}' \
		--json "$ORDER" "$API/api/orders"
}

state_of()
{
	api "api/orders/$1" | jq -r .state
}

start_all '.accounts[0].lookup = { view: "CommercialEntry/ByDocID",
	field: "DOCID" }'
fault galaxy postentry lose_answer
expect "the first call" "$(post_order)" 202
wait_for "it is uncertain" 20 is uncertain state_of SHOP-7
expect "a repeat" "$(post_order)" 200
expect "the repeat's state" "$(jq -r .state "$DIR/sent")" uncertain
expect "the dead letter" "$(dead '.[0].summary')" \
	"order SHOP-7: 2 x 21-0003 -> erp"
wait_for "the look-up finds it" 60 is settled state_of SHOP-7
wait_quiet
expect "entries" "$(entries)" 1
expect "booked" "$(booked_of 21-0003)" 2
expect_no_double
expect "a last repeat" "$(post_order)" 200
expect "dead letters" "$(dead length)" 0
wait_for "every channel shows its target" 20 all_agree
