#!/bin/sh
# Our own write comes back as a callback and causes no further write; a sale
# that we post comes back as Galaxy's hook and causes none either (promise 8).
. "${0%/*}/lib.sh"

start_all
hooks square double
writes=$(sim_state .square.writes)
done_before=$(sim_state .hooks.square.done)
for code in 21-0001 21-0002 21-0003 21-0004; do
	set_balance "$code" 15
	wait_for "the till shows it" 15 is 15 count_of "$code"
done
echoed()
{
	[ "$(sim_state .hooks.square.done)" -ge $((done_before + 8)) ]
}
wait_for "the callbacks have come back" 20 echoed
wait_quiet
expect "writes for four changes" "$(($(sim_state .square.writes) - writes))" 4
expect "entries" "$(entries)" 0

# A sale: Galaxy's balance falls to what the till already shows.
writes=$(sim_state .square.writes)
sell 21-0001 2
wait_for "it is booked" 15 is 1 entries
wait_quiet
expect "writes after a sale" "$(($(sim_state .square.writes) - writes))" 0
stays "nothing more happens" 2 is 1 entries
expect "writes after a sale" "$(($(sim_state .square.writes) - writes))" 0
