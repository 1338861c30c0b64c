#!/bin/sh
# Hiboutik has neither absolute counts nor idempotency keys. Whatever answer is
# lost while a count is raised or lowered there, it is changed once, and nothing
# half made stays. Every kind of trouble at every call, and crashes behind it,
# has test_hiboutik__no_write_is_done_twice_or_half.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

start_all_with_hiboutik
was=$(kiosk_count 21-0001)
up=0
for step in "POST /api/inventory_inputs/" "POST /api/inventory_input_details" \
	"PUT /api/inventory_input_details" "POST /api/inventory_input_validate"; do
	fault hiboutik "$step" lose_answer
	up=$((up + 2))
	set_balance 21-0001 $((was + up))
	wait_for "raised although $step lost its answer" 40 \
		is $((was + up)) kiosk_count 21-0001
done
wait_quiet
expect "raised in all" "$(kiosk_tally 21-0001 written)" "$up"
expect "lowered" "$(kiosk_tally 21-0001 recorded)" 0

down=0
for step in "POST /api/sales/ " "PUT /api/sale/" "POST /api/sales/add_product" \
	"POST /api/sales/close"; do
	fault hiboutik "${step% }" lose_answer
	down=$((down + 2))
	set_balance 21-0001 $((was + up - down))
	wait_for "lowered although $step lost its answer" 40 \
		is $((was + up - down)) kiosk_count 21-0001
done
wait_quiet
expect "lowered in all" "$(kiosk_tally 21-0001 recorded)" "$down"
expect "raised in all" "$(kiosk_tally 21-0001 written)" "$up"
expect "booked" "$(entries)" 0
expect_whole
wait_for "all agree" 20 kiosk_agrees
expect "dead letters" "$(dead length)" 0
