#!/bin/sh
# Two daemons on one Redis: both take hooks, each account is worked by one of
# them, each sale is posted once; kill -9 of one, and the other takes over what
# it had in hand.
. "${0%/*}/lib.sh"

start_redis
start_all ".redis.url = \"$REDIS_URL\""
first=$daemon

# The second: ports, state folder and log of its own.
free_port
second_hooks=$port
free_port
second_api=$port
jq --arg hooks "127.0.0.1:$second_hooks" --arg api "127.0.0.1:$second_api" \
	'.public.listen = [$hooks] | .private.listen = [$api] |
	.state_dir = "state2"' "$CONFIG" >"$DIR/second.json"
CONFIG=$DIR/second.json
LOG=$DIR/second.log
API=http://127.0.0.1:$second_api
start_daemon
second=$daemon
daemon=
others="$others $first"

# The same hooks at both doors; sales through the first.
hooks galaxy off
set_balance 21-0001 9
expect "a hook at the first door" "$(galaxy_hook 21-0001)" 202
HOOKS=https://localhost:$second_hooks
expect "a hook at the second door" "$(galaxy_hook 21-0001)" 202
wait_for "the till shows it" 20 is 9 count_of 21-0001
for _ in 1 2 3; do
	sell 21-0003
done
wait_for "the sales are booked" 30 is 3 entries
expect_no_double

# The first dies with work in hand.
fault galaxy itembalances late:3000
set_balance 21-0002 8
expect "a hook at the second door" "$(galaxy_hook 21-0002)" 202
kill -9 "$first"
daemon=$first
wait_for "the first is dead" 10 is_gone "$first"
wait "$first" 2>/dev/null || :
daemon=$second
clear_faults
set_balance 21-0004 7
expect "a hook at the second door" "$(galaxy_hook 21-0004)" 202
wait_for "the second brings it" 60 is 7 count_of 21-0004
wait_for "and what the first had in hand" 90 is 8 count_of 21-0002
order square/sell '{"lines":[{"sku":"21-0003","quantity":"1"}]}'
order hooks "{\"system\":\"square\",\"target\":\"$HOOKS/hooks/agora\"}"
sell 21-0003
wait_for "the sales after that are booked" 60 is 5 booked_of 21-0003
wait_quiet
expect_no_double
expect "SKUs that disagree" "$(disagreements)" ""
