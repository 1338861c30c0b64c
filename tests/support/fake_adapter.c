/*
 * External systems in memory that behave.
 */
#include "tests/support/fake_adapter.h"

#include "gateway/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYSTEMS_MAX = 4, BATCH_MAX = 100 };

static struct fake_adapter *systems[SYSTEMS_MAX];

static void
give_up(const char *what)
{
	(void)fprintf(stderr, "fake_adapter: %s\n", what);
	exit(1);
}

/* ---- what a test does ---- */

struct fake_adapter *
fake_adapter_of(const char *account)
{
	size_t i = 0;

	for (; i < SYSTEMS_MAX && systems[i]; i++)
		if (!strcmp(systems[i]->account, account))
			return systems[i];
	if (i == SYSTEMS_MAX)
		give_up("too many systems");
	systems[i] = calloc(1, sizeof(*systems[i]));
	if (!systems[i])
		give_up("no memory");
	systems[i]->settle_wait_ms = -1;
	(void)snprintf(systems[i]->account, sizeof(systems[i]->account), "%s",
	               account);
	return systems[i];
}

void
fake_adapter_reset(void)
{
	for (size_t i = 0; i < SYSTEMS_MAX && systems[i]; i++) {
		buf_fini(&systems[i]->log);
		free(systems[i]);
		systems[i] = NULL;
	}
}

static struct fake_count *
find_count(struct fake_adapter *f, const char *external)
{
	for (size_t i = 0; i < f->n_counts; i++)
		if (!strcmp(f->counts[i].external, external))
			return &f->counts[i];
	return NULL;
}

struct fake_count *
fake_adapter_count(struct fake_adapter *f, const char *external)
{
	struct fake_count *c = find_count(f, external);

	if (c)
		return c;
	if (f->n_counts == FAKE_ITEMS_MAX)
		give_up("too many items");
	c = &f->counts[f->n_counts++];
	*c = (struct fake_count){ .is_known = true };
	(void)snprintf(c->external, sizeof(c->external), "%s", external);
	return c;
}

static struct decimal
parse(const char *qty)
{
	struct decimal d = DECIMAL_ZERO;

	if (decimal_parse(&d, qty))
		give_up(qty);
	return d;
}

void
fake_adapter_set(struct fake_adapter *f, const char *external, const char *qty)
{
	fake_adapter_count(f, external)->qty = parse(qty);
}

bool
fake_adapter_shows(struct fake_adapter *f, const char *external,
                   const char *qty)
{
	struct fake_count *c = find_count(f, external);

	return c && !decimal_cmp(c->qty, parse(qty));
}

struct fake_sale *
fake_adapter_sale(struct fake_adapter *f, const char *id, int64_t closed_ms)
{
	struct fake_sale *s = &f->sales[f->n_sales];

	if (f->n_sales++ == FAKE_SALES_MAX)
		give_up("too many sales");
	*s = (struct fake_sale){ .closed_ms = closed_ms };
	(void)snprintf(s->id, sizeof(s->id), "%s", id);
	return s;
}

void
fake_sale_line(struct fake_sale *sale, const char *uid, const char *external,
               const char *qty)
{
	struct fake_line *l = &sale->lines[sale->n_lines];

	if (sale->n_lines++ == FAKE_LINES_MAX)
		give_up("too many lines");
	*l = (struct fake_line){ .qty = parse(qty) };
	(void)snprintf(l->uid, sizeof(l->uid), "%s", uid);
	(void)snprintf(l->external, sizeof(l->external), "%s", external);
}

struct fake_sale *
fake_adapter_sell(struct fake_adapter *f, const char *id, const char *external,
                  const char *qty)
{
	struct fake_count *c = fake_adapter_count(f, external);
	struct fake_sale *s =
		fake_adapter_sale(f, id, clock_wall_ms() + f->skew_ms);

	c->qty = decimal_sub(c->qty, parse(qty));
	fake_sale_line(s, "1", external, qty);
	return s;
}

