#!/bin/sh
# `check` says what it found at Lightspeed X, or exactly what is wrong and what
# there is instead.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_x.lib.sh"

# checks FILTER EXIT PATTERN
checks()
{
	write_config_with_market "(.accounts[2]) |= ($1)"
	tb check
	expect "exit status ($said)" "$code" "$2"
	expect_text "what it says" "$said" "$3"
}

start_sim_with_market
checks . 0 'market.*\(agora\), outlet "Agora", register "'
other=$(x_id 9 9)
checks ".outlet = \"$other\"" 1 '`outlet`.*not known; there is: 0a000001.*\(Agora\)'
checks ".outlet = \"$(x_id 1 2)\"" 1 '`register` .* not of the outlet'
checks ".register = \"$other\"" 1 '`register`.*not known; there is: 0a000002'
checks ".user = \"$other\"" 1 '`user`.*not known; there is: .*\(Till\)'
checks ".payment_type = \"$other\"" 1 \
	'`payment_type`.*not known; there is: .*\(Cash\)'
checks '.access_token = "env:SQUARE_TOKEN"' 1 'is `access_token` right'
checks '.url += "/shop"' 1 'is `url` that of the shop'
order lightspeed_x/switches '{"register_open":false}'
checks . 0 'register .*\(closed\)'
checks 'del(.hook)' 3 'hook.client_secret: missing'
checks '.hook.token = "env:LIGHTSPEED_X_TOKEN"' 3 \
	'hook.client_secret: what a personal token'
ODD=$(planted odd/hook+token)
export ODD
checks '.hook = { token: "env:ODD" }' 3 'hook.token: expected letters'
checks '.outlet = "Agora"' 3 'outlet: "Agora": expected an id'
checks '.reason_less = "STOCK_FOUND"' 3 'reason_less.*DAMAGE'
checks '.api_version = "2.0"' 3 'api_version.*dated'
checks 'del(.access_token)' 3 'access_token: missing'
checks '.oauth = {client_id: "c"}' 3 'either access_token or oauth'
