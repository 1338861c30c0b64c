#!/bin/sh
# A shop posts a return to who does not say how it takes one (Galaxy): it is
# held, its job says that it waits and then how a person decided, and no count
# moves before that.
. "${0%/*}/lib.sh"

job()
{
	api "api/itemstask/$1" | jq -r .
}

# back QUANTITY: sets $job to that of a return.
back()
{
	job=$(api api/synchronizer/sale --json "{\"item_ecommerce_id\":
		\"21-0003\",\"delta\":-$1,\"balance\":-$(($1 * 100))}" |
		jq -r .location)
}

start_all
count=$(count_of 21-0003)
back 2
wait_for "it is held" 20 is 1 dead length
expect "its job" "$(job "$job")" "Job status : Enqueued"
expect_text "its state" "$(api "api/itemstask/$job?format=json" |
	jq -r '"\(.state) \(.entry_state): \(.why)"')" \
	'^waiting held: a return: '
wait_quiet
expect "what the till shows" "$(count_of 21-0003)" "$count"
expect "documents" "$(entries)" 0

id=$(dead '.[0].id' | sed 's:/:%2F:g')
expect "drop" "$(api_code "api/dead/$id/drop" -X POST)" 200
expect "its job" "$(job "$job")" \
	"Job status : Failed. dropped by a person"

# Once somebody says how Galaxy takes it, it is a document like others.
stop_daemon
write_config '.accounts[0].entry.returns = "negative"'
start_daemon
wait_quiet
back 3
wait_for "it is recorded" 20 is 1 entries
wait_quiet
expect "its job" "$(job "$job")" "Job status : Succeeded"
expect "what the till shows" "$(count_of 21-0003)" $((count + 3))
expect_no_double
expect "dead letters" "$(dead length)" 0
