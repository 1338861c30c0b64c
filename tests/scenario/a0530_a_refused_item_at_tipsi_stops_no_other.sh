#!/bin/sh
# A binding to an item that Tipsi does not have makes no item there, and stops
# no other; mended, it is written. A batch that is refused whole is halved.
. "${0%/*}/lib.sh"
. "${0%/*}/tipsi.lib.sh"

start_sim_with_tipsi
write_config_with_tipsi
start_daemon
sed 's/^\(21-0002,.*\),[0-9]*$/\1,nowhere/' "$CSV" >"$DIR/wrong.csv"
right=$(bottles_of 21-0002)
import_items "$DIR/wrong.csv"
wait_for "the refusal is told" 20 \
	logged 'count\.refused account=cellar sku=21-0002 .*nowhere'
set_balance 21-0001 11
set_balance 21-0002 12
wait_for "Tipsi shows 11" 10 is 11 bottles_of 21-0001
wait_for "Square shows 12" 10 is 12 count_of 21-0002
expect "the item that is not bound" "$(bottles_of 21-0002)" "$right"
expect "items made" "$(sim_state .tipsi.created)" 0
wait_for "explain" 10 says 21-0002 'no item .*nowhere'
import_items
wait_for "the mended binding" 20 is 12 bottles_of 21-0002

# While one batch is under way four changes gather; their batch is refused.
wait_quiet
order reset-calls '{}'
order tipsi/switches '{"batch_ms":120000}'
order faults '{"system":"tipsi","path":"ext/sync","mode":"status:400","skip":1}'
set_balance 21-0001 33
wait_for "a batch is under way" 10 at_least 1 calls_of tipsi ext/sync
for sku in 21-0002 21-0003 21-0004 21-0006; do
	set_balance "$sku" 33
done
wait_for "Square shows them" 20 all_agree
order tipsi/switches '{"batch_ms":0}'
release
wait_for "Tipsi has all of them" 60 both_agree
expect "batches: the first, the refused one, its halves" \
	"$(calls_of tipsi ext/sync)" 4
wait_quiet
expect "dead letters" "$(dead length)" 0
