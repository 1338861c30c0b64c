#!/bin/sh
# A refusal says what is wrong and leaves no trace; what Galaxy refuses later
# waits for a person, who is not told whose order it is.
. "${0%/*}/lib.sh"

# refused STATUS FIELD PATTERN BODY
refused()
{
	code=$(curl -sS --max-time 10 -o "$DIR/sent" -w '%{http_code}' \
		--json "$4" "$API/api/orders")
	expect "status of $4" "$code" "$1"
	expect "field of $4" "$(jq -r .error.field "$DIR/sent")" "$2"
	expect_text "reason of $4" "$(jq -r .error.message "$DIR/sent")" "$3"
}

start_all
refused 400 null 'not json' '{ "number": '
refused 422 number missing '{ "lines": [ { "sku": "21-0003",
	"quantity": 1 } ] }'
refused 422 'lines[0].quantity' . '{ "number": "1",
	"lines": [ { "sku": "21-0003", "quantity": 0 } ] }'
refused 422 'lines[0].quantity' 'decimals' '{ "number": "1",
	"lines": [ { "sku": "21-0003", "quantity": "0.5" } ] }'
refused 422 'lines[0].sku' 'items import' '{ "number": "1",
	"lines": [ { "sku": "99-9999", "quantity": 1 } ] }'
refused 422 'lines[0].sku' '31-0001-S' '{ "number": "1",
	"lines": [ { "sku": "31-0001-s", "quantity": 1 } ] }'
refused 422 transporter nowhere '{ "number": "1", "transporter": "nowhere",
	"lines": [ { "sku": "21-0003", "quantity": 1 } ] }'
expect "a form" "$(curl -sS -o "$DIR/sent" -w '%{http_code}' \
	-d 'number=1' "$API/api/orders")" 415
expect "nothing at all" "$(curl -sS -o "$DIR/sent" -w '%{http_code}' \
	-X POST "$API/api/orders")" 400
expect "entries" "$(entries)" 0
expect "ready" "$(status .entries.ready)" 0

fault galaxy postentry status:400
expect "an order that Galaxy refuses" "$(curl -sS --max-time 10 -o "$DIR/sent" \
	-w '%{http_code}' --json '{ "number": "SHOP-9", "lines": [
		{ "sku": "21-0003", "quantity": 1 } ],
	"buyer": { "name": "Maria Unlisted" } }' "$API/api/orders")" 202
wait_for "it waits for a person" 30 is 1 dead length
expect "what it is" "$(dead '.[0].summary')" "order SHOP-9: 1 x 21-0003 -> erp"
tb dead show entry/api:orders/SHOP-9
expect "dead show's exit status" "$code" 0
expect_text "it tells the lines" "$said" 21-0003
expect_no_text "it tells no name" "$said$(api api/dead)" Unlisted
expect_no_text "the log tells no name" "$(cat "$LOG")" Unlisted
tb dead retry entry/api:orders/SHOP-9
wait_for "it is posted after all" 30 is 1 entries
wait_quiet
expect "dead letters" "$(dead length)" 0
