#ifndef API_ENTRIES_H
#define API_ENTRIES_H

#include <stdbool.h>

#include "gateway/base/json.h"
#include "gateway/model/item.h"
#include "gateway/model/order.h"
#include "gateway/model/sale.h"
#include "gateway/ports/adapter.h"
#include "gateway/ports/handler.h"

/*
 * What a shop sends and an authority records exactly once: what orders.c and
 * customers.c share.
 *
 * The number (of an order, the code of a customer) says which one it is. A shop
 * may repeat a call as often as it likes: the first one makes the entry and is
 * answered 202, every other one is answered 200 with how that entry is doing.
 * Another body under a number that was taken is 409, whatever became of the
 * first: there is never a second document for one number. Bodies are compared
 * by what they say, not by blanks or the order of members.
 *
 * An `Idempotency-Key` guards against the opposite mistake: a repeat that says
 * something else, be it the number. The same key with the same body is the same
 * call; with another body it is 409 and nothing is taken. One number under two
 * keys with one body is still one document, and both keys stand for it. What
 * was refused uses up neither number nor key. Both are remembered for 40 days
 * after the entry was settled or dropped, or last repeated.
 *
 * A repeat is recognised before anything is looked up: that an item was deleted
 * since, or the authority's tables are being read, changes no answer.
 */
struct entries_call;

struct entries_kind {
	const char *account; /* "api:orders"; static, as all */
	const char *noun;    /* "order" */
	const char *field;   /* of the number: "number" */
	enum entry_kind kind;

	/* Another shape of its answers; NULL: {"order",…} and {"error":{…}}.
	   say is asked for the one that was taken, or sent before; fail is as
	   api_fail. */
	int (*say)(struct entries_call *c);
	void (*fail)(struct entries_call *c, int status, const char *code,
	             const char *message, const char *field);
};

/* One call on its way. Filled up to reply by the caller, zeroed behind. */
struct entries_call {
	const struct entries_kind *kind; /* borrowed, as the next three */
	const struct api_env *env;
	const struct http_call *call;
	struct http_reply *reply;

	struct json *doc; /* owned; the body */
	struct buf key;   /* as the ledger knows it; empty: none was given */
	char digest[65];
	struct entry entry;
	bool is_unique;     /* its number was made for this call alone */
	bool is_dated;      /* entry.occurred_ms is the shop's own word */
	bool is_unresolved; /* a line's binding has no id there yet */
	struct entry_problem unresolved; /* what to say of it */

	const char *asked_for; /* account that the call names; NULL */
	const struct conf_section *account; /* the authority */
	const struct adapter_ops *ops;      /* its own; takes entries */
};

enum { ENTRIES_ANSWERED = 1 }; /* condition: the reply is made */

/* Make the reply a refusal. field may be NULL. Returns ENTRIES_ANSWERED. */
int entries_refuse(struct entries_call *c, int status, const char *code,
                   const char *field, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * The steps, in this order; between them the caller reads the document and says
 * which account it is for. Each returns 0, ENTRIES_ANSWERED or a fault.
 *
 * begin     key and body, as far as any JSON goes
 * identify  name the entry by its number; a repeat is answered here
 * take      ask the adapter, add it to the ledger, answer
 */
int entries_begin(struct entries_call *c);
int entries_identify(struct entries_call *c, const char *number,
                     const char *currency);
int entries_take(struct entries_call *c);

/* Release c. Returns what serve shall return for the r of the last step. */
int entries_end(struct entries_call *c, int r);

/* What order_read or customer_read complained about. */
int entries_invalid(struct entries_call *c,
                    const struct order_problem *problem);

/*
 * May this item be sold through us? Not where the shop's own counts tell its
 * sales. Returns 0, ENTRIES_ANSWERED.
 */
int entries_check_item(struct entries_call *c, const char *field,
                       const struct item *item);

/* The adapter of an account when it takes what shops send, else NULL. */
const struct adapter_ops *entries_adapter(const struct api_env *env,
                                          const struct conf_section *account);

/* An Idempotency-Key as the ledger knows it; "" when none was given. */
const char *entries_key(const struct entries_call *c);

/* Append a document in its one form: members by name, no blanks. */
void entries_body(struct buf *out, const struct json_node *root);

/* GET: how the entry of this number is doing. Returns 0 or a fault. */
int entries_serve_state(const struct api_env *env,
                        const struct entries_kind *kind, const char *number,
                        struct http_reply *reply);

#endif
