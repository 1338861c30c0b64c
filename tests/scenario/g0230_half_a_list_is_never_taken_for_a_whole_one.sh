#!/bin/sh
# Redis dies while a list is on its way out: the client sees that it is not
# whole, and gets all of it when it asks again.
. "${0%/*}/lib.sh"

list_bytes()
{
	api api/galaxy/items --max-time 60 | wc -c
}

start_sim --galaxy-items 10000
write_config
start_daemon
wait_for "the items are there" 60 is 200 api_code api/galaxy/items
whole=$(list_bytes)
expect_at_least "bytes of the list" "$whole" 10000000

curl -sS --max-time 60 --limit-rate 4M -o "$DIR/half" "$API/api/galaxy/items" &
client=$!
others="$others $client"
wait_for "some of it came" 20 test -s "$DIR/half"
kill -9 "$(private_redis)"
status=0
wait "$client" || status=$?
expect "curl's exit status (18: a part of the body)" "$status" 18
expect_at_most "bytes that came" "$(wc -c <"$DIR/half")" $((whole - 1))
# A thread's connection to Redis may still be the dead one: 503, come again.
wait_for "the whole list comes again" 30 is "$whole" list_bytes

# Clients that go away leave nothing behind: every thread answers again.
leavers=
for _ in $(seq 30); do
	curl -s --max-time 1 --limit-rate 1M -o /dev/null \
		"$API/api/galaxy/items" &
	leavers="$leavers $!"
done
for leaver in $leavers; do
	wait "$leaver" || :
done
wait_for "the list comes once more" 30 is "$whole" list_bytes
