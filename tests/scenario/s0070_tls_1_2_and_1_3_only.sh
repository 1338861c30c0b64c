#!/bin/sh
# TLS 1.2 and 1.3 are spoken on the public listener; older ones are refused by
# it, and so is plain HTTP.
. "${0%/*}/lib.sh"

start_all
with_tls()
{
	curl -s --max-time 10 --cacert "$CERTS/ca.pem" -o /dev/null \
		-w '%{http_code}' "$@" "$HOOKS/live" || :
}
expect "TLS 1.2" "$(with_tls --tlsv1.2 --tls-max 1.2)" 200
expect "TLS 1.3" "$(with_tls --tlsv1.3)" 200
for version in tls1 tls1_1; do
	said=$(timeout 10 openssl s_client -"$version" \
		-cipher 'DEFAULT@SECLEVEL=0' -connect "127.0.0.1:$hooks_port" \
		</dev/null 2>&1) && fail "$version was accepted"
	expect_text "$version" "$said" 'alert protocol version'
done
expect "a certificate nobody signed" "$(curl -s --max-time 10 -o /dev/null \
	-w '%{http_code}' "$HOOKS/live" || :)" 000
expect_no_text "plain HTTP" "$(curl -s --max-time 10 -o /dev/null \
	-w '%{http_code}' "http://localhost:$hooks_port/live" || :)" 200
