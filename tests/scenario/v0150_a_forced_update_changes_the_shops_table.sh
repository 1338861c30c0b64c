#!/bin/sh
# The seed synchronizer's README, with the shop's own table of stock in a real
# MariaDB: items registered with its curl calls, start, forceUpdate, and the
# table shows what the till has; a sale posted by the shop reaches the till once,
# and the table falls by it. Nothing but the quantity is touched there, and only
# what is registered and has no row gets one, as ever.
. "${0%/*}/lib.sh"
. "${0%/*}/maria.lib.sh"

post()
{
	curl -sS --max-time 10 -X POST "$API/$1" -H 'Cache-Control: no-cache' \
		-H 'Content-Type: application/json' ${2:+-d "$2"}
}

# register JSON: waits until it is done.
register()
{
	job=$(post api/items "$1" | jq -r .)
	wait_for "it is registered: $1" 20 job_is "${job##*/}" Succeeded
}

job_is()
{
	api "api/itemstask/$1" | jq -r . | grep -q "^Job status : $2\$"
}

row_of()
{
	sql "SELECT quantity FROM stock WHERE idProductEcommerce = $1"
}

# As the shop sees its table without the one column that is ours.
others_are()
{
	sql "SELECT MD5(GROUP_CONCAT(id, idProductPOS, idProductEcommerce,
		accountID, description, limitQuantity ORDER BY id)) FROM stock
		WHERE idProductEcommerce < 20"
}

start_sim
make_maria
start_maria
mariadb --no-defaults -u root -S "$MARIA_SOCKET" -e "CREATE DATABASE shop"
sql "CREATE TABLE stock (id INT AUTO_INCREMENT PRIMARY KEY,
	idProductPOS VARCHAR(40), idProductEcommerce INT UNIQUE,
	quantity INT NOT NULL, accountID VARCHAR(40),
	description VARCHAR(100), limitQuantity INT)"
for id in 17 18 19; do
	sql "INSERT INTO stock SET idProductPOS = 'x', idProductEcommerce = $id,
		quantity = 999, accountID = 'L1', description = 'as it was',
		limitQuantity = 0"
done
sql "CREATE USER till@localhost IDENTIFIED BY '$SHOP_PASSWORD';
	GRANT SELECT, UPDATE (quantity) ON stock TO till@localhost"
before=$(others_are)
write_config_with_shop 'del(.accounts[0]) | .stock.authority = "agora"'
start_daemon
wait_quiet

first=21-0006
second=21-0003
name=$(sed -n "s/^$first,\([^,]*\),.*/\1/p" "$CSV" | tr -d '"')
register "{\"item_name\":\"$name\",\"item_ecommerce_id\":17,
	\"account_id\":\"L1\"}"
register "{\"item_pos_id\":\"$(variation_of $second)\",
	\"item_ecommerce_id\":\"18\",\"account_id\":\"L1\",\"limit_quantity\":2}"
wait_quiet
expect "the first" "$(row_of 17)" "$(count_of $first)"
expect "the second, two kept back" "$(row_of 18)" "$(($(count_of $second) - 2))"

# The table that this API kept always got its rows from here.
job=$(post api/items "{\"item_pos_id\":\"$(variation_of 21-0004)\",
	\"item_ecommerce_id\":20,\"account_id\":\"L1\"}" | jq -r .)
wait_for "there is no row, and we may add none" 20 \
	job_is "${job##*/}" 'Failed\. .*grant INSERT.*'
sql "GRANT INSERT ON stock TO till@localhost"
register "{\"item_pos_id\":\"$(variation_of 21-0004)\",
	\"item_ecommerce_id\":20,\"account_id\":\"L1\"}"
wait_quiet
expect "its row" "$(sql "SELECT idProductPOS, quantity, accountID, limitQuantity
	FROM stock WHERE idProductEcommerce = 20" | tr '\t' ' ')" \
	"$(variation_of 21-0004) $(count_of 21-0004) L1 0"
expect "its description" "$(sql "SELECT description FROM stock WHERE
	idProductEcommerce = 20")" ""

# Something was changed at the till that nobody told us of, and in the table.
expect "stop" "$(post api/synchronizer/stop)" '"stopped"'
expect "start" "$(post api/synchronizer/start)" '"started"'
expect "the switch" "$(api api/synchronizer)" '"True"'
hooks square off
order square/count "{\"sku\":\"$first\",\"quantity\":\"41\"}"
sql "UPDATE stock SET quantity = 500 WHERE idProductEcommerce = 18"
expect "nobody told us" "$(row_of 17)" "$(api api/items/L1 | jq -r '.[0].quantity')"
expect "forceUpdate" "$(post api/synchronizer/forceUpdate)" '"pending updated"'
wait_for "the table shows what the till has" 30 is 41 row_of 17
wait_for "and is corrected" 40 is "$(($(count_of $second) - 2))" row_of 18
expect "a row that nobody registered" "$(row_of 19)" 999
hooks square on
wait_quiet

# What the shop sold.
job=$(post api/synchronizer/sale \
	'{"item_ecommerce_id":17,"delta":2,"balance":2400}' | jq -r .location)
wait_for "the sale is at the till" 20 job_is "$job" Succeeded
wait_for "the table shows it" 20 is 39 row_of 17
wait_quiet
expect "at the till" "$(count_of $first)" 39
expect "sold by the shop" "$(sim_state ".square.counts[] |
	select(.sku == \"$first\") | .recorded")" 2
expect "in the table" "$(row_of 17)" 39
expect "rows" "$(api api/items/L1 | jq -r '[.[:2][].quantity] | join(" ")')" \
	"39 $(count_of $second)"

# And a sale at the till.
sell $first
wait_for "the table shows it, too" 20 is 38 row_of 17
wait_quiet
expect "the other columns" "$(others_are)" "$before"
expect "dead letters" "$(dead length)" 0
