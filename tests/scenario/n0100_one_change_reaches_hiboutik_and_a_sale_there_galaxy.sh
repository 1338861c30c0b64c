#!/bin/sh
# A change in Galaxy reaches Hiboutik, up by a stock arrival, down by a sale of
# ours; neither comes back as a sale (promise 8). A sale at Hiboutik reaches
# Galaxy once, however it is announced, and Square shows it.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

start_all_with_hiboutik
was=$(kiosk_count 21-0001)
set_balance 21-0001 $((was + 5))
wait_for "Hiboutik shows more" 20 is $((was + 5)) kiosk_count 21-0001
expect "written by arrivals" "$(kiosk_tally 21-0001 written)" 5
set_balance 21-0001 $((was + 2))
wait_for "Hiboutik shows less" 20 is $((was + 2)) kiosk_count 21-0001
expect "written by sales" "$(kiosk_tally 21-0001 recorded)" 3
expect "what they cost" "$(kiosk_sales closed 'map(.total | tonumber) | add')" 0
wait_quiet
expect "our own sales booked" "$(entries)" 0

# Announced once, three times, without lines, in the older form.
sell_at_kiosk 21-0001 2
wait_for "the sale is booked" 20 is 1 entries
wait_for "Square shows it" 20 is "$was" count_of 21-0001
order hiboutik/hook "{\"sale\":$sale,\"times\":3}"
order hiboutik/switches '{"hook_lines":false,"hook_barcodes":false}'
sell_at_kiosk 21-0001
wait_for "the second is booked" 20 is 2 entries
order hiboutik/switches '{"hook_old":true}'
sell_at_kiosk 21-0001
wait_for "the third is booked" 20 is 3 entries
order hiboutik/switches '{"hook_old":false,"hook_async":true}'
hooks hiboutik double
sell_at_kiosk 21-0001
wait_for "the fourth is booked" 20 is 4 entries
hooks hiboutik on
wait_quiet
expect "booked" "$(booked_of 21-0001) in $(entries)" "5 in 4"
wait_for "all agree" 20 kiosk_agrees

# A sale at Square lowers it.
sell 21-0001
wait_for "Hiboutik shows it" 20 is $((was - 4)) kiosk_count 21-0001

# Nobody tells of a sale: the next listing finds it.
hooks hiboutik off
sell_at_kiosk 21-0004 1
hooks hiboutik on
tb sync
expect "sync ($said)" "$code" 0
wait_for "it is booked as well" 30 is 6 entries

# Whoever does not know the token is nobody.
hook_query='?k=forged'
expect "a forged call" "$(hook kiosk -d "sale_id=$sale")" 401
hook_query=
expect "a call without" "$(hook kiosk -d "sale_id=$sale")" 401
hook_query="?k=$HIBOUTIK_TOKEN"
expect "a genuine one" "$(hook kiosk -d "sale_id=$sale")" 202
expect "another type" "$(hook kiosk --json '{}')" 415
wait_quiet
expect "entries" "$(entries)" 6
expect_whole
wait_for "all agree" 20 kiosk_agrees
tb reconcile
expect "reconcile ($said)" "$code" 0
expect "dead letters" "$(dead length)" 0
