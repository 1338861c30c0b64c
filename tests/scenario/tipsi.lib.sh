# Tipsi beside Galaxy and Square, as the account "cellar".
#
#     . "${0%/*}/tipsi.lib.sh"      right behind lib.sh
#
# shellcheck shell=sh
# shellcheck disable=SC2120  # scenarios give arguments

TIPSI_PASSWORD=$(planted tipsi-password)
export TIPSI_PASSWORD
MORE_SECRETS="${MORE_SECRETS:-} $TIPSI_PASSWORD"

start_sim_with_tipsi()
{
	start_sim --tipsi-password-env TIPSI_PASSWORD "$@"
	TIPSI=http://$(sim_address tipsi)
}

# write_config_with_tipsi [FILTER]: of jq, on top of it.
write_config_with_tipsi()
{
	write_config ".accounts += [{ name: \"cellar\", type: \"tipsi\",
		url: \"$TIPSI\", username: \"sync\", store: \"17\",
		password: \"env:TIPSI_PASSWORD\", timeout_ms: 4000 }] | ${1:-.}"
}

# Bound, synced and at rest.
start_all_with_tipsi()
{
	start_sim_with_tipsi
	write_config_with_tipsi
	start_daemon
	import_items
	wait_quiet
	wait_for "every channel shows its target" 20 both_agree
	order reset-calls '{}'
}

# bottles_of SKU: what Tipsi shows of it.
bottles_of()
{
	sim_state ".tipsi.items[] | select(.sku == \"$1\") | .in_stock"
}

# Prints the SKUs of which Tipsi does not show the whole pieces there are.
tipsi_disagreements()
{
	sim_state '(.galaxy.items | map({key: (.code | sub(":001"; "-S") |
			sub(":002"; "-M") | sub(":003"; "-L")),
			value: (.balance | tonumber)}) | from_entries) as $right |
		.tipsi.items[] | select(.in_stock !=
			([$right[.sku], 0] | max | floor)) | .sku'
}

both_agree()
{
	all_agree && [ -z "$(tipsi_disagreements)" ]
}
