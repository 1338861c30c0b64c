# All five kinds of tills beside Galaxy, in one configuration: Square "agora",
# Hiboutik "kiosk", Lightspeed R "bazaar", Lightspeed X "market", Tipsi "cellar".
#
#     . "${0%/*}/five_tills.lib.sh"      right behind lib.sh
#
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2120,SC2154  # scenarios use what is set here

. "${0%/*}/tipsi.lib.sh"
. "${0%/*}/hiboutik.lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

start_sim_with_five()
{
	start_sim_with_market --tipsi-password-env TIPSI_PASSWORD \
		--hiboutik-key-env HIBOUTIK_KEY \
		--hiboutik-hook-url "$HOOKS/hooks/kiosk" \
		--lightspeed-r-secret-env BAZAAR_SECRET \
		--lightspeed-r-refresh-env BAZAAR_REFRESH "$@"
	TIPSI=http://$(sim_address tipsi)
	HIBOUTIK=http://$(sim_address hiboutik)
	BAZAAR=http://$(sim_address lightspeed_r)
}

# write_config_with_five [FILTER]: of jq, on top of it. Each account is as its
# own scenarios have it.
write_config_with_five()
{
	: >"$DIR/accounts.json"
	for five_kind in tipsi hiboutik bazaar market; do
		"write_config_with_$five_kind"
		jq '.accounts[2]' "$CONFIG" >>"$DIR/accounts.json"
	done
	write_config ".accounts += $(jq -cs . "$DIR/accounts.json") | ${1:-.}"
}

# Bound, synced and at rest.
start_all_with_five()
{
	start_sim_with_five
	write_config_with_five "${1:-.}"
	start_daemon
	import_items
	wait_quiet
	wait_for "every channel shows its target" 60 five_agree
	wait_next_second
	order reset-calls '{}'
}

# shown_at TILL SKU: what the till itself shows of it.
shown_at()
{
	case $1 in
	agora) count_of "$2" ;;
	kiosk) kiosk_count "$2" ;;
	bazaar) bazaar_count "$2" ;;
	market) market_count "$2" ;;
	cellar) bottles_of "$2" ;;
	esac
}

# sell_at TILL SKU [QUANTITY]: sets $sale. Lightspeed R tells nobody.
sell_at()
{
	sell_at_till=$1
	shift
	case $sell_at_till in
	agora) sell "$@" ;;
	kiosk) sell_at_kiosk "$@" ;;
	bazaar) sell_at_bazaar "$@" ;;
	market) sell_at_market "$@" ;;
	esac
}

# system_of TILL: what the simulators call it.
system_of()
{
	case $1 in
	agora) echo square ;;
	kiosk) echo hiboutik ;;
	bazaar) echo lightspeed_r ;;
	market) echo lightspeed_x ;;
	cellar) echo tipsi ;;
	esac
}

# wait_shown SKU COUNT TILL...: each of them shows it.
wait_shown()
{
	shown_sku=$1
	shown_count=$2
	shift 2
	for shown_till; do
		wait_for "$shown_till shows $shown_count of $shown_sku" 60 \
			is "$shown_count" shown_at "$shown_till" "$shown_sku"
	done
}

# counts_at_all SKU: what each of them shows, in one look.
counts_at_all()
{
	sim_state "[(.square, .hiboutik, .lightspeed_r, .lightspeed_x |
			.counts[] | select(.sku == \"$1\") | .count),
		(.tipsi.items[] | select(.sku == \"$1\") | .in_stock)] |
		join(\" \")"
}

# wait_shown_by_all SKU COUNT: at one and the same moment.
wait_shown_by_all()
{
	wait_for "all show $2 of $1" 60 \
		is "$2 $2 $2 $2 $2" counts_at_all "$1"
}

# Prints the SKUs of which some till does not show what there is.
five_disagreements()
{
	disagreements
	kiosk_disagreements
	bazaar_disagreements
	market_disagreements
	tipsi_disagreements
}

five_agree()
{
	[ -z "$(five_disagreements)" ]
}

# Calls refused for their number, at all tills, since the beginning.
crowded_calls()
{
	sim_state '.hiboutik.crowded + .hiboutik.exhausted +
		.lightspeed_r.bucket_refusals + .lightspeed_r.burst_refusals +
		.lightspeed_x.limited'
}

# Calls that any vendor refused for whatever reason, since the counts began.
five_refused_calls()
{
	sim_state '[(.galaxy, .square, .hiboutik, .lightspeed_r, .lightspeed_x) |
		.calls[] | .refused] | add // 0'
}

# ---- Trouble ----------------------------------------------------------------

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
	balance=100
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
