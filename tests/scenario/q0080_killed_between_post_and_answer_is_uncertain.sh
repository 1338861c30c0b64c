#!/bin/sh
# kill -9 between posting a sale and hearing of it: after the restart the entry
# is uncertain; it is never posted again by itself (promise 3, I2).
. "${0%/*}/lib.sh"

start_all
before=$(balance_of 21-0003)
fault galaxy postentry late:20000
sell 21-0003 2
wait_for "Galaxy has the entry" 20 is 1 entries
kill_daemon
start_daemon
wait_for "it is shown as uncertain" 20 is uncertain dead '.[0].kind'
tb dead list
expect_text "dead list" "$said" "uncertain"
stays "posted once" 3 is 2 booked_of 21-0003
expect "entries" "$(entries)" 1

# Uncertain means pending: the channel sells out early, never late.
wait_for "the till shows it without them, twice over" 20 \
	is $((before - 4)) count_of 21-0003

id=$(dead '.[0].id')
tb dead confirm "$id"
expect "dead confirm ($said)" "$code" 0
wait_for "it is settled" 20 is $((before - 2)) count_of 21-0003
expect "entries" "$(entries)" 1
expect "dead letters" "$(dead length)" 0
expect "SKUs that disagree" "$(disagreements)" ""
expect_no_double
