#!/bin/sh
# A number is drawn before its row is committed: one that becomes visible late
# with a lower number is found by the overlap of the next catch-up.
. "${0%/*}/lib.sh"

stored()
{
	daemon_cli --raw hvals tillbridge:mirror:erp:items |
		jq -rs ".[] | select(.Code == \"$1\") | .RevisionNumber"
}

shown()
{
	galaxy_get "items?RevisionNumber=0" |
		jq -r ".[] | select(.Code == \"$1\") | .RevisionNumber"
}

start_sim --galaxy-items 200
write_config
start_daemon
import_items
wait_quiet
order galaxy/item '{"code":"50-0001","name":"Late","balance":"5",
	"in_flight":true}'
order galaxy/item '{"code":"50-0002","name":"Newer","balance":"6"}'
tb sync erp
expect "a catch-up ($said)" "$code" 0
expect "the late one" "$(stored 50-0001)" ""
newer=$(stored 50-0002)
[ "$newer" ] || fail "the newer one did not arrive"
order galaxy/commit '{"code":"50-0001"}'
at_most "$newer" shown 50-0001 || fail "its number is not lower"
tb sync erp
expect "a catch-up ($said)" "$code" 0
expect "the late one" "$(stored 50-0001)" "$(shown 50-0001)"
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
