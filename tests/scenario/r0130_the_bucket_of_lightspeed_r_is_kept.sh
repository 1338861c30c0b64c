#!/bin/sh
# The vendor's bucket is small, and its headers say so: calls wait for it, none
# is refused, and all that was changed arrives. When other programs have emptied
# it, what the vendor says is waited for, and no attempt is wasted.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

refusals()
{
	sim_state '.lightspeed_r.bucket_refusals + .lightspeed_r.burst_refusals'
}

start_all_with_bazaar
order lightspeed_r/switches '{"bucket_size":12,"drip_milli":3000,"level":0}'
for n in 1 3 4 6 7 8 9; do
	set_balance "21-000$n" $((20 + n))
done
wait_for "all of them arrive" 60 bazaar_agrees
wait_quiet
expect "refused" "$(refusals)" 0

# Somebody else's calls: the level is far above the size, and only an answer
# tells. Ours are let in again after a quarter of a minute.
order lightspeed_r/switches '{"drip_milli":1000,"level":27}'
set_balance 21-0003 31
wait_for "the vendor refuses" 20 at_least 1 refusals
wait_for "somebody says so" 20 logged \
	'account.trouble account=bazaar .*verdict=slow .*why="http 429'
wait_for "it arrives when there is room again" 60 is 31 bazaar_count 21-0003
expect_at_most "refused" "$(refusals)" 2
expect "the account" "$(account bazaar .state)" ok
wait_quiet
expect "dead letters" "$(dead length)" 0
