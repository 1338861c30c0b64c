#!/bin/sh
# `hooks register` at Hiboutik: a webhook for each event, asynchronous, with the
# token in its address, which is never shown. A new token takes the place of the
# old one's; what others have registered stays. What is sold then is announced.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

# ours FILTER: webhooks for our address, in the order of their events.
ours()
{
	sim_state "[.hiboutik.webhooks[] | select(.url |
		startswith(\"$HOOKS/hooks/kiosk?\"))] | sort_by(.action) | $1"
}

# The simulator has no address for sales in its settings here.
start_sim --hiboutik-key-env HIBOUTIK_KEY
HIBOUTIK=http://$(sim_address hiboutik)
write_config_with_hiboutik
curl -sS -u "till@example.com:$HIBOUTIK_KEY" "$HIBOUTIK/api/webhooks" \
	-d webhook_url=https://example.com/hooks/kiosk -d webhook_action=sale \
	-o "$DIR/other.answer"

tb hooks register kiosk --dry-run
expect "exit status of a dry run ($said)" "$code" 0
expect_text "what it says" "$said" "make a webhook for sale"
expect "webhooks after it" "$(ours length)" 0

tb hooks register kiosk --yes
expect "exit status ($said)" "$code" 0
expect "for what" "$(ours 'map(.action) | join(" ")')" "product sale stock_order"
expect "asynchronous" "$(ours 'map(.async) | unique | join(" ")')" true
expect "addresses" "$(ours 'map(.url) | unique[]')" \
	"$HOOKS/hooks/kiosk?k=$HIBOUTIK_TOKEN"
tb hooks register kiosk
expect "the second time there is nothing to agree to ($said)" "$code" 0
expect_text "what it says" "$said" "nothing to do"
expect "webhooks then" "$(ours length)" 3

# They are used: nothing else announces this sale, and nothing polls.
start_daemon
import_items
wait_quiet
wait_for "every channel shows its target" 20 kiosk_agrees
wait_next_second
sell_at_kiosk 21-0001
wait_for "the sale is booked" 20 is 1 entries

# Tomorrow's token.
HIBOUTIK_TOKEN=$(planted hiboutik-token)
export HIBOUTIK_TOKEN
MORE_SECRETS="$MORE_SECRETS $HIBOUTIK_TOKEN"
tb hooks register kiosk --yes --json
expect "exit status with a new token ($said)" "$code" 0
expect "addresses then" "$(ours 'map(.url) | unique[]')" \
	"$HOOKS/hooks/kiosk?k=$HIBOUTIK_TOKEN"
expect "webhooks then" "$(ours length)" 3
expect "somebody else's" "$(sim_state '[.hiboutik.webhooks[] |
	select(.url == "https://example.com/hooks/kiosk")] | length')" 1

# refused FILTER EXIT PATTERN
refused()
{
	write_config_with_hiboutik "$1"
	tb hooks register "${4:-kiosk}" --yes
	expect "exit status ($said)" "$code" "$2"
	expect_text "what it says" "$said" "$3"
}

refused . 2 "there is no account kiosl; there are: erp, agora, kiosk" kiosl
refused . 1 "cannot be told whom to call; set it up there by hand, for $HOOKS/hooks/erp" erp
refused 'del(.public.url) | .accounts[1].hook.url = "https://localhost/a"' 3 \
	"public.url is not set"
refused '.accounts[2].hook.token = "env:NOT_SET_HERE"' 1 \
	"hook.token. has no secret yet"
refused '.accounts[2].api_key = "env:NOT_SET_HERE"' 3 \
	"kiosk.api_key: env:NOT_SET_HERE has no secret"
refused '.accounts[2].email = "nobody@example.com"' 1 "locked.*nobody@example.com"
# Another account's secret is of no concern.
refused '.accounts[0].password = "env:NOT_SET_HERE"' 0 "nothing to do"
