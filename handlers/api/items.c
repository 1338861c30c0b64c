/*
 * The registry, to read.
 *
 *   GET /api/items?after=SKU&limit=N             items with their bindings
 *   GET /api/items/{account}?after=SKU&limit=N   bindings of one account
 *   GET /api/items/{account_id}                  the same, as synchronizer_items.c
 *                                                says: by the vendor's own id
 *
 * Pages go by sku. `next` is the `after` of the page behind, null at the end.
 * A page about one account may be short, or empty, before the end: it looks at
 * SCAN_MAX items at most, so that one call costs what it costs at any size of
 * the registry.
 */
#include "handlers/api/api.h"
#include "handlers/api/synchronizer.h"

#include "gateway/base/err.h"
#include "gateway/drivers/store_registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000, SCAN_MAX = 2000, PAGE_END = 100 };

/* Why a binding is not resolved; NULL when it is, or nobody knows. */
struct reason {
	const char *account; /* borrowed from the page's item */
	const char *sku;     /* borrowed */
	char *why;           /* owned */
};

struct page {
	struct store *store;
	const char *account; /* NULL: all of them */
	char after[ITEM_SKU_MAX + 1];
	size_t limit;
	size_t n_seen;
	char *next;         /* owned; NULL: this is the last page */
	char *last;         /* owned; sku looked at last */
	struct item *items; /* owned; room for limit */
	size_t n_items;
	const char *scanned;    /* account whose reasons are being collected */
	struct reason *reasons; /* owned */
	size_t n_reasons;
};

static void
page_fini(struct page *page)
{
	for (size_t i = 0; i < page->n_items; i++)
		item_fini(&page->items[i]);
	for (size_t i = 0; i < page->n_reasons; i++)
		free(page->reasons[i].why);
	free(page->items);
	free(page->reasons);
	free(page->next);
	free(page->last);
}

/* ---- parameters ---- */

static bool
parse_limit(size_t *out, const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < 1 ||
	    n > LIMIT_MAX)
		return false;
	*out = (size_t)n;
	return true;
}

/* True, or the reply is a refusal. */
static bool
read_params(struct page *page, const struct http_call *call,
            struct http_reply *reply)
{
	char text[16];
	int r;

	page->limit = LIMIT_DEFAULT;
	r = http_param(text, sizeof(text), call->query, strlen(call->query),
	               "limit");
	if (r != HTTP_PARAM_ABSENT && (r || !parse_limit(&page->limit, text))) {
		api_fail(reply, 400, "invalid", "a number from 1 to 1000",
		         "limit");
		return false;
	}
	r = http_param(page->after, sizeof(page->after), call->query,
	               strlen(call->query), "after");
	if (r == HTTP_PARAM_ABSENT) {
		page->after[0] = '\0';
	} else if (r) {
		api_fail(reply, 400, "invalid", "a sku", "after");
		return false;
	}
	return true;
}

/* ---- collecting ---- */

static bool
belongs(const struct page *page, const struct item *item)
{
	return !page->account || item_find_binding(item, page->account);
}

/* Behind the page there is more: the page ends where it stands. */
static int
end_page(struct page *page)
{
	page->next = text_dup(page->last ? page->last : page->after);
	return page->next ? PAGE_END : err_raise(ERR_NOMEM, "why=%s", "page");
}

static int
take_sku(void *ctx, const char *sku)
{
	struct page *page = ctx;
	struct item item = { 0 };
	int r;

	if (page->after[0] && strcmp(sku, page->after) <= 0)
		return 0;
	if (page->n_items == page->limit || page->n_seen == SCAN_MAX)
		return end_page(page);
	r = store_registry_get(page->store, &item, sku);
	if (r && r != REGISTRY_ABSENT)
		return r;
	page->n_seen++;
	free(page->last);
	page->last = text_dup(sku);
	if (!page->last) {
		item_fini(&item);
		return err_raise(ERR_NOMEM, "why=%s", "page");
	}
	if (!r && belongs(page, &item))
		page->items[page->n_items++] = item;
	else
		item_fini(&item);
	return 0;
}

/* An unresolved binding: is it on the page? */
static int
take_reason(void *ctx, const char *sku, const char *typed, const char *why)
{
	struct page *page = ctx;
	struct reason *more;

	(void)typed;
	for (size_t i = 0; i < page->n_items; i++) {
		if (strcmp(page->items[i].sku, sku) != 0)
			continue;
		more = realloc(page->reasons,
		               (page->n_reasons + 1) * sizeof(*more));
		if (!more)
			return err_raise(ERR_NOMEM, "why=%s", "page");
		page->reasons = more;
		more[page->n_reasons] =
			(struct reason){ page->scanned, page->items[i].sku,
			                 text_dup(why) };
		return more[page->n_reasons++].why ? 0 : ERR_NOMEM;
	}
	return 0;
}

