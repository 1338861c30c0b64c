# file: gateway/engine/saved.c
# what: after a loss of Redis what was posted before is posted again, blindly
# options: --loss
# breaks: was posted 2 times
s/\*out = closed_ms <= until;/*out = closed_ms < 0 \&\& closed_ms <= until;/
