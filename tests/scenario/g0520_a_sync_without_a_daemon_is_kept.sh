#!/bin/sh
# Nobody is there to do it: that is said, with how to start somebody, and what
# was asked for is done then.
. "${0%/*}/lib.sh"

start_all
stop_daemon
before=$(calls_of galaxy /sync/customers)

tb sync --full erp
expect "the exit status without a daemon ($said)" "$code" 1
expect_text "what is missing" "$said" "no daemon"
expect_text "what to type" "$said" "tillbridge run -c"

start_daemon
wait_quiet
expect_at_least "full syncs at the next start" \
	"$(calls_of galaxy /sync/customers)" $((before + 1))

tb sync
expect "the exit status with a daemon ($said)" "$code" 0
