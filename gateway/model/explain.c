/*
 * Why an item shows what it shows, in sentences. Pure: the facts come from
 * store_explain.
 */
#include "gateway/model/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OLD_MS = 60000 }; /* trouble that lasts shorter is no reason */

static void
health_fini(struct explain_health *h)
{
	free(h->state);
	free(h->breaker);
	free(h->why);
	free(h->alarm);
}

static void
channel_fini(struct explain_channel *c)
{
	free(c->account);
	free(c->typed);
	free(c->external);
	free(c->unresolved);
	health_fini(&c->health);
}

static void
entry_fini(struct explain_entry *e)
{
	free(e->id);
	free(e->docid);
	free(e->authority);
	free(e->state);
	free(e->why);
}

void
explain_fini(struct explain *e)
{
	for (size_t i = 0; i < e->n_entries; i++)
		entry_fini(&e->entries[i]);
	for (size_t i = 0; i < e->n_channels; i++)
		channel_fini(&e->channels[i]);
	health_fini(&e->health);
	free(e->entries);
	free(e->channels);
	free(e->lines);
	free(e->sku);
	free(e->name);
	free(e->authority);
	free(e->next);
	free(e->typed);
	free(e->unresolved);
	*e = (struct explain){ 0 };
}

const char *
explain_span(char out[EXPLAIN_SPAN_SIZE], int64_t ms)
{
	int64_t s = ms > 0 ? ms / 1000 : 0;

	if (s < 120)
		(void)snprintf(out, EXPLAIN_SPAN_SIZE, "%lld s", (long long)s);
	else if (s < 7200)
		(void)snprintf(out, EXPLAIN_SPAN_SIZE, "%lld min",
		               (long long)(s / 60));
	else if (s < 172800)
		(void)snprintf(out, EXPLAIN_SPAN_SIZE, "%lld h",
		               (long long)(s / 3600));
	else
		(void)snprintf(out, EXPLAIN_SPAN_SIZE, "%lld days",
		               (long long)(s / 86400));
	return out;
}

const char *
explain_reserve_name(enum explain_reserve from)
{
	switch (from) {
	case RESERVE_GLOBAL: return "global";
	case RESERVE_ACCOUNT: return "account";
	case RESERVE_ITEM: return "item";
	}
	return "";
}

const char *
explain_cause(char cause)
{
	switch (cause) {
	case 'h': return "a call named it";
	case 's': return "a sale or an entry moved it";
	case 'b': return "its binding is new or changed";
	case 'y': return "a sync wants it read";
	case 'a': return "it was written, and is read once more";
	case 'o': return "a person asked";
	default: return "";
	}
}

/* Text that may have been left out. */
static const char *
or_empty(const char *text)
{
	return text ? text : "";
}

static bool
is_text(const char *a, const char *b)
{
	return !strcmp(or_empty(a), b);
}

static void
add_decimal(struct buf *out, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	buf_adds(out, decimal_format(text, d));
}

static void
add_why(struct buf *out, const char *why)
{
	if (*or_empty(why))
		buf_addf(out, " (%s)", why);
}

const char *
explain_choices(const char *state, bool is_gone)
{
	static const struct {
		const char *state;
		const char *says;
	} rows[] = {
		{ "ready", "it waits to be posted; nothing is to be decided" },
		{ "posting", "it is being posted; nothing is to be decided "
		             "before that has ended" },
		{ "confirmed", "it is posted; nothing is to be decided" },
		{ "settled", "it is posted, and inside the balance; nothing "
		             "is to be decided" },
		{ "uncertain",
		  "it is uncertain: confirm it if the document is there and "
		  "complete, retry it if it is not there, or drop it, and it "
		  "is never posted" },
		{ "refused", "it was refused: retry posts it again, drop never "
		             "does; there is nothing to confirm" },
		{ "held", "it is held: retry posts it, drop never does; there "
		          "is nothing to confirm" },
		{ "dropped",
		  "it was dropped, and is never posted; nothing is left to be "
		  "decided" },
	};

	if (is_gone && is_text(state, "ready"))
		return "it waits for a system that is no longer configured: "
		       "retry records it where its items are kept now, if it "
		       "was never sent, drop never posts it; there is nothing "
		       "to confirm";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (is_text(state, rows[i].state))
			return rows[i].says;
	return "nothing is to be decided";
}

