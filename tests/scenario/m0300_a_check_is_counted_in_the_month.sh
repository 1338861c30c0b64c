#!/bin/sh
# What `check` calls is counted in the month's budget, with and without a
# daemon beside it, and a budget that is used up is kept: nothing is called, and
# the reason is ours. What an account cannot do is said in the same words by
# `check` and by the status.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

used()
{
	redis_cli --scan --pattern 'tillbridge:budget:kiosk:*' | head -1 |
		xargs -I KEY redis-cli -s "$REDIS_SOCKET" HGET KEY used
}

are_all_counted()
{
	[ "$(used)" = "$(sim_state .hiboutik.month_calls)" ]
}

start_redis
start_sim_with_hiboutik
write_config_with_hiboutik ".redis.url = \"$REDIS_URL\" |
	.accounts[2].monthly_calls = 1000"
tb check
expect "exit status ($said)" "$code" 0
expect "what a check costs" "$(used)" "$(sim_state .hiboutik.month_calls)"
expect_at_least "which is something" "$(used)" 2
expect_text "what Galaxy cannot do" "$said" "erp .*; it cannot write counts, list sales"
expect_no_text "and Hiboutik can" "$said" "kiosk .*(find items|receive callbacks)"

start_daemon
import_items
wait_for "every channel shows its target" 60 kiosk_agrees
tb check
expect "exit status beside a daemon ($said)" "$code" 0
wait_for "all calls are counted, whoever made them" 10 are_all_counted
expect "what the status says of Galaxy" \
	"$(account erp '.cannot[0:2] | join(", ")')" "write counts, list sales"
expect "what it says of Hiboutik" "$(account kiosk '.cannot | join(", ")')" \
	""
stop_daemon

# A hundred is the least that can be configured.
write_config_with_hiboutik ".redis.url = \"$REDIS_URL\" |
	.accounts[2].monthly_calls = 100"
redis_cli HSET "$(redis_cli --scan --pattern 'tillbridge:budget:kiosk:*')" \
	used 100 >/dev/null
order reset-calls '{}'
was=$(sim_state .hiboutik.month_calls)
tb check
expect "exit status of a month that is used up" "$code" 1
expect_text "why" "$said" "wrong kiosk .*slow: our own limit: all 100 calls of [0-9-]+ are used"
expect "calls it made" "$(sim_state .hiboutik.month_calls)" "$was"
