#!/bin/sh
# An event whose account is configured no more becomes a dead letter with its
# reason; when there is room for no further one, hooks are refused with 503
# until a person has decided (promise 9).
. "${0%/*}/lib.sh"

start_redis
start_all ".redis.url = \"$REDIS_URL\" | .redis.dead_max = 1"

# As a daemon with another file queued it (STORE.md: events).
redis_cli xadd tillbridge:events '*' v 1 account gone topic t id '' query '' \
	received "$(date +%s)000" body '{}' >/dev/null
wait_for "it is a dead letter" 15 is event dead '.[0].kind'
expect_text "its reason" "$(dead '.[0].why')" 'not configured'
expect "a hook" "$(galaxy_hook 21-0001)" 503
grep -qi '^retry-after: *[1-9]' "$DIR/hook.headers" || fail "no Retry-After"
expect "queued" "$(status .queue.depth)" 0

id=$(dead '.[0].id')
tb dead show "$id"
expect "dead show ($said)" "$code" 0
tb dead retry "$id"
expect "dead retry ($said)" "$code" 0
wait_for "it is there again" 15 is event dead '.[0].kind'
tb dead drop "$(dead '.[0].id')"
expect "dead drop ($said)" "$code" 0
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_quiet
