# file: gateway/engine/sales.c
# what: a line that waited for its binding is forgotten
s/^	if \(!sku \|\| \(known/	if (!sku || (known \&\& !known->sku) || (known/
