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
