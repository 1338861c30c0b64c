#!/bin/sh
# Hooks overtake each other and answers come late, while a balance moves up and
# down and the till sells: the last one wins, always (promise 5).
. "${0%/*}/lib.sh"

start_all
hooks galaxy reorder
hooks square reorder
for round in 1 2 3 4 5 6; do
	fault galaxy itembalances late:400
	fault square batch-create late:300
	for code in 21-0001 21-0002 21-0003; do
		order galaxy/balance "{\"code\":\"$code\",\"delta\":\"$((round * 3))\"}"
	done
	sell 21-0001
	sell 21-0002 2
done
wait_for "all are booked" 60 is 12 entries
wait_quiet
wait_for "all agree" 30 all_agree
expect "booked" "$(booked_of 21-0001) $(booked_of 21-0002)" "6 12"
expect_no_double
expect "dead letters" "$(dead length)" 0
