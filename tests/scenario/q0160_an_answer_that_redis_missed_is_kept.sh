#!/bin/sh
# Redis goes away while a sale is being posted, the daemon does not: it knows
# the answer and notes it once Redis is back. Nobody is asked (promises 3, 9).
. "${0%/*}/lib.sh"

start_all '.accounts[0].timeout_ms = 30000'
fault galaxy postentry late:60000
sell 21-0003 2
wait_for "Galaxy has the entry" 20 is 1 entries
hung_redis=$(private_redis)
others=$hung_redis
kill -STOP "$hung_redis"
release
# That Redis does not take the answer shows 3 s later.
sleep 5
kill -9 "$hung_redis"
wait_for "the answer is noted" 20 logged 'entry.posted'
wait_quiet
expect "dead letters" "$(dead length)" 0
expect "entries" "$(entries)" 1
expect "booked" "$(booked_of 21-0003)" 2
wait_for "all agree" 20 all_agree
expect_no_double
