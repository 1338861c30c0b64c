#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "gateway/base/buf.h"

/*
 * Text without the difference between capitals and small letters, so that
 * names which differ in nothing else come out equal: Latin with its accents
 * (U+0000 to U+017F) and Greek, whose final sigma counts as a sigma. Accents
 * stay. Other scripts, and bytes that are no UTF-8, pass unchanged. Whatever
 * the locale is.
 */
void fold_add(struct buf *out, const char *text);

#endif
