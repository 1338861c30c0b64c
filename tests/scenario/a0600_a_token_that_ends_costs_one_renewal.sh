#!/bin/sh
# Access tokens end, in the middle of trade, by either flow: one renewal, the
# call repeated once, no sale and no count lost. A restart takes the token that
# is there, and so does `check` beside the daemon, which says whose it is.
. "${0%/*}/lib.sh"
. "${0%/*}/token.lib.sh"

for flow in code pkce; do
	"${flow}_flow"
	start_all_with_tokens
	expect "renewals at first ($flow)" "$(refreshes)" 1

	order reset-calls '{}'
	for n in 1 2 3; do
		sell 21-0003
		set_balance "21-000$((3 + n))" "1$n"
		[ $n != 2 ] || order square/expire '{}'
	done
	wait_for "the sales are booked ($flow)" 30 is 3 booked_of 21-0003
	wait_for "all agree ($flow)" 30 all_agree
	wait_quiet
	expect "renewals after the end ($flow)" "$(refreshes)" 2
	expect "the account ($flow)" "$(account agora .state)" ok
	expect "dead letters ($flow)" "$(dead length)" 0
	expect_no_double

	tb check
	expect "check ($said)" "$code" 0
	expect_text "check" "$said" \
		'ok +agora .*token of MAGORA0000001 until 20[0-9-]+T[0-9:]+Z'
	stop_daemon
	tb check
	expect "check without a daemon ($said)" "$code" 0
	start_daemon
	wait_quiet
	expect "renewals after a restart ($flow)" "$(refreshes)" 2
	expect_none_spent_again
	plant_tokens
	stop_daemon
	stop_sim
	rm -rf "$DIR/state"
done
