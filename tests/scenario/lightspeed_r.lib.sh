# Lightspeed R beside Galaxy and Square, as the account "bazaar".
#
#     . "${0%/*}/lightspeed_r.lib.sh"      right behind lib.sh
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2120,SC2154  # scenarios use what is set here

BAZAAR_SECRET=$(planted lightspeed-secret)
BAZAAR_REFRESH=$(planted lightspeed-refresh)
export BAZAAR_SECRET BAZAAR_REFRESH
MORE_SECRETS="${MORE_SECRETS:-} $BAZAAR_SECRET $BAZAAR_REFRESH"

start_sim_with_bazaar()
{
	start_sim --lightspeed-r-secret-env BAZAAR_SECRET \
		--lightspeed-r-refresh-env BAZAAR_REFRESH "$@"
	BAZAAR=http://$(sim_address lightspeed_r)
}

# write_config_with_bazaar [FILTER]: of jq, on top of it.
write_config_with_bazaar()
{
	write_config ".accounts += [{ name: \"bazaar\", type: \"lightspeed_r\",
		url: \"$BAZAAR\", account: 100, client_id: \"client-r\",
		client_secret: \"env:BAZAAR_SECRET\",
		refresh_token: \"env:BAZAAR_REFRESH\", shop: 1, register: 1,
		employee: 2, payment_type: 7, timeout_ms: 4000 }] | ${1:-.}"
}

# Bound, synced and at rest.
start_all_with_bazaar()
{
	start_sim_with_bazaar
	write_config_with_bazaar "${1:-.}"
	start_daemon
	import_items
	wait_quiet
	wait_for "every channel shows its target" 40 bazaar_agrees
	wait_next_second
	order reset-calls '{}'
}

# Lightspeed R keeps the stock, and Square follows; no Galaxy.
start_bazaar_as_authority()
{
	start_sim_with_bazaar
	write_config_with_bazaar "del(.accounts[0]) |
		.stock.authority = \"bazaar\" | ${1:-.}"
	start_daemon
	cut -d , -f 1,2,4,5 "$CSV" | awk -F , '$4 != ""' >"$DIR/two.csv"
	import_items "$DIR/two.csv"
	wait_quiet
	wait_for "Square shows what Lightspeed has" 40 agora_follows
}

# bazaar_count SKU: what Lightspeed shows of it.
bazaar_count()
{
	sim_state ".lightspeed_r.counts[] | select(.sku == \"$1\") | .count"
}

# bazaar_tally SKU MEMBER: sold, recorded, written, writes
bazaar_tally()
{
	sim_state ".lightspeed_r.counts[] | select(.sku == \"$1\") | .$2"
}

# sell_at_bazaar SKU [QUANTITY [MEMBERS]]: sets $sale.
sell_at_bazaar()
{
	sale=$(control lightspeed_r/sell \
		"{\"lines\":[{\"sku\":\"$1\",\"quantity\":${2:-1}}]${3:-}}" |
		jq -r .sale)
}

# bazaar_sales STATE [FILTER]: sales with a reference of ours.
bazaar_sales()
{
	sim_state "[.lightspeed_r.sales[] | select(.state == \"$1\" and
		(.reference | startswith(\"TB-\")))] | ${2:-length}"
}

# Asked for by a person, since the clock's turn is far away: what has changed
# there, and its sales.
poll_bazaar()
{
	tb sync bazaar
	expect "sync ($said)" "$code" 0
}

# Prints the SKUs of which Lightspeed does not show the pieces there are.
bazaar_disagreements()
{
	sim_state '(.galaxy.items | map({key: (.code | sub(":001"; "-S") |
			sub(":002"; "-M") | sub(":003"; "-L")),
			value: (.balance | tonumber)}) | from_entries) as $right |
		.lightspeed_r.counts[] | select(.count !=
			([$right[.sku], 0] | max | floor)) | .sku'
}

bazaar_agrees()
{
	all_agree && [ -z "$(bazaar_disagreements)" ]
}

# Square shows what Lightspeed has.
agora_follows()
{
	[ -z "$(sim_state '(.lightspeed_r.counts | map({key: .sku,
			value: .count}) | from_entries) as $right |
		.square.counts[] | select($right[.sku] != null and
			(.count | tonumber) != ([$right[.sku], 0] | max)) |
		.sku')" ]
}

# No sale of ours is half made, none is there twice, each is paid to the cent.
expect_bazaar_whole()
{
	expect "open sales of ours" "$(bazaar_sales open)" 0
	expect "references used twice" "$(bazaar_sales completed \
		'group_by(.reference) | map(select(length > 1)) | length')" 0
	expect "sales paid otherwise" "$(bazaar_sales completed \
		'map(select(.paid != .total)) | length')" 0
}

renewals()
{
	sim_state .lightspeed_r.refreshes
}

# Nothing was asked for with a refresh token that had died.
expect_none_refused()
{
	expect "renewals refused" \
		"$(sim_state .lightspeed_r.refused_refreshes)" 0
}
