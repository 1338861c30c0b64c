/*
 * tillbridge items match: what is stocked at each account, against the items
 * of the registry. What is clear is bound with --apply, as an import would;
 * the rest is shown.
 *
 * The default authority comes first: its barcodes are those that people see to.
 */
#include "gateway/cli/items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/cli/progress.h"
#include "gateway/cli/table.h"
#include "gateway/cli/watch.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_sync.h"
#include "gateway/model/match.h"

enum { SHOWN_MAX = 20, TOGETHER_MAX = 100 };

struct run {
	const struct cli *cli;
	const struct conf *conf;
	struct station *station;
	struct store *store;
	struct match *match;
	struct buf text; /* JSON */
	struct json_out j;
	size_t n_matched;
	size_t n_written;
	size_t n_failed; /* accounts */
	struct progress progress;
	const char *asked; /* borrowed: the account that is */
	size_t n_listed;   /* there, until now */
};

/* ---- the registry ---- */

static int
add_item(void *ctx, struct item *take)
{
	return match_add_item(ctx, take);
}

/* ---- what is there ---- */

static int
add_thing(void *ctx, const struct listing *listing)
{
	struct run *run = ctx;
	const struct listing *l = listing;

	progress_show(&run->progress, run->asked, run->n_listed++, 0);
	return match_add_thing(run->match, l->external, l->sku, l->barcode,
	                       l->name);
}

static void
ignore_ref(void *ctx, const char *ref)
{
	(void)ctx;
	(void)ref;
}

