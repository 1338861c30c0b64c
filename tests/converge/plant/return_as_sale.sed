# file: adapters/square_returns.c
# what: goods that come back count as sold
# breaks: order return.* too many
s/^	line->qty = decimal_neg\(line->qty\);$/	(void)0;/
