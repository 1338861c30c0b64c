/*
 * A catch-up or a full sync of one account: the safety net under the hooks.
 *
 * The adapter brings its mirror up to date and reports every count it saw. At
 * the authority those are balances, fenced by a tick taken right before they
 * are asked for; at a channel they are compared with what was published. What
 * differs is collected and becomes marks only at the end, through the guard.
 *
 * It may take an hour, and what is urgent does not wait for its end: hooks,
 * sales and posts have their turn between two steps of it (breathe). What they
 * read is newer than the list under way, and wins by its tick.
 *
 * A dry run reads and compares as the real one would. It writes nothing but
 * its report, the health fact sync_report:
 *
 *   {"kind":"full","started_ms":1,"took_ms":2,"verdict":"done","why":"",
 *    "lists":[{"name":"items","rows":10,"written":1,"gone":0}],
 *    "counts":10,"differ":1}
 */
#include "gateway/engine/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_ledger.h"

enum {
	PROGRESS_EVERY_MS = 500,
	ROOM_LOOK_MS = 50, /* while there is no room for a call */
	ROOM_PATIENCE_MS =
		600000 /* then the account's other work has its turn */
};

static const char *
kind_name(const struct sync *s)
{
	return s->job.is_full ? "full" : "catch-up";
}

/* ---- what a person sees ---- */

/* Rows a second of the list in hand, counted from the end of the one before. */
static int64_t
rate_of(const struct sync *s, int64_t now)
{
	int64_t took_ms = now - s->list_mono_ms;

	return took_ms > 0 ? s->rows * 1000 / took_ms : 0;
}

/* Write how far it is, unless that was written just now. */
static void
tell(struct sync *s)
{
	int64_t now = clock_mono_ms();
	int64_t rate = rate_of(s, now);
	char numbers[3][24];
	const struct health_fact facts[] = {
		{ "sync_entity", s->list },
		{ "sync_rows", numbers[0] },
		{ "sync_total", numbers[1] },
		{ "sync_rate", numbers[2] },
	};

	s->is_untold = now - s->told_mono_ms < PROGRESS_EVERY_MS;
	if (s->is_untold)
		return;
	s->told_mono_ms = now;
	(void)worker_keep(s->w);
	(void)snprintf(numbers[0], sizeof(numbers[0]), "%lld",
	               (long long)s->rows);
	(void)snprintf(numbers[1], sizeof(numbers[1]), "%lld",
	               (long long)s->total);
	(void)snprintf(numbers[2], sizeof(numbers[2]), "%lld", (long long)rate);
	(void)store_health_set(s->w->store, s->w->account, facts, 4);
}

static void
progress(void *ctx, const char *entity, int64_t rows, int64_t total)
{
	struct sync *s = ctx;

	if (strcmp(s->list, entity) != 0) {
		if (s->list[0])
			s->list_mono_ms = clock_mono_ms();
		(void)snprintf(s->list, sizeof(s->list), "%s", entity);
	}
	s->rows = rows;
	s->total = total;
	tell(s);
}

static void
listed(void *ctx, const char *entity, const struct mirror_tally *tally)
{
	struct sync *s = ctx;

	s->list[0] = '\0';
	s->is_untold = false;
	s->list_mono_ms = clock_mono_ms();
	if (s->job.is_dry) {
		json_out_object(&s->out, NULL);
		json_out_text(&s->out, "name", entity);
		json_out_int(&s->out, "rows", tally->n_seen);
		json_out_int(&s->out, "written", tally->n_written);
		json_out_int(&s->out, "gone", tally->n_gone);
		json_out_end_object(&s->out);
	} else if (tally->n_written || tally->n_gone) {
		log_info("sync.list",
		         "account=%s entity=%s rows=%lld written=%lld "
		         "gone=%lld",
		         s->w->account, entity, (long long)tally->n_seen,
		         (long long)tally->n_written, (long long)tally->n_gone);
	}
}

