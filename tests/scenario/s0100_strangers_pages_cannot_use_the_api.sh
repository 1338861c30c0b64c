#!/bin/sh
# Without tokens loopback callers may write, but not a browser that somebody
# else's page sends here.
. "${0%/*}/lib.sh"

start_all
fault galaxy postentry status:400
sell 21-0002
wait_for "the refused entry is listed" 20 is 1 dead length
id=$(dead '.[0].id' | sed 's:/:%2F:g')
expect "another host's name" "$(api_code api/status -H 'Host: shop.example')" 403
expect "another origin" "$(api_code "api/dead/$id/drop" -X POST \
	-H 'Origin: https://shop.example')" 403
expect "still listed" "$(dead length)" 1
expect "ours" "$(api_code "api/dead/$id/drop" -X POST)" 200
expect "listed" "$(dead length)" 0
wait_quiet
expect "entries of a dropped one" "$(entries)" 0
