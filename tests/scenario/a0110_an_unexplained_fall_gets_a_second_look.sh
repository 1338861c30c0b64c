#!/bin/sh
# A till's count falls without a sale: it may be one not yet announced. Only a
# second look at the sales, at least ten seconds later, makes it drift, which
# is corrected and never becomes a sale.
. "${0%/*}/lib.sh"

start_all
right=$(balance_of 21-0003)
began=$(date +%s)
order square/count "{\"sku\":\"21-0003\",\"quantity\":\"$((right - 5))\"}"
wait_for "it is corrected" 60 is "$right" count_of 21-0003
expect_at_least "seconds until then" $(($(date +%s) - began)) 10
wait_quiet
wait_logged 'drift\.corrected .*account=agora .*sku=21-0003'
expect "entries" "$(entries)" 0

# A count that rose is drift at once.
order square/count "{\"sku\":\"21-0003\",\"quantity\":\"$((right + 5))\"}"
wait_for "it is corrected" 30 is "$right" count_of 21-0003
wait_quiet
expect "entries" "$(entries)" 0
