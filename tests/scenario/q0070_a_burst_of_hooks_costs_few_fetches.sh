#!/bin/sh
# 200 hooks for one item: all accepted, worked off in a handful of fetches.
. "${0%/*}/lib.sh"

start_all '.accounts[0].timeout_ms = 60000'
hooks galaxy off
set_balance 21-0001 13
hooks galaxy on
done_before=$(sim_state .hooks.galaxy.done)
order hooks/send '{"system":"galaxy","code":"21-0001","times":200}'
sent()
{
	[ "$(sim_state .hooks.galaxy.done)" -ge $((done_before + 200)) ]
}
wait_for "all were accepted" 60 sent
wait_quiet
expect "the till's count" "$(count_of 21-0001)" 13
expect "refused ones" "$(sim_state '.hooks.galaxy.by_status |
	del(.["202"]) | length')" 0

# As fast as they come, one after the other, a fetch may fit between any two;
# with one of them held, the rest are one.
order reset-calls '{}'
fault galaxy itembalances late:60000
order hooks/send '{"system":"galaxy","code":"21-0001","times":200}'
done_before=$((done_before + 200))
wait_for "all were accepted" 60 sent
wait_for "all are marks" 20 is 0 status .queue.depth
release
wait_quiet
expect_at_most "fetches for 200 hooks" "$(asked_of 21-0001)" 3
