#!/bin/sh
# What was answered 202 right before kill -9 is worked off after the restart
# (promise 1, I1).
. "${0%/*}/lib.sh"

start_all
hooks galaxy off
hooks square off
codes=$(sim_state '[.galaxy.items[:10][].code] | join(" ")')
for code in $codes; do
	set_balance "$code" 7
done

# Galaxy answers nothing any more, so nothing is worked off before the kill.
fault galaxy "" refuse 1000
for code in $codes; do
	expect "the hook of $code" "$(galaxy_hook "$code")" 202
done
event=$(count_event event-1 21-0021)
expect "an event" "$(square_hook "$event")" 202
first=$(jq -r .event "$DIR/hook.answer")
kill_daemon

clear_faults
order reset-calls '{}'
start_daemon
for code in $codes; do
	wait_for "$code is asked for" 30 is_asked "$code"
	wait_for "the till shows $code" 20 is 7 count_of "$code"
done
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""
expect "the event again" "$(square_hook "$event")" 202
expect "is known" "$(jq -r .event "$DIR/hook.answer")" "$first"
expect "dead letters" "$(dead length)" 0
