/*
 * What it all comes to, in one sentence and what to do about it: the first of
 * these rules that has something to say, the worst first.
 */
#include "handlers/api/overview.h"

#include <string.h>

/* Names of the accounts in a state: "agora", "agora and erp". Returns n. */
static int
name_those(struct buf *out, const struct overview *o, const char *state)
{
	const char *last = NULL;
	int n = 0;

	for (size_t i = 0; i < o->n_accounts; i++) {
		if (strcmp(o->accounts[i].state, state) != 0)
			continue;
		if (last)
			buf_addf(out, "%s%s", n > 1 ? ", " : "", last);
		last = o->accounts[i].name;
		n++;
	}
	if (last)
		buf_addf(out, "%s%s", n > 1 ? " and " : "", last);
	return n;
}

static bool
say_store_away(struct overview_summary *out, const struct overview *o)
{
	if (o->has_store)
		return false;
	out->level = OVERVIEW_BAD;
	buf_adds(&out->text, "Redis does not answer, so nothing moves.");
	buf_addf(&out->advice,
	         "Calls are turned away with 503 and the systems send them "
	         "again later; what was accepted lies in Redis. Start Redis "
	         "again, everything else follows by itself. It said: %s",
	         buf_text(&o->store_why));
	return true;
}

static bool
say_draining(struct overview_summary *out, const struct overview *o)
{
	if (!o->is_draining)
		return false;
	out->level = OVERVIEW_WARN;
	buf_adds(&out->text, "Tillbridge is stopping.");
	buf_adds(&out->advice, "Work in hand is finished; the rest stays "
	                       "queued until the next start.");
	return true;
}

static bool
say_late(struct overview_summary *out, const struct overview *o)
{
	if (!o->n_late)
		return false;
	out->level = OVERVIEW_BAD;
	buf_addf(&out->text, "A part of Tillbridge is stuck: %s.",
	         buf_text(&o->late));
	buf_adds(&out->advice, "Restart tillbridge and keep its log for those "
	                       "who look after it. Nothing accepted is lost.");
	return true;
}

static bool
say_too_old(struct overview_summary *out, const struct overview *o)
{
	if (!o->is_too_old)
		return false;
	out->level = OVERVIEW_BAD;
	buf_addf(&out->text, "Redis %s is too old to be trusted with sales.",
	         o->durability.version);
	buf_adds(&out->advice, "Bring it to 7.0.10 or later.");
	return true;
}

static bool
say_locked(struct overview_summary *out, const struct overview *o)
{
	int n = name_those(&out->text, o, "locked");

	if (!n)
		return false;
	out->level = OVERVIEW_BAD;
	buf_addf(&out->text, " %s our credentials.",
	         n == 1 ? "refuses" : "refuse");
	buf_adds(&out->advice, "Correct the password or token in the "
	                       "configuration, then restart tillbridge. Until "
	                       "then the others go on.");
	return true;
}

static bool
say_alarm(struct overview_summary *out, const struct overview *o)
{
	for (size_t i = 0; i < o->n_accounts; i++) {
		const struct overview_account *a = &o->accounts[i];
		const char *alarm = health_text(&a->health, "alarm");

		if (!*alarm)
			continue;
		out->level = OVERVIEW_BAD;
		buf_addf(&out->text, "%s wants a look.", a->name);
		buf_adds(&out->advice, alarm);
		return true;
	}
	return false;
}

static bool
say_oversold(struct overview_summary *out, const struct overview *o)
{
	char missing[DECIMAL_TEXT_SIZE];

	if (!o->n_oversold)
		return false;
	out->level = OVERVIEW_BAD;
	if (o->n_oversold == 1 && o->n_oversold_rows)
		buf_addf(&out->text,
		         "More of %s was sold than there was: %s missing.",
		         o->oversold[0].sku,
		         decimal_format(missing, o->oversold[0].missing));
	else
		buf_addf(&out->text,
		         "Of %lld items more was sold than there was.",
		         (long long)o->n_oversold);
	buf_adds(&out->advice,
	         "The sales are recorded, and every till shows 0. Count what "
	         "is on the shelf. If there is more, correct the stock where "
	         "it is kept; if not, buy more, or tell a customer. It ends by "
	         "itself when the stock covers what was sold.");
	return true;
}

static bool
say_decisions(struct overview_summary *out, const struct overview *o)
{
	int64_t n = overview_decisions(o);
	struct buf trouble = BUF_INIT;

	if (!n)
		return false;
	out->level = OVERVIEW_WARN;
	buf_addf(&out->text, "%lld thing%s for your decision.", (long long)n,
	         n == 1 ? " waits" : "s wait");
	if (name_those(&trouble, o, "waiting"))
		buf_addf(&out->advice,
		         "What to type stands below. What is meant for %s "
		         "waits and is tried again by itself.",
		         buf_text(&trouble));
	else
		buf_adds(&out->advice, "Everything else goes on; what to type "
		                       "stands below.");
	buf_fini(&trouble);
	return true;
}

static bool
say_waiting(struct overview_summary *out, const struct overview *o)
{
	int n = name_those(&out->text, o, "waiting");

	if (!n)
		return false;
	out->level = OVERVIEW_WARN;
	buf_addf(&out->text, " %s not answer as %s should.",
	         n == 1 ? "does" : "do", n == 1 ? "it" : "they");
	buf_addf(&out->advice,
	         "What is meant for %s waits and is tried again by itself; "
	         "the others go on.",
	         n == 1 ? "it" : "them");
	return true;
}

