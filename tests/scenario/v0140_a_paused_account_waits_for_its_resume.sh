#!/bin/sh
# POST /api/accounts/NAME/pause: nothing is sent there, over a restart too, and
# the others go on. What is sold and changed meanwhile waits; after resume it
# arrives, once. Who may not write may not pause.
. "${0%/*}/lib.sh"

READ_TOKEN=$(planted read-token)
WRITE_TOKEN=$(planted write-token)
MORE_SECRETS="$READ_TOKEN $WRITE_TOKEN"
export READ_TOKEN WRITE_TOKEN
TOKEN=$WRITE_TOKEN

calls_to()
{
	sim_state "[.$1.calls[] | .calls] | add // 0"
}

is_resting()
{
	logged "account\\.paused account=$1"
}

switch()
{
	api "api/accounts/$1/$2" -X POST
}

start_all '.private.tokens = [
	{ name: "screen", secret: "env:READ_TOKEN", may: ["read"] },
	{ name: "shop", secret: "env:WRITE_TOKEN", may: ["write"] } ]'
TOKEN=
expect "without a token" "$(api_code api/accounts/agora/pause -X POST)" 401
TOKEN=$READ_TOKEN
expect "the reader's" "$(api_code api/accounts/agora/pause -X POST)" 403
TOKEN=$WRITE_TOKEN
expect "an account that nobody has" \
	"$(api_code api/accounts/nobody/pause -X POST)" 404
expect "its state" "$(account agora .state)" ok

# The channel: a change for it and a sale at it wait.
expect "pause" "$(switch agora pause | jq -r '"\(.account) \(.paused)"')" \
	"agora true"
since=$(switch agora pause | jq -r .since)
expect "since when" "$(account agora .paused_since)" "$since"
wait_for "the worker obeys" 10 is_resting agora
order reset-calls '{}'
set_balance 21-0003 5
wait_for "the change is known" 20 is 5 \
	sim_state '.galaxy.items[] | select(.code == "21-0003") | .balance'
sell 21-0001 2
wait_for "both wait" 20 at_least 2 account agora .marks
expect "its state" "$(account agora .state)" paused
tb status
expect_text "status" "$said" 'agora +square +paused .* by a person since'
page=$(api status)
expect_text "the page" "$page" '<h1>agora is paused\.'
expect_text "its table" "$page" 'paused</span><small>by a person, '
tb sync agora
expect "a sync of it" "$code" 1
expect_text "why" "$said" 'agora is paused'
tb explain 21-0003
expect_text "explain" "$said" 'agora is paused'
expect "a sync of it by the API" "$(api_code api/sync --json \
	'{"accounts":["agora"]}')" 422
expect "forceUpdate" "$(api api/synchronizer/forceUpdate -X POST)" \
	'"pending updated"'
wait_for "the others are synced" 20 at_least 1 calls_to galaxy

# kill -9: it stays so, and not even a probe goes there.
kill_daemon
start_daemon
wait_for "the worker obeys after a restart" 10 at_least 2 \
	times_logged 'account\.paused account=agora'
stays "nothing is sent there" 2 is 0 calls_to square
expect "its state" "$(account agora .state)" paused
expect "ready all the same" "$(api_code ready)" 200

# Who keeps the stock: what the shop sold waits, too.
switch erp pause >/dev/null
wait_for "the other worker obeys" 10 is_resting erp
order reset-calls '{}'
job=$(api api/synchronizer/sale --json '{"item_ecommerce_id":"21-0002",
	"delta":3,"balance":900}' | jq -r .location)
stays "nothing is sent there either" 2 is 0 calls_to galaxy
expect "its job" "$(api "api/itemstask/$job")" '"Job status : Enqueued"'

expect "resume" "$(switch erp resume | jq -r .paused)" false
wait_for "the shop's sale is booked" 20 is 1 entries
expect "resume" "$(switch agora resume | jq -r .paused)" false
wait_for "the till's sale is booked" 20 is 2 entries
wait_quiet
wait_for "every channel shows its target" 20 all_agree
expect "the change" "$(count_of 21-0003)" 5
expect "booked of both" "$(booked_of 21-0001) $(booked_of 21-0002)" "2 3"
expect "the states" "$(status '[.accounts[].state] | join(" ")')" "ok ok"
expect "resumed, in the log" "$(times_logged 'account\.resumed')" 2
expect_no_double
expect "dead letters" "$(dead length)" 0
