#!/bin/sh
# POST /api/synchronizer/stop: nothing runs by the clock any more, while hooks
# and sales go on; start makes up for what was missed, once.
. "${0%/*}/lib.sh"

runs_due()
{
	grep -c 'schedule\.due account=erp' "$LOG" || :
}

# Amid a minute: none is due at this very moment.
is_amid()
{
	has "$(date +%S)" '^[1-4]'
}

start_all '.schedule.catch_up = "* * * * *"'
wait_for "the middle of a minute" 30 is_amid
api api/synchronizer/stop -X POST >/dev/null
before=$(runs_due)
minute=$(date +%H%M)
another_minute()
{
	[ "$(date +%H%M)" != "$minute" ]
}
wait_for "the next minute" 70 another_minute
stays "nothing runs by the clock" 3 is "$before" runs_due
set_balance 21-0003 5
wait_for "a hook goes on" 20 is 5 count_of 21-0003
expect "runs by the clock" "$(runs_due)" "$before"
api api/synchronizer/start -X POST >/dev/null
wait_for "the missed run" 20 at_least $((before + 1)) runs_due
