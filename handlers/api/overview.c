/*
 * How everything is doing, from the store, the pulse and the configuration.
 *
 * A store that fails half-way leaves has_store false and the rest unread: each
 * further question would only wait for the same time-out.
 */
#include "handlers/api/overview.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_asked.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_stock.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/model/metrics.h"

#include <stdlib.h>
#include <string.h>

enum { OVERSOLD_SHOWN = 10 };

/* ---- reading ---- */

static int
list_accounts(struct overview *o)
{
	const struct conf *conf = o->env->conf;
	const char *authority = conf_text(conf->top, "stock.authority");

	o->accounts = calloc(conf->n_accounts + 1, sizeof(*o->accounts));
	if (!o->accounts)
		return err_raise(ERR_NOMEM, "why=%s", "overview");
	o->n_accounts = conf->n_accounts;
	for (size_t i = 0; i < o->n_accounts; i++) {
		struct overview_account *a = &o->accounts[i];

		a->conf = conf->accounts[i];
		a->name = conf_account_name(a->conf);
		a->state = "unknown";
		a->is_authority =
			authority ? strcmp(authority, a->name) == 0 : i == 0;
	}
	return 0;
}

static int
read_cursors(struct store *s, struct overview_account *a)
{
	int r = store_cursor_get(s, &a->sales_ms, a->name, "sales");

	if (!r)
		r = store_cursor_get(s, &a->start_ms, a->name, "start");
	if (!r)
		r = store_cursor_get(s, &a->full_ms, a->name, "full");
	if (!r)
		r = store_cursor_get(s, &a->lost_ms, a->name, "lost");
	return r;
}

static int
read_reconcile(struct store *s, struct overview_account *a)
{
	int r = store_reconcile_tally(s, &a->reconcile, a->name);

	return r == RECONCILE_ABSENT ? 0 : r;
}

static int
read_account(struct store *s, struct overview_account *a)
{
	int r = store_health_get(s, &a->health, a->name);

	if (!r)
		r = store_marks_count(s, &a->n_marks, a->name);
	if (!r)
		r = store_ledger_count_ready(s, &a->n_ready, a->name);
	if (!r)
		r = store_ledger_count_waiting(s, &a->n_waiting, a->name);
	if (!r)
		r = store_registry_count_account(s, a->name, &a->n_bound,
		                                 &a->n_unresolved);
	if (!r)
		r = store_stock_count_held(s, &a->n_held, a->name);
	if (!r)
		r = read_cursors(s, a);
	if (!r)
		r = read_reconcile(s, a);
	if (!r)
		r = store_switch_get(s, &a->off_ms, a->name);
	if (r)
		return r;
	a->state = health_text(&a->health, "state");
	if (conf_bool(a->conf, "paused") || a->off_ms)
		a->state = "paused";
	else if (conf_account_is_source(a->conf))
		a->state = "ok"; /* it calls us, or not */
	else if (!*a->state)
		a->state = "starting";
	return 0;
}

static int
read_entries(struct store *s, struct overview_entries *out)
{
	int r = store_ledger_count(s, &out->posting, "posting");

	if (!r)
		r = store_ledger_count(s, &out->uncertain, "uncertain");
	if (!r)
		r = store_ledger_count(s, &out->refused, "refused");
	if (!r)
		r = store_ledger_count(s, &out->held, "held");
	if (!r)
		r = store_ledger_count(s, &out->confirmed, "confirmed");
	if (!r)
		r = store_accounts_count_stranded(s, &out->stranded);
	return r;
}

static int
read_asked(struct store *s, struct overview *o)
{
	const struct asked_by by = { o->env->conf, o->env->adapters };

	return o->entries.uncertain
	               ? store_asked_count(s, &o->entries.asked, &by)
	               : 0;
}

static int
read_oversold(struct store *s, struct overview *o)
{
	int r = store_oversold_count(s, &o->n_oversold);

	if (!r && o->n_oversold)
		r = store_oversold_list(s, &o->oversold, &o->n_oversold_rows,
		                        OVERSOLD_SHOWN);
	return r;
}

