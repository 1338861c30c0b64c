# Hiboutik beside Galaxy and Square, as the account "kiosk".
#
#     . "${0%/*}/hiboutik.lib.sh"      right behind lib.sh
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2120  # scenarios use what is set here

HIBOUTIK_KEY=$(planted hiboutik-key)
# What the vendor's plug-ins make of the key and the account's name.
HIBOUTIK_TOKEN=$(printf demo | openssl dgst -sha256 -hmac "$HIBOUTIK_KEY" |
	sed 's/.* //')
export HIBOUTIK_KEY HIBOUTIK_TOKEN
MORE_SECRETS="${MORE_SECRETS:-} $HIBOUTIK_KEY $HIBOUTIK_TOKEN"

start_sim_with_hiboutik()
{
	start_sim --hiboutik-key-env HIBOUTIK_KEY \
		--hiboutik-hook-url "$HOOKS/hooks/kiosk" "$@"
	HIBOUTIK=http://$(sim_address hiboutik)
}

# write_config_with_hiboutik [FILTER]: of jq, on top of it. So many calls that no
# poll waits for its turn.
write_config_with_hiboutik()
{
	write_config ".accounts += [{ name: \"kiosk\", type: \"hiboutik\",
		url: \"$HIBOUTIK/api\", email: \"till@example.com\",
		api_key: \"env:HIBOUTIK_KEY\", store: 1, warehouse: 5,
		timezone: \"Europe/Athens\", timeout_ms: 4000,
		monthly_calls: 100000000,
		hook: { token: \"env:HIBOUTIK_TOKEN\" } }] | ${1:-.}"
}

# Bound, synced and at rest.
start_all_with_hiboutik()
{
	start_sim_with_hiboutik
	write_config_with_hiboutik "${1:-.}"
	start_daemon
	import_items
	wait_quiet
	wait_for "every channel shows its target" 20 kiosk_agrees
	wait_next_second
	order reset-calls '{}'
}

# kiosk_count SKU: what Hiboutik shows of it.
kiosk_count()
{
	sim_state ".hiboutik.counts[] | select(.sku == \"$1\") | .count"
}

# kiosk_tally SKU MEMBER: sold, recorded, written, writes
kiosk_tally()
{
	sim_state ".hiboutik.counts[] | select(.sku == \"$1\") | .$2"
}

# sell_at_kiosk SKU [QUANTITY [MEMBERS]]: sets $sale.
sell_at_kiosk()
{
	sale=$(control hiboutik/sell \
		"{\"lines\":[{\"sku\":\"$1\",\"quantity\":${2:-1}}]${3:-}}" |
		jq -r .sale)
}

# kiosk_sales STATE [FILTER]: sales with a reference of ours.
kiosk_sales()
{
	sim_state "[.hiboutik.sales[] | select(.state == \"$1\" and
		(.reference | startswith(\"TB-\")))] | ${2:-length}"
}

# Prints the SKUs of which Hiboutik does not show the whole pieces there are.
kiosk_disagreements()
{
	sim_state '(.galaxy.items | map({key: (.code | sub(":001"; "-S") |
			sub(":002"; "-M") | sub(":003"; "-L")),
			value: (.balance | tonumber)}) | from_entries) as $right |
		.hiboutik.counts[] | select(.count !=
			([$right[.sku], 0] | max | floor)) | .sku'
}

kiosk_agrees()
{
	all_agree && [ -z "$(kiosk_disagreements)" ]
}

# No sale of ours is half made, none is there twice.
expect_whole()
{
	expect "open sales with lines" "$(sim_state '[.hiboutik.sales[] |
		select(.state == "open" and (.lines | length) > 0)] | length')" 0
	expect "references used twice" "$(sim_state '[.hiboutik.sales[] |
		select(.state == "closed" and .ours)] | group_by(.reference) |
		map(select(length > 1)) | length')" 0
}
