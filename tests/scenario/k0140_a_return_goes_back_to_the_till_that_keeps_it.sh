#!/bin/sh
# Goods that come back at one till are put back at the till that keeps the
# stock, once: also when the answer is lost, and never as a sale of ours.
. "${0%/*}/lib.sh"
. "${0%/*}/tills.sh"

start_tills
before=$(count_of 21-0003)
sell_at_beta 21-0003 3
wait_for "the sale is recorded" 15 is 1 paid_orders
wait_quiet
come_back()
{
	beta_order square/move "{\"sku\":\"21-0003\",
		\"from\":\"UNLINKED_RETURN\",\"to\":\"IN_STOCK\",
		\"quantity\":\"$1\"}"
}

come_back 1
wait_for "agora has it back" 20 is $((before - 2)) count_of 21-0003
wait_quiet
expect "beta's count" "$(beta_count 21-0003)" $((before - 2))
expect "recorded" "$(recorded_of 21-0003)" 2

# Lost twice: the first time the request goes out again under the same key.
fault square changes/batch-create lose_answer 2
come_back 1
wait_for "it is uncertain" 20 is 1 status .entries.uncertain
expect "agora's count" "$(count_of 21-0003)" $((before - 1))
wait_for "it is known" 90 is 0 status .entries.uncertain
wait_quiet
wait_for "both tills agree" 20 tills_agree
expect "agora's count" "$(count_of 21-0003)" $((before - 1))
expect "recorded" "$(recorded_of 21-0003)" 1

# What we put back ourselves is nothing new.
tb sync --full
expect "a full sync ($said)" "$code" 0
wait_quiet
expect "orders recorded" "$(recorded_orders)" 1
expect "recorded" "$(recorded_of 21-0003)" 1
expect "dead letters" "$(dead length)" 0
expect_once
