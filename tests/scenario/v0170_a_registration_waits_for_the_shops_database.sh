#!/bin/sh
# An item is registered while the shop's database is dead: it is bound, its job
# says what it waits for, and over a kill -9 of the daemon it gets its row in the
# synchronizer's own table, once, and then its count.
. "${0%/*}/lib.sh"
. "${0%/*}/maria.lib.sh"

job()
{
	api "api/itemstask/$job?format=json" | jq -r "$1"
}

rows_of()
{
	sql "SELECT idProductPOS, quantity, accountID, limitQuantity FROM stock
		WHERE idProductEcommerce = $1" | tr '\t' ' '
}

start_sim
make_shop
sql "GRANT INSERT ON stock TO till@localhost"
write_config_with_shop 'del(.accounts[0]) | .stock.authority = "agora"'
start_daemon
wait_quiet
till=$(variation_of 21-0003)

kill_maria
job=$(api api/items --json "{\"item_pos_id\":\"$till\",
	\"item_ecommerce_id\":17,\"account_id\":\"L1\",\"limit_quantity\":2}" |
	jq -r .)
job=${job##*/}
bound_at_both()
{
	api api/items | jq -e '.items[0].bindings | length == 2'
}
wait_for "it is bound" 20 bound_at_both
wait_for "its job says what it waits for" 30 \
	is "the shop's account is in trouble" job '.why[:32]'
expect_text "its state" "$(job .state)" "^(waiting|working)$"

kill_daemon
start_maria
expect "rows before" "$(rows_of 17)" ""
start_daemon
wait_for "its job is done" 60 is done job .state
wait_quiet
expect "its row" "$(rows_of 17)" "$till $(($(count_of 21-0003) - 2)) L1 2"

# Once more: the same row.
api api/items --json "{\"item_pos_id\":\"$till\",\"item_ecommerce_id\":\"17\",
	\"account_id\":\"agora\"}" >"$DIR/again"
job=$(jq -r . "$DIR/again")
job=${job##*/}
wait_for "the second job is done" 20 is done job .state
wait_quiet
expect "its row" "$(rows_of 17)" "$till $(($(count_of 21-0003) - 2)) L1 2"
expect "dead letters" "$(dead length)" 0
