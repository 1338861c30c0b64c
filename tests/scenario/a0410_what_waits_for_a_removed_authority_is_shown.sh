#!/bin/sh
# An account is taken out of the file while sales wait for it: they are shown and
# counted, and a person decides; when it comes back they are posted as before.
. "${0%/*}/lib.sh"

start_all
fault galaxy "" refuse 100000
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_for "the breaker is open" 20 is open account erp .breaker
sell 21-0003 2
sell 21-0004
wait_for "the sales are known" 20 is 2 account erp .entries_ready
kill_daemon

write_config 'del(.accounts[0]) | .stock.authority = "agora"'
tb check
expect_text "check" "$said" "warn +erp .*2 entries"
start_daemon
wait_logged 'account\.stranded account=erp entries=2'
expect "kinds" "$(dead 'map(.kind) | unique[]')" stranded
expect "counted" "$(status .entries.stranded)" 2
tb dead list
expect_text "dead list" "$said" "authority erp is no longer configured"
expect_text "the page" "$(api status)" "no longer configured"
tb explain 21-0003
expect_text "explain" "$said" "waits for erp, which is no longer configured"
tb items list
expect_text "items list" "$said" "its authority erp is no longer configured"

# It was tried once, so it goes nowhere else by itself.
id=$(dead '.[] | select(.summary | contains("21-0004")) | .id')
tb dead confirm "$id"
expect "dead confirm ($said)" "$code" 1
tb dead drop "$id"
expect "dead drop ($said)" "$code" 0
expect "left" "$(dead length)" 1
stop_daemon

write_config
clear_faults
start_daemon
expect "back again" "$(dead length)" 0
wait_for "the sale is booked" 60 is 2 booked_of 21-0003
wait_quiet
expect "dropped" "$(booked_of 21-0004)" 0
expect "entries" "$(entries)" 1
expect_no_double
