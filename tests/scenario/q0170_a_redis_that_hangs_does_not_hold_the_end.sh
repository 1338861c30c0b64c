#!/bin/sh
# SIGTERM ends the daemon within its time even when its redis-server hangs, as
# it does on a dead disk; what was accepted is still there at the next start.
. "${0%/*}/lib.sh"

start_all
hung_redis=$(private_redis)
others=$hung_redis
kill -STOP "$hung_redis"
kill "$daemon"
wait_for "the daemon ends" 20 is_gone "$daemon"
code=0
wait "$daemon" || code=$?
daemon=
expect "its exit status" "$code" 0
wait_for "its redis-server is gone" 5 has_no_private_redis
start_daemon
set_balance 21-0001 9
wait_for "it works on" 20 is 9 count_of 21-0001
