#!/bin/sh
# A return of something that nobody has bound waits, is shown as waiting, and is
# counted when a binding appears: read again by its own id.
. "${0%/*}/lib.sh"

start_sim
write_config '.accounts[0].entry.returns = "negative"'
start_daemon
grep -v '^21-0010,' "$CSV" >"$DIR/without.csv"
import_items "$DIR/without.csv"
wait_quiet
right=$(balance_of 21-0010)
order square/move '{"sku":"21-0010","quantity":"2",
	"from":"UNLINKED_RETURN","to":"IN_STOCK"}'
tb sync --full agora
wait_for "it waits" 20 is 1 account agora .waiting_lines
expect "entries" "$(entries)" 0
order reset-calls '{}'

import_items
wait_for "it is booked" 40 is -2 booked_of 21-0010
wait_quiet
expect "lines that wait" "$(account agora .waiting_lines)" 0
expect "calls that read it by its id" "$(calls_of square adjustments/)" 1
expect "the balance" "$(balance_of 21-0010)" $((right + 2))
wait_for "every channel shows its target" 20 all_agree
expect "entries" "$(entries)" 1
expect_no_double
