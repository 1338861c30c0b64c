#!/bin/sh
# `check --offline` validates without starting or reaching anything.
. "${0%/*}/lib.sh"

start_sim
write_config
order reset-calls '{}'
tb check --offline
expect "the exit status ($said)" "$code" 0
expect "calls made" "$(sim_state \
	'[(.galaxy.calls, .square.calls)[] | .calls] | add // 0')" 0
has_no_private_redis || fail "it started a redis-server"

# Without --offline every account is reached, one line each.
tb check
expect "the exit status ($said)" "$code" 0
expect_text "the account's line" "$said" erp
expect_text "the account's line" "$said" agora
expect_at_least "log-ins at Galaxy" "$(sim_state .galaxy.logins)" 1
