#!/bin/sh
# Galaxy may think for minutes before the first row of a long list: who watches
# sees which one it is, and not the short one that was read before.
. "${0%/*}/lib.sh"

start_all
order faults '{"system":"galaxy","path":"/sync/items","mode":"stall:120000",
	"rows":0,"next":1}'
tb_log=$DIR/sync.log
"$TILLBRIDGE" sync --full erp -c "$CONFIG" >"$tb_log" 2>&1 &
others=$!
wait_for "the items are asked for" 20 at_least 1 calls_of galaxy /sync/items
wait_for "the status says so" 3 is items account erp .sync.entity
expect "its rows" "$(account erp .sync.rows)" 0
release
wait_for "the sync ends" 30 is_gone "$others"
expect_text "what was said at its end" "$(cat "$tb_log")" "full sync done"
