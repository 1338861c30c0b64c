#!/bin/sh
# A configured Redis that is not there, or wants a password: one clear message,
# exit status 4.
. "${0%/*}/lib.sh"

start_sim
write_config ".redis.url = \"unix://$DIR/absent.sock\""
for command in run "dead list"; do
	# shellcheck disable=SC2086  # its words
	tb $command
	expect "$command ($said)" "$code" 4
	expect_text "$command" "$said" redis
	expect_no_text "$command" "$said" 'gateway/|assert'
done
tb check
expect "check ($said)" "$code" 4

start_redis --requirepass password_of_redis
write_config ".redis.url = \"$REDIS_URL\""
tb run
expect "run ($said)" "$code" 4
expect_text "run" "$said" 'redis'
REDIS_PASSWORD=password_of_redis
export REDIS_PASSWORD
MORE_SECRETS=$REDIS_PASSWORD
write_config ".redis.url = \"$REDIS_URL\" | .redis.password = \"env:REDIS_PASSWORD\""
start_daemon
