#!/bin/sh
# A count changed behind our back at the till, without any call: reconcile tells
# it and touches nothing, --fix has it corrected, and then all agree.
. "${0%/*}/lib.sh"

start_all
tb reconcile
expect "the exit status when all agree ($said)" "$code" 0
expect_text "what is said of the authority" "$said" "^erp: [0-9]+ items compared, 0 drifted"
expect_text "what is said of the till" "$said" "^agora: [0-9]+ items compared, 0 drifted"

hooks square off
right=$(count_of 21-0003)
order square/count "{\"sku\":\"21-0003\",\"quantity\":\"$((right + 5))\"}"
order reset-calls '{}'
tb reconcile
expect "the exit status with drift ($said)" "$code" 1
expect_text "the headings" "$said" "^account  sku .* shows  should show  why"
expect_text "the row" "$said" "^agora +21-0003 .* $((right + 5)) +$right  drift"
expect_text "the count of them" "$said" "^agora: .*, 1 drifted"
expect "the till's count, untouched" "$(count_of 21-0003)" $((right + 5))
expect "what the status tells" "$(account agora .reconcile.drifted)" 1

# For machines: one document, and nothing beside it.
tb reconcile --json agora
expect "the exit status for machines" "$code" 1
expect "the rows for machines" "$(printf %s "$said" | jq -c \
	'.accounts[] | select(.drifted == 1) | .rows[] |
	[.sku, .why, .shows, .should_show]')" \
	"[\"21-0003\",\"drift\",$((right + 5)),$right]"

tb reconcile --fix
expect "the exit status of the correction ($said)" "$code" 0
expect_text "what was corrected" "$said" "^agora: .*, 1 corrected, 0 drifted"
expect "the till's count" "$(count_of 21-0003)" "$right"

tb reconcile
expect "the exit status afterwards ($said)" "$code" 0
expect "entries" "$(entries)" 0
wait_logged 'reconcile\.done account=agora compared=[0-9]+ drifted=1 '

tb reconcile agora kiosk
expect "the exit status with an unknown account" "$code" 2
tb reconcile --dry-run
expect "the exit status with an option that is not its own" "$code" 2
