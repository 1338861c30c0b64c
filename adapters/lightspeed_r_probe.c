/*
 * Lightspeed R, the probe: the account behind the token, and every id that the
 * configuration names. The first time five calls, then one: the shop's, since
 * the others do not move.
 */
#include "adapters/lightspeed_r.h"

#include "gateway/base/err.h"
#include "gateway/base/words.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64, KNOWN_MAX = 12 };

/* An id in question: where it is listed, and what its members are called. */
struct place {
	const char *resource;
	const char *option; /* what a person has to put right */
	const char *id_key;
	const char *name_key;
	int64_t id;
	/* Why one that is there cannot be used; NULL: it can. Static. */
	const char *(*check)(const struct lightspeed_r *l,
	                     const struct json_node *row);
};

struct search {
	const struct lightspeed_r *l;
	const struct place *place;
	struct buf known; /* "1 (Agora), 2 (Attic)" */
	unsigned n_known;
	char name[NAME_SIZE]; /* of the one that was found */
	const char *wrong;    /* with it; NULL: nothing */
	bool is_found;
};

/* ---- what is wrong with one that is there ---- */

static const char *
check_place(const struct lightspeed_r *l, const struct json_node *row)
{
	(void)l;
	return lightspeed_r_is(row, "archived") ? "is archived" : NULL;
}

static const char *
check_register(const struct lightspeed_r *l, const struct json_node *row)
{
	if (lightspeed_r_int_or(row, "shopID", l->shop) != l->shop)
		return "is of another shop than `shop`";
	return check_place(l, row);
}

static const char *
check_employee(const struct lightspeed_r *l, const struct json_node *row)
{
	return lightspeed_r_is(row, "lockOut") ? "is locked out"
	                                       : check_place(l, row);
}

static const char *
check_payment(const struct lightspeed_r *l, const struct json_node *row)
{
	return lightspeed_r_is(row, "requireCustomer")
	               ? "needs a customer, and our sales have none"
	               : check_place(l, row);
}

/* ---- the lists ---- */

/* Employees have two names, all others one. */
static void
read_name(char out[NAME_SIZE], const struct place *place,
          const struct json_node *row)
{
	char both[2 * NAME_SIZE];

	(void)snprintf(both, sizeof(both), "%s%s%s",
	               lightspeed_r_text(row, place->name_key),
	               *lightspeed_r_text(row, "lastName") ? " " : "",
	               lightspeed_r_text(row, "lastName"));
	(void)words_copy(out, NAME_SIZE, both);
}

static int
take_row(void *ctx, const struct json_node *row)
{
	struct search *s = ctx;
	int64_t id = lightspeed_r_int_or(row, s->place->id_key, -1);
	char name[NAME_SIZE];

	read_name(name, s->place, row);
	if (id == s->place->id) {
		s->is_found = true;
		s->wrong = s->place->check(s->l, row);
		memcpy(s->name, name, sizeof(name));
	} else if (id >= 0 && s->n_known++ < KNOWN_MAX) {
		buf_addf(&s->known, "%s%lld (%s)", s->known.n ? ", " : "",
		         (long long)id, name);
	}
	return 0;
}

static struct outcome
judge(const struct search *s)
{
	const struct place *p = s->place;

	if (!s->is_found)
		return outcome_of(VERDICT_LOCKED,
		                  "`%s` %lld is not known at Lightspeed; there "
		                  "is: %.150s",
		                  p->option, (long long)p->id,
		                  s->known.n ? buf_text(&s->known) : "none");
	if (s->wrong)
		return outcome_of(VERDICT_LOCKED, "`%s` %lld (%s) %s",
		                  p->option, (long long)p->id, s->name,
		                  s->wrong);
	return outcome_done();
}

/* what receives the name. */
static struct outcome
find_place(struct lightspeed_r *l, const struct place *place, struct buf *what)
{
	struct search s = { .l = l, .place = place };
	struct lightspeed_r_listing listing = { .resource = place->resource,
		                                .query = "",
		                                .take = take_row,
		                                .ctx = &s };
	struct outcome outcome = lightspeed_r_list(l, &listing);

	if (outcome.verdict == VERDICT_DONE)
		outcome = judge(&s);
	if (outcome.verdict == VERDICT_DONE)
		buf_addf(what, ", %s \"%s\" (%lld)",
		         strcmp(place->option, "payment_type") == 0
		                 ? "payment type"
		                 : place->option,
		         s.name, (long long)place->id);
	buf_fini(&s.known);
	return outcome;
}

/* ---- the account ---- */

static struct outcome
judge_account(struct lightspeed_r *l, const struct json_node *root)
{
	const struct json_node *list = lightspeed_r_find(root, "Account");
	struct outcome outcome;
	struct buf known = BUF_INIT;
	size_t n = 0;

	if (lightspeed_r_length(&n, list) || n == 0)
		return outcome_taken(LIGHTSPEED_R_MALFORMED, "Account");
	for (size_t i = 0; i < n; i++) {
		const struct json_node *row = lightspeed_r_at(list, i);
		char name[NAME_SIZE];

		words_copy(name, sizeof(name), lightspeed_r_text(row, "name"));
		if (lightspeed_r_int_or(row, "accountID", -1) == l->account) {
			memcpy(l->account_name, name, sizeof(name));
			buf_fini(&known);
			return outcome_done();
		}
		buf_addf(&known, "%s%.20s (%s)", known.n ? ", " : "",
		         lightspeed_r_text(row, "accountID"), name);
	}
	outcome = outcome_of(VERDICT_LOCKED,
	                     "`account` %lld is not this token's; it is for: "
	                     "%.120s",
	                     (long long)l->account, buf_text(&known));
	buf_fini(&known);
	return outcome;
}

static struct outcome
find_account(struct lightspeed_r *l)
{
	const struct lightspeed_r_call call = { .method = "GET", .cost = 1 };
	struct json *doc = NULL;
	struct outcome outcome = lightspeed_r_send(l, &call, &doc);

	if (outcome.verdict == VERDICT_ABSENT)
		outcome = outcome_of(VERDICT_LOCKED,
		                     "no Lightspeed there (%.80s): is `url` "
		                     "right?",
		                     outcome.why);
	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_account(l, json_root(doc));
	json_free(doc);
	return outcome;
}

struct outcome
lightspeed_r_probe(void *state, struct buf *what)
{
	struct lightspeed_r *l = lightspeed_r_of(state);
	const struct place places[] = {
		{ "Shop", "shop", "shopID", "name", l->shop, check_place },
		{ "Register", "register", "registerID", "name", l->till,
		  check_register },
		{ "Employee", "employee", "employeeID", "firstName",
		  l->employee, check_employee },
		{ "PaymentType", "payment_type", "paymentTypeID", "name",
		  l->payment_type, check_payment },
	};
	const size_t n = l->is_placed ? 1 : sizeof(places) / sizeof(*places);
	struct outcome outcome = outcome_done();
	struct buf found = BUF_INIT;

	if (!l->is_placed)
		outcome = find_account(l);
	for (size_t i = 0; outcome.verdict == VERDICT_DONE && i < n; i++)
		outcome = find_place(l, &places[i], &found);
	if (outcome.verdict == VERDICT_DONE) {
		l->is_placed = true;
		buf_addf(what, "account \"%s\" (%lld)%s, ", l->account_name,
		         (long long)l->account, buf_text(&found));
		oauth_describe(l->oauth, what);
	}
	buf_fini(&found);
	return outcome;
}
