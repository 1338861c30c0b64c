/*
 * Where the data lives.
 *
 * The lock on state_dir/lock says who may run the private server: the daemon
 * for its life, an operator's command only while no daemon runs. A command
 * that finds the lock taken talks to the daemon's server through its socket,
 * so what protects the data is the directory's permissions.
 */
#include "gateway/engine/station.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/redis_child.h"

enum {
	OWNER_BYTES = 8,
	STORE_TIMEOUT_MS = 3000,
	SOCKET_WAIT_MS = 5000,
	LOCK_WAIT_MS = 3000, /* an operator's command may be at work */
};

struct station {
	char *dir;                 /* owned */
	char *url;                 /* owned */
	int lock_fd;               /* -1: not held */
	struct redis_child *child; /* NULL: not ours */
	struct store_options options;
	struct store *store;
	char owner[2 * OWNER_BYTES + 1];
};

/* mkdir -p, private to the user. */
static int
make_dir(const char *path, struct buf *why)
{
	char *copy = text_dup(path);
	int r = copy ? 0 : ERR_NOMEM;

	for (char *p = copy; !r && p && *p; p++) {
		if (*p != '/' || p == copy)
			continue;
		*p = '\0';
		(void)mkdir(copy, 0755);
		*p = '/';
	}
	if (!r && mkdir(path, 0700) && errno != EEXIST) {
		buf_addf(why, "state_dir %s: %s", path, strerror(errno));
		r = STATION_UNREACHABLE;
	}
	free(copy);
	return r;
}

static bool
wait_for_lock(int fd, int64_t wait_ms)
{
	int64_t deadline = clock_mono_ms() + wait_ms;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (clock_mono_ms() >= deadline)
			return false;
		clock_sleep_ms(50);
	}
	return true;
}

static int
take_lock(struct station *s, int64_t wait_ms, struct buf *why)
{
	char *path = text_format("%s/lock", s->dir);
	int r = path ? 0 : ERR_NOMEM;

	if (!r)
		s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (!r && s->lock_fd < 0) {
		buf_addf(why, "state_dir %s: %s", s->dir, strerror(errno));
		r = STATION_UNREACHABLE;
	}
	if (!r && !wait_for_lock(s->lock_fd, wait_ms)) {
		buf_addf(why,
		         "state_dir %s is in use by another tillbridge: stop "
		         "it, or give this one a directory of its own",
		         s->dir);
		(void)close(s->lock_fd);
		s->lock_fd = -1;
		r = STATION_UNREACHABLE;
	}
	free(path);
	return r;
}

/* A stable name: read it, or make it up once. */
static int
read_owner(struct station *s)
{
	char *path = text_format("%s/owner", s->dir);
	unsigned char id[OWNER_BYTES];
	FILE *f = path ? fopen(path, "re") : NULL;
	int r = path ? 0 : ERR_NOMEM;

	if (f && fscanf(f, "%16[0-9a-f]", s->owner) != 1)
		s->owner[0] = '\0';
	if (f)
		(void)fclose(f);
	if (!r && !s->owner[0]) {
		r = crypto_random(id, sizeof(id));
		crypto_hex_encode(s->owner, id, sizeof(id));
		f = r ? NULL : fopen(path, "we");
		if (f) {
			(void)fprintf(f, "%s\n", s->owner);
			(void)fclose(f);
		}
	}
	free(path);
	return r;
}

static void
fill_options(struct station *s, const struct conf *conf)
{
	const struct conf_section *top = conf->top;
	const struct secret *password = conf_secret(top, "redis.password");

	s->options = (struct store_options){
		.url = s->url,
		.password = password ? secret_text(password) : NULL,
		.prefix = conf_text(top, "redis.namespace"),
		.timeout_ms = STORE_TIMEOUT_MS,
		.backlog_max = conf_int(top, "redis.backlog_max"),
		.backlog_max_bytes = conf_int(top, "redis.backlog_max_bytes"),
		.dead_max = conf_int(top, "redis.dead_max"),
	};
}

