#!/bin/sh
# A full sync lasts; a hook does not wait for its end, and what it brought is
# not overwritten by an older row of the list that was on its way.
. "${0%/*}/lib.sh"

is_syncing()
{
	[ "$(account erp .sync.kind)" = full ]
}

start_sim --galaxy-items 1500
write_config
start_daemon
import_items
wait_quiet
fault galaxy /sync/items trickle:50
"$TILLBRIDGE" sync --full erp -c "$CONFIG" >>"$DIR/cli.log" 2>&1 &
others="$others $!"
wait_for "the items are on their way" 30 is items account erp .sync.entity
n=20
while [ "$n" -lt 26 ]; do
	n=$((n + 1))
	set_balance 21-0001 "$n"
	wait_for "the till shows $n" 10 is "$n" count_of 21-0001
	is_syncing || fail "the sync had ended before the till showed $n"
done
fault galaxy /sync/itembalances trickle:50
release
wait_for "the balances are on their way" 60 \
	is itembalances account erp .sync.entity
set_balance 21-0002 77
wait_for "the till shows it" 10 is 77 count_of 21-0002
is_syncing || fail "the sync had ended before the till showed 77"
clear_faults
release
wait_for "the sync ends" 90 is null account erp .sync.kind
wait_quiet
expect "the till" "$(count_of 21-0002)" 77
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
