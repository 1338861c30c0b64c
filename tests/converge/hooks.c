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
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"

enum { TIMEOUT_MS = 4000, POLL_MS = 4 };

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

/* ---- making one ---- */

static void
put_event(struct json_out *o, const struct world *w, const char *type,
          int number)
{
	char id[64];

	(void)snprintf(id, sizeof(id), "converge-%llu-%d",
	               (unsigned long long)w->seed, number);
	json_out_text(o, "merchant_id", "MAGORA0000001");
	json_out_text(o, "location_id", "L1");
	json_out_text(o, "type", type);
	json_out_text(o, "event_id", id);
	json_out_text(o, "created_at", "2026-01-01T00:00:00.000Z");
	json_out_object(o, "data");
	json_out_text(o, "type", type);
	json_out_text(o, "id", id);
	json_out_object(o, "object");
}

/* A false count: what it says must not be believed. */
static void
put_count(struct json_out *o, const struct world *w, const struct hook *h)
{
	json_out_array(o, "inventory_counts");
	json_out_object(o, NULL);
	json_out_text(o, "catalog_object_id",
	              w->items[h->item].variation[h->till]);
	json_out_text(o, "catalog_object_type", "ITEM_VARIATION");
	json_out_text(o, "state", "IN_STOCK");
	json_out_text(o, "location_id", "L1");
	json_out_text(o, "quantity", "777");
	json_out_text(o, "calculated_at", "2026-01-01T00:00:00.000Z");
	json_out_end_object(o);
	json_out_end_array(o);
}

static void
put_order(struct json_out *o, const struct world *w, const struct hook *h)
{
	bool is_payment = h->kind == HOOK_PAYMENT;

	json_out_object(o, is_payment ? "payment" : "order_updated");
	json_out_text(o, "order_id", w->orders[h->order].id);
	json_out_text(o, "location_id", "L1");
	json_out_text(o, is_payment ? "status" : "state", "COMPLETED");
	json_out_end_object(o);
}

static char *
make_body(const struct world *w, const struct hook *h, int number)
{
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };

	json_out_object(&o, NULL);
	if (h->kind == HOOK_GALAXY) {
		json_out_text(&o, "ItemID", w->items[h->item].itemid);
	} else {
		put_event(&o, w,
		          h->kind == HOOK_COUNT     ? "inventory.count.updated"
		          : h->kind == HOOK_PAYMENT ? "payment.updated"
		                                    : "order.updated",
		          number);
		if (h->kind == HOOK_COUNT)
			put_count(&o, w, h);
		else
			put_order(&o, w, h);
		json_out_end_object(&o);
		json_out_end_object(&o);
	}
	json_out_end_object(&o);
	return buf_steal(&body);
}

void
hooks_add(struct world *w, const struct hook *hook)
{
	struct hooks *h = w->hooks;
	struct job **link;
	char *body;
	unsigned copies = hook->copies ? hook->copies : 1;

	pthread_mutex_lock(&w->lock);
	body = make_body(w, hook, ++h->n_made);
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

static const char *
account_of(const struct hook *hook)
{
	return hook->kind == HOOK_GALAXY ? "erp" : till_names[hook->till];
}

/* Square signs URL and body; Galaxy shows a secret, in one of three ways. */
static int
send(struct hooks *h, const struct job *job, struct http_answer *answer)
{
	struct world *w = h->world;
	const struct hook *hook = &job->hook;
	const char *key = hook->is_forged ? "forged" : w->secrets[SECRET_KEY];
	const char *secret =
		hook->is_forged ? "forged" : w->secrets[SECRET_GALAXY_HOOK];
	char *url = text_format("%s/hooks/%s", w->hooks_url, account_of(hook));
	char *bearer = text_format("Bearer %s", secret);
	struct crypto_part parts[] = { { url, strlen(url) },
		                       { job->body, strlen(job->body) } };
	unsigned char mac[CRYPTO_MAC_MAX];
	char signature[100];
	size_t n_mac = 0;
	struct http_request r = {
		.method = "POST",
		.headers = { { "Content-Type", "application/json" } },
		.n_headers = 1,
		.body = job->body,
		.n_body = strlen(job->body),
		.timeout_ms = TIMEOUT_MS,
	};
	int fault = crypto_hmac(mac, &n_mac, CRYPTO_SHA256, key, strlen(key),
	                        parts, 2);

	crypto_base64_encode(signature, mac, n_mac);
	if (hook->kind != HOOK_GALAXY) {
		r.headers[r.n_headers++] =
			(struct http_header){ "x-square-hmacsha256-signature",
			                      signature };
	} else if (hook->form % 3 == 0) {
		r.headers[r.n_headers++] =
			(struct http_header){ "Authorization", bearer };
	} else {
		char *with = text_format("%s?key=%s&ItemID=%s", url, secret,
		                         w->items[hook->item].itemid);

		free(url);
		url = with;
		if (hook->form % 3 == 2) {
			r.method = "GET";
			r.body = NULL;
			r.n_body = 0;
			r.n_headers = 0;
		}
	}
	r.url = url;
	if (!fault)
		fault = http_client_send(h->client, &r, answer);
	free(url);
	free(bearer);
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
	const struct http_client_options options = { .timeout_ms = TIMEOUT_MS,
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
