#ifndef SIM_GALAXY_H
#define SIM_GALAXY_H

#include "tests/sim/server.h"
#include "tests/sim/sim.h"

/*
 * Galaxy: sessions, lookups, items, balances, posted entries.
 *
 * Written from reference/galaxy.md, whose section 14 lists what an honest
 * simulator must reproduce; where it leaves two readings open there is a
 * switch, and where it says nothing the stricter reading is taken. All
 * functions want the lock of struct sim, galaxy_serve takes it.
 */
enum {
	GALAXY_GUID_SIZE = 37,
	GALAXY_BALANCES_MAX = 8, /* variants of one item */
};

/* Kinds of rows, as they show in the first digits of a GUID. */
enum galaxy_kind {
	GALAXY_ITEM = 0x10,
	GALAXY_ITEM_ROW = 0x11,
	GALAXY_UNIT = 0x20,
	GALAXY_VAT = 0x30,
	GALAXY_DIMENSION = 0x40,
	GALAXY_VALUE = 0x41,
	GALAXY_CATEGORY = 0x50,
	GALAXY_ATTRIBUTE = 0x61,
	GALAXY_ATTRIBUTE_VALUE = 0x62,
	GALAXY_ALTER_CODE = 0x70,
	GALAXY_CURRENCY = 0x90,
	GALAXY_CUSTOMER = 0x91,
	GALAXY_CUSTOMER_SITE = 0x92,
	GALAXY_COUNTRY = 0x93,
	GALAXY_PREFECTURE = 0x94,
	GALAXY_CITY = 0x95,
	GALAXY_AGENCY = 0x96,
	GALAXY_SHIPPING = 0x97,
	GALAXY_PURPOSE = 0x98,
	GALAXY_PAYMETHOD = 0x99,
	GALAXY_CHARGE = 0x9a,
	GALAXY_PREFIX = 0x9b,
	GALAXY_COMPANY = 0xa0,
	GALAXY_SITE = 0xa1,
	GALAXY_SCENARIO = 0xb0,
};

struct galaxy_balance {
	int value;               /* dimension value; -1: the item has none */
	struct decimal quantity; /* always opening + received - posted */
	struct decimal opening;
	struct decimal received; /* by item transactions of Galaxy's own */
	struct decimal posted;   /* by entries that were accepted */
	int64_t changed_us;      /* system date of the last item transaction */
	int64_t n_asked;         /* answers to itembalances?ids= that held it */
};

struct galaxy_item {
	char itemid[GALAXY_GUID_SIZE]; /* ItemID */
	char id[GALAXY_GUID_SIZE];     /* ID: the row per company */
	char *code;                    /* owned */
	char *name;                    /* owned */
	struct decimal price;          /* VAT included */
	bool has_web_price; /* WebRetailPrice shows it, not ItemPrice */
	int vat;
	int n_decimals; /* Unit1NoOfDecimals; unit 1 is kg then */
	int dimension;  /* -1: none */
	int64_t revision;
	int64_t visible_us; /* lists show the row from then on (trap 1) */
	struct galaxy_balance balances[GALAXY_BALANCES_MAX];
	size_t n_balances;
};

struct galaxy_entry {
	char *docid;       /* owned */
	int64_t n_posts;   /* accepted, each lowered the balances */
	int64_t n_repeats; /* recognised as repeated, without effect */
	char *lines;       /* owned; JSON array of {code, quantity} */
	struct decimal total;
	char *docdate; /* owned */
};

struct galaxy_session {
	char id[41];
	int64_t until_mono_ms;
};

/* What an installation may do one way or the other. */
struct galaxy_switches {
	bool has_default_scenario;
	bool upper_guids;       /* GUIDs in capitals */
	bool balances_by_row;   /* itembalances.ID is items.ID */
	bool items_ids_by_row;  /* items?ids= means items.ID */
	bool dedupes;           /* a repeated docid has no effect */
	bool refuses_negative;  /* no line with a negative quantity */
	int64_t lost_status;    /* 401 or 403 without a session */
	int64_t refusal_status; /* 400 or 500 for a refused entry */
	int64_t query_max;      /* bytes; longer ones get a 404 page */
};

