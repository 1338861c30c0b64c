/*
 * tillbridge sync: a catch-up or a full sync now, asked for and watched.
 */
#include "gateway/cli/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/store_sync.h"

enum { LOOK_EVERY_MS = 200 };

struct sync {
	const struct cli *cli;
	const struct conf_section **accounts; /* owned */
	struct watch *watches;                /* owned; one for each account */
	size_t n;
	struct watcher by;
	struct show show;
};

/* ---- of whom ---- */

static enum exit_code
choose(struct sync *s, const struct conf *conf)
{
	size_t n_names = (size_t)s->cli->argc;
	const char **names = calloc(n_names + 1, sizeof(*names));
	size_t bad = 0;
	int r = 0;

	s->accounts = calloc(conf->n_accounts + 1, sizeof(*s->accounts));
	s->watches = calloc(conf->n_accounts + 1, sizeof(*s->watches));
	if (!names || !s->accounts || !s->watches) {
		free(names);
		return cli_fail(err_raise(ERR_NOMEM, "why=%s", "sync"));
	}
	for (size_t i = 0; i < n_names; i++)
		names[i] = s->cli->argv[i];
	r = store_sync_choose(s->accounts, &s->n, conf, s->cli->parts->adapters,
	                      names, n_names, &bad);
	free(names);
	if (r)
		return watch_refuse(conf, s->cli->argv[bad], r, "synced");
	if (!s->n) {
		cli_complain("no account can be synced: all are paused");
		return EXIT_CODE_FAILED;
	}
	return EXIT_CODE_DONE;
}

/* ---- one look at one account ---- */

/* What its mirror has; *n may be 0. The caller frees *out. */
static int
read_mirror(struct sync *s, struct sync_list **out, size_t *n, size_t i)
{
	return store_sync_lists(
		s->by.store, out, n, s->watches[i].name,
		store_sync_lists_of(s->cli->parts->adapters,
	                            conf_account_type(s->accounts[i])));
}

/*
 * The list that was read until now is at its end. We only looked from time to
 * time, so of a full sync the mirror knows better how many rows there are.
 */
static int
leave_list(struct sync *s, size_t i)
{
	struct watch *w = &s->watches[i];
	struct sync_list *lists = NULL;
	size_t n = 0;
	int r = 0;

	if (w->list[0] && s->cli->is_full)
		r = read_mirror(s, &lists, &n, i);
	for (size_t k = 0; k < n; k++)
		if (!strcmp(lists[k].name, w->list) && lists[k].rows > w->rows)
			w->rows = lists[k].rows;
	if (!r)
		show_list(&s->show, w);
	free(lists);
	return r;
}

/* *has_moved: it is not where it was. */
static int
note_list(struct sync *s, size_t i, bool *has_moved)
{
	struct watch *w = &s->watches[i];
	struct sync_progress p;
	bool is_other;
	int r = 0;

	store_sync_progress(&p, &w->health);
	is_other = strcmp(w->list, p.entity) != 0;
	*has_moved = *p.kind && (is_other || p.rows != w->rows);
	if (is_other) {
		r = leave_list(s, i);
		(void)snprintf(w->list, sizeof(w->list), "%s", p.entity);
	}
	w->rows = p.rows;
	return r;
}

static int
count_mirror(struct sync *s, size_t i)
{
	struct watch *w = &s->watches[i];
	struct sync_list *lists = NULL;
	size_t n = 0;
	int r = read_mirror(s, &lists, &n, i);

	for (size_t k = 0; k < n; k++) {
		w->n_mirrored += lists[k].rows;
		w->n_lists += lists[k].rows > 0;
	}
	free(lists);
	return r;
}

/* A dry run that failed is not tried again: its report says why. */
static void
take_report(struct watch *w)
{
	const char *text = health_text(&w->health, "sync_report");
	const struct json_node *report;

	if (json_parse(&w->report, text, strlen(text))) {
		w->end = WATCH_FAILED;
		buf_adds(&w->why, "its worker left no report of the dry run");
		return;
	}
	report = json_root(w->report);
	if (!strcmp(json_text_or(report, "verdict", ""), "done"))
		return;
	w->end = WATCH_FAILED;
	buf_addf(&w->why, "the dry run broke off: %s",
	         json_text_or(report, "why", "nobody says why"));
}

