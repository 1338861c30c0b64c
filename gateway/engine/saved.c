/* What must survive the loss of Redis. */
#include "gateway/engine/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/engine/worker.h"

enum { SAVE_EVERY_MS = 10000, FILE_MAX = 65536, ID_BYTES = 16 };

/* Cursor: sales up to then, by the channel's clock, are in doubt. Our own clock
   may have been set back since they were posted, so all of them are until the
   channel has told its own. */
#define DOUBT     "doubt"
#define DOUBT_ALL INT64_MAX
/* A Date header has whole seconds, and small differences are not told. */
#define DOUBT_MARGIN_MS 3000

#define FILE_NAME "installation.json"

/* The file in memory. One process has one; the lock guards it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char installation[2 * ID_BYTES + 1];

struct saved {
	char account[64];
	int64_t sales_ms;
	int64_t returns_ms;
	int64_t off_ms;        /* since when a person has switched it off; 0 */
	int64_t saved_mono_ms; /* when this one was written; 0: never */
};

static struct saved *saved;
static size_t n_saved;
static int64_t schedule_off_ms; /* since when the schedule is; 0: it is on */

/* The account's place, made when new; NULL when out of memory. Locked. */
static struct saved *
place_of(const char *account)
{
	struct saved *grown;

	for (size_t i = 0; i < n_saved; i++)
		if (!strcmp(saved[i].account, account))
			return &saved[i];
	grown = realloc(saved, (n_saved + 1) * sizeof(*saved));
	if (!grown)
		return NULL;
	saved = grown;
	saved[n_saved] = (struct saved){ 0 };
	(void)snprintf(saved[n_saved].account, sizeof(saved->account), "%s",
	               account);
	return &saved[n_saved++];
}

/* Of store_switch.h; NULL when out of memory. Locked. */
static int64_t *
switch_of(const char *what)
{
	struct saved *s;

	if (!strcmp(what, SWITCH_SCHEDULE))
		return &schedule_off_ms;
	s = place_of(what);
	return s ? &s->off_ms : NULL;
}

/* ---- the file ---- */

static bool
read_account(void *ctx, const char *key, const struct json_node *value)
{
	struct saved *s = place_of(key);
	int64_t ms = 0;

	(void)ctx;
	if (s && !json_get_int(&ms, value, "sales_confirmed_ms"))
		s->sales_ms = ms;
	if (s && !json_get_int(&ms, value, "returns_confirmed_ms"))
		s->returns_ms = ms;
	if (s && !json_get_int(&ms, value, "paused_ms"))
		s->off_ms = ms;
	return true;
}

/* Read the file; installation stays "" when there is none. Locked. */
static int
read_file(const char *path)
{
	struct json *doc = NULL;
	char *text = calloc(1, FILE_MAX);
	FILE *f = fopen(path, "re");
	size_t n;

	/* Nothing of another state_dir, from before a reload. */
	installation[0] = '\0';
	n_saved = 0;
	schedule_off_ms = 0;
	if (!text) {
		if (f)
			(void)fclose(f);
		return err_raise(ERR_NOMEM, "why=%s", "installation");
	}
	n = f ? fread(text, 1, FILE_MAX - 1, f) : 0;
	if (f)
		(void)fclose(f);
	if (n && !json_parse(&doc, text, n)) {
		(void)snprintf(
			installation, sizeof(installation), "%s",
			json_text_or(json_root(doc), "installation", ""));
		json_each(json_find(json_root(doc), "accounts"), read_account,
		          NULL);
		if (json_get_int(&schedule_off_ms, json_root(doc),
		                 "schedule_stopped_ms"))
			schedule_off_ms = 0;
	}
	json_free(doc);
	free(text);
	return 0;
}

static void
encode(struct buf *out)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_int(&o, "version", 1);
	json_out_text(&o, "installation", installation);
	if (schedule_off_ms)
		json_out_int(&o, "schedule_stopped_ms", schedule_off_ms);
	json_out_object(&o, "accounts");
	for (size_t i = 0; i < n_saved; i++) {
		json_out_object(&o, saved[i].account);
		json_out_int(&o, "sales_confirmed_ms", saved[i].sales_ms);
		if (saved[i].returns_ms)
			json_out_int(&o, "returns_confirmed_ms",
			             saved[i].returns_ms);
		if (saved[i].off_ms)
			json_out_int(&o, "paused_ms", saved[i].off_ms);
		json_out_end_object(&o);
	}
	json_out_end_object(&o);
	json_out_end_object(&o);
	buf_addc(out, '\n');
}

static int
write_all(int fd, const struct buf *text)
{
	size_t at = 0;

	while (at < text->n) {
		ssize_t n = write(fd, text->p + at, text->n - at);

		if (n < 0 && errno != EINTR)
			return ERR_OS;
		at += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) ? ERR_OS : 0;
}

/* Make the rename itself durable. */
static void
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

