#!/bin/sh
# Throw-away certificates for development and tests. Never for a shop.
#
#     certs/make-certs.sh [DIR]     (default: the folder of this script)
#
#   ca.pem      the certificate of an authority that nobody else trusts
#   ca.key      its key
#   server.pem  key, certificate and chain for localhost, 127.0.0.1 and ::1
#   client.pem  key, certificate and chain of a caller, for client_ca
#
# What is there, fits together and lasts seven more days is kept, so it may run
# before every start. Each file appears whole or not at all.

set -eu
umask 077

dir=${1:-$(dirname "$0")}
keep_s=604800 # seven days
ca_days=730
leaf_days=365 # shorter than the authority's, and than what browsers refuse

command -v openssl >/dev/null || {
	echo "certs: openssl is missing (package openssl)" >&2
	exit 1
}
mkdir -p "$dir"
work=$(mktemp -d "$dir/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# openssl talks about each step; only a failed one is worth reading.
quietly()
{
	"$@" >"$work/log" 2>&1 && return
	cat "$work/log" >&2
	echo "certs: $1 $2 failed" >&2
	exit 1
}

new_key()
{
	quietly openssl genpkey -algorithm EC \
		-pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

lasts()
{
	[ -s "$1" ] && openssl x509 -in "$1" -noout -checkend "$keep_s" >/dev/null 2>&1
}

same_key()
{
	[ "$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null)" = \
		"$(openssl pkey -in "$2" -pubout 2>/dev/null)" ]
}

tell()
{
	chmod 600 "$1"
	echo "certs: $1 $2, valid until $(openssl x509 -in "$1" -noout -enddate |
		sed 's/.*=//')"
}

make_ca()
{
	new_key "$work/ca.key"
	quietly openssl req -x509 -new -sha256 -key "$work/ca.key" \
		-days "$ca_days" -subj '/CN=Tillbridge throw-away authority' \
		-addext 'basicConstraints=critical,CA:TRUE,pathlen:0' \
		-addext 'keyUsage=critical,keyCertSign,cRLSign' \
		-out "$work/ca.pem"
	mv "$work/ca.key" "$dir/ca.key"
	mv "$work/ca.pem" "$dir/ca.pem"
}

# make_leaf NAME SUBJECT EXTENSION...
make_leaf()
{
	leaf=$1
	subject=$2
	shift 2
	printf '%s\n' 'basicConstraints=critical,CA:FALSE' \
		'keyUsage=critical,digitalSignature' \
		'subjectKeyIdentifier=hash' 'authorityKeyIdentifier=keyid' \
		"$@" >"$work/ext"
	new_key "$work/key"
	quietly openssl req -new -sha256 -key "$work/key" -subj "$subject" \
		-out "$work/request"
	quietly openssl x509 -req -sha256 -in "$work/request" \
		-CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
		-set_serial "0x$(openssl rand -hex 16)" -days "$leaf_days" \
		-extfile "$work/ext" -out "$work/certificate"
	cat "$work/key" "$work/certificate" "$dir/ca.pem" >"$work/$leaf"
	mv "$work/$leaf" "$dir/$leaf"
}

# keep_or_make NAME SUBJECT EXTENSION...
keep_or_make()
{
	if lasts "$dir/$1" && same_key "$dir/$1" "$dir/$1" &&
		openssl verify -CAfile "$dir/ca.pem" "$dir/$1" >/dev/null 2>&1; then
		tell "$dir/$1" kept
	else
		make_leaf "$@"
		tell "$dir/$1" made
	fi
}

if lasts "$dir/ca.pem" && [ -s "$dir/ca.key" ] &&
	same_key "$dir/ca.pem" "$dir/ca.key"; then
	tell "$dir/ca.pem" kept
else
	make_ca
	tell "$dir/ca.pem" made
fi
chmod 600 "$dir/ca.key"
keep_or_make server.pem '/CN=localhost' 'extendedKeyUsage=serverAuth' \
	'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
keep_or_make client.pem '/CN=tillbridge-client' 'extendedKeyUsage=clientAuth'
