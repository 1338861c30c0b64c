# Square with tokens that end, as the account "agora".
#
#     . "${0%/*}/token.lib.sh"      right behind lib.sh
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # lib.sh and the scenarios know them

SQUARE_SECRET=$(planted square-secret)
SQUARE_REFRESH=$(planted square-refresh)
export SQUARE_SECRET SQUARE_REFRESH
MORE_SECRETS="${MORE_SECRETS:-} $SQUARE_SECRET $SQUARE_REFRESH"
REFRESH_FILE=$DIR/square-refresh

# code_flow, pkce_flow: sets what the simulator and the account are told.
code_flow()
{
	TOKEN_SIM="--square-secret-env SQUARE_SECRET
		--square-refresh-env SQUARE_REFRESH"
	token_secret='client_secret: "env:SQUARE_SECRET",'
}

pkce_flow()
{
	TOKEN_SIM="--square-refresh-env SQUARE_REFRESH"
	token_secret=
}

# The filter that makes agora an account with tokens; writes its secret's file.
token_filter()
{
	[ -f "$REFRESH_FILE" ] || echo "$SQUARE_REFRESH" >"$REFRESH_FILE"
	echo ".accounts[1] |= (del(.access_token) | .oauth = {
		client_id: \"sq0idp-sim\", $token_secret
		refresh_token: \"file:square-refresh\" })"
}

# write_config_with_tokens [FILTER]
write_config_with_tokens()
{
	write_config "$(token_filter) | ${1:-.}"
}

# Bound, synced and at rest, with the first token.
start_all_with_tokens()
{
	# shellcheck disable=SC2086  # words
	start_sim $TOKEN_SIM
	write_config_with_tokens "${1:-.}"
	start_daemon
	import_items
	wait_quiet
}

refreshes()
{
	sim_state .square.tokens.refreshes
}

# Every token there ever was must not be found in what the programs said.
plant_tokens()
{
	MORE_SECRETS="$MORE_SECRETS $(sim_state \
		'.square.tokens.issued | join(" ")')"
}

# Nothing was asked for with a refresh token that was used up.
expect_none_spent_again()
{
	expect "spent tokens used again" \
		"$(sim_state .square.tokens.spent_again)" 0
}
