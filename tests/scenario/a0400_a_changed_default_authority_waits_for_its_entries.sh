#!/bin/sh
# Another default authority in the file, while a sale waits for the old one and
# another is uncertain there: both end there, exactly once, although the daemon
# is killed at each start; then the items go over.
. "${0%/*}/lib.sh"

authority_of()
{
	tb explain "$1"
	printf '%s\n' "$said" | sed -n 's/^authority  *//p'
}

start_all
fault galaxy postentry lose_answer
sell 21-0004
wait_for "one is uncertain" 20 is uncertain dead '.[0].kind'
id=$(dead '.[0].id')
clear_faults
fault galaxy "" refuse 100000
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_for "the breaker is open" 20 is open account erp .breaker
sell 21-0003 2
wait_for "the sale is known" 30 is 1 account erp .entries_ready
kill_daemon

write_config '.stock.authority = "agora"'
for _ in 1 2 3; do
	launch_daemon
	poll 1 is_ready || :
	kill_daemon
done
start_daemon
expect "in the log" "$(times_logged 'authority\.changed from=erp to=agora')" 1
expect "it waits at" "$(authority_of 21-0003)" "erp"
tb explain 21-0003
expect_text "what waits" "$said" "next +agora"
expect "the other follows" "$(authority_of 21-0001)" "agora (the default)"

clear_faults
wait_for "the sale is booked" 60 is 2 booked_of 21-0003
wait_for "its item goes over" 30 is "agora (the default)" authority_of 21-0003
expect "the uncertain one's stays" "$(authority_of 21-0004)" "erp"
tb dead confirm "$id"
expect "dead confirm ($said)" "$code" 0
wait_for "now it goes, too" 30 is "agora (the default)" authority_of 21-0004
expect "entries" "$(entries)" 2
expect_no_double
expect "dead letters" "$(dead length)" 0
