#!/bin/sh
# A second daemon on the same state folder says so and leaves the first alone.
. "${0%/*}/lib.sh"

start_all
cp "$CONFIG" "$DIR/first.json"
free_port
jq --arg a "127.0.0.1:$port" '.public.listen = [$a]' "$CONFIG" >"$DIR/second.json"
free_port
jq --arg a "127.0.0.1:$port" '.private.listen = [$a]' "$DIR/second.json" >"$DIR/third.json"
mv "$DIR/third.json" "$DIR/second.json"
code=0
said=$(timeout 20 "$TILLBRIDGE" run -c "$DIR/second.json" 2>&1) || code=$?
[ "$code" -ne 0 ] && [ "$code" -lt 90 ] || fail "status $code: $said"
expect "the first one" "$(api_code ready)" 200
set_balance 21-0001 6
wait_for "the first one goes on" 10 is 6 count_of 21-0001
