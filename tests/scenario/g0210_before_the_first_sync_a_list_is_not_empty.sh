#!/bin/sh
# What was never read is not shown as empty; a token that may read is enough.
. "${0%/*}/lib.sh"

SCREEN_TOKEN=$(planted screen-token)
MORE_SECRETS=$SCREEN_TOKEN
export SCREEN_TOKEN
write_config '.private.tokens = [{ name: "screen", may: ["read"],
	secret: "env:SCREEN_TOKEN" }]'
start_daemon
expect "without a token" "$(api_code api/galaxy/items)" 401
expect "a picture without a token" "$(api_code api/galaxy/images/a-1)" 401
TOKEN=$SCREEN_TOKEN
expect "a list never read" \
	"$(api_code api/galaxy/items -D "$DIR/headers")" 503
expect_text "when to come again" "$(cat "$DIR/headers")" '^retry-after: [1-9]'
expect_text "why" "$(api api/galaxy/items)" 'first sync has not ended'
expect "a picture out of reach" \
	"$(api_code api/galaxy/images/a-1 --max-time 30 -D "$DIR/headers")" 504
expect_text "when to come again" "$(cat "$DIR/headers")" '^retry-after: [1-9]'
expect "no id" "$(api_code api/galaxy/images/a.1)" 400
expect "posting a list" "$(api_code api/galaxy/items -X POST)" 405
