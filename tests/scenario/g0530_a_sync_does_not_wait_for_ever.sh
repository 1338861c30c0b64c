#!/bin/sh
# An account that is down: the command says so after half a minute and ends.
# The sync is done when the account is back.
. "${0%/*}/lib.sh"

start_all
fault galaxy /services status:503 100000
begun=$(date +%s)
tb sync --full
took=$(($(date +%s) - begun))
expect "the exit status with Galaxy down ($said)" "$code" 1
expect_at_least "seconds of patience" "$took" 25
expect_at_most "seconds of patience" "$took" $((60 * SLOW))
expect_text "why" "$said" "erp: does not answer as it should: .*503"
expect_text "what becomes of it" "$said" "stays asked for"
expect_text "the other account" "$said" "^agora: full sync done"
expect_at_least "marks that stay" "$(account erp .marks)" 1

order reset-calls '{}'
clear_faults
tb sync erp
expect "the exit status with Galaxy back ($said)" "$code" 0
wait_for "what was asked for before is done" 20 is 0 account erp .marks
expect_at_least "full reads then" "$(calls_of galaxy /sync/customers)" 1
