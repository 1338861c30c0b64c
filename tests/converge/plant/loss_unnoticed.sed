# file: gateway/engine/saved.c
# what: after a loss of Redis what was posted before is posted again, blindly
# options: --loss
s/r = store_cursor_set\(store, name, "lost", now\);/(void)now;/
