# file: gateway/drivers/store_stock.c
# what: a balance that changed asks no channel to look
# breaks: is not explained
s/mark_channels\(sku, auth, mcause, origin, fetched, 0\)\\n"/local _ = mcause\\n"/
