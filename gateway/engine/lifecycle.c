/*
 * Starts, drains, reloads and stops everything in order.
 *
 *   certificates -> state directory and Redis -> listeners -> drain, workers,
 *   scheduler; and back in reverse: refuse new hooks, finish the work in hand,
 *   leave the rest queued.
 *
 * The main thread starts nothing it does not supervise: it waits for signals
 * and looks after the private Redis.
 */
#include "gateway/engine/lifecycle.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/http_server.h"
#include "gateway/drivers/tls.h"
#include "gateway/engine/accounts.h"
#include "gateway/engine/drain.h"
#include "gateway/engine/receiver.h"
#include "gateway/engine/router.h"
#include "gateway/engine/saved.h"
#include "gateway/engine/scheduler.h"
#include "gateway/engine/station.h"
#include "gateway/engine/worker.h"
#include "gateway/model/metrics.h"

enum {
	PRIVATE_WORKERS = 24, /* 8 may wait for pictures, others stream */
	SUPERVISE_MS = 100,
	REQUESTS_MS = 3000, /* requests in hand at the end */
	CALLS_MS = 9000,    /* calls in hand, before they are cut */
	SAVED_TRIES = 20,
};

/* Everything that runs. */
struct daemon {
	const struct conf *conf;
	const struct lifecycle_parts *parts;
	struct tls *public_tls;
	struct tls *private_tls; /* NULL: plain HTTP on loopback */
	struct station *station;
	struct store_options store; /* a copy all threads may point at */
	struct engine engine;
	struct receiver receiver;
	struct router router;
	bool has_receiver;
	struct http_server *public_server;
	struct http_server *private_server;
	struct drain *drain;
	struct scheduler *scheduler;
	struct worker_thread **workers;
	size_t n_workers;
	bool is_door_full; /* said already */
};

static atomic_bool is_stopping;

static void
complain(const char *what, const struct buf *why)
{
	(void)fprintf(stderr, "tillbridge: %s: %s\n", what, buf_text(why));
}

/* ---- certificates ---- */

/* The host of an https URL, without port. */
static void
host_of(char *out, size_t size, const char *url)
{
	const char *p = strstr(url, "://");
	size_t n;

	p = p ? p + 3 : url;
	n = *p == '[' ? strcspn(++p, "]") : strcspn(p, ":/");
	(void)snprintf(out, size, "%.*s", (int)n, p);
}

static enum exit_code
load_one(struct tls **out, const char *field, const char *path,
         const char *client_ca)
{
	struct buf why = BUF_INIT;
	int r = tls_new(out, path, client_ca, &why);

	if (r)
		complain(field, &why);
	buf_fini(&why);
	return r ? EXIT_CODE_CONFIGURATION : EXIT_CODE_DONE;
}

static enum exit_code
load_certificates(struct daemon *d)
{
	const struct conf_section *top = d->conf->top;
	const char *url = conf_text(top, "public.url");
	const char *private_pem = conf_path(top, "private.certificate");
	char host[256];
	enum exit_code code = load_one(&d->public_tls, "public.certificate",
	                               conf_path(top, "public.certificate"),
	                               conf_path(top, "public.client_ca"));

	if (code == EXIT_CODE_DONE && private_pem)
		code = load_one(&d->private_tls, "private.certificate",
		                private_pem, NULL);
	if (code == EXIT_CODE_DONE && url) {
		host_of(host, sizeof(host), url);
		if (!tls_names_host(d->public_tls, host))
			log_warn("certificate.other_name", "host=%s why=%s",
			         host,
			         log_quote("public.url names a host that the "
			                   "certificate does not"));
	}
	return code;
}

/* ---- Redis ---- */

static void
say_durability(struct daemon *d)
{
	struct store_durability durability;
	char warning[240];

	if (store_read_durability(station_store(d->station), &durability) < 0)
		return;
	store_durability_warning(warning, &durability);
	if (*warning)
		log_error("store.not_durable", "why=%s", log_quote(warning));
}

static enum exit_code
open_station(struct daemon *d)
{
	struct buf why = BUF_INIT;
	int r = station_open_locked(&d->station, d->conf, &why);

	/* A private server that is still loading answers ERR_STORE at first;
	   the check must not be skipped. */
	for (int i = 0; !r && i < SAVED_TRIES; i++) {
		r = saved_check(station_store(d->station), d->conf,
		                station_dir(d->station));
		if (!r)
			r = accounts_begin(station_store(d->station), d->conf);
		if (r != ERR_STORE)
			break;
		buf_reset(&why);
		buf_adds(&why, "it answers, but does not take data");
		clock_sleep_ms(100);
		r = i + 1 < SAVED_TRIES ? 0 : r;
	}
	if (r)
		complain("Redis", &why);
	buf_fini(&why);
	if (r)
		return EXIT_CODE_UNREACHABLE;
	d->store = *station_options(d->station);
	say_durability(d);
	return EXIT_CODE_DONE;
}

