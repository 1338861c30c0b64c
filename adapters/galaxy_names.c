/*
 * Galaxy, names: which row a person means by an id, a code or a description.
 *
 * Nothing is guessed: what fits no row or several is refused, with the rows that
 * may have been meant. A name is looked up, so that the customers may be many;
 * a table is read whole only where it is small, to find a name written with
 * other accents (capitals have none in Greek) and to name the candidates.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"
#include "gateway/base/fold.h"
#include "gateway/ports/mirror.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	CANDIDATES_MAX = 6,  /* named to a person */
	ALIKE_MIN = 3,       /* characters that make two names alike */
	SMALL_TABLE = 20000, /* rows; all cities of a country */
};

void
galaxy_ref_fini(struct galaxy_ref *ref)
{
	json_free(ref->row);
	*ref = (struct galaxy_ref){ .row = NULL };
}

const char *
galaxy_ref_text(const struct galaxy_ref *ref)
{
	const char *text = "";

	if (ref->row)
		text = json_text_or(json_root(ref->row), "Description", "");
	return text[0] ? text : NULL;
}

struct outcome
galaxy_refuse(struct entry_problem *problem, const char *field,
              const char *format, ...)
{
	char why[2 * sizeof(problem->why)];
	char said[OUTCOME_WHY_SIZE];
	va_list args;

	va_start(args, format);
	if (vsnprintf(why, sizeof(why), format, args) < 0)
		why[0] = '\0';
	va_end(args);
	galaxy_say(problem->field, sizeof(problem->field), field);
	galaxy_say(problem->why, sizeof(problem->why), why);
	(void)snprintf(why, sizeof(why), "%s: %s", problem->field,
	               problem->why);
	galaxy_say(said, sizeof(said), why);
	return outcome_of(VERDICT_REFUSED, "%s", said);
}

/* ---- rows that fit ---- */

/* Some rows, for people. */
struct labels {
	unsigned n; /* all of them */
	struct buf text;
};

struct search {
	const struct galaxy_name *name;
	bool is_named;      /* the rows shown have the name: no comparison */
	struct buf folded;  /* what is written, without case and accents */
	size_t n_alike;     /* bytes of it that make a name alike */
	struct labels fits; /* each once */
	char ids[CANDIDATES_MAX][GALAXY_ID_SIZE]; /* of those */
	struct labels alike;
	struct labels others;
	bool is_elsewhere; /* a row fits, but is none of those that may */
};

static void
add_label(const struct search *search, struct labels *labels, const char *key,
          const struct json_node *row)
{
	char code[40];
	char text[60];

	if (labels->n++ >= CANDIDATES_MAX)
		return;
	galaxy_say(code, sizeof(code), json_text_or(row, "Code", key));
	galaxy_say(text, sizeof(text), json_text_or(row, "Description", ""));
	buf_addf(&labels->text, "%s\"%s\"", labels->text.n ? ", " : "", code);
	if (text[0] && strcmp(text, code) != 0 && !search->name->is_private)
		buf_addf(&labels->text, " (%s)", text);
}

/* Greek vowels lose their accents, which capitals are written without. */
static void
fold(struct buf *out, const char *text)
{
	static const struct {
		char with[3], without[3];
	} vowels[] = {
		{ "ά", "α" }, { "έ", "ε" }, { "ή", "η" }, { "ί", "ι" },
		{ "ϊ", "ι" }, { "ΐ", "ι" }, { "ό", "ο" }, { "ύ", "υ" },
		{ "ϋ", "υ" }, { "ΰ", "υ" }, { "ώ", "ω" },
	};

	buf_reset(out);
	fold_add(out, text);
	for (size_t at = 0; at + 1 < out->n; at++)
		for (size_t i = 0; i < sizeof(vowels) / sizeof(vowels[0]); i++)
			if (memcmp(out->p + at, vowels[i].with, 2) == 0)
				memcpy(out->p + at, vowels[i].without, 2);
}

/* Bytes of the first characters, all where there are fewer. */
static size_t
first_characters(const char *text, unsigned n)
{
	size_t at = 0;

	while (text[at]) {
		if (((unsigned char)text[at] & 0xc0) != 0x80 && n-- == 0)
			break;
		at++;
	}
	return at;
}

static bool
is_same_or_alike(struct search *search, const char *name, bool *is_alike)
{
	struct buf folded = BUF_INIT;
	bool is_same;

	fold(&folded, name);
	is_same = strcmp(buf_text(&folded), buf_text(&search->folded)) == 0;
	if (folded.n && strncmp(buf_text(&folded), buf_text(&search->folded),
	                        search->n_alike) == 0)
		*is_alike = true;
	buf_fini(&folded);
	return is_same;
}

/* May this row be chosen at all, whatever its name? */
static bool
may_be(const struct galaxy_name *name, const struct json_node *row)
{
	char id[GALAXY_ID_SIZE];

	if (name->may && !name->may(row))
		return false;
	if (!name->member)
		return true;
	if (!galaxy_member_id(id, row, name->member) || !id[0])
		return name->is_loose;
	return strcmp(id, name->of) == 0;
}

/* A scan of the mirror may show a row twice. */
static bool
is_known(const struct search *search, const char *key)
{
	for (unsigned i = 0; i < search->fits.n && i < CANDIDATES_MAX; i++)
		if (strcmp(search->ids[i], key) == 0)
			return true;
	return false;
}

static void
take_fit(struct search *search, const char *key, const struct json_node *row)
{
	if (is_known(search, key))
		return;
	if (search->fits.n < CANDIDATES_MAX)
		(void)galaxy_id(search->ids[search->fits.n], key);
	add_label(search, &search->fits, key, row);
}

