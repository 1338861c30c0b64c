/*
 * Square, webhook subscriptions: have Square call us.
 *
 * Does    GET /v2/webhooks/subscriptions, disabled ones included; then POST
 *         where none is there for our URL, PUT where it is off, lacks events
 *         of ours or speaks another API version than the account, and nothing where it is as it should be. The signature key
 *         is in the answer of the POST, else GET …/{id} tells it.
 * Not     Subscriptions for other URLs are others'. Events that ours has beside
 *         what we need stay; the handler passes over them.
 * Limits  Subscriptions are an application's and not a seller's: they want the
 *         application's own token, which the seller's OAuth token is not. They
 *         cover all locations, so accounts of one merchant have one each, and
 *         the handler takes what names its location.
 */
#include "adapters/square.h"

#include "gateway/base/buf.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"

#include <stdlib.h>
#include <string.h>

#define PATH "/v2/webhooks/subscriptions"

#define BY_HAND \
	"make one by hand in Square's developer portal (Webhooks, " \
	"Subscriptions) and set `hook.signature_key`"

enum {
	ID_SIZE = 65,
	PAGES_MAX = 100, /* of a hundred; more is a loop */
	KEY_BYTES = 20,
};

/* What handlers/hooks/square.c understands. */
static const char *const events[] = {
	"inventory.count.updated", "payment.created",
	"payment.updated",         "order.created",
	"order.updated",           "oauth.authorization.revoked",
};

enum { N_EVENTS = sizeof(events) / sizeof(*events) };

/* The subscription for our URL, as it is there. */
struct subscription {
	char id[ID_SIZE]; /* "": there is none */
	bool is_enabled;
	struct json *doc;               /* owned; the page that it is on */
	const struct json_node *events; /* borrowed from doc */
	const char *version; /* borrowed from doc; "": it does not say */
};

/* ---- finding ours ---- */

/* An enabled one is better than one that is off. Takes the page then. */
static int
look_through(struct subscription *out, struct json **page, const char *url)
{
	const struct json_node *rows;
	int r = square_find_rows(&rows, json_root(*page), "subscriptions");

	for (size_t i = 0; !r && i < json_length(rows); i++) {
		const struct json_node *row = json_at(rows, i);
		const char *id = json_text_or(row, "id", "");
		bool is_enabled = false;

		if (strcmp(json_text_or(row, "notification_url", ""), url) != 0)
			continue;
		if (!*id || strlen(id) >= ID_SIZE)
			return SQUARE_MALFORMED;
		(void)json_get_bool(&is_enabled, row, "enabled");
		if (out->id[0] && (out->is_enabled || !is_enabled))
			continue;
		memcpy(out->id, id, strlen(id) + 1);
		out->is_enabled = is_enabled;
		out->events = json_find(row, "event_types");
		out->version = json_text_or(row, "api_version", "");
		if (*page != out->doc)
			json_free(out->doc);
		out->doc = *page;
	}
	return r;
}

/* One page; cursor goes from this one's to the next one's. */
static struct outcome
look_at_page(struct square *s, struct subscription *out, const char *url,
             struct buf *cursor)
{
	struct buf path = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	const char *next;
	int r;

	buf_adds(&path, PATH "?include_disabled=true&limit=100");
	if (cursor->n) {
		buf_adds(&path, "&cursor=");
		buf_add_url(&path, buf_text(cursor));
	}
	buf_reset(cursor);
	outcome = square_call(s, buf_text(&path), NULL, &doc);
	if (outcome.verdict == VERDICT_DONE) {
		r = look_through(out, &doc, url);
		next = json_text_or(json_root(doc), "cursor", "");
		buf_adds(cursor, next);
		outcome = outcome_taken(r ? r : buf_check(cursor), PATH);
	}
	if (doc != out->doc)
		json_free(doc);
	buf_fini(&path);
	return outcome;
}

static struct outcome
find_ours(struct square *s, struct subscription *out, const char *url)
{
	struct buf cursor = BUF_INIT;
	struct outcome outcome;
	unsigned n_pages = 0;

	do {
		outcome = look_at_page(s, out, url, &cursor);
	} while (outcome.verdict == VERDICT_DONE && cursor.n &&
	         ++n_pages < PAGES_MAX);
	/* Ours may be behind: nothing is made then. */
	if (outcome.verdict == VERDICT_DONE && cursor.n)
		outcome = outcome_of(VERDICT_RETRY,
		                     "the list does not end (%d pages)",
		                     PAGES_MAX);
	buf_fini(&cursor);
	return outcome;
}

static bool
has_event(const struct json_node *array, const char *event)
{
	for (size_t i = 0; i < json_length(array); i++) {
		const char *one = json_text(json_at(array, i));

		if (one && strcmp(one, event) == 0)
			return true;
	}
	return false;
}

/* ---- what is to be done ---- */

/* What it calls for, and ours beside that. */
static void
out_events(struct json_out *o, const struct json_node *there)
{
	json_out_array(o, "event_types");
	for (size_t i = 0; i < json_length(there); i++) {
		const char *one = json_text(json_at(there, i));

		if (one)
			json_out_text(o, NULL, one);
	}
	for (size_t i = 0; i < N_EVENTS; i++)
		if (!has_event(there, events[i]))
			json_out_text(o, NULL, events[i]);
	json_out_end_array(o);
}

/* The events that are missing, for a person. Returns how many. */
static size_t
say_missing(struct buf *out, const struct json_node *there)
{
	size_t n = 0;

	for (size_t i = 0; i < N_EVENTS; i++)
		if (!has_event(there, events[i]))
			buf_addf(out, "%s%s", n++ ? ", " : "", events[i]);
	return n;
}

