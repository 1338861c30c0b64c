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
	GALAXY_TABLES_MAX = 32,  /* lists of galaxy_rows.c */
	GALAXY_CODE_SIZE = 16,   /* of a generated item, and of a barcode */
	GALAXY_NAME_SIZE = 256,
	GALAXY_GENERATED_MAX = 1000000,
};

/* Kinds of rows, as they show in the first digits of a GUID. */
enum galaxy_kind {
	GALAXY_ITEM = 0x10,
	GALAXY_ITEM_ROW = 0x11, /* one more for each company: 0x12 */
	GALAXY_UNIT = 0x20,
	GALAXY_VAT = 0x30,
	GALAXY_DIMENSION = 0x40,
	GALAXY_VALUE = 0x41,
	GALAXY_CATEGORY = 0x50,
	GALAXY_ATTRIBUTE_ROW = 0x60,
	GALAXY_ATTRIBUTE = 0x61,
	GALAXY_ATTRIBUTE_VALUE = 0x62,
	GALAXY_COMBINATION = 0x63,
	GALAXY_ALTER_CODE = 0x70,
	GALAXY_IMAGE = 0x80,
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
	GALAXY_BANK = 0x9c,
	GALAXY_GROUP = 0x9d,
	GALAXY_COMPANY = 0xa0,
	GALAXY_SITE = 0xa1,
	GALAXY_SCENARIO = 0xb0,
};

struct galaxy_balance {
	int value;               /* dimension value; -1: the item has none */
	int value2;              /* of a second dimension; -1: has none */
	struct decimal quantity; /* always opening + received - posted */
	struct decimal opening;
	struct decimal received; /* by item transactions of Galaxy's own */
	struct decimal posted;   /* by entries that were accepted */
	int64_t changed_us;      /* system date of the last item transaction */
	int64_t n_asked;         /* answers to itembalances?ids= that held it */
};

struct galaxy_item {
	char itemid[GALAXY_GUID_SIZE]; /* ItemID */
	char id[GALAXY_GUID_SIZE];     /* ID: the row of the first company */
	unsigned number;               /* in its GUIDs and barcodes */
	bool is_generated;             /* or was, until it was changed */
	char *code;                    /* owned */
	char *name;                    /* owned */
	const char *ext;               /* ExtDescription; static, may be NULL */
	struct decimal price;          /* VAT included */
	bool has_web_price; /* WebRetailPrice shows it, not ItemPrice */
	int vat;
	int n_decimals; /* Unit1NoOfDecimals; unit 1 is kg then */
	int weight_g;
	int dimension;  /* -1: none */
	int dimension2; /* -1: none */
	int leaf;       /* row of its category */
	int n_attributes;
	int n_images;
	bool has_pack;        /* a second barcode, of six pieces */
	bool has_combination; /* its balances show an AttCombinationID */
	bool is_inactive;
	bool is_offline; /* IsActiveWeb 0 */
	bool is_blocked; /* IsSalesBlocked */
	bool is_gone;    /* no list shows it or what belongs to it */
	int64_t revision;
	int64_t visible_us; /* lists show the row from then on (trap 1) */
	char *next_name; /* owned; change that is not committed; NULL: none */
	int64_t next_revision;
	struct galaxy_balance balances[GALAXY_BALANCES_MAX];
	size_t n_balances;
};

/* A line of customersites. Texts are owned; rows are -1 where not given. */
struct galaxy_site {
	unsigned number;
	char *code;
	char *descr;
	char *postal;
	char *street;
	char *street_number;
	char *email;
	char *phone;
	int country;
	int prefecture;
	int city;
	bool is_primary;
	bool is_billing;
};

struct galaxy_customer {
	char *code; /* owned, as all texts */
	char *name;
	char *comments;
	char *tin;
	int company;
	int currency; /* -1: none */
	int64_t revision;
	bool is_inactive;
	bool is_gone;
	struct galaxy_site *sites; /* owned */
	size_t n_sites;
	char *document; /* as posted; NULL: was here from the first */
};

/* What changed about a row of a table since the start. */
struct galaxy_row_state {
	char *descr;      /* owned; NULL: as it was */
	int64_t revision; /* 0: as it was */
	bool is_gone;
	bool is_inactive; /* charges show active rows only */
};

struct galaxy_entry {
	char *docid;       /* owned */
	int64_t n_posts;   /* accepted, each lowered the balances */
	int64_t n_repeats; /* recognised as repeated, without effect */
	char *lines;       /* owned; JSON array of {code, quantity} */
	struct decimal total;
	char *docdate;        /* owned */
	struct buf documents; /* as posted, a comma between two */
};

struct galaxy_session {
	char id[41];
	int64_t until_mono_ms;
	int64_t n_calls;
};

