#!/bin/sh
# Hiboutik keeps the stock: a sale at Square is recorded there once, to the
# cent, whatever answer is lost; what it refuses is taken back and shown.
. "${0%/*}/lib.sh"
. "${0%/*}/hiboutik.lib.sh"

# Prints the SKUs of which Square does not show what Hiboutik has.
agora_differs()
{
	sim_state '(.hiboutik.counts | map({key: .sku, value: .count}) |
			from_entries) as $right | .square.counts[] |
		select($right[.sku] != null and (.count | tonumber) !=
			([$right[.sku], 0] | max)) | .sku'
}

agora_agrees()
{
	[ -z "$(agora_differs)" ]
}

# What is uncertain is looked up half a minute later, so that a call that is
# still under way there ends before: nobody here needs to wait for that.
look_up_now()
{
	[ "$(daemon_cli ZADD tillbridge:marks:kiosk XX CH 0 y:lookup)" != 1 ] ||
		daemon_cli RPUSH tillbridge:wake:kiosk 1 >/dev/null
}

recorded()
{
	look_up_now
	kiosk_sales closed
}

start_sim_with_hiboutik
write_config_with_hiboutik 'del(.accounts[0]) | .stock.authority = "kiosk"'
start_daemon
cut -d , -f 1,2,4,5 "$CSV" | awk -F , '$4 != ""' >"$DIR/two.csv"
import_items "$DIR/two.csv"
wait_quiet
wait_for "Square shows what Hiboutik has" 20 agora_agrees
wait_next_second

sell 21-0001 2
wait_for "the sale is recorded" 20 is 1 kiosk_sales closed
expect "of it" "$(kiosk_tally 21-0001 recorded)" 2
expect "paid there" "$(kiosk_sales closed '.[0].total | tonumber')" \
	"$(sim_state '.square.orders[-1].total | tonumber / 100')"
wait_quiet

# At the till itself.
sell_at_kiosk 21-0001
wait_for "Square shows it" 20 agora_agrees
expect "recorded" "$(kiosk_sales closed)" 1

n=1
for step in "POST /api/sales/" "PUT /api/sale/" "POST /api/sales/add_product" \
	"POST /api/sales/close"; do
	fault hiboutik "$step" lose_answer
	sell 21-0003
	n=$((n + 1))
done
wait_for "all are recorded" 90 is $n recorded
wait_for "none is uncertain" 90 is 0 status .entries.uncertain
wait_quiet
expect "recorded of it" "$(kiosk_tally 21-0003 recorded)" 4
expect_whole
wait_for "Square agrees" 20 agora_agrees

# Killed between two steps.
fault hiboutik "POST /api/sales/add_product" late:20000
sell 21-0004
wait_for "the line is there" 20 is 1 kiosk_sales open \
	'map(select(.lines | length > 0)) | length'
kill_daemon
start_daemon
n=$((n + 1))
wait_for "it is recorded" 90 is $n recorded
wait_quiet
expect "recorded of it" "$(kiosk_tally 21-0004 recorded)" 1

# More than there is: the sale goes back, and a person reads why.
before=$(kiosk_count 21-0006)
sell 21-0006 $((before + 5))
wait_for "it is a dead letter" 30 is 1 dead length
expect_text "why" "$(dead '.[0].why')" "does not take .* not available"
expect "the count" "$(kiosk_count 21-0006)" "$before"
expect_whole
expect "recorded" "$(kiosk_sales closed)" $n
