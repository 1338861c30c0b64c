#!/bin/sh
# With hooks switched off, what changed is found by a catch-up; any restart
# makes one.
. "${0%/*}/lib.sh"

start_all
hooks galaxy off
hooks square off
before=$(count_of 21-0002)
set_balance 21-0002 9
stays "nobody told the daemon" 2 is "$before" count_of 21-0002
stop_daemon
start_daemon
wait_for "the till shows 9" 20 is 9 count_of 21-0002
wait_quiet
expect "SKUs that disagree" "$(disagreements)" ""
wait_logged 'sync\.done .*account=erp .*kind=catch-up'
