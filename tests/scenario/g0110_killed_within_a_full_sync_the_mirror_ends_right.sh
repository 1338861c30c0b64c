#!/bin/sh
# kill -9 at any moment of a full sync: no cursor is ahead of its rows, and
# after the next start the mirror is what Galaxy shows.
. "${0%/*}/lib.sh"

# Galaxy was asked for the list; then up to 0.2 s more.
kill_after_asking()
{
	wait_for "$1 was asked for" 60 at_least 1 calls_of galaxy "/sync/$1"
	sleep "0.$(printf %03d $(($(od -An -N2 -tu2 /dev/urandom) % 200)))"
	kill_daemon
	expect "cursors ahead of their rows, killed after $1" \
		"$(hasty_cursors customers customersites items itemaltercodes \
			itembalances itemimages)" ""
	order reset-calls '{}'
}

start_redis
start_sim --galaxy-items 1500
write_config ".redis.url = \"$REDIS_URL\""

# The first one, which goes on where it was cut off.
n=0
for list in customers items items itemaltercodes itembalances; do
	launch_daemon
	kill_after_asking "$list"
done
start_daemon
import_items
wait_quiet
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
expect "cursors ahead of their rows" "$(hasty_cursors)" ""

# One over a mirror that is full, with every item changed and some gone.
for list in items itemaltercodes itembalances; do
	n=$((n + 1))
	order galaxy/touch '{"items":1500}'
	order galaxy/delete "{\"list\":\"items\",\"code\":\"41-00000$n\"}"
	order reset-calls '{}'
	"$TILLBRIDGE" sync --full erp -c "$CONFIG" >>"$DIR/cli.log" 2>&1 &
	others="$others $!"
	kill_after_asking "$list"
	start_daemon
done
wait_quiet
full_sync
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
expect "cursors ahead of their rows" "$(hasty_cursors)" ""
