#!/bin/sh
# What holds between Galaxy and a till holds between two tills: an import says
# how many counts it will change, drift is found and mended, mass zeroing waits
# for a person.
. "${0%/*}/lib.sh"
. "${0%/*}/tills.sh"

start_sim
start_beta
tills_config 'del(.accounts[0])'
start_daemon
without_galaxy >"$BOTH_CSV"
beta_order square/count '{"sku":"21-0001","quantity":"4"}'
tb items import "$BOTH_CSV"
expect "import's exit status ($said)" "$code" 0
expect_text "import" "$said" "43 channel counts will be set to what agora says"
wait_quiet
wait_for "beta shows what agora has" 20 tills_agree

# Drift at beta, told by nobody.
hooks square off
beta_order hooks '{"system":"square","mode":"off"}'
beta_order square/count '{"sku":"21-0002","quantity":"1","announce":false}'
order square/count '{"sku":"21-0004","quantity":"9","announce":false}'
tb reconcile
expect "reconcile finds it ($said)" "$code" 1
expect_text "reconcile" "$said" "21-0002"
expect_text "reconcile" "$said" "21-0004"
tb reconcile --fix
wait_quiet
wait_for "both tills agree" 30 tills_agree
expect "beta's" "$(beta_count 21-0004)" 9
expect "orders recorded" "$(recorded_orders)" 0

# Everything at agora counted as nothing: beta's zeros wait for a person.
for sku in $(sim_state '[.square.counts[].sku] | join(" ")'); do
	order square/count "{\"sku\":\"$sku\",\"quantity\":\"0\",\"announce\":false}"
done
tb sync
wait_for "the zeros are held" 30 at_least 40 account beta .held_zeros
wait_quiet
expect "beta's" "$(beta_count 21-0004)" 9
tb dead list
expect_text "dead list" "$said" "zero"

# He lets them pass.
tb dead retry --all
expect "dead retry ($said)" "$code" 0
wait_for "beta's are zero, too" 30 is 0 beta_count 21-0004
wait_for "both tills agree" 30 tills_agree
expect "orders recorded" "$(recorded_orders)" 0
