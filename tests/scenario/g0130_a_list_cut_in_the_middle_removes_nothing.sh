#!/bin/sh
# A list that breaks off in the middle, on each of several attempts and in many
# ways, is no list: nothing that it lacks is removed, and no cursor moves.
. "${0%/*}/lib.sh"

rows_of()
{
	daemon_cli hlen "tillbridge:mirror:erp:$1"
}

start_sim --galaxy-items 800
write_config
start_daemon
import_items
wait_quiet
items=$(rows_of items)
balances=$(rows_of itembalances)
customers=$(rows_of customers)
at_least 800 rows_of items || fail "too few items: $items"
cursor=$(mirror_note items.revision)
since=$(mirror_note itembalances.since)

# attempt LIST MODE ROWS: one full sync that meets it, after so many rows.
attempt()
{
	order faults "{\"system\":\"galaxy\",\"path\":\"/sync/$1\",
		\"mode\":\"$2\",\"rows\":$3}"
	tb sync --full erp
	wait_for "the fault was met ($1, $2)" 60 is 0 sim_state .faults_left
	at_least "$items" rows_of items || fail "$2 of $1 removed items"
	at_least "$balances" rows_of itembalances ||
		fail "$2 of $1 removed balances"
	at_least "$customers" rows_of customers ||
		fail "$2 of $1 removed customers"
}

for mode in cut end append element inside truncate empty; do
	attempt items "$mode" 20
done
for mode in end element drop; do
	attempt customers "$mode" 1
	attempt itembalances "$mode" 500
done
[ "$(mirror_note items.revision)" -ge "$cursor" ] || fail "a cursor went back"

# Broken for a while, again and again: the cursor of balances stands.
wait_quiet
since=$(mirror_note itembalances.since)
fault galaxy /sync/items truncate 100000
"$TILLBRIDGE" sync --full erp -c "$CONFIG" >>"$DIR/cli.log" 2>&1 &
others="$others $!"
wait_for "two were met" 60 at_most 99998 sim_state .faults_left
expect "the cursor of balances" "$(mirror_note itembalances.since)" "$since"
expect "items" "$(rows_of items)" "$items"
clear_faults
wait_quiet
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