/* What an installation may do one way or the other. */
struct galaxy_switches {
	int default_scenario;   /* row of webscenarios; -1: none */
	bool upper_guids;       /* GUIDs in capitals */
	bool balances_by_row;   /* itembalances.ID is items.ID */
	bool items_ids_by_row;  /* items?ids= means items.ID */
	bool dedupes;           /* a repeated docid has no effect */
	bool refuses_negative;  /* no line with a negative quantity */
	bool numbers_codes;     /* alter codes with revisions, not all 0 */
	bool doubles_customers; /* a Code that is taken makes a second one */
	bool answers_ids;       /* postcustomer answers {"ID":…}, not {} */
	bool zips;              /* for clients that accept gzip */
	int64_t lost_status;    /* 401 or 403 without a session */
	int64_t refusal_status; /* 400 or 500 for a refused entry */
	int64_t query_max;      /* bytes; longer ones get a 404 page */
	int64_t session_calls;  /* that a session lives; 0: no limit */
};

struct galaxy_options {
	const char *username;
	const char *password;
	const char *view;          /* "Entity/Name" that finds an entry */
	const char *advanced_view; /* GUID of the same as an advanced view */
	const char *view_field;
	int64_t session_ms;
	unsigned n_items;
	unsigned n_sized;     /* products in sizes, behind the items */
	unsigned n_generated; /* more, made on the fly */
	unsigned n_customers; /* beside those that are always there */
};

struct galaxy {
	struct sim *sim;
	struct galaxy_options options; /* texts are borrowed */
	struct galaxy_switches is;
	struct galaxy_item **items; /* owned, and what they point to */
	size_t n_items;
	size_t cap_items;
	uint64_t seed;                /* of what is generated */
	unsigned n_generated;         /* items that are not kept */
	int64_t generated_revision;   /* of the one before the first of them */
	struct galaxy_item **changed; /* owned; NULL: still as generated */
	struct galaxy_customer *customers; /* owned */
	size_t n_customers;
	size_t cap_customers;
	unsigned n_sites; /* numbers given to sites */
	struct galaxy_row_state *states[GALAXY_TABLES_MAX]; /* owned */
	struct buf gone; /* GUIDs of deleted codes and images, in commas */
	struct galaxy_entry *entries; /* owned */
	size_t n_entries;
	size_t cap_entries;
	struct galaxy_session sessions[64]; /* the oldest gives way */
	size_t next_session;
	int64_t revision; /* largest one given */
	int64_t n_logins;
	int64_t n_refused_posts;
};

/*
 * What a list call asks for, with everything that its rows depend on: a
 * stream goes on without the lock.
 */
struct galaxy_query {
	struct galaxy_switches is;
	uint64_t seed;
	unsigned n_generated;
	int64_t generated_revision;
	int company;      /* of the web scenario */
	int64_t revision; /* rows above it only */
	bool has_ids;
	struct buf ids; /* comma-separated GUIDs, a comma at both ends */
	bool has_from;
	int64_t from_us;
	int64_t now_us;
	struct buf gone;
};

/* The lists that are made of items. */
enum galaxy_list { GALAXY_ITEMS, GALAXY_CODES, GALAXY_BALANCES, GALAXY_IMAGES };

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

/*
 * By code; with dimension values "CODE:VALUE" or "CODE:VALUE:VALUE". A
 * generated item that is found so is kept from then on. NULL: no such item.
 */
struct galaxy_item *galaxy_find_code(struct galaxy *galaxy, const char *code,
                                     struct galaxy_balance **balance);

/* By ItemID, kept likewise. NULL: no such item, or it is gone. */
struct galaxy_item *galaxy_find_item(struct galaxy *galaxy, const char *itemid);

/* The row changed: it takes the next revision. */
void galaxy_touch(struct galaxy *galaxy, struct galaxy_item *item);

/* An item transaction: notes its date, sends a hook. */
void galaxy_receive(struct galaxy *galaxy, struct galaxy_item *item,
                    struct galaxy_balance *balance, struct decimal quantity);
void galaxy_issue(struct galaxy *galaxy, struct galaxy_item *item,
                  struct galaxy_balance *balance, struct decimal quantity);

void galaxy_expire_sessions(struct galaxy *galaxy);

/* Members items, entries, …, of the control interface's state. */
void galaxy_print_state(struct galaxy *galaxy, struct json_out *out);

/*
 * A change in flight has its revision and nobody sees it: a new item is not
 * there yet, a known one is shown as it was. False: nothing is in flight.
 */
void galaxy_hold(struct galaxy *galaxy, struct galaxy_item *item, bool is_new,
                 const char *name);
bool galaxy_commit(struct galaxy_item *item);

/* NULL, or what is wrong: once, and not more than a million. */
const char *galaxy_generate(struct galaxy *galaxy, int64_t n);

/* Change a row of a table: NULL, or what is wrong. descr may be NULL. */
const char *galaxy_change_row(struct galaxy *galaxy, const char *list,
                              const char *code, const char *descr, bool is_gone,
                              bool is_active);

/* An alter code or an image of an item, by its GUID. */
void galaxy_delete_guid(struct galaxy *galaxy, const char *guid);

/* ---- between the files of this module ---- */

/* The GUID of a row; seed-free, so that a test may write it down. */
void galaxy_guid(char out[GALAXY_GUID_SIZE], enum galaxy_kind kind, unsigned n);

