#!/bin/sh
# A balance changes in Galaxy; its hook comes over TLS; the till shows it. No
# schedule is near.
. "${0%/*}/lib.sh"

start_all
before=$(writes_of 21-0001)
set_balance 21-0001 17
wait_for "the till shows 17" 10 is 17 count_of 21-0001
wait_quiet
expect "writes" "$(($(writes_of 21-0001) - before))" 1
expect "times the balance was asked for" "$(asked_of 21-0001)" 1
wait_logged 'journey\.done .*account=agora .*sku=21-0001 .*count=17'
expect "syncs since the import" "$(calls_of galaxy companies)" 0

# A variant, and a thing sold by weight.
set_balance 31-0001:002 4
set_balance 21-0005 3.125
wait_for "the till shows the variant" 10 is 4 count_of 31-0001-M
wait_for "the till shows the weight" 10 is 3.125 count_of 21-0005
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""
