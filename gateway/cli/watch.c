/*
 * Asking the accounts' workers and watching them.
 */
#include "gateway/cli/watch.h"

#include <signal.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/drivers/store_sync.h"

enum {
	PATIENCE_MS = 30000, /* with an account that is in trouble */
	/* A daemon that starts just now takes its leases within that time. */
	START_MS = 3000,
};

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t was_interrupted;

static void
note_interrupt(int signal)
{
	(void)signal;
	was_interrupted = 1;
}

void
watch_catch_interrupt(void)
{
	/* A call to Redis under way is not broken off. */
	struct sigaction action = { .sa_handler = note_interrupt,
		                    .sa_flags = SA_RESTART };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
}

bool
watch_is_interrupted(void)
{
	return was_interrupted != 0;
}

/* ---- asking ---- */

enum exit_code
watch_refuse(const struct conf *conf, const char *name, int r, const char *done)
{
	struct buf known = BUF_INIT;

	if (r == SYNC_PAUSED) {
		cli_complain("%s is paused in the configuration: nothing is "
		             "%s before that is taken out",
		             name, done);
		return EXIT_CODE_FAILED;
	}
	if (r == SYNC_INCAPABLE) {
		cli_complain("%s has nothing that could be %s", name, done);
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

enum exit_code
watch_leave_paused(struct store *store, const struct conf_section **accounts,
                   size_t *n, bool is_named, const char *done)
{
	const char *first = NULL;
	int r = store_switch_filter(store, &first, accounts, n);

	if (r)
		return cli_fail(r);
	if (!first || (*n && !is_named))
		return EXIT_CODE_DONE;
	cli_complain("%s is paused: nothing is %s before POST "
	             "/api/accounts/%s/resume",
	             first, done, first);
	return EXIT_CODE_FAILED;
}

int
watch_ask(struct watcher *by, struct watch *watches,
          const struct conf_section *const *accounts, size_t n)
{
	int r = 0;

	by->asked_ms = clock_wall_ms();
	for (size_t i = 0; !r && i < n; i++) {
		struct watch *w = &watches[i];

		w->name = conf_account_name(accounts[i]);
		w->begun_mono_ms = clock_mono_ms();
		r = store_sync_ask(by->store, w->name, by->mark);
	}
	return r;
}

/* ---- one look at one account ---- */

int
watch_look(const struct watcher *by, struct watch *w, bool *is_asked,
           bool *is_served)
{
	int r = store_sync_is_asked(by->store, is_asked, w->name, by->mark);

	if (!r)
		r = store_sync_is_served(by->store, is_served, w->name);
	if (r)
		return r;
	w->took_ms = clock_mono_ms() - w->begun_mono_ms;
	health_fini(&w->health);
	return store_health_get(by->store, &w->health, w->name);
}

/* What its worker said last was an error, and we had asked before that. */
static bool
was_refused(const struct watcher *by, const struct watch *w)
{
	int64_t bad_ms = health_int(&w->health, "last_error_ms");

	return bad_ms >= by->asked_ms &&
	       bad_ms > health_int(&w->health, "last_success_ms");
}

static bool
is_in_trouble(const struct watcher *by, const struct watch *w)
{
	const char *state = health_text(&w->health, "state");

	return !strcmp(state, "waiting") || !strcmp(state, "locked") ||
	       was_refused(by, w);
}

static void
explain_trouble(const struct watcher *by, struct watch *w)
{
	const char *state = health_text(&w->health, "state");
	const char *why = health_text(&w->health, "why");
	bool is_locked = !strcmp(state, "locked");

	if (is_locked)
		buf_adds(&w->why, "refuses our credentials");
	else if (!strcmp(state, "waiting"))
		buf_adds(&w->why, "does not answer as it should");
	else
		buf_addf(&w->why, "refuses the %s", by->work);
	buf_addf(&w->why, "%s%s. ", *why ? ": " : "", why);
	buf_addf(&w->why, "%s; the %s stays asked for and is done then",
	         is_locked ? "Correct the password or token in the "
	                     "configuration and restart tillbridge"
	                   : "It is tried again by itself until it works",
	         by->work);
	w->end = WATCH_FAILED;
}

/* Trouble that lasts. Rows that come in are the opposite of it. */
static void
judge_trouble(struct watcher *by, struct watch *w, bool has_moved)
{
	int64_t now = clock_mono_ms();

	if (has_moved || !is_in_trouble(by, w)) {
		w->trouble_mono_ms = 0;
		return;
	}
	if (!w->trouble_mono_ms)
		w->trouble_mono_ms = now;
	if (now - w->trouble_mono_ms >= PATIENCE_MS)
		explain_trouble(by, w);
}

/* A call longer than a lease lets it run out, so one that was served has
   patience. */
static void
judge_alone(struct watcher *by, struct watch *w, bool is_served)
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
	by->is_alone = true;
}

void
watch_judge(struct watcher *by, struct watch *w, bool is_served, bool has_moved)
{
	int64_t off_ms = 0;

	if (!store_switch_get(by->store, &off_ms, w->name) && off_ms) {
		buf_addf(&w->why, "was paused; the %s stays asked for",
		         by->work);
		w->end = WATCH_FAILED;
		return;
	}
	judge_alone(by, w, is_served);
	if (w->end == WATCH_OPEN)
		judge_trouble(by, w, has_moved);
}

/* ---- the end ---- */

size_t
watch_count_open(const struct watch *watches, size_t n)
{
	size_t n_open = 0;

	for (size_t i = 0; i < n; i++)
		n_open += watches[i].end == WATCH_OPEN;
	return n_open;
}

void
watch_advise(const struct watcher *by, size_t n_open)
{
	if (by->is_alone)
		cli_complain("start it with tillbridge run -c %s: what was "
		             "asked for stays and is done then",
		             by->conf_path);
	if (n_open)
		cli_complain("no longer watching; the %s goes on "
		             "(tillbridge status, or the status page)",
		             by->work);
}

void
watch_fini(struct watch *w)
{
	health_fini(&w->health);
	json_free(w->report);
	buf_fini(&w->why);
}
