# file: gateway/engine/sales.c
# what: a sale that is announced again counts again
s/if \(!strcmp\(known->lines\[i\]\.uid, uid\)\)/if (!uid[0] \&\& !strcmp(known->lines[i].uid, uid))/