static int
read_store(struct overview *o, struct store *s)
{
	int r;

	if (!s) {
		buf_adds(&o->store_why, "not connected");
		return ERR_STORE;
	}
	r = store_ping(s, &o->store_why);
	if (!r)
		r = store_read_durability(s, &o->durability);
	if (r == STORE_TOO_OLD) {
		o->is_too_old = true;
		r = 0;
	}
	if (!r)
		r = store_queue_depth(s, &o->queue);
	if (!r)
		r = read_entries(s, &o->entries);
	if (!r)
		r = read_asked(s, o);
	if (!r)
		r = store_switch_get(s, &o->stopped_ms, SWITCH_SCHEDULE);
	if (!r)
		r = store_registry_count(s, &o->n_items);
	if (!r)
		r = read_oversold(s, o);
	for (size_t i = 0; !r && i < o->n_accounts; i++)
		r = read_account(s, &o->accounts[i]);
	return r;
}

int
overview_read(struct overview *out, const struct api_env *env)
{
	int r;

	*out = (struct overview){ .env = env, .now_ms = clock_wall_ms() };
	out->is_draining = pulse_is_draining() != 0;
	out->n_late = pulse_late(&out->late);
	r = list_accounts(out);
	if (r)
		return r;
	r = read_store(out, env->store);
	if (r == ERR_STORE)
		return 0;
	if (r)
		return err_pass(r);
	out->has_store = true;
	store_durability_warning(out->warning, &out->durability);
	for (size_t i = 0; i < out->n_accounts; i++)
		out->entries.ready += out->accounts[i].n_ready;
	return 0;
}

/* ---- mirrors ---- */

int
overview_read_lists(struct overview *o)
{
	int r = 0;

	for (size_t i = 0; o->has_store && !r && i < o->n_accounts; i++) {
		struct overview_account *a = &o->accounts[i];

		r = store_sync_lists(
			o->env->store, &a->lists, &a->n_lists, a->name,
			store_sync_lists_of(o->env->adapters,
		                            conf_account_type(a->conf)));
	}
	return r == ERR_STORE ? 0 : err_pass(r);
}

void
overview_fini(struct overview *o)
{
	for (size_t i = 0; i < o->n_accounts; i++) {
		health_fini(&o->accounts[i].health);
		free(o->accounts[i].lists);
	}
	free(o->accounts);
	oversold_rows_free(o->oversold, o->n_oversold_rows);
	buf_fini(&o->late);
	buf_fini(&o->store_why);
	*o = (struct overview){ 0 };
}

int64_t
overview_marks(const struct overview *o)
{
	int64_t n = 0;

	for (size_t i = 0; i < o->n_accounts; i++)
		n += o->accounts[i].n_marks;
	return n;
}

int64_t
overview_waiting_lines(const struct overview *o)
{
	int64_t n = 0;

	for (size_t i = 0; i < o->n_accounts; i++)
		n += o->accounts[i].n_waiting;
	return n;
}

int64_t
overview_unresolved(const struct overview *o)
{
	int64_t n = 0;

	for (size_t i = 0; i < o->n_accounts; i++)
		n += o->accounts[i].n_unresolved;
	return n;
}

int64_t
overview_decisions(const struct overview *o)
{
	const struct overview_entries *e = &o->entries;
	int64_t uncertain = e->uncertain - e->asked;
	int64_t n = o->queue.n_dead + e->refused + e->held + e->stranded;

	/* Counted one after the other: one may have ended between. */
	n += uncertain > 0 ? uncertain : 0;

	for (size_t i = 0; i < o->n_accounts; i++)
		n += o->accounts[i].n_held > 0;
	return n;
}

size_t
overview_cannot(const char *out[ADAPTER_ABILITIES], const struct overview *o,
                const struct overview_account *a)
{
	const struct adapter_ops *const *ops = o->env->adapters;
	struct adapter_ability list[ADAPTER_ABILITIES];
	size_t n = 0;

	while (ops && *ops &&
	       strcmp((*ops)->name, conf_account_type(a->conf)) != 0)
		ops++;
	if (!ops || !*ops || conf_account_is_source(a->conf))
		return 0;
	adapter_abilities(list, *ops, a->conf);
	for (size_t i = 0; i < ADAPTER_ABILITIES; i++)
		if (!list[i].is_there)
			out[n++] = list[i].words;
	return n;
}

int
overview_reachable(const struct overview_account *a)
{
	int64_t good_ms = health_int(&a->health, "last_success_ms");
	int64_t bad_ms = health_int(&a->health, "last_error_ms");

	if (!good_ms && !bad_ms)
		return -1;
	if (strcmp(health_text(&a->health, "breaker"), "open") == 0)
		return 0;
	return strcmp(a->state, "ok") == 0 || good_ms >= bad_ms;
}

/* ---- the one sentence ---- */

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
