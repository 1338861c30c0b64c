# file: gateway/engine/sales.c
# what: what the till that keeps an item sold becomes an entry at itself
# options: --kept-at-till 3
s/^	if \(!strcmp\(authority, in->w->account\)\)$/	if (!*authority)/