struct fake_sale *
fake_adapter_return(struct fake_adapter *f, const char *id,
                    const char *external, const char *qty)
{
	struct fake_count *c = fake_adapter_count(f, external);
	struct fake_sale *s =
		fake_adapter_sale(f, id, clock_wall_ms() + f->skew_ms);

	c->qty = decimal_add(c->qty, parse(qty));
	fake_sale_line(s, "1", external, qty);
	s->lines[0].qty = decimal_neg(s->lines[0].qty);
	s->is_return = true;
	return s;
}

void
fake_adapter_next(struct fake_adapter *f, const char *call,
                  struct outcome outcome, bool happens)
{
	struct fake_step *step = &f->steps[f->n_steps];

	if (f->n_steps++ == FAKE_STEPS_MAX)
		give_up("too many steps");
	*step = (struct fake_step){ .outcome = outcome, .happens = happens };
	(void)snprintf(step->call, sizeof(step->call), "%s", call);
}

const char *
fake_adapter_log(struct fake_adapter *f)
{
	static char text[8192];

	(void)snprintf(text, sizeof(text), "%s", buf_text(&f->log));
	buf_reset(&f->log);
	return text;
}

/* ---- what the engine asks ---- */

static void
note(struct fake_adapter *f, const char *call)
{
	if (f->log.n)
		buf_addc(&f->log, ' ');
	buf_adds(&f->log, call);
}

/* The scripted answer of a call, or DONE. True: it also does its work. */
static bool
take_step(struct fake_adapter *f, const char *call, struct outcome *outcome)
{
	*outcome = outcome_done();
	for (size_t i = 0; i < f->n_steps; i++) {
		bool happens = f->steps[i].happens;

		if (strcmp(f->steps[i].call, call) != 0)
			continue;
		*outcome = f->steps[i].outcome;
		memmove(&f->steps[i], &f->steps[i + 1],
		        (--f->n_steps - i) * sizeof(f->steps[0]));
		return happens || outcome->verdict == VERDICT_DONE;
	}
	return true;
}

static struct outcome
end(struct fake_adapter *f, const char *call, struct outcome outcome)
{
	if (f->after)
		f->after(f, call);
	return outcome;
}

static int
open_system(void **state, const struct adapter_env *env)
{
	*state = fake_adapter_of(conf_account_name(env->conf));
	return 0;
}

static void
close_system(void *state)
{
	(void)state; /* fake_adapter_reset frees it */
}

static size_t
batch_max(const struct conf_section *conf)
{
	size_t max = fake_adapter_of(conf_account_name(conf))->batch_max;

	return max ? max : BATCH_MAX;
}

static bool
settles_by_drops(const struct conf_section *conf, int64_t *wait_ms)
{
	*wait_ms = fake_adapter_of(conf_account_name(conf))->settle_wait_ms;
	return *wait_ms >= 0;
}

static bool
takes_returns(const struct conf_section *conf)
{
	return fake_adapter_of(conf_account_name(conf))->takes_returns;
}

static struct outcome
probe(void *state, struct buf *what)
{
	struct fake_adapter *f = state;
	struct outcome outcome;

	note(f, "probe");
	if (take_step(f, "probe", &outcome))
		buf_adds(what, "a fake");
	return end(f, "probe", outcome);
}

static struct outcome
read_counts(void *state, struct count *counts, size_t n)
{
	struct fake_adapter *f = state;
	struct outcome outcome;

	note(f, "read_counts(");
	f->bound_ms = n ? counts[n - 1].bound_ms : 0;
	for (size_t i = 0; i < n; i++)
		buf_addf(&f->log, "%s%s", i ? "," : "", counts[i].external);
	buf_addc(&f->log, ')');
	if (!take_step(f, "read_counts", &outcome))
		return end(f, "read_counts", outcome);
	for (size_t i = 0; i < n; i++)
		if (find_count(f, counts[i].external) &&
		    find_count(f, counts[i].external)->is_broken)
			return end(f, "read_counts",
			           outcome_of(VERDICT_RETRY, "http 500"));
	for (size_t i = 0; i < n; i++)
		if (find_count(f, counts[i].external) &&
		    find_count(f, counts[i].external)->is_unreadable)
			return end(f, "read_counts",
			           outcome_of(VERDICT_REFUSED, "a bad item"));
	for (size_t i = 0; i < n; i++) {
		const struct fake_count *c = find_count(f, counts[i].external);

		if (c && c->is_absent)
			counts[i].outcome =
				outcome_of(VERDICT_REFUSED, "no such item");
		if (!c || !c->is_known)
			continue;
		counts[i].qty = c->qty;
		counts[i].is_known = true;
	}
	return end(f, "read_counts", outcome);
}

