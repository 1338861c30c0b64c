#!/bin/sh
# Lightspeed X keeps the stock: killed while a sale of Square's is recorded
# there, it is uncertain; posted again it is known by its id and not recorded
# twice.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

start_market_as_authority
fault lightspeed_x "POST /api/2026-07/sales" late:60000
sell 21-0004
wait_for "it is recorded" 30 is 1 market_sales
kill_daemon
release
clear_faults
start_daemon
wait_for "it is uncertain" 30 is 1 status .entries.uncertain
tb dead retry "$(dead '.[0].id')"
expect "retry ($said)" "$code" 0
wait_for "it is known to be there" 30 entries_are_done
expect "recorded of it" "$(market_tally 21-0004 recorded)" 1
wait_for "Square agrees" 30 agora_agrees
expect_recorded_once
expect "dead letters" "$(dead length)" 0
