#!/bin/sh
# With a look-up configured no person is needed: what is there is confirmed,
# what is not there is posted.
. "${0%/*}/lib.sh"

start_all '.accounts[0].lookup = { view: "CommercialEntry/ByDocID",
	field: "DOCID" }'
fault galaxy postentry lose_answer
sell 21-0003 2
wait_for "the first is uncertain" 20 is 1 status .entries.uncertain
fault galaxy postentry refuse
sell 21-0004
wait_for "Galaxy has only the first" 40 is 2 status .entries.uncertain
expect "entries" "$(entries)" 1
wait_for "both are known" 60 is 0 status .entries.uncertain
wait_for "the second is posted" 30 is 2 entries
wait_quiet
expect "booked" "$(booked_of 21-0003) $(booked_of 21-0004)" "2 1"
expect_no_double
expect "dead letters" "$(dead length)" 0
expect "SKUs that disagree" "$(disagreements)" ""
