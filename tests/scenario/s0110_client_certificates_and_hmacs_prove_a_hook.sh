#!/bin/sh
# A Galaxy hook may also have to show a client certificate, come from certain
# addresses, or carry an HMAC over its raw body.
. "${0%/*}/lib.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$DIR/stranger.key" -subj /CN=stranger -days 2 \
	-out "$DIR/stranger.crt" 2>/dev/null
cat "$DIR/stranger.key" "$DIR/stranger.crt" >"$DIR/stranger.pem"
fingerprint=$(openssl x509 -in "$CERTS/client.pem" -noout -fingerprint -sha256 |
	sed 's/.*=//')
start_all ".public.client_ca = \"$CERTS/ca.pem\" |
	.accounts[0].hook.client_certificate = \"$fingerprint\""
hooks galaxy off
item="{\"ItemID\":\"$(itemid_of 21-0001)\"}"
bearer="Authorization: Bearer $GALAXY_HOOK"
expect "no certificate" "$(hook erp --json "$item" -H "$bearer")" 401
expect "a certificate and no secret" \
	"$(hook erp --json "$item" --cert "$CERTS/client.pem")" 401
expect_no_text "a stranger's certificate" "$(hook erp --json "$item" \
	-H "$bearer" --cert "$DIR/stranger.pem")" 202
expect "looks" "$(asked_of 21-0001)" 0
expect "both" \
	"$(hook erp --json "$item" -H "$bearer" --cert "$CERTS/client.pem")" 202
expect "Square needs none" "$(square_hook "$(count_event event-1 21-0002)")" 202
wait_quiet
expect "looks" "$(asked_of 21-0001)" 1
stop_daemon

write_config '.accounts[0].hook.hmac = { header: "X-Galaxy-Hmac" } |
	.accounts[0].hook.addresses = ["127.0.0.0/8", "::1"]'
start_daemon
mac=$(printf %s "$item" | openssl dgst -sha256 -hmac "$GALAXY_HOOK" -hex |
	sed 's/.* //')
expect "an HMAC" "$(hook erp --json "$item" -H "X-Galaxy-Hmac: $mac")" 202
expect "over other bytes" \
	"$(hook erp --json "$item " -H "X-Galaxy-Hmac: $mac")" 401
expect "the secret itself" "$(hook erp --json "$item" -H "$bearer")" 401
stop_daemon

write_config '.accounts[0].hook.addresses = ["10.0.0.0/8"]'
start_daemon
expect "from elsewhere" "$(hook erp --json "$item" -H "$bearer")" 401
