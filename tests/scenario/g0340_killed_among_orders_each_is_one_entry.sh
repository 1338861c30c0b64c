#!/bin/sh
# kill -9 while orders come in: the shop sends again whatever was not answered,
# and in the end every number is one document.
. "${0%/*}/lib.sh"

# Send order $1 until somebody answers.
insist()
{
	until code=$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' \
		--json "{ \"number\": \"SHOP-$1\", \"lines\": [
			{ \"sku\": \"21-0003\", \"quantity\": 1 } ] }" \
		"$API/api/orders") && { [ "$code" = 202 ] || [ "$code" = 200 ]; }
	do
		sleep 0.1
	done
	echo "$code" >>"$DIR/answers"
}

# shop N: its orders, each twice.
shop()
{
	for i in $(seq 1 20); do
		insist "$1-$i"
		insist "$1-$i"
	done
}

answered()
{
	wc -l <"$DIR/answers"
}

start_all '.accounts[0].lookup = { view: "CommercialEntry/ByDocID",
	field: "DOCID" }'
order galaxy/balance '{"code":"21-0003","balance":"1000"}'
: >"$DIR/answers"
shop 1 &
others="$others $!"
shop 2 &
others="$others $!"
for n in 15 40; do
	wait_for "$n orders were answered" 60 at_least $n answered
	kill_daemon
	start_daemon
done
wait_for "every order was answered" 90 at_least 80 answered
wait_for "Galaxy has all of them" 120 at_least 40 entries
wait_for "nothing is uncertain" 90 is 0 status .entries.uncertain
wait_quiet
expect "entries" "$(entries)" 40
expect "booked" "$(booked_of 21-0003)" 40
expect_no_double
expect_at_most "orders that were new" "$(grep -c 202 "$DIR/answers")" 40
expect "dead letters" "$(dead length)" 0
wait_for "every channel shows its target" 20 all_agree
