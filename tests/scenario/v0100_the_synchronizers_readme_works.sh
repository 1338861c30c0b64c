#!/bin/sh
# The seed synchronizer's README, step by step with its own curl calls: register
# items by name and by id, force an update, stop and start, post a sale; and its
# sale reaches the till. (v0150 does it with the shop's own database.)
. "${0%/*}/lib.sh"

# As its README writes it.
post()
{
	curl -sS --max-time 10 -X POST "$API/$1" -H 'Cache-Control: no-cache' \
		-H 'Content-Type: application/json' -d "$2"
}

switch()
{
	curl -sS --max-time 10 -X POST "$API/api/synchronizer/$1"
}

# job ID: its one line; ID as an answer has it, with or without its path.
job()
{
	api "api/itemstask/${1##*/}" | jq -r .
}

# register JSON: sets $job.
register()
{
	answer=$(post api/items "$1" | jq -r .)
	expect_text "its answer" "$answer" \
		'^pending added\. Location : itemstask/i[0-9a-f]{20}$'
	job=${answer##*/}
}

job_is()
{
	has "$(job "$1")" "^Job status : $2"
}

recorded()
{
	sim_state ".square.counts[] | select(.sku == \"$1\") | .recorded"
}

start_sim
write_config 'del(.accounts[0]) | .stock.authority = "agora"'
start_daemon
wait_quiet
first=21-0006
second=$(variation_of 21-0003)
name=$(sed -n "s/^$first,\([^,]*\),.*/\1/p" "$CSV" | tr -d '"')

register "{\"item_name\":\"$name\",\"item_ecommerce_id\":17,
	\"account_id\":\"L1\"}"
wait_for "it is found by its name" 20 job_is "$job" 'Succeeded$'
register "{\"item_pos_id\":\"$second\",\"item_ecommerce_id\":\"18\",
	\"account_id\":\"agora\",\"limit_quantity\":2}"
wait_for "it is found by its id" 20 job_is "$job" 'Succeeded$'

# What cannot be registered says why, and binds nothing.
register '{"item_name":"No such thing","item_ecommerce_id":19,"account_id":"L1"}'
wait_for "a name that nothing has" 20 job_is "$job" \
	'Failed\. nothing has this name at agora'
register '{"item_pos_id":"NONESUCH","item_ecommerce_id":20,"account_id":"L1"}'
wait_for "an id that nothing has" 20 job_is "$job" 'Failed\. '
register "{\"item_pos_id\":\"$second\",\"item_ecommerce_id\":21,
	\"account_id\":\"L1\"}"
wait_for "an id that is another item's" 20 job_is "$job" \
	'Failed\. it is bound to the item 18 at agora already'
expect "a request without an item" "$(api_code api/items \
	--json '{"item_ecommerce_id":19,"account_id":"L1"}')" 400
expect_text "an account that nobody has" "$(post api/items \
	'{"item_name":"x","item_ecommerce_id":1,"account_id":"L9"}')" \
	'^"invalid request: account_id'
expect "items" "$(api api/items | jq -r '[.items[].sku] | join(" ")')" "17 18"

expect "forceUpdate" "$(switch forceUpdate)" '"pending updated"'
wait_quiet
expect "stop" "$(switch stop)" '"stopped"'
expect "the switch" "$(api api/synchronizer)" '"False"'
kill_daemon
start_daemon
expect "the switch after a restart" "$(api api/synchronizer)" '"False"'

# Stopped or not, what was sold is sold.
answer=$(post api/synchronizer/sale \
	'{"item_ecommerce_id":17,"delta":2,"balance":2400}')
expect "the sale's status" "$(printf %s "$answer" | jq -r .status)" pending
expect "its error" "$(printf %s "$answer" | jq -r .error_message)" null
job=$(printf %s "$answer" | jq -r .location)
wait_for "the sale is at the till" 20 job_is "$job" 'Succeeded$'
expect "recorded there" "$(recorded "$first")" 2
expect "what was paid, in cents" "$(sim_state \
	'[.square.orders[] | select(.reference_id)][0].total')" 2400
expect "start" "$(switch start)" '"started"'
expect "the switch" "$(api api/synchronizer)" '"True"'

# Where its dashboard was, and a telephone, which nobody would send anything.
expect "hangfire" "$(curl -sS --max-time 10 -L -o /dev/null \
	-w '%{http_code} %{url_effective}' "$API/hangfire")" "200 $API/status"
expect "a telephone" "$(api_code api/mobile/registerToken --json \
	'{"token":"x","account_id":"L1"}')" 422

# A gift and another thing, in one sale.
answer=$(post api/synchronizer/sale '{"lines":[
	{"item_ecommerce_id":17,"delta":1,"balance":0},
	{"item_ecommerce_id":18,"delta":3,"balance":990}]}')
job=$(printf %s "$answer" | jq -r .location)
wait_for "both are at the till" 20 job_is "$job" 'Succeeded$'
expect "recorded there" "$(recorded "$first") $(recorded 21-0003)" "3 3"
expect "an item that nobody registered" "$(api_code api/synchronizer/sale \
	--json '{"item_ecommerce_id":99,"delta":1,"balance":1}')" 400
wait_quiet

# What came back to the shop; Square takes it. (v0160: who does not.)
before=$(count_of "$first")
answer=$(post api/synchronizer/sale \
	'{"item_ecommerce_id":17,"delta":-1,"balance":-1200}')
job=$(printf %s "$answer" | jq -r .location)
wait_for "the return is at the till" 20 job_is "$job" 'Succeeded$'
expect "counted there" "$(count_of "$first")" $((before + 1))
expect "recorded there" "$(recorded "$first")" 2
wait_quiet

# Its list, by what the vendor calls the account; ours by the account's name.
expect "rows" "$(api api/items/L1 | jq -r '[.[] |
	"\(.ecommerceID) \(.posID) \(.limitQuantitySale) \(.pos.accountID)"] |
	join(", ")')" "17 $(variation_of "$first") 0 L1, 18 $second 2 L1"
expect "a quantity" "$(api api/items/L1 | jq -r '.[1].quantity')" \
	"$(count_of 21-0003)"
expect "the same rows by name" "$(api 'api/items/agora?shape=synchronizer')" \
	"$(api api/items/L1)"
expect "our own list" "$(api api/items/agora | jq -r '.bindings | length')" 2
expect "dead letters" "$(dead length)" 0
