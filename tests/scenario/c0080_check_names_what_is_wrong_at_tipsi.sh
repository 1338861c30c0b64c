#!/bin/sh
# `check` names the store that it found at Tipsi; a wrong password and a wrong
# store are said exactly, with what to mend, and with exit status 1.
. "${0%/*}/lib.sh"
. "${0%/*}/tipsi.lib.sh"

start_sim_with_tipsi
write_config_with_tipsi
tb check
expect "check ($said)" "$code" 0
expect_text "what it found" "$said" 'ok +cellar .*store "17" with [0-9]+ wines'
expect_text "what it cannot do" "$said" 'cellar.*cannot list sales, record sales'

WRONG_PASSWORD=$(planted wrong-password)
export WRONG_PASSWORD
MORE_SECRETS="$MORE_SECRETS $WRONG_PASSWORD"
write_config_with_tipsi '.accounts[2].password = "env:WRONG_PASSWORD"'
tb check
expect "check ($said)" "$code" 1
expect_text "the reason" "$said" \
	'wrong +cellar .*refuses user "sync".*`password` is wrong'

write_config_with_tipsi '.accounts[2].store = "18"'
tb check
expect "check ($said)" "$code" 1
expect_text "the reason" "$said" 'wrong +cellar .*no store "18": `store`'

write_config_with_tipsi '.accounts[2].stroe = "18" | del(.accounts[2].store)'
tb check --offline
expect "check ($said)" "$code" 3
expect_text "the reason" "$said" 'stroe.*store'
