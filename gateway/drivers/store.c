/*
 * Redis: connection, scripts, reconnecting.
 *
 * One function opens *and* prepares a connection (platform.md H4); every
 * failure on the wire ends it (H3), and the next command makes a new one. No
 * loop here gives up on Redis or sleeps: the callers' loops try again.
 *
 * Not here: what the keys mean; each store_*.c has its own, STORE.md has all.
 */
#define _GNU_SOURCE /* O_PATH: long socket paths */

#include "gateway/drivers/store.h"
#include "gateway/drivers/store_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/model/metrics.h"

enum { KEEPALIVE_S = 15, SHA_SIZE = 41, BLOCK_MARGIN_MS = 2000 };

struct store {
	const struct store_options *options; /* borrowed */
	redisContext *c;                     /* NULL: not connected */
	unsigned generation;
	char sha[SCRIPT_COUNT][SHA_SIZE]; /* "": not loaded here yet */
	char why[160];                    /* last trouble, for store_ping */
	struct store_timeline *timeline;  /* owned; NULL */
};

/* One line in the log when Redis goes and one when it is back, however many
   threads notice; none before it was there at all. */
enum { REDIS_UNSEEN, REDIS_HERE, REDIS_AWAY };
static atomic_int redis_state = REDIS_UNSEEN;

/* ---- connecting ---- */

static struct timeval
timeval_of(int64_t ms)
{
	struct timeval t = { .tv_sec = (time_t)(ms / 1000),
		             .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	return t;
}

static void
note_away(struct store *s, const char *why)
{
	int was = REDIS_HERE;

	(void)snprintf(s->why, sizeof(s->why), "%s", why);
	if (atomic_compare_exchange_strong(&redis_state, &was, REDIS_AWAY))
		log_warn("store.lost", "why=%s", log_quote(why));
}

static void
disconnect(struct store *s)
{
	if (s->c)
		redisFree(s->c);
	s->c = NULL;
}

/*
 * A socket path longer than sun_path is reached through its folder's
 * descriptor. The descriptor is needed while connecting only.
 */
static redisContext *
connect_unix(const char *path, struct timeval timeout)
{
	redisContext *c;
	char dir[4096];
	char via[64 + 256];
	const char *base = strrchr(path, '/');
	int fd;

	if (strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path))
		return redisConnectUnixWithTimeout(path, timeout);
	if (!base || (size_t)(base - path) >= sizeof(dir) || strlen(base) > 200)
		return NULL;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(base - path), path);
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	(void)snprintf(via, sizeof(via), "/proc/self/fd/%d%s", fd, base);
	c = redisConnectUnixWithTimeout(via, timeout);
	close(fd);
	return c;
}

struct address {
	char host[256];
	char password[256]; /* "": none in the URL */
	int port;
	int db;
};

/* redis://[:password@]host[:port][/db], checked by the configuration. */
static void
parse_url(struct address *out, const char *url)
{
	const char *p = url + strlen("redis://");
	const char *at = strrchr(p, '@');
	const char *end;

	*out = (struct address){ .port = 6379 };
	if (at) {
		const char *pw = *p == ':' ? p + 1 : p;

		(void)snprintf(out->password, sizeof(out->password), "%.*s",
		               (int)(at - pw), pw);
		p = at + 1;
	}
	if (*p == '[') {
		end = strchr(++p, ']');
		end = end ? end : p + strlen(p);
	} else {
		end = p + strcspn(p, ":/");
	}
	(void)snprintf(out->host, sizeof(out->host), "%.*s", (int)(end - p), p);
	if (*end == ']')
		end++;
	if (*end == ':') {
		out->port = (int)strtol(end + 1, NULL, 10);
		end += strcspn(end, "/");
	}
	if (*end == '/')
		out->db = (int)strtol(end + 1, NULL, 10);
}

/* A command during preparation: true when the answer is no error. */
static bool
prepare_step(struct store *s, int n, const char **v)
{
	redisReply *r = redisCommandArgv(s->c, n, v, NULL);
	bool ok = r && r->type != REDIS_REPLY_ERROR;

	if (!ok)
		note_away(s, r ? r->str : s->c->errstr);
	if (r)
		freeReplyObject(r);
	return ok;
}

