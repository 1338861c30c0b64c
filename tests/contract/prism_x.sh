#!/bin/sh
# What the simulated Lightspeed X answers, against the vendor's OpenAPI of
# version 2.0: a validating proxy stands between curl and tillbridge-sim.
#
#     tests/contract/prism_x.sh SPECS    the folder of lightspeed-x-2.0.json
#
# Run by prism.sh, which says what the proxy is and where it comes from. Only
# version 2.0 is described; tokens, dated versions and webhooks are not.
#
# Environment: TILLBRIDGE_SIM (as the Makefile says it).
#
# shellcheck disable=SC1091,SC2154  # what lib.sh sets
# shellcheck disable=SC2034  # lib.sh uses what is set here

specs=$(cd "${1:-.}" && pwd)
. "${0%/*}/../scenario/lib.sh"

prism_log=$DIR/prism.log
PRISM=$ROOT/build/prism/node_modules/@stoplight/prism-cli
LIGHTSPEED_X_TOKEN=$(planted lightspeed-x)
export LIGHTSPEED_X_TOKEN
MORE_SECRETS=$LIGHTSPEED_X_TOKEN
outlet=0a000001-0000-4000-8000-000000000001

is_answered()
{
	is_gone "$prism_pid" || curl -s -o /dev/null --max-time 60 \
		-H 'Authorization: Bearer anybody' "$prism/api/2.0/retailer"
}

start_prism()
{
	free_port
	prism=http://127.0.0.1:$port
	node "$PRISM/$(jq -r '.bin.prism' "$PRISM/package.json")" proxy --errors \
		-h 127.0.0.1 -p "$port" "$specs/lightspeed-x-2.0.json" \
		"http://$(sim_address lightspeed_x)" >"$prism_log" 2>&1 </dev/null &
	prism_pid=$!
	others="$others $prism_pid"
	wait_for "prism answers" 300 is_answered
	! is_gone "$prism_pid" || {
		cat "$prism_log" >&2
		fail "prism did not start"
	}
}

# asks METHOD PATH STATUS: through the proxy; any breach is a failure.
asks()
{
	status=$(curl -s -o "$DIR/answer" -w '%{http_code}' --max-time 60 \
		-X "$1" -H "Authorization: Bearer $LIGHTSPEED_X_TOKEN" \
		-H 'User-Agent: tillbridge-contract' "$prism/api/2.0/$2")
	if [ "$status" != "$3" ] ||
		grep -q 'stoplight\.io/prism/errors#\|FetchError' "$DIR/answer"; then
		cut -c 1-900 "$DIR/answer" >&2
		fail "$1 $2 ($status)"
	fi
	echo "  ok       Lightspeed X $1 /api/2.0/$2" | cut -c 1-78
}

run_sim "$CSV" "$SIM_LOG" --lightspeed-x-token-env LIGHTSPEED_X_TOKEN
sim=$started
CONTROL=$started_control
order lightspeed_x/sell '{"lines":[{"sku":"21-0001","quantity":2},
	{"sku":"21-0005","quantity":"0.25"}]}'
order lightspeed_x/return '{"lines":[{"sku":"21-0002"}]}'
order lightspeed_x/product '{"sku":"21-0003","deleted":true}'
order lightspeed_x/count '{"sku":"21-0004","quantity":-10}'
sale=$(sim_state '.lightspeed_x.sales[0].id')
product=$(sim_state '.lightspeed_x.counts[0].product')
start_prism

for list in inventory products outlets registers payment_types taxes users \
	sales retailer; do
	asks GET "$list" 200
done
asks GET 'inventory?after=1000&page_size=3' 200
asks GET 'products?sku=21-0001' 200
asks GET 'products?deleted=true' 200
asks GET "products/$product" 200
asks GET "products/$product/inventory" 200
asks GET "outlets/$outlet" 200
asks GET 'search?type=products&sku=21-0001' 200
asks GET 'search?type=sales&invoice_number=1' 200
asks GET "sales/$sale" 200
asks PUT "sales/$sale/actions/return" 200
asks GET 'sales?after=1' 200
# An empty page is not asked for: the guide has null versions there, and the
# description whole numbers.
echo "contract: what the simulated Lightspeed X answers keeps to its description"
