#!/bin/sh
# A redis-server that a crash left behind is shut down cleanly, and a new one
# takes over its data.
. "${0%/*}/lib.sh"

start_all
hooks square off
event=$(count_event event-1 21-0001)
expect "an event" "$(square_hook "$event")" 202
first=$(jq -r .event "$DIR/hook.answer")
old=$(private_redis)
kill_daemon
start_daemon
wait_for "the old one is gone" 20 is_gone "$old"
expect "redis-servers" "$(private_redis | wc -l)" 1
[ "$(private_redis)" != "$old" ] || fail "the old one goes on"
expect "its parent" "$(ps -o ppid= -p "$(private_redis)" | tr -d ' ')" "$daemon"
expect "items" "$(status .items)" $(($(wc -l <"$CSV") - 1))
expect "the event again" "$(square_hook "$event")" 202
expect "is known" "$(jq -r .event "$DIR/hook.answer")" "$first"
hooks galaxy on
set_balance 21-0001 14
wait_for "the till shows it" 15 is 14 count_of 21-0001
