#!/bin/sh
# An order that brings something back is taken and shown to a person; nobody
# knows how Galaxy takes a return, so nothing is posted before it is configured.
. "${0%/*}/lib.sh"

RETURN='{ "number": "SHOP-7", "lines": [
	{ "sku": "21-0003", "quantity": 1 },
	{ "sku": "21-0004", "quantity": -1 } ] }'

send()
{
	curl -sS --max-time 10 -o "$DIR/sent" -w '%{http_code}' \
		--json "$1" "$API/api/orders"
}

state_is()
{
	is "$1" eval 'api api/orders/SHOP-7 | jq -r .state'
}

start_all
expect "a return" "$(send "$RETURN")" 202
expect "its state" "$(jq -r .state "$DIR/sent")" held
expect_text "why" "$(jq -r .why "$DIR/sent")" "a return"
expect "the same again" "$(send "$RETURN")" 200
expect "what waits for a person" "$(dead '.[0].id')" entry/api:orders/SHOP-7
expect "one with an unknown name" "$(send '{ "number": "SHOP-8",
	"currency": "QQQ", "lines": [ { "sku": "21-0004", "quantity": -1 } ] }')" 422

tb dead retry entry/api:orders/SHOP-7
wait_for "it is refused while returns are not configured" 30 state_is refused
expect_text "the reason" "$(api api/orders/SHOP-7 | jq -r .why)" \
	"entry.returns is hold"
expect "Galaxy's entries" "$(entries)" 0

stop_daemon
write_config '.accounts[0].entry.returns = "negative"'
start_daemon
tb dead retry entry/api:orders/SHOP-7
wait_for "Galaxy has it" 30 is 1 entries
wait_quiet
expect "booked" "$(booked_of 21-0003) $(booked_of 21-0004)" "1 -1"
wait_for "every channel shows its target" 20 all_agree
