#!/bin/sh
# A Square event that is not signed with our key, over our URL and these very
# bytes, gets 401; nothing is queued and nothing looked at.
. "${0%/*}/lib.sh"

start_all
accepted=$(metric tillbridge_hooks_accepted_total)
before=$(metric tillbridge_hooks_forged_total)
body=$(count_event event-1 21-0001)
sent()
{
	hook agora --json "$1" -H "x-square-hmacsha256-signature: $2"
}
expect "another key" "$(square_hook "$body" "${SQUARE_SIGNATURE_KEY}x")" 401
expect "one byte more" "$(sent "$body " "$(square_signature "$body")")" 401
expect "another event's" \
	"$(sent "$body" "$(square_signature "$(count_event event-2 21-0001)")")" 401
expect "an empty signature" "$(sent "$body" "")" 401
expect "rubbish" "$(sent "$body" "AAAA")" 401
expect "no signature" "$(hook agora --json "$body")" 401
good=$(square_signature "$body")
expect "two signatures" "$(hook agora --json "$body" \
	-H "x-square-hmacsha256-signature: $good" \
	-H "x-square-hmacsha256-signature: $good" | cut -c 1)" 4
[ ! -s "$DIR/hook.answer" ] || fail "a refusal has a body"

# As a vendor's own deliveries, all of them forged.
hooks square forged
order hooks '{"system":"square","retry_ms":[]}'
order hooks/send '{"system":"square","sku":"21-0002","times":5}'
wait_for "all were refused" 15 is 5 sim_state '.hooks.square.by_status["401"] // 0'

expect "forged ones counted" \
	"$(($(metric tillbridge_hooks_forged_total) - before >= 11))" 1
expect "accepted ones" "$(metric tillbridge_hooks_accepted_total)" "$accepted"
expect "the queue" "$(status .queue.depth)" 0
wait_quiet
expect "looks at Square" "$(calls_of square counts/batch-retrieve)" 0
expect "the genuine one" "$(square_hook "$body")" 202
