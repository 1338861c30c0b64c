#!/bin/sh
# Redis comes back empty, and a till keeps the stock: a sale that was recorded
# there before is found by its reference and not recorded again, one that was
# not is recorded; no person is needed.
. "${0%/*}/lib.sh"
. "${0%/*}/tills.sh"

start_redis
start_tills ".redis.url = \"$REDIS_URL\""
sell_at_beta 21-0003 2
wait_for "agora has the order" 20 is 1 paid_orders
wait_quiet
stop_daemon
redis_cli flushall >/dev/null
beta_order hooks '{"system":"square","mode":"off"}'
sell_at_beta 21-0004 1
start_daemon
wait_logged ' (warn|error) .*(lost|loss|installation)'
import_items "$BOTH_CSV"
tb sync --full
wait_for "what was sold meanwhile is recorded" 90 is 1 recorded_of 21-0004
wait_for "nothing is uncertain" 90 is 0 status .entries.uncertain
wait_quiet
expect "the first was looked up and found" \
	"$(times_logged 'entry\.looked_up .*found=yes')" 1
expect "the second was looked up and not found" \
	"$(times_logged 'entry\.looked_up .*found=no')" 1
expect "recorded" "$(recorded_of 21-0003)" 2
expect "orders" "$(recorded_orders)" 2
expect_once
wait_for "both tills agree" 30 tills_agree
expect "dead letters" "$(dead length)" 0
