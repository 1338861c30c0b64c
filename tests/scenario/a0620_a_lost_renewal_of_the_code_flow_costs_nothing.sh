#!/bin/sh
# A refresh token that may be used again: an answer that was lost, and a kill
# between the answer and the disk, are made good by asking once more.
. "${0%/*}/lib.sh"
. "${0%/*}/token.lib.sh"

code_flow
start_all_with_tokens
fault square /oauth2/token lose_answer
order square/expire '{}'
set_balance 21-0004 11
wait_for "the count after a lost answer" 30 is 11 count_of 21-0004
expect "renewals" "$(refreshes)" 3

fault square /oauth2/token late:8000
order square/expire '{}'
set_balance 21-0004 12
wait_for "the vendor has renewed it" 20 is 4 refreshes
kill_daemon
clear_faults
start_daemon
wait_for "the count after the kill" 60 is 12 count_of 21-0004
expect "renewals" "$(refreshes)" 5
expect "the account" "$(account agora .state)" ok
plant_tokens
