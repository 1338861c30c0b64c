#!/bin/sh
# With tokens configured, each may do what it may; nobody else anything but
# ask whether we live and are ready.
. "${0%/*}/lib.sh"

READ_TOKEN=$(planted read-token)
WRITE_TOKEN=$(planted write-token)
MORE_SECRETS="$READ_TOKEN $WRITE_TOKEN"
export READ_TOKEN WRITE_TOKEN
TOKEN=$WRITE_TOKEN
start_all '.private.tokens = [
	{ name: "screen", secret: "env:READ_TOKEN", may: ["read"] },
	{ name: "shop", secret: "env:WRITE_TOKEN", may: ["write"] } ]'
fault galaxy postentry status:400
sell 21-0002
wait_for "the refused entry is listed" 20 is 1 dead length
id=$(dead '.[0].id' | sed 's:/:%2F:g')

TOKEN=
for path in status api/status metrics api/dead api/items; do
	expect "$path without a token" "$(api_code $path)" 401
done
expect "/live" "$(api_code live)" 200
expect "/ready" "$(api_code ready)" 200
TOKEN=${READ_TOKEN}x
expect "a wrong token" "$(api_code api/status)" 401
TOKEN=$READ_TOKEN
expect "reading" "$(api_code api/status)" 200
expect "writing with the reader's" "$(api_code "api/dead/$id/retry" -X POST)" 403
expect "still listed" "$(dead length)" 1
TOKEN=$WRITE_TOKEN
expect "writing" "$(api_code "api/dead/$id/retry" -X POST)" 200
wait_for "it is posted" 15 is 1 entries

# The operator's command line needs none: it has the state folder.
tb dead list
expect "dead list ($said)" "$code" 0
tb status
expect "status ($said)" "$code" 0
