#!/bin/sh
# A count is absolute, and cannot undo what the till sells while it is computed
# or on its way: it is stamped with the moment up to which sales are inside it,
# and Square puts later sales behind it. Nothing is announced here, so that
# nothing but this order saves the sale. Nor does a count whose answer was lost.
. "${0%/*}/lib.sh"

start_all
hooks square off

# Between the look at the sales and the write.
fault square "POST /v2/orders/search" late:3000
asked=$(calls_of square orders/search)
set_balance 21-0001 50
wait_for "the sales are asked for" 20 \
	at_least $((asked + 1)) calls_of square orders/search
sell 21-0001 2
wait_for "the count is written" 20 is 1 writes_of 21-0001
expect "what it shows then" "$(count_of 21-0001)" 48
wait_for "the sale is found and booked" 60 is 2 booked_of 21-0001
wait_quiet
expect "what it shows in the end" "$(count_of 21-0001)" 48
expect "what is left in Galaxy" "$(balance_of 21-0001)" 48

# The answer of a write is lost, and the till sells before the next look.
fault square "POST /v2/inventory/changes/batch-create" lose_answer
set_balance 21-0002 40
wait_for "the count is written" 20 is 1 writes_of 21-0002
sell 21-0002 3
wait_for "the sale is booked" 60 is 3 booked_of 21-0002
wait_quiet
wait_for "the till shows what is left" 30 is 37 count_of 21-0002
expect "what is left in Galaxy" "$(balance_of 21-0002)" 37
expect "drift" "$(metric tillbridge_drift_found_total)" 0
expect_no_double
