/*
 * Register an item as a shop asks for it: find it at the account, bind it.
 *
 * Then it is the turn of the shop's own worker, where the shop is a database that
 * leaves its rows to us: the same job, marked there, adds what is missing.
 *
 * Everything here may run twice with the same end, so a job that was cut off is
 * done again. What could only be guessed (a name that fits several things, an id
 * that is another item's) is refused with the reason, and nothing is bound.
 */
#include "gateway/engine/worker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_jobs.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"

enum {
	CANDIDATES_MAX = 5,
	FIRST_SYNC_WAIT_MS = 2000,
	WHY_SIZE = 400,
};

/* A job in hand. */
struct enrolment {
	struct worker *w;
	const struct job *job;
	char *typed;         /* owned; the binding */
	char *name;          /* owned; NULL */
	struct buf external; /* canonical */
	size_t n_same;       /* things of exactly this name … */
	size_t n_variants;   /* … or, where none is, variants of it */
	size_t n_alike;
	struct buf alike; /* some of them, for a person */
	char why[WHY_SIZE];
};

/* What came of a step: 0 goes on. */
enum {
	ENROL_FAILED = 1, /* never; why says so */
	ENROL_LATER = 2,  /* the account is to be asked again */
	ENROL_FIRST = 3,  /* nothing is known there before its first sync */
	ENROL_SHOP = 4,   /* it is the shop's turn */
	ENROL_BOUND = 5,  /* that is done, and no more; why says so */
};

static void
ignore_ref(void *ctx, const char *ref)
{
	(void)ctx;
	(void)ref;
}

