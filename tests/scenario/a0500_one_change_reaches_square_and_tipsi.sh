#!/bin/sh
# One Galaxy change reaches Square and Tipsi, each in its own form. Tipsi slow
# or down delays Square not at all; back again, it gets what waited (promise 7).
. "${0%/*}/lib.sh"
. "${0%/*}/tipsi.lib.sh"

start_all_with_tipsi
# 21-0005 is sold by weight: Tipsi holds whole pieces only.
set_balance 21-0001 7
set_balance 21-0005 3.75
wait_for "Square shows 7" 10 is 7 count_of 21-0001
wait_for "Tipsi shows 7" 10 is 7 bottles_of 21-0001
wait_for "Square shows 3.75" 10 is 3.75 count_of 21-0005
wait_for "Tipsi shows 3" 10 is 3 bottles_of 21-0005

# A sale at Square lowers Tipsi as well, and is booked once.
sell 21-0001 2
wait_for "the sale is booked" 10 is 1 entries
wait_for "Tipsi shows 5" 10 is 5 bottles_of 21-0001

# Slow: a batch that takes longer than all of this.
wait_quiet
order reset-calls '{}'
order tipsi/switches '{"batch_ms":120000}'
set_balance 21-0001 20
wait_for "Tipsi has the batch" 10 at_least 1 calls_of tipsi ext/sync
for balance in 21 22 23; do
	set_balance 21-0001 "$balance"
	wait_for "Square shows $balance" 5 is "$balance" count_of 21-0001
done
expect "ready all the same" "$(api_code ready)" 200
expect "batches at Tipsi meanwhile" "$(calls_of tipsi ext/sync)" 1
order tipsi/switches '{"batch_ms":0}'
release
wait_for "Tipsi shows 23" 60 is 23 bottles_of 21-0001
expect "that is no trouble" "$(times_logged 'account\.trouble account=cellar')" 0

# Down: its marks wait, its breaker opens, nobody else's.
wait_quiet
fault tipsi "" status:502 100000
set_balance 21-0001 30
wait_for "Square shows 30" 5 is 30 count_of 21-0001
wait_for "Tipsi's breaker is open" 30 is open account cellar .breaker
expect "agora's" "$(account agora .breaker)" closed
expect "Tipsi's count" "$(bottles_of 21-0001)" 23
clear_faults
wait_for "Tipsi gets what waited" 60 is 30 bottles_of 21-0001
wait_quiet
wait_for "every channel shows its target" 20 both_agree
expect "items that Tipsi made of our writes" "$(sim_state .tipsi.created)" 0
expect "dead letters" "$(dead length)" 0
