#!/bin/sh
# `items import` binds, says so, and changes nothing when nothing changed;
# with and without a running daemon.
. "${0%/*}/lib.sh"

start_sim
write_config
rows=$(($(wc -l <"$CSV") - 1))

# Without a daemon: stored, and looked at as soon as one runs.
import_items
expect_text "what it did" "$said" "$rows"
has_no_private_redis || fail "it left its redis-server behind"
start_daemon
wait_quiet
expect "items" "$(status .items)" "$rows"
expect "unresolved" "$(account agora .unresolved)" 0
expect "bound" "$(account agora .bound)" "$rows"
expect "SKUs that disagree" "$(disagreements)" ""

# With it, and the same again.
writes=$(sim_state .square.writes)
import_items
wait_quiet
expect "items" "$(status .items)" "$rows"
expect "writes that the second import caused" \
	"$(($(sim_state .square.writes) - writes))" 0
expect "items listed" "$(api 'api/items?limit=500' | jq '.items | length')" "$rows"

# A binding that no system knows yet is stored and shown, not refused.
order hooks '{"system":"galaxy","mode":"off"}'
printf '%s\n' sku,name,erp,agora '77-0001,Not yet,77-0001,' >"$DIR/one.csv"
import_items "$DIR/one.csv"
wait_for "it is shown as unresolved" 15 is 1 account erp .unresolved