/* ---- listeners ---- */

static int
listen_public(struct daemon *d)
{
	const struct conf_section *top = d->conf->top;
	const struct receiver_options receiver = {
		.conf = d->conf,
		.handlers = d->parts->handlers,
		.push = receiver_push_store,
		.push_ctx = &d->store,
	};
	struct http_server_options options = {
		.name = "public",
		.tls = d->public_tls,
		.workers = (unsigned)conf_int(top, "public.workers"),
		.body_max_bytes = conf_int(top, "public.body_max_bytes"),
		.request_timeout_ms =
			conf_int(top, "public.request_timeout_ms"),
		.ctx = &d->receiver,
		.admit = receiver_admit,
		.serve = receiver_serve,
		.refused = receiver_refused,
	};
	int r = receiver_init(&d->receiver, &receiver);

	if (r)
		return r;
	d->has_receiver = true;
	options.n_listen = conf_texts(top, "public.listen", &options.listen);
	return http_server_start(&d->public_server, &options);
}

static int
listen_private(struct daemon *d)
{
	const struct conf_section *top = d->conf->top;
	const struct router_options router = {
		.conf = d->conf,
		.routes = d->parts->routes,
		.adapters = d->parts->adapters,
		.version = d->parts->version,
		.started_ms = clock_wall_ms(),
		.store = router_store_of_thread,
		.ping = store_ping,
		.store_ctx = &d->store,
	};
	struct http_server_options options = {
		.name = "private",
		.tls = d->private_tls,
		.workers = PRIVATE_WORKERS,
		.body_max_bytes = conf_int(top, "public.body_max_bytes"),
		.request_timeout_ms =
			conf_int(top, "public.request_timeout_ms"),
		.ctx = &d->router,
		.admit = router_admit,
		.serve = router_serve,
	};

	router_init(&d->router, &router);
	options.n_listen = conf_texts(top, "private.listen", &options.listen);
	return http_server_start(&d->private_server, &options);
}

/* ---- starting and stopping ---- */

static int
start_workers(struct daemon *d)
{
	int r = 0;

	d->workers = calloc(d->conf->n_accounts + 1, sizeof(*d->workers));
	if (!d->workers)
		return err_raise(ERR_NOMEM, "why=%s", "workers");
	for (size_t i = 0; !r && i < d->conf->n_accounts; i++) {
		if (conf_account_is_source(d->conf->accounts[i]))
			continue; /* nobody there to be called */
		r = worker_start(&d->workers[d->n_workers], &d->engine,
		                 d->conf->accounts[i]);
		d->n_workers += !r;
	}
	return r;
}

