#!/bin/sh
# Galaxy is down: hooks are still taken, sales at the till are still read, and
# lower the count there; when it is back, all of it arrives.
. "${0%/*}/lib.sh"

start_all
before=$(balance_of 21-0003)
fault galaxy "" refuse 100000
hooks galaxy off
set_balance 21-0001 6
expect "a hook" "$(galaxy_hook 21-0001)" 202
sell 21-0003 2
wait_for "the sale is known" 20 logged 'sale\.seen'
wait_for "the breaker is open" 20 is open account erp .breaker
expect "Square's" "$(account agora .breaker)" closed
expect "entries" "$(entries)" 0
wait_for "two things wait" 20 \
	at_least 2 account erp '.marks + .entries_ready'
expect "the till's count" "$(count_of 21-0003)" $((before - 2))
order square/count '{"sku":"21-0004","quantity":"1000"}'
wait_for "a strange count is still put right" 40 \
	is "$(balance_of 21-0004)" count_of 21-0004

clear_faults
wait_for "the sale is booked" 60 is 2 booked_of 21-0003
wait_for "the hook has its effect" 60 is 6 count_of 21-0001
wait_quiet
expect_no_double
expect "dead letters" "$(dead length)" 0
expect "SKUs that disagree" "$(disagreements)" ""