/* "5 looks and 1 sale wait. ", of what is meant for an account. */
static void
add_waiting(struct buf *out, const struct overview_account *a)
{
	int64_t n = a->n_marks + a->n_ready;

	if (a->n_marks)
		buf_addf(out, "%lld look%s", (long long)a->n_marks,
		         a->n_marks == 1 ? "" : "s");
	if (a->n_ready)
		buf_addf(out, "%s%lld sale%s", a->n_marks ? " and " : "",
		         (long long)a->n_ready, a->n_ready == 1 ? "" : "s");
	if (n)
		buf_adds(out, n == 1 ? " waits. " : " wait. ");
}

/* By a person and for a while, so that it is easily forgotten; what the
   configuration pauses is meant to stay so. */
static bool
say_paused(struct overview_summary *out, const struct overview *o)
{
	for (size_t i = 0; i < o->n_accounts; i++) {
		const struct overview_account *a = &o->accounts[i];

		if (!a->off_ms)
			continue;
		out->level = OVERVIEW_WARN;
		buf_addf(&out->text, "%s is paused.", a->name);
		buf_adds(&out->advice, "Nothing is sent there, and nothing is "
		                       "lost. ");
		add_waiting(&out->advice, a);
		buf_addf(&out->advice, "POST /api/accounts/%s/resume goes on.",
		         a->name);
		return true;
	}
	return false;
}

static bool
say_stopped(struct overview_summary *out, const struct overview *o)
{
	if (!o->stopped_ms)
		return false;
	out->level = OVERVIEW_WARN;
	buf_adds(&out->text, "The schedule is stopped.");
	buf_adds(&out->advice,
	         "Calls and sales go on, but nothing runs by the clock: what "
	         "a lost call was about is found when POST "
	         "/api/synchronizer/start has started it again.");
	return true;
}

static bool
say_unresolved(struct overview_summary *out, const struct overview *o)
{
	int64_t n = overview_unresolved(o);
	int64_t lines = overview_waiting_lines(o);

	if (!n && !lines)
		return false;
	out->level = OVERVIEW_WARN;
	if (n) {
		buf_addf(&out->text, "%lld binding%s not found in %s system.",
		         (long long)n, n == 1 ? " is" : "s are",
		         n == 1 ? "its" : "their");
		buf_adds(&out->advice, "Correct the registry and import it "
		                       "again, or wait until the item appears "
		                       "there.");
		return true;
	}
	buf_addf(&out->text, "%lld sold line%s no item of ours.",
	         (long long)lines, lines == 1 ? " names" : "s name");
	buf_adds(&out->advice, "Bind the item with tillbridge items import; "
	                       "the line is then recorded by itself.");
	return true;
}

static bool
say_syncing(struct overview_summary *out, const struct overview *o)
{
	for (size_t i = 0; i < o->n_accounts; i++) {
		const struct overview_account *a = &o->accounts[i];

		if (strcmp(health_text(&a->health, "sync_kind"), "full") != 0)
			continue;
		out->level = OVERVIEW_BUSY;
		buf_addf(&out->text, "Comparing everything with %s.", a->name);
		return true;
	}
	if (!name_those(&out->advice, o, "starting"))
		return false;
	out->level = OVERVIEW_BUSY;
	buf_adds(&out->text, "Tillbridge is starting.");
	buf_adds(&out->advice, " will be asked in a moment.");
	return true;
}

static bool
say_busy(struct overview_summary *out, const struct overview *o)
{
	int64_t n = o->queue.n + overview_marks(o) + o->entries.ready +
	            o->entries.posting + o->entries.asked;

	for (size_t i = 0; i < o->n_accounts; i++)
		if (strcmp(o->accounts[i].state, "paused") == 0)
			n -= o->accounts[i].n_marks + o->accounts[i].n_ready;
	if (n <= 0)
		return false;
	out->level = OVERVIEW_BUSY;
	buf_addf(&out->text, "%lld change%s on the way.", (long long)n,
	         n == 1 ? " is" : "s are");
	return true;
}

static bool
say_good(struct overview_summary *out, const struct overview *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_accounts; i++)
		n += strcmp(o->accounts[i].state, "ok") == 0;
	out->level = OVERVIEW_GOOD;
	if (n < o->n_accounts)
		buf_addf(&out->text,
		         "%zu of %zu systems are in order; the rest is "
		         "paused.",
		         n, o->n_accounts);
	else if (n == 1)
		buf_adds(&out->text, "The only system is in order.");
	else
		buf_addf(&out->text, "%s systems are in order.",
		         n == 2 ? "Both" : "All");
	return true;
}

/* The worst first; the last one always has something to say. */
static bool (*const rules[])(struct overview_summary *,
                             const struct overview *) = {
	say_store_away, say_draining, say_late,       say_too_old, say_locked,
	say_alarm,      say_oversold, say_decisions,  say_waiting, say_paused,
	say_stopped,    say_syncing,  say_unresolved, say_busy,    say_good,
};

void
overview_summarize(struct overview_summary *out, const struct overview *o)
{
	*out = (struct overview_summary){ 0 };
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i](out, o))
			return;
}

void
overview_summary_fini(struct overview_summary *s)
{
	buf_fini(&s->text);
	buf_fini(&s->advice);
}

const char *
overview_level_name(enum overview_level level)
{
	switch (level) {
	case OVERVIEW_GOOD: return "good";
	case OVERVIEW_BUSY: return "busy";
	case OVERVIEW_WARN: return "warn";
	case OVERVIEW_BAD: return "bad";
	}
	return "bad";
}
