#!/bin/sh
# With hooks switched off, the schedule's next catch-up brings the change.
. "${0%/*}/lib.sh"

start_all '.schedule.catch_up = "* * * * *"'
hooks galaxy off
hooks square off
set_balance 21-0002 9
sell 21-0003 2
wait_for "the till shows 9" 80 is 9 count_of 21-0002
wait_for "Galaxy has the sale" 80 is 1 entries
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""
