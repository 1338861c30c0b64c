# file: gateway/engine/guard.c
# what: zeros that a sync found are never held
s/^	return decimal_is_zero\(item_target\(/	return false \&\& decimal_is_zero(item_target(/
