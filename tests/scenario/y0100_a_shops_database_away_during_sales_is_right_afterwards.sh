#!/bin/sh
# One Galaxy change reaches Square and the shop's own table, and nothing but the
# quantity is touched there. The database dies during sales: Square is not
# disturbed, and the shop is right when it is back, with what it had sold
# itself in the meantime taken for what it is (promises 7 and 10).
. "${0%/*}/lib.sh"
. "${0%/*}/maria.lib.sh"

start_all_with_shop
tb check
expect "exit status ($said)" "$code" 0
expect_text "what it says of the shop" "$said" \
	'shop .*MariaDB [0-9.]+, database "shop", table "stock": [0-9]+ rows'
others_were=$(sql "SELECT MD5(GROUP_CONCAT(id, idProductPOS, idProductEcommerce,
	description, limitQuantity ORDER BY id)) FROM stock")

# 21-0005 is sold by weight: the shop holds whole pieces only.
set_balance 21-0001 7
set_balance 21-0005 3.75
wait_for "Square shows 7" 10 is 7 count_of 21-0001
wait_for "the shop shows 7" 10 is 7 in_shop 21-0001
wait_for "the shop shows 3" 10 is 3 in_shop 21-0005
sell 21-0001 2
wait_for "the sale is booked" 10 is 1 entries
wait_for "the shop shows 5" 10 is 5 in_shop 21-0001
wait_quiet

# A change by the shop alone is drift.
sql "UPDATE stock SET quantity = 50 WHERE idProductPOS = '21-0001'"
tb reconcile --fix
wait_for "drift is corrected" 40 is 5 in_shop 21-0001
wait_quiet

# Away: its marks wait, its breaker opens, nobody else's.
kill_maria
for sku in 21-0001 21-0002 21-0003; do
	sell "$sku"
done
wait_for "the sales are booked" 20 is 4 entries
set_balance 21-0004 30
wait_for "Square shows 30" 10 is 30 count_of 21-0004
wait_for "the shop's breaker is open" 40 is open account shop .breaker
expect "agora's" "$(account agora .breaker)" closed
expect "erp's" "$(account erp .breaker)" closed
expect "ready all the same" "$(api_code ready)" 200
expect_text "why" "$(account shop .why)" "whether the server runs"
start_maria
wait_for "the shop gets what waited" 60 is 30 in_shop 21-0004
wait_quiet
wait_for "every channel shows its target" 20 all_agree_with_shop
expect_no_double
expect "the other columns" "$(sql "SELECT MD5(GROUP_CONCAT(id, idProductPOS,
	idProductEcommerce, description, limitQuantity ORDER BY id))
	FROM stock")" "$others_were"
expect "dead letters" "$(dead length)" 0

# And the mistakes that are made most often are named with their cure.
stop_daemon
write_config_with_shop '.accounts[2].quantity_column = "qty"'
tb check
expect "exit status of a wrong column" "$code" 1
expect_text "what is there instead" "$said" \
	'no column qty: correct quantity_column.*it shows id, idProductPOS, .*quantity'
sql "ALTER USER till@localhost IDENTIFIED BY 'another'"
write_config_with_shop
tb check
expect "exit status of a wrong password" "$code" 1
expect_text "what to mend" "$said" 'shop .*correct user and password'
