#!/bin/sh
# The shop's own Redis stops: 503 with Retry-After, not ready, and alive; it
# comes back: everything goes on without a restart of ours.
. "${0%/*}/lib.sh"

start_redis
start_all ".redis.url = \"$REDIS_URL\""
hooks galaxy off
hooks square off
set_balance 21-0001 4
stop_redis
expect "a hook" "$(galaxy_hook 21-0001)" 503
grep -qi '^retry-after: *[1-9]' "$DIR/hook.headers" || fail "no Retry-After"
expect "a Square event" "$(square_hook "$(count_event event-1 21-0001)")" 503
expect "a forged one" "$(hook erp --json '{}')" 401
wait_for "it is not ready" 10 is 503 api_code ready
expect_text "the reason" "$(api ready)" redis
expect "/live" "$(api_code live)" 200
expect "/status" "$(api_code status)" 200
expect "/api/status" "$(status .redis.reachable)" false
expect "the public /live" "$(curl -s --cacert "$CERTS/ca.pem" -o /dev/null \
	-w '%{http_code}' "$HOOKS/live")" 200

start_redis
wait_for "it is ready again" 20 is_ready
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_for "the till shows it" 20 is 4 count_of 21-0001
expect "the event, sent again" "$(square_hook "$(count_event event-1 21-0001)")" 202
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""

# Its scripts and its consumer group gone too: made again.
redis_cli script flush >/dev/null
redis_cli xgroup destroy tillbridge:events drain >/dev/null
set_balance 21-0001 3
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_for "the till shows it" 20 is 3 count_of 21-0001
wait_quiet
