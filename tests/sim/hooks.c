/*
 * Webhooks; see hooks.h. One thread, one queue, sorted by nothing: each round
 * takes the first job that is due. A full queue forgets the new job, and says
 * so in the state.
 */
#include "tests/sim/hooks.h"

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/drivers/http_client.h"
#include "gateway/ports/http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	QUEUE_MAX = 10000,
	LADDER_MAX = 20,
	TIMEOUT_MS = 10000,  /* Square's older page: answer within 10 s */
	TIMEOUT_X_MS = 5000, /* Lightspeed X: within 5 s */
	/* Lightspeed X: more than 95 % of an hour's deliveries failed while more
	   than 1000 wait: these are erased, and there are none for 24 hours. */
	ERASE_PERCENT = 95,
	ERASE_QUEUE = 1000,
	HOUR_MS = 3600000,
	ERASE_PAUSE_MS = 24 * HOUR_MS,
	HEADER_SIZE = 400,
	N_STATUS = 600,
	REORDER_MS = 1500,
};

enum auth { AUTH_QUERY, AUTH_BEARER, AUTH_BASIC, AUTH_HEADER };

struct job {
	struct job *next;
	char *body;   /* owned */
	char *url;    /* owned; NULL: the system's */
	char *secret; /* owned; NULL: as started */
	char *header; /* owned; "Name: value"; NULL: none */
	bool is_async;
	int64_t due_mono_ms;
	int64_t first_ms; /* wall clock of the first delivery */
	unsigned n_tries;
	const char *reason; /* static; why the last try failed */
};

struct hooks {
	pthread_mutex_t lock; /* guards everything below but the client */
	pthread_cond_t changed;
	pthread_t thread;
	struct http_client *client; /* the thread's */
	enum sim_system system;
	char *url;    /* owned; NULL: not known yet */
	char *target; /* owned; NULL: url */
	const char *secret;
	bool is_stopping;
	/* how they are sent */
	bool is_on;
	unsigned copies; /* 2: each twice */
	bool is_reordering;
	bool is_forging; /* with a wrong secret or signature */
	int64_t delay_ms;
	enum hooks_form form;
	enum auth auth;
	char header[64]; /* of AUTH_HEADER */
	int64_t ladder_ms[LADDER_MAX];
	unsigned n_ladder;
	int64_t paused_mono_ms; /* nothing is made before */
	int64_t hour_mono_ms;   /* when the hour began that is counted */
	int64_t n_hour_sent;
	int64_t n_hour_failed;
	/* the queue */
	struct job *jobs;
	size_t n_jobs;
	/* what came of it */
	int64_t n_made;
	int64_t n_suppressed;
	int64_t n_overflowed;
	int64_t n_sent; /* requests that went out */
	int64_t n_done; /* 2xx */
	int64_t n_given_up;
	int64_t n_erased;
	int64_t n_alerts; /* answers that the cashier is shown (Hiboutik) */
	int64_t last_ms;  /* that the last answer took */
	int64_t max_ms;
	int64_t waited_ms;           /* by those who wait for their answer */
	int64_t by_status[N_STATUS]; /* 0: no answer */
};

/* ---- the queue; under the lock ---- */

static void
add_job(struct hooks *h, const struct hooks_message *m, int64_t delay_ms)
{
	struct job **link;
	struct job *job;

	if (h->n_jobs >= QUEUE_MAX) {
		h->n_overflowed++;
		return;
	}
	job = sim_alloc(sizeof(*job));
	job->body = sim_dup(m->body);
	job->url = text_dup(m->url);
	job->secret = text_dup(m->secret);
	job->header = text_dup(m->header);
	job->is_async = m->is_async;
	job->due_mono_ms = clock_mono_ms() + delay_ms;
	for (link = &h->jobs; *link != NULL; link = &(*link)->next)
		continue;
	*link = job;
	h->n_jobs++;
}

/* Every second one waits, so that later ones overtake it. */
static int64_t
delay_of(const struct hooks *h)
{
	return h->delay_ms +
	       (h->is_reordering && h->n_made % 2 == 1 ? REORDER_MS : 0);
}

static void
make_jobs(struct hooks *h, const struct hooks_message *m)
{
	unsigned i;

	h->n_made++;
	if (!h->is_on || (h->url == NULL && m->url == NULL) ||
	    clock_mono_ms() < h->paused_mono_ms) {
		h->n_suppressed++;
		return;
	}
	for (i = 0; i < h->copies; i++)
		add_job(h, m, m->delay_ms + delay_of(h));
	pthread_cond_signal(&h->changed);
}

