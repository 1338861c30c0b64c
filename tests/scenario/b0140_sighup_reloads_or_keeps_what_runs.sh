#!/bin/sh
# SIGHUP: a good file takes effect, a bad one is complained about and changes
# nothing; no hook is lost on the way.
. "${0%/*}/lib.sh"

start_all
cp "$CONFIG" "$DIR/good.json"
jq '.stock.reserv = "2"' "$DIR/good.json" >"$CONFIG"
kill -HUP "$daemon"
wait_for "the mistake is in the log" 15 logged 'reserv.*reserve'
expect "/ready" "$(api_code ready)" 200
set_balance 21-0001 8
wait_for "the old file holds" 15 is 8 count_of 21-0001

# What only the account's handler can see is looked at as well.
jq '.accounts += [{ "name": "pim", "type": "webhook", "hook":
	{ "scheme": "standard", "secret": "whsec_x", "sku": "/sku" } }]' \
	"$DIR/good.json" >"$CONFIG"
kill -HUP "$daemon"
wait_for "the secret's mistake is in the log" 15 \
	logged 'reload.refused.*hook\.secret'
set_balance 21-0001 9
wait_for "the old file still holds" 15 is 9 count_of 21-0001

jq '.stock.reserve = "2"' "$DIR/good.json" >"$CONFIG"
kill -HUP "$daemon"
balance=20
reloaded()
{
	balance=$((balance + 1))
	set_balance 21-0001 "$balance"
	poll 2 is $((balance - 2)) count_of 21-0001
}
wait_for "the new file holds" 30 reloaded
! is_gone "$daemon" || fail "it is gone"

# A renewed certificate is served; a half-written one is not, and the last good
# one stays.
served()
{
	openssl s_client -connect "127.0.0.1:$hooks_port" </dev/null 2>/dev/null |
		openssl x509 -noout -serial
}
serial_of()
{
	openssl x509 -in "$1" -noout -serial
}
was=$(served)
expect "the certificate" "$was" "$(serial_of "$CERTS/server.pem")"
rm "$CERTS/server.pem"
"$ROOT/certs/make-certs.sh" "$CERTS" >/dev/null
kill -HUP "$daemon"
wait_for "the new certificate is served" 20 \
	is "$(serial_of "$CERTS/server.pem")" served
renewed=$(served)
[ "$renewed" != "$was" ] || fail "it was not renewed"
head -c 200 "$CERTS/server.pem" >"$DIR/half"
mv "$DIR/half" "$CERTS/server.pem"
kill -HUP "$daemon"
wait_for "the mistake is in the log" 15 \
	logged ' (warn|error) .*(certificate|server\.pem|PEM)'
expect "the certificate" "$(served)" "$renewed"
set_balance 21-0001 99
wait_for "it goes on" 15 is 97 count_of 21-0001
