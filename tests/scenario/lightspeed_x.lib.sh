# Lightspeed X beside Galaxy and Square, as the account "market".
#
#     . "${0%/*}/lightspeed_x.lib.sh"      right behind lib.sh
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2120  # scenarios use what is set here

LIGHTSPEED_X_TOKEN=$(planted lightspeed-token)
LIGHTSPEED_X_SECRET=$(planted lightspeed-secret)
LIGHTSPEED_X_REFRESH=$(planted lightspeed-refresh)
export LIGHTSPEED_X_TOKEN LIGHTSPEED_X_SECRET LIGHTSPEED_X_REFRESH
MORE_SECRETS="${MORE_SECRETS:-} $LIGHTSPEED_X_TOKEN $LIGHTSPEED_X_SECRET
	$LIGHTSPEED_X_REFRESH"

# What an id of the simulator's is: KIND NUMBER.
x_id()
{
	printf '0a0000%02x-0000-4000-8000-%012x' "$1" "$2"
}

# With a personal token, and hooks signed all the same: which of them are is a
# question of who registered them.
start_sim_with_market()
{
	start_sim --lightspeed-x-token-env LIGHTSPEED_X_TOKEN \
		--lightspeed-x-secret-env LIGHTSPEED_X_SECRET \
		--lightspeed-x-hook-url "$HOOKS/hooks/market" "$@"
	MARKET=http://$(sim_address lightspeed_x)
	# A window that no scenario fills unless it wants to.
	order lightspeed_x/switches '{"registers":1000}'
}

# write_config_with_market [FILTER]: of jq, on top of it.
write_config_with_market()
{
	write_config ".accounts += [{ name: \"market\", type: \"lightspeed_x\",
		url: \"$MARKET\", access_token: \"env:LIGHTSPEED_X_TOKEN\",
		outlet: \"$(x_id 1 1)\", register: \"$(x_id 2 1)\",
		user: \"$(x_id 3 1)\", payment_type: \"$(x_id 4 1)\",
		registers: 1000, timeout_ms: 4000,
		hook: { client_secret: \"env:LIGHTSPEED_X_SECRET\" } }] |
		${1:-.}"
}

# Bound, synced and at rest.
start_all_with_market()
{
	start_sim_with_market
	write_config_with_market "${1:-.}"
	start_daemon
	import_items
	wait_quiet
	wait_for "every channel shows its target" 20 market_agrees
	wait_next_second
	order reset-calls '{}'
}

# market_count SKU: what Lightspeed shows of it.
market_count()
{
	sim_state ".lightspeed_x.counts[] | select(.sku == \"$1\") | .count"
}

# market_tally SKU MEMBER: sold, recorded, moved, written, writes
market_tally()
{
	sim_state ".lightspeed_x.counts[] | select(.sku == \"$1\") | .$2"
}

# sell_at_market SKU [QUANTITY [MEMBERS]]: sets $sale.
sell_at_market()
{
	sale=$(control lightspeed_x/sell \
		"{\"lines\":[{\"sku\":\"$1\",\"quantity\":\"${2:-1}\"}]${3:-}}" |
		jq -r .sale)
}

# market_sales [FILTER]: closed ones that we recorded.
market_sales()
{
	sim_state "[.lightspeed_x.sales[] | select(.state == \"closed\" and
		.ours)] | ${1:-length}"
}

# Prints the SKUs of which Lightspeed does not show what there is.
market_disagreements()
{
	sim_state '(.galaxy.items | map({key: (.code | sub(":001"; "-S") |
			sub(":002"; "-M") | sub(":003"; "-L")),
			value: (.balance | tonumber)}) | from_entries) as $right |
		.lightspeed_x.counts[] | select((.count | tonumber) !=
			([$right[.sku], 0] | max)) | .sku'
}

market_agrees()
{
	all_agree && [ -z "$(market_disagreements)" ]
}

# market_hook BODY [KEY]: by hand, signed as by default.
market_hook()
{
	hook market -d "$1" -H "X-Signature: signature=$(printf %s "$1" |
		openssl dgst -sha256 -hmac "${2:-$LIGHTSPEED_X_SECRET}" |
		sed 's/.* //'),algorithm=HMAC-SHA256"
}

# Lightspeed X keeps the stock of what it and Square sell.
start_market_as_authority()
{
	start_sim_with_market
	write_config_with_market \
		'del(.accounts[0]) | .stock.authority = "market"'
	start_daemon
	cut -d , -f 1,2,4,5 "$CSV" | awk -F , '$4 != ""' >"$DIR/two.csv"
	import_items "$DIR/two.csv"
	wait_quiet
	wait_for "Square shows what Lightspeed has" 20 agora_agrees
}

# Prints the SKUs of which Square does not show what Lightspeed has.
agora_differs()
{
	sim_state '(.lightspeed_x.counts | map({key: .sku,
			value: (.count | tonumber)}) | from_entries) as $right |
		.square.counts[] | select($right[.sku] != null and
			(.count | tonumber) != ([$right[.sku], 0] | max)) | .sku'
}

agora_agrees()
{
	[ -z "$(agora_differs)" ]
}


# No entry has anything before it. (The mark of a look-up that a person was
# quicker than stays for half a minute: that is no rest, and need not be.)
entries_are_done()
{
	[ "$(status '.entries | .ready + .posting + .confirmed + .uncertain')" = 0 ]
}

# No sale was recorded twice, and each is paid.
expect_recorded_once()
{
	expect "references used twice" "$(market_sales \
		'group_by(.reference) | map(select(length > 1)) | length')" 0
	expect "sales that are not paid" \
		"$(market_sales 'map(select(.paid != .total)) | length')" 0
}