void
hooks_send(struct hooks *h, const struct hooks_message *message)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	make_jobs(h, message);
	pthread_mutex_unlock(&h->lock);
}

void
hooks_galaxy(struct hooks *h, const char *itemid)
{
	const struct hooks_message message = { .body = itemid };

	hooks_send(h, &message);
}

const char *
hooks_secret(struct hooks *h)
{
	const char *secret;

	if (h == NULL)
		return NULL;
	pthread_mutex_lock(&h->lock);
	secret = h->is_forging ? "forged-secret" : h->secret;
	pthread_mutex_unlock(&h->lock);
	return secret;
}

/* ---- one delivery; by the thread, on copies ---- */

struct delivery {
	enum sim_system system;
	enum hooks_form form;
	enum auth auth;
	bool is_forged;
	char header[64];
	char *url;        /* owned; what is signed */
	struct buf where; /* where it goes */
	struct buf body;
	char value[512]; /* of the header that proves it */
	char first[CLOCK_TEXT_SIZE];
	char number[16];
	char name[HEADER_SIZE]; /* of a form's header, and its value behind */
	struct http_request request;
};

static void
add_header(struct delivery *d, const char *name, const char *value)
{
	d->request.headers[d->request.n_headers].name = name;
	d->request.headers[d->request.n_headers++].value = value;
}

static void
sign(struct delivery *d, const char *key)
{
	const struct crypto_part parts[] = {
		{ d->url, strlen(d->url) },
		{ d->body.p, d->body.n },
	};
	unsigned char mac[CRYPTO_MAC_MAX];
	size_t n = 0;

	if (d->is_forged)
		key = "forged";
	if (crypto_hmac(mac, &n, CRYPTO_SHA256, key, strlen(key), parts, 2) !=
	    0)
		abort();
	crypto_base64_encode(d->value, mac, n);
	add_header(d, "x-square-hmacsha256-signature", d->value);
}

static void
shape_square(struct delivery *d, const struct job *job, const char *key)
{
	buf_adds(&d->body, job->body);
	d->request.method = "POST";
	add_header(d, "content-type", "application/json");
	sign(d, key);
	clock_format(d->first, job->first_ms);
	add_header(d, "square-environment", "Sandbox");
	add_header(d, "square-initial-delivery-timestamp", d->first);
	if (job->n_tries > 0) {
		snprintf(d->number, sizeof(d->number), "%u", job->n_tries);
		add_header(d, "square-retry-number", d->number);
		add_header(d, "square-retry-reason", job->reason);
	}
}

static void
add_query(struct delivery *d, const char *name, const char *value)
{
	buf_addc(&d->where, strchr(buf_text(&d->where), '?') ? '&' : '?');
	buf_addf(&d->where, "%s=", name);
	buf_add_url(&d->where, value);
}

static void
prove_galaxy(struct delivery *d, const char *secret)
{
	char basic[300];

	if (d->is_forged)
		secret = "forged-secret";
	switch (d->auth) {
	case AUTH_QUERY: add_query(d, "key", secret); break;
	case AUTH_BEARER:
		snprintf(d->value, sizeof(d->value), "Bearer %s", secret);
		add_header(d, "Authorization", d->value);
		break;
	case AUTH_BASIC:
		snprintf(basic, sizeof(basic), "galaxy:%s", secret);
		snprintf(d->value, sizeof(d->value), "Basic ");
		crypto_base64_encode(d->value + 6, basic, strlen(basic));
		add_header(d, "Authorization", d->value);
		break;
	case AUTH_HEADER:
		snprintf(d->value, sizeof(d->value), "%s", secret);
		add_header(d, d->header, d->value);
		break;
	}
}

static void
shape_galaxy(struct delivery *d, const struct job *job, const char *secret)
{
	d->request.method = "POST";
	prove_galaxy(d, secret);
	switch (d->form) {
	case HOOKS_JSON:
		buf_addf(&d->body, "{\"ItemID\":\"%s\"}", job->body);
		add_header(d, "Content-Type", "application/json");
		break;
	case HOOKS_FORM:
		buf_addf(&d->body, "ItemID=%s", job->body);
		add_header(d, "Content-Type",
		           "application/x-www-form-urlencoded");
		break;
	case HOOKS_EMPTY: break;
	case HOOKS_GET:
		d->request.method = "GET";
		add_query(d, "ItemID", job->body);
		break;
	}
}

