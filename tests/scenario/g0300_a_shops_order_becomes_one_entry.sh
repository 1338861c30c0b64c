#!/bin/sh
# A shop's order is one document in Galaxy, however often it is sent, and the
# till shows less from the moment it was taken.
. "${0%/*}/lib.sh"

ORDER='{ "number": "SHOP-10001", "lines": [
	{ "sku": "21-0003", "quantity": 2, "total": "19.98" },
	{ "sku": "31-0001-S", "quantity": 1 } ] }'

# send PATH BODY [CURL-OPTION...]: prints the status; the body is in $DIR/sent.
send()
{
	send_path=$1
	send_body=$2
	shift 2
	curl -sS --max-time 10 -o "$DIR/sent" -w '%{http_code}' \
		--json "$send_body" "$@" "$API/$send_path"
}

sent()
{
	jq -r "$1" "$DIR/sent"
}

shows()
{
	[ "$(count_of "$1")" = "$2" ]
}

start_all
before=$(balance_of 21-0003)

# Galaxy is away: the order is taken all the same, and the till knows.
fault galaxy "" refuse 100000
expect "a hook" "$(galaxy_hook 21-0009)" 202
wait_for "the breaker is open" 20 is open account erp .breaker
expect "the first call" "$(send api/orders "$ORDER" \
	-H 'Idempotency-Key: 7f3a')" 202
expect "its order" "$(sent .order)" SHOP-10001
expect "its entry" "$(sent .entry)" api:orders/SHOP-10001
expect "its state" "$(sent .state)" ready
docid=$(sent .docid)
wait_for "the till shows less at once" 15 shows 21-0003 $((before - 2))
expect "Galaxy's entries" "$(entries)" 0
expect "a repeat meanwhile" "$(send api/orders "$ORDER")" 200
clear_faults

wait_for "Galaxy has the entry" 60 is 1 entries
wait_quiet
expect "a repeat afterwards" "$(send api/orders "$ORDER" \
	-H 'Idempotency-Key: 7f3a')" 200
expect "its state now" "$(sent .state)" settled
expect "its docid" "$(sent .docid)" "$docid"
expect "the docid in Galaxy" "$(sim_state '.galaxy.entries[0].docid')" "$docid"
expect "lines" "$(sim_state '.galaxy.entries[0].lines | length')" 2
expect "booked" "$(booked_of 21-0003) $(booked_of 31-0001:001)" "2 1"
expect "the balance" "$(balance_of 21-0003)" $((before - 2))
wait_for "every channel shows its target" 20 all_agree
expect "how it is doing" "$(api api/orders/SHOP-10001 | jq -r .state)" settled
expect "confirmed" "$(api api/orders/SHOP-10001 |
	jq '.confirmed_at != null')" true

# Another body under the number or the key is nothing that was ordered.
expect "another body" "$(send api/orders '{ "number": "SHOP-10001", "lines": [
	{ "sku": "21-0003", "quantity": 3 } ] }')" 409
expect_text "it names the first" "$(sent .error.message)" "$docid"
expect "another order under the key" "$(send api/orders '{ "number": "SHOP-2",
	"lines": [ { "sku": "21-0003", "quantity": 3 } ] }' \
	-H 'Idempotency-Key: 7f3a')" 409
expect "an order that was never sent" "$(api_code api/orders/SHOP-2)" 404
expect "entries in the end" "$(entries)" 1
expect_no_double
expect "dead letters" "$(dead length)" 0
wait_logged 'entry\.taken .*entry=api:orders/SHOP-10001'
wait_logged 'journey\.done .*account=erp .*entry=api:orders/SHOP-10001'
