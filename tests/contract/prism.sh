#!/bin/sh
# Our requests to Square, and the simulator's replies, against the vendor's own
# OpenAPI: a validating proxy stands between the daemon and tillbridge-sim.
#
#     tests/contract/prism.sh SPECS      the folder that holds square.json
#
# The proxy is @stoplight/prism-cli, put under build/prism by npm; without npm
# the check is skipped, and says so. It proves shapes, required members,
# enumerations and paths; not unknown optional members, and no behaviour.
#
# Environment: TILLBRIDGE, TILLBRIDGE_SIM (as the Makefile says them).
#
# shellcheck disable=SC1091,SC2154  # what lib.sh sets

specs=${1:-}
prism_version=5.14.2

if [ -z "$specs" ]; then
	cat >&2 <<'END'
contract: SPECS=dir is needed: a folder with Square's OpenAPI description as
  square.json. Square publishes it in the repository
  square/connect-api-specification (api.json).
END
	exit 1
fi
specs=$(cd "$specs" 2>/dev/null && pwd) || specs=
if [ ! -r "$specs/square.json" ]; then
	echo "contract: there is no ${1}/square.json" >&2
	exit 1
fi
for tool in npm node; do
	command -v "$tool" >/dev/null || {
		echo "contract: skipped: $tool is not installed, and the validating proxy needs it"
		exit 0
	}
done

. "${0%/*}/../scenario/lib.sh"
. "${0%/*}/../scenario/tills.sh"
. "${0%/*}/../scenario/token.lib.sh"

modules=$ROOT/build/prism
prism_log=$DIR/prism.log
PRISM=$modules/node_modules/@stoplight/prism-cli

install_prism()
{
	has "$(jq -r .version "$PRISM/package.json" 2>/dev/null)" \
		"^$prism_version\$" && return
	echo "contract: installing @stoplight/prism-cli $prism_version in build/prism"
	mkdir -p "$modules"
	npm install --prefix "$modules" --no-save --no-audit --no-fund \
		--loglevel=error "@stoplight/prism-cli@$prism_version" \
		>"$DIR/npm.out" 2>&1 || {
		cat "$DIR/npm.out" >&2
		fail "npm could not install the proxy"
	}
}

# Its whole command line is ours, so that its id is the one we end.
start_prism()
{
	free_port
	prism=http://127.0.0.1:$port
	node "$PRISM/$(jq -r '.bin.prism' "$PRISM/package.json")" proxy --errors \
		-h 127.0.0.1 -p "$port" "$specs/square.json" "$SQUARE" \
		>"$prism_log" 2>&1 </dev/null &
	prism_pid=$!
	others="$others $prism_pid"
	wait_for "prism answers" 300 prism_answers_or_ended
	! is_gone "$prism_pid" || {
		cat "$prism_log" >&2
		fail "prism did not start"
	}
}

prism_answers_or_ended()
{
	is_gone "$prism_pid" || curl -s -o /dev/null --max-time 60 \
		-H 'Authorization: Bearer anybody' "$prism/v2/locations"
}

# ask PATH [CURL-OPTION...]: through the proxy, as the application itself.
ask()
{
	ask_path=$1
	shift
	curl -sSf --max-time 60 -H "Authorization: Bearer $SQUARE_TOKEN" "$@" \
		"$prism/v2/$ask_path"
}