static void
consider(struct search *search, const char *key, const struct json_node *row)
{
	bool is_alike = false;
	bool fits = search->is_named || !search->name->written;

	if (!fits)
		fits = is_same_or_alike(search, json_text_or(row, "Code", ""),
		                        &is_alike);
	if (!fits)
		fits = is_same_or_alike(search,
		                        json_text_or(row, "Description", ""),
		                        &is_alike);
	if (!may_be(search->name, row))
		search->is_elsewhere |= fits && search->name->written;
	else if (fits)
		take_fit(search, key, row);
	else
		add_label(search, is_alike ? &search->alike : &search->others,
		          key, row);
}

static int
visit(void *ctx, const char *key, const char *text, size_t n)
{
	struct search *search = ctx;
	struct json *doc = NULL;
	char id[GALAXY_ID_SIZE];
	int r = json_parse(&doc, text, n);

	if (r) /* a broken row fits nobody */
		return r < 0 ? err_pass(r) : 0;
	if (galaxy_id(id, key))
		consider(search, id, json_root(doc));
	json_free(doc);
	/* Without a name two are too many; with one the table is small. */
	return !search->name->written && search->fits.n > CANDIDATES_MAX;
}

static int
visit_id(struct galaxy *g, struct search *search)
{
	struct json *row = NULL;
	char id[GALAXY_ID_SIZE];
	int r;

	if (!galaxy_id(id, search->name->written))
		return 0;
	r = galaxy_read_row(g, &row, search->name->entity, id);
	if (r == 0)
		consider(search, id, json_root(row));
	json_free(row);
	return r < 0 ? err_pass(r) : 0;
}

static int
visit_small(struct galaxy *g, struct search *search)
{
	const char *entity = search->name->entity;
	int64_t n = 0;
	int r = mirror_count(g->env.mirror, &n, entity);

	if (r || n > SMALL_TABLE)
		return err_pass(r);
	fold(&search->folded, search->name->written);
	search->n_alike =
		first_characters(buf_text(&search->folded), ALIKE_MIN);
	return mirror_each(g->env.mirror, entity, visit, search);
}

/* An id is the surest, a name as it stands the next. 0 or a fault. */
static int
run(struct galaxy *g, struct search *search)
{
	const struct galaxy_name *name = search->name;
	int r;

	if (!name->written) {
		r = mirror_each(g->env.mirror, name->entity, visit, search);
		return r < 0 ? err_pass(r) : 0;
	}
	search->is_named = true;
	r = visit_id(g, search);
	if (!r && !search->fits.n && !search->is_elsewhere)
		r = mirror_each_named(g->env.mirror, name->entity,
		                      name->written, visit, search);
	search->is_named = false;
	if (r >= 0 && !search->fits.n && !name->is_private)
		r = visit_small(g, search);
	return r < 0 ? err_pass(r) : 0;
}

/* ---- what came of it ---- */

static struct outcome
refuse_written(const struct search *search, struct entry_problem *problem)
{
	const struct galaxy_name *name = search->name;
	const struct labels *labels = search->fits.n    ? &search->fits
	                              : search->alike.n ? &search->alike
	                                                : &search->others;
	const char *more = labels->n > CANDIDATES_MAX ? ", ..." : "";
	const char *list = buf_text(&labels->text);
	char written[60];

	galaxy_say(written, sizeof(written), name->written);
	if (search->fits.n)
		return galaxy_refuse(problem, name->field,
		                     "\"%s\" fits more than one of Galaxy's "
		                     "%s: %s%s",
		                     written, name->entity, list, more);
	if (search->is_elsewhere)
		return galaxy_refuse(problem, name->field, "\"%s\" %s%s%s%s",
		                     written, name->elsewhere,
		                     labels->n ? "; there are: " : "", list,
		                     more);
	return galaxy_refuse(problem, name->field,
	                     "Galaxy's %s have no \"%s\"%s%s%s", name->entity,
	                     written,
	                     search->alike.n ? "; did you mean: "
	                     : labels->n     ? "; there are: "
	                                     : "",
	                     list, more);
}

static struct outcome
judge(const struct search *search, struct entry_problem *problem)
{
	const struct galaxy_name *name = search->name;

	if (search->fits.n == 1)
		return outcome_done();
	if (name->written)
		return refuse_written(search, problem);
	if (search->fits.n)
		return galaxy_refuse(
			problem, name->field,
			"is not set and Galaxy's %s are several: %s%s",
			name->entity, buf_text(&search->fits.text),
			search->fits.n > CANDIDATES_MAX ? ", ..." : "");
	if (name->is_needed)
		return galaxy_refuse(problem, name->field,
		                     "the mirror has no %s yet", name->entity);
	return outcome_done(); /* this installation does without */
}

struct outcome
galaxy_find_row(struct galaxy *g, struct galaxy_ref *out,
                const struct galaxy_name *name, struct entry_problem *problem)
{
	struct search search = { .name = name };
	struct outcome outcome;
	int r = run(g, &search);

	if (!r)
		r = buf_check(&search.folded);
	outcome = r ? outcome_fault(r) : judge(&search, problem);
	if (outcome.verdict == VERDICT_DONE && search.fits.n == 1) {
		memcpy(out->id, search.ids[0], sizeof(out->id));
		r = galaxy_read_row(g, &out->row, name->entity, out->id);
		if (r < 0)
			outcome = outcome_fault(r);
	}
	buf_fini(&search.folded);
	buf_fini(&search.fits.text);
	buf_fini(&search.alike.text);
	buf_fini(&search.others.text);
	return outcome;
}
