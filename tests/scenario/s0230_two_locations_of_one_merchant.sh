#!/bin/sh
# One merchant, two locations, one token: an account each, with a webhook
# subscription each. Square calls both about everything; counts, sales and
# returns of the one are never taken for the other's.
. "${0%/*}/lib.sh"

second_of()
{
	sim_state ".square.second_counts[] | select(.sku == \"$1\") | $2"
}

second_count()
{
	second_of "$1" .count
}

# Two columns for one catalogue.
both_columns()
{
	awk -F , 'NR == 1 { print $0 ",harbour" } NR > 1 { print $0 "," $NF }' \
		"$CSV" >"$DIR/both.csv"
}

start_sim --square-second L2
both_columns
write_config '.accounts += [.accounts[1] | .name = "harbour" |
	.location = "L2" | .hook.signature_key = "file:secrets/harbour"]'
mkdir "$DIR/secrets"

# The first has its subscription, made by hand; the second gets one.
tb hooks register harbour --yes
expect "registering ($said)" "$code" 0
MORE_SECRETS="${MORE_SECRETS:-} $(cat "$DIR/secrets/harbour")"
tb hooks register agora --yes
expect_text "the other has one" "$said" "nothing to do"
expect "subscriptions" "$(sim_state '.square.subscriptions | length')" 2
tb check
expect "both are reached ($said)" "$code" 0
expect_text "what check found" "$said" 'location "Harbour" \(L2\)'

start_daemon
import_items "$DIR/both.csv"
wait_quiet
wait_for "every till shows its target" 20 all_agree
order reset-calls '{}'

# A change in Galaxy reaches both.
set_balance 21-0001 20
wait_for "the first shows it" 30 is 20 count_of 21-0001
wait_for "the second shows it" 30 is 20 second_count 21-0001
wait_quiet

# A sale at one: booked once, and taken off at the other.
order square/sell '{"location":"L2","lines":[{"sku":"21-0001","quantity":"3"}]}'
wait_for "it is booked" 60 is 3 booked_of 21-0001
wait_for "the other till follows" 60 is 17 count_of 21-0001
wait_quiet
expect "what the second shows" "$(second_count 21-0001)" 17
expect "counts written where it was sold" "$(second_of 21-0001 .writes)" 1
sell 21-0001 2
wait_for "the next is booked" 60 is 5 booked_of 21-0001
wait_for "the other till follows" 60 is 15 second_count 21-0001
wait_quiet
expect "what the first shows" "$(count_of 21-0001)" 15
expect "entries" "$(entries)" 2
expect "what is left in Galaxy" "$(balance_of 21-0001)" 15

# A count by hand at one is put right there, and there alone.
first_writes=$(writes_of 21-0002)
before=$(second_count 21-0002)
order square/count '{"location":"L2","sku":"21-0002","quantity":"99"}'
wait_for "it is put right" 60 is "$before" second_count 21-0002
wait_quiet
expect "counts written at the other" "$(writes_of 21-0002)" "$first_writes"

# Each account believes the key of its own subscription alone.
body=$(count_event e-1 21-0001)
call_harbour()
{
	hook harbour --json "$body" -H "x-square-hmacsha256-signature: $(
		printf %s "$HOOKS/hooks/harbour$body" |
			openssl dgst -sha256 -hmac "$1" -binary | base64)"
}
expect "a call with its key" \
	"$(call_harbour "$(cat "$DIR/secrets/harbour")")" 202
expect "one with the other's" "$(call_harbour "$SQUARE_SIGNATURE_KEY")" 401

# Without calls the same, by the lists of each location.
hooks square off
order square/sell '{"location":"L2","lines":[{"sku":"21-0004","quantity":"1"}]}'
order square/sell '{"lines":[{"sku":"21-0004","quantity":"2"}]}'
stop_daemon
start_daemon
wait_for "both sales are booked" 60 is 3 booked_of 21-0004
wait_quiet
wait_for "the first agrees" 60 all_agree
wait_for "the second agrees" 60 \
	is "$(balance_of 21-0004)" second_count 21-0004
expect "entries" "$(entries)" 4
expect_no_double
