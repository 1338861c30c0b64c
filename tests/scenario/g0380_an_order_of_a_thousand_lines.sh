#!/bin/sh
# The longest order that is taken is also one that can be posted.
. "${0%/*}/lib.sh"

# many NUMBER LINES: prints the status.
many()
{
	jq -n --arg number "$1" --argjson n "$2" '{ number: $number,
		lines: [range($n) | { sku: "21-0003", quantity: 1 }] }' \
		>"$DIR/order"
	curl -sS --max-time 20 -o "$DIR/sent" -w '%{http_code}' \
		--json "@$DIR/order" "$API/api/orders"
}

start_all
set_balance 21-0003 2000
expect "one line too many" "$(many SHOP-1001 1001)" 422
expect "its field" "$(jq -r .error.field "$DIR/sent")" lines
expect "a thousand lines" "$(many SHOP-1000 1000)" 202
wait_for "Galaxy has it" 60 is 1 entries
wait_quiet
expect "its state" "$(api api/orders/SHOP-1000 | jq -r .state)" settled
expect "booked" "$(booked_of 21-0003)" 1000
expect "the balance" "$(balance_of 21-0003)" 1000
wait_for "every channel shows its target" 20 all_agree
