/*
 * tillbridge sync: a catch-up or a full sync now.
 *
 * The command only asks: it marks the accounts, and their workers in the
 * daemon do the rest. Then it watches until the marks are gone. Whatever ends
 * the watching, the marks stay and are done when they can be.
 */
#include "gateway/cli/sync.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/store_sync.h"

enum {
	LOOK_EVERY_MS = 200,
	PATIENCE_MS = 30000, /* with an account that is in trouble */
	/* A daemon that starts just now takes its leases within that time. */
	START_MS = 3000,
	COLUMNS = 80, /* of a terminal that does not say */
};

struct sync {
	const struct cli *cli;
	struct store *store;
	const struct conf_section **accounts; /* owned */
	struct watch *watches;                /* owned; one for each account */
	size_t n;
	const char *mark;
	int64_t asked_ms; /* wall clock */
	bool is_alone;    /* no daemon is there */
	struct show show;
};

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t was_interrupted;

static void
note_interrupt(int signal)
{
	(void)signal;
	was_interrupted = 1;
}

static void
watch_for_interrupt(void)
{
	/* A call to Redis under way is not broken off. */
	struct sigaction action = { .sa_handler = note_interrupt,
		                    .sa_flags = SA_RESTART };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
}

/* ---- of whom ---- */

static enum exit_code
refuse(const struct conf *conf, const char *name, int r)
{
	struct buf known = BUF_INIT;

	if (r == SYNC_PAUSED) {
		cli_complain("%s is paused in the configuration: nothing is "
		             "synced before that is taken out",
		             name);
		return EXIT_CODE_FAILED;
	}
	if (r == SYNC_INCAPABLE) {
		cli_complain("%s has nothing that could be synced", name);
		return EXIT_CODE_FAILED;
	}
	for (size_t i = 0; i < conf->n_accounts; i++)
		buf_addf(&known, "%s%s", i ? ", " : "",
		         conf_account_name(conf->accounts[i]));
	cli_complain("there is no account %s; there are: %s", name,
	             buf_text(&known));
	buf_fini(&known);
	return EXIT_CODE_USAGE;
}

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
		return refuse(conf, s->cli->argv[bad], r);
	if (!s->n) {
		cli_complain("no account can be synced: all are paused");
		return EXIT_CODE_FAILED;
	}
	return EXIT_CODE_DONE;
}

/* ---- asking ---- */

static int
ask(struct sync *s)
{
	int r = 0;

	s->asked_ms = clock_wall_ms();
	for (size_t i = 0; !r && i < s->n; i++) {
		struct watch *w = &s->watches[i];

		w->name = conf_account_name(s->accounts[i]);
		w->begun_mono_ms = clock_mono_ms();
		r = store_sync_ask(s->store, w->name, s->mark);
	}
	return r;
}

/* ---- one look at one account ---- */

/* What its worker said last was an error, and we had asked before that. */
static bool
was_refused(const struct sync *s, const struct watch *w)
{
	int64_t bad_ms = health_int(&w->health, "last_error_ms");

	return bad_ms >= s->asked_ms &&
	       bad_ms > health_int(&w->health, "last_success_ms");
}

static bool
is_in_trouble(const struct sync *s, const struct watch *w)
{
	const char *state = health_text(&w->health, "state");

	return !strcmp(state, "waiting") || !strcmp(state, "locked") ||
	       was_refused(s, w);
}

static void
explain_trouble(struct watch *w)
{
	const char *state = health_text(&w->health, "state");
	const char *why = health_text(&w->health, "why");
	bool is_locked = !strcmp(state, "locked");
	const char *what = is_locked ? "refuses our credentials"
	                   : !strcmp(state, "waiting")
	                           ? "does not answer as it should"
	                           : "refuses the sync";

	buf_addf(&w->why, "%s%s%s. ", what, *why ? ": " : "", why);
	buf_addf(&w->why, "%s; the sync stays asked for and is done then",
	         is_locked ? "Correct the password or token in the "
	                     "configuration and restart tillbridge"
	                   : "It is tried again by itself until it works");
	w->end = WATCH_FAILED;
}

/* Trouble that lasts. Rows that come in are the opposite of it. */
static void
judge_trouble(struct sync *s, struct watch *w, bool has_moved)
{
	int64_t now = clock_mono_ms();

	if (has_moved || !is_in_trouble(s, w)) {
		w->trouble_mono_ms = 0;
		return;
	}
	if (!w->trouble_mono_ms)
		w->trouble_mono_ms = now;
	if (now - w->trouble_mono_ms >= PATIENCE_MS)
		explain_trouble(w);
}

