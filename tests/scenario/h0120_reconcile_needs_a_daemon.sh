#!/bin/sh
# Nobody is there to compare: that is said, with how to start somebody, and the
# comparison is made then. Without Redis nobody can even ask.
. "${0%/*}/lib.sh"

start_all
stop_daemon
tb reconcile agora
expect "the exit status without a daemon ($said)" "$code" 1
expect_text "what is missing" "$said" "no daemon"
expect_text "what to type" "$said" "tillbridge run -c"
start_daemon
wait_for "the comparison is made" 30 logged 'reconcile\.done account=agora'
wait_quiet
tb reconcile agora
expect "the exit status with a daemon ($said)" "$code" 0
stop_daemon

write_config '.redis.url = "redis://127.0.0.1:1"'
tb reconcile
expect "the exit status without Redis ($said)" "$code" 4