struct galaxy_options {
	const char *username;
	const char *password;
	const char *view;          /* "Entity/Name" that finds an entry */
	const char *advanced_view; /* GUID of the same as an advanced view */
	const char *view_field;
	int64_t session_ms;
	unsigned n_items;
	unsigned n_sized; /* products in sizes, behind the items */
};

struct galaxy {
	struct sim *sim;
	struct galaxy_options options; /* texts are borrowed */
	struct galaxy_switches is;
	struct galaxy_item **items; /* owned, and what they point to */
	size_t n_items;
	size_t cap_items;
	struct galaxy_entry *entries; /* owned */
	size_t n_entries;
	size_t cap_entries;
	struct galaxy_session sessions[64]; /* the oldest gives way */
	size_t next_session;
	int64_t revision; /* largest one given */
	int64_t n_logins;
	int64_t n_refused_posts;
};

void galaxy_init(struct galaxy *galaxy, struct sim *sim,
                 const struct galaxy_options *options);
void galaxy_fini(struct galaxy *galaxy);

/* Serve one call; ctx is the struct galaxy. Threads: any. */
void galaxy_serve(void *ctx, const struct http_call *call,
                  struct server_reply *reply);

/* ---- what happens inside Galaxy ---- */

/* An item with one balance. revision 0: the next number. Owned by galaxy. */
struct galaxy_item *galaxy_add_item(struct galaxy *galaxy, const char *code,
                                    const char *name, struct decimal price,
                                    struct decimal stock);

/* By code; with dimension values "CODE:VALUE". NULL: no such item. */
struct galaxy_item *galaxy_find_code(struct galaxy *galaxy, const char *code,
                                     struct galaxy_balance **balance);

/* An item transaction: notes its date, sends a hook. */
void galaxy_receive(struct galaxy *galaxy, struct galaxy_item *item,
                    struct galaxy_balance *balance, struct decimal quantity);
void galaxy_issue(struct galaxy *galaxy, struct galaxy_item *item,
                  struct galaxy_balance *balance, struct decimal quantity);

void galaxy_expire_sessions(struct galaxy *galaxy);

/* Members items, entries, …, of the control interface's state. */
void galaxy_print_state(struct galaxy *galaxy, struct json_out *out);

/* ---- between the files of this module ---- */

/* The GUID of a row; seed-free, so that a test may write it down. */
void galaxy_guid(char out[GALAXY_GUID_SIZE], enum galaxy_kind kind, unsigned n);

/* A member that holds a GUID, in the installation's case; NULL: null. */
void galaxy_out_guid(const struct galaxy *galaxy, struct json_out *out,
                     const char *key, const char *guid);
void galaxy_out_row(const struct galaxy *galaxy, struct json_out *out,
                    const char *key, enum galaxy_kind kind, int n);

/* Answer with an error in ResponseStatus shape. field may be NULL. */
void galaxy_refuse(struct server_reply *reply, int status, const char *code,
                   const char *field, const char *message);

/* galaxy_lists.c: GET /services/sync/{name}; false: no such list. */
bool galaxy_list(struct galaxy *galaxy, const char *name,
                 const struct http_call *call, struct server_reply *reply);

/* The alter code of a variant, 13 digits. */
void galaxy_barcode(char out[16], const struct galaxy_item *item,
                    const struct galaxy_balance *balance);

/* The row of a lookup with this GUID, or -1. */
int galaxy_find_row(enum galaxy_kind kind, const char *guid);

/* Facts of a row that an entry is checked against. */
bool galaxy_customer_is_active(int row);
int galaxy_site_company(int row);
int galaxy_charge_type(int row);
int galaxy_vat_percent(int row);
const char *galaxy_value_code(int dimension, int value);

/* galaxy_entry.c */
void galaxy_post_entry(struct galaxy *galaxy, const struct http_call *call,
                       struct server_reply *reply);
void galaxy_find_entry(struct galaxy *galaxy, const struct http_call *call,
                       struct server_reply *reply);

#endif
