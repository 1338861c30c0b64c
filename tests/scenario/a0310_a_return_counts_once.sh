#!/bin/sh
# Where Galaxy takes returns, one at a till is one line of negative quantity:
# however often it is announced, whether or not anybody announces it, and
# together with a sale.
. "${0%/*}/lib.sh"

# bring_back SKU QUANTITY [MORE]: of a sale, with a refund.
bring_back()
{
	order square/move "{\"sku\":\"$1\",\"quantity\":\"$2\",
		\"from\":\"SOLD\",\"to\":\"IN_STOCK\",\"refund\":true,
		\"order\":\"$sale\"${3:-}}"
}

start_all '.accounts[0].entry.returns = "negative"'
right=$(balance_of 21-0003)
sell 21-0003 3
wait_for "the sale is booked" 20 is 3 booked_of 21-0003
hooks square double
bring_back 21-0003 1
wait_for "the return is booked" 20 is 2 booked_of 21-0003
wait_quiet
event=$(count_event again 21-0003)
expect "a call about it again" "$(square_hook "$event")" 202
wait_quiet
expect "the balance" "$(balance_of 21-0003)" $((right - 2))
expect "entries" "$(entries)" 2

hooks square off
bring_back 21-0003 1 ',"announce":false'
tb sync --full agora
wait_for "it is booked without a call" 20 is 1 booked_of 21-0003
hooks square on
tb sync --full agora
wait_quiet
expect "entries" "$(entries)" 3

bring_back 21-0003 1 ',"announce":false'
sell 21-0003 4
wait_for "sale and return are booked" 20 is 4 booked_of 21-0003
wait_quiet
expect "the balance" "$(balance_of 21-0003)" $((right - 4))
wait_for "every channel shows its target" 20 all_agree
expect "dead letters" "$(dead length)" 0
expect_no_double
! logged 'drift\.corrected' || fail "a return was taken for drift"
