#!/bin/sh
# Two daemons on one Redis and a `check` beside each find the token of Lightspeed
# R worn at the same time. They renew it once: who comes second takes what the
# first has put on the disk.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

start_redis
start_all_with_bazaar ".redis.url = \"$REDIS_URL\""
first=$daemon
first_api=$API
first_config=$CONFIG
free_port
second_hooks=$port
free_port
second_api=$port
CONFIG=$DIR/second.json
LOG=$DIR/second.log
API=http://127.0.0.1:$second_api
jq --arg hooks "127.0.0.1:$second_hooks" --arg api "127.0.0.1:$second_api" \
	'.public.listen = [$hooks] | .private.listen = [$api] |
	.state_dir = "state2"' "$first_config" >"$CONFIG"
others="$others $first"
start_daemon
wait_quiet
expect "renewals at first" "$(renewals)" 1

order lightspeed_r/tokens '{"expire":"access"}'
"$TILLBRIDGE" check -c "$first_config" >"$DIR/check1.log" 2>&1 &
check1=$!
"$TILLBRIDGE" check -c "$CONFIG" >"$DIR/check2.log" 2>&1 &
check2=$!
set_balance 21-0004 15
code=0
wait "$check1" || code=$?
expect "the first check ($(cat "$DIR/check1.log"))" "$code" 0
wait "$check2" || code=$?
expect "the second check ($(cat "$DIR/check2.log"))" "$code" 0
wait_for "the count after three at once" 30 is 15 bazaar_count 21-0004
expect "renewals" "$(renewals)" 2
expect_none_refused
expect "the account" "$(account bazaar .state)" ok
API=$first_api
expect "the account at the other" "$(account bazaar .state)" ok
wait_quiet