barcode_of()
{
	ask "catalog/list?types=ITEM_VARIATION" |
		jq -r ".objects[].item_variation_data |
			select(.sku == \"$1\") | .upc"
}

requests()
{
	grep -c 'Request received' "$prism_log" || :
}

# What prism refused or found wrong, and what our adapter made of it.
breaches()
{
	grep -E 'stoplight\.io/prism/errors#|✖|FetchError' "$prism_log"
	grep -E 'account=agora .*(verdict=refused|prism|http (401|404|405|422|500))' "$LOG"
}

judge()
{
	found=$(breaches | sort -u | cut -c 1-600)
	[ -z "$found" ] || {
		printf '%s\n' "$found" >&2
		fail "requests or replies break Square's description"
	}
}

is_breached_or()
{
	[ -n "$(breaches)" ] || "$@"
}

# await SENTENCE SECONDS COMMAND...: as wait_for, but a breach ends it.
await()
{
	awaited=$1
	seconds=$2
	shift 2
	wait_for "$awaited" "$seconds" is_breached_or "$@"
	judge
}

install_prism
pkce_flow
# shellcheck disable=SC2086  # words
start_sim $TOKEN_SIM
start_beta
start_prism
passed_before=$(requests)

# What the application itself asks, with its own token: subscriptions, one made
# and one mended; and the catalogue.
write_config ".accounts[1].url = \"$prism\" | .state_dir = \"own\" |
	.accounts[1].timeout_ms = 30000 |
	.accounts[1].hook = { url: \"https://hooks.example.com/agora\",
		signature_key: \"file:own-key\" }"
tb hooks register agora --dry-run
expect_text "what is to be done" "$said" "make a subscription"
tb hooks register agora --yes
judge
expect "a subscription ($said)" "$code" 0
MORE_SECRETS="${MORE_SECRETS:-} $(cat "$DIR/own-key")"
made=$(sim_state '.square.subscriptions[-1].id')
curl -sSf --max-time 10 -X PUT -H "Authorization: Bearer $SQUARE_TOKEN" \
	-o "$DIR/put.answer" --json '{"subscription":{"enabled":false}}' \
	"$SQUARE/v2/webhooks/subscriptions/$made"
tb hooks register agora --yes
judge
expect_text "what is mended" "$said" "switch subscription $made on"
expect "it is on" "$(sim_state '.square.subscriptions[-1].enabled')" true
tills_config ".stock.authority = \"erp\" | .accounts[1].url = \"$prism\" |
	.accounts[1].timeout_ms = 30000 | $(token_filter)"
start_daemon

# Find the items, read all counts, write those that differ.
import_items
judge
tb items match agora
judge
expect "a look at the catalogue ($said)" "$code" 0

# By SKU and by barcode, in the bytes that test_square_items.c asks for.
for attribute in sku upc; do
	ask catalog/search -o "$DIR/search.answer" --json "{
		\"object_types\":[\"ITEM_VARIATION\"],
		\"include_related_objects\":true,
		\"include_deleted_objects\":false,\"limit\":200,
		\"query\":{\"set_query\":{\"attribute_name\":\"$attribute\",
		\"attribute_values\":[\"21-0001\",\"$(barcode_of 21-0001)\"]}}}"
	judge
	expect "found by $attribute, with its item" "$(jq -r '
		[(.objects[] | .item_variation_data.sku),
		 (.related_objects | length)] | join(" ")' \
		"$DIR/search.answer")" "21-0001 1"
done
set_balance 21-0001 17
set_balance 21-0005 3.125
set_balance 31-0001:002 4
for sku_and_count in "21-0001 17" "21-0005 3.125" "31-0001-M 4"; do
	await "the till shows $sku_and_count" 60 \
		is "${sku_and_count#* }" count_of "${sku_and_count% *}"
done

# Find sales: announced, amended, and by looking.
sell 21-0003 2
await "the sale is booked" 60 is 2 booked_of 21-0003
order square/sell '{"lines":[{"sku":"21-0004","quantity":"1"},
	{"sku":"21-0009","quantity":"0.25"}]}'
await "the second sale is booked" 60 is 2 entries
amended=$(sim_state '.square.orders[0].id')
uid=$(sim_state '.square.orders[0].lines[0].uid')
order "square/order/$amended" "{\"uid\":\"$uid\",\"quantity\":\"3\"}"
await "the difference is booked" 60 is 3 booked_of 21-0003

# One order and one movement by their ids, as they are read now and then.
ask "orders/$amended" >"$DIR/order.answer"
moved=$(ask inventory/changes/batch-retrieve --json '{"types":["ADJUSTMENT"]}' |
	jq -r '.changes[0].adjustment.id')
ask "inventory/adjustments/$moved" >"$DIR/adjustment.answer"
judge

# Hundreds of counts in one go, and page after page.
hooks galaxy off
hooks square off
order square/switches '{"page_max":5}'
for code in $(sim_state '[.galaxy.items[10:30][].code] | join(" ")'); do
	set_balance "$code" 12
done
sell 21-0006
stop_daemon
start_daemon
await "what changed meanwhile arrives" 120 all_agree
await "and the sale" 60 is 1 booked_of 21-0006
await "everything has come to rest" 120 is_quiet

# An item that this till keeps: sales and a return at another one are recorded
# here, one for nothing, and one that a kill left to be looked up.
{
	echo sku,authority,agora,beta
	echo "21-0008,agora,$(variation_of 21-0008),$(beta_state \
		'.square.counts[] | select(.sku == "21-0008") | .variation')"
} >"$DIR/kept.csv"
import_items "$DIR/kept.csv"
await "everything has come to rest" 120 is_quiet
sell_at_beta 21-0008 3
await "a sale is recorded" 60 is 1 paid_orders
sell_at_beta 21-0008 0.0001
await "a sale for nothing is recorded" 60 is 2 paid_orders
beta_order square/move '{"sku":"21-0008","from":"UNLINKED_RETURN",
	"to":"IN_STOCK","quantity":"1"}'
await "a return is recorded" 60 is 2.0001 recorded_of 21-0008
order faults '{"system":"square","path":"POST /v2/payments",
	"mode":"late:5000"}'
sell_at_beta 21-0008 2
await "the next is paid" 60 is 3 paid_orders
kill_daemon
start_daemon
await "it is looked up" 120 logged 'entry\.looked_up .*found=yes'
await "everything has come to rest" 120 is_quiet
expect_once

order square/expire '{}'
tb check
expect "check ($said)" "$code" 0
expect "tokens renewed" "$(refreshes)" 2
judge
expect_no_double
checked=$(($(requests) - passed_before))
expect_at_least "requests that went through" "$checked" 10
for call in $(sim_state '.square.calls | keys[] | sub(" "; ",")'); do
	echo "  ok       Square $(echo "$call" | tr , ' ')"
done
echo "contract: $checked requests and their replies keep to Square's description"
[ ! -r "$specs/lightspeed-x-2.0.json" ] || "${0%/*}/prism_x.sh" "$specs"
