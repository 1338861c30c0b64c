#!/bin/sh
# A shop's Sync client may be pointed at us: every list, whole, by revision and
# by ids, is what Galaxy itself answers.
. "${0%/*}/lib.sh"

# The rows of an answer in a file, in one order, a row a line.
rows()
{
	jq -c '.[]' "$1" | LC_ALL=C sort
}

api_rows()
{
	api "api/galaxy/$1" -g --max-time 60 --fail >"$DIR/api.answer"
	rows "$DIR/api.answer"
}

# compare QUERY [ROWS]: both answer the same, and at least so many rows.
compare()
{
	galaxy_get "$1" >"$DIR/galaxy.answer"
	rows "$DIR/galaxy.answer" >"$DIR/galaxy.rows"
	api_rows "$1" >"$DIR/api.rows"
	cmp -s "$DIR/galaxy.rows" "$DIR/api.rows" ||
		fail "$1: $(diff "$DIR/galaxy.rows" "$DIR/api.rows" | head -n 4)"
	expect_at_least "rows of $1" "$(grep -c . "$DIR/api.rows")" "${2:-0}"
}

start_sim --galaxy-items 300
write_config
start_daemon
import_items
wait_quiet
hooks galaxy off
hooks square off
full_sync
wait_quiet

for list in $galaxy_lists; do
	compare "$list"
done
compare items 300
compare itembalances 300
compare customers 1

middle=$(galaxy_get items | jq -s 'map(.[].RevisionNumber) | sort |
	.[length / 2 | floor]')
compare "items?RevisionNumber=$middle" 100
compare "items?RevisionNumber=0" 300
top=$(galaxy_get items | jq 'map(.RevisionNumber) | max')
compare "items?RevisionNumber=$top"
expect "rows behind the last revision" "$(api "api/galaxy/items?revisionnumber=$top")" "[]"

ids=$(galaxy_get items | jq -r '[.[7, 70, 170].ItemID] | join(",")')
compare "items?ids=%5B$ids%5D" 3
compare "itembalances?ids=%5B$ids%5D" 3
expect "with the brackets as they are" \
	"$(api_rows "items?IDs=[$ids]" | wc -l)" 3
expect "in the other case" \
	"$(api_rows "items?ids=[$(echo "$ids" | tr a-f A-F)]" | wc -l)" 3
expect "by its code" "$(api_rows "items?ids=[21-0001]" |
	jq -r .Code)" 21-0001

scenario=$(galaxy_get webscenarios |
	jq -r '.[] | select(.IsDefault == 1) | .ID')
compare "items?WebScenID=$scenario" 300
expect "another scenario" "$(api_code "api/galaxy/items?WebScenID=x$scenario")" 400
expect "an unknown list" "$(api_code api/galaxy/unicorns)" 404

order galaxy/item '{"code":"21-0001","name":"Another name"}'
tb sync erp
expect "a catch-up ($said)" "$code" 0
compare "items?RevisionNumber=$top" 1