static int
begin(struct station **out, const struct conf *conf, struct buf *why)
{
	struct station *s = calloc(1, sizeof(*s));
	const char *url = conf_text(conf->top, "redis.url");
	int r;

	if (!s)
		return err_raise(ERR_NOMEM, "why=%s", "station");
	s->lock_fd = -1;
	s->dir = text_dup(conf_path(conf->top, "state_dir"));
	r = s->dir ? make_dir(s->dir, why) : ERR_NOMEM;
	if (!r) {
		s->url = url ? text_dup(url) : redis_child_url(s->dir);
		r = s->url ? read_owner(s) : ERR_NOMEM;
	}
	if (r) {
		station_close(s);
		return r;
	}
	fill_options(s, conf);
	*out = s;
	return 0;
}

/* Reach the server and judge its version. */
static int
connect_store(struct station *s, struct buf *why)
{
	struct store_durability d;
	struct buf trouble = BUF_INIT;
	int64_t deadline = clock_mono_ms() + SOCKET_WAIT_MS;
	int r = store_new(&s->store, &s->options);

	/* A daemon that starts right now may not have its server up yet. */
	while (!r && store_ping(s->store, &trouble)) {
		if (s->child || clock_mono_ms() > deadline ||
		    strncmp(s->url, "unix://", 7) != 0) {
			buf_addf(why, "cannot reach Redis: %s",
			         buf_text(&trouble));
			r = STATION_UNREACHABLE;
			break;
		}
		buf_reset(&trouble);
		clock_sleep_ms(100);
	}
	if (!r)
		r = store_read_durability(s->store, &d);
	if (r == ERR_STORE) {
		buf_adds(why, "Redis went away while it was asked");
		r = STATION_UNREACHABLE;
	} else if (r == STORE_TOO_OLD && !why->n) {
		buf_addf(why, "Redis %s is too old: 7.0.10 or later is needed",
		         d.version);
		r = STATION_UNREACHABLE;
	}
	buf_fini(&trouble);
	return r;
}

/* The private server, when it is ours to run. */
static int
start_child(struct station *s, const struct conf *conf, struct buf *why)
{
	int r;

	if (conf_text(conf->top, "redis.url"))
		return 0;
	r = redis_child_start(&s->child, s->dir, why);
	return r > 0 ? STATION_UNREACHABLE : r;
}

int
station_open_locked(struct station **out, const struct conf *conf,
                    struct buf *why)
{
	struct station *s = NULL;
	int r = begin(&s, conf, why);

	if (!r)
		r = take_lock(s, LOCK_WAIT_MS, why);
	if (!r)
		r = start_child(s, conf, why);
	if (!r)
		r = connect_store(s, why);
	if (r) {
		station_close(s);
		return r;
	}
	*out = s;
	return 0;
}

int
station_open(struct station **out, const struct conf *conf, struct buf *why)
{
	struct buf busy = BUF_INIT;
	struct station *s = NULL;
	int r = begin(&s, conf, why);

	/* The lock is free: no daemon runs, so the server is ours to run. */
	if (!r && !take_lock(s, 0, &busy))
		r = start_child(s, conf, why);
	if (!r)
		r = connect_store(s, why);
	buf_fini(&busy);
	if (r) {
		station_close(s);
		return r;
	}
	*out = s;
	return 0;
}

bool
station_is_alone(const struct station *station)
{
	return station->lock_fd >= 0;
}

struct store *
station_store(struct station *station)
{
	return station->store;
}

const struct store_options *
station_options(const struct station *station)
{
	return &station->options;
}

bool
station_supervise(struct station *station)
{
	return !station->child || redis_child_supervise(station->child);
}

const char *
station_owner(const struct station *station)
{
	return station->owner;
}

const char *
station_dir(const struct station *station)
{
	return station->dir;
}

void
station_close(struct station *station)
{
	if (!station)
		return;
	store_free(station->store);
	redis_child_stop(station->child);
	if (station->lock_fd >= 0)
		(void)close(station->lock_fd);
	free(station->dir);
	free(station->url);
	free(station);
}