static bool
prepare(struct store *s, const struct address *where)
{
	const char *auth[] = { "AUTH", s->options->password };
	const char *ping[] = { "PING" };
	char db[16];
	const char *select[] = { "SELECT", db };
	const char *name[] = { "CLIENT", "SETNAME", "tillbridge" };

	if (!auth[1] && where->password[0])
		auth[1] = where->password;
	if (auth[1] && !prepare_step(s, 2, auth))
		return false;
	(void)snprintf(db, sizeof(db), "%d", where->db);
	if (where->db && !prepare_step(s, 2, select))
		return false;
	/* PING shows LOADING, NOAUTH and MISCONF before any work is tried. */
	return prepare_step(s, 3, name) && prepare_step(s, 1, ping);
}

static int
connect_now(struct store *s)
{
	struct timeval timeout = timeval_of(s->options->timeout_ms);
	struct address where = { .port = 0 };
	const char *url = s->options->url;

	if (!strncmp(url, "unix://", 7)) {
		s->c = connect_unix(url + 7, timeout);
	} else {
		parse_url(&where, url);
		s->c = redisConnectWithTimeout(where.host, where.port, timeout);
	}
	if (!s->c || s->c->err) {
		note_away(s, s->c ? s->c->errstr : "cannot reach the socket");
		disconnect(s);
		return ERR_STORE;
	}
	(void)redisSetTimeout(s->c, timeout);
	if (where.port)
		(void)redisEnableKeepAlive(s->c);
	if (!prepare(s, &where)) {
		disconnect(s);
		return ERR_STORE;
	}
	s->generation++;
	if (s->generation > 1)
		metrics_add(METRIC_store_reconnects, 1);
	if (atomic_exchange(&redis_state, REDIS_HERE) == REDIS_AWAY)
		log_info("store.back", "generation=%u", s->generation);
	return 0;
}

const struct store_options *
store_options_of(const struct store *s)
{
	return s->options;
}

/* ---- building commands ---- */

void
args_add(struct args *a, const void *p, size_t n)
{
	char *copy;

	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 16;
		char **v = realloc(a->v, cap * sizeof(*v));
		size_t *len;

		if (v)
			a->v = v;
		len = realloc(a->len, cap * sizeof(*len));
		if (len)
			a->len = len;
		if (!v || !len) {
			a->is_broken = true;
			return;
		}
		a->cap = cap;
	}
	copy = malloc(n + 1);
	if (!copy) {
		a->is_broken = true;
		return;
	}
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	a->v[a->n] = copy;
	a->len[a->n++] = n;
}

void
args_adds(struct args *a, const char *text)
{
	args_add(a, text ? text : "", text ? strlen(text) : 0);
}

void
args_addi(struct args *a, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	args_adds(a, text);
}

void
args_set_int(struct args *a, size_t at, int64_t n)
{
	char text[24];
	char *copy;

	if (at >= a->n)
		return; /* an earlier append failed; the error sticks */
	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	copy = text_dup(text);
	if (!copy) {
		a->is_broken = true;
		return;
	}
	free(a->v[at]);
	a->v[at] = copy;
	a->len[at] = strlen(copy);
}

void
args_add_key(struct args *a, const struct store *s, const char *part,
             const char *part2)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, s->options->prefix);
	buf_addc(&b, ':');
	buf_adds(&b, part);
	if (part2)
		buf_adds(&b, part2);
	if (buf_check(&b))
		a->is_broken = true;
	else
		args_add(a, b.p, b.n);
	buf_fini(&b);
}

void
args_fini(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	free(a->len);
	*a = (struct args){ 0 };
}

/* ---- running them ---- */

/* Send one command and wait; *out NULL and ERR_STORE when the wire broke. */
static int
send_args(struct store *s, redisReply **out, const struct args *a)
{
	*out = NULL;
	if (a->is_broken)
		return err_raise(ERR_NOMEM, "why=%s", "command");
	if (!s->c && connect_now(s))
		return ERR_STORE;
	*out = redisCommandArgv(s->c, (int)a->n, a->view, a->len);
	if (*out)
		return 0;
	note_away(s, s->c->errstr);
	disconnect(s);
	return ERR_STORE;
}

