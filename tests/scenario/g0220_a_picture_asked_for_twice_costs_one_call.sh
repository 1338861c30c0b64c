#!/bin/sh
# Pictures come on demand and stay: byte for byte, and asked for once.
. "${0%/*}/lib.sh"

# picture ID [CURL-OPTION...]: prints the status; headers and bytes in files.
picture()
{
	picture_id=$1
	shift
	curl -sS --max-time 30 -D "$DIR/headers" -o "$DIR/picture" \
		-w '%{http_code}' "$@" "$API/api/galaxy/images/$picture_id"
}

start_all
galaxy_get itemimages >"$DIR/images"
image=$(jq -r '.[0].ID' "$DIR/images")
curl -sSf --max-time 10 -H "Cookie: ss-id=$galaxy_session" \
	-H 'Accept: application/json' \
	"$GALAXY/api/glx/entities/itemimage/$image" |
	jq -r .Image | base64 -d >"$DIR/right"
order reset-calls '{}'

expect "a picture" "$(picture "$image")" 200
cmp "$DIR/right" "$DIR/picture" || fail "it is another one"
expect_text "its type" "$(cat "$DIR/headers")" '^content-type: image/png'
expect_text "no sniffing" "$(cat "$DIR/headers")" \
	'^x-content-type-options: nosniff'
expect_text "no scripts" "$(cat "$DIR/headers")" \
	'^content-security-policy: sandbox'
expect_text "kept" "$(cat "$DIR/headers")" '^cache-control: private, max-age'
expect "again" "$(picture "$(echo "$image" | tr a-f A-F)")" 200
cmp "$DIR/right" "$DIR/picture" || fail "it is another one"
etag=$(tr -d '\r' <"$DIR/headers" | sed -n 's/^[Ee][Tt][Aa][Gg]: //p')
expect "for whom has it" "$(picture "$image" -H "If-None-Match: $etag")" 304
expect "calls for it" "$(calls_of galaxy itemimage/)" 1

missing=00000000-aaaa-4000-8000-000000000000
expect "one that is not there" "$(picture "$missing")" 404
expect "again" "$(picture "$missing")" 404
expect "calls for both" "$(calls_of galaxy itemimage/)" 2
wait_quiet
