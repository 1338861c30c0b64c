#!/bin/sh
# Each signing scheme, made with openssl: a genuine call changes the count at
# the till; a forged, a stale and a replayed one change nothing.
. "${0%/*}/lib.sh"

WHSEC=whsec_$(openssl rand -base64 32)
WHSEC_NEW=whsec_$(openssl rand -base64 24)
PLAIN=$(planted hook)
PLAIN_NEW=$(planted hook-new)
export WHSEC WHSEC_NEW PLAIN PLAIN_NEW
MORE_SECRETS="$WHSEC $WHSEC_NEW $PLAIN $PLAIN_NEW ${WHSEC#whsec_}"
start_all '.accounts += [
	["standard", "WHSEC", "/data/sku"], ["svix", "WHSEC", "/data/sku"],
	["github", "PLAIN", "/sku"], ["shopify", "PLAIN", "/variants/0/sku"],
	["stripe", "PLAIN", "/data/sku"], ["hmac", "PLAIN", "/skus"] |
	{ name: .[0], type: "webhook",
	  hook: { scheme: .[0], secret: "env:\(.[1])", sku: .[2] } }] |
	(.accounts[] | select(.name == "hmac")).hook += {
		header: "X-Sum", algorithm: "sha512", encoding: "base64",
		prefix: "sum=", timestamp_header: "X-Time" }'
hooks galaxy off

# mac TEXT KEY [OPTION]: the bytes of an HMAC.
mac()
{
	printf %s "$1" | openssl dgst "${3:--sha256}" -hmac "$2" -binary
}

whsec_mac()
{
	printf %s "$1" | openssl dgst -sha256 -mac HMAC -binary -macopt \
		"hexkey:$(printf %s "${2#whsec_}" | base64 -d | hex)" | base64 -w 0
}

hex()
{
	od -An -v -tx1 | tr -d ' \n'
}

# send SCHEME BODY [KEY [TIME [ID]]]: signed as it should be; prints the status.
send()
{
	body=$2
	time=${4:-$(date +%s)}
	id=${5:-msg_$(openssl rand -hex 8)}
	case $1 in
	standard | svix)
		prefix=webhook
		[ "$1" = standard ] || prefix=svix
		set -- "$1" -H "$prefix-id: $id" -H "$prefix-timestamp: $time" \
			-H "$prefix-signature: v1a,AAAA v1,$(whsec_mac \
				"$id.$time.$body" "${3:-$WHSEC}")"
		;;
	github)
		set -- "$1" -H "X-Hub-Signature-256: sha256=$(mac "$body" \
			"${3:-$PLAIN}" | hex)"
		;;
	shopify)
		set -- "$1" -H "X-Shopify-Hmac-SHA256: $(mac "$body" \
			"${3:-$PLAIN}" | base64)"
		;;
	stripe)
		set -- "$1" -H "Stripe-Signature: t=$time,v1=$(mac \
			"$time.$body" "${3:-$PLAIN}" | hex)"
		;;
	hmac)
		set -- "$1" -H "X-Time: $time" -H "X-Sum: sum=$(mac \
			"$time.$body" "${3:-$PLAIN}" -sha512 | base64 -w 0)"
		;;
	esac
	hook "$@" --json "${sent:-$body}"
}

# body_of SCHEME SKU
body_of()
{
	case $1 in
	standard | svix | stripe)
		printf '{"id":"evt_%s","type":"stock","data":{"sku":"%s","stock":0}}' \
			"$(openssl rand -hex 8)" "$2"
		;;
	github) printf '{"sku":"%s"}' "$2" ;;
	shopify) printf '{"variants":[{"sku":"%s"}]}' "$2" ;;
	hmac) printf '{"skus":["no-such-sku","%s"]}' "$2" ;;
	esac
}

# ---- genuine: the till shows it --------------------------------------------

n=20
for scheme in standard svix github shopify stripe hmac; do
	n=$((n + 1))
	set_balance 21-0001 $n
	expect "$scheme" "$(send $scheme "$(body_of $scheme 21-0001)")" 202
	wait_for "the till shows what $scheme said to look at" 10 \
		is $n count_of 21-0001
done
wait_quiet
expect "times the balance was asked for" "$(asked_of 21-0001)" 6

# ---- forged and stale: nothing ---------------------------------------------

