/*
 * Lightspeed X, the probe: whose shop it is, and whether what is configured is
 * there. Once all of it was found, one call is enough.
 */
#include "adapters/lightspeed_x.h"

#include "gateway/base/words.h"

#include <string.h>

enum {
	PAGE_SIZE = 200,
	NAME_SIZE = 80,
	KNOWN_MAX = 130, /* bytes of what there is instead */
};

/* Something that an option names. */
struct thing {
	const char *list;   /* of version 2.0 */
	const char *option; /* what it is called, in words and in the file */
	const char *id;
	const char *name_key;
	const char *outlet; /* it must be of this one; NULL: of none */
	bool is_found;
	bool is_closed;
	bool is_elsewhere;
	char name[NAME_SIZE];
	struct buf known; /* the others: "id (name), …" */
};

static int
take(void *ctx, const struct json_node *row)
{
	struct thing *t = ctx;
	const char *id = json_text_or(row, "id", "");
	const char *name = json_text_or(row, t->name_key, "?");
	bool is_open = true;

	if (json_find(row, "deleted_at"))
		return 0;
	if (strcmp(id, t->id) != 0) {
		if (t->known.n < KNOWN_MAX)
			buf_addf(&t->known, "%s%s (%s)", t->known.n ? ", " : "",
			         id, name);
		return 0;
	}
	(void)words_copy(t->name, sizeof(t->name), name);
	(void)json_get_bool(&is_open, row, "is_open");
	t->is_closed = !is_open;
	t->is_elsewhere =
		t->outlet && strcmp(json_text_or(row, "outlet_id", t->outlet),
	                            t->outlet) != 0;
	t->is_found = true;
	return LIGHTSPEED_X_ENOUGH;
}

static struct outcome
judge(const struct thing *t)
{
	char known[KNOWN_MAX];

	if (t->is_elsewhere)
		return outcome_of(VERDICT_LOCKED,
		                  "`%s` \"%.60s\" is not of the outlet that "
		                  "`outlet` names",
		                  t->option, t->name);
	if (t->is_found)
		return outcome_done();
	(void)words_copy(known, sizeof(known),
	                 t->known.n ? buf_text(&t->known) : "none");
	return outcome_of(VERDICT_LOCKED,
	                  "`%s` %.40s is not known; there is: %s", t->option,
	                  t->id, known);
}

static struct outcome
look_for(struct lightspeed_x *x, struct thing *t)
{
	struct lightspeed_x_list list = { .name = t->list,
		                          .query = "",
		                          .page_size = PAGE_SIZE,
		                          .take = take,
		                          .ctx = t };
	struct outcome outcome = lightspeed_x_list(x, &list);

	if (outcome.verdict == VERDICT_DONE)
		outcome = judge(t);
	buf_fini(&t->known);
	return outcome;
}

static struct outcome
look_for_all(struct lightspeed_x *x, struct buf *what)
{
	struct thing things[] = {
		{ .list = "outlets",
		  .option = "outlet",
		  .id = x->outlet,
		  .name_key = "name" },
		{ .list = "registers",
		  .option = "register",
		  .id = x->at_register,
		  .name_key = "name",
		  .outlet = x->outlet },
		{ .list = "users",
		  .option = "user",
		  .id = x->user,
		  .name_key = "display_name" },
		{ .list = "payment_types",
		  .option = "payment_type",
		  .id = x->payment_type,
		  .name_key = "name" },
	};
	struct outcome outcome = outcome_done();
	size_t n = sizeof(things) / sizeof(*things);

	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++)
		outcome = look_for(x, &things[i]);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	buf_addf(what, ", outlet \"%s\", register \"%s\"%s", things[0].name,
	         things[1].name, things[1].is_closed ? " (closed)" : "");
	x->is_placed = true;
	return outcome;
}

/* The cheapest call, and the only one once all was found. */
static struct outcome
ask_retailer(struct lightspeed_x *x, struct buf *out)
{
	struct json *doc = NULL;
	struct outcome outcome = lightspeed_x_must_be(
		lightspeed_x_get(x, &doc, text_dup("/api/2.0/retailer")),
		"the retailer");
	const struct json_node *data = NULL;

	if (outcome.verdict == VERDICT_DONE) {
		data = json_find(json_root(doc), "data");
		if (json_type(data) == JSON_OBJECT)
			buf_addf(out, "retailer \"%s\" (%s)",
			         json_text_or(data, "name", "?"),
			         json_text_or(data, "domain_prefix", "?"));
		else
			outcome = outcome_taken(LIGHTSPEED_X_MALFORMED,
			                        "the retailer");
	}
	json_free(doc);
	return outcome;
}

struct outcome
lightspeed_x_probe(void *state, struct buf *what)
{
	struct lightspeed_x *x = lightspeed_x_of(state);
	struct buf found = BUF_INIT;
	struct outcome outcome = ask_retailer(x, &found);

	if (outcome.verdict == VERDICT_DONE && !x->is_placed)
		outcome = look_for_all(x, &found);
	if (outcome.verdict == VERDICT_DONE) {
		buf_adds(what, buf_text(&found));
		if (x->oauth) {
			buf_adds(what, ", ");
			oauth_describe(x->oauth, what);
		}
	}
	buf_fini(&found);
	return outcome;
}
