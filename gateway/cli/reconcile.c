/*
 * tillbridge reconcile: compare every item in every system, and say what is not
 * as it should be.
 *
 * The accounts' workers compare and, with --fix, have what drifted looked at
 * (reconcile.c of the engine); this asks them, watches, and shows what they
 * found. Status 1 when there is drift, or with --fix when some is left.
 */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/cli/sync.h"
#include "gateway/cli/table.h"
#include "gateway/cli/watch.h"
#include "gateway/drivers/store_reconcile.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_sync.h"

enum { LOOK_EVERY_MS = 200 };

struct run {
	const struct cli *cli;
	const struct conf_section **accounts; /* owned */
	struct watch *watches;                /* owned; one for each account */
	struct reconcile_report *reports;     /* owned; as they end */
	size_t n;
	struct watcher by;
	struct show show;
};

/* ---- of whom ---- */

static enum exit_code
choose(struct run *run, const struct conf *conf)
{
	size_t n_names = (size_t)run->cli->argc;
	size_t max = conf->n_accounts + 1;
	const char **names = calloc(n_names + 1, sizeof(*names));
	size_t bad = 0;
	int r;

	run->accounts = calloc(max, sizeof(*run->accounts));
	run->watches = calloc(max, sizeof(*run->watches));
	run->reports = calloc(max, sizeof(*run->reports));
	if (!names || !run->accounts || !run->watches || !run->reports) {
		free(names);
		return cli_fail(err_raise(ERR_NOMEM, "why=%s", "reconcile"));
	}
	for (size_t i = 0; i < n_names; i++)
		names[i] = run->cli->argv[i];
	r = store_sync_choose_reconcile(run->accounts, &run->n, conf,
	                                run->cli->parts->adapters, names,
	                                n_names, &bad);
	free(names);
	if (r)
		return watch_refuse(conf, run->cli->argv[bad], r, "compared");
	if (!run->n) {
		cli_complain("no account can be compared: all are paused");
		return EXIT_CODE_FAILED;
	}
	return EXIT_CODE_DONE;
}

/* ---- watching ---- */

static int
take_report(struct run *run, size_t i)
{
	struct watch *w = &run->watches[i];
	int r = store_reconcile_get(run->by.store, &run->reports[i], w->name);

	w->end = WATCH_DONE;
	if (r == RECONCILE_ABSENT) {
		w->end = WATCH_FAILED;
		buf_adds(&w->why, "its worker left no report");
		r = 0;
	}
	return r;
}

static int
look(struct run *run, size_t i)
{
	struct watch *w = &run->watches[i];
	struct sync_progress p;
	bool is_asked = true;
	bool is_served = true;
	int r = watch_look(&run->by, w, &is_asked, &is_served);

	if (r)
		return r;
	if (!is_asked)
		return take_report(run, i);
	store_sync_progress(&p, &w->health);
	watch_judge(&run->by, w, is_served, *p.kind && p.rows != w->rows);
	w->rows = p.rows;
	return 0;
}

static int
watch(struct run *run)
{
	int r = 0;

	while (!watch_is_interrupted()) {
		for (size_t i = 0; !r && i < run->n; i++)
			if (run->watches[i].end == WATCH_OPEN)
				r = look(run, i);
		show_looks(&run->show, run->watches, run->n);
		if (r || !watch_count_open(run->watches, run->n))
			return r;
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	return r;
}

/* ---- showing ---- */

/* The item's name; "" when it has none or is gone. The caller frees *out. */
static int
find_name(struct run *run, char **out, const char *sku)
{
	struct item item = { 0 };
	int r = store_registry_get(run->by.store, &item, sku);

	*out = NULL;
	if (r && r != REGISTRY_ABSENT)
		return r;
	*out = text_dup(item.name ? item.name : "");
	item_fini(&item);
	return *out ? 0 : err_raise(ERR_NOMEM, "why=%s", "name");
}

static const char *
format_known(char text[DECIMAL_TEXT_SIZE], bool is_known, struct decimal d)
{
	return is_known ? decimal_format(text, d) : "?";
}

static int
add_row(struct run *run, struct table *t, const char *account,
        const struct reconcile_row *row)
{
	char shown[DECIMAL_TEXT_SIZE];
	char should[DECIMAL_TEXT_SIZE];
	char *name = NULL;
	int r = find_name(run, &name, row->sku);

	if (r)
		return r;
	table_add(t, PAINT_PLAIN, "%s", account);
	table_add(t, PAINT_PLAIN, "%s", row->sku);
	table_add(t, PAINT_PLAIN, "%s", name);
	table_add(t, PAINT_PLAIN, "%s",
	          format_known(shown, row->has_shown, row->shown));
	table_add(t, PAINT_PLAIN, "%s",
	          format_known(should, row->has_should, row->should));
	table_add(t, PAINT_PLAIN, "%s", reconcile_why_name(row->why));
	free(name);
	return 0;
}

static int
show_rows(struct run *run)
{
	static const struct table_column columns[] = {
		{ "account", false, false },    { "sku", false, false },
		{ "name", false, true },        { "shows", true, false },
		{ "should show", true, false }, { "why", false, false },
	};
	struct table t;
	int r = 0;

	table_init(&t, columns, sizeof(columns) / sizeof(*columns), 0);
	for (size_t i = 0; i < run->n; i++)
		for (size_t j = 0; !r && j < run->reports[i].n; j++)
			r = add_row(run, &t, run->watches[i].name,
			            &run->reports[i].rows[j]);
	if (!r)
		r = table_print(&t);
	table_fini(&t);
	return r;
}

static void
add_figure(struct buf *out, int64_t n, const char *what)
{
	if (n)
		buf_addf(out, ", %lld %s", (long long)n, what);
}

static void
show_tally(const struct run *run, size_t i)
{
	const struct reconcile_tally *t = &run->reports[i].tally;
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: %lld item%s compared", run->watches[i].name,
	         (long long)t->compared, t->compared == 1 ? "" : "s");
	add_figure(&line, t->corrected, "corrected");
	buf_addf(&line, ", %lld drifted%s", (long long)t->drifted,
	         t->is_fix && t->drifted ? " and not corrected" : "");
	add_figure(&line, t->held,
	           "of them held as zeros, for you to decide on");
	add_figure(&line, t->moving, "in motion");
	add_figure(&line, t->unknown, "unknown");
	add_figure(&line, t->unresolved, "bound to what is not found there");
	add_figure(&line, t->unbound, "not bound");
	cli_line("%s", buf_text(&line));
	if (t->drifted + t->corrected + t->moving + t->unknown >
	    (int64_t)run->reports[i].n)
		cli_line("%s: only the first ones are listed",
		         run->watches[i].name);
	buf_fini(&line);
}

