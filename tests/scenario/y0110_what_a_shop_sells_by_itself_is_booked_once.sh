#!/bin/sh
# own_changes "sales": what falls in the shop's own table was sold there, and is
# booked once: beside a sale at the till, over a kill -9 of the daemon between
# reading and recording, and over a crash of the shop's database. What rises is
# drift (promises 3 and 10).
. "${0%/*}/lib.sh"
. "${0%/*}/maria.lib.sh"

# buy SKU N: by a customer of the shop.
buy()
{
	sql "UPDATE stock SET quantity = quantity - $2 WHERE idProductPOS = '$1'"
}

# Falls that were noted.
noted()
{
	sql "SELECT COUNT(*) FROM tillbridge_sales WHERE n > 0"
}

has_looked()
{
	tb sync shop
	[ "$code" -eq 0 ]
}

look()
{
	wait_for "the shop's table is compared" 40 has_looked
}

# Until the daemon that does it has been killed; not for ever.
look_all_the_time()
{
	rounds=0
	while [ ! -e "$DIR/killed" ] && [ $((rounds += 1)) -le 300 ]; do
		"$TILLBRIDGE" sync shop -c "$CONFIG" >>"$DIR/cli.log" 2>&1 || :
		sleep 0.2
	done
}

# Killed while it posts, it asks Galaxy whether the document is there.
start_all_with_shop '.accounts[2].own_changes = "sales" |
	.accounts[0].lookup = { view: "CommercialEntry/ByDocID",
	                        field: "DOCID" }'
tb check
expect "exit status ($said)" "$code" 0
for sku in 21-0001 21-0002 21-0003 21-0004; do
	set_balance $sku 20
done
for sku in 21-0001 21-0002 21-0003 21-0004; do
	wait_for "the shop shows 20 of $sku" 20 is 20 in_shop $sku
done
wait_quiet
expect "what our own writes are taken for" "$(noted) $(entries)" "0 0"

buy 21-0001 3
look
wait_for "it is booked" 20 is 3 booked_of 21-0001
wait_for "Square shows 17" 20 is 17 count_of 21-0001
wait_quiet
expect "the shop shows" "$(in_shop 21-0001)" 17
look
wait_quiet
expect "booked once" "$(booked_of 21-0001) $(entries)" "3 1"

# A sale at the till makes us write while the shop sells.
buy 21-0002 1
sell 21-0002 2
buy 21-0002 1
look
wait_for "both are booked" 40 is 4 booked_of 21-0002
wait_quiet
expect "the shop shows" "$(in_shop 21-0002)" 16

# Killed when a fall has been noted and is not recorded yet, or hardly.
for n in 1 2; do
	before=$(noted)
	buy 21-0003 $n
	rm -f "$DIR/killed"
	look_all_the_time </dev/null &
	looking=$!
	wait_for "fall $n is noted" 30 is $((before + 1)) noted
	kill_daemon
	touch "$DIR/killed"
	wait "$looking"
	start_daemon
done
wait_for "all are booked" 60 is 3 booked_of 21-0003
wait_quiet
expect "the shop shows" "$(in_shop 21-0003)" 17

# The database dies among sales.
buy 21-0004 1
kill_maria
set_balance 21-0004 30
wait_for "Square shows 30" 20 is 30 count_of 21-0004
start_maria
buy 21-0004 2
look
wait_for "both sales are booked" 60 is 3 booked_of 21-0004
wait_quiet
expect "the shop shows" "$(in_shop 21-0004)" 27

# What rose is drift.
buy 21-0004 -5
look
wait_for "it is corrected" 40 is 27 in_shop 21-0004
wait_quiet
expect "booked" "$(for n in 1 2 3 4; do booked_of 21-000$n; done | xargs)" \
	"3 4 3 3"
wait_for "every channel shows its target" 20 all_agree_with_shop
expect_no_double

# It must not post as well what its counts tell.
expect "an order" "$(api_code api/orders --json \
	'{"number":"S-1","lines":[{"sku":"21-0001","quantity":1}]}')" 409
id=$(sql "SELECT idProductEcommerce FROM stock WHERE idProductPOS = '21-0001'")
expect "a sale" "$(api_code api/synchronizer/sale --json \
	"{\"item_ecommerce_id\":$id,\"delta\":1,\"balance\":500}")" 409
tb explain 21-0001
expect_text "what a person reads" "$said" 'shop.* sold'
expect "dead letters" "$(dead length)" 0
