#!/bin/sh
# A truncated body, two lengths, a length and chunks, a broken chunk, 65
# headers: refused, and nothing is stored.
. "${0%/*}/lib.sh"

start_all '.public.request_timeout_ms = 1500'
hooks square off
body=$(count_event event-1 21-0001)
signature=$(square_signature "$body")
n=${#body}

# raw HEADERS BODY: prints the first line of the answer, if there is one.
raw()
{
	{
		printf 'POST /hooks/agora HTTP/1.1\r\nHost: localhost\r\n'
		printf 'Content-Type: application/json\r\n'
		printf 'x-square-hmacsha256-signature: %s\r\n' "$signature"
		printf '%b\r\n%b' "$1" "$2"
	} | timeout $((15 * SLOW)) openssl s_client -quiet -verify_quiet \
		-CAfile "$CERTS/ca.pem" -connect "127.0.0.1:$hooks_port" \
		2>/dev/null | head -n 1 | tr -d '\r'
}

# Refused, or cut without an answer; a proxy may not be of another opinion.
expect_refused()
{
	case $2 in
	"" | "HTTP/1.1 4"*) ;;
	*) fail "$1: $2" ;;
	esac
}

headers=
for i in $(seq 70); do
	headers="${headers}X-$i: $i\\r\\n"
done
before=$(metric tillbridge_events_drained_total)
expect_refused "a truncated body" \
	"$(raw "Content-Length: $((n + 30))\r\n" "$body")"
expect_refused "length and chunks" "$(raw \
	"Content-Length: $n\r\nTransfer-Encoding: chunked\r\n" \
	"$(printf %x "$n")\r\n$body\r\n0\r\n\r\n")"
expect_refused "two lengths" \
	"$(raw "Content-Length: $n\r\nContent-Length: 5\r\n" "$body")"
expect_refused "a length with rubbish" "$(raw "Content-Length: ${n}abc\r\n" "$body")"
expect_refused "a negative length" "$(raw "Content-Length: -1\r\n" "$body")"
expect_refused "a broken chunk" "$(raw "Transfer-Encoding: chunked\r\n" \
	"zz\r\n$body\r\n0\r\n\r\n")"
expect_refused "a cut chunk" "$(raw "Transfer-Encoding: chunked\r\n" \
	"$(printf %x $((n + 9)))\r\n$body")"
expect_refused "65 headers" "$(raw "${headers}Content-Length: $n\r\n" "$body")"
expect "what was queued" "$(metric tillbridge_events_drained_total)" "$before"
expect "the queue" "$(status .queue.depth)" 0

# The same bytes, framed well.
expect "a length" "$(raw "Content-Length: $n\r\nConnection: close\r\n" "$body")" \
	"HTTP/1.1 202 Accepted"
