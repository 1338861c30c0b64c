/*
 * Turns events into marks.
 *
 * Own pending events come first at start and after every connection that was
 * lost (a reply may have been lost with it, platform.md R10); now and then,
 * those of consumers that died. An event that was handed out too often kills
 * whoever takes it: it becomes a dead letter.
 */
#include "gateway/engine/drain.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/model/metrics.h"

enum {
	BATCH = 200,
	BLOCK_MS = 500,
	ABANDONED_MS = 60000, /* pending at another consumer for so long */
	SWEEP_EVERY_MS = 15000,
	DELIVERIES_MAX = 10, /* the poison guard (R14) */
	STORE_WAIT_MS = 300,
	PULSE_MAX_MS = 30000,
};

/* Texts that grow. */
struct texts {
	char **v; /* owned, and each */
	size_t n, cap;
};

/* Where one event says to look. */
struct looks {
	const struct engine *engine;
	struct store *store;
	const char *account;      /* borrowed */
	struct queue_mark *marks; /* owned */
	size_t n, cap;
	struct texts members; /* of the marks */
	struct texts skus;    /* named, and not yet looked for */
	bool is_ref_known;
	bool wants_catch_up;
	bool catch_up_if_unknown;
	int fault;
};

/* Room for one more of *n; false without memory. */
static bool
make_room(void **v, size_t *cap, size_t n, size_t size)
{
	size_t more = *cap ? *cap * 2 : 16;
	void *grown;

	if (n < *cap)
		return true;
	grown = realloc(*v, more * size);
	if (!grown)
		return false;
	*v = grown;
	*cap = more;
	return true;
}

/* Takes the text, NULL too. False without memory. */
static bool
texts_add(struct texts *t, char *text)
{
	void *v = t->v;

	if (!text || !make_room(&v, &t->cap, t->n, sizeof(*t->v))) {
		free(text);
		return false;
	}
	t->v = v;
	t->v[t->n++] = text;
	return true;
}

static void
texts_fini(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
}

static void
add_mark(struct looks *l, const char *account, const char *prefix,
         const char *text)
{
	char *member = text_format("%s%s", prefix, text);
	void *marks = l->marks;

	if (!texts_add(&l->members, member) ||
	    !make_room(&marks, &l->cap, l->n, sizeof(*l->marks))) {
		l->fault = err_raise(ERR_NOMEM, "why=%s", "marks");
		return;
	}
	l->marks = marks;
	l->marks[l->n++] = (struct queue_mark){ account, member };
}

static void
add_member(struct looks *l, const char *prefix, const char *text)
{
	add_mark(l, l->account, prefix, text);
}

static int
add_sku(void *ctx, const char *sku)
{
	struct looks *l = ctx;

	l->is_ref_known = true;
	add_member(l, "i:", sku);
	return l->fault;
}

static void
on_ref(void *ctx, const char *ref)
{
	struct looks *l = ctx;

	if (!l->fault)
		l->fault = store_registry_each_ref(l->store, l->account, ref,
		                                   add_sku, l);
}

static void
on_sale(void *ctx, const char *sale)
{
	add_member(ctx, "s:", sale);
}

static void
on_catch_up(void *ctx)
{
	struct looks *l = ctx;

	l->wants_catch_up = true;
}

static void
on_catch_up_if_unknown(void *ctx)
{
	struct looks *l = ctx;

	l->catch_up_if_unknown = true;
}

static void
on_locked(void *ctx, const char *why)
{
	struct looks *l = ctx;
	const struct health_fact fact = { "alarm", why };

	log_error("account.locked", "account=%s why=%s", l->account,
	          log_quote(why));
	(void)store_health_set(l->store, l->account, &fact, 1);
}

static void
on_sku(void *ctx, const char *sku)
{
	struct looks *l = ctx;

	if (!texts_add(&l->skus, text_dup(sku)))
		l->fault = err_raise(ERR_NOMEM, "why=%s", "skus");
}

/* A mark where the item's stock is kept. authority: NULL: no such item. */
static void
mark_item(struct looks *l, const char *sku, const char *authority)
{
	const struct conf_section *account = NULL;

	if (authority)
		account = conf_find_account(
			l->engine->conf,
			engine_authority(l->engine, authority));
	if (account)
		add_mark(l, conf_account_name(account), "i:", sku);
	else
		log_debug("sku.unknown", "account=%s sku=%s", l->account,
		          log_quote(sku));
}

