#!/bin/sh
# A registry without Galaxy's column: the SKU is the item's code there. Quoted
# cells, a byte-order mark and other line ends are a spreadsheet's daily bread.
. "${0%/*}/lib.sh"

start_sim
write_config
start_daemon
{
	printf '\357\273\277'
	grep -v '^31-' "$CSV" | cut -d , -f 1,2,4 | sed 's/$/\r/'
} >"$DIR/plain.csv"
import_items "$DIR/plain.csv"
wait_quiet
expect "items" "$(status .items)" 40
expect "bound at Galaxy" "$(account erp .bound)" 40
expect "unresolved" "$(account erp .unresolved)" 0
set_balance 21-0007 6
wait_for "the till shows it" 15 is 6 count_of 21-0007
sell 21-0008
wait_for "its sale is booked" 15 is 1 booked_of 21-0008
wait_quiet
expect_text "a name" "$(api 'api/items?limit=500' | jq -r \
	'.items[] | select(.sku == "21-0003") | .name')" 'Coffee beans'