static enum exit_code
start(struct daemon *d)
{
	enum exit_code code = load_certificates(d);
	int r;

	if (code == EXIT_CODE_DONE)
		code = open_station(d);
	if (code != EXIT_CODE_DONE)
		return code;
	d->engine = (struct engine){
		.conf = d->conf,
		.store = &d->store,
		.adapters = d->parts->adapters,
		.owner = station_owner(d->station),
		.state_dir = station_dir(d->station),
		.version = d->parts->version,
		.is_stopping = &is_stopping,
	};
	/* Who asks whether we are ready may send hooks right after. */
	if (listen_public(d) || listen_private(d))
		return EXIT_CODE_UNREACHABLE;
	r = drain_start(&d->drain, &d->engine, d->parts->handlers);
	if (!r)
		r = start_workers(d);
	if (!r)
		r = scheduler_start(&d->scheduler, &d->engine);
	return r ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

struct cutter {
	struct daemon *d;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* monotonic */
	bool is_joined;         /* lock */
};

/* Cut the calls that still hang when their time is over, while the workers are
   being joined. */
static void *
cut_late_calls(void *arg)
{
	struct cutter *c = arg;
	struct daemon *d = c->d;
	struct timespec until;
	bool is_late = false;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += CALLS_MS / 1000;
	(void)pthread_mutex_lock(&c->lock);
	while (!c->is_joined && !is_late)
		is_late = pthread_cond_timedwait(&c->changed, &c->lock,
		                                 &until) == ETIMEDOUT;
	is_late = !c->is_joined;
	(void)pthread_mutex_unlock(&c->lock);
	if (!is_late)
		return NULL;
	log_warn("stop.late", "why=%s",
	         log_quote("calls in hand are cut; their work is queued"));
	for (size_t i = 0; i < d->n_workers; i++)
		worker_abort(d->workers[i]);
	return NULL;
}

static void
join_workers(struct daemon *d)
{
	struct cutter c = { .d = d, .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_condattr_t attr;
	pthread_t cutter;
	bool has_cutter;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&c.changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	has_cutter = d->n_workers &&
	             !pthread_create(&cutter, NULL, cut_late_calls, &c);
	for (size_t i = 0; i < d->n_workers; i++)
		worker_join_thread(d->workers[i]);
	(void)pthread_mutex_lock(&c.lock);
	c.is_joined = true;
	(void)pthread_cond_signal(&c.changed);
	(void)pthread_mutex_unlock(&c.lock);
	if (has_cutter)
		(void)pthread_join(cutter, NULL);
	(void)pthread_cond_destroy(&c.changed);
	(void)pthread_mutex_destroy(&c.lock);
	for (size_t i = 0; i < d->n_workers; i++)
		worker_free(d->workers[i]);
	free(d->workers);
}

/* Sleeping workers wait in Redis: wake them. Without Redis they poll. */
static void
wake_workers(struct daemon *d)
{
	for (size_t i = 0; d->n_workers && i < d->conf->n_accounts; i++)
		if (!conf_account_is_source(d->conf->accounts[i]))
			(void)store_marks_wake(
				station_store(d->station),
				conf_account_name(d->conf->accounts[i]));
}

static void
stop(struct daemon *d)
{
	pulse_set_draining(1);
	if (d->public_server)
		(void)http_server_close(d->public_server, REQUESTS_MS);
	atomic_store(&is_stopping, true);
	if (d->station)
		wake_workers(d);
	drain_join(d->drain);
	scheduler_join(d->scheduler);
	join_workers(d);
	http_server_stop(d->public_server);
	http_server_stop(d->private_server);
	if (d->has_receiver)
		receiver_fini(&d->receiver);
	station_close(d->station);
	tls_free(d->public_tls);
	tls_free(d->private_tls);
}

/* ---- while it runs ---- */

static void
check_adapter(const struct adapter_ops *ops, const struct conf *conf, size_t i,
              struct buf *lines)
{
	if (ops->check)
		ops->check(conf->accounts[i], lines);
	for (size_t k = 0; ops->check_pair && k < i; k++)
		if (!strcmp(conf_account_type(conf->accounts[k]), ops->name))
			ops->check_pair(conf->accounts[i], conf->accounts[k],
			                lines);
}

/* What the account's handler and adapter say, each line under the account's
   name in the file. */
static void
check_account(const struct lifecycle_parts *parts, const struct conf *conf,
              size_t i, struct buf *mistakes)
{
	const struct handler_env env = {
		.account = conf->accounts[i],
		.public_url = conf_text(conf->top, "public.url"),
	};
	const char *type = conf_account_type(conf->accounts[i]);
	struct buf lines = BUF_INIT;

	for (size_t h = 0; parts->handlers[h]; h++)
		if (!strcmp(parts->handlers[h]->name, type) &&
		    parts->handlers[h]->check)
			parts->handlers[h]->check(&env, &lines);
	for (size_t a = 0; parts->adapters[a]; a++)
		if (!strcmp(parts->adapters[a]->name, type))
			check_adapter(parts->adapters[a], conf, i, &lines);
	for (const char *line = buf_text(&lines); *line;) {
		size_t n = strcspn(line, "\n");

		buf_addf(mistakes, "accounts[%zu].%.*s\n", i, (int)n, line);
		line += n + (line[n] == '\n');
	}
	buf_fini(&lines);
}

int
lifecycle_load(struct conf **out, const struct lifecycle_parts *parts,
               const char *path, struct buf *mistakes)
{
	int r = conf_load(out, path, parts->types, parts->n_types, mistakes);

	if (r)
		return r;
	for (size_t i = 0; i < (*out)->n_accounts; i++)
		check_account(parts, *out, i, mistakes);
	if (!mistakes->n)
		return 0;
	conf_free(*out);
	*out = NULL;
	return CONF_INVALID;
}

/* Would it start? Certificates are the part the file only points at. */
static bool
is_startable(const struct conf *fresh, struct buf *why)
{
	const char *ca = conf_path(fresh->top, "public.client_ca");
	struct tls *tls = NULL;
	bool ok = !tls_new(&tls, conf_path(fresh->top, "public.certificate"),
	                   ca, why);

	tls_free(tls);
	return ok;
}

static void
reload_certificates(struct daemon *d)
{
	struct buf why = BUF_INIT;
	int r = tls_reload(d->public_tls, &why);

	if (!r && d->private_tls)
		r = tls_reload(d->private_tls, &why);
	if (r)
		log_error("certificate.kept_old", "why=%s",
		          log_quote(buf_text(&why)));
	else
		log_info("certificate.reloaded", "expires_s=%lld",
		         (long long)tls_expires_in_s(d->public_tls));
	buf_fini(&why);
}

/* Read all, check all, then act. NULL: go on with the old one. */
static struct conf *
reload(struct daemon *d)
{
	struct buf why = BUF_INIT;
	struct conf *fresh = NULL;

	if (lifecycle_load(&fresh, d->parts, d->conf->path, &why) ||
	    !is_startable(fresh, &why)) {
		log_error("reload.refused", "why=%s",
		          log_quote(buf_text(&why)));
		conf_free(fresh);
		fresh = NULL;
	} else if (!strcmp(fresh->digest, d->conf->digest)) {
		conf_free(fresh); /* as it was: no need to stop anything */
		fresh = NULL;
		reload_certificates(d);
	} else {
		log_info("reload.accepted", "accounts=%zu", fresh->n_accounts);
	}
	buf_fini(&why);
	return fresh;
}

/* How busy the door is; a full queue means that senders wait in the kernel. */
static void
watch_door(struct daemon *d)
{
	struct http_server_stats stats;
	bool is_full;

	http_server_read_stats(d->public_server, &stats);
	metrics_set(METRIC_http_connections, stats.connections);
	metrics_set(METRIC_http_in_hand, stats.in_hand);
	metrics_set(METRIC_http_queue, stats.queue_length);
	metrics_set(METRIC_http_queue_highest, stats.queue_highest);
	is_full =
		stats.queue_size > 0 && stats.queue_length >= stats.queue_size;
	if (is_full && !d->is_door_full)
		log_warn("door.full", "waiting=%lld workers=%lld why=%s",
		         (long long)stats.queue_length,
		         (long long)stats.workers,
		         log_quote("more connections than workers: put nginx "
		                   "in front, or raise public.workers"));
	d->is_door_full = is_full;
}

static sigset_t
our_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	return set;
}

/* Until a signal says to end (NULL) or to go on with another configuration. */
static struct conf *
wait_for_end(struct daemon *d)
{
	const struct timespec pause = { .tv_nsec = SUPERVISE_MS * 1000000L };
	sigset_t set = our_signals();

	for (;;) {
		int signal = sigtimedwait(&set, NULL, &pause);

		if (signal == SIGTERM || signal == SIGINT)
			return NULL;
		if (signal == SIGHUP) {
			struct conf *fresh = reload(d);

			if (fresh)
				return fresh;
		}
		(void)station_supervise(d->station);
		watch_door(d);
		metrics_set(METRIC_certificate_expires,
		            tls_expires_in_s(d->public_tls));
	}
}

static void
say_ready(const struct daemon *d)
{
	const char *const *listen;
	size_t n = conf_texts(d->conf->top, "public.listen", &listen);

	for (size_t i = 0; i < n; i++)
		log_info("listening.hooks", "address=%s port=%d", listen[i],
		         http_server_port(d->public_server, i));
	n = conf_texts(d->conf->top, "private.listen", &listen);
	for (size_t i = 0; i < n; i++)
		log_info("listening.status", "address=%s port=%d", listen[i],
		         http_server_port(d->private_server, i));
	log_info("daemon.ready", "version=%s accounts=%zu", d->parts->version,
	         d->conf->n_accounts);
}

/* One life with one configuration; *fresh receives that of the next. */
static enum exit_code
live(const struct lifecycle_parts *parts, const struct conf *conf,
     struct conf **fresh)
{
	struct daemon d = { .conf = conf, .parts = parts };
	enum exit_code code;

	const char *zone = conf_text(conf->top, "schedule.timezone");

	/* Before any thread: schedules are in this zone. */
	if (zone)
		(void)setenv("TZ", zone, 1);
	tzset();
	atomic_store(&is_stopping, false);
	pulse_set_draining(0);
	code = start(&d);
	if (code == EXIT_CODE_DONE) {
		say_ready(&d);
		*fresh = wait_for_end(&d);
		log_info("daemon.draining", "limit_ms=%d",
		         REQUESTS_MS + CALLS_MS);
	}
	stop(&d);
	log_info("daemon.stopped", "code=%d", (int)code);
	return code;
}

enum exit_code
lifecycle_run(const struct lifecycle_parts *parts, struct conf **take)
{
	sigset_t set = our_signals();
	struct conf *conf = *take;
	struct conf *before = NULL; /* what a SIGHUP replaced */
	enum exit_code code;

	*take = NULL;
	/* Before any thread: they all inherit the mask. */
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		struct conf *fresh = NULL;

		code = live(parts, conf, &fresh);
		if (code != EXIT_CODE_DONE && before) {
			log_error("reload.undone", "why=%s",
			          log_quote("it cannot start as the file now "
			                    "says; it goes on as before"));
			fresh = before;
			before = NULL;
		} else {
			conf_free(before);
			before = fresh ? conf : NULL;
		}
		if (before != conf)
			conf_free(conf);
		conf = fresh;
		if (!conf)
			return code;
	}
}
