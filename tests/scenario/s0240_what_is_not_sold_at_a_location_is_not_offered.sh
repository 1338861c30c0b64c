#!/bin/sh
# Items are matched with what Square's catalogue has for sale at the account's
# own location: page after page, and nothing that is deleted, archived or absent
# there. The same catalogue gives each location its own.
. "${0%/*}/lib.sh"

# matched ACCOUNT: the variations that would be bound there.
matched()
{
	echo "$matches" | jq -r ".accounts[] | select(.account == \"$1\") |
		.matched[].external"
}

has_synced()
{
	[ "$(account erp '.cursors.full != null')" = true ]
}

start_sim --square-second L2
write_config '.accounts += [.accounts[1] | .name = "harbour" |
	.location = "L2"]'
start_daemon
wait_for "Galaxy is known" 30 has_synced
cut -d , -f 1,2,3 "$CSV" >"$DIR/erp.csv"
items=$(($(wc -l <"$DIR/erp.csv") - 1))
import_items "$DIR/erp.csv"
wait_quiet

order square/switches '{"page_max":7}'
order square/item '{"sku":"21-0002","deleted":true}'
order square/item '{"sku":"21-0003","archived":true}'
order square/item '{"sku":"21-0004","absent_at":"L2"}'
order reset-calls '{}'
tb items match --json agora harbour
expect "exit status ($said)" "$code" 0
matches=$said
expect "at the first" "$(matched agora | wc -l)" $((items - 2))
expect "at the second" "$(matched harbour | wc -l)" $((items - 3))
expect "what the second has not" "$({
	matched agora
	matched harbour
} | sort | uniq -u)" "$(variation_of 21-0004)"
expect_at_least "pages" "$(calls_of square catalog/search)" 10