void
explain_asked(struct buf *out, const char *authority, int64_t in_ms)
{
	char wait[EXPLAIN_SPAN_SIZE];

	buf_addf(out, "it is looked up at %s automatically", authority);
	if (in_ms > 0)
		buf_addf(out, ", next in %s", explain_span(wait, in_ms));
	else if (!in_ms)
		buf_adds(out, ", about now");
}

static void
say_uncertain(struct buf *out, const struct explain_entry *entry)
{
	buf_adds(out, "uncertain: ");
	if (entry->is_asked)
		explain_asked(out, entry->authority, entry->asked_in_ms);
	else
		buf_adds(out, "decide with tillbridge dead");
}

void
explain_entry_say(struct buf *out, const struct explain_entry *entry)
{
	char wait[EXPLAIN_SPAN_SIZE];

	buf_addf(out, "entry %s, ", entry->id);
	if (is_text(entry->state, "ready") && entry->is_gone)
		buf_addf(out,
		         "waits for %s, which is no longer configured: decide "
		         "with tillbridge dead",
		         entry->authority);
	else if (is_text(entry->state, "ready"))
		buf_addf(out,
		         entry->attempts ? "not posted yet (attempts: %lld)"
		                         : "waits to be posted",
		         (long long)entry->attempts);
	else if (is_text(entry->state, "posting"))
		buf_adds(out, "is being posted");
	else if (is_text(entry->state, "confirmed") && entry->settle_wait_ms)
		buf_addf(out,
		         "posted: it ends when the balance has fallen by it, "
		         "or %s later",
		         explain_span(wait, entry->settle_wait_ms));
	else if (is_text(entry->state, "confirmed"))
		buf_adds(out, "posted: the next balance contains it");
	else if (is_text(entry->state, "uncertain"))
		say_uncertain(out, entry);
	else if (is_text(entry->state, "refused"))
		buf_adds(out, "refused: retry or drop it with tillbridge dead");
	else if (is_text(entry->state, "held"))
		buf_addf(out, "held: decide with tillbridge dead%s",
		         entry->is_pending ? "" : "; it does not count yet");
	else
		buf_adds(out, or_empty(entry->state));
}

void
explain_trouble(struct buf *out, const struct explain_health *health)
{
	if (is_text(health->state, "paused")) {
		buf_adds(out, "paused");
		return;
	}
	if (is_text(health->state, "locked"))
		buf_adds(out, "locked: its credentials are refused");
	else if (is_text(health->state, "refused"))
		buf_adds(out, "refuses all that is asked of it");
	else if (is_text(health->breaker, "open"))
		buf_adds(out, "not answering, tried again by itself");
	else if (is_text(health->state, "waiting") &&
	         !strncmp(or_empty(health->why), "our own limit", 13))
		buf_adds(out, "not called for now");
	else if (is_text(health->state, "waiting"))
		buf_adds(out, "waited for, as it asked us to");
	else
		return;
	add_why(out, health->why);
}

/* The last line of an account that is of one of these kinds; NULL. */
static const struct timeline_line *
find_last(const struct explain *e, const char *account, const char *kinds)
{
	for (size_t i = e->n_lines; i; i--) {
		const struct timeline_line *line = &e->lines[i - 1];

		if (!strcmp(line->account, account) &&
		    strchr(kinds, (char)line->kind))
			return line;
	}
	return NULL;
}

/* ---- the parts of a target ---- */

static struct decimal
amount(struct decimal d)
{
	return decimal_is_negative(d) ? decimal_neg(d) : d;
}

static void
add_pending(struct buf *out, const struct explain *e)
{
	bool is_back = decimal_is_negative(e->pending);
	const struct explain_entry *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < e->n_entries; i++) {
		if (e->entries[i].is_pending && !n++)
			first = &e->entries[i];
	}
	if (!first)
		return;
	buf_adds(out, ", ");
	add_decimal(out, amount(e->pending));
	buf_addf(out, is_back ? " coming back to %s (" : " on its way to %s (",
	         first->authority);
	explain_entry_say(out, first);
	if (n > 1)
		buf_addf(out, "; and %zu more", n - 1);
	buf_addc(out, ')');
}

/* Sum of what came back and counts nothing, held or not; NULL: none. */
static const struct explain_entry *
find_uncounted(const struct explain *e, bool is_held, struct decimal *sum)
{
	const struct explain_entry *last = NULL;

	*sum = DECIMAL_ZERO;
	for (size_t i = 0; i < e->n_entries; i++) {
		const struct explain_entry *entry = &e->entries[i];

		if (entry->is_pending ||
		    is_text(entry->state, "held") != is_held)
			continue;
		last = entry;
		*sum = decimal_add(*sum, entry->qty);
	}
	return last;
}

