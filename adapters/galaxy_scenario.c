/*
 * Galaxy, the web scenario: which one this account works in (galaxy.md 4).
 *
 * Does      GET /services/sync/webscenarios. The configured one is found by
 *           its id, code or description and sent by its id with every call;
 *           the installation's default one is never named.
 * Fails     Clearly, with the choices, when none is set and none is default:
 *           without a scenario no other call would work.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"
#include "gateway/ports/mirror.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct choice {
	struct galaxy *g;
	const char *wanted; /* NULL: the default one */
	bool is_found;
	char id[GALAXY_ID_SIZE]; /* of the one that was found */
	struct buf others;       /* for people */
};

static bool
is_wanted(const struct choice *choice, const struct json_node *row)
{
	static const char *const members[] = { "ID", "Code", "Description" };
	int64_t is_default = 0;
	bool yes = false;

	if (!choice->wanted) {
		if (json_get_bool(&yes, row, "IsDefault") == 0)
			return yes;
		return json_get_int(&is_default, row, "IsDefault") == 0 &&
		       is_default != 0;
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcasecmp(json_text_or(row, members[i], ""),
		               choice->wanted) == 0)
			return true;
	return false;
}

/* A code would be no use to the server, which wants the id. */
static bool
is_guid(const char *text)
{
	return strlen(text) == 36 && text[8] == '-' && text[13] == '-' &&
	       text[18] == '-' && text[23] == '-';
}

static int
take_scenario(struct galaxy_list *list, const struct json_node *row)
{
	struct choice *choice = list->ctx;
	struct galaxy *g = choice->g;
	char id[GALAXY_ID_SIZE];
	char label[GALAXY_ID_SIZE];

	if (!galaxy_member_id(id, row, "ID") || !id[0]) {
		(void)snprintf(list->problem, sizeof(list->problem),
		               "a web scenario without ID");
		return GALAXY_BAD_ROW;
	}
	galaxy_say(label, sizeof(label), json_text_or(row, "Code", id));
	buf_addf(&choice->others, "%s\"%s\"", choice->others.n ? ", " : "",
	         label);
	if (choice->is_found || !is_wanted(choice, row))
		return 0;
	choice->is_found = true;
	memcpy(choice->id, id, sizeof(choice->id));
	(void)snprintf(g->scenario, sizeof(g->scenario), "%s",
	               choice->wanted ? id : "");
	memcpy(g->scenario_label, label, sizeof(label));
	if (!galaxy_member_id(g->company, row, "CompanyID"))
		g->company[0] = '\0';
	return 0;
}

static struct outcome
judge_choice(const struct choice *choice)
{
	char others[120];
	char wanted[60];

	galaxy_say(wanted, sizeof(wanted),
	           choice->wanted ? choice->wanted : "");
	galaxy_say(others, sizeof(others),
	           choice->others.n ? buf_text(&choice->others) : "none");
	if (choice->is_found)
		return outcome_done();
	if (choice->wanted)
		return outcome_of(VERDICT_LOCKED,
		                  "Galaxy has no web scenario \"%s\" "
		                  "(web_scenario); it has: %s",
		                  wanted, others);
	return outcome_of(VERDICT_LOCKED,
	                  "no web scenario is Galaxy's default: set "
	                  "web_scenario to one of: %s",
	                  others);
}

/* Who answers out of the mirror must know whose tables these are. */
static struct outcome
keep_choice(const struct choice *choice)
{
	struct mirror *mirror = choice->g->env.mirror;
	struct buf known = BUF_INIT;
	int r = mirror_note_get(mirror, &known, GALAXY_NOTE_SCENARIO);

	if (r == MIRROR_ABSENT ||
	    (r == 0 && strcmp(buf_text(&known), choice->id) != 0))
		r = mirror_note_set(mirror, GALAXY_NOTE_SCENARIO, choice->id);
	buf_fini(&known);
	return r ? outcome_fault(r) : outcome_done();
}

struct outcome
galaxy_read_scenario(struct galaxy *g)
{
	const char *wanted = conf_text(g->env.conf, "web_scenario");
	struct choice choice = { .g = g, .wanted = wanted };
	struct galaxy_list list = { .row = take_scenario, .ctx = &choice };
	struct buf url = BUF_INIT;
	char id[GALAXY_ID_SIZE];
	struct outcome outcome;

	galaxy_url(&url, g, "webscenarios", "/services/sync/webscenarios");
	if (wanted && is_guid(wanted) && galaxy_id(id, wanted))
		galaxy_param(&url, "WebScenID", id);
	outcome = buf_check(&url) ? outcome_fault(ERR_NOMEM)
	                          : galaxy_read_list(g, buf_text(&url), &list);
	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_choice(&choice);
	if (outcome.verdict == VERDICT_DONE)
		outcome = keep_choice(&choice);
	if (outcome.verdict == VERDICT_DONE)
		g->has_scenario = true;
	buf_fini(&choice.others);
	buf_fini(&url);
	return outcome;
}

struct outcome
galaxy_ready(struct galaxy *g)
{
	return g->has_scenario ? outcome_done() : galaxy_read_scenario(g);
}
