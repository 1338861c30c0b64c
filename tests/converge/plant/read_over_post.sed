# file: gateway/drivers/store_stock.c
# what: a balance read before a post was confirmed counts as one after it
# breaks: are left
s/if st == 'P' or st == 'C' and tonumber\(at\) > tick then/if false then/