/* What came back and waits for a person is not for sale yet; what may be inside
   the balance already is, if it is. */
static void
add_uncounted_returns(struct buf *out, const struct explain *e)
{
	struct decimal sum;
	const struct explain_entry *last = find_uncounted(e, true, &sum);

	if (last) {
		buf_adds(out, "; ");
		add_decimal(out, amount(sum));
		buf_addf(out,
		         " returned and not counted until a person decides "
		         "(tillbridge dead show entry/%s)",
		         last->id);
	}
	last = find_uncounted(e, false, &sum);
	if (!last)
		return;
	buf_adds(out, "; ");
	add_decimal(out, amount(sum));
	buf_addf(out, " returned, which %s may contain already (",
	         last->authority);
	explain_entry_say(out, last);
	buf_addc(out, ')');
}

static void
add_parts(struct buf *out, const struct explain *e,
          const struct explain_channel *c)
{
	struct decimal left =
		decimal_sub(decimal_sub(e->balance, e->pending), c->reserve);

	add_decimal(out, e->balance);
	buf_addf(out, " in %s%s", e->authority,
	         e->is_gone ? ", which is no longer configured" : "");
	add_pending(out, e);
	if (!decimal_is_zero(c->reserve)) {
		buf_adds(out, ", ");
		add_decimal(out, c->reserve);
		buf_addf(out, " kept back");
	}
	if (e->oversold_ms) {
		buf_adds(out, "; more was sold than there is, by ");
		add_decimal(out, e->missing);
	} else if (!decimal_is_negative(left) && decimal_cmp(left, c->target)) {
		buf_adds(out, "; rounded down to what it can hold");
	}
	add_uncounted_returns(out, e);
	if (*or_empty(e->next))
		buf_addf(out, "; %s keeps its stock when nothing is pending",
		         e->next);
}

/* The balance stands still: nobody there can be asked, or knows it. */
static void
add_old_balance(struct buf *out, const struct explain *e)
{
	const struct timeline_line *line =
		find_last(e, e->authority,
	                  (const char[]){ TIMELINE_READ, TIMELINE_LEFT, 0 });
	struct buf trouble = BUF_INIT;
	char span[EXPLAIN_SPAN_SIZE];

	explain_trouble(&trouble, &e->health);
	if (trouble.n && e->now_ms - e->balance_ms >= OLD_MS)
		buf_addf(out, "; %s is %s", e->authority, buf_text(&trouble));
	else if (line && line->kind == TIMELINE_LEFT &&
	         line->at_ms > e->balance_ms)
		buf_addf(out, "; %s: %s", e->authority, line->text);
	else
		goto out;
	buf_addf(out, ", so this is what it was %s ago",
	         explain_span(span, e->now_ms - e->balance_ms));
out:
	buf_fini(&trouble);
}

/* ---- one sentence ---- */

static void
add_shows(struct buf *out, const struct explain_channel *c)
{
	buf_adds(out, c->account);
	if (!c->has_published) {
		buf_adds(out, " was not written yet");
		return;
	}
	buf_adds(out, " shows ");
	add_decimal(out, c->published);
}

/* Nothing can be said about its count: true, and why. */
static bool
is_out(struct buf *out, const struct explain_channel *c)
{
	if (!c->is_configured)
		buf_addf(out,
		         "%s is no longer configured: nothing is written "
		         "there",
		         c->account);
	else if (!*or_empty(c->external))
		buf_addf(out, "%s is not bound yet: \"%s\" is unresolved%s%s",
		         c->account, or_empty(c->typed),
		         *or_empty(c->unresolved) ? ": " : "",
		         or_empty(c->unresolved));
	else if (!c->takes_counts)
		buf_addf(out, "%s takes no counts: it shows its own",
		         c->account);
	else
		return false;
	return true;
}

/* Why there is no balance to go by. */
static void
add_no_balance(struct buf *out, const struct explain *e)
{
	struct buf trouble = BUF_INIT;
	char span[EXPLAIN_SPAN_SIZE];

	buf_addf(out, " and is left alone: the balance in %s is not known",
	         e->authority);
	explain_trouble(&trouble, &e->health);
	if (e->is_gone)
		buf_adds(out, ", which is no longer configured: give the item "
		              "another authority");
	else if (!e->is_bound)
		buf_adds(out, ", the item is not bound there");
	else if (*or_empty(e->unresolved))
		buf_addf(out, ", its binding is unresolved: %s%s%s%s%s",
		         e->unresolved, trouble.n ? "; " : "",
		         trouble.n ? e->authority : "", trouble.n ? " is " : "",
		         trouble.n ? buf_text(&trouble) : "");
	else if (trouble.n)
		buf_addf(out, ", %s is %s", e->authority, buf_text(&trouble));
	else if (e->mark.is_due)
		buf_adds(out, " yet: it is about to be read");
	else
		buf_adds(out, ": the next sync reads it");
	if (e->unknown_ms && e->now_ms - e->unknown_ms >= 1000)
		buf_addf(out, " (not known for %s)",
		         explain_span(span, e->now_ms - e->unknown_ms));
	buf_fini(&trouble);
}

