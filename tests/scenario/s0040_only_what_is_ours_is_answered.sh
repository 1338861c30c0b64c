#!/bin/sh
# 404 for what is not there, 405 with Allow, 413, 415; and never more than
# that on the public listener.
. "${0%/*}/lib.sh"

start_all '.public.body_max_bytes = 2048'
public()
{
	path=$1
	shift
	curl -s --max-time 10 --cacert "$CERTS/ca.pem" --path-as-is \
		-o "$DIR/hook.answer" -D "$DIR/hook.headers" -w '%{http_code}' \
		"$@" "$HOOKS$path" || :
}
for path in / /status /api/status /metrics /ready /hooks /hooks/ \
	/hooks/nobody /hooks/agora/ /hooks/AGORA /hooks//agora \
	/x/../hooks/agora /hooks/ag%6fra /hooks/agora/x /live/; do
	expect "GET $path" "$(public "$path")" 404
	[ ! -s "$DIR/hook.answer" ] || fail "GET $path has a body"
done
expect "POST to nobody" "$(public /hooks/nobody --json '{}')" 404
expect "GET of a POST hook" "$(public /hooks/agora)" 405
grep -qi '^allow: *POST' "$DIR/hook.headers" || fail "no Allow"
expect "DELETE" "$(public /hooks/erp -X DELETE)" 405
expect "OPTIONS" "$(public /hooks/agora -X OPTIONS)" 405
expect "POST to /live" "$(public /live --json '{}')" 405

body=$(count_event event-1 21-0001)
long=$(square_event inventory.count.updated event-2 \
	"{\"x\":\"$(printf '%02000d' 0)\"}")
expect "a long body" "$(square_hook "$long")" 413
expect "a long body in chunks" "$(hook agora --json "$long" \
	-H 'Transfer-Encoding: chunked' \
	-H "x-square-hmacsha256-signature: $(square_signature "$long")")" 413
expect "another type" "$(hook agora --data-binary "$body" \
	-H 'Content-Type: text/plain' \
	-H "x-square-hmacsha256-signature: $(square_signature "$body")")" 415
expect "no JSON" "$(square_hook '{"event_id":')" 400
wait_quiet
expect "events accepted" "$(status .queue.depth)" 0
expect "looks at Square" "$(calls_of square counts/batch-retrieve)" 0
expect "the right one" "$(square_hook "$body")" 202
