#!/bin/sh
# What would a sync change? A table says so, and nothing has changed after it.
. "${0%/*}/lib.sh"

start_all
sku=$(sim_state '.square.counts[0].sku')
shown=$(count_of "$sku")
rows=$(account erp '[.mirror[].rows] | add')
hooks galaxy off
set_balance "$sku" "$((shown + 7))"

tb sync --dry-run --full erp
expect "the exit status ($said)" "$code" 0
expect_text "that nothing was written" "$said" "nothing was written"
expect_text "the list of items" "$said" "^  items +[0-9]+ +0 +0$"
expect_text "the count that differs" "$said" "counts read, 1 differs"

stays "the till shows what it showed" 3 is "$shown" count_of "$sku"
expect "rows in the mirror" "$(account erp '[.mirror[].rows] | add')" "$rows"

tb sync erp
expect "the exit status of the real one ($said)" "$code" 0
wait_for "the real one reaches the till" 20 is $((shown + 7)) count_of "$sku"
wait_quiet
tb sync --dry-run
expect "the exit status of the next ($said)" "$code" 0
expect_text "that nothing is left to do" "$said" "counts read, 0 differ$"
expect_no_text "that nothing is left to do" "$said" "differs"