/* Everything was said when the message was made. */
static void
shape_form(struct delivery *d, const struct job *job)
{
	char *colon;

	d->request.method = "POST";
	buf_adds(&d->body, job->body);
	add_header(d, "Content-Type", "application/x-www-form-urlencoded");
	if (job->header == NULL)
		return;
	snprintf(d->name, sizeof(d->name), "%s", job->header);
	colon = strstr(d->name, ": ");
	if (colon == NULL)
		abort();
	*colon = '\0';
	add_header(d, d->name, colon + 2);
}

/* Where the path of a URL begins. */
static const char *
path_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;

	return path != NULL ? path : "";
}

/* A subscription's own URL; a target stands for its scheme and host. */
static void
find_where(const struct hooks *h, const struct job *job, struct buf *where)
{
	const char *path;

	if (job->url == NULL) {
		buf_adds(where, h->target != NULL ? h->target : h->url);
	} else if (h->target == NULL) {
		buf_adds(where, job->url);
	} else {
		path = path_of(h->target);
		buf_add(where, h->target, strlen(h->target) - strlen(path));
		buf_adds(where, path_of(job->url));
	}
}

/* Copy what may change meanwhile; under the lock. */
static void
prepare(struct hooks *h, struct job *job, struct delivery *d)
{
	*d = (struct delivery){ .system = h->system,
		                .form = h->form,
		                .auth = h->auth,
		                .is_forged = h->is_forging };
	memcpy(d->header, h->header, sizeof(d->header));
	d->url = sim_dup(job->url != NULL ? job->url : h->url);
	find_where(h, job, &d->where);
	if (job->first_ms == 0)
		job->first_ms = clock_wall_ms();
	h->n_sent++;
}

static void
deliver(struct hooks *h, const struct job *job, struct delivery *d,
        struct http_answer *answer)
{
	if (d->system == SIM_SQUARE)
		shape_square(d, job,
		             job->secret != NULL ? job->secret : h->secret);
	else if (d->system == SIM_GALAXY)
		shape_galaxy(d, job, h->secret);
	else
		shape_form(d, job);
	d->request.url = buf_text(&d->where);
	if (d->body.n > 0 || d->system != SIM_GALAXY) {
		d->request.body = buf_text(&d->body);
		d->request.n_body = d->body.n;
	}
	d->request.timeout_ms =
		d->system == SIM_LIGHTSPEED_X ? TIMEOUT_X_MS : TIMEOUT_MS;
	d->request.answer_max = 65536;
	if (http_client_send(h->client, &d->request, answer) != 0)
		answer->status = 0;
}

static void
delivery_fini(struct delivery *d)
{
	free(d->url);
	buf_fini(&d->where);
	buf_fini(&d->body);
}

/* ---- the thread ---- */

static void
remove_job(struct hooks *h, struct job *job)
{
	struct job **link;

	for (link = &h->jobs; *link != job; link = &(*link)->next)
		continue;
	*link = job->next;
	h->n_jobs--;
	free(job->body);
	free(job->url);
	free(job->secret);
	free(job->header);
	free(job);
}

/* Lightspeed X gives up on who hardly ever answers. */
static void
judge_hour(struct hooks *h, bool is_good)
{
	int64_t now_ms = clock_mono_ms();

	if (h->system != SIM_LIGHTSPEED_X)
		return;
	if (now_ms - h->hour_mono_ms >= HOUR_MS) {
		h->hour_mono_ms = now_ms;
		h->n_hour_sent = 0;
		h->n_hour_failed = 0;
	}
	h->n_hour_sent++;
	h->n_hour_failed += !is_good;
	if (h->n_jobs <= ERASE_QUEUE ||
	    h->n_hour_failed * 100 <= h->n_hour_sent * ERASE_PERCENT)
		return;
	while (h->jobs != NULL) {
		h->n_erased++;
		remove_job(h, h->jobs);
	}
	h->paused_mono_ms = now_ms + ERASE_PAUSE_MS;
}

/* 3xx and 4xx are an answer to Lightspeed X, if not the one it hoped for. */
static bool
is_final(const struct hooks *h, int status)
{
	return h->system == SIM_LIGHTSPEED_X && status >= 300 && status < 500;
}

static void
measure(struct hooks *h, const struct job *job,
        const struct http_answer *answer, int64_t took_ms)
{
	h->last_ms = took_ms;
	if (took_ms > h->max_ms)
		h->max_ms = took_ms;
	if (!job->is_async)
		h->waited_ms += took_ms;
	h->n_alerts += strstr(buf_text(&answer->body), "\"alerte\"") != NULL;
}

