#!/bin/sh
# kill -9 while a count is raised and lowered at Hiboutik, at each of the steps:
# afterwards it is changed once, and nothing half made stays.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

# killed_at PATH BALANCE: die while that call is not answered.
killed_at()
{
	calls=$(calls_of hiboutik "$1")
	fault hiboutik "$1" "$3:20000"
	set_balance 21-0001 "$2"
	wait_for "$1 is under way" 20 \
		at_least $((calls + 1)) calls_of hiboutik "$1"
	kill_daemon
	clear_faults
	start_daemon
	wait_for "Hiboutik shows $2 after $1 ($3)" 40 is "$2" kiosk_count 21-0001
}

start_all_with_hiboutik
was=$(kiosk_count 21-0001)
killed_at "POST /api/inventory_inputs" $((was + 1)) late
killed_at "POST /api/inventory_input_details" $((was + 2)) late
killed_at "POST /api/inventory_input_validate" $((was + 3)) hang
killed_at "POST /api/inventory_input_validate" $((was + 4)) late
killed_at "POST /api/sales/" $((was + 3)) late
killed_at "POST /api/sales/add_product" $((was + 2)) late
killed_at "POST /api/sales/close" $((was + 1)) hang
killed_at "POST /api/sales/close" "$was" late
wait_quiet
expect "raised" "$(kiosk_tally 21-0001 written)" 4
expect "lowered" "$(kiosk_tally 21-0001 recorded)" 4
expect "booked" "$(entries)" 0
expect_whole
wait_for "all agree" 30 kiosk_agrees
expect "dead letters" "$(dead length)" 0
