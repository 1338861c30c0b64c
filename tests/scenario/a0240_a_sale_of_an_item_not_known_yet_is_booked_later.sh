#!/bin/sh
# A new item is bound and sold before any sync has read it: its sale waits for
# the sync and is booked then, without a person.
. "${0%/*}/lib.sh"

start_all
hooks galaxy off
variation=$(control galaxy/item \
	'{"code":"51-0001","balance":"9","square":true}' | jq -r .variation)
printf 'sku,erp,agora\n51-0001,51-0001,%s\n' "$variation" >"$DIR/new.csv"
import_items "$DIR/new.csv"
sell 51-0001 1
wait_for "the sale waits" 10 is 1 status .entries.ready
expect "refused entries" "$(status .entries.refused)" 0
tb sync erp
expect "its exit status" "$code" 0
wait_for "the sale is booked" 60 is 1 booked_of 51-0001
wait_for "the till shows what Galaxy has" 30 is "$(balance_of 51-0001)" \
	count_of 51-0001
wait_quiet
expect "refused entries" "$(status .entries.refused)" 0
