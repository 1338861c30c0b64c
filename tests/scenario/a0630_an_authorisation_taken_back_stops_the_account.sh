#!/bin/sh
# The seller takes the authorisation back: the account stops and says what to
# do, no renewal is tried, the others go on. `check` says the same. A new
# authorisation in the secret's file and a reload end it.
. "${0%/*}/lib.sh"
. "${0%/*}/token.lib.sh"

code_flow
start_all_with_tokens
order square/revoke '{}'
set_balance 21-0004 11
wait_for "the account stops" 20 is locked account agora .state
expect_text "why" "$(account agora .why)" \
	'ACCESS_TOKEN_REVOKED.*authorise again and set `oauth.refresh_token`'
expect "renewals" "$(refreshes)" 1
expect "refused renewals" "$(sim_state .square.tokens.refused)" 0
expect "Galaxy's account" "$(account erp .state)" ok
tb check
expect "check ($said)" "$code" 1
expect_text "check" "$said" 'wrong +agora +locked: .*REVOKED.*authorise again'

ANEW=$(planted anew)
MORE_SECRETS="$MORE_SECRETS $ANEW"
order square/authorise "{\"refresh_token\":\"$ANEW\"}"
echo "$ANEW" >"$REFRESH_FILE"
tb check
expect "check with the new one ($said)" "$code" 0
kill -HUP "$daemon"
wait_for "the count that waited" 40 is 11 count_of 21-0004
wait_for "all is well" 20 is ok account agora .state
expect "renewals" "$(refreshes)" 2

# What cannot work is said before anything is started.
write_config_with_tokens '.accounts[1].access_token = "env:SQUARE_TOKEN"'
tb check --offline
expect "check of both ($said)" "$code" 3
expect_text "both" "$said" \
	'accounts\[1\]\.oauth: .*either access_token or oauth'
write_config_with_tokens 'del(.accounts[1].oauth)'
tb check --offline
expect "check of neither ($said)" "$code" 3
expect_text "neither" "$said" \
	'accounts\[1\]\.access_token: missing: .*access_token or oauth'
write_config_with_tokens 'del(.accounts[1].oauth.refresh_token)'
tb check --offline
expect "check of a half ($said)" "$code" 3
expect_text "half" "$said" 'accounts\[1\]\.oauth\.refresh_token: missing'
write_config_with_tokens '.accounts[1].oauth.client_id = "another"'
tb check
expect "check of a wrong client ($said)" "$code" 1
expect_text "wrong client" "$said" \
	'wrong +agora .*Square renews no token.*if client and secret are right'
plant_tokens
