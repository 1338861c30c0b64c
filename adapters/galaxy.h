#ifndef ADAPTERS_GALAXY_H
#define ADAPTERS_GALAXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/base/keyset.h"
#include "gateway/base/zone.h"
#include "gateway/model/item.h"
#include "gateway/model/order.h"
#include "gateway/model/outcome.h"
#include "gateway/ports/adapter.h"
#include "gateway/ports/auth.h"
#include "gateway/ports/http.h"

/*
 * What the files of the Galaxy adapter share; nobody else includes it.
 *
 *   galaxy.c          options, bindings, the table
 *   galaxy_session.c  log-in, calls and what answers mean
 *   galaxy_read.c     lists, row by row
 *   galaxy_scenario.c the web scenario that all calls are made in
 *   galaxy_lists.c    the table of entities and lookups
 *   galaxy_links.c    references between lists
 *   galaxy_sync.c     lists into the mirror, with their cursors
 *   galaxy_counts.c   balances: of whom, and how many
 *   galaxy_packs.c    alter codes that sell several of an item as one
 *   galaxy_names.c    rows by id, code or description
 *   galaxy_place.c    countries, prefectures and cities by their names
 *   galaxy_terms.c    commercial entries: parties and terms
 *   galaxy_entry.c    commercial entries: the document
 *   galaxy_line.c     commercial entries: lines and their arithmetic
 *   galaxy_order.c    commercial entries: what a shop's order adds
 *   galaxy_post.c     commercial entries: post and find
 *   galaxy_customer.c customers: post and find
 *   galaxy_image.c    pictures
 *   galaxy_items.c    what is stocked
 *
 * Source  Galaxy API documentation (Sync Service), as digested in the
 *         project's reference on Galaxy, read 2026-11-21. "galaxy.md 8.1" in a
 *         comment is a section of it.
 */
enum {
	GALAXY_ID_SIZE = 81, /* longest id we take, with NUL; a GUID has 36 */
	GALAXY_EXTERNAL_SIZE = ITEM_EXTERNAL_MAX + 1,
	GALAXY_DIMS = 4, /* DimVal1ID..3 and AttCombinationID */
	GALAXY_SESSION_SIZE = 200,
	GALAXY_PACK_MAX = 1000000, /* units in a pack */
	GALAXY_ERROR_MAX = 65536,  /* bytes of an answer that may be a
	                             ResponseStatus; its StackTrace is long */
};

/* Where an item's row differs from its balance row (galaxy.md 9). */
enum galaxy_kind {
	GALAXY_KIND_UNKNOWN, /* no balance row has shown it yet */
	GALAXY_KIND_ITEM,    /* balances name items.ItemID */
	GALAXY_KIND_ROW,     /* balances name items.ID */
};

struct galaxy {
	uint32_t magic;
	struct adapter_env env;
	struct zone *zone; /* owned; NULL: the process's */
	struct auth auth;
	char session[GALAXY_SESSION_SIZE];    /* "": not logged in */
	char cookie[GALAXY_SESSION_SIZE + 8]; /* as it is sent */
	bool has_scenario;                    /* the next two are known */
	char scenario[GALAXY_ID_SIZE];        /* to send; "": the default one */
	char scenario_label[GALAXY_ID_SIZE];  /* for people */
	char company[GALAXY_ID_SIZE];         /* of the scenario; "": unnamed */
	unsigned n_idling; /* lists under way whose idle may run us again */
	struct galaxy_packs *packs; /* owned; NULL: not needed yet */
	bool has_synced;            /* since the daemon started */
};

/* ---- ids and text (galaxy.c) ---- */

/*
 * An id in its one form: lower case. False when it is no usable id: empty,
 * too long, or with a character that a GUID or a plain key never has.
 */
bool galaxy_id(char out[GALAXY_ID_SIZE], const char *text);

/* The id in a member; "" when absent, null, empty or the null GUID. */
bool galaxy_member_id(char out[GALAXY_ID_SIZE], const struct json_node *row,
                      const char *key);

/*
 * ItemID plus the variant that a row of balances or alter codes names:
 * `item[:dim1[:dim2[:dim3[:att]]]]`, `-` for an empty one in the middle.
 * False when a member is no id or the whole is too long.
 */
bool galaxy_external(char out[GALAXY_EXTERNAL_SIZE], const char *item,
                     const struct json_node *row);

/* The item's id in an external; returns what follows: ":dim…", "*6", "". */
const char *galaxy_external_item(char out[GALAXY_ID_SIZE],
                                 const char *external);

