/*
 * GET /api/status: everything a person needs to know, and never a secret.
 *
 * Answers without Redis too; what is then unknown is null.
 */
#include "handlers/api/api.h"
#include "handlers/api/limits.h"
#include "handlers/api/overview.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_sync.h"

#include <string.h>

static void
say_summary(struct json_out *j, const struct overview *o)
{
	struct overview_summary s;

	overview_summarize(&s, o);
	json_out_object(j, "summary");
	json_out_text(j, "level", overview_level_name(s.level));
	api_out_text(j, "text", buf_text(&s.text));
	api_out_text(j, "advice", buf_text(&s.advice));
	json_out_end_object(j);
	overview_summary_fini(&s);
}

static void
say_durability(struct json_out *j, const struct overview *o)
{
	const struct store_durability *d = &o->durability;

	if (!o->has_store) {
		json_out_null(j, "durability");
		return;
	}
	json_out_object(j, "durability");
	if (d->is_known)
		json_out_bool(j, "on_disk", d->is_on_disk && !d->is_failing);
	else
		json_out_null(j, "on_disk");
	api_out_text(j, "warning", o->warning);
	json_out_bool(j, "too_old", o->is_too_old);
	api_out_text(j, "appendonly", d->appendonly);
	api_out_text(j, "appendfsync", d->appendfsync);
	api_out_text(j, "maxmemory_policy", d->policy);
	api_out_text(j, "redis_version", d->version);
	json_out_end_object(j);
}

static void
say_queue(struct json_out *j, const struct overview *o)
{
	const struct queue_depth *q = &o->queue;

	if (!o->has_store) {
		json_out_null(j, "queue");
		return;
	}
	json_out_object(j, "queue");
	json_out_int(j, "depth", q->n);
	json_out_int(j, "bytes", q->bytes);
	json_out_int(j, "oldest_age_ms",
	             q->oldest_ms ? o->now_ms - q->oldest_ms : 0);
	json_out_int(j, "dead", q->n_dead);
	json_out_end_object(j);
}

static void
say_entries(struct json_out *j, const struct overview *o)
{
	const struct overview_entries *e = &o->entries;

	if (!o->has_store) {
		json_out_null(j, "entries");
		return;
	}
	json_out_object(j, "entries");
	json_out_int(j, "ready", e->ready);
	json_out_int(j, "posting", e->posting);
	json_out_int(j, "uncertain", e->uncertain);
	json_out_int(j, "looked_up_automatically", e->asked);
	json_out_int(j, "refused", e->refused);
	json_out_int(j, "held", e->held);
	json_out_int(j, "stranded", e->stranded);
	json_out_int(j, "confirmed", e->confirmed);
	json_out_end_object(j);
}

static void
say_oversold(struct json_out *j, const struct overview *o)
{
	if (!o->has_store) {
		json_out_null(j, "oversold");
		return;
	}
	json_out_object(j, "oversold");
	json_out_int(j, "count", o->n_oversold);
	json_out_array(j, "items");
	for (size_t i = 0; i < o->n_oversold_rows; i++) {
		const struct oversold_row *row = &o->oversold[i];

		json_out_object(j, NULL);
		api_out_text(j, "sku", row->sku);
		json_out_decimal(j, "missing", row->missing);
		api_out_time(j, "since", row->since_ms);
		json_out_end_object(j);
	}
	json_out_end_array(j);
	json_out_end_object(j);
}

/* Facts that a worker wrote about itself. */
static void
say_health(struct json_out *j, const struct overview_account *a)
{
	const struct health *h = &a->health;
	int reachable = overview_reachable(a);

	if (reachable < 0)
		json_out_null(j, "reachable");
	else
		json_out_bool(j, "reachable", reachable > 0);
	api_out_text(j, "breaker", health_text(h, "breaker"));
	api_out_time(j, "wait_until", health_int(h, "wait_until_ms"));
	api_out_text(j, "why", health_text(h, "why"));
	api_out_text(j, "alarm", health_text(h, "alarm"));
	api_out_text(j, "found", health_text(h, "found"));
	api_out_time(j, "last_success", health_int(h, "last_success_ms"));
	api_out_time(j, "last_error", health_int(h, "last_error_ms"));
	api_out_time(j, "last_write", health_int(h, "last_write_ms"));
	api_out_time(j, "last_sale", health_int(h, "last_sale_ms"));
	if (*health_text(h, "lag_ms"))
		json_out_int(j, "lag_ms", health_int(h, "lag_ms"));
	else
		json_out_null(j, "lag_ms");
}

