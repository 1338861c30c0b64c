#!/bin/sh
# A sale at Hiboutik's till after the count was read and before its sales were
# listed is inside the target: the difference that is written must not hold it
# a second time.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

start_all_with_hiboutik
was=$(kiosk_count 21-0001)
fault hiboutik "GET /api/stock_available" late:3000
set_balance 21-0001 $((was + 5))
# The count was read, and its answer is on its way for three seconds.
wait_for "the count is being read" 10 at_least 1 calls_of hiboutik \
	stock_available
sell_at_kiosk 21-0001
wait_for "something was written" 20 at_least 1 kiosk_tally 21-0001 writes
expect "the first write" "$(kiosk_count 21-0001)" $((was + 4))
wait_quiet
expect "and no other" "$(kiosk_count 21-0001)" $((was + 4))
expect "drifts" "$(times_logged 'drift\.corrected account=kiosk')" 0
