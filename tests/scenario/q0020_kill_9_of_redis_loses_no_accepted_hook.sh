#!/bin/sh
# The private redis-server dies by kill -9 right after a 202: it is started
# again on the same data, hooks get 202 or 503 meanwhile and nothing else, and
# each that got 202 is worked off.
. "${0%/*}/lib.sh"

start_all
hooks galaxy off
hooks square off
codes=$(sim_state '[.galaxy.items[:20][].code] | join(" ")')
for code in $codes; do
	set_balance "$code" 7
done
fault galaxy "" refuse 1000
accepted=
n=0
for code in $codes; do
	answer=$(galaxy_hook "$code")
	n=$((n + 1))
	case $answer in
	202) accepted="$accepted $code" ;;
	503)
		grep -qi '^retry-after: *[1-9]' "$DIR/hook.headers" ||
			fail "503 without Retry-After"
		;;
	*) fail "a hook was answered $answer" ;;
	esac
	[ "$n" -ne 10 ] || kill -9 "$(private_redis)"
done
expect_at_least "hooks accepted" "$(echo "$accepted" | wc -w)" 10
wait_for "redis-server runs again" 20 has_private_redis
wait_for "the daemon is ready again" 20 is_ready
wait_for "it counted that" 10 is 1 metric tillbridge_redis_restarts_total
clear_faults
for code in $accepted; do
	wait_for "$code is asked for" 40 is_asked "$code"
	wait_for "the till shows $code" 20 is 7 count_of "$code"
done
expect "a hook now" "$(galaxy_hook 21-0031)" 202
wait_quiet
expect "dead letters" "$(dead length)" 0
