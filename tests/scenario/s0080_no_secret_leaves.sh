#!/bin/sh
# Trouble of every kind, with secrets and bodies at hand: none of them is ever
# said. lib.sh looks for them in every log and page at the end of every
# scenario; this one gives occasion.
. "${0%/*}/lib.sh"

BODY=$(planted body)
MORE_SECRETS=$BODY
start_all
order hooks '{"system":"square","retry_ms":[]}'

# Hooks with secrets in the query and the body, good and bad.
hook_query="?key=$GALAXY_HOOK&note=$BODY"
expect "a secret in the query" "$(hook erp --json "{\"note\":\"$BODY\"}")" 202
hook_query="?key=$BODY"
expect "a wrong one" "$(hook erp --json "{\"note\":\"$BODY\"}")" 401
hook_query=
expect "a forged one" "$(hook agora --json "{\"note\":\"$BODY\"}" \
	-H "x-square-hmacsha256-signature: $BODY")" 401
expect "a strange one" "$(square_hook "$(square_event "strange.event" \
	event-1 "{\"note\":\"$BODY\"}")" | cut -c 1)" 2

both_well()
{
	[ "$(status '[.accounts[].state] | unique | join(" ")')" = ok ]
}

# Vendors that fail in every way.
for mode in status:500 html empty garbage truncate reset; do
	fault galaxy "" "$mode"
	fault square "" "$mode"
	expect "a hook" "$(galaxy_hook 21-0001)" 202
	sell 21-0001
	api api/status >/dev/null
	wait_for "the faults are used up" 60 is 0 sim_state .faults_left
	wait_for "they answer again" 60 both_well
done
clear_faults

# An entry that Galaxy refuses, and one whose answer is lost.
fault galaxy postentry status:400
sell 21-0002
fault galaxy postentry lose_answer
sell 21-0003
wait_for "both want a decision" 40 at_least 2 dead length
tb dead list
expect "dead list's status" "$code" 0
for id in $(dead '.[].id'); do
	tb dead show "$id"
	expect "dead show's status" "$code" 0
done
tb check
tb status
listen_to_it

for system in galaxy square; do
	fault $system "" status:401 20
done
expect "a hook" "$(galaxy_hook 21-0001)" 202
expect "an event" "$(square_hook "$(count_event event-2 21-0001)")" 202
for name in erp agora; do
	wait_for "$name is locked" 20 is locked account "$name" .state
done
clear_faults

# A wrong password at the next start, and Redis gone.
stop_daemon
wrong=$(planted wrong-password)
MORE_SECRETS="$BODY $wrong"
GALAXY_PASSWORD_SAVED=$GALAXY_PASSWORD
GALAXY_PASSWORD=$wrong
start_daemon
GALAXY_PASSWORD=$GALAXY_PASSWORD_SAVED
wait_for "the account is locked" 20 is locked account erp .state
listen_to_it
kill -9 "$(private_redis)"
