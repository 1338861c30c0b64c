#!/bin/sh
# A sale that slips in between the last listing and the absolute write at
# Lightspeed R is written over. The look that follows each write takes it off,
# also where the bucket is too low for what only the clock asks for.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

listings()
{
	calls_of lightspeed_r "/Sale.json"
}

start_all_with_bazaar \
	'(.accounts[] | select(.name == "bazaar") | .timeout_ms) = 30000'
was=$(bazaar_count 21-0003)
writes=$(bazaar_tally 21-0003 writes)

# A drip in ten seconds: polls would have to wait for a minute.
order lightspeed_r/switches '{"bucket_size":60,"drip_milli":100,"level":36}'
fault lightspeed_r "GET /API/V3/Account/100/Sale.json" late:60000 2
set_balance 21-0003 $((was + 10))
wait_for "a listing is under way" 20 is 1 listings
release
wait_for "the last listing is under way" 20 is 2 listings
sell_at_bazaar 21-0003
release
wait_for "the count is written" 20 \
	at_least $((writes + 1)) bazaar_tally 21-0003 writes
wait_for "the sale is taken off" 20 is $((was + 9)) bazaar_count 21-0003
expect "writes: over the sale, and again" \
	"$(bazaar_tally 21-0003 writes)" $((writes + 2))
wait_for "the sale is booked" 20 is 1 entries
wait_for "all agree" 20 bazaar_agrees
expect "booked" "$(booked_of 21-0003)" 1
expect "drift" "$(times_logged 'drift.corrected')" 0
