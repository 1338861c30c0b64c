#!/bin/sh
# Whatever happens to an item, explain says why the till shows what it shows:
# after a hook, a sale, an uncertain entry, while zeros are held and while the
# till is down. The API says the same.
. "${0%/*}/lib.sh"

conclusion()
{
	api "api/items/$1/timeline" |
		jq -r '.channels[] | select(.account == "agora") | .conclusion'
}

start_all

# A hook: from the call to the count.
set_balance 21-0005 41
wait_for "the till shows it" 20 is 41 count_of 21-0005
wait_for "the count is told" 20 says 21-0005 'agora +written +showed .*target 41 '
wait_for "the conclusion" 20 says 21-0005 '^agora shows 41: 41 in erp\.$'
wait_for "the call is told" 20 says 21-0005 'erp +hook +a call named it'
wait_for "the fetch is told" 20 says 21-0005 'erp +read +balance 41, was '
expect "the API" "$(conclusion 21-0005)" "agora shows 41: 41 in erp"

# A sale, to its entry in Galaxy.
sell 21-0005 2
wait_for "it is posted" 20 is 1 entries
wait_for "the sale is told" 20 says 21-0005 "agora +sale +$sale: 2 sold; entry agora/$sale for erp is ready"
wait_for "its entry is told" 20 says 21-0005 "erp +entry +agora/$sale \(2, docid TB-.* posted and confirmed"
wait_for "it is settled" 20 says 21-0005 '^agora shows 39: 39 in erp\.$'

# One whose answer is lost: Galaxy has it, and tells so. Counted twice until
# somebody knows, the channel sells out early and never late.
fault galaxy postentry lose_answer
sell 21-0005 1
wait_for "it is uncertain" 20 is uncertain dead '.[0].kind'
wait_for "explain says so" 20 says 21-0005 \
	"^agora shows (38: 39|37: 38) in erp, 1 on its way to erp \(entry agora/$sale, uncertain: decide with tillbridge dead\)\.\$"
expect_text "pending" "$said" '^pending +1$'
tb explain --json 21-0005
expect "its JSON's exit status ($said)" "$code" 0
expect "its entry" "$(printf '%s' "$said" | jq -r '.entries[0].state')" uncertain
tb dead confirm "entry/agora/$sale"
expect "dead confirm ($said)" "$code" 0
wait_for "it is settled" 20 says 21-0005 '^agora shows 38: 38 in erp\.$'
wait_for "the decision" 20 says 21-0005 "agora/$sale is there, a person says"

# A till that is down.
fault square '' reset 100000
set_balance 21-0005 50
wait_for "explain says so" 30 says 21-0005 \
	'^agora shows 38 and should show 50 \(50 in erp\): agora is not answering'
wait_for "a look is due" 20 says 21-0005 'look +due '
clear_faults
wait_for "it is back" 60 says 21-0005 '^agora shows 50: 50 in erp\.$'

# Zeros that are held.
wait_quiet
hooks galaxy off
for zero in $(sim_state '[.galaxy.items[:14][].code] | join(" ")'); do
	set_balance "$zero" 0
done
stop_daemon
start_daemon
wait_for "the zeros are held" 30 is 14 account agora .held_zeros
wait_for "explain says so" 20 says 21-0001 \
	'^agora shows .* and should show 0 \(0 in erp\): its zero is held for a person'
wait_for "the timeline too" 20 says 21-0001 'agora +left +not written: .*held for a person'
tb dead retry hold/agora
expect "dead retry ($said)" "$code" 0
wait_for "they are released" 30 says 21-0001 '^agora shows 0: 0 in erp\.$'

# What there is not.
tb explain 21-000
expect "an unknown SKU's exit status" "$code" 1
expect_text "what is near it" "$said" 'near it: 21-0001'
tb explain
expect "without a SKU" "$code" 2
expect "the API" "$(api_code api/items/21-000/timeline)" 404
