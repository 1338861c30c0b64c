#!/bin/sh
# A certificate that is absent, no PEM, without its key, with another key, or
# over: one clear message and exit status 3, before any port opens.
. "${0%/*}/lib.sh"

start_sim
write_config ".public.certificate = \"$DIR/bad.pem\""
refused()
{
	tb run
	expect "run with $1 ($said)" "$code" 3
	expect_text "run with $1" "$said" 'certificate|bad\.pem'
	expect_at_most "lines on $1: $said" "$(echo "$said" | grep -c .)" 3
	tb check --offline
	expect "check with $1 ($said)" "$code" 3
}
refused "no file"
echo rubbish >"$DIR/bad.pem"
refused "no PEM"
openssl x509 -in "$CERTS/server.pem" >"$DIR/bad.pem"
refused "no key"
{
	openssl x509 -in "$CERTS/server.pem"
	openssl pkey -in "$CERTS/client.pem"
} >"$DIR/bad.pem"
refused "another's key"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$DIR/key" -subj /CN=localhost -days 1 \
	-not_before 20200101000000Z -not_after 20200102000000Z \
	-out "$DIR/certificate" 2>/dev/null ||
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$DIR/key" -subj /CN=localhost -days -1 \
		-out "$DIR/certificate" 2>/dev/null || :
if [ -s "$DIR/certificate" ]; then
	cat "$DIR/key" "$DIR/certificate" >"$DIR/bad.pem"
	refused "one that is over"
fi
cp "$CERTS/server.pem" "$DIR/bad.pem"
start_daemon
