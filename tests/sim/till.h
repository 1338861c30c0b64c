#ifndef SIM_TILL_H
#define SIM_TILL_H

#include "gateway/base/json.h"
#include "tests/sim/galaxy.h"
#include "tests/sim/server.h"
#include "tests/sim/sim.h"

/*
 * What the tills beside Square have in common: the goods, as Galaxy has them,
 * and small helpers for paths, forms and lax numbers. It knows no vendor.
 */

/* What a balance of Galaxy's is called at a till. */
struct till_goods {
	char *sku;  /* owned; the code, and the size behind it */
	char *name; /* owned; of the product */
	char *kind; /* owned; of the variant; "": it has none */
	char barcode[16];
	struct decimal price;           /* VAT included */
	int vat;                        /* percent */
	struct galaxy_item *item;       /* borrowed */
	struct galaxy_balance *balance; /* borrowed */
};

void till_goods_init(struct till_goods *out, struct galaxy_item *item,
                     struct galaxy_balance *balance);
void till_goods_fini(struct till_goods *g);

/* Over each balance of Galaxy's; starts zeroed but for galaxy. */
struct till_walk {
	const struct galaxy *galaxy;
	struct galaxy_item *item; /* borrowed, as the next */
	struct galaxy_balance *balance;
	size_t at_item;
	size_t at_balance;
};

/* False: that was the last one. */
bool till_walk_next(struct till_walk *walk);

/* The count of what a till for whole pieces can sell; false: by weight. */
bool till_is_whole(int64_t *out, const struct galaxy_item *item,
                   const struct galaxy_balance *balance);

/*
 * Give a registry in CSV one column more. name adds what the till calls the
 * thing with this SKU, or nothing.
 */
void till_column(struct buf *csv, const char *head, void *till,
                 void (*name)(void *till, struct buf *out, const char *sku));

/* What happened to a count: count = opening + all of these. */
struct till_tally {
	struct decimal sold;     /* at the till, less returns */
	struct decimal recorded; /* by sales of ours, less returns */
	struct decimal moved;    /* received, counted, moved at the till */
	struct decimal written;  /* by writes of ours */
	int64_t n_writes;        /* that took effect */
};

/* Members sold, recorded, moved, written, writes. */
void till_tally_print(const struct till_tally *tally, struct json_out *out);

/* ---- paths: decoded, cut at each slash ---- */

enum { TILL_PARTS_MAX = 12 };

struct till_path {
	char *text; /* owned */
	const char *part[TILL_PARTS_MAX];
	size_t n;
	bool has_slash; /* at its end */
};

void till_path_init(struct till_path *out, const char *path);
void till_path_fini(struct till_path *path);

/* These parts, with slashes between, and no more; a star is any one. */
bool till_path_is(const struct till_path *path, const char *pattern);

/* ---- bodies ---- */

/* A form as a flat object of texts; NULL: none. Free it. */
struct json *till_form(const char *p, size_t n);

/*
 * Numbers and truths that may be texts as well.
 * Return 0, JSON_ABSENT, JSON_WRONG_TYPE; out is untouched unless 0.
 */
int till_int(int64_t *out, const struct json_node *o, const char *key);
int till_bool(bool *out, const struct json_node *o, const char *key);

/* The first member that is not in `names` (blank-separated); NULL: none. */
const char *till_unknown(const struct json_node *o, const char *names);

/* Append "key=value" to a form. */
void till_form_add(struct buf *form, const char *key, const char *value);

/* ---- time ---- */

enum { TILL_TIME_SIZE = 32 };

/* "2026-01-31 10:00:00" in the time zone of the shop. */
void till_local_time(char out[TILL_TIME_SIZE], int64_t us);

#endif