/* A number, or null where 0 or less stands for "unknown". */
static void
say_known(struct json_out *j, const char *key, int64_t n)
{
	if (n > 0)
		json_out_int(j, key, n);
	else
		json_out_null(j, key);
}

static void
say_progress(struct json_out *j, const struct sync_progress *p)
{
	json_out_object(j, "sync");
	api_out_text(j, "kind", p->kind);
	api_out_time(j, "started", p->started_ms);
	api_out_text(j, "entity", p->entity);
	json_out_int(j, "rows", p->rows);
	json_out_int(j, "total", p->total);
	say_known(j, "rows_per_s", p->rate);
	if (p->left_ms >= 0)
		json_out_int(j, "remaining_ms", p->left_ms);
	else
		json_out_null(j, "remaining_ms");
	json_out_end_object(j);
}

static void
say_sync(struct json_out *j, const struct health *h)
{
	struct sync_progress p;

	store_sync_progress(&p, h);
	if (*p.kind)
		say_progress(j, &p);
	else
		json_out_null(j, "sync");
	api_out_time(j, "last_catch_up", health_int(h, "last_catch_up_ms"));
	api_out_time(j, "next_catch_up", health_int(h, "next_catch_up_ms"));
	api_out_time(j, "last_full", health_int(h, "last_full_ms"));
	api_out_time(j, "next_full", health_int(h, "next_full_ms"));
}

/* Null until one has ended. */
static void
say_reconcile(struct json_out *j, const struct overview_account *a)
{
	const struct reconcile_tally *t = &a->reconcile;

	if (!t->started_ms) {
		json_out_null(j, "reconcile");
	} else {
		json_out_object(j, "reconcile");
		api_out_time(j, "started", t->started_ms);
		json_out_int(j, "took_ms", t->took_ms);
		json_out_bool(j, "fix", t->is_fix);
		json_out_int(j, "compared", t->compared);
		json_out_int(j, "equal", t->equal);
		json_out_int(j, "corrected", t->corrected);
		json_out_int(j, "drifted", t->drifted);
		json_out_int(j, "held", t->held);
		json_out_int(j, "moving", t->moving);
		json_out_int(j, "unknown", t->unknown);
		json_out_end_object(j);
	}
	api_out_time(j, "next_reconcile",
	             health_int(&a->health, "next_reconcile_ms"));
}

/* Null where nothing is mirrored. */
static void
say_mirror(struct json_out *j, const struct overview_account *a)
{
	if (!a->n_lists) {
		json_out_null(j, "mirror");
		return;
	}
	json_out_array(j, "mirror");
	for (size_t i = 0; i < a->n_lists; i++) {
		const struct sync_list *list = &a->lists[i];

		json_out_object(j, NULL);
		json_out_text(j, "list", list->name);
		json_out_int(j, "rows", list->rows);
		say_known(j, "revision", list->revision);
		api_out_time(j, "since", list->since_ms);
		api_out_time(j, "read", list->read_ms);
		json_out_end_object(j);
	}
	json_out_end_array(j);
}

static void
say_counts(struct json_out *j, const struct overview_account *a)
{
	json_out_int(j, "marks", a->n_marks);
	json_out_int(j, "entries_ready", a->n_ready);
	json_out_int(j, "bound", a->n_bound);
	json_out_int(j, "unresolved", a->n_unresolved);
	json_out_int(j, "waiting_lines", a->n_waiting);
	json_out_int(j, "held_zeros", a->n_held);
	json_out_object(j, "cursors");
	api_out_time(j, "sales", a->sales_ms);
	api_out_time(j, "start", a->start_ms);
	api_out_time(j, "full", a->full_ms);
	api_out_time(j, "lost", a->lost_ms);
	json_out_end_object(j);
}

