#!/bin/sh
# kill -9 at any moment of a full sync: no cursor is ahead of its rows, and
# after the next start the mirror is what Galaxy shows.
. "${0%/*}/lib.sh"

# Galaxy has seen the n-th call of this run; then up to 0.3 s more.
kill_after_calls()
{
	wait_for "call $1 of the sync" 60 at_least "$1" calls_of galaxy /sync/
	sleep "0.$(printf %03d $(($(od -An -N2 -tu2 /dev/urandom) % 300)))"
	kill_daemon
}

start_sim --galaxy-items 5000
write_config
for calls in 4 12 22 23 24 25; do
	order reset-calls '{}'
	launch_daemon
	kill_after_calls "$calls"
	hasty=$(hasty_cursors)
	expect "cursors ahead of their rows, killed at call $calls" "$hasty" ""
	# What was stored stays, and other things change.
	order galaxy/item "{\"code\":\"60-$calls\",\"name\":\"New $calls\",
		\"balance\":\"$calls\"}"
done
start_daemon
import_items
wait_quiet
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
expect "cursors ahead of their rows" "$(hasty_cursors)" ""

# And within one over a mirror that is full.
for calls in 5 22 24; do
	order galaxy/item "{\"code\":\"61-$calls\",\"name\":\"New $calls\",
		\"balance\":\"$calls\"}"
	order reset-calls '{}'
	"$TILLBRIDGE" sync --full erp -c "$CONFIG" >>"$DIR/cli.log" 2>&1 &
	others="$others $!"
	kill_after_calls "$calls"
	expect "cursors ahead of their rows" "$(hasty_cursors)" ""
	start_daemon
done
wait_quiet
full_sync
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
