#!/bin/sh
# Tipsi forgets the session (401, or 403): one log-in, with the cookies of
# which nobody knows the names, the call repeated once, and nobody notices.
. "${0%/*}/lib.sh"
. "${0%/*}/tipsi.lib.sh"

start_all_with_tipsi
expect "log-ins so far" "$(sim_state .tipsi.logins)" 1
for lost in 401 403; do
	wait_quiet
	logins=$(sim_state .tipsi.logins)
	order tipsi/switches "{\"lost_status\":$lost}"
	order tipsi/expire '{}'
	set_balance 21-0001 "${lost#4}"
	wait_for "the count after $lost" 15 is "$((${lost#4} + 0))" \
		bottles_of 21-0001
	expect "log-ins after $lost" "$(($(sim_state .tipsi.logins) - logins))" 1
done
expect "the account" "$(account cellar .state)" ok
expect "dead letters" "$(dead length)" 0
