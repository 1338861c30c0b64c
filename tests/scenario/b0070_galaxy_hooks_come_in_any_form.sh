#!/bin/sh
# POST with JSON, with a form, with nothing; GET: all lead to a look. The
# secret may stand in the query, as Bearer or as the password of Basic.
. "${0%/*}/lib.sh"

start_all
balance=30
for form in json form empty get; do
	for auth in query bearer basic; do
		order hooks "{\"system\":\"galaxy\",\"form\":\"$form\",
			\"auth\":\"$auth\"}"
		balance=$((balance + 1))
		set_balance 21-0004 "$balance"
		wait_for "a hook as $form with $auth brings $balance" 15 \
			is "$balance" count_of 21-0004
	done
done
wait_quiet
expect "hooks refused" "$(metric tillbridge_hooks_forged_total)" 0
