# file: gateway/engine/sales.c
# what: what the till that keeps an item sold becomes an entry at itself
# breaks: is no sale of another till's|agora keeps|has recorded
# options: --tills 2 --kept-at-till 3
s/^	if \(!strcmp\(authority, in->w->account\)\)$/	if (!*authority)/
