#!/bin/sh
# Tipsi cannot record what is sold elsewhere. Chosen as the authority, of all
# items or of one, every sale of the others would end as a refused entry: so the
# configuration and the import say so at once, with the place and the cure.
. "${0%/*}/lib.sh"
. "${0%/*}/tipsi.lib.sh"

start_sim_with_tipsi
write_config_with_tipsi '.stock.authority = "cellar"'
tb check --offline
expect "check ($said)" "$code" 3
expect_text "the reason" "$said" 'stock\.authority: an account of this type '\
'cannot record what is sold elsewhere: expected one of erp, agora, found "cellar"'

write_config_with_tipsi '.accounts |= [.[2]] | del(.stock)'
tb check --offline
expect "check ($said)" "$code" 3
expect_text "the reason" "$said" 'accounts: none can be the authority: add one'

write_config_with_tipsi
tb check --offline
expect "check ($said)" "$code" 0
start_daemon
printf '%s\n' sku,authority 21-0001, 21-0002,cellar >"$DIR/bad.csv"
tb items import "$DIR/bad.csv"
expect "import ($said)" "$code" 1
expect_text "line and cure" "$said" \
	'bad\.csv:3: authority: that account cannot record what is sold'
expect_text "what became of it" "$said" 'nothing was written'
