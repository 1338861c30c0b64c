#!/bin/sh
# Senders that drip hold their own connection up to the limit and nobody
# else's; nothing of them is stored.
. "${0%/*}/lib.sh"

start_all '.public.request_timeout_ms = 1000 | .public.workers = 4'
body=$(count_event event-1 21-0001)
drip()
{
	{
		printf 'POST /hooks/agora HTTP/1.1\r\nHost: localhost\r\n'
		printf 'Content-Type: application/json\r\n'
		printf 'Content-Length: %s\r\n' "${#body}"
		printf 'x-square-hmacsha256-signature: %s\r\n\r\n' \
			"$(square_signature "$body")"
		for _ in $(seq 100); do
			printf x
			sleep 0.2
		done
	} | openssl s_client -quiet -verify_quiet -CAfile "$CERTS/ca.pem" \
		-connect "127.0.0.1:$hooks_port" >/dev/null 2>&1
}
drips=
for _ in 1 2 3; do
	drip &
	drips="$drips $!"
done
others="$others $drips"
wait_for "they were cut" 20 at_least 3 metric tillbridge_requests_cut_total
expect "a hook meanwhile" "$(square_hook "$(count_event event-2 21-0001)")" 202
wait_quiet
expect "the queue" "$(status .queue.depth)" 0
kill $drips 2>/dev/null || :
# Its signature was over another body: had it been taken, it would be known.
expect "the event of the slow ones" "$(square_hook "$body")" 202
expect "duplicates" "$(metric tillbridge_hooks_duplicate_total)" 0
