#!/bin/sh
# Where Hiboutik's stock moves as a line is rung up (its documents leave that
# open), a ticket that is still open after ten seconds is no drift: no arrival
# is booked against it, and what is written leaves its goods off the count.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

# at_the_till CALL BODY: what the shop's own till does.
at_the_till()
{
	curl -sS --fail-with-body --max-time 5 -u "till@example.com:$HIBOUTIK_KEY" \
		-H 'Content-Type: application/json' -d "$2" "$HIBOUTIK/api/$1"
}

start_all_with_hiboutik
order hiboutik/switches '{"moves":"adding"}'
was=$(kiosk_count 21-0001)
product=$(sim_state '.hiboutik.counts[] | select(.sku == "21-0001") | .product')
ticket=$(at_the_till sales/ '{"store_id":1,"customer_id":0,"currency_code":"EUR",
	"vendor_id":1,"duty_free_sale":0,"prices_without_taxes":0}' |
	jq -r '.sale_id // .[0].sale_id')
at_the_till sales/add_product/ "{\"sale_id\":$ticket,\"product_id\":${product%/*},
	\"quantity\":2,\"product_price\":\"12.00\",\"stock_withdrawal\":1,
	\"product_comments\":\"\"}" >/dev/null
expect "rung up" "$(kiosk_count 21-0001)" $((was - 2))
set_balance 21-0001 $((was + 1))
wait_for "what is written leaves them off" 20 is $((was - 1)) \
	kiosk_count 21-0001
wait_for "the item's timeline says so" 5 says 21-0001 'and 2 on open sales'
# Nothing is suspect, so no later look calls it drift; nor does a comparison.
tb reconcile
expect_no_text "reconcile" "$said" 'drifted +[1-9]'
wait_quiet
expect "the ticket is still open" "$(kiosk_count 21-0001)" $((was - 1))
expect "drift" "$(grep -cE 'drift\.corrected|count\.fell' "$LOG" || :)" 0
expect "arrivals" "$(kiosk_tally 21-0001 written)" 1

# It is paid: one sale, and the count stays.
curl -sS --fail-with-body --max-time 5 -u "till@example.com:$HIBOUTIK_KEY" \
	-X PUT -H 'Content-Type: application/json' \
	-d '{"sale_attribute":"payment","new_value":"CB"}' \
	"$HIBOUTIK/api/sale/$ticket" >/dev/null
at_the_till sales/close/ "{\"sale_id\":$ticket}" >/dev/null
wait_for "Galaxy has the sale" 20 is $((was - 1)) balance_of 21-0001
wait_quiet
expect "right" "$(kiosk_count 21-0001)" $((was - 1))
expect "drift" "$(grep -cE 'drift\.corrected' "$LOG" || :)" 0
