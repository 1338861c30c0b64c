#!/bin/sh
# A full sync of what is known already, and a catch-up with nothing new: one
# request for each list, and not one row is written.
. "${0%/*}/lib.sh"

# Commands of Redis on the mirror that change something, by key.
written()
{
	grep -E '"tillbridge:(mirror|names|alias|rev[a-z]*):' "$DIR/monitor.log" |
		grep -iE '"(hset|hmset|hdel|zadd|zrem|sadd|srem|del|unlink|rename)"' |
		sed 's/.*"tillbridge:\([a-z]*:erp:[a-z]*\)".*/\1/' | sort | uniq -c
}

watch_redis()
{
	daemon_cli monitor >"$DIR/monitor.log" &
	watcher=$!
	others="$others $watcher"
	wait_for "redis is watched" 20 grep -q OK "$DIR/monitor.log"
}

repeated()
{
	sim_state '[.galaxy.calls | to_entries[] |
		select(.key | contains("/sync/")) |
		select(.key | contains("webscenarios") | not) |
		select(.value.calls > 1) | "\(.key) \(.value.calls)"] | join(", ")'
}

start_sim --galaxy-items 800
write_config
start_daemon
import_items
wait_quiet
hooks galaxy off
hooks square off
full_sync
wait_quiet

for kind in --full ''; do
	order reset-calls '{}'
	watch_redis
	# shellcheck disable=SC2086  # no word or one
	tb sync $kind erp
	expect "a sync ($said)" "$code" 0
	wait_quiet
	kill "$watcher"
	expect "what was written by sync $kind" "$(written)" ""
	expect "lists asked for more than once" "$(repeated)" ""
done
expect "calls of a catch-up for the items" "$(calls_of galaxy /sync/items)" 1
expect "and for the balances" "$(calls_of galaxy /sync/itembalances)" 1
for list in countries currencies paymethods charges vatsmaster; do
	expect "calls of a catch-up for $list" "$(calls_of galaxy "/sync/$list")" 0
done