/* Replace the file. Locked. */
static int
write_file(const char *dir)
{
	struct buf text = BUF_INIT;
	char *path = text_format("%s/" FILE_NAME, dir);
	char *fresh = text_format("%s/" FILE_NAME ".new", dir);
	int fd = -1;
	int r = path && fresh ? 0 : ERR_NOMEM;

	encode(&text);
	if (!r)
		r = buf_check(&text);
	if (!r)
		fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		          0600);
	if (!r && fd < 0)
		r = ERR_OS;
	if (!r)
		r = write_all(fd, &text);
	if (fd >= 0)
		(void)close(fd);
	if (!r && rename(fresh, path))
		r = ERR_OS;
	if (!r)
		sync_dir(dir);
	if (r)
		r = err_raise(r, "why=%s", log_quote(strerror(errno)));
	buf_fini(&text);
	free(path);
	free(fresh);
	return r;
}

/* ---- at start ---- */

static int
make_id(void)
{
	unsigned char id[ID_BYTES];
	int r = crypto_random(id, sizeof(id));

	if (!r)
		crypto_hex_encode(installation, id, sizeof(id));
	return r;
}

/* What a person has switched off is on only when a person says so. Locked. */
static int
restore_switches(struct store *store)
{
	int r = 0;

	if (schedule_off_ms)
		r = store_switch_restore(store, SWITCH_SCHEDULE,
		                         schedule_off_ms);
	for (size_t i = 0; !r && i < n_saved; i++)
		if (saved[i].off_ms)
			r = store_switch_restore(store, saved[i].account,
			                         saved[i].off_ms);
	return r;
}

/* Switched off before the file knew of it, or by the last seconds of a process
   that died. Locked. */
static int
read_switches(struct store *store, const struct conf *conf)
{
	int r = store_switch_get(store, &schedule_off_ms, SWITCH_SCHEDULE);

	for (size_t i = 0; !r && i < conf->n_accounts; i++) {
		const char *name = conf_account_name(conf->accounts[i]);
		int64_t off_ms = 0;
		struct saved *s;

		r = store_switch_get(store, &off_ms, name);
		s = place_of(name);
		if (!r && s)
			s->off_ms = off_ms;
	}
	return r;
}

/* Redis lost its data: what closed since the saved cursors is in doubt. */
static int
survive_loss(struct store *store, const struct conf *conf)
{
	int64_t now = clock_wall_ms();
	int r = 0;

	for (size_t i = 0; i < n_saved; i++)
		if (saved[i].sales_ms > now)
			now = saved[i].sales_ms; /* our clock is behind */
	log_error("store.lost_data", "why=%s",
	          log_quote("Redis is empty but this installation is not new: "
	                    "import the items again; sales since the last "
	                    "confirmed one are held until they are looked up"));
	for (size_t i = 0; !r && i < conf->n_accounts; i++) {
		const char *name = conf_account_name(conf->accounts[i]);
		const struct saved *s = place_of(name);
		int64_t from = s ? s->sales_ms : 0;

		/* Of an account without sales too: what a shop had sent us for
		   it before is in doubt as well. */
		r = store_cursor_set(store, name, DOUBT, DOUBT_ALL);
		if (!r)
			r = store_cursor_set(store, name, "lost", now);
		if (!r && from)
			r = store_cursor_set(store, name, SAVED_SALES, from);
		if (!r && from)
			r = store_cursor_set(store, name, SAVED_RETURNS,
			                     s->returns_ms ? s->returns_ms
			                                   : from);
		if (!r && from)
			r = store_cursor_set(store, name, "sales", from);
	}
	return r;
}

int
saved_check(struct store *store, const struct conf *conf, const char *state_dir)
{
	struct buf known = BUF_INIT;
	char *path = text_format("%s/" FILE_NAME, state_dir);
	bool is_new;
	int r;

	(void)pthread_mutex_lock(&lock);
	r = path ? read_file(path) : ERR_NOMEM;
	is_new = !installation[0];
	if (!r)
		r = store_value_get(store, &known, "installation");
	if (r == STORE_ABSENT) {
		r = is_new ? make_id() : survive_loss(store, conf);
		if (!r)
			r = restore_switches(store);
		if (!r)
			r = store_value_set(store, "installation",
			                    installation);
	} else if (!r) {
		(void)snprintf(installation, sizeof(installation), "%s",
		               buf_text(&known));
		r = read_switches(store, conf);
	}
	if (!r)
		r = write_file(state_dir);
	(void)pthread_mutex_unlock(&lock);
	buf_fini(&known);
	free(path);
	return r;
}

/* ---- while running ---- */

/* Has Redis still what it was told? ERR_STORE: who knows. */
static int
is_lost(struct store *store, bool *out)
{
	struct buf known = BUF_INIT;
	int r = store_value_get(store, &known, "installation");

	*out = r == STORE_ABSENT;
	buf_fini(&known);
	return *out ? 0 : r;
}

/* What the file says of it. False: there is none. */
static bool
recall_switch(const char *what, int64_t *off_ms)
{
	const int64_t *known;
	bool is_there;

	(void)pthread_mutex_lock(&lock);
	known = switch_of(what);
	is_there = installation[0] && known;
	*off_ms = is_there ? *known : 0;
	(void)pthread_mutex_unlock(&lock);
	return is_there;
}

