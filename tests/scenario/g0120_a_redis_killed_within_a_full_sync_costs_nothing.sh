#!/bin/sh
# Redis dies while a full sync writes to it: the daemon starts it again, the
# sync is done once more, and the mirror is what Galaxy shows.
. "${0%/*}/lib.sh"

start_sim --galaxy-items 3000
write_config
start_daemon
for rows in 1 1000 2400; do
	wait_for "$rows items are in the mirror" 60 at_least "$rows" \
		daemon_cli hlen tillbridge:mirror:erp:items
	kill -9 "$(private_redis)"
	wait_for "redis-server runs again" 20 has_private_redis
	wait_for "it answers" 20 is PONG daemon_cli ping
	expect "cursors ahead of their rows" \
		"$(hasty_cursors customers items itemaltercodes itembalances)" ""
done
wait_for "the daemon is ready again" 30 is_ready
import_items
wait_quiet
expect "lists that are not what Galaxy shows" "$(mirror_differences)" ""
