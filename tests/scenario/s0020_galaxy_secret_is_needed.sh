#!/bin/sh
# A Galaxy hook without the secret, or with another, gets 401 and does nothing.
. "${0%/*}/lib.sh"

start_all
hooks galaxy off
set_balance 21-0001 8
item="{\"ItemID\":\"$(itemid_of 21-0001)\"}"
expect "no secret" "$(hook erp --json "$item")" 401
expect "another as Bearer" "$(hook erp --json "$item" \
	-H "Authorization: Bearer ${GALAXY_HOOK}x")" 401
expect "the beginning of it" "$(hook erp --json "$item" \
	-H "Authorization: Bearer $(echo "$GALAXY_HOOK" | cut -c 1-20)")" 401
expect "another as Basic" "$(hook erp --json "$item" -u "galaxy:wrong")" 401
hook_query='?key=wrong'
expect "another in the query" "$(hook erp --json "$item")" 401
expect "and by GET" "$(hook erp)" 401
hook_query='?key='
expect "an empty one" "$(hook erp)" 401
hook_query=
expect "the queue" "$(status .queue.depth)" 0
expect "looks at Galaxy" "$(asked_of 21-0001)" 0
hook_query="?key=$GALAXY_HOOK"
expect "the right one" "$(hook erp --json "$item")" 202
hook_query=
wait_for "it has its effect" 10 is 8 count_of 21-0001
