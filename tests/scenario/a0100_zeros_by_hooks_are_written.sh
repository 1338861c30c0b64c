#!/bin/sh
# A zero that a hook or a sale caused is never held; many of them within ten
# minutes raise an alarm.
. "${0%/*}/lib.sh"

start_all
for code in $(sim_state '[.galaxy.items[:12][].code] | join(" ")'); do
	set_balance "$code" 0
done
zeros()
{
	sim_state '[.square.counts[] | select((.count | tonumber) == 0)] | length'
}
wait_for "the till shows all zeros" 30 is 12 zeros
wait_quiet
expect "held" "$(account agora .held_zeros)" 0
expect_text "the alarm" "$(account agora .alarm)" zero

# Sold out.
set_balance 21-0020 2
wait_for "the till shows two" 15 is 2 count_of 21-0020
sell 21-0020 2
wait_for "it is booked" 15 is 2 booked_of 21-0020
wait_quiet
expect "the till's count" "$(count_of 21-0020)" 0

# Sold more than there is: never less than zero, never unknown.
set_balance 21-0021 -3
wait_for "a negative balance shows as zero" 15 is 0 count_of 21-0021
