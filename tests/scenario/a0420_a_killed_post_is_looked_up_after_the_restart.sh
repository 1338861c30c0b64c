#!/bin/sh
# kill -9 between post and answer, with a look-up configured: the restarted
# daemon asks for the document and needs no person; nothing is posted twice,
# and other sales of the item go on meanwhile.
. "${0%/*}/lib.sh"

start_all '.accounts[0].lookup = { view: "CommercialEntry/ByDocID",
	field: "DOCID" }'
before=$(balance_of 21-0003)
fault galaxy postentry late:20000
sell 21-0003 2
wait_for "Galaxy has the entry" 20 is 1 entries
kill_daemon
clear_faults
tb status
expect "status of what was killed ($said)" "$code" 1
# A server that the crash left behind is told on the log, when it is met.
expect_text "its first line" \
	"$(printf '%s\n' "$said" | grep -v ' redis\.leftover ' | head -n 1)" \
	'^NO DAEMON IS RUNNING HERE: .* last heard of at 20'
start_daemon
wait_for "it is uncertain" 20 is 1 status .entries.uncertain
tb status
expect "status of what runs ($said)" "$code" 0
expect_text "nobody decides" "$said" '0 wait for a person'
expect_text "nobody decides" "$said" '1 uncertain, looked up automatically'
expect "nobody decides" "$(dead '.[0].looked_up_automatically')" true
sell 21-0003
wait_for "the next one is posted" 20 is 2 entries
expect "the first one waits" "$(status .entries.uncertain)" 1

# A restart in between forgets nothing.
stop_daemon
start_daemon
wait_for "it was looked up" 60 is 0 status .entries.uncertain
wait_logged 'entry\.looked_up .*found=yes'
wait_for "it is settled" 20 is $((before - 3)) count_of 21-0003
wait_quiet
expect "entries" "$(entries)" 2
expect_no_double
expect "dead letters" "$(dead length)" 0
expect "SKUs that disagree" "$(disagreements)" ""
