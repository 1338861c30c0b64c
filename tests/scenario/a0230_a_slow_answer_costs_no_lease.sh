#!/bin/sh
# A call that lasts longer than a lease: it stays ours all the while, so that no
# other process takes the account over in the midst of it.
. "${0%/*}/lib.sh"

start_redis
start_all ".redis.url = \"$REDIS_URL\" | .accounts[0].timeout_ms = 30000"
lease()
{
	redis_cli get tillbridge:lease:worker:erp
}

held=$(lease)
expect_text "the lease" "$held" "^[0-9]+ "
fault galaxy itembalances late:18000
set_balance 21-0001 9
wait_for "the balance is asked for" 10 is_asked 21-0001
stays "the lease is the same" 17 is "$held" lease
wait_for "the till shows it" 20 is 9 count_of 21-0001
expect "the lease, after it" "$(lease)" "$held"
expect "ready" "$(api_code ready)" 200
