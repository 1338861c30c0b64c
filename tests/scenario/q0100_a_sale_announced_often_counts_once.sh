#!/bin/sh
# payment.updated, order.updated, count updates, each twice and out of order,
# a restart in between, and a catch-up: one sale, one entry (promise 3).
. "${0%/*}/lib.sh"

start_all
hooks square double
sell 21-0003 2
announce()
{
	square_event order.updated "$1-order" "{\"order_updated\":{
		\"order_id\":\"$sale\",\"version\":1,\"location_id\":\"L1\",
		\"state\":\"COMPLETED\"}}"
}
payment()
{
	square_event payment.updated "$1-payment" "{\"payment\":{\"id\":\"P$1\",
		\"status\":\"COMPLETED\",\"order_id\":\"$sale\",
		\"location_id\":\"L1\"}}"
}
for n in 1 2 3; do
	expect "order.updated" "$(square_hook "$(announce $n)")" 202
	expect "payment.updated" "$(square_hook "$(payment $n)")" 202
done
wait_for "Galaxy has the entry" 20 is 1 entries
wait_quiet
expect "booked" "$(booked_of 21-0003)" 2

kill_daemon
start_daemon
expect "after a restart" "$(square_hook "$(announce 4)")" 202
expect "after a restart" "$(square_hook "$(payment 4)")" 202
wait_quiet
hooks square reorder
sell 21-0003
sell 21-0003
wait_for "Galaxy has the others" 20 is 3 entries
wait_quiet
expect "booked" "$(booked_of 21-0003)" 4
expect_no_double
expect "dead letters" "$(dead length)" 0
expect "SKUs that disagree" "$(disagreements)" ""
