#!/bin/sh
# Ten thousand calls a month: what somebody did is looked at at once, and what
# only the clock asks for waits its turn. A month that is used up stops
# Hiboutik alone, is told, and costs no more calls.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

start_sim_with_hiboutik
write_config_with_hiboutik '(.accounts[] | select(.name == "kiosk") |
	.monthly_calls) = 10000'
start_daemon
import_items
wait_for "every channel shows its target" 60 kiosk_agrees
wait_next_second
was=$(kiosk_count 21-0001)
for more in 1 2 3; do
	set_balance 21-0001 $((was + more))
	wait_for "Hiboutik shows $more more" 10 is $((was + more)) \
		kiosk_count 21-0001
done
sell_at_kiosk 21-0001
wait_for "the sale is booked" 10 is 1 entries
wait_for "Square shows it" 10 is $((was + 2)) count_of 21-0001
expect_at_most "calls so far" "$(sim_state .hiboutik.month_calls)" 60

# Other programs of the shop have used it up.
order hiboutik/switches '{"calls":10000}'
set_balance 21-0001 $((was + 9))
wait_for "Square shows it" 10 is $((was + 9)) count_of 21-0001
wait_for "it is told" 10 is 1 sim_state .hiboutik.exhausted
expect_text "why" "$(account kiosk '[.. | strings] | join(" ")')" "it allows no more calls"
set_balance 21-0001 $((was + 8))
wait_for "Square shows that too" 10 is $((was + 8)) count_of 21-0001
stays "nobody asks again" 3 at_most 1 sim_state .hiboutik.exhausted
expect "ready all the same" "$(api_code ready)" 200
expect "dead letters" "$(dead length)" 0
