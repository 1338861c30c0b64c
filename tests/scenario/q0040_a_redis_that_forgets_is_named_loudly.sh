#!/bin/sh
# Where a 2xx would not mean "on disk", log and status say so.
. "${0%/*}/lib.sh"

start_redis --appendonly no
start_all ".redis.url = \"$REDIS_URL\""
expect "a 2xx is on disk" "$(status .durability.on_disk)" false
expect_text "the warning" "$(status .durability.warning)" 'append|disk'
grep -E ' (warn|error) ' "$LOG" | grep -qiE 'append|disk' ||
	fail "the log does not say so"
expect_text "the page" "$(api status)" 'append|disk'
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_quiet
stop_daemon

# With everysec, and with eviction.
redis_cli config set appendonly yes >/dev/null
redis_cli config set appendfsync everysec >/dev/null
redis_cli config set maxmemory-policy allkeys-lru >/dev/null
start_daemon
expect "a 2xx is on disk" "$(status .durability.on_disk)" false
expect "the policy" "$(status .durability.maxmemory_policy)" allkeys-lru
redis_cli config set appendfsync always >/dev/null
redis_cli config set maxmemory-policy noeviction >/dev/null
wait_for "it sees the change" 20 is true status .durability.on_disk
expect "the warning" "$(status '.durability.warning // ""')" ""
