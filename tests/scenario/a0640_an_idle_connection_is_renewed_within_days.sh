#!/bin/sh
# A refresh token dies when nobody uses it for weeks. One that was used last a
# week ago is renewed although its access token still lasts and nothing asks.
. "${0%/*}/lib.sh"
. "${0%/*}/token.lib.sh"

pkce_flow
start_redis
start_all_with_tokens ".redis.url = \"$REDIS_URL\""
stop_daemon
start_daemon
wait_quiet
expect "renewals of a new one" "$(refreshes)" 1
stop_daemon

key=$(redis_cli --raw keys 'tillbridge:vault:*' | grep -v lock)
aged=$(redis_cli --raw hget "$key" text |
	jq -c '.got_ms -= 8 * 24 * 3600 * 1000')
printf %s "$aged" | redis_cli -x hset "$key" text >/dev/null
start_daemon
wait_for "it is renewed" 20 is 2 refreshes
wait_quiet
expect "renewals" "$(refreshes)" 2
expect "the account" "$(account agora .state)" ok
expect_none_spent_again
plant_tokens
