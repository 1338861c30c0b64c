#!/bin/sh
# A shop's customer is one customer in Galaxy, however often it is sent.
. "${0%/*}/lib.sh"

CUSTOMER='{ "code": "WEB-17", "name": "Maria Example", "tin": "123456789",
	"sites": [ { "city": "Πειραιάς", "street": "Long Road",
	             "street_number": "5", "billing": true } ] }'

post_customer()
{
	curl -sS --max-time 10 -o "$DIR/sent" -w '%{http_code}' \
		--json "$1" "$API/api/customers"
}

state_of()
{
	api "api/customers/$1" | jq -r .state
}

web_customers()
{
	curl -sS --max-time 10 "$CONTROL/galaxy/customers" |
		jq '[.customers[] | select(.code == "WEB-17")] | length'
}

start_all
i=0
while [ $i -lt 10 ]; do
	i=$((i + 1))
	code=$(post_customer "$CUSTOMER")
	expect "call $i ($(cat "$DIR/sent"))" "$code" \
		"$([ $i = 1 ] && echo 202 || echo 200)"
done
expect "its entry" "$(jq -r .entry "$DIR/sent")" api:customers/WEB-17
# It has no balance that must be read again: confirmed is the end of it.
wait_for "it is settled" 30 is settled state_of WEB-17
expect "customers in Galaxy" "$(web_customers)" 1
wait_quiet
expect "a repeat" "$(post_customer "$CUSTOMER")" 200
expect "another one under the code" "$(post_customer \
	'{ "code": "WEB-17", "name": "Mario Example" }')" 409
expect "one without a name" "$(post_customer '{ "code": "WEB-18" }')" 422
expect "the field" "$(jq -r .error.field "$DIR/sent")" name
expect "customers in the end" "$(web_customers)" 1
expect "dead letters" "$(dead length)" 0
expect_no_text "the log names nobody" "$(cat "$LOG")" 'Maria|Example|Long Road'
