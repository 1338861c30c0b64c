#!/bin/sh
# `hooks register` shows what it will do, does it once, and then Lightspeed X
# calls. What a personal token registers is not signed: the token in the URL
# proves it, and nobody is shown it.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

MARKET_HOOK=$(planted market-hook)
export MARKET_HOOK
MORE_SECRETS="$MORE_SECRETS $MARKET_HOOK"

webhooks()
{
	sim_state .lightspeed_x.webhooks
}

# No subscription yet, and no application that signs.
start_sim --lightspeed-x-token-env LIGHTSPEED_X_TOKEN
MARKET=http://$(sim_address lightspeed_x)
order lightspeed_x/switches '{"registers":1000}'
write_config_with_market '.accounts[2].hook = { token: "env:MARKET_HOOK" }'
start_daemon
import_items
wait_quiet

tb hooks register market --dry-run
expect "a dry run ($said)" "$code" 0
expect_text "what it would do" "$said" "make a webhook of sale.update"
expect_text "what it would do" "$said" "make a webhook of inventory.update"
expect_no_text "what it shows" "$said" "$MARKET_HOOK"
expect "webhooks" "$(webhooks)" 0
tb hooks register market --yes
expect "registering ($said)" "$code" 0
expect_no_text "what it shows" "$said" "$MARKET_HOOK"
expect "webhooks" "$(webhooks)" 3
tb hooks register market --yes
expect "registering again ($said)" "$code" 0
expect "webhooks" "$(webhooks)" 3

wait_next_second
sell_at_market 21-0001 2
wait_for "the sale is booked" 20 is 1 entries
expect "a call without the token" \
	"$(hook market -d 'payload=%7B%22id%22%3A%22x%22%7D')" 401

# Without a proof of any kind nothing is registered.
write_config_with_market
tb hooks register market --yes
expect "registering what is not signed ($said)" "$code" 1
expect_text "why" "$said" 'hook.token'
expect "webhooks" "$(webhooks)" 3
