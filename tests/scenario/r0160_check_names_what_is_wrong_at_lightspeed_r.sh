#!/bin/sh
# `check` says what it found at Lightspeed R, or exactly what is wrong and where.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

# checks FILTER EXIT PATTERN
checks()
{
	write_config_with_bazaar "(.accounts[2]) |= ($1)"
	tb check
	expect "exit status ($said)" "$code" "$2"
	expect_text "what it says" "$said" "$3"
}

start_sim_with_bazaar
checks . 0 'bazaar.*account ".*" \(100\), shop "Agora" \(1\), register .*employee "Till Bridge" \(2\), payment type "Credit Card" \(7\), token until 20'
checks '.account = 7' 1 '`account` 7 is not this token.s; it is for: 100'
checks '.shop = 3' 1 '`shop` 3 is not known at Lightspeed; there is: 1 \(Agora\), 2'
checks '.shop = 2' 1 '`register` 1 .* is of another shop'
checks '.register = 8' 1 '`register` 8 is not known'
checks '.employee = 9' 1 '`employee` 9 is not known at Lightspeed; there is: 2 \(Till Bridge\)'
checks '.payment_type = 3' 1 '`payment_type` 3 \(Credit Account\) needs a customer'
checks '.payment_type = 5' 1 '`payment_type` 5 is not known at Lightspeed; there is: 1 \(Cash\)'
checks '.client_id = "other"' 1 'does not know this client .*`client_id` or `client_secret` is wrong'
checks '.shop = "one"' 3 'shop'
checks 'del(.payment_type)' 3 'payment_type: missing'
