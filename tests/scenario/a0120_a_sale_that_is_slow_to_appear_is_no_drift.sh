#!/bin/sh
# The count has fallen, the order appears seconds later: it is booked as a sale
# and the count is never set back.
. "${0%/*}/lib.sh"

start_all
before=$(balance_of 21-0003)
writes=$(writes_of 21-0003)
order square/sell '{"lines":[{"sku":"21-0003","quantity":"2"}],
	"visible_after_ms":5000}'
wait_for "the fall was seen" 15 logged 'count\.fell .*sku=21-0003'
wait_for "the sale is booked" 40 is 2 booked_of 21-0003
wait_quiet
expect "the till's count" "$(count_of 21-0003)" $((before - 2))
expect "writes" "$(writes_of 21-0003)" "$writes"
expect "entries" "$(entries)" 1
expect_no_double
! logged 'drift\.corrected' || fail "it was taken for drift"
