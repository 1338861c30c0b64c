#!/bin/sh
# One till down, one slow, one that answers 429: the other two get every change,
# and sales there are booked, while all that lasts; then everything catches up
# and all five agree (promise 7). Hiboutik and Lightspeed X are
# well here.
. "${0%/*}/lib.sh"
. "${0%/*}/five_tills.lib.sh"

# Longer than any call of the slow one, which is no failure.
start_all_with_five '(.accounts[].timeout_ms) = 30000'
trouble agora cellar bazaar kiosk market
expect_no_double
expect "booked" "$(booked_of 21-0001) in $(entries)" "2 in 1"
expect "dead letters" "$(dead length)" 0
