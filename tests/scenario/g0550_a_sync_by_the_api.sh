#!/bin/sh
# A program may ask for a sync too, if its token may write.
. "${0%/*}/lib.sh"

READ=$(planted read-token)
WRITE=$(planted write-token)
MORE_SECRETS="$READ $WRITE"
export READ WRITE
TOKEN=$WRITE
start_all '.private.tokens = [
	{ name: "screen", secret: "env:READ", may: ["read"] },
	{ name: "shop", secret: "env:WRITE", may: ["write"] }]'
before=$(account erp .last_full)

TOKEN=$READ
expect "the status with a token that may read" "$(api_code api/sync \
	--json '{"full":true}')" 403
TOKEN=$WRITE
expect "the status without a body" "$(api_code api/sync -X POST)" 202
expect "the answer" "$(api api/sync \
	--json '{"accounts":["erp"],"full":true}' | jq -c .)" \
	'{"accounts":["erp"],"kind":"full"}'
is_synced()
{
	[ "$(account erp .last_full)" != "$before" ] && is 0 account erp .marks
}
wait_for "the full sync is done" 20 is_synced

expect "the status for an unknown account" "$(api_code api/sync \
	--json '{"accounts":["kiosk"]}')" 422
expect "the member at fault" "$(api api/sync \
	--json '{"accounts":["kiosk"]}' | jq -r .error.field)" 'accounts[0]'
