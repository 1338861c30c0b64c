#!/bin/sh
# Galaxy refuses a sale: it is kept as a dead letter with Galaxy's reason,
# stays pending, and is posted once when a person says so (promise 9).
. "${0%/*}/lib.sh"

start_all
before=$(balance_of 21-0003)
fault galaxy postentry status:400
sell 21-0003 2
wait_for "it is listed" 20 is refused dead '.[0].kind'
expect_text "its reason" "$(dead '.[0].why')" '400|simulated'
expect "entries" "$(entries)" 0
wait_quiet
expect "the till's count" "$(count_of 21-0003)" $((before - 2))
tb dead list
expect_text "dead list" "$said" 21-0003
tb status
expect_text "status" "$said" '1 wait'
sell 21-0004
wait_for "others go on" 20 is 1 entries

id=$(dead '.[0].id')
tb dead confirm "$id"
expect "only uncertain ones are confirmed ($said)" "$code" 1
tb dead retry --all --dry-run
expect "a dry run ($said)" "$code" 0
expect_text "what it would do" "$said" "$id"
expect "still listed" "$(dead length)" 1
tb dead retry "$id"
expect "dead retry ($said)" "$code" 0
wait_for "it is posted" 20 is 2 booked_of 21-0003
wait_quiet
expect "entries" "$(entries)" 2
expect_no_double
expect "dead letters" "$(dead length)" 0
expect "SKUs that disagree" "$(disagreements)" ""
tb dead retry "$id"
expect "a second retry ($said)" "$code" 1
