#!/bin/sh
# A catch-up that breaks off moves no cursor past what it did not store, and a
# revision that becomes visible late is found by the overlap (promise 6).
. "${0%/*}/lib.sh"

start_all
hooks galaxy off
hooks square off
set_balance 21-0001 21
order galaxy/item '{"code":"50-0001","name":"New","balance":"4","square":true}'
visible_at=$(($(date +%s) + 8))
order galaxy/item '{"code":"50-0002","name":"Late","balance":"5","square":true,
	"late_ms":6000}'
order galaxy/item '{"code":"50-0003","name":"Newer","balance":"6","square":true}'
stop_daemon
fault galaxy sync/items truncate
fault galaxy itembalances truncate
start_daemon
wait_for "the faults were met" 60 is 0 sim_state .faults_left
wait_for "the change arrives all the same" 60 is 21 count_of 21-0001
curl -s "$CONTROL/registry.csv" >"$DIR/more.csv"
import_items "$DIR/more.csv"
wait_for "the new ones are bound" 40 is 4 count_of 50-0001
wait_for "the new ones are bound" 40 is 6 count_of 50-0003

# The late one has a lower revision than what has been stored meanwhile.
wait_for "the late one is visible" 20 at_least "$visible_at" date +%s
stop_daemon
start_daemon
wait_for "it is found" 30 is 0 account erp .unresolved
wait_for "it is at the till" 30 is 5 count_of 50-0002
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""
