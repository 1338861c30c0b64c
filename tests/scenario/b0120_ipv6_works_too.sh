#!/bin/sh
# Both listeners take IPv6 addresses.
. "${0%/*}/lib.sh"

free_port
v6_hooks=$port
free_port
v6_api=$port
[ -e /proc/net/tcp6 ] || {
	echo "no IPv6 here"
	exit 0
}
start_all ".public.listen += [\"[::1]:$v6_hooks\"] |
	.private.listen += [\"[::1]:$v6_api\"]"
expect "/ready over IPv6" "$(curl -s -o /dev/null -w '%{http_code}' \
	"http://[::1]:$v6_api/ready")" 200
hooks galaxy off
set_balance 21-0001 3
expect "a hook over IPv6" "$(curl -s --cacert "$CERTS/ca.pem" -o /dev/null \
	-w '%{http_code}' -H "Authorization: Bearer $GALAXY_HOOK" \
	--json "{\"ItemID\":\"$(itemid_of 21-0001)\"}" \
	"https://[::1]:$v6_hooks/hooks/erp")" 202
wait_for "the till shows it" 10 is 3 count_of 21-0001