static int say_failed(struct enrolment *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int
say_failed(struct enrolment *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(e->why, sizeof(e->why), format, args);
	va_end(args);
	return ENROL_FAILED;
}

/* Of a call: go on, never, or later. */
static int
judge(struct enrolment *e, const struct outcome *outcome)
{
	(void)snprintf(e->why, sizeof(e->why), "%s", outcome->why);
	if (worker_judge(e->w, "register an item", outcome))
		return 0;
	return outcome->verdict == VERDICT_REFUSED ? ENROL_FAILED : ENROL_LATER;
}

/* ---- by its name ---- */

/* The first one found is the one, if it is the only one. */
static int
note_found(struct enrolment *e, const struct listing *listing)
{
	free(e->typed);
	free(e->name);
	e->typed = text_dup(listing->external);
	e->name = text_dup(listing->name);
	return e->typed && e->name ? 0 : err_raise(ERR_NOMEM, "why=%s", "job");
}

static int
note_listing(void *ctx, const struct listing *listing)
{
	struct enrolment *e = ctx;
	const char *name = e->job->name;
	size_t n = strlen(name);

	if (e->n_alike++ < CANDIDATES_MAX)
		buf_addf(&e->alike, "%s\"%s\" (%s)", e->alike.n ? ", " : "",
		         listing->name, listing->external);
	if (!strcmp(listing->name, name))
		return ++e->n_same == 1 ? note_found(e, listing) : 0;
	/* "Jam, Regular" is what a person calls "Jam". */
	if (!strncmp(listing->name, name, n) &&
	    !strncmp(listing->name + n, ", ", 2) && ++e->n_variants == 1 &&
	    !e->n_same)
		return note_found(e, listing);
	return 0;
}

static int
find_by_name(struct enrolment *e)
{
	const struct listing_sink sink = { .ctx = e, .listing = note_listing };
	struct worker *w = e->w;
	struct outcome outcome;
	int r;

	if (!w->ops->list_items)
		return say_failed(e,
		                  "%s cannot be asked for names: give "
		                  "item_pos_id",
		                  w->account);
	outcome =
		w->ops->list_items(w->state, LISTING_NAME, e->job->name, &sink);
	r = judge(e, &outcome);
	if (r || e->n_same == 1 || (!e->n_same && e->n_variants == 1))
		return r;
	if (e->n_same > 1 || e->n_variants > 1)
		return say_failed(e,
		                  "several things have this name at %s: give "
		                  "item_pos_id, one of %s",
		                  w->account, buf_text(&e->alike));
	if (e->n_alike)
		return say_failed(e,
		                  "nothing has exactly this name at %s. Is it "
		                  "%s?",
		                  w->account, buf_text(&e->alike));
	return say_failed(e, "nothing has this name at %s", w->account);
}

/* ---- is it there, and free? ---- */

static int
resolve(struct enrolment *e)
{
	struct worker *w = e->w;
	int64_t full_ms = 0;
	int r = 0;

	if (w->ops->resolve)
		r = w->ops->resolve(w->state, &e->external, e->typed,
		                    ignore_ref, NULL);
	else
		buf_adds(&e->external, e->typed);
	if (r == ADAPTER_AMBIGUOUS)
		return say_failed(e, "it fits more than one item at %s",
		                  w->account);
	if (r != ADAPTER_UNRESOLVED)
		return r ? r : buf_check(&e->external);
	r = store_cursor_get(w->store, &full_ms, w->account, "full");
	if (r)
		return r;
	(void)say_failed(e, "not known at %s%s", w->account,
	                 full_ms ? "" : " yet: its first sync has not ended");
	return full_ms ? ENROL_FAILED : ENROL_FIRST;
}

/* An id that a caller wrote may be of nothing; what is there has a count. */
static int
look_there(struct enrolment *e)
{
	struct count count = { .external = buf_text(&e->external),
		               .outcome = outcome_done() };
	struct outcome outcome;
	int r;

	if (!e->w->ops->read_counts)
		return 0;
	outcome = e->w->ops->read_counts(e->w->state, &count, 1);
	r = judge(e, &outcome);
	if (r || count.is_known)
		return r;
	if (count.outcome.verdict == VERDICT_REFUSED)
		return say_failed(e, "no such thing at %s: %s", e->w->account,
		                  count.outcome.why);
	/* A mirror knows it, if without a balance. */
	if (e->w->ops->lists)
		return 0;
	return say_failed(e,
	                  "nothing with this id is counted at %s: is the id "
	                  "right, is its stock tracked?",
	                  e->w->account);
}

static const struct adapter_ops *
shop_ops(const struct enrolment *e)
{
	const struct engine *engine = e->w->engine;
	const struct conf_section *shop =
		conf_find_account(engine->conf, e->job->shop);

	return shop ? engine_adapter(engine, conf_account_type(shop)) : NULL;
}

/* The shop's id as it is bound there. */
static void
add_shop_external(const struct enrolment *e, struct buf *out, const char *id)
{
	adapter_canonical(out, shop_ops(e),
	                  conf_find_account(e->w->engine->conf, e->job->shop),
	                  id);
}

static bool
is_same_in_shop(const struct enrolment *e, const char *a, const char *b)
{
	struct buf x = BUF_INIT;
	struct buf y = BUF_INIT;
	bool is_same;

	add_shop_external(e, &x, a);
	add_shop_external(e, &y, b);
	is_same = strcmp(buf_text(&x), buf_text(&y)) == 0;
	buf_fini(&x);
	buf_fini(&y);
	return is_same;
}

/* The item that has this id of an account, if one has; *out owned. */
static int
find_sku(struct enrolment *e, char **out, const char *account, const char *id)
{
	*out = NULL;
	return store_registry_skus(e->w->store, account, &id, 1, out);
}

static int
check_free(struct enrolment *e, const char *sku)
{
	char *other = NULL;
	int r = find_sku(e, &other, e->w->account, buf_text(&e->external));

	if (!r && other && strcmp(other, sku) != 0)
		r = say_failed(e, "it is bound to the item %s at %s already",
		               other, e->w->account);
	free(other);
	return r;
}

/* ---- binding it ---- */

static int
add_binding(struct item *item, const char *account, const char *typed)
{
	struct binding *b = item_add_binding(item);

	if (!b)
		return err_raise(ERR_NOMEM, "why=%s", "job");
	b->account = text_dup(account);
	b->typed = text_dup(typed);
	return b->account && b->typed ? 0
	                              : err_raise(ERR_NOMEM, "why=%s", "job");
}

/* Who is right about it: as before, unless nobody could be. A new item is kept
   by the account it is registered at, if that records sales. */
static const char *
choose_authority(const struct enrolment *e, const struct item *old)
{
	const char *usual =
		conf_text(e->w->engine->conf->top, "stock.authority");
	const char *now = old->authority ? old->authority : usual;

	if (item_find_binding(old, now) || !strcmp(e->w->account, now) ||
	    !conf_account_may_keep(e->w->conf))
		return NULL;
	return e->w->account;
}

static int
fill_item(const struct enrolment *e, struct item *item, const struct item *old,
          const char *sku)
{
	const struct job *job = e->job;
	const char *authority = choose_authority(e, old);
	int r;

	item->sku = text_dup(sku);
	item->name = old->name ? NULL : text_dup(e->name);
	item->authority = text_dup(authority);
	item->has_reserve =
		*job->reserve && !decimal_parse(&item->reserve, job->reserve);
	r = item->sku && (!authority || item->authority)
	            ? 0
	            : err_raise(ERR_NOMEM, "why=%s", "job");
	if (!r)
		r = add_binding(item, e->w->account, e->typed);
	if (!r && *job->shop)
		r = add_binding(item, job->shop, job->shop_id);
	return r;
}

/* A number of the shop's may happen to be the SKU of quite another item. */
static int
check_shop(struct enrolment *e, const struct item *old)
{
	const struct binding *b = item_find_binding(old, e->job->shop);

	if (!b || !b->typed || is_same_in_shop(e, b->typed, e->job->shop_id))
		return 0;
	return say_failed(e,
	                  "the item with the SKU %s is %s in the shop: import "
	                  "this one under a SKU of its own",
	                  old->sku, b->typed);
}

static int
put_item(struct enrolment *e, const char *sku)
{
	struct worker *w = e->w;
	struct item old = { 0 };
	struct item item = { 0 };
	int r = store_registry_get(w->store, &old, sku);

	if (r == REGISTRY_ABSENT)
		r = 0;
	if (!r && old.sku)
		r = check_shop(e, &old);
	if (!r)
		r = fill_item(e, &item, &old, sku);
	if (!r)
		r = store_registry_put(w->store, &item, NULL);
	if (!r)
		log_info("item.registered", "account=%s sku=%s external=%s",
		         w->account, log_quote(sku),
		         log_quote(buf_text(&e->external)));
	item_fini(&item);
	item_fini(&old);
	return r;
}

/* The item that the shop has under its id, if one is bound; *out owned. */
static int
find_in_shop(struct enrolment *e, char **out)
{
	struct buf external = BUF_INIT;
	int r;

	*out = NULL;
	if (!*e->job->shop)
		return 0;
	add_shop_external(e, &external, e->job->shop_id);
	r = buf_check(&external);
	if (!r)
		r = find_sku(e, out, e->job->shop, buf_text(&external));
	buf_fini(&external);
	return r;
}

static int
bind_it(struct enrolment *e)
{
	char *sku = NULL;
	int r = find_in_shop(e, &sku);
	const char *is = sku ? sku : e->job->shop_id;

	if (!r)
		r = check_free(e, is);
	if (!r)
		r = put_item(e, is);
	free(sku);
	return r;
}

/* ---- its row in the shop ---- */

static struct outcome
add_item(struct enrolment *e, const struct item *item)
{
	const struct binding *b = item_find_binding(item, e->job->account);
	char limit[DECIMAL_TEXT_SIZE] = "";
	struct buf external = BUF_INIT;
	struct new_item row = { .pos_id = b && b->typed ? b->typed : "",
		                .account_id = e->job->account_id,
		                .name = item->name ? item->name : "",
		                .limit = limit };
	struct outcome outcome;

	if (item->has_reserve)
		(void)decimal_format(limit, item->reserve);
	add_shop_external(e, &external, e->job->shop_id);
	row.external = buf_text(&external);
	outcome = buf_check(&external)
	                  ? outcome_fault(err_raise(ERR_NOMEM, "job"))
	                  : e->w->ops->add_item(e->w->state, &row);
	buf_fini(&external);
	return outcome;
}

/* Looked at before, it was refused for not being there. */
static int
look_again(const struct enrolment *e, const char *sku)
{
	struct worker *w = e->w;
	char *mark = text_format("i:%s", sku);
	int r = mark ? store_stock_refused(w->store, w->account, sku, 0, 0, 0)
	             : err_raise(ERR_NOMEM, "why=%s", "job");

	if (!r)
		r = store_marks_add_one(w->store, w->account, mark,
		                        MARK_OPERATOR);
	free(mark);
	return r;
}

static int
add_row(struct enrolment *e, const struct item *item)
{
	struct outcome outcome = add_item(e, item);
	int r;

	if (outcome.verdict == VERDICT_ABSENT)
		return 0;
	r = judge(e, &outcome);
	if (r == ENROL_FAILED)
		return ENROL_BOUND;
	return r ? r : look_again(e, item->sku);
}

/* What is bound otherwise by now is no longer this job's. */
static int
add_to_shop(struct enrolment *e)
{
	struct item item = { 0 };
	const struct binding *b = NULL;
	char *sku = NULL;
	int r = find_in_shop(e, &sku);

	if (!r && e->w->ops->add_item)
		r = store_registry_get(e->w->store, &item,
		                       sku ? sku : e->job->shop_id);
	if (r == REGISTRY_ABSENT)
		r = 0;
	if (!r && item.sku)
		b = item_find_binding(&item, e->w->account);
	if (b && b->typed && is_same_in_shop(e, b->typed, e->job->shop_id))
		r = add_row(e, &item);
	item_fini(&item);
	free(sku);
	return r;
}

static int
enrol(struct enrolment *e)
{
	const struct job *job = e->job;
	int r = 0;

	if (!strcmp(job->shop, e->w->account) &&
	    strcmp(job->account, e->w->account) != 0)
		return add_to_shop(e);
	/* One account has one id of an item; which of the two would it be? */
	if (!strcmp(job->shop, e->w->account))
		return say_failed(e, "%s is the shop itself", e->w->account);
	if (*job->pos_id) {
		e->typed = text_dup(job->pos_id);
		r = e->typed ? 0 : err_raise(ERR_NOMEM, "why=%s", "job");
	} else {
		r = find_by_name(e);
	}
	if (!r)
		r = resolve(e);
	if (!r && *job->pos_id)
		r = look_there(e);
	if (!r)
		r = bind_it(e);
	return !r && shop_ops(e) && shop_ops(e)->add_item ? ENROL_SHOP : r;
}

/* ---- its mark ---- */

static int
hand_on(struct enrolment *e, const struct mark *mark)
{
	struct worker *w = e->w;
	int r = store_marks_add_one(w->store, e->job->shop, mark->member,
	                            MARK_OPERATOR);

	return r ? r : store_marks_clear(w->store, w->account, &mark, 1);
}

static int
settle(struct enrolment *e, const char *id, const struct mark *mark, int r)
{
	struct worker *w = e->w;

	if (r == ENROL_LATER) /* the pace says when; the mark stays due */
		return store_job_note(w->store, id, "waiting", e->why);
	if (r == ENROL_FIRST) {
		r = store_job_note(w->store, id, "waiting", e->why);
		return r ? r
		         : store_marks_postpone(w->store, w->account, mark,
		                                clock_wall_ms() +
		                                        FIRST_SYNC_WAIT_MS);
	}
	if (r == ENROL_SHOP)
		return hand_on(e, mark);
	if (r < 0)
		return r;
	if (r == ENROL_FAILED)
		log_warn("item.not_registered", "account=%s job=%s why=%s",
		         w->account, id, log_quote(e->why));
	r = store_job_note(w->store, id, r == ENROL_FAILED ? "failed" : "done",
	                   r ? e->why : "");
	return r ? r : store_marks_clear(w->store, w->account, &mark, 1);
}

static int
enrol_one(struct worker *w, const struct mark *mark)
{
	const char *id = mark->member + strlen(MARK_JOB);
	struct job job = { 0 };
	struct enrolment e = { .w = w, .job = &job };
	int r = store_job_get(w->store, &job, id);

	if (r == JOB_ABSENT)
		return store_marks_clear(w->store, w->account, &mark, 1);
	if (!r)
		r = store_job_note(w->store, id, "working", "");
	if (!r) {
		r = enrol(&e);
		r = settle(&e, id, mark, r);
	}
	free(e.typed);
	free(e.name);
	buf_fini(&e.external);
	buf_fini(&e.alike);
	job_fini(&job);
	return r;
}

int
enrol_items(struct worker *w, const struct marks *marks)
{
	int r = 0;

	for (size_t i = 0; !r && i < marks->n && worker_may_call(w); i++)
		r = enrol_one(w, marks->v[i]);
	return r;
}
