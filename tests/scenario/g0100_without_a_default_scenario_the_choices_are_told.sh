#!/bin/sh
# No web scenario is Galaxy's default and none is set: the account is locked
# and told which there are. One that is set is sent with every call.
. "${0%/*}/lib.sh"

start_sim
order galaxy/switches '{"default_scenario":false}'
write_config
start_daemon
wait_for "the account is locked" 20 is locked account erp .state
why=$(account erp .why)
expect_text "what to set" "$why" 'set web_scenario to one of'
for code in $(galaxy_get webscenarios | jq -r '.[].Code | split(" ")[0]'); do
	expect_text "a choice" "$why" "\"$code"
done
expect "lists that were asked for" "$(calls_of galaxy /sync/items)" 0
tb check
expect "check's exit status" "$code" 1
expect_text "check" "$said" 'web_scenario'
stop_daemon

# By its code, by its description without case, and by its id.
order reset-calls '{}'
for member in Code Description ID; do
	scenario=$(galaxy_get webscenarios | jq -r ".[1].$member")
	write_config ".accounts[0].web_scenario = \"$scenario\""
	start_daemon
	wait_for "the account is well" 30 is ok account erp .state
	import_items
	wait_quiet
	expect "the note" "$(mirror_note scenario.id | tr A-F a-f)" \
		"$(galaxy_get webscenarios | jq -r '.[1].ID' | tr A-F a-f)"
	stop_daemon
done
expect "calls refused for lack of a scenario" "$(refused_calls)" 0

# One that does not exist: what there is instead.
write_config '.accounts[0].web_scenario = "Retail"'
start_daemon
wait_for "the account is locked" 20 is locked account erp .state
expect_text "the reason" "$(account erp .why)" \
	'no web scenario "Retail".*it has: .*B2B'
