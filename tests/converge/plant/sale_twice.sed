# file: gateway/engine/sales.c
# what: a sale that is announced again counts again
# breaks: Galaxy has [1-9.]+[0-9.]* too many|documents
s/^([[:space:]]+)find_known\(&in->known, in->sale->lines\[i\]\.uid\)\);/\1ledger_sale_entries(\&in->known, "erp") < 2 ? NULL : find_known(\&in->known, in->sale->lines[i].uid));/
