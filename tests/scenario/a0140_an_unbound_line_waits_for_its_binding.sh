#!/bin/sh
# A sale with a line that nobody has bound: its bound lines are posted, it is
# shown as waiting, and the rest is posted when a binding appears.
. "${0%/*}/lib.sh"

start_sim
write_config
start_daemon
grep -v '^21-0010,' "$CSV" >"$DIR/without.csv"
import_items "$DIR/without.csv"
wait_quiet
order square/sell '{"lines":[{"sku":"21-0010","quantity":"2"},
	{"sku":"21-0011","quantity":"3"}]}'
wait_for "the bound line is booked" 20 is 3 booked_of 21-0011
wait_quiet
expect "the other" "$(booked_of 21-0010)" 0
expect "lines that wait" "$(account agora .waiting_lines)" 1

import_items
wait_for "the other line is booked" 40 is 2 booked_of 21-0010
wait_quiet
expect "lines that wait" "$(account agora .waiting_lines)" 0
expect "entries" "$(entries)" 2
expect "booked of the first" "$(booked_of 21-0011)" 3
expect_no_double
expect "SKUs that disagree" "$(disagreements)" ""
