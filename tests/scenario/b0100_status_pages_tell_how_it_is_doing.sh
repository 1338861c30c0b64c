#!/bin/sh
# The page for a person, the same as JSON, readiness and metrics.
. "${0%/*}/lib.sh"

start_all
sell 21-0003
wait_for "Galaxy has the entry" 15 is 1 entries
wait_quiet
page=$(api status)
expect_text "the page" "$page" '<html'
expect_text "the page" "$page" agora
expect_text "the page" "$page" erp
expect "its type" "$(api status -o /dev/null -w '%{content_type}' | cut -d ';' -f 1)" \
	text/html
expect "accounts" "$(status '[.accounts[].name] | join(" ")')" "erp agora"
expect "states" "$(status '[.accounts[].state] | unique | join(" ")')" ok
expect "the authority" "$(account erp .authority)" true
expect "a 2xx is on disk" "$(status .durability.on_disk)" true
expect "the warning" "$(status '.durability.warning // ""')" ""
wait_for "all hooks are counted" 10 \
	is "$(sim_state '.hooks | .galaxy.done + .square.done')" \
	metric tillbridge_hooks_accepted_total
expect_at_least "entries counted" "$(metric tillbridge_entries_posted_total)" 1
expect "what does not exist" "$(api_code api/nothing)" 404
tb status
expect "status's exit status ($said)" "$code" 0
expect_text "status" "$said" agora
