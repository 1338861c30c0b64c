#!/bin/sh
# A genuine event with a false count, a payment for an order that does not
# exist: the truth is fetched, nothing is taken from the payload (promise 2).
. "${0%/*}/lib.sh"

start_all
hooks square off
before=$(count_of 21-0003)
expect "a false count" "$(square_hook "$(count_event event-1 21-0003)")" 202
expect "a false sale" "$(square_hook "$(square_event payment.updated event-2 \
	'{"payment":{"id":"P","status":"COMPLETED","order_id":"NOSUCHORDER",
	"location_id":"L1","amount_money":{"amount":1,"currency":"EUR"}}}')")" 202
expect "a false balance" "$(hook erp -H "Authorization: Bearer $GALAXY_HOOK" \
	--json "{\"ItemID\":\"$(itemid_of 21-0003)\",\"Balance\":0}")" 202
wait_for "they were looked at" 15 is_asked 21-0003
wait_quiet
expect "the till's count" "$(count_of 21-0003)" "$before"
expect "entries" "$(entries)" 0

# A GUID that nobody knows, or none: one catch-up.
set_balance 21-0004 9
order hooks '{"system":"galaxy","mode":"off"}'
set_balance 21-0005 8.5
expect "a call that names nothing known" "$(hook erp \
	-H "Authorization: Bearer $GALAXY_HOOK" \
	--json '{"ItemID":"99999999-0000-4000-8000-000000000001"}')" 202
wait_for "a catch-up brings the change" 20 is 8.5 count_of 21-0005