/* Copy for people: no control characters, no half character at the end. */
void galaxy_say(char *out, size_t size, const char *text);

/* A row of the mirror as a document. 0, MIRROR_ABSENT, a fault. */
int galaxy_read_row(struct galaxy *g, struct json **out, const char *entity,
                    const char *key);

/* ---- calls (galaxy_session.c) ---- */

/* Base URL + the configured path of name (may be NULL), or else fallback. */
void galaxy_url(struct buf *url, const struct galaxy *g, const char *name,
                const char *fallback);

/* Append `?key=value` or `&key=value`, nothing encoded (galaxy.md 3). */
void galaxy_param(struct buf *url, const char *key, const char *value);

/* Append WebScenID when one must be sent. Only after galaxy_ready. */
void galaxy_param_scenario(struct buf *url, const struct galaxy *g);

/*
 * Send with the session: log in first where needed, and once more when the
 * server has forgotten us (401, 403, a ResponseStatus that says so).
 *
 * Returns  DONE with answer filled, whatever its status, to be released by the
 *          caller; otherwise nothing of the request took effect.
 */
struct outcome galaxy_exchange(struct galaxy *g,
                               const struct http_request *request,
                               struct http_answer *answer);
extern const struct auth_ops galaxy_auth; /* ctx: the struct galaxy */

/* The words of a ResponseStatus. */
struct galaxy_error {
	char code[64];     /* ErrorCode; "" */
	char message[120]; /* Message, else the first of Errors; "" */
};

/* Out of a ResponseStatus; nothing in it repeats what we sent. */
void galaxy_error_read(struct galaxy_error *out, const struct galaxy *g,
                       const struct json_node *status);

/* ServiceStack names its exceptions: Unauthorized, AuthenticationException. */
bool galaxy_is_about_session(const struct galaxy_error *error);

/* The first byte that is no blank; NUL: there is none. */
char galaxy_first_of(const char *p, size_t n);

/* A page of some proxy, by its first byte. */
bool galaxy_is_html(const void *body, size_t n);

/* True when the body holds a ResponseStatus with an ErrorCode. */
bool galaxy_error_of(struct galaxy_error *out, const struct galaxy *g,
                     const void *body, size_t n);

/* What an answer to a read means; DONE for a 2xx without an error inside. */
struct outcome galaxy_judge_read(const struct galaxy *g,
                                 const struct http_answer *answer);

/* ---- reading lists (galaxy_read.c) ---- */

/* One list, element by element while it arrives. */
struct galaxy_list {
	/*
	 * 0; GALAXY_BAD_ROW: this row is of no use, skip it; GALAXY_BAD_LIST:
	 * none of them is; both with problem set; or a fault.
	 */
	int (*row)(struct galaxy_list *list, const struct json_node *row);
	void *ctx;
	int64_t timeout_ms;     /* of the whole call; 0: the client's */
	int (*idle)(void *ctx); /* as in http_request; NULL: nothing waits */
	void *idle_ctx;
	const char *text; /* the row in hand, as it came, not ended by a NUL;
	                     borrowed for row() */
	size_t n_text;
	char problem[120]; /* of the first bad row */
	int status;        /* HTTP, for who knows a harmless 404 */
	int64_t rows;      /* read so far, the bad ones included */
	int64_t n_bad;     /* skipped: what the list lacks may be among them,
	                      so nothing is gone because it is not in it */
};
enum { GALAXY_BAD_ROW = 100, GALAXY_BAD_LIST = 101 };

/*
 * GET a list. DONE only when it was read to its end and not all of it was
 * bad; every row before a break has been seen all the same.
 */
struct outcome galaxy_read_list(struct galaxy *g, const char *url,
                                struct galaxy_list *list);

/* ---- web scenario (galaxy_scenario.c) ---- */

/* The id of the scenario in use, also when it is the default: a note. */
#define GALAXY_NOTE_SCENARIO "scenario.id"

/* Logged in, and the web scenario known; otherwise why not. */
struct outcome galaxy_ready(struct galaxy *g);

/* Read the web scenarios again; for the probe. */
struct outcome galaxy_read_scenario(struct galaxy *g);

/* ---- balances (galaxy_counts.c) ---- */

struct galaxy_balances {
	struct galaxy *g;
	enum galaxy_kind kind;
};

