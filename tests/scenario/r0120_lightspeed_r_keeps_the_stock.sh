#!/bin/sh
# Lightspeed R keeps the stock: a sale at Square is recorded there once and paid
# to the cent, whatever answer is lost, and found again by its reference. One
# that was begun and not completed is completed, also by another process.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

# Sales of ours that hold this SKU, in whatever state.
begun_of()
{
	sim_state "[.lightspeed_r.sales[] | select(.reference != \"\" and
		any(.lines[]; .sku == \"$1\"))] | length"
}

start_bazaar_as_authority
sell 21-0001 2
wait_for "the sale is recorded" 20 is 1 bazaar_sales completed
expect "of it" "$(bazaar_tally 21-0001 recorded)" 2
expect "paid there" "$(bazaar_sales completed '.[0].paid | tonumber')" \
	"$(sim_state '.square.orders[-1].total | tonumber / 100')"
wait_quiet

# At the till itself: nothing is recorded, and Square follows.
sell_at_bazaar 21-0001
poll_bazaar
wait_for "Square shows it" 20 agora_follows
expect "recorded" "$(bazaar_sales completed)" 1

# The search before it is asked anew at once.
fault lightspeed_r "GET /API/V3/Account/100/Sale.json" lose_answer
sell 21-0003
wait_for "recorded although the search was lost" 30 is 2 bazaar_sales completed
expect "uncertain" "$(status .entries.uncertain)" 0

# Any other is looked up, later: by this process, or by the next one, after a
# kill between two steps of one more.
n=0
for trouble in "POST /API/V3/Account/100/Sale.json lose_answer" \
	"POST /API/V3/Account/100/Sale.json refuse" \
	"PUT /API/V3/Account/100/Sale/ lose_answer" \
	"PUT /API/V3/Account/100/Sale/ status:500"; do
	fault lightspeed_r "${trouble% *}" "${trouble##* }"
	sell 21-0003
	n=$((n + 1))
	wait_for "uncertain for $trouble" 20 at_least $n times_logged \
		'entry.uncertain account=bazaar'
done
wait_logged 'entry.uncertain .*its payment is open'
fault lightspeed_r "POST /API/V3/Account/100/Sale.json" late:20000
sell 21-0004
wait_for "it is begun" 20 is 1 begun_of 21-0004
kill_daemon
start_daemon
wait_for "all are recorded" 90 is 7 bazaar_sales completed
wait_for "none is uncertain" 60 is 0 status .entries.uncertain
wait_quiet
expect "recorded of them" "$(bazaar_tally 21-0003 recorded) \
$(bazaar_tally 21-0004 recorded)" "5 1"
expect_bazaar_whole
wait_for "Square agrees" 20 agora_follows
expect "dead letters" "$(dead length)" 0