/* Sales later than the moment the written count stands for survive it. */
static struct decimal
sold_since(const struct fake_adapter *f, const char *external, int64_t ms)
{
	struct decimal sum = DECIMAL_ZERO;

	for (size_t i = 0; i < f->n_sales; i++)
		for (size_t j = 0; j < f->sales[i].n_lines; j++)
			if (f->sales[i].closed_ms > ms &&
			    !strcmp(f->sales[i].lines[j].external, external))
				sum = decimal_add(sum,
				                  f->sales[i].lines[j].qty);
	return sum;
}

static struct outcome
write_counts(void *state, struct count *counts, size_t n, int64_t as_of_ms)
{
	struct fake_adapter *f = state;
	struct outcome outcome;
	bool is_poisoned = false;

	note(f, "write_counts(");
	for (size_t i = 0; i < n; i++) {
		char qty[DECIMAL_TEXT_SIZE];

		buf_addf(&f->log, "%s%s=%s", i ? "," : "", counts[i].external,
		         decimal_format(qty, counts[i].qty));
		is_poisoned |=
			fake_adapter_count(f, counts[i].external)->is_poison;
	}
	buf_addc(&f->log, ')');
	if (!take_step(f, "write_counts", &outcome))
		return end(f, "write_counts", outcome);
	if (is_poisoned)
		return end(f, "write_counts",
		           outcome_of(VERDICT_REFUSED, "a bad item"));
	for (size_t i = 0; i < n; i++) {
		struct fake_count *c =
			fake_adapter_count(f, counts[i].external);

		if (c->is_refused) {
			counts[i].outcome =
				outcome_of(VERDICT_REFUSED, "this item");
			continue;
		}
		c->qty = counts[i].qty;
		if (!f->ignores_time)
			c->qty = decimal_sub(c->qty,
			                     sold_since(f, c->external,
			                                as_of_ms + f->skew_ms));
	}
	return end(f, "write_counts", outcome);
}

static int
tell_sale(const struct fake_adapter *f, const struct fake_sale *from,
          const struct sale_sink *sink)
{
	struct sale sale = {
		.id = text_dup(from->id),
		.reference =
			from->reference[0] ? text_dup(from->reference) : NULL,
		.closed_ms = from->closed_ms,
		.version = from->version,
		.is_final = !from->is_open,
	};
	int r;

	(void)f;
	for (size_t i = 0; i < from->n_lines; i++) {
		const struct fake_line *l = &from->lines[i];
		struct sale_line *to = sale_add_line(&sale);

		if (!to)
			give_up("no memory");
		to->uid = text_dup(l->uid);
		to->external = l->external[0] ? text_dup(l->external) : NULL;
		to->qty = l->qty;
		to->gross = l->gross;
		to->has_gross = !decimal_is_zero(l->gross);
	}
	r = sink->sale(sink->ctx, &sale);
	sale_fini(&sale);
	return r;
}

/* Either list: sales by their own time, returns too. */
static struct outcome
list_some(struct fake_adapter *f, const char *call, int64_t since_ms,
          int64_t until_ms, const struct sale_sink *sink)
{
	bool is_return = strcmp(call, "list_returns") == 0;
	struct outcome outcome;
	bool is_whole;

	note(f, call);
	is_whole = take_step(f, call, &outcome);
	if (f->before_sales && !is_return)
		f->before_sales(f);
	for (size_t i = 0; is_whole && i < f->n_sales; i++) {
		const struct fake_sale *s = &f->sales[i];

		if (s->is_return != is_return || s->is_unseen ||
		    s->closed_ms < since_ms || s->closed_ms > until_ms)
			continue;
		if (tell_sale(f, s, sink))
			return outcome_of(VERDICT_RETRY, "the sink ended it");
	}
	return end(f, call, outcome);
}