static void
skipped(void *ctx, const char *entity, int64_t rows, const char *why)
{
	const struct sync *s = ctx;

	log_warn("sync.skipped", "account=%s entity=%s rows=%lld why=%s",
	         s->w->account, entity, (long long)rows, log_quote(why));
}

static void
dangling(void *ctx, const char *entity, int64_t refs, const char *why)
{
	const struct sync *s = ctx;

	log_warn("sync.dangling", "account=%s entity=%s refs=%lld why=%s",
	         s->w->account, entity, (long long)refs, log_quote(why));
}

/* ---- live work goes on ---- */

/*
 * Urgent work has taken its share of the limits: what is next waits for its own
 * here, where urgent work goes on. A call refused would end the sync, and
 * the next one begin anew, as far as this one.
 */
static int
wait_for_room(struct sync *s)
{
	struct worker *w = s->w;
	int64_t until_ms = clock_mono_ms() + ROOM_PATIENCE_MS;
	int64_t wait_ms;
	int r = 0;

	while (!r && (wait_ms = meter_room_wait_ms(w->meter)) > 0 &&
	       clock_mono_ms() < until_ms) {
		clock_sleep_ms(wait_ms < ROOM_LOOK_MS ? wait_ms : ROOM_LOOK_MS);
		r = worker_breathe(w, &s->breathed_mono_ms);
	}
	return r;
}

static int
breathe(void *ctx)
{
	struct sync *s = ctx;
	int r;

	if (s->is_untold) /* a list that is slow to come has a name by now */
		tell(s);
	r = worker_breathe(s->w, &s->breathed_mono_ms);
	if (!r)
		r = wait_for_room(s);
	if (r)
		s->fault = r;
	return r;
}

/* ---- the end ---- */

/* Everything was compared: what alarmed before is seen to. */
static int
note_full(struct worker *w, int64_t started_ms)
{
	const struct health_fact fact = { "alarm", "" };
	int r = store_cursor_set(w->store, w->account, "full", started_ms);

	return r ? r : store_health_set(w->store, w->account, &fact, 1);
}

/*
 * A catch-up by the clock is part of a full sync. One that a call asked for is
 * not: what it means may have been read before, also by a full sync that was
 * cut off and went on in this one.
 */
static int
drop_catch_up(struct worker *w)
{
	struct mark found = { 0 };
	const struct mark *mark = &found;
	int r = store_marks_find(w->store, &found, w->account, MARK_CATCH_UP);

	if (r)
		return r == MARKS_ABSENT ? 0 : r;
	if (found.cause == MARK_SYNC)
		r = store_marks_clear(w->store, w->account, &mark, 1);
	free(found.member);
	return r;
}

static int
finish(struct sync *s, const struct mark *mark)
{
	struct worker *w = s->w;
	bool is_full = s->job.is_full;
	bool was_listed = false;
	int r = sync_flush(s);

	if (!r)
		r = resolve_bindings(w);
	if (!r)
		r = guard_release(w);
	if (!r)
		r = wait_for_room(s);
	if (!r)
		r = sales_list(w, clock_wall_ms(), is_full, 0, &was_listed);
	if (!r && !was_listed)
		return 0; /* the mark stays: sales are part of it */
	if (!r && is_full)
		r = note_full(w, s->job.started_ms);
	if (!r && is_full)
		r = drop_catch_up(w);
	if (!r)
		r = store_marks_clear(w->store, w->account, &mark, 1);
	if (!r)
		r = store_health_set_int(w->store, w->account,
		                         is_full ? "last_full_ms"
		                                 : "last_catch_up_ms",
		                         s->job.started_ms);
	log_info("sync.done", "account=%s kind=%s counts=%lld took_ms=%lld",
	         w->account, kind_name(s), (long long)s->n_counts,
	         (long long)(clock_wall_ms() - s->job.started_ms));
	return r;
}

