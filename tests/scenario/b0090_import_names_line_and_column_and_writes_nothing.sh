#!/bin/sh
# Mistakes of a registry file are named by line and column, all of them, and
# not one of its rows is stored.
. "${0%/*}/lib.sh"

start_sim
write_config
start_daemon
cat >"$DIR/bad.csv" <<'END'
sku,name,erp,agora,reserve,authority
90-0001,good,21-0001,VARIATION1,,
90-0002,reserve,21-0002,VARIATION2,lots,
90-0003,authority,21-0003,VARIATION3,1,nobody
,no sku,21-0004,VARIATION4,,
90-0001,twice,21-0005,VARIATION5,,
END
tb items import "$DIR/bad.csv"
expect "the exit status ($said)" "$code" 1
for line in 3 4 5 6; do
	expect_text "the mistake of line $line" "$said" "(line |:)$line\\b"
done
expect_text "the column" "$said" reserve
expect_text "the column" "$said" authority
expect "items stored" "$(status .items)" 0

printf '%s\n' sku,erp,agroa '1,1,1' >"$DIR/header.csv"
tb items import "$DIR/header.csv"
expect "the exit status ($said)" "$code" 1
expect_text "the unknown column" "$said" agroa
expect_no_text "a mistake that is none" "$said" already
tb items import "$DIR/absent.csv"
expect "the exit status ($said)" "$code" 1
expect_text "the file" "$said" absent.csv
expect "items stored" "$(status .items)" 0
