# file: gateway/engine/sales.c
# what: a return that is listed again counts again
# options: --take-returns
# breaks: order return.* too many|return.* documents
s/^([[:space:]]+)find_known\(&in->known, in->sale->lines\[i\]\.uid\)\);/\1decimal_is_negative(in->sale->lines[i].qty) \&\& ledger_sale_entries(\&in->known, "erp") < 2 ? NULL : find_known(\&in->known, in->sale->lines[i].uid));/