/* The GUID of something generated; looks like chance and can be read back. */
void galaxy_scrambled_guid(char out[GALAXY_GUID_SIZE], uint64_t seed,
                           enum galaxy_kind kind, unsigned n);

/* Whose GUID of this kind it is; the case is the same to us. */
bool galaxy_parse_guid(unsigned *n, const char *guid, enum galaxy_kind kind);
bool galaxy_parse_scrambled(unsigned *n, uint64_t seed, const char *guid,
                            enum galaxy_kind kind);

/* A member that holds a GUID, in the installation's case; NULL: null. */
void galaxy_out_guid(bool is_upper, struct json_out *out, const char *key,
                     const char *guid);
void galaxy_out_row(bool is_upper, struct json_out *out, const char *key,
                    enum galaxy_kind kind, int n);

/* Answer with an error in ResponseStatus shape. field may be NULL. */
void galaxy_refuse(struct server_reply *reply, int status, const char *code,
                   const char *field, const char *message);

/* galaxy_lists.c: GET /services/sync/{name}; false: no such list. */
bool galaxy_list(struct galaxy *galaxy, const char *name,
                 const struct http_call *call, struct server_reply *reply);

/* The company of the web scenario that a call names, or of the default one. */
int galaxy_company(const struct galaxy *galaxy, const struct http_call *call);

/* A GUID in the list that the query names, or that is gone. */
bool galaxy_query_names(const struct buf *guids, const char *guid);

/* ---- galaxy_items.c: what is generated, and the rows of items ---- */

/* Room for the texts of an item that is not kept. */
struct galaxy_generated {
	struct galaxy_item item;
	char code[GALAXY_CODE_SIZE];
	char name[GALAXY_NAME_SIZE];
};
void galaxy_make_item(struct galaxy_generated *out, uint64_t seed, unsigned n,
                      int64_t revision);

/* Append the rows of the item that the query asks for, each with its NUL. */
void galaxy_put_rows(const struct galaxy_query *q, enum galaxy_list list,
                     const struct galaxy_item *item, struct buf *rows);

/* The second company sells every tenth item. */
bool galaxy_is_sold_by(const struct galaxy_item *item, int company);

/* The alter code of a variant, 13 digits. */
void galaxy_barcode(char out[GALAXY_CODE_SIZE], const struct galaxy_item *item,
                    const struct galaxy_balance *balance);

/* ---- galaxy_rows.c: lookups, companies, categories … ---- */

void galaxy_rows_init(struct galaxy *galaxy);
void galaxy_rows_fini(struct galaxy *galaxy);

/* Append the rows of a table, each with its NUL; false: no such table. */
bool galaxy_put_table(const struct galaxy *galaxy, const struct galaxy_query *q,
                      const char *name, struct buf *rows);

/* The row of a lookup with this GUID (not a deleted one), or -1. */
int galaxy_find_row(const struct galaxy *galaxy, enum galaxy_kind kind,
                    const char *guid);

/* The only row with this Description, or -1. */
int galaxy_find_descr(const struct galaxy *galaxy, enum galaxy_kind kind,
                      const char *descr);

/* Facts of a row that a document is checked against. */
int galaxy_scenario_company(int row);
int galaxy_site_company(int row);
int galaxy_charge_type(const struct galaxy *galaxy, int row); /* 0: inactive */
int galaxy_prefecture_country(int row);
int galaxy_city_prefecture(int row);
int galaxy_vat_percent(int row);
const char *galaxy_value_code(int dimension, int value);

/* ---- galaxy_customer.c ---- */

void galaxy_customers_init(struct galaxy *galaxy);
void galaxy_customers_fini(struct galaxy *galaxy);

/* Append the rows of customers or customersites, each with its NUL. */
void galaxy_put_customers(const struct galaxy *galaxy,
                          const struct galaxy_query *q, bool is_sites,
                          struct buf *rows);

/* By GUID, code; the active ones and the others. NULL: none. */
struct galaxy_customer *galaxy_find_customer(struct galaxy *galaxy,
                                             const char *guid);
struct galaxy_customer *galaxy_find_customer_code(struct galaxy *galaxy,
                                                  const char *code);
struct galaxy_site *galaxy_find_site(struct galaxy *galaxy,
                                     const struct galaxy_customer *customer,
                                     const char *guid);
void galaxy_post_customer(struct galaxy *galaxy, const struct http_call *call,
                          struct server_reply *reply);
void galaxy_print_customers(struct galaxy *galaxy, struct json_out *out);

/* ---- galaxy_image.c ---- */

/* GET /api/glx/entities/itemimage/{id} */
void galaxy_send_image(struct galaxy *galaxy, const char *id,
                       struct server_reply *reply);

/* ---- galaxy_entry.c ---- */

void galaxy_post_entry(struct galaxy *galaxy, const struct http_call *call,
                       struct server_reply *reply);
void galaxy_find_entry(struct galaxy *galaxy, const struct http_call *call,
                       struct server_reply *reply);

/* The entries as posted, of one docid or all (NULL). */
void galaxy_print_documents(struct galaxy *galaxy, const char *docid,
                            struct json_out *out);

#endif
