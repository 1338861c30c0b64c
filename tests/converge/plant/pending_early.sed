# file: gateway/drivers/store_ledger.c
# what: pending ends with the post, before a balance contains it
# breaks: are left
s/pend\(k, id, 'C', tick\)\\n"/pend(k, id)\\n" "call('HSET', k, 'state', 'settled')\\n" "call('ZREM', P..'entries:confirmed', id)\\n"/
/elseif not is_over then/s/not is_over/not is_over and state ~= 'confirmed'/
