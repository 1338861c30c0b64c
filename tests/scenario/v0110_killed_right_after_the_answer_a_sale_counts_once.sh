#!/bin/sh
# kill -9 right after the 202 of a sale, of the synchronizer's API: after the
# restart it is at the till once, and its job says so. A repeat under the same
# Idempotency-Key is the same sale, also when the answer was lost.
. "${0%/*}/lib.sh"

# sale KEY DELTA: sets $job.
sale()
{
	job=$(api api/synchronizer/sale -H "Idempotency-Key: $1" --json \
		"{\"item_ecommerce_id\":17,\"delta\":$2,\"balance\":500}" |
		jq -r .location)
}

job_is()
{
	api "api/itemstask/$1" | jq -r . | grep -q "^Job status : $2"
}

recorded()
{
	sim_state '.square.counts[] | select(.sku == "21-0003") | .recorded'
}

start_sim
write_config 'del(.accounts[0]) | .stock.authority = "agora"'
start_daemon
wait_quiet

# A registration is not lost either.
fault square "POST /v2/inventory/counts/batch-retrieve" hang:20000
item=$(api api/items --json "{\"item_pos_id\":\"$(variation_of 21-0003)\",
	\"item_ecommerce_id\":17,\"account_id\":\"L1\"}" | jq -r .)
item=${item##*/}
kill_daemon
clear_faults
start_daemon
wait_for "the item is registered" 30 job_is "$item" 'Succeeded$'
wait_quiet

for n in 1 2 3; do
	sale "order-$n" "$n"
	kill_daemon
	start_daemon
	wait_for "sale $n is at the till" 60 job_is "$job" 'Succeeded$'
	first=$job
	sale "order-$n" "$n"
	expect "the job of the repeat" "$job" "$first"
done
wait_quiet
expect "recorded" "$(recorded)" 6
expect "orders" "$(sim_state \
	'[.square.orders[] | select(.reference_id)] | length')" 3
expect "another body under the key" "$(api_code api/synchronizer/sale \
	-H 'Idempotency-Key: order-1' \
	--json '{"item_ecommerce_id":17,"delta":9,"balance":500}')" 409
expect "dead letters" "$(dead length)" 0
