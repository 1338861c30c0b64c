#!/bin/sh
# Hiboutik lists no sales for a while, and all else works: calls are counted by
# the month, so it is asked ever less often, and what works in between does not
# hasten it. One line is logged when it begins and one when it ends.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

lines()
{
	times_logged 'account\.(trouble|well) account=kiosk'
}

# Milliseconds from its last failure to the next attempt. What fails alone waits
# two seconds from the fourth time on; were it forgotten each time that something
# else works, it would wait half a second for ever.
wait_ms()
{
	account kiosk 'def ms: (.[:19] + "Z" | fromdate) * 1000 +
			(.[20:23] | tonumber);
		if .wait_until and .last_error
		then (.wait_until | ms) - (.last_error | ms) else 0 end'
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
wait_for "it is tried ever less often" 30 at_least 2000 wait_ms
expect "its state" "$(account kiosk .state)" waiting
expect "what was logged" $(($(lines) - before)) 1
clear_faults
set_balance 21-0001 $((was + 6))
wait_for "it is written" 60 is $((was + 6)) kiosk_count 21-0001
wait_for "it is well" 10 is ok account kiosk .state
expect "what was logged in the end" $(($(lines) - before)) 2
