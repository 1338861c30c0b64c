/*
 * Lightspeed X, versions and time.
 *
 * The retailer has one row of version numbers, and lists are asked for by them.
 * The engine asks by time. So that one leads to the other we remember
 * milestones: at this moment, by their clock, this version had been given out,
 * so whatever changes later has a larger one. A milestone that is too low costs
 * rows read again, and nothing else; one that is too high would cost a sale, so
 * each is only what an answer of that moment showed. They are kept in the
 * mirror; what is old of them is thinned out.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/err.h"

#include <string.h>

#define NOTE "lightspeed_x.versions"

enum { GAP_MS = 30 * 1000 }; /* between two milestones */

/* ---- the row of them ---- */

/* Every second one of the older half goes. */
static void
thin_out(struct lightspeed_x *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n_milestones; i++)
		if (i == 0 || i >= LIGHTSPEED_X_MILESTONES / 2 || i % 2 == 0)
			x->milestones[n++] = x->milestones[i];
	x->n_milestones = n;
}

static void
append(struct lightspeed_x *x, int64_t version, int64_t at_ms)
{
	if (x->n_milestones == LIGHTSPEED_X_MILESTONES)
		thin_out(x);
	x->milestones[x->n_milestones++] =
		(struct lightspeed_x_milestone){ at_ms, version };
	x->has_new_ones = true;
}

int64_t
lightspeed_x_top(const struct json_node *root, int64_t min)
{
	const struct json_node *rows = json_find(root, "data");
	int64_t top = min;
	int64_t version;

	/* One row with a number beyond all others would hide what comes. */
	if (json_get_int(&version, json_find(root, "version"), "max") == 0)
		return version > min ? version : min;
	for (size_t i = 0; i < json_length(rows); i++)
		if (json_get_int(&version, json_at(rows, i), "version") == 0 &&
		    version > top)
			top = version;
	return top;
}

void
lightspeed_x_saw(struct lightspeed_x *x, int64_t version)
{
	int64_t now_ms = peer_clock_now_ms(&x->clock);
	const struct lightspeed_x_milestone *last;

	if (version <= x->newest)
		return;
	x->newest = version;
	if (!x->has_milestones)
		return; /* those that are kept come first */
	/* Their clock was set back: what it said before is none of its time. */
	while (x->n_milestones > 0 &&
	       x->milestones[x->n_milestones - 1].at_ms > now_ms)
		x->n_milestones--;
	last = x->n_milestones ? &x->milestones[x->n_milestones - 1] : NULL;
	if (!last || now_ms - last->at_ms >= GAP_MS)
		append(x, version, now_ms);
}

/* In front of those that are later. */
void
lightspeed_x_learn(struct lightspeed_x *x, int64_t version, int64_t at_ms)
{
	size_t at = 0;

	if (x->n_milestones == LIGHTSPEED_X_MILESTONES)
		thin_out(x);
	while (at < x->n_milestones && x->milestones[at].at_ms < at_ms)
		at++;
	memmove(&x->milestones[at + 1], &x->milestones[at],
	        (x->n_milestones - at) * sizeof(*x->milestones));
	x->milestones[at] = (struct lightspeed_x_milestone){ at_ms, version };
	x->n_milestones++;
	x->has_new_ones = true;
}

/* ---- kept ---- */

static int64_t
int_at(const struct json_node *array, size_t i)
{
	const char *text = json_number_text(json_at(array, i));
	struct decimal d;
	int64_t n = -1;

	if (text && decimal_parse(&d, text) == 0)
		(void)decimal_to_scaled(&n, d, 0);
	return n;
}

/* Our own note back; what is not understood in it is as good as absent. */
static void
take_note(struct lightspeed_x *x, const struct json_node *root)
{
	int64_t last_ms = -1;

	for (size_t i = 0; i < json_length(root); i++) {
		const struct json_node *pair = json_at(root, i);
		int64_t at_ms = int_at(pair, 0);
		int64_t version = int_at(pair, 1);

		if (at_ms <= last_ms || version < 0 ||
		    x->n_milestones == LIGHTSPEED_X_MILESTONES)
			continue;
		append(x, version, at_ms);
		last_ms = at_ms;
		if (version > x->newest)
			x->newest = version;
	}
	x->has_new_ones = false;
}

static int
load(struct lightspeed_x *x)
{
	struct buf text = BUF_INIT;
	struct json *doc = NULL;
	int r;

	if (x->has_milestones)
		return 0;
	r = mirror_note_get(x->mirror, &text, NOTE);
	if (r == 0)
		r = json_parse(&doc, buf_text(&text), text.n);
	if (r == MIRROR_ABSENT || r == JSON_MALFORMED)
		r = 0;
	if (!r && doc)
		take_note(x, json_root(doc));
	x->has_milestones = r == 0;
	json_free(doc);
	buf_fini(&text);
	return err_pass(r);
}

int
lightspeed_x_keep_versions(struct lightspeed_x *x)
{
	struct buf text = BUF_INIT;
	struct json_out o = { .to = &text };
	int r;

	if (!x->has_new_ones)
		return 0;
	json_out_array(&o, NULL);
	for (size_t i = 0; i < x->n_milestones; i++) {
		json_out_array(&o, NULL);
		json_out_int(&o, NULL, x->milestones[i].at_ms);
		json_out_int(&o, NULL, x->milestones[i].version);
		json_out_end_array(&o);
	}
	json_out_end_array(&o);
	r = buf_check(&text);
	if (!r)
		r = mirror_note_set(x->mirror, NOTE, buf_text(&text));
	x->has_new_ones = r != 0;
	buf_fini(&text);
	return err_pass(r);
}

int
lightspeed_x_version_at(struct lightspeed_x *x, int64_t *out, int64_t at_ms)
{
	int r = load(x);

	*out = -1;
	for (size_t i = 0; i < x->n_milestones; i++)
		if (x->milestones[i].at_ms <= at_ms)
			*out = x->milestones[i].version;
	return r;
}

/* ---- the newest one ---- */

/* The dated list comes downwards unless it is asked otherwise: its first row
   is the newest. */
static struct outcome
ask_newest(struct lightspeed_x *x)
{
	struct buf body = BUF_INIT;
	struct json *doc = NULL;
	struct outcome outcome;
	int64_t version = 0;

	buf_adds(&body, "{\"size\":1,\"sort_direction\":\"desc\"}");
	outcome = lightspeed_x_must_be(
		lightspeed_x_ask(x, &doc, &body,
	                         text_format("/api/%s/inventory", x->dated)),
		"inventory");
	if (outcome.verdict == VERDICT_DONE) {
		const struct json_node *root = json_root(doc);
		bool is_bad =
			json_type(root) != JSON_ARRAY ||
			(json_length(root) > 0 &&
		         (json_get_int(&version, json_at(root, 0), "version") ||
		          version < 0));

		outcome = outcome_taken(is_bad ? LIGHTSPEED_X_MALFORMED : 0,
		                        "inventory");
	}
	json_free(doc);
	buf_fini(&body);
	if (outcome.verdict == VERDICT_DONE)
		lightspeed_x_saw(x, version);
	return outcome;
}

struct outcome
lightspeed_x_newest(struct lightspeed_x *x, int64_t *out)
{
	int r = load(x);
	struct outcome outcome = r ? outcome_fault(r) : outcome_done();

	if (!r && x->newest == 0)
		outcome = ask_newest(x);
	*out = x->newest;
	return outcome;
}