static int
show_all(struct run *run)
{
	int r = show_rows(run);

	for (size_t i = 0; !r && i < run->n; i++)
		if (run->watches[i].end == WATCH_DONE && !run->cli->is_quiet)
			show_tally(run, i);
	return r;
}

/* ---- for machines ---- */

static int
put_row(struct run *run, struct json_out *o, const struct reconcile_row *row)
{
	char *name = NULL;
	int r = find_name(run, &name, row->sku);

	if (r)
		return r;
	json_out_object(o, NULL);
	json_out_text(o, "sku", row->sku);
	json_out_text(o, "name", name);
	json_out_text(o, "why", reconcile_why_name(row->why));
	if (row->has_shown)
		json_out_decimal(o, "shows", row->shown);
	else
		json_out_null(o, "shows");
	if (row->has_should)
		json_out_decimal(o, "should_show", row->should);
	else
		json_out_null(o, "should_show");
	if (row->since_ms)
		json_out_int(o, "since_ms", row->since_ms);
	else
		json_out_null(o, "since_ms");
	json_out_end_object(o);
	free(name);
	return 0;
}

static int
put_account(struct run *run, struct json_out *o, size_t i)
{
	const struct watch *w = &run->watches[i];
	const struct reconcile_report *report = &run->reports[i];
	int r = 0;

	json_out_object(o, NULL);
	json_out_text(o, "account", w->name);
	json_out_bool(o, "done", w->end == WATCH_DONE);
	if (w->end == WATCH_DONE) {
		reconcile_tally_out(o, &report->tally);
		json_out_array(o, "rows");
		for (size_t j = 0; !r && j < report->n; j++)
			r = put_row(run, o, &report->rows[j]);
		json_out_end_array(o);
	} else {
		json_out_text(o, "why", buf_text(&w->why));
	}
	json_out_end_object(o);
	return r;
}

static int
put_all(struct run *run)
{
	struct buf text = BUF_INIT;
	struct json_out o = { .to = &text };
	int r = 0;

	json_out_object(&o, NULL);
	json_out_array(&o, "accounts");
	for (size_t i = 0; !r && i < run->n; i++)
		r = put_account(run, &o, i);
	json_out_end_array(&o);
	json_out_end_object(&o);
	if (!r)
		r = buf_check(&text);
	if (!r)
		cli_json(&text);
	buf_fini(&text);
	return r;
}

/* ---- the command ---- */

static enum exit_code
end(const struct run *run)
{
	enum exit_code code = EXIT_CODE_DONE;

	(void)fflush(stdout);
	for (size_t i = 0; i < run->n; i++) {
		const struct watch *w = &run->watches[i];

		if (w->end == WATCH_FAILED)
			cli_complain("%s: %s", w->name, buf_text(&w->why));
		if (w->end != WATCH_DONE || run->reports[i].tally.drifted)
			code = EXIT_CODE_FAILED;
	}
	watch_advise(&run->by, watch_count_open(run->watches, run->n));
	return code;
}

static enum exit_code
reconcile(struct run *run)
{
	int r;

	show_init(&run->show);
	run->show.is_quiet |= run->cli->is_json;
	watch_catch_interrupt();
	r = watch_ask(&run->by, run->watches, run->accounts, run->n);
	if (!r)
		r = watch(run);
	if (!r)
		r = run->cli->is_json ? put_all(run) : show_all(run);
	return r ? cli_fail(r) : end(run);
}

static void
run_fini(struct run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		watch_fini(&run->watches[i]);
		reconcile_report_fini(&run->reports[i]);
	}
	free(run->accounts);
	free(run->watches);
	free(run->reports);
}

enum exit_code
cli_reconcile(const struct cli *cli)
{
	struct run run = {
		.cli = cli,
		.by = { .conf_path = cli->conf_path,
		        .mark = cli->is_fix ? MARK_RECONCILE_FIX
		                            : MARK_RECONCILE,
		        .work = "comparison" },
		.show = { .is_quiet = cli->is_quiet, .kind = "comparison" },
	};
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code = cli_load_operator(&conf, cli);

	if (code == EXIT_CODE_DONE)
		code = choose(&run, conf);
	if (code == EXIT_CODE_DONE)
		code = cli_reach(&station, conf);
	if (code == EXIT_CODE_DONE) {
		run.by.store = station_store(station);
		code = watch_leave_paused(run.by.store, run.accounts, &run.n,
		                          cli->argc > 0, "compared");
	}
	if (code == EXIT_CODE_DONE)
		code = reconcile(&run);
	run_fini(&run);
	station_close(station);
	conf_free(conf);
	return code;
}
