#!/bin/sh
# Lightspeed R calls nobody. By the clock alone a sale there reaches Galaxy and
# Square, and a count that somebody changed there is put right.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

start_all_with_bazaar '(.accounts[] | select(.name == "bazaar") | .schedule) =
	{ catch_up: "* * * * *" }'
sell_at_bazaar 21-0003 2
order lightspeed_r/count '{"sku":"21-0004","quantity":99}'
wait_for "Galaxy has the sale" 80 is 1 entries
wait_for "what was changed there is put right" 60 bazaar_agrees
wait_quiet
expect "booked" "$(booked_of 21-0003)" 2
expect "dead letters" "$(dead length)" 0
