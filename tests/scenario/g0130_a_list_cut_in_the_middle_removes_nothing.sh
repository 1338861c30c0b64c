#!/bin/sh
# A list that breaks off in the middle, on each of several attempts and in many
# ways, is no list: nothing that it lacks is removed, and no cursor moves.
. "${0%/*}/lib.sh"

rows_of()
{
	daemon_cli hlen "tillbridge:mirror:erp:$1"
}

start_sim --galaxy-items 2000
write_config
start_daemon
import_items
wait_quiet
items=$(rows_of items)
balances=$(rows_of itembalances)
customers=$(rows_of customers)
at_least 2000 rows_of items || fail "too few items: $items"
cursor=$(mirror_note items.revision)
since=$(mirror_note itembalances.since)

for list in items customers itembalances; do
	rows=20
	[ "$list" != customers ] || rows=1
	for mode in cut end append element inside drop truncate empty; do
		clear_faults
		order faults "{\"system\":\"galaxy\",\"path\":\"/sync/$list\",
			\"mode\":\"$mode\",\"rows\":$rows}"
		tb sync --full erp
		wait_for "the fault was met ($list, $mode)" 60 \
			is 0 sim_state .faults_left
		at_least "$items" rows_of items ||
			fail "$mode of $list removed items"
		at_least "$balances" rows_of itembalances ||
			fail "$mode of $list removed balances"
		at_least "$customers" rows_of customers ||
			fail "$mode of $list removed customers"
	done
done
[ "$(mirror_note items.revision)" -ge "$cursor" ] || fail "a cursor went back"

# Broken for a while, four times in a row: the cursor of balances stands.
wait_quiet
since=$(mirror_note itembalances.since)
fault galaxy /sync/items truncate 4
"$TILLBRIDGE" sync --full erp -c "$CONFIG" >>"$DIR/cli.log" 2>&1 &
others="$others $!"
wait_for "two were met" 60 at_most 2 sim_state .faults_left
expect "the cursor of balances" "$(mirror_note itembalances.since)" "$since"
expect "items" "$(rows_of items)" "$items"
clear_faults
wait_quiet
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