/* Done, given up, or tried again later; under the lock. */
static void
settle(struct hooks *h, struct job *job, const struct http_answer *answer)
{
	int status = answer->status;

	h->by_status[status > 0 && status < N_STATUS ? status : 0]++;
	if (status >= 200 && status < 300) {
		h->n_done++;
		remove_job(h, job);
	} else if (job->n_tries >= h->n_ladder || is_final(h, status)) {
		h->n_given_up++;
		remove_job(h, job);
	} else {
		job->reason = status > 0                   ? "http_error"
		              : strstr(answer->why, "ime") ? "http_timeout"
		                                           : "other_error";
		job->due_mono_ms = clock_mono_ms() + h->ladder_ms[job->n_tries];
		job->n_tries++;
	}
	judge_hour(h, status >= 200 && status < 300);
}

static struct job *
find_due(const struct hooks *h, int64_t *wait_ms)
{
	int64_t now_ms = clock_mono_ms();
	struct job *job;

	*wait_ms = 1000;
	for (job = h->jobs; job != NULL; job = job->next) {
		if (job->due_mono_ms <= now_ms)
			return job;
		if (job->due_mono_ms - now_ms < *wait_ms)
			*wait_ms = job->due_mono_ms - now_ms;
	}
	return NULL;
}

static void
wait_for(struct hooks *h, int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&h->changed, &h->lock, &until);
}