bool
reply_is_error(const redisReply *r, const char *prefix)
{
	return r && r->type == REDIS_REPLY_ERROR &&
	       !strncmp(r->str, prefix, strlen(prefix));
}

/*
 * Error replies (R29). "Elsewhere" and "a person must act" end the connection,
 * so that the next attempt resolves and authenticates anew.
 */
static int
judge_error(struct store *s, redisReply *r)
{
	static const char *const elsewhere[] = {
		"LOADING", "READONLY", "MASTERDOWN", "MISCONF", "NOREPLICAS",
		"BUSY",    "NOAUTH",   "WRONGPASS",  "NOPERM"
	};

	static atomic_llong said_mono_ms;
	long long now = clock_mono_ms();
	long long before = atomic_load(&said_mono_ms);

	(void)snprintf(s->why, sizeof(s->why), "%s", r->str);
	/* A full Redis refuses every hook: one line a second says enough. */
	if ((!before || now - before >= 1000) &&
	    atomic_compare_exchange_strong(&said_mono_ms, &before, now))
		log_warn("store.refused", "why=%s", log_quote(r->str));
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
		if (reply_is_error(r, elsewhere[i])) {
			disconnect(s);
			break;
		}
	}
	freeReplyObject(r);
	return ERR_STORE;
}

int
store_call_raw(struct store *s, redisReply **out, struct args *take)
{
	int r = send_args(s, out, take);

	args_fini(take);
	return r;
}

int
store_call(struct store *s, redisReply **out, struct args *take)
{
	redisReply *reply = NULL;
	int r = store_call_raw(s, &reply, take);

	if (r)
		return r;
	if (reply->type == REDIS_REPLY_ERROR)
		return judge_error(s, reply);
	*out = reply;
	return 0;
}

int
store_call_blocking(struct store *s, redisReply **out, struct args *take,
                    int64_t wait_ms)
{
	int r;

	if (!s->c && connect_now(s)) {
		args_fini(take);
		return ERR_STORE;
	}
	/* The command time-out covers blocking commands too (H6). */
	(void)redisSetTimeout(s->c, timeval_of(s->options->timeout_ms +
	                                       wait_ms + BLOCK_MARGIN_MS));
	r = store_call(s, out, take);
	if (s->c)
		(void)redisSetTimeout(s->c, timeval_of(s->options->timeout_ms));
	return r;
}

static int
load_script(struct store *s, enum store_script which, const char *text)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "SCRIPT");
	args_adds(&a, "LOAD");
	args_adds(&a, text);
	r = store_call(s, &reply, &a);
	if (r)
		return r;
	(void)snprintf(s->sha[which], SHA_SIZE, "%s", reply_text(reply));
	freeReplyObject(reply);
	return 0;
}

/* EVALSHA sha 1 prefix: args…; take's strings move into the command. */
static void
build_eval(struct args *out, const struct store *s, enum store_script which,
           const struct args *a)
{
	args_adds(out, "EVALSHA");
	args_adds(out, s->sha[which]);
	args_adds(out, "1");
	args_add_key(out, s, "", NULL);
	for (size_t i = 0; i < a->n; i++)
		args_add(out, a->v[i], a->len[i]);
	out->is_broken |= a->is_broken;
}

int
store_eval(struct store *s, redisReply **out, enum store_script which,
           const char *text, struct args *take)
{
	redisReply *reply = NULL;
	int r = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		struct args a = { 0 };

		if (!s->sha[which][0])
			r = load_script(s, which, text);
		if (r)
			break;
		build_eval(&a, s, which, take);
		r = store_call_raw(s, &reply, &a);
		if (r || !reply_is_error(reply, "NOSCRIPT"))
			break;
		s->sha[which][0] = '\0'; /* R7: normal after a restart */
		freeReplyObject(reply);
		reply = NULL;
	}
	args_fini(take);
	if (!r && !reply)
		r = ERR_STORE;
	if (!r && reply->type == REDIS_REPLY_ERROR)
		return judge_error(s, reply);
	if (!r)
		*out = reply;
	return r;
}

/* Keep the number in a reply, if anybody wants it, and release it. */
static int
take_int(int r, int64_t *out, redisReply *reply)
{
	if (r)
		return r;
	if (out)
		*out = reply_int(reply);
	freeReplyObject(reply);
	return 0;
}