/* What is known so far; and to keep what was learned. 0 or a fault. */
int galaxy_kind_load(struct galaxy *g, enum galaxy_kind *out);
int galaxy_kind_save(struct galaxy *g, enum galaxy_kind kind);

/*
 * Whose balance a row is and how much.
 *
 * Returns  0, MIRROR_ABSENT (no item or figure that we know), GALAXY_BAD_ROW
 *          (list->problem says why), a fault.
 */
int galaxy_balance_of(struct galaxy_balances *b, struct galaxy_list *list,
                      const struct json_node *row,
                      char external[GALAXY_EXTERNAL_SIZE], struct decimal *qty);

struct outcome galaxy_read_counts(void *state, struct count *counts, size_t n);

/* ---- packs (galaxy_packs.c) ---- */

/*
 * A pack: an alter code with Quantity 6 is six of its item, sold as one. Its
 * external ends with "*6": `item[:dims]*6`. Returns 1 for what is no pack;
 * *n_base receives the length without the ending.
 */
int64_t galaxy_external_pack(const char *external, size_t *n_base);

/*
 * How many of its item an alter code sells as one: 1 when it does not say.
 * False for a Quantity that is no whole number from 1 to GALAXY_PACK_MAX.
 */
bool galaxy_pack_of(int64_t *out, const struct json_node *altercode);

/* Whole packs in a balance of singles; one too few below zero. */
struct decimal galaxy_pack_count(struct decimal balance, int64_t pack);

/*
 * Report a balance to a sync's sink: the item or variant itself, and every
 * pack of it that an alter code of the mirror makes. 0 or a fault.
 *
 * external  of a single, as galaxy_balance_of gives it
 */
int galaxy_report_count(struct galaxy *g, const struct sync_sink *sink,
                        const char *external, struct decimal qty);

/*
 * Forget which packs there are: alter codes have changed in the mirror. They
 * are read again when the next count is reported.
 */
void galaxy_packs_forget(struct galaxy *g);

/* ---- lists (galaxy_lists.c) ---- */

enum galaxy_cursor {
	GALAXY_CURSOR_NONE,     /* a lookup: read whole, at start and daily */
	GALAXY_CURSOR_REVISION, /* RevisionNumber; a list whose rows turn out to
	                           be unnumbered is read whole and compared */
	GALAXY_CURSOR_TIME,     /* FromDateTime: balances */
};

enum { GALAXY_NAMES_MAX = 5, GALAXY_LINKS_MAX = 6, GALAXY_LISTS_MAX = 32 };

/* A member that holds the key of a row of an earlier list. */
struct galaxy_link {
	const char *member;
	const char *entity;
};

/* Stands for the member that sku_field names. */
#define GALAXY_SKU_MEMBER ""

struct galaxy_entity {
	const char *name; /* in the mirror, in `paths`, in /api/galaxy/… */
	const char *path;
	const char *key;                     /* member that identifies a row */
	const char *names[GALAXY_NAMES_MAX]; /* members it is found under; "":
	                                        the one of sku_field */
	enum galaxy_cursor cursor;
	struct galaxy_link links[GALAXY_LINKS_MAX]; /* ends with member NULL */
	bool is_optional; /* nobody printed the path, or not every installation
	                     has it: a 404 is no trouble */
};

/* In dependency order (galaxy.md 13), ends with name NULL. */
extern const struct galaxy_entity galaxy_entities[];

/* The same for the adapter's table. */
extern const struct adapter_list galaxy_lists[];

/* ---- references (galaxy_links.c) ---- */

/* Keys of one list, as this sync has read it. */
struct galaxy_keys {
	struct keyset set;
	bool is_collecting;
	bool is_whole; /* read to its end: what is missing here is missing */
};

/* Of one sync; zeroed memory is ready. */
struct galaxy_links {
	struct galaxy_keys keys[GALAXY_LISTS_MAX]; /* as galaxy_entities */
	int64_t n_missing; /* references of the list in hand to nothing */
	char why[200];     /* the first of them, for a person */
};

/* A list begins; its rows go by check, which also remembers their keys where
   others refer to them (0, ERR_NOMEM); it was read to its end. */
void galaxy_links_begin(struct galaxy_links *refs,
                        const struct galaxy_entity *entity, bool is_whole);
int galaxy_links_check(struct galaxy_links *refs,
                       const struct galaxy_entity *entity,
                       const struct json_node *row, const char *key);
void galaxy_links_end(struct galaxy_links *refs,
                      const struct galaxy_entity *entity);
