#!/bin/sh
# The answer to a customer's document is lost: Galaxy's list of customers shows
# whether it is there, and it never is there twice.
. "${0%/*}/lib.sh"

# post_customer CODE
post_customer()
{
	curl -sS --max-time 10 -o "$DIR/sent" -w '%{http_code}' \
		--json "{ \"code\": \"$1\", \"name\": \"Somebody\",
			\"sites\": [ { \"street\": \"Long Road\" } ] }" \
		"$API/api/customers"
}

state_of()
{
	api "api/customers/$1" | jq -r .state
}

customers_of()
{
	curl -sS --max-time 10 "$CONTROL/galaxy/customers" |
		jq "[.customers[] | select(.code == \"$1\")] | length"
}

start_all
fault galaxy postcustomer lose_answer
expect "the first call" "$(post_customer WEB-1)" 202
wait_for "it is uncertain" 20 is uncertain state_of WEB-1
expect "what it is" "$(dead '.[0].summary')" "customer WEB-1 -> erp"
fault galaxy postcustomer refuse
expect "another one" "$(post_customer WEB-2)" 202
expect "a repeat" "$(post_customer WEB-1)" 200
wait_for "the first is found" 60 is settled state_of WEB-1
wait_for "the second is posted" 90 is settled state_of WEB-2
expect "each is there once" "$(customers_of WEB-1) $(customers_of WEB-2)" "1 1"
wait_quiet
expect "dead letters" "$(dead length)" 0
