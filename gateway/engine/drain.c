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
#include "gateway/model/metrics.h"

enum {
	BATCH = 50,
	BLOCK_MS = 500,
	ABANDONED_MS = 60000, /* pending at another consumer for so long */
	SWEEP_EVERY_MS = 15000,
	DELIVERIES_MAX = 10, /* the poison guard (R14) */
	STORE_WAIT_MS = 300,
	PULSE_MAX_MS = 30000,
};

/* Where one event says to look. */
struct looks {
	const struct engine *engine;
	struct store *store;
	const char *account; /* borrowed */
	char **members;      /* owned, and each */
	size_t n, cap;
	bool is_ref_known;
	bool wants_catch_up;
	bool catch_up_if_unknown;
	int fault;
};

static void
add_member(struct looks *l, const char *prefix, const char *text)
{
	char *member = text_format("%s%s", prefix, text);

	if (member && l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		char **grown = realloc(l->members, cap * sizeof(*grown));

		if (grown) {
			l->members = grown;
			l->cap = cap;
		}
	}
	if (!member || l->n == l->cap) {
		free(member);
		l->fault = err_raise(ERR_NOMEM, "why=%s", "marks");
		return;
	}
	l->members[l->n++] = member;
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

static const struct handler_ops *
find_handler(const struct handler_ops *const *handlers, const char *type)
{
	for (size_t i = 0; handlers[i]; i++)
		if (!strcmp(handlers[i]->name, type))
			return handlers[i];
	return NULL;
}

/* Make the marks and acknowledge, at once. */
static int
settle(struct looks *l, const struct event *event)
{
	struct queue_mark *marks;
	int r;

	if (l->wants_catch_up || (l->catch_up_if_unknown && !l->is_ref_known))
		add_member(l, MARK_CATCH_UP, "");
	if (l->fault)
		return l->fault;
	marks = calloc(l->n + 1, sizeof(*marks));
	if (!marks)
		return err_raise(ERR_NOMEM, "why=%s", "marks");
	for (size_t i = 0; i < l->n; i++)
		marks[i] = (struct queue_mark){ l->account, l->members[i] };
	r = store_queue_settle(l->store, event, marks, l->n);
	free(marks);
	if (!r) {
		metrics_add(METRIC_events_drained, 1);
		log_debug("event.drained", "account=%s event=%s marks=%zu",
		          l->account, event->entry_id, l->n);
	}
	return r;
}

static int
bury(struct store *store, const struct event *event, const char *why)
{
	metrics_add(METRIC_events_dead, 1);
	log_error("event.dead", "account=%s event=%s why=%s", event->account,
	          event->entry_id, log_quote(why));
	return store_queue_bury(store, event, why);
}

int
drain_event(const struct engine *engine,
            const struct handler_ops *const *handlers, struct store *store,
            const struct event *event)
{
	struct handler_env env = {
		.account = conf_find_account(engine->conf, event->account),
		.public_url = conf_text(engine->conf->top, "public.url"),
	};
	struct looks looks = { .engine = engine,
		               .store = store,
		               .account = event->account };
	const struct hints hints = {
		&looks,   on_ref, on_sale, on_catch_up, on_catch_up_if_unknown,
		on_locked
	};
	const struct handler_ops *handler;
	int r;

	if (!env.account)
		return bury(store, event, "its account is not configured");
	handler = find_handler(handlers, conf_account_type(env.account));
	if (!handler)
		return bury(store, event, "its account takes no calls");
	if (event->deliveries > DELIVERIES_MAX)
		return bury(store, event,
		            "handed out ten times and never finished");
	r = handler->hints(&env, event, &hints);
	if (!r)
		r = settle(&looks, event);
	for (size_t i = 0; i < looks.n; i++)
		free(looks.members[i]);
	free(looks.members);
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
	int r = 0;

	for (size_t i = 0; !r && i < batch->n; i++) {
		r = drain_event(d->engine, d->handlers, d->store,
		                &batch->events[i]);
		(void)strncpy(d->after, batch->events[i].entry_id,
		              sizeof(d->after) - 1);
		pulse_beat(d->pulse);
	}
	return r;
}

/* One claim of one kind; QUEUE_EMPTY when there was nothing. */
static int
claim(struct drain *d, enum queue_source source, int64_t wait_ms)
{
	struct queue_batch batch = { .n = 0 };
	int r = store_queue_claim(d->store, &batch, source, d->engine->owner,
	                          d->after, wait_ms, BATCH);

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
		if (r != QUEUE_EMPTY)
			return r;
	}
	r = claim(d, QUEUE_NEW, BLOCK_MS);
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
