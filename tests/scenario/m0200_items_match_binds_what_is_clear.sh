#!/bin/sh
# `items match` compares what Galaxy, Square, Hiboutik and Tipsi have with the
# registry: by barcode, which Galaxy knows, then by SKU. What is clear is bound
# with --apply and only then; what fits two, or nothing, is shown and stays.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"
. "${0%/*}/tipsi.lib.sh"

# match_of ACCOUNT FILTER: of jq, on what `items match --json` says of it.
match_of()
{
	echo "$matched" | jq -r ".accounts[] | select(.account == \"$1\") | $2"
}

match()
{
	tb items match --json "$@"
	expect "exit status ($said)" "$code" 0
	matched=$said
}

bound()
{
	account "$1" '.bound + .unresolved'
}

start_sim_with_hiboutik --tipsi-password-env TIPSI_PASSWORD
TIPSI=http://$(sim_address tipsi)
write_config_with_hiboutik ".accounts += [{ name: \"cellar\",
	type: \"tipsi\", url: \"$TIPSI\", username: \"sync\", store: \"17\",
	password: \"env:TIPSI_PASSWORD\", timeout_ms: 4000 }]"
start_daemon

# Before its first sync nothing is known of Galaxy's items; now it has one.
wait_for "Galaxy is known" 30 sh -c "[ \"\$(curl -s '$API/api/status' | jq '[.accounts[] |
	select(.name == \"erp\") | .cursors.full != null] | all')\" = true ]"
tb items match erp
expect "an empty registry ($said)" "$code" 0
expect_text "what it says" "$said" "erp: 0 bound, 0 matched, 0 ambiguous"

# Galaxy's items are bound by their SKU, and two things are left out of the
# registry; one of them has the name of an item of another SKU. Two SKUs that
# differ in case alone have nothing that tells them apart.
csv_cell()
{
	awk -F , -v sku="$1" -v n="$2" '$1 == sku { print $n }' "$CSV"
}

name=$(sim_state '.galaxy.items[] | select(.code == "21-0011") | .name')
small=$(csv_cell 31-0001-S 1 | tr S s)
{
	echo sku,name,erp
	grep -vE '^(sku|21-0040|21-0011|31-0001-S),' "$CSV" | cut -d , -f 1,2,3
	printf 'own-7,"%s",\n31-0001-S,,\n%s,,\n' "$name" "$small"
} >"$DIR/erp.csv"
import_items "$DIR/erp.csv"
wait_quiet
items=$(($(wc -l <"$DIR/erp.csv") - 1))
match
expect "bound at Galaxy" "$(match_of erp .bound)" $((items - 3))
for till in agora kiosk cellar; do
	expect "errors at $till" "$(match_of "$till" .error)" null
	expect "nothing is bound at $till" "$(bound "$till")" 0
done
expect "ambiguous at Square" "$(match_of agora '.ambiguous[].external')" \
	"$(csv_cell 31-0001-S 4)"
expect_text "why" "$(match_of agora '.ambiguous[].why')" \
	"SKU fits 31-0001-S, 31-0001-s"
expect "unknown at Square" "$(match_of agora '.unknown[].external' | sort)" \
	"$(printf '%s\n%s' "$(csv_cell 21-0040 4)" "$(csv_cell 21-0011 4)" | sort)"
expect "perhaps, at Hiboutik" \
	"$(match_of kiosk '[.unknown[].perhaps // empty] | join(" ")')" own-7
expect "absent at Square" "$(match_of agora .absent)" 3
expect_text "for a person" "$(tb items match agora; echo "$said")" \
	"ambiguous .*$(csv_cell 31-0001-S 4)"

# One till alone, then all; what was bound is what the simulator says it is.
tb items match --apply agora
expect "exit status ($said)" "$code" 0
expect_text "what it says" "$said" "$((items - 3)) bindings were written"
wait_for "Square's are bound" 20 is $((items - 3)) bound agora
expect "Hiboutik's are not" "$(bound kiosk)" 0
match --apply
expect "the second time nothing is new at Square" \
	"$(match_of agora '"\(.bound) \(.matched | length)"')" "$((items - 3)) 0"
tb items export
for sku in 21-0001 21-0017 31-0001-M; do
	for till in 4 5 6; do
		cell=$(csv_cell $sku $till)
		[ -z "$cell" ] || expect_text "the binding of $sku" \
			"$(echo "$said" | grep "^$sku,")" ",$cell(,|\$)"
	done
done
wait_quiet
set_balance 21-0001 17
wait_for "Hiboutik shows it" 20 is 17 kiosk_count 21-0001
wait_for "Tipsi shows it" 20 is 17 bottles_of 21-0001

# A name that is none, and one that does not answer.
tb items match nobody
expect "exit status of an unknown account" "$code" 2
stop_sim
tb items match kiosk erp
expect "exit status of one that does not answer" "$code" 1
expect_text "who" "$said" "kiosk: not matched"
expect_text "the other" "$said" "erp: $((items - 3)) bound"