/* A call longer than a lease lets it run out, so one that was served has
   patience. */
static void
judge_alone(struct sync *s, struct watch *w, bool is_served)
{
	int64_t now = clock_mono_ms();

	if (is_served) {
		w->was_served = true;
		w->alone_mono_ms = 0;
		return;
	}
	if (!w->alone_mono_ms)
		w->alone_mono_ms = now;
	if (now - w->alone_mono_ms < (w->was_served ? PATIENCE_MS : START_MS))
		return;
	buf_adds(&w->why, "no daemon is running");
	w->end = WATCH_FAILED;
	s->is_alone = true;
}

/* What its mirror has; *n may be 0. The caller frees *out. */
static int
read_mirror(struct sync *s, struct sync_list **out, size_t *n, size_t i)
{
	return store_sync_lists(
		s->store, out, n, s->watches[i].name,
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
	int r = store_sync_is_asked(s->store, &is_asked, w->name, s->mark);

	if (!r)
		r = store_sync_is_served(s->store, &is_served, w->name);
	if (r)
		return r;
	health_fini(&w->health);
	r = store_health_get(s->store, &w->health, w->name);
	if (r)
		return r;
	r = note_list(s, i, &has_moved);
	if (r)
		return r;
	w->took_ms = clock_mono_ms() - w->begun_mono_ms;
	if (!is_asked)
		return note_done(s, i);
	judge_alone(s, w, is_served);
	if (w->end == WATCH_OPEN)
		judge_trouble(s, w, has_moved);
	return 0;
}

/* ---- all of them ---- */

static size_t
count_open(const struct sync *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->watches[i].end == WATCH_OPEN;
	return n;
}

static int
watch(struct sync *s)
{
	int r = 0;

	while (!was_interrupted) {
		for (size_t i = 0; !r && i < s->n; i++)
			if (s->watches[i].end == WATCH_OPEN)
				r = look(s, i);
		show_looks(&s->show, s->watches, s->n);
		if (r || !count_open(s))
			return r;
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	return r;
}

static enum exit_code
say_end(const struct sync *s)
{
	enum exit_code code = EXIT_CODE_DONE;

	for (size_t i = 0; i < s->n; i++) {
		show_end(&s->show, &s->watches[i]);
		if (s->watches[i].end != WATCH_DONE)
			code = EXIT_CODE_FAILED;
	}
	if (s->is_alone)
		cli_complain("start it with tillbridge run -c %s: what was "
		             "asked for stays and is done then",
		             s->cli->conf_path);
	if (count_open(s))
		cli_complain("no longer watching; the sync goes on "
		             "(tillbridge status, or the status page)");
	return code;
}

static void
look_around(struct sync *s)
{
	struct winsize size;
	const char *term = getenv("TERM");

	s->show = (struct show){
		.is_terminal = isatty(STDOUT_FILENO) && term &&
		               strcmp(term, "dumb") != 0,
		.is_quiet = s->cli->is_quiet,
		.is_full = s->cli->is_full,
		.is_dry = s->cli->is_dry,
		.columns = COLUMNS,
	};
	if (s->show.is_terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) &&
	    size.ws_col > 0)
		s->show.columns = size.ws_col;
}

static enum exit_code
run(struct sync *s)
{
	int r;

	s->mark = store_sync_mark(s->cli->is_full, s->cli->is_dry);
	look_around(s);
	watch_for_interrupt();
	r = ask(s);
	if (!r)
		r = watch(s);
	return r ? cli_fail(r) : say_end(s);
}

enum exit_code
cli_sync(const struct cli *cli)
{
	struct sync s = { .cli = cli };
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code = cli_load_operator(&conf, cli);

	if (code == EXIT_CODE_DONE)
		code = choose(&s, conf);
	if (code == EXIT_CODE_DONE)
		code = cli_reach(&station, conf);
	if (code == EXIT_CODE_DONE) {
		s.store = station_store(station);
		code = run(&s);
	}
	for (size_t i = 0; i < s.n; i++) {
		health_fini(&s.watches[i].health);
		json_free(s.watches[i].report);
		buf_fini(&s.watches[i].why);
	}
	free(s.watches);
	free(s.accounts);
	station_close(station);
	conf_free(conf);
	return code;
}