int
store_call_int(struct store *s, int64_t *out, struct args *take)
{
	redisReply *reply = NULL;
	int r = store_call(s, &reply, take);

	return take_int(r, out, reply);
}

int
store_eval_int(struct store *s, int64_t *out, enum store_script which,
               const char *text, struct args *take)
{
	redisReply *reply = NULL;
	int r = store_eval(s, &reply, which, text, take);

	return take_int(r, out, reply);
}

/* Hand a command to the wire; false when that broke. */
static bool
send_only(struct store *s, const struct args *a)
{
	int is_sent = 0;

	if (redisAppendCommandArgv(s->c, (int)a->n, a->view, a->len))
		return false;
	while (!is_sent)
		if (redisBufferWrite(s->c, &is_sent))
			return false;
	return true;
}

int
store_eval_send(struct store *s, enum store_script which, const char *text,
                struct args *take)
{
	struct args a = { 0 };
	int r = 0;

	if (!s->sha[which][0])
		r = load_script(s, which, text);
	if (!r)
		build_eval(&a, s, which, take);
	args_fini(take);
	if (!r && a.is_broken)
		r = err_raise(ERR_NOMEM, "why=%s", "command");
	/* Never a new connection: replies would be lost unseen. */
	if (!r && !s->c)
		r = ERR_STORE;
	if (!r && !send_only(s, &a)) {
		note_away(s, s->c->errstr);
		disconnect(s);
		r = ERR_STORE;
	}
	args_fini(&a);
	return r;
}

int
store_eval_collect(struct store *s, int64_t *out)
{
	void *reply = NULL;

	if (!s->c)
		return ERR_STORE;
	if (redisGetReply(s->c, &reply) || !reply) {
		note_away(s, s->c->errstr);
		disconnect(s);
		return ERR_STORE;
	}
	if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
		return judge_error(s, reply);
	return take_int(0, out, reply);
}

int
store_count(struct store *s, int64_t *out, const char *command, const char *key,
            const char *key2)
{
	struct args a = { 0 };

	args_adds(&a, command);
	args_add_key(&a, s, key, key2);
	return store_call_int(s, out, &a);
}

/* ---- reading replies ---- */

const char *
reply_text(const redisReply *r)
{
	if (r &&
	    (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS))
		return r->str;
	return "";
}

int64_t
reply_int(const redisReply *r)
{
	if (r && r->type == REDIS_REPLY_INTEGER)
		return r->integer;
	return strtoll(reply_text(r), NULL, 10);
}

size_t
reply_n(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
}

const redisReply *
reply_at(const redisReply *r, size_t i)
{
	return i < reply_n(r) ? r->element[i] : NULL;
}

bool
reply_is_nil(const redisReply *r)
{
	return !r || r->type == REDIS_REPLY_NIL;
}

/* ---- public ---- */

int
store_new(struct store **out, const struct store_options *options)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return err_raise(ERR_NOMEM, "why=%s", "store");
	s->options = options;
	*out = s;
	return 0;
}

void
store_free(struct store *store)
{
	if (!store)
		return;
	disconnect(store);
	store_timeline_free(store->timeline);
	free(store);
}

struct store_timeline **
store_timeline_of(struct store *s)
{
	return &s->timeline;
}

static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;

static void
free_of_thread(void *store)
{
	store_free(store);
}

static void
make_thread_key(void)
{
	(void)pthread_key_create(&thread_key, free_of_thread);
}

struct store *
store_of_thread(const struct store_options *options)
{
	struct store *s;

	(void)pthread_once(&thread_once, make_thread_key);
	s = pthread_getspecific(thread_key);
	if (!s && !store_new(&s, options))
		(void)pthread_setspecific(thread_key, s);
	return s;
}

int
store_ping(struct store *store, struct buf *why)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "PING");
	r = store_call(store, &reply, &a);
	if (r && why)
		buf_adds(why, store->why);
	if (!r)
		freeReplyObject(reply);
	return r;
}

unsigned
store_generation(const struct store *store)
{
	return store->generation;
}

int
store_tick(struct store *store, int64_t *out)
{
	struct args a = { 0 };

	args_adds(&a, "INCR");
	args_add_key(&a, store, "tick", NULL);
	return store_call_int(store, out, &a);
}

