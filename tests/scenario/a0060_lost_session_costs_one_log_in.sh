#!/bin/sh
# Galaxy forgets the session (401, or 403): one log-in, the call repeated once,
# and nobody notices.
. "${0%/*}/lib.sh"

start_all
for lost in 401 403; do
	logins=$(sim_state .galaxy.logins)
	order session/expire "{\"status\":$lost}"
	set_balance 21-0001 "${lost#4}"
	wait_for "the count after $lost" 15 is "$((${lost#4} + 0))" count_of 21-0001
	expect "log-ins after $lost" "$(($(sim_state .galaxy.logins) - logins))" 1
	order session/expire "{\"status\":$lost}"
	sell 21-0003
	wait_quiet
	expect "log-ins after a sale" "$(($(sim_state .galaxy.logins) - logins))" 2
done
expect "entries" "$(entries)" 2
expect_no_double
expect "the account" "$(account erp .state)" ok
expect "dead letters" "$(dead length)" 0
