#!/bin/sh
# Goods come back at the till and are put on sale there. Nobody knows how Galaxy
# takes a return: it is held and shown, and the till goes back to what it
# showed, which is no drift. A person drops it, or has it posted once that is
# configured.
. "${0%/*}/lib.sh"

# bring_back SKU QUANTITY: sets $id, of the dead letter.
bring_back()
{
	id=entry/agora/return.$(control square/move "{\"sku\":\"$1\",
		\"quantity\":\"$2\",\"from\":\"UNLINKED_RETURN\",
		\"to\":\"IN_STOCK\"}" | jq -r .adjustment)
}

is_held()
{
	dead '.[] | select(.kind == "held") | .id' | grep -qxF "$id"
}

start_all
right=$(balance_of 21-0003)
bring_back 21-0003 2
wait_for "it is held" 20 is_held
wait_for "the till shows what it showed" 20 is "$right" count_of 21-0003
wait_quiet
tb dead list
expect_text "the list of dead letters" "$said" "$id"
expect_text "the list of dead letters" "$said" "a return"
wait_for "its timeline" 10 says 21-0003 "2 came back"
tb dead confirm "$id"
expect "confirming what was never posted" "$code" 1
tb dead drop "$id"
expect "dropping it ($said)" "$code" 0
expect "entries" "$(entries)" 0
expect "dead letters" "$(dead length)" 0

bring_back 21-0003 1
wait_for "it is held" 20 is_held
tb dead retry "$id"
wait_for "it is refused while returns are not configured" 30 \
	is refused dead '.[0].kind'
stop_daemon
write_config '.accounts[0].entry.returns = "negative"'
start_daemon
tb dead retry "$id"
wait_for "Galaxy has it" 30 is -1 booked_of 21-0003
wait_quiet
expect "the balance" "$(balance_of 21-0003)" $((right + 1))
wait_for "every channel shows its target" 20 all_agree
expect "entries" "$(entries)" 1
expect_no_double
! logged 'drift\.corrected' || fail "a return was taken for drift"
