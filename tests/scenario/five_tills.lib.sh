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

# wait_shown_by_all SKU COUNT
wait_shown_by_all()
{
	wait_shown "$1" "$2" agora kiosk bazaar market cellar
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
