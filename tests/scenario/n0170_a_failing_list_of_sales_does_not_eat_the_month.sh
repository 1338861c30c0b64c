#!/bin/sh
# Hiboutik lists no sales for a while, and all else works: calls are counted by
# the month, so it is asked ever less often. A sale at the till has it asked at
# once, and one line is logged when it begins and one when it ends.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

lines()
{
	times_logged 'account\.(trouble|well) account=kiosk'
}

start_sim_with_hiboutik
write_config_with_hiboutik '(.accounts[] | select(.name == "kiosk") |
	.monthly_calls) = 10000'
start_daemon
import_items
wait_for "every channel shows its target" 60 kiosk_agrees
wait_quiet
was=$(kiosk_count 21-0001)
fault hiboutik "GET /api/closed_sales" status:500 1000000
before=$(lines)
set_balance 21-0001 $((was + 5))
wait_for "the trouble is told" 20 is open account kiosk .breaker
a=$(sim_state .hiboutik.month_calls)
sleep 12
b=$(sim_state .hiboutik.month_calls)
expect_at_most "calls in the first seconds" $((b - a)) 14
expect "its state" "$(account kiosk .state)" waiting
expect "what was logged" $(($(lines) - before)) 1
clear_faults
set_balance 21-0001 $((was + 6)) # somebody asks
wait_for "it is written" 20 is $((was + 6)) kiosk_count 21-0001
wait_for "it is well" 10 is ok account kiosk .state
expect "what was logged in the end" $(($(lines) - before)) 2
