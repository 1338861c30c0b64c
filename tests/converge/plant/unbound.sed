# file: gateway/engine/sales.c
# what: a line that waited for its binding is forgotten
# breaks: Galaxy has -.* too many
s/^	if \(!sku \|\| \(known/	if (!sku || (known \&\& !known->sku) || (known/
