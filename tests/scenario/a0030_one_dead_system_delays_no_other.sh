#!/bin/sh
# Three accounts, one of them down: its marks wait and its breaker opens, the
# others go on; it comes back, and gets what waited (promise 7).
. "${0%/*}/lib.sh"

# A second till, with a simulator of its own.
start_sim
run_sim "$DIR/beta.csv" "$DIR/beta.log" --till beta
others="$others $started"
started=
beta=$started_square
beta_control=$started_control
write_config ".accounts += [{ name: \"beta\", type: \"square\", url: \"$beta\",
	access_token: \"env:SQUARE_TOKEN\", location: \"L1\", timeout_ms: 2000,
	hook: { signature_key: \"env:SQUARE_SIGNATURE_KEY\" } }]"
cut -d , -f 4 "$DIR/beta.csv" | paste -d , "$CSV" - >"$DIR/both.csv"
start_daemon
import_items "$DIR/both.csv"
wait_quiet
beta_count()
{
	curl -s "$beta_control/state" |
		jq -r ".square.counts[] | select(.sku == \"$1\") | .count"
}

curl -s -o /dev/null -d '{"system":"square","mode":"hang","next":100000}' \
	"$beta_control/faults"
waits=$(beta_count 21-0001)
for balance in 5 6 7 8; do
	set_balance 21-0001 "$balance"
	wait_for "agora shows $balance" 10 is "$balance" count_of 21-0001
done
sell 21-0003
wait_for "the sale at agora is booked" 10 is 1 entries
wait_for "beta's breaker is open" 30 is open account beta .breaker
expect "agora's" "$(account agora .breaker)" closed
expect "erp's" "$(account erp .breaker)" closed
expect_at_least "beta's marks wait" "$(account beta .marks)" 1
expect "beta's count" "$(beta_count 21-0001)" "$waits"
expect "ready all the same" "$(api_code ready)" 200

curl -s -o /dev/null -d '{}' "$beta_control/faults/clear"
wait_for "beta gets what waited" 60 is 8 beta_count 21-0001
wait_quiet
expect "beta's breaker" "$(account beta .breaker)" closed
expect "dead letters" "$(dead length)" 0
