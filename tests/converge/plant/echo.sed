# file: gateway/engine/push_decide.c
# what: a count that is right is written all the same
# breaks: hooks caused [0-9]+ writes
s/if \(decimal_cmp\(look->count\.qty, look->target\) != 0\)/if (decimal_cmp(look->count.qty, look->target) != 0 || look->mark->cause == MARK_HOOK)/
