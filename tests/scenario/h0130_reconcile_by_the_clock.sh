#!/bin/sh
# The schedule compares by itself; what it found stands on the status page.
. "${0%/*}/lib.sh"

start_all '.schedule.reconcile = "* * * * *"'
hooks square off
right=$(count_of 21-0003)
order square/count "{\"sku\":\"21-0003\",\"quantity\":\"$((right + 5))\"}"
wait_for "the drift is on the status page" 90 \
	is 1 account agora .reconcile.drifted
wait_logged 'schedule\.due account=agora kind=reconcile'
api status | grep -q '1 drifted' || fail "the page does not tell it"
expect "the till's count, untouched" "$(count_of 21-0003)" $((right + 5))
