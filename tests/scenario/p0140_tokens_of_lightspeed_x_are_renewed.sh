#!/bin/sh
# Tokens of Lightspeed X end after a day; a renewal kills the old pair at once.
# One renewal each time, also across restarts and kills, and no sale and no
# count is lost over it. What a lost answer to a renewal costs is told.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

refreshes()
{
	sim_state .lightspeed_x.refreshes
}

echo "$LIGHTSPEED_X_REFRESH" >"$DIR/refresh"
start_sim_with_market --lightspeed-x-refresh-env LIGHTSPEED_X_REFRESH
write_config_with_market '.accounts[2] |= (del(.access_token) | .oauth = {
	client_id: "client-x", client_secret: "env:LIGHTSPEED_X_SECRET",
	refresh_token: "file:refresh" })'
start_daemon
import_items
wait_quiet
wait_for "every channel shows its target" 20 market_agrees
wait_next_second
expect "renewals at first" "$(refreshes)" 1

for n in 1 2 3; do
	sell_at_market 21-0003
	set_balance "21-000$((3 + n))" "1$n"
	[ $n != 2 ] || order lightspeed_x/tokens '{"expire":"access"}'
done
wait_for "the sales are booked" 30 is 3 booked_of 21-0003
wait_for "all agree" 30 market_agrees
wait_quiet
expect "renewals after the end" "$(refreshes)" 2

tb check
expect "check ($said)" "$code" 0
expect_text "check" "$said" 'market .*token of agora until 20[0-9-]+T'
kill_daemon
start_daemon
wait_quiet
expect "renewals after a kill" "$(refreshes)" 2
expect "refused renewals" "$(sim_state .lightspeed_x.refused_refreshes)" 0

# Taken back: a person is told what to do, and others go on.
order lightspeed_x/tokens '{"expire":"all"}'
set_balance 21-0001 3
wait_for "Square shows it" 20 is 3 count_of 21-0001
wait_for "the account stops" 30 is locked account market .state
expect_text "why" "$(account market .why)" "oauth.refresh_token"