/* Bindings that no worker has resolved yet, as far as that is possible now. */
static int
resolve_bindings(struct run *run, const struct adapter_ops *ops, void *state,
                 const char *account)
{
	for (size_t i = 0; ops->resolve && i < match_n_items(run->match); i++) {
		struct item *item = match_item(run->match, i);
		struct buf external = BUF_INIT;
		int r = 0;

		for (size_t k = 0; !r && k < item->n_bindings; k++) {
			struct binding *b = &item->bindings[k];

			if (strcmp(b->account, account) != 0 || b->external ||
			    !b->typed)
				continue;
			r = ops->resolve(state, &external, b->typed, ignore_ref,
			                 NULL);
			if (r == 0)
				b->external = buf_steal(&external);
		}
		buf_fini(&external);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct outcome
look(struct run *run, const struct conf_section *account, struct visit *visit)
{
	const struct adapter_ops *ops = cli_adapter(run->cli, account);
	const struct listing_sink sink = { run, add_thing };
	const char *name = conf_account_name(account);
	struct outcome outcome;
	int r = resolve_bindings(run, ops, visit_state(visit), name);

	if (r)
		return outcome_fault(r);
	run->asked = name;
	progress_begin(&run->progress, run->cli->is_quiet);
	do {
		run->n_listed = 0;
		r = match_begin(run->match, name);
		outcome = r ? outcome_fault(r)
		            : ops->list_items(visit_state(visit), LISTING_ALL,
		                              "", &sink);
	} while (visit_again(visit, &outcome));
	progress_end(&run->progress);
	if (outcome.verdict == VERDICT_DONE && match_run(run->match))
		outcome = outcome_fault(ERR_NOMEM);
	return outcome;
}

/* ---- binding what matched ---- */

/* As an import would have it; a name only where there is none yet. */
static int
take_match(struct run *run, struct item *out, const struct match_thing *t,
           const char *account)
{
	const struct item *item = match_item(run->match, t->item);
	struct binding *b;

	*out = (struct item){ .sku = text_dup(item->sku) };
	if ((!item->name || !*item->name) && *t->name)
		out->name = text_dup(t->name);
	b = item_add_binding(out);
	if (b) {
		b->account = text_dup(account);
		b->typed = text_dup(t->external);
	}
	return out->sku && b && b->account && b->typed
	               ? 0
	               : err_raise(ERR_NOMEM, "why=%s", "binding");
}

static bool
is_matched(const struct match_thing *t)
{
	return t->end == MATCH_BY_BARCODE || t->end == MATCH_BY_SKU;
}

static bool
is_bound(const struct match_thing *t)
{
	return t->end == MATCH_BOUND;
}

/* Write those that were taken, and forget them. */
static int
write_pending(struct run *run, struct item *pending, size_t *n)
{
	int r = *n ? store_registry_put_many(run->store, pending, *n, NULL) : 0;

	if (!r)
		run->n_written += *n;
	for (size_t i = 0; i < *n; i++)
		item_fini(&pending[i]);
	*n = 0;
	return r;
}

static int
bind_all(struct run *run, const char *account)
{
	struct item pending[TOGETHER_MAX];
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; !r && i < match_n_things(run->match); i++) {
		const struct match_thing *t = match_thing(run->match, i);

		if (!is_matched(t))
			continue;
		run->n_matched++;
		if (!run->cli->is_apply)
			continue;
		r = take_match(run, &pending[n++], t, account);
		if (!r && n == TOGETHER_MAX)
			r = write_pending(run, pending, &n);
	}
	if (!r)
		return write_pending(run, pending, &n);
	while (n > 0)
		item_fini(&pending[--n]);
	return r;
}

/* ---- showing it ---- */

static const char *
sku_of(const struct run *run, const struct match_thing *t)
{
	return t->item == MATCH_NO_ITEM ? ""
	                                : match_item(run->match, t->item)->sku;
}

static const char *
end_name(const struct match_thing *t)
{
	switch (t->end) {
	case MATCH_BOUND: return "bound";
	case MATCH_BY_BARCODE:
	case MATCH_BY_SKU: return "matched";
	case MATCH_AMBIGUOUS: return "ambiguous";
	case MATCH_UNKNOWN: return "unknown";
	}
	return "";
}

static void
add_why(const struct run *run, struct table *t, const struct match_thing *thing)
{
	const char *sku = sku_of(run, thing);

	switch (thing->end) {
	case MATCH_BY_BARCODE:
		table_add(t, PAINT_PLAIN, "barcode %s", thing->barcode);
		return;
	case MATCH_BY_SKU: table_add(t, PAINT_PLAIN, "its SKU"); return;
	case MATCH_AMBIGUOUS:
		table_add(t, PAINT_PLAIN, "%s", thing->why);
		return;
	case MATCH_BOUND: table_add(t, PAINT_PLAIN, "already"); return;
	case MATCH_UNKNOWN:
		table_add(t, PAINT_PLAIN, "%s%s%s", *sku ? "perhaps " : "", sku,
		          *sku ? ", which has that name" : "");
		return;
	}
}

/* The item it is bound to, now or by --apply, else the SKU that it has there. */
static void
add_thing_row(const struct run *run, struct table *t,
              const struct match_thing *thing)
{
	bool is_good = is_matched(thing) || is_bound(thing);

	table_add(t, is_good ? PAINT_GOOD : PAINT_WARN, "%s", end_name(thing));
	table_add(t, PAINT_PLAIN, "%s", thing->external);
	table_add(t, PAINT_PLAIN, "%s",
	          is_good ? sku_of(run, thing) : thing->sku);
	table_add(t, PAINT_PLAIN, "%s", thing->name);
	add_why(run, t, thing);
}

/* The first of each kind; the rest is a number. */
static void
add_rows(const struct run *run, struct table *t,
         bool (*is_one)(const struct match_thing *))
{
	size_t n = 0;

	for (size_t i = 0; i < match_n_things(run->match); i++) {
		const struct match_thing *thing = match_thing(run->match, i);

		if (is_one(thing) && n++ < SHOWN_MAX)
			add_thing_row(run, t, thing);
	}
	if (n > SHOWN_MAX)
		table_note(t, "… and %zu more of these (--json has all)",
		           n - SHOWN_MAX);
}

static bool
is_ambiguous(const struct match_thing *t)
{
	return t->end == MATCH_AMBIGUOUS;
}

static bool
is_unknown(const struct match_thing *t)
{
	return t->end == MATCH_UNKNOWN;
}

static int
print_account(const struct run *run, const char *name)
{
	static const struct table_column columns[] = {
		{ "", false, false },    { "id there", false, false },
		{ "sku", false, false }, { "name", false, true },
		{ "why", false, false },
	};
	const struct match *m = run->match;
	struct table t;
	int r;

	cli_title("%s: %zu bound, %zu matched, %zu ambiguous, %zu unknown; "
	          "%zu of our items are neither bound nor matched",
	          name, match_count(m, MATCH_BOUND),
	          match_count(m, MATCH_BY_BARCODE) +
	                  match_count(m, MATCH_BY_SKU),
	          match_count(m, MATCH_AMBIGUOUS),
	          match_count(m, MATCH_UNKNOWN), match_count_absent(m));
	if (run->cli->is_quiet)
		return 0;
	table_init(&t, columns, sizeof(columns) / sizeof(*columns), 2);
	add_rows(run, &t, is_matched);
	add_rows(run, &t, is_ambiguous);
	add_rows(run, &t, is_unknown);
	add_rows(run, &t, is_bound);
	r = table_print(&t);
	table_fini(&t);
	return r;
}

static void
say_thing(struct run *run, const struct match_thing *t)
{
	struct json_out *j = &run->j;

	json_out_object(j, NULL);
	json_out_text(j, "external", t->external);
	json_out_text(j, "sku", t->sku);
	json_out_text(j, "barcode", t->barcode);
	json_out_text(j, "name", t->name);
	if (is_matched(t)) {
		json_out_text(j, "item", sku_of(run, t));
		json_out_text(j, "by",
		              t->end == MATCH_BY_SKU ? "sku" : "barcode");
	} else if (is_bound(t)) {
		json_out_text(j, "item", sku_of(run, t));
	} else if (t->end == MATCH_AMBIGUOUS) {
		json_out_text(j, "why", t->why);
	} else if (t->item != MATCH_NO_ITEM) {
		json_out_text(j, "perhaps", sku_of(run, t));
	} else {
		json_out_null(j, "perhaps");
	}
	json_out_end_object(j);
}

static void
say_things(struct run *run, const char *key,
           bool (*is_one)(const struct match_thing *))
{
	json_out_array(&run->j, key);
	for (size_t i = 0; i < match_n_things(run->match); i++)
		if (is_one(match_thing(run->match, i)))
			say_thing(run, match_thing(run->match, i));
	json_out_end_array(&run->j);
}

static void
say_account(struct run *run, const char *name, const char *error)
{
	struct json_out *j = &run->j;

	json_out_object(j, NULL);
	json_out_text(j, "account", name);
	if (error) {
		json_out_text(j, "error", error);
	} else {
		json_out_null(j, "error");
		json_out_int(j, "bound",
		             (int64_t)match_count(run->match, MATCH_BOUND));
		json_out_int(j, "absent",
		             (int64_t)match_count_absent(run->match));
		say_things(run, "matched", is_matched);
		say_things(run, "ambiguous", is_ambiguous);
		say_things(run, "unknown", is_unknown);
		say_things(run, "already_bound", is_bound);
	}
	json_out_end_object(j);
}

/* ---- one account ---- */

static void
fail_account(struct run *run, const char *name, const char *why)
{
	run->n_failed++;
	cli_complain("%s: not matched: %s", name, why);
	if (run->cli->is_json)
		say_account(run, name, why);
}

/* 0, or a fault of ours; what the system is to blame for is told. */
static int
match_account(struct run *run, const struct conf_section *account)
{
	const char *name = conf_account_name(account);
	struct visit *visit = NULL;
	struct buf why = BUF_INIT;
	struct outcome outcome;
	int r = 0;

	if (!cli_can_call(account, &why)) {
		fail_account(run, name, buf_text(&why));
		buf_fini(&why);
		return 0;
	}
	r = cli_visit(&visit, run->cli, run->conf, account, run->station);
	if (r)
		return r;
	outcome = look(run, account, visit);
	visit_close(visit);
	if (outcome.verdict != VERDICT_DONE) {
		fail_account(run, name, outcome.why);
		return 0;
	}
	if (run->cli->is_json)
		say_account(run, name, NULL);
	else
		r = print_account(run, name);
	return r ? r : bind_all(run, name);
}

static bool
is_wanted(const struct run *run, const struct conf_section *account)
{
	bool is_named = run->cli->argc == 1; /* nobody is: all of them */

	for (int i = 1; i < run->cli->argc; i++)
		is_named |=
			!strcmp(run->cli->argv[i], conf_account_name(account));
	return is_named && cli_adapter(run->cli, account)->list_items;
}

static int
match_accounts(struct run *run)
{
	const char *first = conf_text(run->conf->top, "stock.authority");
	int r = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; !r && i < run->conf->n_accounts; i++) {
			const struct conf_section *account =
				run->conf->accounts[i];
			bool is_first =
				first &&
				!strcmp(conf_account_name(account), first);

			if (is_first == (pass == 0) && is_wanted(run, account))
				r = match_account(run, account);
		}
	return r;
}

