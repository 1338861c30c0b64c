# file: gateway/engine/sales.c
# what: the difference of a later version costs a cent too much
# breaks: paid .*, booked
s/return \(struct paid\)\{ more, true \};/return (struct paid){ decimal_add(more, decimal_of_scaled(1, 2)), true };/
