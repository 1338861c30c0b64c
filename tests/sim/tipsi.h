#ifndef SIM_TIPSI_H
#define SIM_TIPSI_H

#include "tests/sim/galaxy.h"
#include "tests/sim/server.h"
#include "tests/sim/sim.h"
#include "tests/sim/till.h"

/*
 * Tipsi: one store's inventory of wines and drinks, whole pieces only.
 *
 * Written from reference/tipsi.md. Where that one does not know, it is as hard
 * on its callers as it may be: a batch is taken whole or not at all, a session
 * needs every cookie it was given, half of the ids come back as numbers, an
 * unmatched item stands in neither list, and no member passes that is not
 * documented. All functions want the lock of struct sim, tipsi_serve takes it.
 */
struct tipsi_item {
	int64_t id;
	char *external_id; /* owned */
	bool is_number;    /* replies show it so */
	char *barcodes;    /* owned; a JSON array of texts */
	char *name;        /* owned; NULL: none */
	bool is_drink;     /* else a wine */
	bool is_matched;   /* a list shows it */
	bool has_stock;    /* else nobody has counted it */
	int64_t in_stock;
	bool has_price;
	struct decimal price;
	int64_t updated_us;
	char *sku;                      /* owned; the same thing in Galaxy */
	struct galaxy_balance *balance; /* borrowed; NULL: no such thing */
	int64_t n_writes;               /* calls that set in_stock */
};

struct tipsi_session {
	char name[16]; /* of its cookie; "": none */
	char value[33];
	char affinity[33];
};

struct tipsi_options {
	const char *username;
	const char *password; /* NULL: Tipsi is not played */
	const char *store;
	const char *account; /* in the registry */
};

struct tipsi_switches {
	int64_t batch_ms;    /* a batch takes so long */
	int64_t lost_status; /* 401 or 403 without a session */
	int64_t page_max;    /* rows of a page at most; as documented 1000 */
};

struct tipsi {
	struct sim *sim;
	struct tipsi_options options; /* texts are borrowed */
	struct tipsi_switches is;
	struct tipsi_item **items; /* owned; by id */
	size_t n_items;
	size_t cap_items;
	int64_t next_id;
	struct tipsi_session sessions[16]; /* the oldest gives way */
	size_t next_session;
	int64_t n_logins;
	int64_t n_created; /* by batches */
	int64_t n_clears;
};

/* One item for each balance of galaxy, every third one a drink. */
void tipsi_init(struct tipsi *tipsi, struct sim *sim,
                const struct tipsi_options *options);
void tipsi_fini(struct tipsi *tipsi);

void tipsi_serve(void *ctx, const struct http_call *call,
                 struct server_reply *reply);

/* By external id or SKU; NULL: neither. */
struct tipsi_item *tipsi_find(struct tipsi *tipsi, const char *text);

/* An item for a balance of Galaxy's, counted as that is. */
struct tipsi_item *tipsi_add(struct tipsi *tipsi, struct galaxy_item *item,
                             struct galaxy_balance *balance);

/* Somebody at the shop counts, or deletes. */
void tipsi_count(struct tipsi *tipsi, struct tipsi_item *item, bool has_stock,
                 int64_t in_stock);
void tipsi_delete(struct tipsi *tipsi, struct tipsi_item *item);

void tipsi_expire_sessions(struct tipsi *tipsi);

/* Give a registry in CSV one column more. */
void tipsi_registry(struct tipsi *tipsi, struct buf *csv);

void tipsi_print_state(struct tipsi *tipsi, struct json_out *out);

/* ---- between the files of this module ---- */

/* Answer with one error, in the form of the framework that it looks like. */
void tipsi_refuse(struct server_reply *reply, int status, const char *field,
                  const char *message);

/* A new item, without a count. */
struct tipsi_item *tipsi_make(struct tipsi *tipsi, const char *external_id);

/* tipsi_items.c: what lies below /store/{id}/. False: no such path. */
bool tipsi_serve_store(struct tipsi *tipsi, const struct http_call *call,
                       const struct till_path *path,
                       struct server_reply *reply);

#endif
