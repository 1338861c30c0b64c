#!/bin/sh
# A change in Galaxy reaches Lightspeed R; our own write is no echo (promise 8).
# A sale there, which nobody announces, reaches Galaxy once by polling, and
# Square shows it; so do a return, a sale that was taken back, and one that the
# vendor is slow to show.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

start_all_with_bazaar '.accounts[0].entry.returns = "negative"'
was=$(bazaar_count 21-0001)
set_balance 21-0001 $((was + 5))
wait_for "Lightspeed shows more" 20 is $((was + 5)) bazaar_count 21-0001
set_balance 21-0001 $((was + 2))
wait_for "Lightspeed shows less" 20 is $((was + 2)) bazaar_count 21-0001
wait_quiet
written=$(bazaar_tally 21-0001 writes)
poll_bazaar
tb sync --full bazaar
expect "a full sync ($said)" "$code" 0
wait_quiet
expect "writes that came back as writes" "$(bazaar_tally 21-0001 writes)" \
	"$written"
expect "writes that came back as sales" "$(entries)" 0

sell_at_bazaar 21-0001 2
poll_bazaar
wait_for "the sale is booked" 20 is 1 entries
wait_for "Square shows it" 20 is "$was" count_of 21-0001
poll_bazaar
tb sync --full bazaar
expect "a full sync ($said)" "$code" 0
wait_quiet
expect "booked" "$(booked_of 21-0001) in $(entries)" "2 in 1"

# A sale at Square lowers it.
sell 21-0001
wait_for "Lightspeed shows it" 20 is $((was - 1)) bazaar_count 21-0001

# What came back, and what was taken back.
order lightspeed_r/return '{"lines":[{"sku":"21-0001","quantity":1}]}'
sell_at_bazaar 21-0004 3
poll_bazaar
wait_for "both are booked" 30 is 4 entries
order lightspeed_r/void "{\"sale\":$sale}"
poll_bazaar
wait_for "and taken back" 30 is 5 entries

# The count falls before the sale is shown: it is looked at once more.
sell_at_bazaar 21-0003 1 ',"visible_after_ms":3000'
poll_bazaar
wait_for "the late one is booked" 60 is 6 entries
wait_quiet
expect "booked of the first" "$(booked_of 21-0001)" 2
expect "booked of what was taken back" "$(booked_of 21-0004)" 0
expect "booked of the late one" "$(booked_of 21-0003)" 1
wait_for "all agree" 40 bazaar_agrees
tb reconcile
expect "reconcile ($said)" "$code" 0
expect "dead letters" "$(dead length)" 0
expect "drift" "$(times_logged 'drift.corrected')" 0
expect "calls refused for their number" "$(sim_state \
	'.lightspeed_r.bucket_refusals + .lightspeed_r.burst_refusals')" 0
expect "renewals" "$(renewals)" 1