/* A look that is put off, with what the last one came to; else it is at hand,
   and will know better. */
static void
add_look(struct buf *out, const struct explain *e,
         const struct explain_channel *c)
{
	const char kinds[] = { TIMELINE_LEFT, TIMELINE_EQUAL, TIMELINE_WRITTEN,
		               TIMELINE_DRIFT, 0 };
	const struct timeline_line *line = find_last(e, c->account, kinds);
	char span[EXPLAIN_SPAN_SIZE];

	if (c->mark.at_ms <= e->now_ms) {
		buf_addf(out, "a look is due, %s",
		         explain_cause(c->mark.cause));
		return;
	}
	if (line && line->kind == TIMELINE_LEFT) {
		buf_addf(out, "%s, for %s now", line->text,
		         explain_span(span, e->now_ms - line->at_ms));
		buf_addf(out, "; it is looked at again in %s",
		         explain_span(span, c->mark.at_ms - e->now_ms));
		return;
	}
	buf_addf(out, "a look is due in %s, %s",
	         explain_span(span, c->mark.at_ms - e->now_ms),
	         explain_cause(c->mark.cause));
}

/* Nothing is to be done, as a person wants it; or nobody knows why. */
static void
add_nothing_due(struct buf *out, const struct explain *e,
                const struct explain_channel *c)
{
	const char kinds[] = { TIMELINE_LEFT, TIMELINE_EQUAL, TIMELINE_WRITTEN,
		               TIMELINE_DRIFT, 0 };
	const struct timeline_line *line = find_last(e, c->account, kinds);
	char span[EXPLAIN_SPAN_SIZE];

	if (line && line->kind == TIMELINE_LEFT)
		buf_addf(out, "%s, %s ago; ", line->text,
		         explain_span(span, e->now_ms - line->at_ms));
	buf_adds(out, "no look is due, the next sync compares it");
}

/* What stands between a channel and its target. */
static void
add_obstacle(struct buf *out, const struct explain *e,
             const struct explain_channel *c)
{
	struct buf trouble = BUF_INIT;

	explain_trouble(&trouble, &c->health);
	if (c->held_ms)
		buf_addf(out,
		         "its zero is held for a person, because a sync would "
		         "set too many items to zero (tillbridge dead retry "
		         "hold/%s releases them)",
		         c->account);
	else if (c->is_paused || is_text(c->health.state, "paused"))
		buf_addf(out, "%s is paused", c->account);
	else if (trouble.n)
		buf_addf(out, "%s is %s", c->account, buf_text(&trouble));
	else if (c->suspect_ms)
		buf_adds(out, "its count fell without a known sale, and is "
		              "looked at once more before it is corrected");
	else if (c->mark.is_due)
		add_look(out, e, c);
	else if (c->is_in_sync)
		buf_adds(out, "a sync has just found it, and it is written "
		              "when that ends");
	else
		add_nothing_due(out, e, c);
	buf_fini(&trouble);
}

void
explain_conclude(struct buf *out, const struct explain *e,
                 const struct explain_channel *c)
{
	bool is_right;

	if (is_out(out, c))
		return;
	add_shows(out, c);
	if (!c->has_target) {
		add_no_balance(out, e);
		return;
	}
	is_right =
		c->has_published && decimal_cmp(c->published, c->target) == 0;
	if (!is_right) {
		buf_adds(out, " and should show ");
		add_decimal(out, c->target);
	}
	buf_adds(out, is_right ? ": " : " (");
	add_parts(out, e, c);
	add_old_balance(out, e);
	if (!is_right)
		buf_addc(out, ')');
	if (!is_right || c->suspect_ms || c->held_ms || c->is_paused ||
	    is_text(c->health.state, "locked") ||
	    is_text(c->health.breaker, "open")) {
		buf_adds(out, is_right ? "; " : ": ");
		add_obstacle(out, e, c);
	}
}
