#!/bin/sh
# The commands that README lists for a Redis of your own are all it needs: hooks,
# sales, orders, syncs, tokens and pictures work under exactly these permissions.
. "${0%/*}/lib.sh"
. "${0%/*}/token.lib.sh"

# The lines of README's ACL, joined; the same password as everybody's.
rights=$(sed -n '/user default on >PASSWORD/,/xpending$/p' README.md |
	tr -s '\n ' '  ' | sed 's/>PASSWORD/>opensesame/')
expect_text "README's permissions" "$rights" '\+evalsha .*\+xpending'
echo "$rights" >"$DIR/users.acl"
start_redis --aclfile "$DIR/users.acl"
REDISCLI_AUTH=opensesame
REDIS_PASSWORD=opensesame
export REDISCLI_AUTH REDIS_PASSWORD
pkce_flow
SIM_OPTIONS=$TOKEN_SIM
start_all ".redis.url = \"$REDIS_URL\" | .redis.password = \"env:REDIS_PASSWORD\" |
	$(token_filter)"

set_balance 21-0001 55
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_for "the till shows it" 15 is 55 count_of 21-0001
sell 21-0002 1
wait_for "the sale is booked" 15 is 1 entries
expect "an order" "$(curl -sS --max-time 10 -o /dev/null -w '%{http_code}' \
	--json '{"number":1,"lines":[{"sku":"21-0003","quantity":1}]}' \
	-H 'Idempotency-Key: k' "$API/api/orders")" 202
wait_for "the order is booked" 15 is 2 entries
full_sync
image=$(galaxy_get itemimages | jq -r '.[0].ID')
expect "a picture" "$(api_code "api/galaxy/images/$image")" 200
expect "the mirror's items" "$(api_code api/galaxy/items)" 200
tb sync --dry-run >/dev/null || fail "a dry run"
tb items export >/dev/null || fail "an export"
tb dead list >/dev/null || fail "the dead letters"
order square/expire '{}'
sell 21-0002 1
wait_for "the sale under a new token is booked" 15 is 3 entries
wait_quiet
! grep -i 'noperm\|no permission' "$LOG" || fail "something was not permitted"
