/*
 * Hiboutik: the stock of one warehouse and the sales of one store; an item is a
 * product and a size, `7/3`, and `7/0` is `7`. This file holds what is asked
 * once: options, bindings, the probe, the table.
 *
 * Every call counts: 10,000 a month for the whole shop, all its programs
 * together.
 */
#include "adapters/adapters.h"
#include "adapters/hiboutik.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/secret.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SALES_WINDOW_MS = 24 * 60 * 60 * 1000,
	DIGITS_MAX = 18, /* of a product or a size */
};

#define ID_MAX INT64_C(1000000000000000)

static const struct conf_row options[] = {
	{ .key = "email",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "Log-in mail address of the Hiboutik user." },
	{ .key = "api_key",
	  .kind = CONF_SECRET,
	  .flags = CONF_REQUIRED,
	  .meaning = "That user's API key." },
	{ .key = "store",
	  .kind = CONF_INT,
	  .flags = CONF_REQUIRED,
	  .min = 1,
	  .max = ID_MAX,
	  .meaning = "Id of the store, on which sales hang." },
	{ .key = "warehouse",
	  .kind = CONF_INT,
	  .flags = CONF_REQUIRED,
	  .min = 1,
	  .max = ID_MAX,
	  .meaning = "Id of the warehouse that this store sells from, on which "
	             "stock hangs." },
	{ .key = "vendor",
	  .kind = CONF_INT,
	  .fallback = "1",
	  .min = 0,
	  .max = ID_MAX,
	  .meaning = "Id of the vendor in sales that we record." },
	{ .key = "customer",
	  .kind = CONF_INT,
	  .fallback = "0",
	  .min = 0,
	  .max = ID_MAX,
	  .meaning = "Id of the customer in sales that we record; 0: none." },
	{ .key = "currency",
	  .kind = CONF_TEXT,
	  .fallback = "\"EUR\"",
	  .meaning = "Currency of the store (ISO 4217)." },
	{ .key = "payment",
	  .kind = CONF_TEXT,
	  .fallback = "\"CB\"",
	  .meaning = "Code of the payment type of sales that we record." },
	{ .key = "supplier",
	  .kind = CONF_INT,
	  .fallback = "0",
	  .min = 0,
	  .max = ID_MAX,
	  .meaning = "Id of the supplier in stock arrivals that we make." },
	{ .key = "decreases",
	  .kind = CONF_CHOICE,
	  .fallback = "\"sale\"",
	  .choices = "sale|arrival",
	  .meaning = "How a count is lowered: by a sale at 0.00, or by a stock "
	             "arrival of negative quantity, where the account takes "
	             "that." },
	{ .key = "monthly_calls",
	  .kind = CONF_INT,
	  .fallback = "10000",
	  .min = 100,
	  .max = 100000000,
	  .unit = "calls",
	  .meaning =
	          "Calls a month that we may use; what other programs of the "
	          "shop need is to be taken off." },
	{ .key = "timezone",
	  .kind = CONF_TEXT,
	  .flags = CONF_ZONE,
	  .meaning = "Time zone of the shop, such as Europe/Paris; absent: "
	             "schedule.timezone." },
	{ .key = NULL },
};

struct hiboutik *
hiboutik_of(void *state)
{
	struct hiboutik *h = state;

	assert(h && h->magic == HIBOUTIK_MAGIC);
	return h;
}

/* ---- bindings ---- */

/* Digits up to the end or a slash. False where there is something else. */
static bool
read_digits(int64_t *out, const char **text)
{
	size_t n = strspn(*text, "0123456789");

	if (n == 0 || n > DIGITS_MAX)
		return false;
	*out = strtoll(*text, NULL, 10);
	*text += n;
	return true;
}

bool
hiboutik_read_thing(struct hiboutik_thing *out, const char *text)
{
	*out = (struct hiboutik_thing){ 0 };
	if (!read_digits(&out->product, &text) || out->product == 0)
		return false;
	if (*text == '\0')
		return true;
	return *text++ == '/' && read_digits(&out->size, &text) &&
	       *text == '\0';
}

char *
hiboutik_format_thing(char out[HIBOUTIK_THING_SIZE],
                      const struct hiboutik_thing *thing)
{
	(void)snprintf(out, HIBOUTIK_THING_SIZE, "%lld/%lld",
	               (long long)thing->product, (long long)thing->size);
	return out;
}

bool
hiboutik_is_same(const struct hiboutik_thing *a, const struct hiboutik_thing *b)
{
	return a->product == b->product && a->size == b->size;
}

/* Calls name a product and size, or a product with all its sizes. */
static int
resolve(void *state, struct buf *external, const char *written,
        void (*add_ref)(void *ctx, const char *ref), void *ctx)
{
	char name[HIBOUTIK_THING_SIZE];
	struct hiboutik_thing thing;

	(void)state;
	if (!hiboutik_read_thing(&thing, written)) {
		buf_addf(external,
		         "\"%.80s\" is no product and size of "
		         "Hiboutik, such as 7/3, or 7 without sizes",
		         written);
		return buf_check(external) ? ERR_NOMEM : ADAPTER_UNRESOLVED;
	}
	buf_adds(external, hiboutik_format_thing(name, &thing));
	add_ref(ctx, name);
	name[strcspn(name, "/")] = '\0';
	add_ref(ctx, name);
	return buf_check(external);
}

/* ---- probe ---- */

/* A place in question: where it is listed, and what its members are called. */
struct place {
	const char *path;
	const char *kind;
	const char *id_key;
	const char *name_key;
	int64_t id;
};

