#!/bin/sh
# A person asks for a sync and is told when it has ended, and of what.
. "${0%/*}/lib.sh"

start_all
before=$(account erp .last_full)

tb sync --full erp
expect "the exit status of a full sync ($said)" "$code" 0
expect_text "what is said at its end" "$said" "^erp: full sync done in .* rows"
expect_no_text "a name that was not given" "$said" "agora"
expect_no_text "escape sequences without a terminal" "$said" "$(printf '\033')"
expect_at_least "full reads of the items" "$(calls_of galaxy /sync/items)" 1
[ "$(account erp .last_full)" != "$before" ] || fail "it was not a full sync"

tb sync
expect "the exit status of a catch-up of all ($said)" "$code" 0
expect_text "the end of one" "$said" "^erp: catch-up done"
expect_text "the end of the other" "$said" "^agora: catch-up done"

tb sync -q
expect "what a quiet one says" "$said" ""

tb sync erp kiosk
expect "the exit status with an unknown account" "$code" 2
expect_text "which accounts there are" "$said" "kiosk.*erp, agora"
expect "marks of the known one" "$(account erp .marks)" 0