/* A line of what is to be done to ours; none: it is as it should be. */
static void
say_steps(struct buf *what, const struct square *s,
          const struct subscription *ours, const char *url)
{
	struct buf missing = BUF_INIT;
	size_t n = say_missing(&missing, ours->events);

	if (!ours->id[0])
		buf_addf(what,
		         "make a subscription for %s with the events %s\n", url,
		         buf_text(&missing));
	else if (n)
		buf_addf(what, "add to subscription %s the events %s\n",
		         ours->id, buf_text(&missing));
	if (ours->id[0] && !ours->is_enabled)
		buf_addf(what, "switch subscription %s on\n", ours->id);
	if (ours->id[0] && *ours->version && strcmp(ours->version, s->version))
		buf_addf(what,
		         "let subscription %s speak API version %s instead of "
		         "%.20s\n",
		         ours->id, s->version, ours->version);
	buf_fini(&missing);
}

/* ---- doing it ---- */

/*
 * A key of its own for each time: what makes this idempotent is the look at
 * what is there. One made from the URL would bring back the answer of a
 * subscription that somebody has deleted since.
 */
static int
build_new(struct buf *out, const struct square *s, const char *url)
{
	struct json_out o = { .to = out };
	unsigned char bytes[KEY_BYTES];
	char key[2 * KEY_BYTES + 1];
	char *name = text_format("Tillbridge, location %.40s", s->location);
	int r = name ? crypto_random(bytes, sizeof(bytes))
	             : err_raise(ERR_NOMEM, "square");

	if (!r) {
		crypto_hex_encode(key, bytes, sizeof(bytes));
		json_out_object(&o, NULL);
		json_out_text(&o, "idempotency_key", key);
		json_out_object(&o, "subscription");
		json_out_text(&o, "name", name);
		json_out_bool(&o, "enabled", true);
		out_events(&o, NULL);
		json_out_text(&o, "notification_url", url);
		json_out_text(&o, "api_version", s->version);
		json_out_end_object(&o);
		json_out_end_object(&o);
	}
	free(name);
	return err_pass(r);
}

static void
build_change(struct buf *out, const struct square *s,
             const struct subscription *ours)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_object(&o, "subscription");
	json_out_bool(&o, "enabled", true);
	out_events(&o, ours->events);
	json_out_text(&o, "api_version", s->version);
	json_out_end_object(&o);
	json_out_end_object(&o);
}

/* The key of an answer that names a subscription; none is no trouble here. */
static void
take_key(struct buf *secret, const struct json *doc)
{
	const struct json_node *row = json_find(json_root(doc), "subscription");

	buf_adds(secret, json_text_or(row, "signature_key", ""));
}

static struct outcome
make(struct square *s, const struct hook_job *job)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	int r = build_new(&body, s, job->url);
	struct outcome outcome =
		r ? outcome_fault(r) : square_post(s, PATH, &body, &doc);

	/* The next run finds it, if it is there. */
	if (outcome.verdict == VERDICT_UNCERTAIN)
		outcome.verdict = VERDICT_RETRY;
	if (outcome.verdict == VERDICT_DONE) {
		take_key(job->secret, doc);
		if (!job->secret->n)
			outcome = outcome_taken(SQUARE_MALFORMED, PATH);
	}
	json_free(doc);
	buf_fini(&body);
	return outcome;
}

/* With a body: change it. Without: only read it. */
static struct outcome
ask(struct square *s, const struct subscription *ours, const struct buf *body,
    struct buf *secret)
{
	struct buf path = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;

	buf_adds(&path, PATH "/");
	buf_add_url(&path, ours->id);
	outcome = body ? square_put(s, buf_text(&path), body, &doc)
	               : square_call(s, buf_text(&path), NULL, &doc);
	if (outcome.verdict == VERDICT_DONE && !body)
		take_key(secret, doc);
	json_free(doc);
	buf_fini(&path);
	return outcome;
}

static struct outcome
mend(struct square *s, const struct subscription *ours,
     const struct hook_job *job)
{
	struct buf body = BUF_INIT;
	struct outcome outcome;

	build_change(&body, s, ours);
	outcome = ask(s, ours, &body, job->secret);
	buf_fini(&body);
	return outcome;
}

/* ---- the function of the table ---- */

static struct outcome
set_up(struct square *s, const struct hook_job *job,
       const struct subscription *ours)
{
	struct outcome outcome = outcome_done();
	size_t n_before = job->what->n;

	say_steps(job->what, s, ours, job->url);
	if (!ours->id[0])
		return job->is_dry ? outcome : make(s, job);
	if (job->what->n != n_before && !job->is_dry)
		outcome = mend(s, ours, job);
	return outcome.verdict == VERDICT_DONE ? ask(s, ours, NULL, job->secret)
	                                       : outcome;
}

struct outcome
square_register_hooks(void *state, const struct hook_job *job)
{
	struct square *s = square_of(state);
	struct subscription ours = { .version = "" };
	struct outcome outcome;

	if (s->oauth)
		return outcome_of(VERDICT_REFUSED,
		                  "Square takes subscriptions from the "
		                  "application itself and not with a seller's "
		                  "oauth: " BY_HAND);
	outcome = find_ours(s, &ours, job->url);
	if (outcome.verdict == VERDICT_DONE)
		outcome = set_up(s, job, &ours);
	json_free(ours.doc);
	if (outcome.verdict == VERDICT_LOCKED)
		outcome = outcome_of(VERDICT_REFUSED,
		                     "%.120s; only the application's own token "
		                     "makes subscriptions: " BY_HAND,
		                     outcome.why);
	return outcome;
}