static void *
run_hooks(void *arg)
{
	struct hooks *h = arg;
	struct http_answer answer;
	struct delivery d;
	struct job *job;
	int64_t wait_ms;
	int64_t began_ms;

	pthread_mutex_lock(&h->lock);
	while (!h->is_stopping) {
		job = find_due(h, &wait_ms);
		if (job == NULL) {
			wait_for(h, wait_ms);
			continue;
		}
		prepare(h, job, &d);
		memset(&answer, 0, sizeof(answer));
		pthread_mutex_unlock(&h->lock);
		began_ms = clock_mono_ms();
		deliver(h, job, &d, &answer);
		pthread_mutex_lock(&h->lock);
		measure(h, job, &answer, clock_mono_ms() - began_ms);
		settle(h, job, &answer);
		http_answer_fini(&answer);
		delivery_fini(&d);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* ---- changing ---- */

static const char *
change_mode(struct hooks *h, const char *mode)
{
	h->is_reordering = false;
	h->is_forging = false;
	h->copies = 1;
	h->is_on = true;
	h->paused_mono_ms = 0;
	if (strcmp(mode, "off") == 0)
		h->is_on = false;
	else if (strcmp(mode, "double") == 0)
		h->copies = 2;
	else if (strcmp(mode, "reorder") == 0)
		h->is_reordering = true;
	else if (strcmp(mode, "forged") == 0)
		h->is_forging = true;
	else if (strcmp(mode, "on") != 0)
		return "mode: on, off, double, reorder, forged";
	return NULL;
}

static const char *
change_form(struct hooks *h, const char *form)
{
	static const char *const names[] = { "json", "form", "empty", "get" };
	int i;

	for (i = 0; i < 4; i++) {
		if (strcmp(names[i], form) == 0) {
			h->form = (enum hooks_form)i;
			return NULL;
		}
	}
	return "form: json, form, empty, get";
}

static const char *
change_auth(struct hooks *h, const char *auth)
{
	const char *name;

	if (sim_after(&name, auth, "header:") &&
	    strlen(name) < sizeof(h->header)) {
		h->auth = AUTH_HEADER;
		snprintf(h->header, sizeof(h->header), "%s", name);
	} else if (strcmp(auth, "query") == 0) {
		h->auth = AUTH_QUERY;
	} else if (strcmp(auth, "bearer") == 0) {
		h->auth = AUTH_BEARER;
	} else if (strcmp(auth, "basic") == 0) {
		h->auth = AUTH_BASIC;
	} else {
		return "auth: query, bearer, basic, header:NAME";
	}
	return NULL;
}

static const char *
change_ladder(struct hooks *h, const struct json_node *ladder)
{
	const char *text;
	size_t i;

	if (json_length(ladder) > LADDER_MAX)
		return "retry_ms: at most 20 waits";
	for (i = 0; i < json_length(ladder); i++) {
		text = json_number_text(json_at(ladder, i));
		if (text == NULL)
			return "retry_ms: an array of milliseconds";
		h->ladder_ms[i] = strtoll(text, NULL, 10);
	}
	h->n_ladder = (unsigned)json_length(ladder);
	return NULL;
}

static void
change_text(char **member, const struct json_node *order, const char *key)
{
	const char *text = json_text_or(order, key, NULL);

	if (text != NULL) {
		free(*member);
		*member = sim_dup(text);
	}
}

const char *
hooks_change(struct hooks *h, const struct json_node *order)
{
	const char *mode = json_text_or(order, "mode", NULL);
	const char *form = json_text_or(order, "form", NULL);
	const char *auth = json_text_or(order, "auth", NULL);
	const struct json_node *ladder = json_find(order, "retry_ms");
	const char *wrong = NULL;

	pthread_mutex_lock(&h->lock);
	if (mode != NULL)
		wrong = change_mode(h, mode);
	if (wrong == NULL && form != NULL)
		wrong = change_form(h, form);
	if (wrong == NULL && auth != NULL)
		wrong = change_auth(h, auth);
	if (wrong == NULL && ladder != NULL)
		wrong = change_ladder(h, ladder);
	json_get_int(&h->delay_ms, order, "delay_ms");
	change_text(&h->url, order, "url");
	change_text(&h->target, order, "target");
	pthread_mutex_unlock(&h->lock);
	return wrong;
}

void
hooks_print_state(struct hooks *h, struct json_out *out)
{
	char status[16];
	int i;

	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	json_out_int(out, "made", h->n_made);
	json_out_int(out, "suppressed", h->n_suppressed);
	json_out_int(out, "overflowed", h->n_overflowed);
	json_out_int(out, "queued", (int64_t)h->n_jobs);
	json_out_int(out, "sent", h->n_sent);
	json_out_int(out, "done", h->n_done);
	json_out_int(out, "given_up", h->n_given_up);
	json_out_int(out, "erased", h->n_erased);
	json_out_int(out, "alerts", h->n_alerts);
	json_out_int(out, "answer_ms", h->last_ms);
	json_out_int(out, "answer_max_ms", h->max_ms);
	json_out_int(out, "waited_ms", h->waited_ms);
	json_out_object(out, "by_status");
	for (i = 0; i < N_STATUS; i++) {
		snprintf(status, sizeof(status), "%d", i);
		if (h->by_status[i] > 0)
			json_out_int(out, status, h->by_status[i]);
	}
	json_out_end_object(out);
	pthread_mutex_unlock(&h->lock);
}

/* ---- starting and stopping ---- */

static void
hooks_free(struct hooks *h)
{
	while (h->jobs != NULL)
		remove_job(h, h->jobs);
	http_client_free(h->client);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	free(h->url);
	free(h->target);
	free(h);
}

static void
set_ladder(struct hooks *h)
{
	static const int64_t ladder_ms[] = { 1000,  2000,  4000,  8000,
		                             15000, 30000, 30000, 30000,
		                             30000, 30000, 30000 };
	unsigned i;

	switch (h->system) {
	case SIM_SQUARE:
		h->n_ladder = 11;
		memcpy(h->ladder_ms, ladder_ms, sizeof(ladder_ms));
		break;
	case SIM_LIGHTSPEED_X:
		/* twenty attempts; the doubled waits add up to 48 hours */
		h->n_ladder = 19;
		for (i = 0; i < h->n_ladder; i++)
			h->ladder_ms[i] = (int64_t)330 << i;
		break;
	case SIM_GALAXY:   /* not public: it tries once and forgets */
	case SIM_HIBOUTIK: /* likewise */
	case SIM_LIGHTSPEED_R:
	case SIM_TIPSI: /* it never calls */
	case SIM_N_SYSTEMS: break;
	}
}

int
hooks_start(struct hooks **out, const struct hooks_options *options)
{
	static const char *const agents[SIM_N_SYSTEMS] = {
		[SIM_GALAXY] = "Galaxy",
		[SIM_SQUARE] = "Square Connect v2",
		[SIM_HIBOUTIK] = "Hiboutik",
		[SIM_LIGHTSPEED_X] = "Lightspeed Retail X-Series",
	};
	const struct http_client_options client = {
		.ca_file = options->ca_file,
		.user_agent = agents[options->system],
	};
	struct hooks *h = sim_alloc(sizeof(*h));
	int r;

	h->system = options->system;
	h->url = text_dup(options->url);
	h->target = text_dup(options->target);
	h->secret = options->secret;
	h->is_on = true;
	h->copies = 1;
	h->hour_mono_ms = clock_mono_ms();
	set_ladder(h);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	r = http_client_new(&h->client, &client);
	if (r == 0 && pthread_create(&h->thread, NULL, run_hooks, h) != 0)
		r = err_raise(ERR_OS, "cannot start a thread");
	if (r != 0) {
		hooks_free(h);
		return err_pass(r);
	}
	*out = h;
	return 0;
}

void
hooks_stop(struct hooks *h)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	h->is_stopping = true;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
	http_client_abort(h->client);
	pthread_join(h->thread, NULL);
	hooks_free(h);
}
