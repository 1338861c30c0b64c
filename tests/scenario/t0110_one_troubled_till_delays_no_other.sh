#!/bin/sh
# One till down, one slow, one that answers 429: the other two get every change,
# and sales there are booked, while all that lasts; then everything catches up
# and all five agree (promise 7).
. "${0%/*}/lib.sh"
. "${0%/*}/five_tills.lib.sh"

# Longer than any call of the slow one, which is no failure.
start_all_with_five '(.accounts[].timeout_ms) = 30000'
balance=100

# What the fault of a till has done.
spoiled_at()
{
	sim_state "[.$(system_of "$1").calls[].faults] | add // 0"
}

# has_troubles DOWN SLOW BUSY: each has met its own.
has_troubles()
{
	for troubled; do
		[ "$(spoiled_at "$troubled")" -ge 1 ] || return 1
	done
}

# passes_slow SLOW HEALTHY...: three changes go through all the healthy ones
# while the slow one shows what it showed before the first of them.
passes_slow()
{
	slow_till=$1
	shift
	slow_count=$(shown_at "$slow_till" 21-0001)
	for _ in 1 2 3; do
		balance=$((balance + 1))
		set_balance 21-0001 "$balance"
		wait_shown 21-0001 "$balance" "$@"
	done
	[ "$(shown_at "$slow_till" 21-0001)" = "$slow_count" ]
}

# trouble DOWN SLOW BUSY HEALTHY SELLING: the last two are well, and the last of
# them is one that sells.
trouble()
{
	down=$1 slow=$2 busy=$3 healthy=$4 selling=$5
	order reset-calls '{}'
	were=$(shown_at "$down" 21-0001) busy_were=$(shown_at "$busy" 21-0001)
	entries_were=$(entries)
	fault "$(system_of "$down")" "" refuse 100000
	fault "$(system_of "$slow")" "" late:8000 100000
	order faults "{\"system\":\"$(system_of "$busy")\",\"path\":\"\",
		\"mode\":\"status:429\",\"next\":100000,\"retry_after\":1}"

	tries=5
	until passes_slow "$slow" "$healthy" "$selling"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] ||
			fail "$slow was never behind: nobody passed it"
	done
	sell_at "$selling" 21-0001 2
	balance=$((balance - 2))
	wait_for "the sale at $selling is booked" 30 \
		is $((entries_were + 1)) entries
	wait_shown 21-0001 "$balance" "$healthy" "$selling"
	wait_for "each has met its trouble" 60 \
		has_troubles "$down" "$slow" "$busy"
	wait_for "the breaker of $down is open" 60 \
		is open account "$down" .breaker

	# All this while they were, and still are, in trouble.
	expect "what $down shows" "$(shown_at "$down" 21-0001)" "$were"
	expect "what $busy shows" "$(shown_at "$busy" 21-0001)" "$busy_were"
	expect_at_least "faults left" "$(sim_state .faults_left)" 200000
	for well in erp "$healthy" "$selling"; do
		expect "the breaker of $well" "$(account "$well" .breaker)" closed
	done
	expect "ready all the same" "$(api_code ready)" 200

	clear_faults
	wait_shown_by_all 21-0001 "$balance"
	wait_quiet
	wait_for "all agree" 60 five_agree
}

trouble bazaar kiosk market cellar agora
trouble agora cellar bazaar kiosk market
expect_no_double
expect "booked" "$(booked_of 21-0001) in $(entries)" "4 in 2"
expect "dead letters" "$(dead length)" 0
