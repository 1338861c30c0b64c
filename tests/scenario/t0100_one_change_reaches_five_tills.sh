#!/bin/sh
# Five kinds of tills in one configuration. One change in Galaxy reaches each of
# them in its own form; a sale at any of the four that sell reaches Galaxy once
# and lowers all the others. Nobody is called more often than it allows.
. "${0%/*}/lib.sh"
. "${0%/*}/five_tills.lib.sh"

# The smallest account of Lightspeed X: its window is the narrowest there is.
start_sim_with_five
order lightspeed_x/switches '{"registers":1}'
write_config_with_five \
	'(.accounts[] | select(.name == "market")) += { registers: 1 }'
start_daemon
import_items
wait_quiet
wait_for "every channel shows its target" 60 five_agree
order reset-calls '{}'

# Up: at Hiboutik that is a stock arrival. 21-0005 is sold by weight: Hiboutik
# and Lightspeed R do not have it, Tipsi holds whole pieces only.
was=$(balance_of 21-0001)
set_balance 21-0001 $((was + 5))
set_balance 21-0005 3.75
wait_shown_by_all 21-0001 $((was + 5))
wait_shown 21-0005 3.75 agora market
wait_shown 21-0005 3 cellar
expect "what Hiboutik took in" "$(kiosk_tally 21-0001 written)" 5

# Down: at Hiboutik that is a sale of ours, without money.
set_balance 21-0001 20
wait_shown_by_all 21-0001 20
expect "what Hiboutik gave out" "$(kiosk_tally 21-0001 recorded)" \
	$((was + 5 - 20))
expect "what it cost" \
	"$(kiosk_sales closed 'map(.total | tonumber) | add // 0')" 0
wait_quiet
expect "our own writes booked" "$(entries)" 0

# A sale at each in turn.
sold=0
for till in agora kiosk bazaar market; do
	sell_at "$till" 21-0001
	sold=$((sold + 1))
	[ "$till" != bazaar ] || poll_bazaar
	wait_for "the sale at $till is booked" 30 is "$sold" entries
	wait_shown_by_all 21-0001 $((20 - sold))
done
expect "booked" "$(booked_of 21-0001)" 4

# At all of them at once, each with a number of its own.
sell_at agora 21-0001 1
sell_at kiosk 21-0001 2
kiosk_sale=$sale
sell_at bazaar 21-0001 3
sell_at market 21-0001 4
market_sale=$sale
poll_bazaar
wait_for "all four are booked" 60 is 8 entries
wait_shown_by_all 21-0001 6
wait_quiet
expect "booked" "$(booked_of 21-0001) in $(entries)" "14 in 8"

# Told of again, and looked for again.
order hiboutik/hook "{\"sale\":$kiosk_sale,\"times\":2}"
order lightspeed_x/hook "{\"sale\":\"$market_sale\",\"times\":2}"
tb sync
expect "sync ($said)" "$code" 0
wait_quiet
expect "booked" "$(booked_of 21-0001) in $(entries)" "14 in 8"
expect_no_double
wait_for "all agree" 60 five_agree
tb reconcile
expect "reconcile ($said)" "$code" 0

expect "items that Tipsi made of our writes" "$(sim_state .tipsi.created)" 0
expect "calls refused for their number" "$(crowded_calls)" 0
expect "calls refused" "$(five_refused_calls)" 0
expect "dead letters" "$(dead length)" 0
