#!/bin/sh
# An offline till sends a sale a day late, with its old time: found in the
# vendor's window by the look that every start makes, and booked once, however
# often it is read again.
. "${0%/*}/lib.sh"

start_redis
start_all ".redis.url = \"$REDIS_URL\""
hooks square off

# Bound for two days already (STORE.md: cursor:ACCOUNT, start).
redis_cli hset tillbridge:cursor:agora start $((($(date +%s) - 172800) * 1000)) >/dev/null
before=$(balance_of 21-0003)
order square/sell '{"lines":[{"sku":"21-0003","quantity":"2"}],
	"closed_ago_s":86400}'
stop_daemon
start_daemon
wait_for "it is booked" 30 is 2 booked_of 21-0003
wait_quiet
for _ in 1 2; do
	stop_daemon
	start_daemon
	wait_quiet
done
expect "entries" "$(entries)" 1
expect_no_double
expect "the balance" "$(balance_of 21-0003)" $((before - 2))
expect "SKUs that disagree" "$(disagreements)" ""

# From before the binding: history, never an entry.
order square/sell '{"lines":[{"sku":"21-0004","quantity":"1"}],
	"closed_ago_s":200000}'
stop_daemon
start_daemon
wait_quiet
wait_for "the till shows the balance again" 40 all_agree
expect "entries" "$(entries)" 1
