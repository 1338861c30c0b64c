#!/bin/sh
# Sales and receipts while tillbridge and its Redis die again and again; at
# rest everything agrees, and each sale is booked once (promise 10, I1-I5).
. "${0%/*}/lib.sh"

start_sim --items 12 --traffic 8 --seed 7
order traffic '{"paused":true}'
write_config
start_daemon
import_items
wait_quiet

# What was sold before the binding is history.
history=$(sim_state '[.square.counts[] | {key: .sku, value: (.sold | tonumber)}]
	| from_entries')
order traffic '{"paused":false}'
for round in 1 2 3 4 5 6; do
	sold=$(sim_state '.square.orders | length')
	wait_for "trade goes on" 20 \
		at_least $((sold + 5)) sim_state '.square.orders | length'
	case $round in
	2 | 5)
		kill -9 "$(private_redis)"
		wait_for "redis-server runs again" 20 has_private_redis
		wait_for "the daemon is ready again" 20 is_ready
		;;
	*)
		kill_daemon
		start_daemon
		;;
	esac
done

# Closing time; a person looks into Galaxy for what is uncertain.
order traffic '{"paused":true}'
wait_quiet
for entry in $(dead '.[] | select(.kind == "uncertain") | .id'); do
	docid=$(api "api/dead/$(echo "$entry" | sed 's:/:%2F:g')" | jq -r .doc.docid)
	if [ "$(sim_state "[.galaxy.entries[] |
		select(.docid == \"$docid\")] | length")" -eq 1 ]; then
		tb dead confirm "$entry"
	else
		tb dead retry "$entry"
	fi
	expect "the decision ($said)" "$code" 0
done
wait_quiet
wait_for "all agree" 30 all_agree
expect_no_double
expect "units sold and not booked, or booked and not sold" "$(sim_state "
	$history as \$history |
	(.galaxy.items | map({key: (.code | sub(\":001\"; \"-S\") |
		sub(\":002\"; \"-M\") | sub(\":003\"; \"-L\")),
		value: (.posted | tonumber)}) | from_entries) as \$booked |
	[.square.counts[] | select(((.sold | tonumber) - \$history[.sku] -
		\$booked[.sku] | fabs) > 0.0001) | .sku] | join(\" \")")" ""
expect "dead letters" "$(dead length)" 0
