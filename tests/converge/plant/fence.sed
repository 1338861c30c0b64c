# file: gateway/drivers/store_stock.c
# what: an older balance overwrites a newer one
# breaks: should show|are left
s/if tonumber\(old\[2\] or '0'\) < tick then/if true then/
