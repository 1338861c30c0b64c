#!/bin/sh
# Galaxy refuses our password: the daemon runs, the account is locked with a
# clear reason, Square goes on, and `check` says so with exit status 1.
. "${0%/*}/lib.sh"

start_sim
WRONG_PASSWORD=$(planted wrong-password)
export WRONG_PASSWORD
MORE_SECRETS=$WRONG_PASSWORD
write_config '.accounts[0].password = "env:WRONG_PASSWORD"'
start_daemon
wait_for "the account is locked" 20 is locked account erp .state
expect_text "the reason" "$(account erp .why)" 'password|refuse|401|user'
wait_for "Square is well" 20 is ok account agora .state
expect "ready all the same" "$(api_code ready)" 200
expect_text "the summary" "$(status .summary.text)" erp
grep ' error account\.locked ' "$LOG" | grep -q account=erp ||
	fail "the log does not say so"
expect "hooks are taken" "$(galaxy_hook 21-0001)" 202
tb check
expect "check ($said)" "$code" 1
expect_text "check, and where it is to be mended" "$said" \
	'^wrong erp .*it is called with password \(env:WRONG_PASSWORD\)$'
expect_at_most "log-ins tried" "$(calls_of galaxy /auth)" 6
stop_daemon

# The same for a token that Square does not know.
write_config '.accounts[1].access_token = "env:WRONG_PASSWORD"'
start_daemon
wait_for "the account is locked" 20 is locked account agora .state
wait_for "Galaxy is well" 20 is ok account erp .state
tb check
expect "check ($said)" "$code" 1
expect_text "where it is to be mended" "$said" \
	'^wrong agora .*access_token \(env:WRONG_PASSWORD\)$'

# Corrected, and restarted.
stop_daemon
write_config
start_daemon
import_items
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""