void galaxy_links_fini(struct galaxy_links *refs);

/* ---- syncs (galaxy_sync.c) ---- */

/* There once a sync has read everything: the balances come last of what an
   entry needs. Their cursor says less, for earlier versions had fewer lists. */
#define GALAXY_NOTE_SYNCED "itembalances.read"

struct outcome galaxy_sync(void *state, const struct sync_job *job,
                           const struct sync_sink *sink);

/* ---- names (galaxy_names.c) ---- */

/* A row that a document refers to. Zeroed: none. */
struct galaxy_ref {
	char id[GALAXY_ID_SIZE]; /* "": none */
	struct json *row;        /* owned */
};
void galaxy_ref_fini(struct galaxy_ref *ref);

/* Its Description; NULL: it has none. Borrowed. */
const char *galaxy_ref_text(const struct galaxy_ref *ref);

/* REFUSED with "field: why", and both in *problem. */
struct outcome galaxy_refuse(struct entry_problem *problem, const char *field,
                             const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Which row is meant, and among which. */
struct galaxy_name {
	const char *entity;  /* table in the mirror */
	const char *field;   /* of the order, or the option: for people */
	const char *written; /* id, code or description; NULL: the only row */
	const char *member;  /* only rows with `of` as id in it; NULL: all */
	const char *of;
	bool is_loose; /* rows that lack the member pass as well */
	bool (*may)(const struct json_node *row); /* NULL: all rows */
	const char *elsewhere; /* what is said of a row that does not pass */
	bool is_needed;        /* an empty table is refused */
	bool is_private; /* persons, and many: never read whole, no names */
};

/*
 * Find it; out (zeroed) stays empty where nothing is written, needed or there.
 *
 * Returns  DONE, REFUSED with *problem and the candidates, RETRY.
 */
struct outcome galaxy_find_row(struct galaxy *g, struct galaxy_ref *out,
                               const struct galaxy_name *name,
                               struct entry_problem *problem);

/* The row that a member of another one names, if there is one. 0, a fault. */
int galaxy_member_row(struct galaxy *g, struct galaxy_ref *out,
                      const char *entity, const struct json_node *row,
                      const char *member);

/* ---- places (galaxy_place.c) ---- */

/* Where something is: names as said, NULL: not said; and the rows. */
struct galaxy_place_name {
	const char *country;
	const char *prefecture;
	const char *city;
};
struct galaxy_place {
	struct galaxy_ref country;
	struct galaxy_ref prefecture;
	struct galaxy_ref city;
};
void galaxy_place_fini(struct galaxy_place *place);

/* prefix: of the fields, "delivery.address." As galaxy_find_row. */
struct outcome galaxy_find_place(struct galaxy *g, struct galaxy_place *out,
                                 const char *prefix,
                                 const struct galaxy_place_name *said,
                                 struct entry_problem *problem);

/* ---- entries (galaxy_terms.c, galaxy_entry.c, galaxy_line.c, …) ---- */

/* What a document refers to. */
enum galaxy_term {
	GALAXY_TERM_COMPANY,
	GALAXY_TERM_COMPANYSITE,
	GALAXY_TERM_CURRENCY,
	GALAXY_TERM_TRADER,
	GALAXY_TERM_TRANSPORT_MODE,
	GALAXY_TERM_TRANSPORTER,
	GALAXY_TERM_DISPATCH_PURPOSE,
	GALAXY_TERM_PAYMENT_PLAN,
	GALAXY_TERM_COUNT,
};

struct galaxy_terms {
	struct galaxy_ref refs[GALAXY_TERM_COUNT]; /* empty: does without */
};
void galaxy_terms_fini(struct galaxy_terms *terms);

/*
 * Choose them all, into zeroed memory. What the order (NULL: a sale) leaves
 * out comes from the options.
 *
 * Returns  DONE, REFUSED naming the field or option and the candidates, RETRY.
 */
struct outcome galaxy_choose_terms(struct galaxy *g, struct galaxy_terms *out,
                                   const struct entry *entry,
                                   const struct order *order,
                                   struct entry_problem *problem);

/* One of them alone, by its option or what is written (NULL: nothing). */
struct outcome galaxy_choose_term(struct galaxy *g, struct galaxy_ref *out,
                                  enum galaxy_term term, const char *written,
                                  struct entry_problem *problem);

/* What a shop's order adds (galaxy_order.c). */
struct galaxy_address {
	const struct order_address *said; /* borrowed; NULL: not given */
	struct galaxy_ref site;           /* the customer's */
	bool is_site;                     /* nothing but the site is said */
	struct galaxy_place place;
};
struct galaxy_order {
	struct order said;
	struct galaxy_address buyer;
	struct galaxy_address bill_to;
	struct galaxy_address delivery;
	struct galaxy_ref *charges; /* owned; said.n_charges of them */
};

/* Read an entry's details. DONE, REFUSED with *problem, RETRY. */
struct outcome galaxy_order_open(struct galaxy_order *out,
                                 const struct entry *entry,
                                 struct entry_problem *problem);
void galaxy_order_fini(struct galaxy_order *order);

/* Look up addresses and charges; trader is who buys. As galaxy_find_row. */
struct outcome galaxy_order_look_up(struct galaxy *g,
                                    struct galaxy_order *order,
                                    const struct galaxy_ref *trader,
                                    struct entry_problem *problem);

/* A date of an order (NULL: fallback_ms) in the server's local time. */
void galaxy_order_date(char out[ZONE_TEXT_SIZE], const struct galaxy *g,
                       const char *date, int64_t fallback_ms);

/* The members it adds: to the trader, next to it, and further down. */
void galaxy_order_write_buyer(const struct galaxy_order *order,
                              struct json_out *o);
void galaxy_order_write_addresses(const struct galaxy *g,
                                  const struct galaxy_order *order,
                                  struct json_out *o);
void galaxy_order_write_rest(const struct galaxy_order *order,
                             struct json_out *o);

/*
 * {"identifier":{"id","codelist":"RCP","idspecifier":null}, left open: the one
 * form of a reference (galaxy.md 8.1). Items and dimensions have a short one
 * without idspecifier.
 */
void galaxy_open_ref(struct json_out *o, const char *key, const char *id,
                     bool is_short);

/* The whole, with the row's description; nothing for an empty one. */
void galaxy_write_ref(struct json_out *o, const char *key,
                      const struct galaxy_ref *ref, bool with_descr);

/* Text, or null. */
void galaxy_write_text(struct json_out *o, const char *key, const char *text);

/* Amounts of one line, each cut to three places (galaxy.md 8.2). */
struct galaxy_amounts {
	struct decimal netprice;
	struct decimal netamount;
	struct decimal vatamount;
};

/*
 * gross  of the whole line, tax included
 * qty    not zero
 * vat    percentage, not negative
 */
struct galaxy_amounts galaxy_amounts_of(struct decimal gross,
                                        struct decimal qty, struct decimal vat);

/*
 * One line of a document. DONE with its amounts, REFUSED with *problem, whose
 * field is "lines[2].quantity" or, of a sale, "item SKU"; RETRY.
 */
struct outcome galaxy_write_line(struct galaxy *g, struct json_out *o,
                                 const struct entry *entry, size_t nth,
                                 struct galaxy_amounts *out,
                                 struct entry_problem *problem);

/*
 * The document as JSON; the same entry and mirror give the same bytes.
 *
 * Returns  DONE, REFUSED with *problem, RETRY.
 */
struct outcome galaxy_entry_build(struct galaxy *g, struct buf *out,
                                  const struct entry *entry,
                                  struct entry_problem *problem);

/* May this order or customer be posted, going by the mirror (adapter.h)? */
struct outcome galaxy_check_entry(void *state, const struct entry *entry,
                                  struct entry_problem *problem);

/*
 * A customer's document. REFUSED too when the mirror has a customer with this
 * code: which of the two is right is for a person to say.
 */
struct outcome galaxy_customer_build(struct galaxy *g, struct buf *out,
                                     const struct entry *entry,
                                     struct entry_problem *problem);

/* Is it there? In the mirror, or else in Galaxy's list. DONE, ABSENT, … */
struct outcome galaxy_customer_find(struct galaxy *g,
                                    const struct entry *entry);

/* Bring one just posted into the mirror, where that is cheap. */
void galaxy_customer_fetch(struct galaxy *g, const struct entry *entry);

struct outcome galaxy_list_items(void *state, enum listing_by by,
                                 const char *text,
                                 const struct listing_sink *sink);
struct outcome galaxy_read_image(void *state, struct buf *bytes,
                                 const char **type, const char *id);

struct outcome galaxy_post_entry(void *state, const struct entry *entry);
struct outcome galaxy_find_entry(void *state, const struct entry *entry);
bool galaxy_can_find(const struct conf_section *conf, enum entry_kind kind);

#endif