static int
write_report(struct sync *s, const struct outcome *outcome)
{
	struct buf text = BUF_INIT;
	struct json_out o = { .to = &text };
	struct health_fact fact = { "sync_report", NULL };
	int r;

	json_out_end_array(&s->out);
	json_out_object(&o, NULL);
	json_out_text(&o, "kind", kind_name(s));
	json_out_int(&o, "started_ms", s->job.started_ms);
	json_out_int(&o, "took_ms", clock_wall_ms() - s->job.started_ms);
	json_out_text(&o, "verdict", verdict_name(outcome->verdict));
	json_out_text(&o, "why", outcome->why);
	json_out_raw(&o, "lists", buf_text(&s->lists));
	json_out_int(&o, "counts", s->n_counts);
	json_out_int(&o, "differ", s->n_differ);
	json_out_end_object(&o);
	r = buf_check(&text);
	if (!r)
		r = buf_check(&s->lists);
	fact.value = buf_text(&text);
	if (!r)
		r = store_health_set(s->w->store, s->w->account, &fact, 1);
	buf_fini(&text);
	return r;
}

/* Somebody waits for the report: also of one that failed, which is not tried
   again by itself. */
static int
finish_dry(struct sync *s, const struct mark *mark,
           const struct outcome *outcome)
{
	struct worker *w = s->w;
	int r = 0;

	if (worker_judge(w, "dry run", outcome))
		r = sync_flush(s);
	if (!r)
		r = write_report(s, outcome);
	if (!r)
		r = store_marks_clear(w->store, w->account, &mark, 1);
	log_info("sync.compared",
	         "account=%s kind=%s counts=%lld differ=%lld took_ms=%lld",
	         w->account, kind_name(s), (long long)s->n_counts,
	         (long long)s->n_differ,
	         (long long)(clock_wall_ms() - s->job.started_ms));
	return r;
}

static int
run(struct sync *s, const struct mark *mark)
{
	struct worker *w = s->w;
	const struct sync_sink sink = {
		.ctx = s,
		.begin_counts = sync_begin_counts,
		.count = sync_count,
		.progress = progress,
		.breathe = breathe,
		.listed = listed,
		.skipped = skipped,
		.dangling = dangling,
	};
	struct outcome outcome = outcome_done();
	int r = wait_for_room(s);

	if (r)
		return r;
	if (w->ops->sync)
		outcome = w->ops->sync(w->state, &s->job, &sink);
	r = s->fault;
	if (!r && s->job.is_dry)
		return finish_dry(s, mark, &outcome);
	if (!r && worker_judge(w, s->job.is_full ? "full sync" : "catch-up",
	                       &outcome))
		return finish(s, mark);
	if (!r && outcome.verdict == VERDICT_REFUSED)
		r = store_marks_postpone(w->store, w->account, mark,
		                         clock_wall_ms() + 60000);
	return r;
}

int
sync_account(struct worker *w, const struct mark *mark)
{
	struct sync *s = calloc(1, sizeof(*s));
	const char *m = mark->member;
	int r;

	if (!s)
		return err_raise(ERR_NOMEM, "why=%s", "sync");
	s->w = w;
	s->job = (struct sync_job){
		.is_full = !strcmp(m, MARK_FULL) || !strcmp(m, MARK_DRY_FULL),
		.is_dry = !strcmp(m, MARK_DRY_FULL) ||
		          !strcmp(m, MARK_DRY_CATCH_UP),
		.started_ms = clock_wall_ms(),
	};
	s->list_mono_ms = clock_mono_ms();
	s->out.to = &s->lists;
	json_out_array(&s->out, NULL);
	worker_note_run(w, kind_name(s), s->job.started_ms);
	r = run(s, mark);
	for (size_t i = 0; i < s->n; i++)
		free(s->externals[i]);
	buf_fini(&s->lists);
	free(s);
	worker_note_run(w, "", 0);
	return r;
}
