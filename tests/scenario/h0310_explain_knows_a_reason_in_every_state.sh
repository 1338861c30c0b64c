#!/bin/sh
# From before the first sync to a changed authority: in each state that can be
# made, the sentence about the till ends in a reason.
. "${0%/*}/lib.sh"

# bind TEXT: import this much.
bind()
{
	printf '%s\n' "$@" >"$DIR/more.csv"
	tb items import "$DIR/more.csv"
	expect "items import ($said)" "$code" 0
}

restart_with()
{
	stop_daemon
	write_config "$1"
	start_daemon
}

# Before anything is known.
start_sim
fault galaxy '' refuse 100000
write_config
start_daemon
import_items
wait_for "erp is known to be away" 30 is open account erp .breaker
wait_for "no balance yet" 20 says 21-0001 \
	'^agora was not written yet and is left alone: the balance in erp is not known, .*; erp is not answering'
expect_text "since when" "$said" '^balance +unknown since 20.*: no channel is written$'
clear_faults
wait_quiet
wait_for "the first balance" 60 says 21-0001 '^agora shows [0-9]+: [0-9]+ in erp\.$'

# Bound to what is not there; at its authority only; unbound again.
bind 'sku,agora' '21-0002,NOPE-1'
wait_for "what is not found" 20 says 21-0002 \
	'^agora was not written yet and should show .*: not written: http 404 .*; it is looked at again in [0-9]+ s\.$'
bind 'sku,erp,agora' '99-0001,NOPE,NOPE-2'
wait_for "what Galaxy does not have" 20 says 99-0001 \
	'^agora was not written yet and is left alone: the balance in erp is not known, its binding is unresolved: '
bind 'sku,agora' '21-0002,'
wait_for "what nobody sells" 20 says 21-0002 \
	'^It is bound at no till or shop, so none shows it\.$'

# Kept back, for the item and for all.
bind 'sku,reserve' '21-0003,2'
set_balance 21-0003 10
wait_for "kept back" 20 says 21-0003 '^agora shows 8: 10 in erp, 2 kept back\.$'
expect_text "who says so" "$said" 'reserve +2 \(item\)'

# An answer without the item; the old balance stays.
fault galaxy itembalances empty 100000
expect "a hook" "$(galaxy_hook 21-0003)" 202
wait_for "the answer did not name it" 30 says 21-0003 \
	'^agora shows 8: 10 in erp; erp: .*, so this is what it was [0-9]+ s ago, 2 kept back|^agora shows 8: 10 in erp, 2 kept back; erp: .*, so this is what it was'
clear_faults
galaxy_hook 21-0003 >/dev/null
wait_for "it is named again" 30 says 21-0003 '^agora shows 8: 10 in erp, 2 kept back\.$'

# A count that fell without a sale.
right=$(count_of 21-0004)
order square/count "{\"sku\":\"21-0004\",\"quantity\":\"$((right - 5))\"}"
wait_for "the fall is told" 20 says 21-0004 \
	'its count fell without a known sale, and is looked at once more before it is corrected'
expect_text "when" "$said" 'look +due in '
wait_for "its correction is told" 60 says 21-0004 \
	'agora +drift +.*corrected: it had moved without a sale'
wait_for "it is right again" 30 says 21-0004 "^agora shows $right: $right in erp\.\$"

# A sale that is refused, and a shop's return that is held.
fault galaxy postentry status:400
sell 21-0005
wait_for "the refusal" 20 says 21-0005 \
	'on its way to erp \(entry agora/.*, refused: retry or drop it with tillbridge dead\)\.$'
expect "the return" "$(curl -sS --max-time 10 -o /dev/null -w '%{http_code}' --json \
	'{"number":"R-1","lines":[{"sku":"21-0006","quantity":-1}]}' "$API/api/orders")" 202
wait_for "the return" 20 says 21-0006 \
	'1 returned and not counted until a person decides \(tillbridge dead show entry/api:orders/R-1\)\.$'

# Another authority, when what is under way at the old one is over.
bind 'sku,authority' '21-0005,agora'
wait_for "it waits" 20 says 21-0005 '; agora keeps its stock when nothing is pending\.$'
expect_text "who is next" "$said" '^  next +agora, when nothing is pending$'
tb dead drop "$(dead '.[] | select(.kind == "refused") | .id')"
expect "dead drop ($said)" "$code" 0
wait_for "the till keeps it" 20 says 21-0005 '^authority +agora$'
wait_for "Galaxy shows its own" 20 says 21-0005 '^erp takes no counts: it shows its own\.$'

# A till that is paused.
restart_with '.accounts[1].paused = true'
set_balance 21-0007 33
wait_for "it is paused" 20 says 21-0007 \
	'^agora shows [0-9]+ and should show 33 \(33 in erp\): agora is paused\.$'
restart_with .
wait_for "it goes on" 30 says 21-0007 '^agora shows 33: 33 in erp\.$'
