#ifndef API_PAGE_H
#define API_PAGE_H

#include <stdint.h>

#include "gateway/base/buf.h"
#include "handlers/api/overview.h"

/*
 * What the files of the status page share: page.c is the page, page_sync.c what
 * it says of syncs and mirrors, page_stock.c of items whose numbers are not right,
 * page_clock.c of what runs by the clock, page_words.c its words, page_style.c
 * its look.
 */

/* Its <style> holds one behind the other. */
extern const char api_page_style[];
extern const char api_page_style_narrow[];

/* A wait that is over before anybody has read of it is not worth a word. */
enum { PAGE_AT_ONCE_MS = 1000 };

/* "340 ms", "12 s", "5 min", "3 h", "2 days". */
void page_add_span(struct buf *b, int64_t ms);

/* "3 s ago", "just now"; "never" for 0. */
void page_add_ago(struct buf *b, int64_t now_ms, int64_t at_ms);

/* "1 sale", "2 sales". */
void page_add_count(struct buf *b, int64_t n, const char *one,
                    const char *many);

/* Items of which more was sold than there was; nothing when there are none. */
void page_add_oversold(struct buf *b, const struct overview *o);

/* What the last comparison of every item came to, inside a cell. */
void page_add_reconcile(struct buf *b, const struct overview *o,
                        const struct overview_account *a);

/* A word of a command as a shell takes it: a vendor's id may hold anything. */
void page_add_shell_word(struct buf *b, const char *word);

/* The sync under way, inside a cell; nothing when there is none. */
void page_add_sync(struct buf *b, const struct health *h);

/* What the account's type cannot do, inside a cell; nothing if it can all. */
void page_add_cannot(struct buf *b, const struct overview *o,
                     const struct overview_account *a);

/* What runs by the clock, and when next; or that it was stopped. */
void page_add_schedule(struct buf *b, const struct overview *o);

/* A table for each account that has a mirror. */
void page_add_mirrors(struct buf *b, const struct overview *o);

#endif
