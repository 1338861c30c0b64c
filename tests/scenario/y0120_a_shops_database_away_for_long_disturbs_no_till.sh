#!/bin/sh
# The shop's database is away while three tills and the shop itself sell: each
# sale is booked and shown at all other tills at once, as if nothing were, and
# the shop is right when it is back: its table shows what is left, and each sale
# was booked once (promises 3, 7 and 10). Away: killed, or it hangs.
#
#     AWAY_S    seconds, at least; AWAY_HOW: "kill", "stop" or both
#
# Here as long as a breaker takes to open; `make soak` does a whole minute.
. "${0%/*}/lib.sh"
. "${0%/*}/five_tills.lib.sh"
. "${0%/*}/maria.lib.sh"

AWAY_S=${AWAY_S:-3}
AWAY_HOW=${AWAY_HOW:-kill}

others_are()
{
	sql "SELECT MD5(GROUP_CONCAT(id, idProductPOS, idProductEcommerce,
		description, limitQuantity ORDER BY id)) FROM stock"
}

# go_away HOW, come_back HOW
go_away()
{
	away_since=$(date +%s)
	case $1 in
	kill) kill_maria ;;
	stop) kill -STOP "$maria" ;;
	esac
}

come_back()
{
	case $1 in
	kill) start_maria ;;
	stop) kill -CONT "$maria" ;;
	esac
}

was_away_for_long()
{
	[ $(($(date +%s) - away_since)) -ge "$AWAY_S" ] &&
		[ "$(account shop .breaker)" = open ]
}

# Who is not called, beside the shop.
held_up()
{
	status '[.accounts[] | select(.name != "shop" and .breaker != "closed") |
		.name] | join(" ")'
}

# One unit at each of the sellers and a receipt in Galaxy, all of it booked and
# shown before the next round.
trade()
{
	for seller in agora kiosk market; do
		sell_at "$seller" 21-0001
	done
	expect "the shop's own sale" "$(api_code api/synchronizer/sale --json \
		"{\"item_ecommerce_id\":$shop_id,\"delta\":1,
		\"balance\":500}")" 202
	sold=$((sold + 4))
	left=$((left - 4))
	received=$((received + 1))
	set_balance 21-0002 "$received"
	wait_for "the four sales are booked" 30 is "$sold" entries
	wait_shown_by_all 21-0001 "$left"
	wait_shown_by_all 21-0002 "$received"
	wait_for "nobody else is held up" 30 is "" held_up
}

start_sim_with_five
make_shop
# No call to the others is too slow for a busy machine.
write_config_with_five "(.accounts[].timeout_ms) = 30000 |
	.accounts += [{ name: \"shop\", type: \"sql\",
	socket: \"$MARIA_SOCKET\", database: \"shop\", user: \"till\",
	password: \"env:SHOP_PASSWORD\", profile: \"stock\",
	timeout_ms: 2000 }]"
start_daemon
import_items
wait_quiet
left=5000
received=100
sold=0
shop_id=$(sql "SELECT idProductEcommerce FROM stock
	WHERE idProductPOS = '21-0001'")
set_balance 21-0001 $left
set_balance 21-0002 $received
wait_shown_by_all 21-0001 $left
wait_shown_by_all 21-0002 $received
wait_for "the shop shows it, too" 20 is $left in_shop 21-0001
wait_quiet
wait_next_second
others_were=$(others_are)

for how in $AWAY_HOW; do
	go_away "$how"
	until was_away_for_long; do
		trade
	done
	expect "ready all the same" "$(api_code ready)" 200
	come_back "$how"
	wait_for "the shop shows what is left" 60 is "$left" in_shop 21-0001
	wait_for "and what came in" 60 is "$received" in_shop 21-0002
	trade
done

wait_quiet
wait_for "every till shows its target" 60 five_agree
expect "where the shop does not" "$(shop_disagreements)" ""
expect "booked" "$(booked_of 21-0001) in $(entries)" "$sold in $sold"
expect_no_double
expect "the other columns" "$(others_are)" "$others_were"
expect "dead letters" "$(dead length)" 0