static void
say_end(const struct run *run)
{
	if (run->cli->is_json) {
		cli_json(&run->text);
		return;
	}
	if (run->cli->is_quiet)
		return;
	if (run->cli->is_apply)
		cli_line("%zu binding%s written", run->n_written,
		         run->n_written == 1 ? " was" : "s were");
	else if (run->n_matched)
		cli_line("nothing was written: --apply binds what "
		         "matched");
}

static int
match_all(struct run *run)
{
	int r = match_new(&run->match);

	run->j.to = &run->text;
	json_out_object(&run->j, NULL);
	json_out_array(&run->j, "accounts");
	if (!r)
		r = store_registry_each_item(run->store, add_item, run->match);
	if (!r)
		r = match_accounts(run);
	json_out_end_array(&run->j);
	json_out_int(&run->j, "written", (int64_t)run->n_written);
	json_out_end_object(&run->j);
	return r ? r : buf_check(&run->text);
}

enum exit_code
items_match_check(const struct cli *cli, const struct conf *conf)
{
	for (int i = 1; i < cli->argc; i++) {
		const char *name = cli->argv[i];
		const struct conf_section *account =
			conf_find_account(conf, name);

		if (account && cli_adapter(cli, account)->list_items)
			continue;
		if (!account)
			return watch_refuse(conf, name, SYNC_UNKNOWN, "");
		cli_complain("%s cannot be asked what is stocked there", name);
		return EXIT_CODE_FAILED;
	}
	return EXIT_CODE_DONE;
}

enum exit_code
items_match(const struct cli *cli, const struct conf *conf,
            struct station *station)
{
	struct run run = { .cli = cli,
		           .conf = conf,
		           .station = station,
		           .store = station_store(station) };
	int r = match_all(&run);

	if (!r)
		say_end(&run);
	match_free(run.match);
	buf_fini(&run.text);
	if (r)
		return cli_fail(r);
	return run.n_failed ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}