static int
note_done(struct sync *s, size_t i)
{
	struct watch *w = &s->watches[i];
	int r = leave_list(s, i);

	w->end = WATCH_DONE;
	if (!r && !s->cli->is_dry)
		r = count_mirror(s, i);
	if (!r && s->cli->is_dry)
		take_report(w);
	return r;
}

static int
look(struct sync *s, size_t i)
{
	struct watch *w = &s->watches[i];
	bool is_asked = true;
	bool is_served = true;
	bool has_moved = false;
	int r = watch_look(&s->by, w, &is_asked, &is_served);

	if (!r)
		r = note_list(s, i, &has_moved);
	if (r)
		return r;
	if (!is_asked)
		return note_done(s, i);
	watch_judge(&s->by, w, is_served, has_moved);
	return 0;
}

/* ---- all of them ---- */

static int
watch(struct sync *s)
{
	int r = 0;

	while (!watch_is_interrupted()) {
		for (size_t i = 0; !r && i < s->n; i++)
			if (s->watches[i].end == WATCH_OPEN)
				r = look(s, i);
		show_looks(&s->show, s->watches, s->n);
		if (r || !watch_count_open(s->watches, s->n))
			return r;
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	return r;
}

/* ---- for programs ---- */

static void
say_account(struct json_out *j, const struct watch *w)
{
	json_out_object(j, NULL);
	json_out_text(j, "account", w->name);
	json_out_bool(j, "done", w->end == WATCH_DONE);
	if (w->end == WATCH_FAILED)
		json_out_text(j, "why", buf_text(&w->why));
	else
		json_out_null(j, "why");
	json_out_int(j, "took_ms", w->took_ms);
	if (w->end == WATCH_DONE && w->report)
		json_out_raw(j, "report",
		             health_text(&w->health, "sync_report"));
	else
		json_out_null(j, "report");
	json_out_end_object(j);
}

static int
say_all(const struct sync *s)
{
	struct buf text = BUF_INIT;
	struct json_out j = { .to = &text };
	int r;

	json_out_object(&j, NULL);
	json_out_bool(&j, "full", s->cli->is_full);
	json_out_bool(&j, "dry_run", s->cli->is_dry);
	json_out_array(&j, "accounts");
	for (size_t i = 0; i < s->n; i++)
		say_account(&j, &s->watches[i]);
	json_out_end_array(&j);
	json_out_end_object(&j);
	r = buf_check(&text);
	if (!r)
		cli_json(&text);
	buf_fini(&text);
	return r;
}

static enum exit_code
say_end(const struct sync *s)
{
	enum exit_code code = EXIT_CODE_DONE;
	int r = s->cli->is_json ? say_all(s) : 0;

	if (r)
		return cli_fail(r);
	for (size_t i = 0; i < s->n; i++) {
		if (!s->cli->is_json || s->watches[i].end != WATCH_DONE)
			show_end(&s->show, &s->watches[i]);
		if (s->watches[i].end != WATCH_DONE)
			code = EXIT_CODE_FAILED;
	}
	watch_advise(&s->by, watch_count_open(s->watches, s->n));
	return code;
}

static enum exit_code
run(struct sync *s)
{
	int r;

	s->by.mark = store_sync_mark(s->cli->is_full, s->cli->is_dry);
	show_init(&s->show);
	watch_catch_interrupt();
	r = watch_ask(&s->by, s->watches, s->accounts, s->n);
	if (!r)
		r = watch(s);
	return r ? cli_fail(r) : say_end(s);
}

enum exit_code
cli_sync(const struct cli *cli)
{
	struct sync s = { .cli = cli,
		          .by = { .conf_path = cli->conf_path, .work = "sync" },
		          .show = { .is_quiet = cli->is_quiet || cli->is_json,
		                    .is_full = cli->is_full,
		                    .is_dry = cli->is_dry } };
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code = cli_load_operator(&conf, cli);

	if (code == EXIT_CODE_DONE)
		code = choose(&s, conf);
	if (code == EXIT_CODE_DONE)
		code = cli_reach(&station, conf);
	if (code == EXIT_CODE_DONE) {
		s.by.store = station_store(station);
		code = watch_leave_paused(s.by.store, s.accounts, &s.n,
		                          cli->argc > 0, "synced");
	}
	if (code == EXIT_CODE_DONE)
		code = run(&s);
	for (size_t i = 0; i < s.n; i++)
		watch_fini(&s.watches[i]);
	free(s.watches);
	free(s.accounts);
	station_close(station);
	conf_free(conf);
	return code;
}
