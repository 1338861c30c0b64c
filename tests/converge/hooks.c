/*
 * Hooks, delivered by a thread of their own so that a program may end in the
 * middle of one. Who sends them knows which were answered with 2xx: from then
 * on Tillbridge answers for them (promise 1).
 *
 * What a hook tells of is what had happened when it was made, not when it was
 * sent: a repeat under the same event id makes nobody look again.
 */
#include "tests/converge/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/clock.h"

enum { CLIENT_MS = 4000, POLL_MS = 4 };

struct job {
	struct job *next;
	struct hook hook;
	char *body; /* owned */
	int64_t due_mono_ms;
	int64_t tells; /* of what happened up to here */
	unsigned n_tries;
	int number;
};

struct hooks {
	pthread_t thread;
	struct world *world;
	struct http_client *client;
	/* the world's lock guards these */
	struct job *jobs;
	bool is_sending;
	bool is_stopping;
	int n_made;
	int64_t n_sent, n_accepted, n_lost;
};

void
hooks_add(struct world *w, const struct hook *hook)
{
	struct hooks *h = w->hooks;
	struct job **link;
	char *body;
	unsigned copies = hook->copies ? hook->copies : 1;

	if (hook->kind != HOOK_GALAXY &&
	    (hook->till >= w->n_telling ||
	     (hook->kind == HOOK_COUNT &&
	      !till_has(w, hook->till, hook->item))))
		return;
	pthread_mutex_lock(&w->lock);
	body = hook_body(w, hook, ++h->n_made);
	for (unsigned i = 0; body && i < copies; i++) {
		struct job *job = calloc(1, sizeof(*job));

		if (!job || !(job->body = text_dup(body)))
			abort();
		job->hook = *hook;
		job->due_mono_ms =
			clock_mono_ms() + hook->delay_ms + 40 * (int64_t)i;
		job->tells = w->seq;
		job->number = h->n_made;
		for (link = &h->jobs; *link; link = &(*link)->next)
			continue;
		*link = job;
	}
	pthread_mutex_unlock(&w->lock);
	free(body);
}

/* ---- sending ---- */

static int
send(struct hooks *h, const struct job *job, struct http_answer *answer)
{
	struct hook_request r;
	int fault;

	hook_request_init(&r, h->world, &job->hook, job->body);
	fault = http_client_send(h->client, &r.http, answer);
	hook_request_fini(&r);
	return fault;
}

/* A 2xx tells of what had happened before; under the lock. */
static void
note_told(struct world *w, const struct job *job)
{
	const struct hook *hook = &job->hook;
	struct news *news = NULL;

	switch (hook->kind) {
	case HOOK_GALAXY: news = &w->items[hook->item].galaxy; break;
	case HOOK_COUNT: news = &w->items[hook->item].till[hook->till]; break;
	case HOOK_PAYMENT:
	case HOOK_ORDER: news = &w->orders[hook->order].news; break;
	}
	if (news->told < job->tells)
		news->told = job->tells;
}

static void
describe(const struct world *w, const struct job *job, char out[TEXT_SIZE])
{
	static const char *const kinds[] = { "galaxy", "count", "payment",
		                             "order" };
	const struct hook *h = &job->hook;
	bool is_item = h->kind == HOOK_GALAXY || h->kind == HOOK_COUNT;

	(void)snprintf(out, TEXT_SIZE, "%shook %s %s (number %d, try %u)",
	               h->is_forged ? "forged " : "", kinds[h->kind],
	               is_item ? w->items[h->item].sku : w->orders[h->order].id,
	               job->number, job->n_tries);
}

static void
remove_job(struct hooks *h, struct job *job)
{
	struct job **link;

	for (link = &h->jobs; *link != job; link = &(*link)->next)
		continue;
	*link = job->next;
	free(job->body);
	free(job);
}