static struct outcome
list_sales(void *state, int64_t since_ms, int64_t until_ms,
           const struct sale_sink *sink)
{
	struct fake_adapter *f = state;

	f->since_ms = since_ms;
	f->until_ms = until_ms;
	return list_some(f, "list_sales", since_ms, until_ms, sink);
}

static struct decimal
sum_open(const struct fake_adapter *f, const char *external)
{
	struct decimal sum = DECIMAL_ZERO;

	for (size_t i = 0; i < f->n_sales; i++)
		for (size_t j = 0;
		     f->sales[i].is_open && j < f->sales[i].n_lines; j++)
			if (!strcmp(f->sales[i].lines[j].external, external))
				sum = decimal_add(sum,
				                  f->sales[i].lines[j].qty);
	return sum;
}

static struct outcome
read_open(void *state, struct count *counts, size_t n)
{
	struct fake_adapter *f = state;
	struct outcome outcome = outcome_done();

	if (!f->tells_open)
		return outcome;
	note(f, "read_open(");
	for (size_t i = 0; i < n; i++)
		buf_addf(&f->log, "%s%s", i ? "," : "", counts[i].external);
	buf_addc(&f->log, ')');
	if (take_step(f, "read_open", &outcome))
		for (size_t i = 0; i < n; i++)
			counts[i].qty = sum_open(f, counts[i].external);
	return end(f, "read_open", outcome);
}

static struct outcome
list_returns(void *state, int64_t since_ms, int64_t until_ms,
             const struct sale_sink *sink)
{
	return list_some(state, "list_returns", since_ms, until_ms, sink);
}

static struct outcome
read_sales(void *state, const char *const *ids, size_t n,
           const struct sale_sink *sink)
{
	struct fake_adapter *f = state;
	struct outcome outcome;

	note(f, "read_sales");
	if (!take_step(f, "read_sales", &outcome))
		return end(f, "read_sales", outcome);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < f->n_sales; j++)
			if (!strcmp(f->sales[j].id, ids[i]) &&
			    !f->sales[j].is_unseen &&
			    tell_sale(f, &f->sales[j], sink))
				return outcome_of(VERDICT_RETRY,
				                  "the sink ended it");
	return end(f, "read_sales", outcome);
}

static struct outcome
post_entry(void *state, const struct entry *entry)
{
	struct fake_adapter *f = state;
	struct outcome outcome;

	note(f, "post(");
	buf_addf(&f->log, "%s:", entry->id);
	for (size_t i = 0; i < entry->n_lines; i++) {
		char qty[DECIMAL_TEXT_SIZE];

		buf_addf(&f->log, "%s%s=%s", i ? "," : "",
		         entry->lines[i].external,
		         decimal_format(qty, entry->lines[i].qty));
	}
	buf_addc(&f->log, ')');
	if (!take_step(f, "post", &outcome))
		return end(f, "post", outcome);
	if (f->n_docs == FAKE_SALES_MAX)
		give_up("too many documents");
	(void)snprintf(f->docs[f->n_docs++], sizeof(f->docs[0]), "%s",
	               entry->docid);
	for (size_t i = 0; i < entry->n_lines; i++) {
		struct fake_count *c =
			fake_adapter_count(f, entry->lines[i].external);

		c->qty = decimal_sub(c->qty, entry->lines[i].qty);
		if (entry->lines[i].has_gross)
			c->paid = decimal_add(c->paid, entry->lines[i].gross);
	}
	return end(f, "post", outcome);
}

static struct outcome
find_entry(void *state, const struct entry *entry)
{
	const char *docid = entry->docid;
	struct fake_adapter *f = state;
	struct outcome outcome;

	note(f, "find(");
	for (size_t i = 0; i < entry->n_lines; i++)
		buf_addf(&f->log, "%s%s", i ? "," : "",
		         entry->lines[i].external);
	buf_addc(&f->log, ')');
	if (!take_step(f, "find", &outcome))
		return end(f, "find", outcome);
	for (size_t i = 0; i < f->n_docs; i++)
		if (!strcmp(f->docs[i], docid))
			return end(f, "find", outcome);
	return end(f, "find", outcome_of(VERDICT_ABSENT, "not there"));
}

static bool
can_find(const struct conf_section *conf, enum entry_kind kind)
{
	(void)kind;
	return !fake_adapter_of(conf_account_name(conf))->has_no_look_up;
}