int
store_value_get(struct store *store, struct buf *out, const char *name)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "GET");
	args_add_key(&a, store, "value:", name);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	r = reply_is_nil(reply) ? STORE_ABSENT : 0;
	if (!r)
		buf_adds(out, reply_text(reply));
	freeReplyObject(reply);
	return r;
}

int
store_value_set(struct store *store, const char *name, const char *value)
{
	struct args a = { 0 };

	args_adds(&a, "SET");
	args_add_key(&a, store, "value:", name);
	args_adds(&a, value);
	return store_call_int(store, NULL, &a);
}

/* ---- durability ---- */

static void
read_config(struct store *s, const char *key, char *out, size_t size)
{
	struct args a = { 0 };
	redisReply *reply = NULL;

	out[0] = '\0';
	args_adds(&a, "CONFIG");
	args_adds(&a, "GET");
	args_adds(&a, key);
	if (store_call_raw(s, &reply, &a))
		return;
	(void)snprintf(out, size, "%s", reply_text(reply_at(reply, 1)));
	freeReplyObject(reply);
}

/* The value of `key:` in an INFO text, copied; "" when absent. */
static void
info_field(char *out, size_t size, const char *info, const char *key)
{
	const char *p = strstr(info, key);
	size_t n = strlen(key);

	out[0] = '\0';
	if (p && p[n] == ':')
		(void)snprintf(out, size, "%.*s",
		               (int)strcspn(p + n + 1, "\r\n"), p + n + 1);
}

static int
read_info(struct store *s, struct store_durability *out)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	char status[16];
	int r;

	args_adds(&a, "INFO");
	r = store_call(s, &reply, &a);
	if (r)
		return r;
	info_field(out->version, sizeof(out->version), reply_text(reply),
	           "redis_version");
	info_field(status, sizeof(status), reply_text(reply),
	           "aof_last_write_status");
	out->is_failing = status[0] && strcmp(status, "ok") != 0;
	freeReplyObject(reply);
	return 0;
}

/* R30: earlier 7.0 releases have memory and trimming defects in streams. */
static bool
is_too_old(const char *version)
{
	int major = 0;
	int minor = 0;
	int patch = 0;

	if (sscanf(version, "%d.%d.%d", &major, &minor, &patch) != 3)
		return false; /* a compatible server that names itself oddly */
	if (major != 7)
		return major < 7;
	return minor == 0 && patch < 10;
}

int
store_read_durability(struct store *store, struct store_durability *out)
{
	int r;

	*out = (struct store_durability){ 0 };
	r = read_info(store, out);
	if (r)
		return r;
	read_config(store, "appendonly", out->appendonly,
	            sizeof(out->appendonly));
	read_config(store, "appendfsync", out->appendfsync,
	            sizeof(out->appendfsync));
	read_config(store, "maxmemory-policy", out->policy,
	            sizeof(out->policy));
	out->is_known = out->appendonly[0] && out->policy[0];
	out->is_on_disk = !strcmp(out->appendonly, "yes") &&
	                  !strcmp(out->appendfsync, "always");
	out->is_evicting =
		out->policy[0] && strcmp(out->policy, "noeviction") != 0;
	return is_too_old(out->version) ? STORE_TOO_OLD : 0;
}

void
store_durability_warning(char out[240], const struct store_durability *d)
{
	out[0] = '\0';
	if (d->is_failing)
		(void)snprintf(out, 240,
		               "Redis cannot write its append-only file "
		               "(aof_last_write_status): check its disk");
	else if (!d->is_known)
		(void)snprintf(out, 240,
		               "Redis does not let us read CONFIG: whether a "
		               "2xx means \"on disk\" is unknown");
	else if (d->is_evicting)
		(void)snprintf(
			out, 240,
			"Redis evicts keys (maxmemory-policy %s): queued "
			"work can vanish; set it to noeviction",
			d->policy);
	else if (!d->is_on_disk)
		(void)snprintf(
			out, 240,
			"a 2xx does not mean \"on disk\": Redis runs with "
			"appendonly %s, appendfsync %s; set them to yes "
			"and always",
			d->appendonly, d->appendfsync);
}
