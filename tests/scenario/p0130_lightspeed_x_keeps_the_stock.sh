#!/bin/sh
# Lightspeed X keeps the stock: a sale at Square is recorded there once and to
# the cent, one at its own till is not; a closed register is shown to a person.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

# What was paid for our newest sale there, and at Square.
paid_there()
{
	market_sales '.[-1].paid | tonumber'
}

start_market_as_authority
sell 21-0001 3
wait_for "the sale is recorded" 20 is 1 market_sales
expect "of it" "$(market_tally 21-0001 recorded)" 3
expect "paid there" "$(paid_there)" \
	"$(sim_state '.square.orders[-1].total | tonumber / 100')"
expect_text "our reference" "$(market_sales '.[0].reference')" '^TB-'
wait_quiet

# At the till itself: Square follows, and nothing is recorded.
sell_at_market 21-0001 2
wait_for "Square shows it" 20 agora_agrees
expect "recorded" "$(market_sales)" 1

# Sums that no price of one gives, and pieces of a piece.
control square/sell '{"lines":[{"sku":"21-0005","quantity":"0.25"},
	{"sku":"21-0002","quantity":"2"}]}' >"$DIR/sold"
wait_for "both lines are recorded" 20 is 2 market_sales
expect "paid there" "$(paid_there)" \
	"$(sim_state '.square.orders[-1].total | tonumber / 100')"

# A closed register takes no payment: a person opens it and says retry.
order lightspeed_x/switches '{"register_open":false}'
sell 21-0006
wait_for "it is a dead letter" 30 is 1 dead length
expect_text "why" "$(dead '.[0].why')" "register is closed"
expect "recorded" "$(market_sales)" 2
order lightspeed_x/switches '{"register_open":true}'
tb dead retry "$(dead '.[0].id')"
expect "retry ($said)" "$code" 0
wait_for "it is recorded after all" 30 is 3 market_sales
wait_quiet
expect "recorded of it" "$(market_tally 21-0006 recorded)" 1
wait_for "Square agrees" 20 agora_agrees
expect_recorded_once
expect "dead letters" "$(dead length)" 0
