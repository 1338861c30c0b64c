# file: gateway/drivers/store_internal.h
# what: a look clears the mark that came while it was under way
# breaks: should show
s/ or v:match\('\^\(%d\+\) '\) ~= g then return false/ then return false/
