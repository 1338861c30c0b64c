#!/bin/sh
# Over its limit the queue refuses with 503 and Retry-After; what is in it
# stays, and nothing is trimmed.
. "${0%/*}/lib.sh"

start_redis
start_all ".redis.url = \"$REDIS_URL\" | .redis.backlog_max_bytes = 2048"
hooks square off
long=$(square_event inventory.count.updated event-1 \
	"{\"note\":\"$(printf '%03000d' 0)\"}")
expect "one that does not fit" "$(square_hook "$long")" 503
grep -qi '^retry-after: *[1-9]' "$DIR/hook.headers" || fail "no Retry-After"
expect "one that fits" "$(square_hook "$(count_event event-2 21-0001)")" 202
wait_for "the queue is at rest" 20 is 0 redis_cli xlen tillbridge:events
wait_quiet

# By number: a hundred at once, of which at most one may wait.
stop_daemon
write_config ".redis.url = \"$REDIS_URL\" | .redis.backlog_max = 1"
start_daemon
accepted=0
for _ in 1 2 3 4 5; do
	seq 20 | xargs -P 20 -I @number@ curl -sS -o /dev/null -w '%{http_code}\n' \
		--max-time 15 --cacert "$CERTS/ca.pem" --json '{}' \
		-H "Authorization: Bearer $GALAXY_HOOK" "$HOOKS/hooks/erp" \
		>"$DIR/codes" 2>"$DIR/curl.log" ||
		fail "a caller got no answer: $(sort "$DIR/curl.log" | uniq -c)"
	accepted=$((accepted + $(grep -c 202 "$DIR/codes" || :)))
	expect "other answers than 202 and 503" \
		"$(grep -vcE '^(202|503)$' "$DIR/codes" || :)" 0
done
wait_quiet
wait_for "what was accepted is worked off" 10 \
	is "$accepted" metric tillbridge_events_drained_total
