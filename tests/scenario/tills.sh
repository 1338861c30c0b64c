# Two tills, agora and beta, each with a simulator of its own: for scenarios in
# which a till keeps the stock. After lib.sh:
#
#     . "${0%/*}/tills.sh"
#
# shellcheck shell=sh
# shellcheck disable=SC2154,SC2034  # lib.sh sets them, scenarios use them

BETA_CSV=$DIR/beta.csv
BOTH_CSV=$DIR/both.csv

# A simulator of its own, with ids of its own.
start_beta()
{
	run_sim "$BETA_CSV" "$DIR/beta.log" --till beta --seed 2 \
		--square-hook-url "$HOOKS/hooks/beta" \
		--square-signature-key-env SQUARE_SIGNATURE_KEY \
		--ca "$CERTS/ca.pem"
	others="$others $started"
	started=
	BETA=$started_square
	BETA_CONTROL=$started_control
}

# tills_config [FILTER]: both tills beside Galaxy; agora keeps all items.
tills_config()
{
	write_config ".accounts += [{ name: \"beta\", type: \"square\",
		url: \"$BETA\", access_token: \"env:SQUARE_TOKEN\",
		location: \"L1\", timeout_ms: 4000,
		hook: { signature_key: \"env:SQUARE_SIGNATURE_KEY\" } }] |
		.stock.authority = \"agora\" | ${1:-.}"
}

# without_galaxy: sku, name, agora, beta of each item.
without_galaxy()
{
	cut -d , -f 4 "$BETA_CSV" | paste -d , "$CSV" - | cut -d , -f 1,2,4,5
}

# A shop without an ERP: agora is right, beta follows.
# shellcheck disable=SC2120  # scenarios give a filter
start_tills()
{
	start_sim
	start_beta
	tills_config "del(.accounts[0]) | ${1:-.}"
	start_daemon
	without_galaxy >"$BOTH_CSV"
	import_items "$BOTH_CSV"
	wait_quiet
	wait_for "beta shows what agora has" 20 tills_agree
}

# beta_order PATH JSON: as order, at beta's simulator.
beta_order()
{
	curl -sS --max-time 10 --fail-with-body -o "$DIR/beta.answer" -d "$2" \
		"$BETA_CONTROL/$1" ||
		fail "beta's control $1 $2: $(cat "$DIR/beta.answer")"
}

beta_state()
{
	curl -sS --max-time 10 "$BETA_CONTROL/state" | jq -r "$1"
}

beta_count()
{
	beta_state ".square.counts[] | select(.sku == \"$1\") | .count"
}

# sell_at_beta SKU [QUANTITY]
sell_at_beta()
{
	beta_order square/sell \
		"{\"lines\":[{\"sku\":\"$1\",\"quantity\":\"${2:-1}\"}]}"
}

# The orders that we made at agora.
# shellcheck disable=SC2120  # scenarios give a filter
recorded_orders()
{
	sim_state "[.square.orders[] | select(.reference_id)] | ${1:-length}"
}

# paid_orders: those among them that are paid.
paid_orders()
{
	recorded_orders 'map(select(.state == "COMPLETED")) | length'
}

# What calls took off agora's stock of an item, and put back.
recorded_of()
{
	sim_state ".square.counts[] | select(.sku == \"$1\") | .recorded"
}

# Prints the SKUs of which beta does not show what agora has.
tills_disagreements()
{
	sim_state '.square.counts[] | "\(.sku) \([.count | tonumber, 0] | max)"' |
		sort >"$DIR/agora.counts"
	beta_state '.square.counts[] | "\(.sku) \(.count | tonumber)"' |
		sort >"$DIR/beta.counts"
	diff "$DIR/agora.counts" "$DIR/beta.counts" |
		sed -n 's/^[<>] \([^ ]*\) .*/\1/p' | sort -u
}

tills_agree()
{
	[ -z "$(tills_disagreements)" ]
}

# No sale was recorded twice, none was left half made (promise 3).
expect_once()
{
	expect "orders made twice for one sale" "$(recorded_orders \
		'group_by(.reference_id) | map(select(length > 1)) | length')" 0
	expect "orders that are not paid once" \
		"$(recorded_orders 'map(select(.payments != 1)) | length')" 0
	expect "orders at beta that we made" "$(beta_state \
		'[.square.orders[] | select(.reference_id)] | length')" 0
}
