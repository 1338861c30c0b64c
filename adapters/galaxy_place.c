/*
 * Galaxy, places: country, prefecture and city by their names.
 *
 * A city must be one of the named prefecture, unless its row names none; the
 * prefecture decides between cities of one name. Where only the city is named,
 * its row says the prefecture.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <string.h>

void
galaxy_place_fini(struct galaxy_place *place)
{
	galaxy_ref_fini(&place->country);
	galaxy_ref_fini(&place->prefecture);
	galaxy_ref_fini(&place->city);
}

static struct outcome
find_part(struct galaxy *g, struct galaxy_ref *out, const char *prefix,
          const char *part, const struct galaxy_name *name,
          struct entry_problem *problem)
{
	char field[sizeof(problem->field)];
	struct galaxy_name whole = *name;

	if (!name->written)
		return outcome_done();
	(void)snprintf(field, sizeof(field), "%s%s", prefix, part);
	whole.field = field;
	return galaxy_find_row(g, out, &whole, problem);
}

int
galaxy_member_row(struct galaxy *g, struct galaxy_ref *out, const char *entity,
                  const struct json_node *row, const char *member)
{
	char id[GALAXY_ID_SIZE];
	int r;

	if (!galaxy_member_id(id, row, member) || !id[0])
		return 0;
	r = galaxy_read_row(g, &out->row, entity, id);
	if (r == 0)
		memcpy(out->id, id, sizeof(id));
	return r < 0 ? err_pass(r) : 0;
}

struct outcome
galaxy_find_place(struct galaxy *g, struct galaxy_place *out,
                  const char *prefix, const struct galaxy_place_name *said,
                  struct entry_problem *problem)
{
	const struct galaxy_name country = { .entity = "countries",
		                             .written = said->country };
	const struct galaxy_name prefecture = { .entity = "prefectures",
		                                .written = said->prefecture };
	struct galaxy_name city = { .entity = "cities",
		                    .written = said->city,
		                    .elsewhere = "is not in that prefecture" };
	struct outcome outcome;
	int r = 0;

	outcome = find_part(g, &out->country, prefix, "country", &country,
	                    problem);
	if (outcome.verdict == VERDICT_DONE)
		outcome = find_part(g, &out->prefecture, prefix, "prefecture",
		                    &prefecture, problem);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	if (out->prefecture.id[0]) {
		city.member = "PrefectureID";
		city.of = out->prefecture.id;
		city.is_loose = true;
	}
	outcome = find_part(g, &out->city, prefix, "city", &city, problem);
	if (outcome.verdict == VERDICT_DONE && !said->prefecture &&
	    out->city.row) /* the city says it */
		r = galaxy_member_row(g, &out->prefecture, "prefectures",
		                      json_root(out->city.row), "PrefectureID");
	return r ? outcome_fault(r) : outcome;
}
