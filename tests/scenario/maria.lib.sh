# A web shop's database beside Galaxy and Square, as the account "shop": a real
# MariaDB on a Unix socket in $DIR.
#
#     . "${0%/*}/maria.lib.sh"      right behind lib.sh
#
# shellcheck shell=sh
# shellcheck disable=SC2154,SC2120  # lib.sh sets some; scenarios give arguments

SHOP_PASSWORD=$(planted shop-password)
export SHOP_PASSWORD
MORE_SECRETS="${MORE_SECRETS:-} $SHOP_PASSWORD"
MARIA_SOCKET=$DIR/maria.sock
maria=

# sql STATEMENT: as the shop, which may do everything.
sql()
{
	mariadb --no-defaults -u root -S "$MARIA_SOCKET" -N -B -e "$1" shop
}

is_answering()
{
	mariadb --no-defaults -u root -S "$MARIA_SOCKET" -e 'SELECT 1'
}

# Files of its own; small, for nobody waits for a disk here. --force: also where
# no host has a name. --tmpdir: each one that starts clears it, of what others use
# there as well.
make_maria()
{
	mkdir "$DIR/maria.tmp"
	maria_user=
	[ "$(id -u)" -ne 0 ] || maria_user=--user=root
	mariadb-install-db --no-defaults --force $maria_user \
		--datadir="$DIR/maria" --tmpdir="$DIR/maria.tmp" \
		--auth-root-authentication-method=normal --skip-test-db \
		--innodb-log-file-size=4M >"$DIR/maria.install.log" 2>&1 ||
		fail "mariadb-install-db: $(head -5 "$DIR/maria.install.log")"
}

start_maria()
{
	# shellcheck disable=SC2086  # one word or none
	/usr/sbin/mariadbd --no-defaults $maria_user --datadir="$DIR/maria" \
		--tmpdir="$DIR/maria.tmp" --socket="$MARIA_SOCKET" \
		--skip-networking --pid-file=pid \
		--innodb-log-file-size=4M --innodb-buffer-pool-size=8M \
		--innodb-flush-log-at-trx-commit=2 \
		>>"$DIR/maria.out" 2>&1 </dev/null &
	maria=$!
	others="$others $maria"
	wait_for "mariadbd answers" 60 is_answering
}

# Like a crash.
kill_maria()
{
	kill -9 "$maria"
	wait_for "mariadbd is dead" 10 is_gone "$maria"
	wait "$maria" 2>/dev/null || :
	maria=
}

# The seed's own table, a row for each SKU of the simulator.
make_shop()
{
	make_maria
	start_maria
	mariadb --no-defaults -u root -S "$MARIA_SOCKET" -e "CREATE DATABASE shop"
	sql "CREATE TABLE stock (id INT AUTO_INCREMENT PRIMARY KEY,
		idProductPOS VARCHAR(40), idProductEcommerce INT UNIQUE,
		quantity INT NOT NULL, accountID VARCHAR(40),
		description VARCHAR(100), limitQuantity INT)"
	awk -F, 'NR == 1 { print $0 ",shop"; next }
		{ print $0 "," 100 + NR }' "$CSV" >"$CSV.new"
	mv "$CSV.new" "$CSV"
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "sku") at = i; next }
		{ printf "INSERT INTO stock SET idProductPOS = \047%s\047, ", $at
		  printf "idProductEcommerce = %d, quantity = 0, ", 100 + NR
		  print "description = \047as it was\047, limitQuantity = 2;" }' \
		"$CSV" >"$DIR/stock.sql"
	sql "$(cat "$DIR/stock.sql")"
	# As adapters/TILLS.md says.
	sql "CREATE TABLE tillbridge_sales (scope VARCHAR(190) NOT NULL,
		item VARCHAR(190) NOT NULL, n BIGINT NOT NULL, at BIGINT NOT NULL,
		sold DECIMAL(38,9) NOT NULL, quantity DECIMAL(38,9),
		PRIMARY KEY (scope, item, n), KEY (scope, at)) ENGINE=InnoDB
		CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
	sql "CREATE USER till@localhost IDENTIFIED BY '$SHOP_PASSWORD';
		GRANT SELECT, UPDATE (quantity) ON stock TO till@localhost;
		GRANT SELECT, INSERT, UPDATE ON tillbridge_sales TO till@localhost"
}

write_config_with_shop()
{
	write_config ".accounts += [{ name: \"shop\", type: \"sql\",
		socket: \"$MARIA_SOCKET\", database: \"shop\", user: \"till\",
		password: \"env:SHOP_PASSWORD\", profile: \"stock\",
		timeout_ms: 4000 }] | ${1:-.}"
}

# Bound, synced and at rest. start_all_with_shop [FILTER]
start_all_with_shop()
{
	start_sim
	make_shop
	write_config_with_shop "${1:-.}"
	start_daemon
	import_items
	wait_quiet
	wait_for "every channel shows its target" 20 all_agree_with_shop
	order reset-calls '{}'
}

# in_shop SKU: what the shop shows of it.
in_shop()
{
	sql "SELECT quantity FROM stock WHERE idProductPOS = '$1'"
}

# Prints the SKUs of which the shop does not show the whole pieces there are.
shop_disagreements()
{
	sim_state '.galaxy.items[] | [(.code | sub(":001"; "-S") |
			sub(":002"; "-M") | sub(":003"; "-L")),
			([.balance | tonumber, 0] | max | floor)] | @tsv' |
		sort >"$DIR/right"
	sql "SELECT idProductPOS, quantity FROM stock" | sort |
		comm -23 - "$DIR/right"
}

all_agree_with_shop()
{
	all_agree && [ -z "$(shop_disagreements)" ]
}