static struct outcome
read_image(void *state, struct buf *bytes, const char **type, const char *id)
{
	struct fake_adapter *f = state;
	struct outcome outcome;

	note(f, "image(");
	buf_addf(&f->log, "%s)", id);
	if (!take_step(f, "image", &outcome))
		return end(f, "image", outcome);
	if (strcmp(f->picture, id) != 0)
		return end(f, "image", outcome_of(VERDICT_ABSENT, "none"));
	buf_reset(bytes);
	buf_addf(bytes, "picture %s", id);
	*type = "image/png";
	return end(f, "image", outcome);
}

/* Half of a long sync's breaths. */
static int
breathe(struct fake_adapter *f, const struct sync_sink *sink, int first)
{
	int r = 0;

	for (int i = first; !r && i < first + f->n_breaths; i++) {
		if (f->before_breath)
			f->before_breath(f, i);
		r = sink->breathe(sink->ctx);
		sink->progress(sink->ctx, "items", i + 1, 2 * f->n_breaths);
	}
	return r;
}

/* Tell the counts as they are when they are asked for. */
static int
tell_counts(struct fake_adapter *f, const struct sync_sink *sink)
{
	struct fake_count list[FAKE_ITEMS_MAX];
	size_t n = f->n_counts;
	int r = sink->begin_counts(sink->ctx);

	memcpy(list, f->counts, n * sizeof(*list));
	if (!r)
		r = breathe(f, sink, f->n_breaths);
	for (size_t i = 0; !r && i < n; i++)
		if (list[i].is_known)
			r = sink->count(sink->ctx, list[i].external,
			                list[i].qty);
	return r;
}

static struct outcome
sync_all(void *state, const struct sync_job *job, const struct sync_sink *sink)
{
	struct fake_adapter *f = state;
	struct outcome outcome;

	note(f, job->is_full ? "full" : "catch_up");
	if (job->is_dry)
		buf_adds(&f->log, "(dry)");
	if (!take_step(f, "sync", &outcome))
		return end(f, "sync", outcome);
	if (breathe(f, sink, 0))
		return outcome_of(VERDICT_RETRY, "the sink ended it");
	if (f->n_skipped)
		sink->skipped(sink->ctx, "items", f->n_skipped, "no id");
	sink->listed(sink->ctx, "items", &f->tally);
	if (tell_counts(f, sink))
		return outcome_of(VERDICT_RETRY, "the sink ended it");
	return end(f, "sync", outcome);
}

static const struct conf_row no_options[] = { { .key = NULL } };

/* It understands what people write: here, its own ids. */
static int
resolve(void *state, struct buf *external, const char *written,
        void (*add_ref)(void *ctx, const char *ref), void *ctx)
{
	(void)state;
	buf_adds(external, written);
	add_ref(ctx, written);
	return 0;
}

const struct adapter_ops fake_erp_ops = {
	.name = "fake_erp",
	.options = no_options,
	.default_url = "https://127.0.0.1:1",
	.count_places = 3,
	.batch_max = batch_max,
	.settles_by_drops = settles_by_drops,
	.takes_returns = takes_returns,
	.open = open_system,
	.close = close_system,
	.probe = probe,
	.resolve = resolve,
	.read_counts = read_counts,
	.post_entry = post_entry,
	.find_entry = find_entry,
	.can_find = can_find,
	.read_image = read_image,
	.sync = sync_all,
};

static int64_t
skew_ms(const void *state)
{
	const struct fake_adapter *f = state;

	return f->skew_ms;
}

const struct adapter_ops fake_till_ops = {
	.name = "fake_till",
	.options = no_options,
	.default_url = "https://127.0.0.1:1",
	.count_places = 0,
	.batch_max = batch_max,
	.sales_window_ms = FAKE_WINDOW_MS,
	.open = open_system,
	.close = close_system,
	.probe = probe,
	.read_counts = read_counts,
	.write_counts = write_counts,
	.list_sales = list_sales,
	.list_returns = list_returns,
	.read_open = read_open,
	.skew_ms = skew_ms,
	.read_sales = read_sales,
	.sync = sync_all,
};