static void
say_cannot(struct json_out *j, const struct overview *o,
           const struct overview_account *a)
{
	const char *words[ADAPTER_ABILITIES];
	size_t n = overview_cannot(words, o, a);

	json_out_array(j, "cannot");
	for (size_t i = 0; i < n; i++)
		json_out_text(j, NULL, words[i]);
	json_out_end_array(j);
}

static void
say_account(struct json_out *j, const struct overview *o,
            const struct overview_account *a)
{
	struct buf url = BUF_INIT;
	const char *base = conf_account_url(a->conf);

	json_out_object(j, NULL);
	json_out_text(j, "name", a->name);
	json_out_text(j, "type", conf_account_type(a->conf));
	if (base)
		api_add_url(&url, base);
	api_out_text(j, "url", buf_text(&url));
	json_out_bool(j, "authority", a->is_authority);
	api_out_text(j, "state", a->state);
	api_out_time(j, "paused_since", a->off_ms);
	say_cannot(j, o, a);
	if (o->has_store) {
		say_health(j, a);
		limits_say(j, &a->health, o->now_ms);
		say_counts(j, a);
		say_sync(j, &a->health);
		say_reconcile(j, a);
		say_mirror(j, a);
	}
	json_out_end_object(j);
	buf_fini(&url);
}

static void
say_due(struct json_out *j, const struct overview *o, const char *name,
        const char *key)
{
	int64_t due_ms = 0;

	if (cron_next(&due_ms, conf_cron(o->env->conf->top, key), o->now_ms))
		due_ms = 0; /* a schedule that never comes */
	api_out_time(j, name, due_ms);
}

static void
say_schedule(struct json_out *j, const struct overview *o)
{
	const struct conf_section *top = o->env->conf->top;

	json_out_object(j, "schedule");
	api_out_text(j, "timezone", conf_text(top, "schedule.timezone"));
	api_out_time(j, "stopped_since", o->stopped_ms);
	say_due(j, o, "next_catch_up", "schedule.catch_up");
	say_due(j, o, "next_full", "schedule.full");
	say_due(j, o, "next_reconcile", "schedule.reconcile");
	json_out_end_object(j);
}

static void
say_redis(struct json_out *j, const struct overview *o)
{
	json_out_object(j, "redis");
	json_out_bool(j, "reachable", o->has_store);
	api_out_text(j, "why", o->has_store ? "" : buf_text(&o->store_why));
	json_out_end_object(j);
}

static void
say_all(struct json_out *j, const struct overview *o)
{
	json_out_object(j, NULL);
	json_out_text(j, "version", o->env->version);
	api_out_time(j, "started_at", o->env->started_ms);
	api_out_time(j, "now", o->now_ms);
	json_out_bool(j, "draining", o->is_draining);
	api_out_text(j, "loops_late", buf_text(&o->late));
	say_summary(j, o);
	say_redis(j, o);
	say_durability(j, o);
	say_queue(j, o);
	say_entries(j, o);
	say_oversold(j, o);
	if (o->has_store)
		json_out_int(j, "items", o->n_items);
	else
		json_out_null(j, "items");
	say_schedule(j, o);
	json_out_array(j, "accounts");
	for (size_t i = 0; i < o->n_accounts; i++)
		say_account(j, o, &o->accounts[i]);
	json_out_end_array(j);
	json_out_end_object(j);
}

int
api_serve_status(const struct api_env *env, const struct http_call *call,
                 const char *const *params, struct http_reply *reply)
{
	struct json_out j = { .to = &reply->body };
	struct overview o;
	int r = overview_read(&o, env);

	(void)call;
	(void)params;
	if (!r)
		r = overview_read_lists(&o);
	if (!r) {
		say_all(&j, &o);
		r = api_reply_json(reply, 200);
	}
	overview_fini(&o);
	return err_pass(r);
}
