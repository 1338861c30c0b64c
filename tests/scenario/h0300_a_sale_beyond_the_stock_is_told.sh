#!/bin/sh
# A till sells three when one is left: the sale is recorded, the till goes to 0,
# and a person is told once, wherever he looks, until the stock covers it. A
# balance that is negative by itself is nobody's alarm.
. "${0%/*}/lib.sh"

oversold()
{
	api api/status | jq -r "[.oversold.items[] | .sku + \" \" + (.missing | tostring)] | join(\",\")"
}

metric()
{
	api metrics | sed -n "s/^$1 //p"
}

start_all

# Galaxy corrects one below zero: the till shows 0, and nobody is told.
set_balance 21-0008 -4
wait_for "the till shows 0" 20 is 0 count_of 21-0008
wait_quiet
expect "oversold by a correction" "$(oversold)" ""
expect "the status" "$(api api/status | jq -r .oversold.count)" 0

set_balance 21-0005 1
wait_for "one is left" 20 is 1 count_of 21-0005
wait_quiet
sell 21-0005 3
wait_for "it is told" 20 is "21-0005 2" oversold
wait_for "the sale is recorded" 20 is 1 entries
wait_quiet
expect "booked" "$(booked_of 21-0005)" 3
expect "the balance" "$(balance_of 21-0005)" -2
expect "the till" "$(count_of 21-0005)" 0
expect "still told, once it is booked" "$(oversold)" "21-0005 2"

# Wherever he looks.
expect "how often the log says so" "$(grep -c 'error stock\.oversold ' "$LOG")" 1
wait_logged 'stock\.oversold account=agora sku=21-0005 missing=2'
expect "the level" "$(api api/status | jq -r .summary.level)" bad
expect_text "the sentence" "$(api api/status | jq -r .summary.text)" \
	'More of 21-0005 was sold than there was: 2 missing'
page=$(api status)
expect_text "the page" "$page" 'Sold more than there was'
expect_text "what to do" "$page" 'Count what is on the shelf'
expect_text "the page's command" "$page" 'tillbridge explain 21-0005'
expect "the gauge" "$(metric tillbridge_oversold_items)" 1
expect "the counter" "$(metric tillbridge_oversold_total)" 1
tb status
expect_text "tillbridge status" "$said" '^ +21-0005 +2 missing'
wait_for "explain says so" 20 says 21-0005 '^oversold +2 more sold than there was, since '
wait_for "its timeline" 20 says 21-0005 'agora +sale +oversold: 2 more sold'
wait_for "its conclusion" 20 says 21-0005 '^agora shows 0: -2 in erp; more was sold than there is, by 2\.$'
expect "for programs" "$(api api/items/21-0005/timeline | jq -r .oversold.missing)" 2

# It survives a restart, and ends with the receipt that covers it.
stop_daemon
start_daemon
wait_quiet
expect "told after a restart" "$(oversold)" "21-0005 2"
set_balance 21-0005 4
wait_for "it is covered" 20 is "" oversold
wait_for "the till shows what is left" 20 is 4 count_of 21-0005
wait_logged 'stock\.covered account=agora sku=21-0005'
wait_for "the timeline tells the end" 20 says 21-0005 'no longer oversold: the balance covers'
wait_quiet
expect "the level afterwards" "$(api api/status | jq -r .summary.level)" good
expect "the gauge afterwards" "$(metric tillbridge_oversold_items)" 0

# A shop's order that asks for more than there is.
left=$(balance_of 21-0006)
expect "the order" "$(curl -sS --max-time 10 -o /dev/null -w '%{http_code}' \
	--json "{\"number\":\"S-1\",\"lines\":[{\"sku\":\"21-0006\",\"quantity\":$((left + 1))}]}" \
	"$API/api/orders")" 202
expect "told at once" "$(oversold)" "21-0006 1"
wait_for "the till goes to 0" 20 is 0 count_of 21-0006
wait_for "the timeline tells the order" 20 says 21-0006 \
	"api:orders +sale +S-1: $((left + 1)) sold; entry api:orders/S-1 for erp is ready"
wait_logged 'stock\.oversold account=api:orders sku=21-0006 missing=1'
