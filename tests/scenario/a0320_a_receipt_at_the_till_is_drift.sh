#!/bin/sh
# A delivery that somebody enters at the till, instead of where the stock is
# kept, is drift: corrected, told, and never an entry. So is a sale that was
# taken back there without a refund.
. "${0%/*}/lib.sh"

start_all '.accounts[0].entry.returns = "negative"'
right=$(balance_of 21-0003)
order square/move '{"sku":"21-0003","quantity":"6","from":"NONE",
	"to":"IN_STOCK"}'
wait_for "it is corrected" 30 is "$right" count_of 21-0003
wait_quiet
wait_for "drift that was told" 10 \
	is 1 times_logged 'drift\.corrected .*sku=21-0003'
order square/move '{"sku":"21-0003","quantity":"1","from":"SOLD",
	"to":"IN_STOCK"}'
wait_for "it is corrected" 30 is "$right" count_of 21-0003
wait_quiet
wait_for "drift that was told" 10 \
	is 2 times_logged 'drift\.corrected .*sku=21-0003'
expect "entries" "$(entries)" 0
expect "dead letters" "$(dead length)" 0