/* What an answer means; removes the job or makes it due again. */
static void
settle(struct hooks *h, struct job *job, int status)
{
	static const int64_t waits_ms[] = { 150, 300, 700, 1500, 2500 };
	struct world *w = h->world;
	bool is_accepted = status >= 200 && status < 300;
	char what[TEXT_SIZE];

	describe(w, job, what);
	say(w, "%s -> %d", what, status);
	if (job->hook.is_forged && is_accepted)
		violate(w, job->hook.item, SIZE_MAX,
		        "a forged hook was answered with %d", status);
	if (!job->hook.is_forged && status >= 400 && status < 500 &&
	    status != 429)
		violate(w, job->hook.item, SIZE_MAX,
		        "a genuine hook was answered with %d", status);
	pthread_mutex_lock(&w->lock);
	h->n_sent++;
	h->n_accepted += is_accepted;
	if (is_accepted && !job->hook.is_forged)
		note_told(w, job);
	if (is_accepted || job->hook.is_forged) {
		remove_job(h, job);
	} else if (job->n_tries >= job->hook.tries || job->n_tries >= 5) {
		h->n_lost++;
		remove_job(h, job);
	} else {
		job->due_mono_ms = clock_mono_ms() + waits_ms[job->n_tries - 1];
	}
	h->is_sending = false;
	pthread_mutex_unlock(&w->lock);
}

/* The one that has been due longest; under the lock. */
static struct job *
find_due(const struct hooks *h)
{
	int64_t now = clock_mono_ms();
	struct job *found = NULL;

	for (struct job *job = h->jobs; job; job = job->next)
		if (job->due_mono_ms <= now &&
		    (!found || job->due_mono_ms < found->due_mono_ms))
			found = job;
	return found;
}

static void *
run(void *arg)
{
	struct hooks *h = arg;
	struct world *w = h->world;

	for (;;) {
		struct http_answer answer = { 0 };
		struct job *job;
		bool is_over;

		pthread_mutex_lock(&w->lock);
		is_over = h->is_stopping;
		job = is_over ? NULL : find_due(h);
		h->is_sending = job != NULL;
		pthread_mutex_unlock(&w->lock);
		if (is_over)
			return NULL;
		if (!job) {
			clock_sleep_ms(POLL_MS);
			continue;
		}
		job->n_tries++;
		if (send(h, job, &answer))
			answer.status = 0;
		settle(h, job, answer.status);
		http_answer_fini(&answer);
	}
}

/* ---- from outside ---- */

void
hooks_start(struct world *w)
{
	char *ca = text_format("%s/certs/ca.pem", w->dir);
	const struct http_client_options options = { .timeout_ms = CLIENT_MS,
		                                     .ca_file = ca };
	struct hooks *h = calloc(1, sizeof(*h));

	if (!h || http_client_new(&h->client, &options))
		give_up(w, "hooks");
	h->world = w;
	w->hooks = h;
	if (pthread_create(&h->thread, NULL, run, h))
		give_up(w, "a thread for hooks");
	free(ca);
}

bool
hooks_are_idle(struct world *w)
{
	bool is_idle;

	pthread_mutex_lock(&w->lock);
	is_idle = !w->hooks->jobs && !w->hooks->is_sending;
	pthread_mutex_unlock(&w->lock);
	return is_idle;
}

void
hooks_count(struct world *w, int64_t *sent, int64_t *accepted, int64_t *lost)
{
	pthread_mutex_lock(&w->lock);
	*sent = w->hooks->n_sent;
	*accepted = w->hooks->n_accepted;
	*lost = w->hooks->n_lost;
	pthread_mutex_unlock(&w->lock);
}

void
hooks_stop(struct world *w)
{
	struct hooks *h = w->hooks;

	pthread_mutex_lock(&w->lock);
	h->is_stopping = true;
	pthread_mutex_unlock(&w->lock);
	(void)pthread_join(h->thread, NULL);
	while (h->jobs)
		remove_job(h, h->jobs);
	http_client_free(h->client);
	free(h);
	w->hooks = NULL;
}
