#!/bin/sh
# 100,000 lines with three bad ones: the three are named and nothing is written.
# Of a shorter file --skip-errors leaves out these three; mended, all go in, come
# out as they went in, and go in again without a change.
. "${0%/*}/lib.sh"

# lines N [BAD]: a file of so many items, three of them wrong.
lines()
{
	awk -v n="$1" -v bad="${2:-}" 'BEGIN {
		print "sku,name,authority,reserve,erp,agora"
		for (i = 1; i <= n; i++) {
			reserve = bad && i == 7 ? "lots" : i % 3
			agora = bad && i == n - 1 ? "V1" : "V" i
			sku = bad && i == int(n / 2) ? "" : sprintf("%07d", i)
			printf "%s,item %d,,%s,21-%d,%s\n", sku, i, reserve, i, agora
		}
	}'
}

items()
{
	redis_cli zcard tillbridge:items
}

# expect_three N: the three bad lines of N are named, in their order.
expect_three()
{
	expect "the lines named" "$(printf '%s\n' "$said" |
		sed -n 's/.*bad.csv:\([0-9]*\): .*/\1/p' | tr '\n' ' ')" \
		"8 $(($1 / 2 + 1)) $1 "
	expect_text "the first" "$said" "bad.csv:8: reserve: expected"
	expect_text "the second" "$said" ": sku: empty"
	expect_text "the third" "$said" ": agora: V1 is given on line 2 already"
}

start_redis
write_config ".redis.url = \"$REDIS_URL\""

n=100000
lines $n yes >"$DIR/bad.csv"
tb items import "$DIR/bad.csv"
expect "the exit status ($said)" "$code" 1
expect_three $n
expect_text "how many" "$said" "3 mistakes; nothing was written"
expect "items stored" "$(items)" 0

n=3000
lines $n yes >"$DIR/bad.csv"
lines $n >"$DIR/good.csv"
tb items import "$DIR/bad.csv" --skip-errors --dry-run
expect "the exit status ($said)" "$code" 1
expect_three $n
expect_text "what would be" "$said" "$((n - 3)) items would be imported"
expect "items stored" "$(items)" 0
tb items import "$DIR/bad.csv" --skip-errors
expect "the exit status ($said)" "$code" 1
expect_text "what was left out" "$said" "3 lines left out"
expect "items stored" "$(items)" $((n - 3))

tb items import "$DIR/good.csv"
expect "the exit status ($said)" "$code" 0
expect_text "what it did" "$said" "$n items imported: 6 bindings"
"$TILLBRIDGE" items export -c "$CONFIG" >"$DIR/out.csv"
cmp "$DIR/good.csv" "$DIR/out.csv" || fail "the export is another file"
tb items import "$DIR/out.csv"
expect_text "what it did" "$said" "$n items imported: 0 bindings"
