#!/bin/sh
# An account of type webhook: the examples of its page work as they stand, its
# mistakes are said, and nobody waits for an answer of it.
. "${0%/*}/lib.sh"

SHOP_HOOK=$(planted shop-hook)
SHOP_WHSEC=whsec_$(openssl rand -base64 32)
export SHOP_HOOK SHOP_WHSEC
MORE_SECRETS="$SHOP_HOOK $SHOP_WHSEC"
both='.accounts += [
	{ name: "shop", type: "webhook",
	  hook: { scheme: "hmac", secret: "env:SHOP_HOOK", sku: "/sku" } },
	{ name: "warehouse", type: "webhook", hook: { scheme: "standard",
	  secret: "env:SHOP_WHSEC", sku: "/data/sku" } }]'
start_all "$both"
hooks galaxy off

# ---- the page's examples, pasted -------------------------------------------

# example NUMBER: that block of shell, at our address.
example()
{
	awk -v wanted="$1" '/^```/ { inside = 0 }
		inside && n == wanted { print }
		/^```sh/ { n++; inside = 1 }' "$ROOT/handlers/hooks/WEBHOOK.md" |
		sed "s|https://hooks.example.com|$HOOKS|" >"$DIR/example.$1"
	grep -q "$HOOKS" "$DIR/example.$1" || fail "there is no example $1"
	CURL_CA_BUNDLE=$CERTS/ca.pem sh "$DIR/example.$1"
}

set_balance 21-0001 31
expect_text "the first example" "$(example 1)" '"event":"[0-9]+-[0-9]+"}202'
wait_for "the till shows 31" 10 is 31 count_of 21-0001
set_balance 21-0001 32
expect_text "the second example" "$(example 2)" '"event":"[0-9]+-[0-9]+"}202'
wait_for "the till shows 32" 10 is 32 count_of 21-0001
wait_quiet

# ---- how it shows -----------------------------------------------------------

tb check
expect "check ($said)" "$code" 0
expect_text "check" "$said" \
	'^ok +shop +only calls us: signed as hmac, the SKU at /sku$'
expect "its state" "$(account shop .state)" ok
expect "its marks" "$(account shop .marks)" 0
expect "its next full sync" "$(account shop .next_full)" null
expect "the summary" "$(status .summary.level)" good
! logged 'account=shop kind=(full|catch-up)' || fail "a sync was asked for"
expect "who must beat" "$(api_code ready)" 200
tb status
expect_text "status" "$said" '^shop +webhook +ok '
tb sync --full shop
expect "a sync of it" "$code" 1
expect_text "a sync of it" "$said" "shop has nothing that could be"
tb sync
expect "a sync of all ($said)" "$code" 0
tb reconcile
expect "a comparison of all ($said)" "$code" 0

# ---- the registry -----------------------------------------------------------

tb items export
expect_no_text "the export" "$said" 'shop|warehouse'
printf '%s\n' "$said" >"$DIR/export.csv"
import_items "$DIR/export.csv"
printf 'sku,shop\n21-0001,x\n' >"$DIR/bad.csv"
tb items import "$DIR/bad.csv"
expect "a column for it" "$code" 1
expect_text "a column for it" "$said" \
	'shop: no item is bound there: its calls name the SKU'
printf 'sku,authority\n21-0001,shop\n' >"$DIR/bad.csv"
tb items import "$DIR/bad.csv"
expect "it as authority" "$code" 1
expect_text "it as authority" "$said" 'has no stock: it only calls us'
stop_daemon

# ---- mistakes, all at once --------------------------------------------------

BAD=whsec_tooshort
export BAD
write_config "$both"' |
	(.accounts[] | select(.name == "shop")) += {
		url: "https://shop.example.com", reserve: 1,
		schedule: { full: "0 4 * * *" } } |
	.stock.authority = "shop"'
tb check --offline
expect "what it cannot use" "$code" 3
for mistake in 'accounts\[2\]\.url: not used' 'accounts\[2\]\.reserve: not used' \
	'accounts\[2\]\.schedule\.full: not used' \
	'stock\.authority: has no stock, it only calls us: expected one of erp, agora,'; do
	expect_text "mistakes" "$said" "^$mistake"
done
write_config "$both"' |
	.accounts[2].hook += { prefix: "x", sku: "sku", timestamp_header: "a b" } |
	.accounts[3].hook += { secret: "env:BAD", encoding: "hex" }'
tb check --offline
expect "what makes no sense" "$code" 3
for mistake in 'accounts\[2\]\.hook\.sku: expected a JSON pointer' \
	'accounts\[2\]\.hook\.timestamp_header: expected the name of a header' \
	'accounts\[3\]\.hook\.secret: expected whsec_ and the base64 of' \
	'accounts\[3\]\.hook\.encoding: not used: standard has its own'; do
	expect_text "mistakes" "$said" "^$mistake"
done
expect_no_text "mistakes" "$said" "$BAD"
write_config '.accounts = [{ name: "shop", type: "webhook",
	hook: { scheme: "hmac", secret: "env:SHOP_HOOK", sku: "/sku" } }] |
	del(.stock)'
tb check --offline
expect "nobody has stock" "$code" 3
expect_text "nobody has stock" "$said" \
	'^accounts: none has stock: all of them only call us'
