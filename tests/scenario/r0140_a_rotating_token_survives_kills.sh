#!/bin/sh
# Each renewal at Lightspeed R gives a new refresh token, and the old one dies
# when the new access token is first used. None is lost: not by a restart, and not
# by kill -9 at any moment, the one between the vendor's answer and the disk
# included.
. "${0%/*}/lib.sh"
. "${0%/*}/lightspeed_r.lib.sh"

start_redis
start_all_with_bazaar ".redis.url = \"$REDIS_URL\""
expect "renewals at first" "$(renewals)" 1
stop_daemon
start_daemon
wait_quiet
set_balance 21-0004 11
wait_for "the count after a restart" 20 is 11 bazaar_count 21-0004
expect "renewals" "$(renewals)" 1

kill_daemon
order lightspeed_r/tokens '{"expire":"access"}'
start_daemon
set_balance 21-0004 13
wait_for "the count after kill -9" 30 is 13 bazaar_count 21-0004
expect "renewals" "$(renewals)" 2
expect_none_refused
wait_quiet

# Killed between the answer and the disk: the pair is gone, and was never used,
# so the old refresh token still lives.
fault lightspeed_r /auth/oauth/token late:20000
order lightspeed_r/tokens '{"expire":"access"}'
set_balance 21-0004 14
wait_for "the vendor has renewed it" 20 is 3 renewals
kill_daemon
clear_faults
start_daemon
wait_for "the count that waited" 60 is 14 bazaar_count 21-0004
expect "renewals" "$(renewals)" 4
expect_none_refused
wait_quiet
