#!/bin/sh
# Galaxy takes a sale and its answer is lost: the entry is uncertain, shown to
# a person, and posted no second time; other entries go on. A person confirms,
# and the next balance settles it.
. "${0%/*}/lib.sh"

start_all
before=$(balance_of 21-0003)
fault galaxy postentry lose_answer
sell 21-0003 2
wait_for "it is shown" 20 is uncertain dead '.[0].kind'
expect "entries" "$(entries)" 1
wait_logged 'entry\.uncertain'

# The rest goes on, the same item included.
sell 21-0004
sell 21-0003
wait_for "the others are posted" 40 is 3 entries
expect "one is uncertain" "$(status .entries.uncertain)" 1

tb dead list
expect_text "dead list" "$said" uncertain
expect_text "dead list" "$said" 21-0003
id=$(dead '.[0].id')
tb dead show "$id"
expect "dead show ($said)" "$code" 0
expect_text "dead show" "$said" 21-0003
tb dead retry --all
expect "a retry of all leaves it alone" "$(status .entries.uncertain)" 1
tb dead confirm "$id"
expect "dead confirm ($said)" "$code" 0
wait_for "it is settled" 20 is $((before - 3)) count_of 21-0003
expect "booked" "$(booked_of 21-0003)" 3
expect "entries" "$(entries)" 3
expect_no_double
expect "dead letters" "$(dead length)" 0
expect "SKUs that disagree" "$(disagreements)" ""

# Resets and cut answers are lost answers as well; `drop` ends one for good.
fault galaxy postentry reset
sell 21-0006
wait_for "a reset is uncertain" 40 is uncertain dead '.[0].kind'
id=$(dead '.[0].id')
tb dead drop "$id"
expect "dead drop ($said)" "$code" 0
wait_for "the till shows what Galaxy has" 30 all_agree
expect "booked" "$(booked_of 21-0006)" 1
expect_no_double
tb dead confirm "$id"
expect "confirming what was dropped ($said)" "$code" 1
