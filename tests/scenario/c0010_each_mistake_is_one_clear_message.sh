#!/bin/sh
# Every mistake of the file at once, each with its path, what was expected,
# what was found and the nearest known key; exit status 3, and nothing starts.
. "${0%/*}/lib.sh"

start_sim
refused()
{
	tb check --offline
	expect "check ($said)" "$code" 3
	expect_text "check" "$said" "$1"
	tb run
	expect "run ($said)" "$code" 3
	expect_text "run" "$said" "$1"
	expect_no_text "run" "$said" 'assert|Sanitizer|backtrace|segfault'
	[ ! -d "$DIR/state" ] || fail "a state folder was made"
}
mistake()
{
	write_config "$1"
	refused "$2"
}
mistake '.accounts[1].locaton = "L1"' 'accounts\[1\]\.locaton.*location'
mistake '.publik = {}' 'publik.*public'
mistake '.public.workers = 0' 'public\.workers'
mistake '.public.workers = "many"' 'public\.workers'
mistake '.public.listen = ["8443"]' 'public\.listen'
mistake 'del(.public.certificate)' 'public\.certificate'
mistake '.accounts[0].type = "galaxi"' 'accounts\[0\]\.type.*galaxy'
mistake '.accounts[1].name = "erp"' 'accounts\[1\]\.name'
mistake '.accounts[1].name = "sku"' 'accounts\[1\]\.name'
mistake '.accounts = []' 'accounts'
mistake 'del(.accounts[0].password)' 'accounts\[0\]\.password'
mistake '.accounts[0].password = "env:NOT_SET_AT_ALL"' 'NOT_SET_AT_ALL'
mistake '.accounts[0].password = "file:absent.txt"' 'absent\.txt'
mistake '.accounts[1].url = "http://tills.example.com"' 'accounts\[1\]\.url'
mistake '.stock.authority = "nobody"' 'stock\.authority'
mistake '.stock.reserve = "-1"' 'stock\.reserve'
mistake '.schedule.catch_up = "every day"' 'schedule\.catch_up'
mistake '.schedule.timezone = "Mars/Base"' 'schedule\.timezone'
mistake '.private.listen = ["0.0.0.0:8080"]' 'private'

# All at once, a line each.
write_config '.public.workers = 0 | .accounts[1].locaton = "L1" |
	.stock.zero_guard_percent = 200 | .redis.backlog_max = "x"'
tb check --offline
expect "check ($said)" "$code" 3
for part in public.workers locaton zero_guard_percent backlog_max; do
	expect "lines on $part in: $said" "$(echo "$said" | grep -c "$part")" 1
done

# No JSON, no file.
printf '{\n  "public": {\n    "listen": [,]\n' >"$CONFIG"
refused ':3:|line 3'
rm "$CONFIG"
refused 'gateway\.json'