/*
 * Who is right about an item is asked before the marks are made. If that
 * changes in between, its new authority is marked by the change itself.
 */
static int
mark_skus(struct looks *l)
{
	char **authorities = calloc(l->skus.n + 1, sizeof(*authorities));
	int r = authorities ? 0 : err_raise(ERR_NOMEM, "why=%s", "skus");

	if (!r)
		r = store_registry_authorities(l->store,
		                               (const char *const *)l->skus.v,
		                               l->skus.n, authorities);
	for (size_t i = 0; !r && i < l->skus.n; i++)
		mark_item(l, l->skus.v[i], authorities[i]);
	for (size_t i = 0; authorities && i < l->skus.n; i++)
		free(authorities[i]);
	free(authorities);
	return r;
}

static const struct handler_ops *
find_handler(const struct handler_ops *const *handlers, const char *type)
{
	for (size_t i = 0; handlers[i]; i++)
		if (!strcmp(handlers[i]->name, type))
			return handlers[i];
	return NULL;
}

static int
bury(struct store *store, const struct event *event, const char *why)
{
	metrics_add(METRIC_events_dead, 1);
	log_error("event.dead", "account=%s event=%s why=%s", event->account,
	          event->entry_id, log_quote(why));
	return store_queue_bury(store, event, why);
}

/* Rightly so for many; for a person who wonders why nothing happens. */
static void
note_idle(const struct looks *l, const struct event *event)
{
	metrics_add(METRIC_events_idle, 1);
	log_debug("event.idle", "account=%s topic=%s event=%s", l->account,
	          log_quote(event->topic), event->entry_id);
}

/* Ask the event's handler where to look. */
static int
ask_handler(struct looks *l, const struct handler_ops *handler,
            const struct handler_env *env, const struct event *event)
{
	const struct hints hints = {
		l,         on_ref, on_sale, on_catch_up, on_catch_up_if_unknown,
		on_locked, on_sku
	};
	int r = handler->hints(env, event, &hints);

	if (!r && l->skus.n)
		r = mark_skus(l);
	if (!r &&
	    (l->wants_catch_up || (l->catch_up_if_unknown && !l->is_ref_known)))
		add_member(l, MARK_CATCH_UP, "");
	if (!r && !l->n)
		note_idle(l, event);
	return r ? r : l->fault;
}

/* Look at one event. *is_dead: it was buried, nothing is to be settled. */
static int
understand(struct looks *l, const struct handler_ops *const *handlers,
           const struct event *event, bool *is_dead)
{
	const struct conf *conf = l->engine->conf;
	struct handler_env env = {
		.account = conf_find_account(conf, event->account),
		.public_url = conf_text(conf->top, "public.url"),
	};
	const struct handler_ops *handler;

	*is_dead = true;
	if (!env.account)
		return bury(l->store, event, "its account is not configured");
	handler = find_handler(handlers, conf_account_type(env.account));
	if (!handler)
		return bury(l->store, event, "its account takes no calls");
	if (event->deliveries > DELIVERIES_MAX)
		return bury(l->store, event,
		            "handed out ten times and never finished");
	*is_dead = false;
	return ask_handler(l, handler, &env, event);
}

static void
looks_fini(struct looks *l)
{
	free(l->marks);
	texts_fini(&l->members);
	texts_fini(&l->skus);
}

/* For a person who asks about the item; after the acknowledgement. */
static void
note_calls(struct store *store, const struct queue_settlement *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < list[i].n_marks; m++)
			if (!strncmp(list[i].marks[m].member, "i:", 2))
				store_timeline_add(
					store, list[i].marks[m].member + 2,
					list[i].event->received_ms,
					TIMELINE_HOOK, list[i].event->account,
					"a call named it");
}