set_balance 21-0001 40
now=$(date +%s)
for scheme in standard svix github shopify stripe hmac; do
	body=$(body_of $scheme 21-0001)
	sent=$(body_of $scheme 21-0002)
	expect "$scheme, another body" "$(send $scheme "$body")" 401
	sent=
	wrong=$PLAIN_NEW
	case $scheme in standard | svix) wrong=$WHSEC_NEW ;; esac
	expect "$scheme, another key" "$(send $scheme "$body" "$wrong")" 401
	expect "$scheme, no signature" "$(hook $scheme --json "$body")" 401
done
for scheme in standard svix stripe hmac; do
	body=$(body_of $scheme 21-0001)
	expect "$scheme, old" \
		"$(send $scheme "$body" "" $((now - 400)))" 401
	expect "$scheme, of the future" \
		"$(send $scheme "$body" "" $((now + 400)))" 401
	expect "$scheme, no time" "$(send $scheme "$body" "" "$now.5")" 401
done
expect "a form" "$(hook github -d 'sku=21-0001' -H "X-Hub-Signature-256: \
sha256=$(mac 'sku=21-0001' "$PLAIN" | hex)")" 415
expect "no JSON" "$(send github '{"sku":')" 400
expect "far too large" "$(head -c 2000000 /dev/zero | tr '\0' ' ' |
	hook github -H 'Content-Type: application/json' --data-binary @-)" 413
wait_quiet
expect "times the balance was asked for" "$(asked_of 21-0001)" 6
expect "the count" "$(count_of 21-0001)" 26

# ---- replayed: once --------------------------------------------------------

before=$(metric tillbridge_hooks_duplicate_total)
body=$(body_of standard 21-0001)
expect "the first" "$(send standard "$body" "" "" msg_same)" 202
first=$(cat "$DIR/hook.answer")
wait_for "the till shows 40" 10 is 40 count_of 21-0001
wait_quiet
expect "again" "$(send standard "$body" "" "" msg_same)" 202
expect "the answer" "$(cat "$DIR/hook.answer")" "$first"
body=$(body_of stripe 21-0001)
expect "the first" "$(send stripe "$body")" 202
expect "again" "$(send stripe "$body")" 202
wait_quiet
expect "known ones" \
	"$(($(metric tillbridge_hooks_duplicate_total) - before))" 2
# An id that is not signed makes nobody's event another's repeat.
body=$(body_of github 21-0001)
expect "GitHub" "$(send github "$body")" 202
expect "again" "$(send github "$body")" 202
expect "known ones" \
	"$(($(metric tillbridge_hooks_duplicate_total) - before))" 2

# ---- an SKU that is not ours, and none at all ------------------------------

wait_quiet
asked=$(asked_of 21-0001)
idle=$(metric tillbridge_events_idle_total)
expect "not ours" "$(send github '{"sku":"no-such-sku"}')" 202
expect "none" "$(send github '{"other":"21-0001"}')" 202
wait_quiet
wait_for "both are counted" 5 is $((idle + 2)) \
	metric tillbridge_events_idle_total
expect "times the balance was asked for" "$(asked_of 21-0001)" "$asked"
expect "dead letters" "$(dead length)" 0
stop_daemon

# ---- a new secret beside the old one ---------------------------------------

write_config '.accounts += [
	{ name: "standard", type: "webhook", hook: { scheme: "standard",
	  secret: ["env:WHSEC_NEW", "env:WHSEC"], sku: "/data/sku" } },
	{ name: "github", type: "webhook", hook: { scheme: "github",
	  secret: ["env:PLAIN_NEW", "env:PLAIN"], sku: "/sku" } }]'
start_daemon
for key in "$WHSEC" "$WHSEC_NEW"; do
	expect "either secret" "$(send standard \
		"$(body_of standard 21-0001)" "$key")" 202
done
for key in "$PLAIN" "$PLAIN_NEW"; do
	expect "either secret" "$(send github '{"sku":"21-0001"}' "$key")" 202
done
expect "a third" "$(send github '{"sku":"21-0001"}' x)" 401
stop_daemon

write_config '.accounts += [
	{ name: "github", type: "webhook", hook: { scheme: "github",
	  secret: "env:PLAIN_NEW", sku: "/sku" } }]'
start_daemon
expect "the new one" "$(send github '{"sku":"21-0001"}' "$PLAIN_NEW")" 202
expect "the old one" "$(send github '{"sku":"21-0001"}' "$PLAIN")" 401
