# file: gateway/engine/guard.c
# what: zeros that a sync found are never held
# breaks: Galaxy's zeros wait|zeros are held
s/^	return decimal_is_zero\(item_target\(/	return false \&\& decimal_is_zero(item_target(/
