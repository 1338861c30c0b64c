#!/bin/sh
# A reserve that was changed in the file changes every target: the next full
# sync writes what differs (promise 10).
. "${0%/*}/lib.sh"

start_all
stop_daemon
write_config '.stock.reserve = "2"'
start_daemon
tb sync --full
expect "a full sync ($said)" "$code" 0
reserved()
{
	[ "$(sim_state '.square.counts[] | select(.sku == "21-0001") | .count')" \
		= $(($(balance_of 21-0001) - 2)) ]
}
wait_for "the till shows two less" 80 reserved
wait_for "of everything" 20 is 43 sim_state '
	(.galaxy.items | map({key: (.code | sub(":001"; "-S") |
		sub(":002"; "-M") | sub(":003"; "-L")),
		value: (.balance | tonumber)}) | from_entries) as $right |
	[.square.counts[] | select(((.count | tonumber) -
		([$right[.sku] - 2, 0] | max) | fabs) < 0.0001)] | length'
expect "entries" "$(entries)" 0
