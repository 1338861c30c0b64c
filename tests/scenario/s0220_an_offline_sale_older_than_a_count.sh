#!/bin/sh
# A till that was offline sends a sale from before the moment of our last count.
# Square puts it before that count, so it takes nothing off what the till shows;
# we take it off as soon as the sale is told of, and book it once.
. "${0%/*}/lib.sh"

start_redis
start_all ".redis.url = \"$REDIS_URL\""
# Bound for two days already (STORE.md: cursor:ACCOUNT, start).
redis_cli hset tillbridge:cursor:agora start $((($(date +%s) - 172800) * 1000)) >/dev/null

set_balance 21-0003 50
wait_for "the count is written" 20 is 50 count_of 21-0003
wait_quiet
order square/sell '{"lines":[{"sku":"21-0003","quantity":"2"}],
	"closed_ago_s":3600}'
wait_for "it is booked" 60 is 2 booked_of 21-0003
wait_for "the till shows what is left" 60 is 48 count_of 21-0003
wait_quiet
expect "what it shows in the end" "$(count_of 21-0003)" 48
expect "what is left in Galaxy" "$(balance_of 21-0003)" 48
expect "counts written, of our making" "$(writes_of 21-0003)" 2
expect_no_double
