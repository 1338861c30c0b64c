#!/bin/sh
# Until Galaxy's tables are there no name can be judged: the shop is told when
# to come again, and then its order is taken.
. "${0%/*}/lib.sh"

post_order()
{
	curl -sS --max-time 10 -o "$DIR/sent" -D "$DIR/headers" \
		-w '%{http_code}' --json '{ "number": "SHOP-1", "lines": [
		{ "sku": "21-0003", "quantity": 1 } ] }' "$API/api/orders"
}

start_sim
write_config
fault galaxy sync/ status:503 100000
start_daemon
import_items
wait_for "Galaxy is in trouble" 20 logged 'account\.trouble .*account=erp'
expect "an order" "$(post_order)" 503
expect "its error" "$(jq -r .error.code "$DIR/sent")" not_ready
expect_text "when to come again" "$(cat "$DIR/headers")" '^Retry-After: [1-9]'
expect "there is none" "$(api_code api/orders/SHOP-1)" 404

clear_faults
wait_for "it is taken" 60 is 202 post_order
wait_for "Galaxy has it" 30 is 1 entries
expect "a repeat" "$(post_order)" 200
wait_quiet
expect "entries" "$(entries)" 1
