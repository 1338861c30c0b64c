#!/bin/sh
# SIGHUP with a file that is well-formed but cannot start, here for a taken
# port: the daemon says so and goes on as before.
. "${0%/*}/lib.sh"

start_all
cp "$CONFIG" "$DIR/good.json"
jq --arg taken "${GALAXY#http://}" '.private.listen = [$taken]' \
	"$DIR/good.json" >"$CONFIG"
kill -HUP "$daemon"
wait_for "it says so" 20 logged reload.undone
wait_for "it is back" 20 is_ready
set_balance 21-0001 6
wait_for "it goes on" 10 is 6 count_of 21-0001
