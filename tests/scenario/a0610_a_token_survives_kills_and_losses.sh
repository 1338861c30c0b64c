#!/bin/sh
# A refresh token that can be used once is never used twice and never lost: not
# by kill -9, not by the loss of Redis, not by two processes that find the token
# worn at the same time. Where the kill falls between the vendor's answer and
# the disk, it is gone, and a person is told what to do.
. "${0%/*}/lib.sh"
. "${0%/*}/token.lib.sh"

pkce_flow
start_redis
start_all_with_tokens ".redis.url = \"$REDIS_URL\""
order square/expire '{}'
set_balance 21-0004 11
wait_for "the count under the second token" 20 is 11 count_of 21-0004
kill_daemon
order square/expire '{}'
start_daemon
set_balance 21-0004 12
wait_for "the count after kill -9" 30 is 12 count_of 21-0004
expect "renewals" "$(refreshes)" 3

# Redis comes back empty; the file is there. And the other way round.
stop_daemon
redis_cli flushall >/dev/null
start_daemon
import_items
set_balance 21-0004 13
wait_for "the count after the loss of Redis" 30 is 13 count_of 21-0004
expect "renewals" "$(refreshes)" 3
stop_daemon
expect "mode of the file" "$(stat -c %a "$DIR"/state/vault/????????*)" 600
rm -r "$DIR/state/vault"
start_daemon
set_balance 21-0004 14
wait_for "the count after the loss of the file" 30 is 14 count_of 21-0004
expect "renewals" "$(refreshes)" 3
wait_quiet

# Three processes at once.
order square/expire '{}'
"$TILLBRIDGE" check -c "$CONFIG" >"$DIR/check1.log" 2>&1 &
check1=$!
"$TILLBRIDGE" check -c "$CONFIG" >"$DIR/check2.log" 2>&1 &
check2=$!
set_balance 21-0004 15
code=0
wait "$check1" || code=$?
expect "the first check ($(cat "$DIR/check1.log"))" "$code" 0
wait "$check2" || code=$?
expect "the second check ($(cat "$DIR/check2.log"))" "$code" 0
wait_for "the count after three at once" 30 is 15 count_of 21-0004
expect "renewals" "$(refreshes)" 4
expect_none_spent_again
expect "the account" "$(account agora .state)" ok

# Killed between the answer and the disk: the worst case there is.
is_asked_for_a_fifth()
{
	[ "$(refreshes)" = 5 ]
}

fault square /oauth2/token late:8000
order square/expire '{}'
set_balance 21-0004 16
wait_for "the vendor has renewed it" 20 is_asked_for_a_fifth
kill_daemon
clear_faults
start_daemon
wait_for "a person is told" 60 is locked account agora .state
wait_logged 'account.locked .*Square renews no token.*authorise again and set `oauth.refresh_token`'

# A person does, and says so; nothing has been lost meanwhile.
AGAIN=$(planted again)
MORE_SECRETS="$MORE_SECRETS $AGAIN"
order square/authorise "{\"refresh_token\":\"$AGAIN\"}"
echo "$AGAIN" >"$REFRESH_FILE"
kill -HUP "$daemon"
wait_for "the count that waited" 40 is 16 count_of 21-0004
wait_for "all is well" 20 is ok account agora .state
plant_tokens
