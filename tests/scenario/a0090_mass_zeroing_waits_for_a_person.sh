#!/bin/sh
# A catch-up that would newly zero more than 20 percent of a channel's items,
# and at least ten, holds those zeros and only those (promise 4). A person
# releases them.
. "${0%/*}/lib.sh"

start_all
hooks galaxy off
zeroed=$(sim_state '[.galaxy.items[:14][].code] | join(" ")')
for code in $zeroed; do
	set_balance "$code" 0
done
set_balance 21-0020 77
stop_daemon
start_daemon
wait_for "the other change arrives" 30 is 77 count_of 21-0020
wait_for "the zeros are held" 30 is 14 account agora .held_zeros
wait_logged 'zero\.held .*account=agora .*items=14'
wait_quiet
zeros()
{
	sim_state '[.square.counts[] | select((.count | tonumber) == 0)] | length'
}
expect "zeros at the till" "$(zeros)" 0
expect "the letter" "$(dead '.[] | select(.kind == "zero") | .id')" hold/agora
tb dead list
expect_text "dead list" "$said" hold/agora
tb dead show hold/agora --json
expect "how many dead show names ($said)" \
	"$(printf %s "$said" | jq '.items | length')" 14
expect "what one of them shows" "$(printf %s "$said" |
	jq -r '.items[] | select(.sku == "21-0001") | .shows')" "$(count_of 21-0001)"
expect_text "the page" "$(api status)" 'tillbridge dead retry hold/agora'

# What a hook names is written all the same.
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_for "the till shows that zero" 20 is 0 count_of 21-0001

# Another catch-up releases nothing.
stop_daemon
start_daemon
wait_quiet
expect "zeros at the till" "$(zeros)" 1

tb dead retry hold/agora
expect "dead retry ($said)" "$code" 0
expect_text "what it says" "$said" '^hold/agora released: 13 items are set to 0 at agora$'
wait_for "the till shows them all" 30 is 14 zeros
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""
expect "dead letters" "$(dead length)" 0

# The other decision: they stay as they are, and nobody is asked again.
for code in $(sim_state '[.galaxy.items[20:34][].code] | join(" ")'); do
	set_balance "$code" 0
done
stop_daemon
start_daemon
wait_for "the zeros are held" 30 at_least 10 account agora .held_zeros
wait_quiet
held=$(account agora .held_zeros)
tb dead drop hold/agora
expect "dead drop ($said)" "$code" 0
expect_text "what it says" "$said" "^hold/agora dropped: $held items stay as they are at agora, until"
wait_quiet
expect "zeros at the till" "$(zeros)" 14
expect "dead letters" "$(dead length)" 0
