#!/bin/sh
# There is no feed of deletions: a full sync finds what is gone, and takes its
# names with it.
. "${0%/*}/lib.sh"

code_of()
{
	daemon_cli --raw hvals tillbridge:mirror:erp:items |
		jq -rs ".[] | select(.Code == \"$1\") | .ItemID"
}

start_sim --galaxy-items 50
write_config
start_daemon
import_items
wait_quiet
order galaxy/item '{"code":"70-0001","name":"Short-lived","balance":"3"}'
tb sync erp
wait_quiet
gone=$(code_of 70-0001)
[ "$gone" ] || fail "the new item did not arrive"
order galaxy/delete '{"list":"items","code":"70-0001"}'
full_sync
expect "the item after a full sync" "$(code_of 70-0001)" ""
expect "its names" "$(lost_names items)" ""
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
