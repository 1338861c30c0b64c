#!/bin/sh
# A change in Galaxy reaches Lightspeed X as a stock adjustment, and does not
# come back (promise 8). A sale there reaches Galaxy once, however often it is
# announced and however it is signed, and Square shows it.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

start_all_with_market
was=$(market_count 21-0001)
set_balance 21-0001 $((was + 5))
wait_for "Lightspeed shows more" 20 is $((was + 5)) market_count 21-0001
set_balance 21-0001 $((was + 2))
wait_for "Lightspeed shows less" 20 is $((was + 2)) market_count 21-0001
wait_quiet
expect "written" "$(market_tally 21-0001 writes)" 2
expect "our own writes booked" "$(entries)" 0
expect "calls of versions that are no more" \
	"$(sim_state .lightspeed_x.fallbacks)" 0

# Announced many times, in each of the forms.
order lightspeed_x/switches '{"burst":5}'
sell_at_market 21-0001 2
wait_for "the sale is booked" 20 is 1 entries
wait_for "Square shows it" 20 is "$was" count_of 21-0001
order lightspeed_x/hook "{\"sale\":\"$sale\",\"times\":3}"
order lightspeed_x/switches '{"hook_fields":true,"burst":2}'
sell_at_market 21-0001
wait_for "the second is booked" 20 is 2 entries
hooks lightspeed_x double
sell_at_market 21-0005 0.25
wait_for "the third is booked" 20 is 3 entries
hooks lightspeed_x on
wait_quiet
expect "booked" "$(booked_of 21-0001)" 3
expect "booked" "$(booked_of 21-0005)" 0.25
wait_for "all agree" 20 market_agrees
expect "written for sales there" "$(market_tally 21-0001 writes)" 2

# A sale at Square lowers it.
sell 21-0001
wait_for "Lightspeed shows it" 20 is $((was - 2)) market_count 21-0001
wait_quiet

# Goods that come back wait for a person at Galaxy.
order lightspeed_x/return '{"lines":[{"sku":"21-0002"}]}'
wait_for "the return is shown" 20 is 1 dead length
expect_text "why" "$(dead '.[0].why')" "a return"

# Nobody tells of a sale: the next listing finds it.
hooks lightspeed_x off
sell_at_market 21-0006 1
hooks lightspeed_x on
tb sync
expect "sync ($said)" "$code" 0
wait_for "it is booked as well" 30 is 1 booked_of 21-0006
wait_quiet
expect_no_double

# Whoever has not the secret is nobody.
body="payload=%7B%22id%22%3A%22$sale%22%7D&type=sale.update"
expect "a forged call" "$(market_hook "$body" forged)" 401
expect "a call without" "$(hook market -d "$body")" 401
expect "a genuine one" "$(market_hook "$body")" 202
expect "no payload" "$(market_hook type=sale.update)" 400
wait_quiet
tb reconcile
expect_no_text "reconcile" "$said" "market.*21-0001"