static bool
has_unresolved(const struct page *page, const char *account)
{
	for (size_t i = 0; i < page->n_items; i++) {
		const struct binding *b =
			item_find_binding(&page->items[i], account);

		if (b && !b->external)
			return true;
	}
	return false;
}

static int
collect(struct page *page, const struct conf *conf)
{
	int r;

	page->items = calloc(page->limit, sizeof(*page->items));
	if (!page->items)
		return err_raise(ERR_NOMEM, "why=%s", "page");
	r = store_registry_each(page->store, take_sku, page);
	if (r == PAGE_END)
		r = 0;
	for (size_t i = 0; !r && i < conf->n_accounts; i++) {
		page->scanned = conf_account_name(conf->accounts[i]);
		if ((!page->account ||
		     strcmp(page->account, page->scanned) == 0) &&
		    has_unresolved(page, page->scanned))
			r = store_registry_each_unresolved(
				page->store, page->scanned, take_reason, page);
	}
	return r;
}

/* ---- answering ---- */

static const char *
find_reason(const struct page *page, const char *account, const char *sku)
{
	for (size_t i = 0; i < page->n_reasons; i++)
		if (strcmp(page->reasons[i].sku, sku) == 0 &&
		    strcmp(page->reasons[i].account, account) == 0)
			return page->reasons[i].why;
	return "";
}

static void
say_binding(struct json_out *j, const struct page *page, const char *sku,
            const struct binding *b)
{
	api_out_text(j, "typed", b->typed);
	api_out_text(j, "external", b->external);
	api_out_time(j, "bound_at", b->bound_ms);
	api_out_text(j, "unresolved",
	             b->external ? "" : find_reason(page, b->account, sku));
}

static void
say_item(struct json_out *j, const struct page *page, const struct item *item)
{
	json_out_object(j, NULL);
	json_out_text(j, "sku", item->sku);
	api_out_text(j, "name", item->name);
	if (page->account) {
		say_binding(j, page, item->sku,
		            item_find_binding(item, page->account));
		json_out_end_object(j);
		return;
	}
	api_out_text(j, "authority", item->authority);
	if (item->has_reserve)
		json_out_decimal(j, "reserve", item->reserve);
	else
		json_out_null(j, "reserve");
	json_out_array(j, "bindings");
	for (size_t i = 0; i < item->n_bindings; i++) {
		json_out_object(j, NULL);
		json_out_text(j, "account", item->bindings[i].account);
		say_binding(j, page, item->sku, &item->bindings[i]);
		json_out_end_object(j);
	}
	json_out_end_array(j);
	json_out_end_object(j);
}

static int
serve(const struct api_env *env, const struct http_call *call,
      const char *account, struct http_reply *reply)
{
	struct page page = { .store = env->store, .account = account };
	struct json_out j = { .to = &reply->body };
	int r;

	if (!read_params(&page, call, reply))
		return err_pass(buf_check(&reply->body));
	r = collect(&page, env->conf);
	if (r)
		goto out;
	json_out_object(&j, NULL);
	if (account)
		json_out_text(&j, "account", account);
	json_out_array(&j, account ? "bindings" : "items");
	for (size_t i = 0; i < page.n_items; i++)
		say_item(&j, &page, &page.items[i]);
	json_out_end_array(&j);
	api_out_text(&j, "next", page.next);
	json_out_end_object(&j);
	r = api_reply_json(reply, 200);
out:
	page_fini(&page);
	return err_pass(r);
}

int
api_serve_items(const struct api_env *env, const struct http_call *call,
                const char *const *params, struct http_reply *reply)
{
	(void)params;
	return serve(env, call, NULL, reply);
}

/* Our own shape by an account's name; the synchronizer's by what its vendor calls
   it, or if asked for. */
int
api_serve_items_of(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply)
{
	const struct conf_section *account;
	char shape[sizeof("synchronizer")];
	size_t n = 0;

	account = synchronizer_account(env->conf, params[0], &n);
	if (!account) {
		api_fail(reply, 404, "unknown_account",
		         n > 1 ? "several accounts have this id: ask by name"
		               : "no account has this name",
		         "account");
		return err_pass(buf_check(&reply->body));
	}
	if (strcmp(params[0], conf_account_name(account)) == 0 &&
	    (http_param(shape, sizeof(shape), call->query, strlen(call->query),
	                "shape") ||
	     strcmp(shape, "synchronizer") != 0))
		return serve(env, call, params[0], reply);
	return synchronizer_rows(env, account, reply);
}
