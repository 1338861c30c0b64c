#!/bin/sh
# Fifteen hundred items, more than fit one page or one call of either system, and
# drift at both ends of the list; sales go on meanwhile and are no drift.
. "${0%/*}/lib.sh"

SIM_OPTIONS="--items 1500"
start_all
hooks square off
skus=$(sim_state '.square.counts[].sku' | LC_ALL=C sort)
first=$(echo "$skus" | head -n 1)
last=$(echo "$skus" | tail -n 1)
n=$(echo "$skus" | wc -l)
for sku in $first $last; do
	order square/count "{\"sku\":\"$sku\",\"quantity\":\"77777\"}"
done
for sku in $(echo "$skus" | sed -n '100p;750p;1400p'); do
	sell "$sku"
done

tb reconcile agora
expect "the exit status with drift" "$code" 1
expect_text "how many were compared" "$said" "^agora: $n items compared, 2 drifted"
expect_text "the first" "$said" "^agora +$first .*77777 .*drift"
expect_text "the last" "$said" "^agora +$last .*77777 .*drift"

tb reconcile --fix agora
expect "the exit status of the correction ($said)" "$code" 0
expect_text "what was corrected" "$said" "^agora: $n items compared, 2 corrected"
wait_quiet
tb reconcile
expect "the exit status afterwards ($said)" "$code" 0
[ -z "$(disagreements)" ] || fail "they do not agree: $(disagreements)"
