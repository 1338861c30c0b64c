#!/bin/sh
# Units kept back: globally, for one account, for one item; the narrowest rule
# wins, and a target is never below zero.
. "${0%/*}/lib.sh"

start_sim
write_config '.stock.reserve = "1" | .accounts[1].reserve = "3"'
awk -F , 'NR == 1 { print $0 ",reserve" }
	NR > 1 { print $0 "," ($1 == "21-0002" ? "5" : $1 == "21-0003" ? "0" : "") }' \
	"$CSV" >"$DIR/reserve.csv"
start_daemon
import_items "$DIR/reserve.csv"
wait_quiet
for code in 21-0001 21-0002 21-0003 21-0004; do
	set_balance "$code" 10
done
wait_for "the account's" 20 is 7 count_of 21-0001
wait_for "the item's" 20 is 5 count_of 21-0002
wait_for "the item's own nothing" 20 is 10 count_of 21-0003
set_balance 21-0004 2
wait_for "never below zero" 20 is 0 count_of 21-0004
