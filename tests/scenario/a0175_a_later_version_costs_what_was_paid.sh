#!/bin/sh
# A weighed line is amended to far less. The till rounds each line, so what came
# back is worth what the line costs less now, not its weight at the new line's
# price; what Galaxy has booked in all is what the customer has paid.
. "${0%/*}/lib.sh"

booked()
{
	sim_state '[.galaxy.entries[].total | tonumber] | add // 0'
}

start_all '.accounts[0].entry.returns = "negative"'
for sku in 21-0005 21-0009; do
	sell "$sku" 0.099
	wait_for "it is booked" 20 is 0.099 booked_of "$sku"
	order "square/order/$sale" '{"quantity":"0.001"}'
	wait_for "what came back is booked" 20 is 0.001 booked_of "$sku"
	wait_quiet
done
expect "entries" "$(entries)" 4
expect_no_double
paid=$(sim_state '[.square.orders[].lines[].cents] | add / 100')
# Each document has two figures, each cut to three places.
jq -ne "$(booked) - $paid | fabs <= 0.008" >/dev/null ||
	fail "$paid was paid, Galaxy has $(booked)"
