#!/bin/sh
# Two Galaxy hooks for one item before its fetch begins cause one fetch; one
# that comes during the fetch causes another.
. "${0%/*}/lib.sh"

start_all '.accounts[0].timeout_ms = 60000'
hooks galaxy off
hooks square off
set_balance 21-0001 11
set_balance 21-0002 11

# Held in the middle of another item's fetch.
fault galaxy itembalances late:60000
expect "the first hook" "$(galaxy_hook 21-0001)" 202
wait_for "its fetch is under way" 10 is 1 calls_of galaxy itembalances
for again in 1 2 3; do
	expect "hook $again of the second item" "$(galaxy_hook 21-0002)" 202
done
wait_for "they are marks" 20 is 0 status .queue.depth
release
wait_quiet
expect "fetches of the first item" "$(asked_of 21-0001)" 1
expect "fetches of the second item" "$(asked_of 21-0002)" 1
expect "fetches" "$(calls_of galaxy itembalances)" 2
expect "the second item at the till" "$(count_of 21-0002)" 11

# The answer under way is from before the change: it must be asked again.
order reset-calls '{}'
fault galaxy itembalances late:60000
expect "a hook" "$(galaxy_hook 21-0001)" 202
wait_for "its fetch is under way" 10 is 1 calls_of galaxy itembalances
set_balance 21-0001 12
expect "a hook during the fetch" "$(galaxy_hook 21-0001)" 202
wait_for "it is a mark" 20 is 0 status .queue.depth
release
wait_for "the till shows the newer one" 15 is 12 count_of 21-0001
wait_quiet
expect "fetches" "$(asked_of 21-0001)" 2
