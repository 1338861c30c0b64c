#!/bin/sh
# Redis comes back empty. That is a loss and no first start: what was posted
# before is not posted again, counts are read and written anew. What a person
# had paused waits for that person.
. "${0%/*}/lib.sh"

calls_to_square()
{
	sim_state '[.square.calls[] | .calls] | add // 0'
}

start_redis
start_all ".redis.url = \"$REDIS_URL\""
sell 21-0003 2
wait_for "Galaxy has the entry" 20 is 1 entries
wait_quiet
expect "pause" "$(api_code api/accounts/agora/pause -X POST)" 200
wait_logged 'account\.paused account=agora'
stop_daemon
hooks square off
hooks galaxy off
set_balance 21-0004 3
redis_cli flushall >/dev/null
start_daemon
wait_logged ' (warn|error) .*(lost|loss|installation)'
calls=$(calls_to_square)
import_items
wait_for "it is paused as before" 10 is 2 times_logged 'account\.paused account=agora'
stays "nothing is sent there" 1 is "$calls" calls_to_square
expect "resume" "$(api_code api/accounts/agora/resume -X POST)" 200
wait_quiet
expect "entries" "$(entries)" 1
expect_no_double
wait_for "the till shows what changed meanwhile" 30 is 3 count_of 21-0004

# What is sold from now on is booked as ever, once the till's clock says that it
# was after the loss (STORE.md: cursor:ACCOUNT, doubt).
doubt_is_over()
{
	[ "$(redis_cli hget tillbridge:cursor:agora doubt)" -lt \
		"$(($(date +%s) * 1000))" ]
}
wait_for "the doubt is over" 20 doubt_is_over
hooks square on
sell 21-0005 1
wait_for "the new sale is booked" 30 is 1 booked_of 21-0005
expect_no_double
