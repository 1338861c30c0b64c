#!/bin/sh
# A count that somebody changed at Tipsi is found by a sync, looked at twice and
# corrected, and never becomes a sale. A count that nobody made is unknown and
# not zero. What is not bound is none of our business, and nothing is cleared.
. "${0%/*}/lib.sh"
. "${0%/*}/tipsi.lib.sh"

start_sim_with_tipsi
write_config_with_tipsi
start_daemon
sed 's/^\(21-0009,.*\),[0-9]*$/\1,/' "$CSV" >"$DIR/without.csv"
order tipsi/count '{"sku":"21-0009","in_stock":777}'
import_items "$DIR/without.csv"
wait_quiet
expect "what Tipsi shows wrongly" "$(tipsi_disagreements)" 21-0009

# In pages of ten, through the links of each.
order tipsi/switches '{"page_max":10}'
right=$(bottles_of 21-0002)
began=$(date +%s)
order tipsi/count "{\"sku\":\"21-0002\",\"in_stock\":$((right - 5))}"
order tipsi/count "{\"sku\":\"21-0004\",\"in_stock\":1000}"
order tipsi/count '{"sku":"21-0006"}'
tb sync cellar
expect "a sync ($said)" "$code" 0
wait_for "what rose is corrected" 20 is "$(balance_of 21-0004)" bottles_of 21-0004
wait_for "what fell is corrected" 60 is "$right" bottles_of 21-0002
expect_at_least "seconds until then" $(($(date +%s) - began)) 10
wait_quiet
wait_logged 'drift\.corrected .*account=cellar .*sku=21-0002'
expect "what nobody counted" "$(bottles_of 21-0006)" null
tb sync --full cellar
expect "a full sync ($said)" "$code" 0
wait_quiet
expect "what is not bound" "$(bottles_of 21-0009)" 777
expect "what nobody counted" "$(bottles_of 21-0006)" null
expect "sync_clear" "$(sim_state .tipsi.clears)" 0
expect "entries" "$(entries)" 0

# Item by item, the same is found: 21-0004 once more.
order tipsi/count '{"sku":"21-0004","in_stock":1}'
tb reconcile --fix cellar
expect_text "a reconcile" "$said" 21-0004
wait_for "it is corrected" 60 is "$(balance_of 21-0004)" bottles_of 21-0004
