#!/bin/sh
# The event id that Square signs is recognised: a repetition gets 202 and is
# not queued. Another type under the same id is another event.
. "${0%/*}/lib.sh"

start_all
drained=$(metric tillbridge_events_drained_total)
body=$(count_event event-1 21-0001)
expect "the first" "$(square_hook "$body")" 202
first=$(jq -r .event "$DIR/hook.answer")
for again in 1 2 3; do
	expect "repetition $again" "$(square_hook "$body")" 202
	expect "its id" "$(jq -r .event "$DIR/hook.answer")" "$first"
done
expect "duplicates counted" "$(metric tillbridge_hooks_duplicate_total)" 3
other=$(square_event inventory.count.created event-1 '{}')
expect "the same id, another type" "$(square_hook "$other")" 202
wait_quiet
expect "events worked off" \
	"$(($(metric tillbridge_events_drained_total) - drained))" 2

# Across a restart too.
stop_daemon
start_daemon
expect "after a restart" "$(square_hook "$body")" 202
expect "its id" "$(jq -r .event "$DIR/hook.answer")" "$first"
expect "duplicates counted" "$(metric tillbridge_hooks_duplicate_total)" 1