int
drain_events(const struct engine *engine,
             const struct handler_ops *const *handlers, struct store *store,
             const struct event *events, size_t n)
{
	struct looks *looks = calloc(n + 1, sizeof(*looks));
	struct queue_settlement *list = calloc(n + 1, sizeof(*list));
	size_t n_list = 0;
	int r = looks && list ? 0 : err_raise(ERR_NOMEM, "why=%s", "drain");

	for (size_t i = 0; !r && i < n; i++) {
		struct looks *l = &looks[i];
		bool is_dead = false;

		*l = (struct looks){ .engine = engine,
			             .store = store,
			             .account = events[i].account };
		r = understand(l, handlers, &events[i], &is_dead);
		if (!r && !is_dead)
			list[n_list++] =
				(struct queue_settlement){ &events[i], l->marks,
				                           l->n };
	}
	if (!r)
		r = store_queue_settle(store, list, n_list);
	if (!r) {
		metrics_add(METRIC_events_drained, (int64_t)n_list);
		note_calls(store, list, n_list);
	}
	for (size_t i = 0; looks && i < n; i++)
		looks_fini(&looks[i]);
	free(looks);
	free(list);
	return r;
}

/* ---- the thread ---- */

struct drain {
	pthread_t thread;
	const struct engine *engine;
	const struct handler_ops *const *handlers;
	struct store *store;
	unsigned generation; /* of the connection whose own list was read */
	char after[QUEUE_ID_SIZE]; /* how far the own list was read */
	bool is_own_read;
	int64_t swept_mono_ms;
	int pulse;
};

static bool
is_stopping(const struct drain *d)
{
	return atomic_load(d->engine->is_stopping);
}

static int
work_off(struct drain *d, struct queue_batch *batch)
{
	int r;

	if (!batch->n)
		return 0;
	r = drain_events(d->engine, d->handlers, d->store, batch->events,
	                 batch->n);
	(void)strncpy(d->after, batch->events[batch->n - 1].entry_id,
	              sizeof(d->after) - 1);
	return r;
}

/* One claim of one kind; QUEUE_EMPTY when there was nothing. */
static int
claim(struct drain *d, enum queue_source source, int64_t wait_ms)
{
	struct queue_batch batch = { .n = 0 };
	/* What was handed out before comes one by one: if it kills whoever
	   takes it, its neighbours are not counted as often as it is. */
	size_t max = source == QUEUE_NEW ? BATCH : 1;
	int r = store_queue_claim(d->store, &batch, source, d->engine->owner,
	                          d->after, wait_ms, max);

	if (!r)
		r = work_off(d, &batch);
	queue_batch_fini(&batch);
	return r;
}

static int
turn(struct drain *d)
{
	int64_t now = clock_mono_ms();
	int r;

	if (d->generation != store_generation(d->store)) {
		d->is_own_read = false;
		d->after[0] = '\0';
		d->generation = store_generation(d->store);
	}
	if (!d->is_own_read) {
		r = claim(d, QUEUE_OWN, 0);
		if (r == QUEUE_EMPTY)
			d->is_own_read =
				d->generation == store_generation(d->store);
		return r == QUEUE_EMPTY ? 0 : r;
	}
	if (now - d->swept_mono_ms > SWEEP_EVERY_MS) {
		d->swept_mono_ms = now;
		r = claim(d, QUEUE_ABANDONED, ABANDONED_MS);
		if (!r)
			d->swept_mono_ms = now - SWEEP_EVERY_MS - 1; /* more? */
		if (r != QUEUE_EMPTY)
			return r;
	}
	r = claim(d, QUEUE_NEW, BLOCK_MS);
	(void)store_timeline_settle(d->store);
	return r == QUEUE_EMPTY ? 0 : r;
}

static void *
run(void *arg)
{
	struct drain *d = arg;

	d->pulse = pulse_register("drain", PULSE_MAX_MS);
	while (!is_stopping(d)) {
		pulse_beat(d->pulse);
		if (turn(d))
			clock_sleep_ms(STORE_WAIT_MS);
	}
	pulse_retire(d->pulse);
	return NULL;
}

int
drain_start(struct drain **out, const struct engine *engine,
            const struct handler_ops *const *handlers)
{
	struct drain *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return err_raise(ERR_NOMEM, "why=%s", "drain");
	d->engine = engine;
	d->handlers = handlers;
	r = store_new(&d->store, engine->store);
	if (!r && pthread_create(&d->thread, NULL, run, d))
		r = err_raise(ERR_OS, "why=%s", "thread");
	if (r) {
		store_free(d->store);
		free(d);
		return r;
	}
	*out = d;
	return 0;
}

void
drain_join(struct drain *drain)
{
	if (!drain)
		return;
	(void)pthread_join(drain->thread, NULL);
	store_free(drain->store);
	free(drain);
}