static struct outcome
unknown_place(const struct place *place, const struct json_node *rows)
{
	struct buf known = BUF_INIT;
	struct outcome outcome;

	for (size_t i = 0; i < json_length(rows); i++)
		buf_addf(&known, "%s%lld (%s)", i ? ", " : "",
		         (long long)hiboutik_int_or(json_at(rows, i),
		                                    place->id_key, 0),
		         json_text_or(json_at(rows, i), place->name_key, "?"));
	outcome = outcome_of(VERDICT_LOCKED,
	                     "%s %lld is not known; there is: %.150s",
	                     place->kind, (long long)place->id,
	                     known.n ? buf_text(&known) : "none");
	buf_fini(&known);
	return outcome;
}

static struct outcome
judge_place(const struct place *place, const struct json_node *rows,
            struct buf *what)
{
	if (json_type(rows) != JSON_ARRAY)
		return outcome_taken(HIBOUTIK_MALFORMED, place->path);
	for (size_t i = 0; i < json_length(rows); i++) {
		const struct json_node *row = json_at(rows, i);

		if (hiboutik_int_or(row, place->id_key, 0) != place->id)
			continue;
		buf_addf(what, "%s%s \"%s\" (%lld)", what->n ? ", " : "",
		         place->kind, json_text_or(row, place->name_key, "?"),
		         (long long)place->id);
		return outcome_done();
	}
	return unknown_place(place, rows);
}

static struct outcome
find_place(struct hiboutik *h, const struct place *place, struct buf *what)
{
	struct json *doc = NULL;
	struct outcome outcome = hiboutik_must_be(
		hiboutik_get(h, place->path, &doc), place->path);

	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_place(place, json_root(doc), what);
	json_free(doc);
	return outcome;
}

/* Two calls; one once both places were found: the warehouse does not move. */
static struct outcome
probe(void *state, struct buf *what)
{
	struct hiboutik *h = hiboutik_of(state);
	const struct place store = { "stores", "store", "store_id",
		                     "store_name", h->store };
	const struct place warehouse = { "warehouses", "warehouse",
		                         "warehouse_id", "warehouse_name",
		                         h->warehouse };
	struct buf found = BUF_INIT;
	struct outcome outcome = find_place(h, &store, &found);

	if (outcome.verdict == VERDICT_DONE && !h->is_placed)
		outcome = find_place(h, &warehouse, &found);
	if (outcome.verdict == VERDICT_DONE) {
		h->is_placed = true;
		buf_adds(what, buf_text(&found));
	}
	buf_fini(&found);
	return outcome;
}

/* ---- the rest of the table ---- */

static size_t
batch_max(const struct conf_section *conf)
{
	(void)conf;
	return HIBOUTIK_BATCH_MAX;
}

static bool
takes_returns(const struct conf_section *conf)
{
	(void)conf;
	return true;
}

/* Thirty at once are allowed, and we make one. */
static void
limits(struct limits *out, const struct conf_section *conf)
{
	out->monthly_calls = conf_int(conf, "monthly_calls");
}

static int64_t
skew_ms(const void *state)
{
	const struct hiboutik *h = state;

	return h->clock.skew_ms;
}

static void
close_(void *state)
{
	struct hiboutik *h = state;

	if (!h)
		return;
	if (h->basic)
		crypto_wipe(h->basic, strlen(h->basic));
	hiboutik_kept_close(h);
	zone_free(h->zone);
	free(h->basic);
	free(h);
}

/* "Basic …" of user and key; NULL when out of memory. */
static char *
make_basic(const struct conf_section *conf)
{
	char *plain = text_format("%s:%s", conf_text(conf, "email"),
	                          secret_text(conf_secret(conf, "api_key")));
	size_t n = plain ? strlen(plain) : 0;
	char *coded = plain ? malloc(4 * ((n + 2) / 3) + 1) : NULL;
	char *basic = NULL;

	if (coded) {
		crypto_base64_encode(coded, plain, n);
		basic = text_format("Basic %s", coded);
		crypto_wipe(coded, strlen(coded));
	}
	if (plain)
		crypto_wipe(plain, n);
	free(coded);
	free(plain);
	return basic;
}

static int
open_(void **state, const struct adapter_env *env)
{
	const char *zone = conf_text(env->conf, "timezone");
	struct hiboutik *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return err_raise(ERR_NOMEM, "hiboutik");
	*state = h;
	h->magic = HIBOUTIK_MAGIC;
	h->conf = env->conf;
	h->base = conf_account_url(env->conf);
	h->http = env->http;
	h->mirror = env->mirror;
	h->store = conf_int(env->conf, "store");
	h->warehouse = conf_int(env->conf, "warehouse");
	h->n_pages = 1;
	h->basic = make_basic(env->conf);
	r = zone ? zone_load(&h->zone, zone) : 0;
	if (r == ZONE_UNKNOWN) /* the configuration was checked for that */
		return err_raise(ERR_BUG, "time zone of %s",
		                 conf_account_name(env->conf));
	if (!r && !h->basic)
		r = err_raise(ERR_NOMEM, "hiboutik");
	return err_pass(r);
}

const struct adapter_ops hiboutik_adapter = {
	.name = "hiboutik",
	.options = options,
	.batch_max = batch_max,
	.limits = limits,
	.sales_window_ms = SALES_WINDOW_MS,
	.open = open_,
	.close = close_,
	.probe = probe,
	.resolve = resolve,
	.read_counts = hiboutik_read_counts,
	.write_counts = hiboutik_write_counts,
	.skew_ms = skew_ms,
	.list_sales = hiboutik_list_sales,
	.read_sales = hiboutik_read_sales,
	.read_open = hiboutik_read_open,
	.takes_returns = takes_returns,
	.post_entry = hiboutik_post_entry,
	.find_entry = hiboutik_find_entry,
	.list_items = hiboutik_list_items,
	.register_hooks = hiboutik_register_hooks,
	.sync = hiboutik_sync,
};
