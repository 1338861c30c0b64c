#!/bin/sh
# The daemon starts with a Redis of its own, and SIGTERM ends both.
. "${0%/*}/lib.sh"

start_sim
write_config
start_daemon
has_private_redis || fail "it has no redis-server of its own"
expect "/live" "$(api_code live)" 200
expect "/ready" "$(api_code ready)" 200
expect "public /live" "$(curl -s --cacert "$CERTS/ca.pem" -o /dev/null \
	-w '%{http_code}' "$HOOKS/live")" 200
stop_daemon

# And again, on what the first one left.
start_daemon
stop_daemon
