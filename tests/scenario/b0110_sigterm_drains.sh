#!/bin/sh
# SIGTERM: new hooks get 503, the work in hand is finished, the exit status is
# 0, and what was accepted is still there at the next start.
. "${0%/*}/lib.sh"

start_all '.accounts[0].timeout_ms = 30000'
hooks galaxy off
for code in 21-0001 21-0002 21-0003; do
	set_balance "$code" 5
done

# One fetch is under way; the next two wait behind it.
fault galaxy itembalances late:60000
expect "the first hook" "$(galaxy_hook 21-0001)" 202
wait_for "the fetch has begun" 10 is 1 calls_of galaxy itembalances
expect "a hook behind it" "$(galaxy_hook 21-0002)" 202
expect "a hook behind it" "$(galaxy_hook 21-0003)" 202

# Each new hook is for another item: until the signal has arrived, it is taken.
n=3
refused()
{
	[ "$n" -ge 40 ] || n=$((n + 1))
	refused_code=$(printf '21-%04d' "$n")
	[ "$(galaxy_hook "$refused_code")" = 503 ]
}
kill "$daemon"
wait_for "a new hook gets 503" 10 refused
grep -qi '^retry-after: *[1-9]' "$DIR/hook.headers" || fail "no Retry-After"
release
end_well "$daemon" "the daemon" 25 || exit 1
daemon=
wait_for "its redis-server ends with it" 5 has_no_private_redis
expect "the item of the refused hook" "$(asked_of "$refused_code")" 0

start_daemon
for code in 21-0001 21-0002 21-0003; do
	wait_for "$code was asked for" 15 is_asked "$code"
	wait_for "the till shows it" 15 is 5 count_of "$code"
done
wait_quiet