static void
remember_switch(const char *state_dir, const char *what, int64_t off_ms)
{
	int64_t *known;

	(void)pthread_mutex_lock(&lock);
	known = switch_of(what);
	if (known)
		*known = off_ms;
	/* A full disk: it is in the next file that is written. */
	if (known)
		(void)write_file(state_dir);
	(void)pthread_mutex_unlock(&lock);
}

int
saved_switch_get(struct store *store, int64_t *since_ms, const char *state_dir,
                 const char *what)
{
	int64_t known_ms = 0;
	bool is_saved = recall_switch(what, &known_ms);
	bool is_gone = false;
	int r = store_switch_get(store, since_ms, what);

	if (r || !is_saved || *since_ms == known_ms)
		return r;
	if (!*since_ms)
		r = is_lost(store, &is_gone);
	if (r || is_gone)
		*since_ms = known_ms;
	else
		remember_switch(state_dir, what, *since_ms);
	return r;
}

/* What a shop sent before the loss is dated by its clock, so the moment of the
   loss must not be by one that is behind. */
static int
put_off_loss(struct worker *w, int64_t their_ms)
{
	const struct conf *conf = w->engine->conf;
	int r = 0;

	for (size_t i = 0; !r && i < conf->n_accounts; i++) {
		const char *name = conf_account_name(conf->accounts[i]);
		int64_t lost = 0;

		r = store_cursor_get(w->store, &lost, name, "lost");
		if (!r && lost && lost < their_ms)
			r = store_cursor_set(w->store, name, "lost", their_ms);
	}
	return r;
}

int
saved_end_doubt(struct worker *w)
{
	int64_t doubt = 0;
	int r = store_cursor_get(w->store, &doubt, w->account, DOUBT);

	if (r || doubt != DOUBT_ALL)
		return r;
	doubt = worker_their_ms(w, clock_wall_ms()) + DOUBT_MARGIN_MS;
	r = put_off_loss(w, doubt);
	return r ? r : store_cursor_set(w->store, w->account, DOUBT, doubt);
}

int
saved_is_doubtful(struct worker *w, int64_t closed_ms, bool *out)
{
	int64_t until = 0;
	int r = store_cursor_get(w->store, &until, w->account, DOUBT);

	if (!r && !until) /* a loss before this version */
		r = store_cursor_get(w->store, &until, w->account, "lost");
	*out = closed_ms <= until;
	return r;
}

/* Is any entry on its way? Then a sale before the cursor may be unposted. */
static int
is_quiet(struct worker *w, bool *out)
{
	static const char *const open_states[] = { "posting", "uncertain",
		                                   "refused", "held" };
	const struct conf *conf = w->engine->conf;
	int64_t sum = 0;
	int64_t n = 0;
	int r = 0;

	for (size_t i = 0; !r && i < 4; i++, sum += n)
		r = store_ledger_count(w->store, &n, open_states[i]);
	for (size_t i = 0; !r && i < conf->n_accounts; i++, sum += n)
		r = store_ledger_count_ready(
			w->store, &n, conf_account_name(conf->accounts[i]));
	if (!r)
		r = store_accounts_count_stranded(w->store, &n);
	sum += n;
	*out = sum == 0;
	return r;
}

/*
 * Entries are on their way, so nothing is confirmed up to now. Before the
 * first quiet moment at least the account's begin is: without it, a loss would
 * take all of its sales for history. 0: what is saved stands.
 */
static int
begin_of_account(struct worker *w, int64_t saved_ms, int64_t *out)
{
	int64_t start = 0;
	int r = 0;

	*out = 0;
	if (!saved_ms)
		r = store_cursor_get(w->store, &start, w->account, "start");
	if (!r && start > 0)
		*out = start - 1;
	return r;
}

int
saved_cursor_advance(struct worker *w, int64_t until_ms)
{
	int64_t now = clock_mono_ms();
	struct saved *s;
	int64_t saved_ms;
	int64_t returns_ms = 0;
	bool quiet = false;
	bool is_due;
	int r;

	(void)pthread_mutex_lock(&lock);
	s = place_of(w->account);
	saved_ms = s ? s->sales_ms : 0;
	is_due = s && until_ms > s->sales_ms &&
	         (!s->saved_mono_ms || now - s->saved_mono_ms >= SAVE_EVERY_MS);
	(void)pthread_mutex_unlock(&lock);
	if (!is_due)
		return 0;
	r = is_quiet(w, &quiet);
	if (!r && quiet)
		r = store_cursor_get(w->store, &returns_ms, w->account,
		                     "returns");
	else if (!r)
		r = begin_of_account(w, saved_ms, &until_ms);
	if (r || !until_ms)
		return r;
	(void)pthread_mutex_lock(&lock);
	s = place_of(w->account);
	if (s) {
		s->sales_ms = until_ms;
		if (returns_ms)
			s->returns_ms = returns_ms;
		s->saved_mono_ms = now;
		/* A full disk must not stop sales: the next one tries again. */
		(void)write_file(w->engine->state_dir);
	}
	(void)pthread_mutex_unlock(&lock);
	return 0;
}
