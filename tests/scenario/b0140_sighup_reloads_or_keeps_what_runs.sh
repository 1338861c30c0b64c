#!/bin/sh
# SIGHUP: a good file takes effect, a bad one is complained about and changes
# nothing; no hook is lost on the way.
. "${0%/*}/lib.sh"

start_all
cp "$CONFIG" "$DIR/good.json"
jq '.stock.reserv = "2"' "$DIR/good.json" >"$CONFIG"
kill -HUP "$daemon"
wait_for "the mistake is in the log" 15 logged 'reserv.*reserve'
expect "/ready" "$(api_code ready)" 200
set_balance 21-0001 8
wait_for "the old file holds" 15 is 8 count_of 21-0001

jq '.stock.reserve = "2"' "$DIR/good.json" >"$CONFIG"
kill -HUP "$daemon"
balance=20
reloaded()
{
	balance=$((balance + 1))
	set_balance 21-0001 "$balance"
	poll 2 is $((balance - 2)) count_of 21-0001
}
wait_for "the new file holds" 30 reloaded
! is_gone "$daemon" || fail "it is gone"
