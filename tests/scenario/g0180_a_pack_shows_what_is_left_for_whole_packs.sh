#!/bin/sh
# A barcode with Quantity 6 is a pack of six: its count at the till is the
# balance of the item divided by six, after a sync as after a hook.
. "${0%/*}/lib.sh"

start_sim
order galaxy/item '{"code":"80-0001","name":"Water","balance":"41","pack":true}'
write_config
start_daemon
import_items
wait_quiet

item=$(galaxy_get items | jq -r '.[] | select(.Code == "80-0001") | .ItemID')
barcode=$(galaxy_get itemaltercodes | jq -r ".[] |
	select(.ItemID == \"$item\" and .Quantity == 6) | .Code")
[ "$barcode" ] || fail "the item has no pack"

# What was 21-0001 at the till is the pack now, and 21-0002 the single.
head -n 1 "$CSV" >"$DIR/packs.csv"
awk -F, -v pack="$barcode" 'BEGIN { OFS = "," }
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
	$1 == "21-0001" { $at["erp"] = pack; print }
	$1 == "21-0002" { $at["erp"] = "80-0001"; print }' "$CSV" >>"$DIR/packs.csv"
import_items "$DIR/packs.csv"
wait_quiet
wait_for "the till shows whole packs" 20 is 6 count_of 21-0001
wait_for "and the singles" 20 is 41 count_of 21-0002

# By a hook for the item, which looks at both with one call.
order reset-calls '{}'
set_balance 80-0001 17
wait_for "the till shows it" 20 is 2 count_of 21-0001
wait_for "and the singles" 20 is 17 count_of 21-0002
expect_at_most "times the balance was asked for" "$(asked_of 80-0001)" 3

# By a sync, without a hook.
hooks galaxy off
set_balance 80-0001 35
full_sync
wait_for "the till shows it" 20 is 5 count_of 21-0001
wait_for "and the singles" 20 is 35 count_of 21-0002
set_balance 80-0001 5
tb sync erp
wait_for "no pack is left" 20 is 0 count_of 21-0001
wait_for "but singles are" 20 is 5 count_of 21-0002
