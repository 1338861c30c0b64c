/* Coming to rest, with a person who looks at what waits for one. */
#include "tests/converge/check.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/model/sale.h"

enum {
	NONE = ITEMS_MAX,
	LOOK_MS = 80,
	/* A call of a simulator's own may be at the door meanwhile, whose thread
	   finds Redis gone and tries again a fifth of a second later. */
	QUIET_LOOKS = 8,
};

static bool
is_posted(struct world *w, const char *docid)
{
	struct json *doc = control_state(w, 0);
	const struct json_node *entries =
		json_path(json_root(doc), "galaxy.entries");
	bool found = false;

	for (size_t i = 0; i < json_length(entries); i++)
		found |= !strcmp(
			docid, json_text_or(json_at(entries, i), "docid", ""));
	json_free(doc);
	return found;
}

static bool
is_customer(struct world *w, const char *code)
{
	struct json *doc = control_customers(w);
	bool found = json_row(json_find(json_root(doc), "customers"), "code",
	                      code) != NULL;

	json_free(doc);
	return found;
}

/* Is what this entry is about in Galaxy? */
static bool
is_there(struct world *w, const char *entry)
{
	static const char customers[] = "api:customers/";
	char docid[41];

	if (!strncmp(entry, customers, strlen(customers)))
		return is_customer(w, entry + strlen(customers));
	if (sale_docid(docid, entry))
		give_up(w, "a docid");
	return is_posted(w, docid);
}

/* Is the sale recorded, and paid, at the till that keeps what was sold? */
static const char *
look_at_till(struct world *w, const char *entry)
{
	struct json *doc = control_state(w, 0);
	char docid[41];
	const struct json_node *row;
	const char *verb = "retry";

	if (sale_docid(docid, entry))
		give_up(w, "a docid");
	row = json_row(json_path(json_root(doc), "square.orders"),
	               "reference_id", docid);
	/* Half made: the look-up finishes it. */
	if (row)
		verb = json_number(row, NULL, "payments") == 1 ? "confirm"
		                                               : NULL;
	json_free(doc);
	return verb;
}

/* Galaxy does not take what came back: a person books it there by hand, or
   leaves it out, and lets go of the entry. */
static const char *
judge_held(struct world *w, const char *entry)
{
	for (size_t i = 0; i < w->n_orders; i++) {
		struct order *order = &w->orders[i];
		size_t item = order->lines[0].item;
		char delta[DECIMAL_TEXT_SIZE];

		if (!order->is_return || order->is_dropped ||
		    !order_is_of(w, i, entry))
			continue;
		order->is_dropped = true; /* not twice, whatever is lost */
		order_control(w, 0, "galaxy/balance",
		              "{\"code\":\"%s\",\"delta\":\"%s\"}",
		              w->items[item].code,
		              decimal_format(delta,
		                             decimal_neg(order->lines[0].qty)));
		news_changed(w, &w->items[item].galaxy);
		say(w, "a person books %s in Galaxy", order->id);
		hooks_add(w, &(struct hook){ .kind = HOOK_GALAXY,
		                             .item = item,
		                             .tries = 5 });
	}
	return "drop";
}

static const char *
judge_line(struct world *w, const struct json_node *state, size_t order,
           const struct json_node *line)
{
	const char *sku = json_text_or(line, "sku", "");

	for (size_t i = 0; i < w->n_items; i++) {
		if (strcmp(w->items[i].sku, sku) != 0)
			continue;
		if (sales_lacks(w, state, order, i, json_amount(line, "qty")))
			return "retry";
		w->orders[order].was_booked = true;
		return "drop";
	}
	return NULL;
}

/* Redis lost its data and these goods were bound late: are they booked already,
   with the rest of their sale? All lines of such an entry have one answer. */
static const char *
judge_late(struct world *w, const char *entry)
{
	struct json *doc = control_state(w, 0);
	struct json *letter = NULL;
	struct buf path = BUF_INIT;
	const char *verb = NULL;
	const struct json_node *lines;

	buf_adds(&path, "/api/dead/");
	buf_addf(&path, "entry%%2F");
	buf_add_url(&path, entry);
	if (api_call(w, "GET", buf_text(&path), NULL, &letter) == 200) {
		lines = json_path(json_root(letter), "doc.lines");
		for (size_t i = 0; i < w->n_orders; i++)
			if (order_is_of(w, i, entry))
				verb = judge_line(w, json_root(doc), i,
				                  json_at(lines, 0));
	}
	json_free(letter);
	json_free(doc);
	buf_fini(&path);
	return verb;
}

/*
 * Looks into Galaxy and says what is so. An item that was bound before Galaxy's
 * news of it were read refuses its entries: by now it is known. Zeros that are
 * held while there is trade are true.
 */
static const char *
choose_verb(struct world *w, const struct json_node *letter, const char *id)
{
	const char *kind = json_text_or(letter, "kind", "");
	const char *why = json_text_or(letter, "why", "");
	bool is_uncertain = !strcmp(kind, "uncertain");

	if (!strcmp(kind, "zero"))
		return w->holds_wait ? NULL : "retry";
	if (strncmp(id, "entry/", strlen("entry/")) != 0)
		return NULL;
	id += strlen("entry/");
	if (!strcmp(kind, "held"))
		return strstr(why, "bound late") ? judge_late(w, id)
		                                 : judge_held(w, id);
	if (is_uncertain &&
	    strstr(json_text_or(letter, "summary", ""), "-> agora"))
		return look_at_till(w, id);
	if (!is_uncertain && !strstr(why, "is not bound at"))
		return NULL;
	if (w->has_lookup && is_uncertain)
		return NULL;
	return is_there(w, id) ? "confirm" : "retry";
}

static void
decide(struct world *w, const struct json_node *letter)
{
	const char *id = json_text_or(letter, "id", "");
	const char *verb = choose_verb(w, letter, id);
	struct buf path = BUF_INIT;
	int status;

	if (!verb)
		return;
	buf_adds(&path, "/api/dead/");
	buf_add_url(&path, id);
	buf_addf(&path, "/%s", verb);
	status = api_call(w, "POST", buf_text(&path), "", NULL);
	say(w, "a person: %s %s: %d", verb, id, status);
	w->n_decisions++;
	buf_fini(&path);
}

static void
person_decide(struct world *w)
{
	struct json *doc = NULL;
	const struct json_node *dead;

	if (api_call(w, "GET", "/api/dead", NULL, &doc) != 200)
		return;
	dead = json_find(json_root(doc), "dead");
	for (size_t i = 0; i < json_length(dead); i++)
		decide(w, json_at(dead, i));
	json_free(doc);
}

/* ---- coming to rest ---- */

int64_t
json_number(const struct json_node *root, const char *object, const char *key)
{
	int64_t n = -1;

	(void)json_get_int(&n, object ? json_path(root, object) : root, key);
	return n;
}

/*
 * Marks of an account, but for the one that asks for a look-up of uncertain
 * entries: it comes 30 s after the last of them, and finds none at rest.
 */
static int64_t
count_marks(struct world *w, const struct json_node *account)
{
	int64_t n = json_number(account, NULL, "marks");
	redisContext *c;
	redisReply *reply;

	if (n != 1)
		return n;
	c = books_connect(w);
	reply = redisCommand(c, "ZSCORE tillbridge:marks:%s y:lookup",
	                     json_text_or(account, "name", ""));
	if (reply && reply->type == REDIS_REPLY_STRING)
		n = 0;
	freeReplyObject(reply);
	redisFree(c);
	return n;
}

static bool
is_account_quiet(struct world *w, const struct json_node *account,
                 struct buf *left)
{
	int64_t marks = count_marks(w, account);
	bool has_full = json_find(account, "last_full") != NULL;

	if (marks || !has_full)
		buf_addf(left, " %s: %lld marks%s",
		         json_text_or(account, "name", ""), (long long)marks,
		         has_full ? "" : ", never synced");
	return marks == 0 && has_full;
}

/* Nothing is on its way; *left says what is. */
static bool
is_quiet(struct world *w, struct buf *left)
{
	static const char *const states[] = { "ready",     "posting",
		                              "uncertain", "confirmed",
		                              "refused",   "held" };
	struct json *doc = NULL;
	int status = api_call(w, "GET", "/api/status", NULL, &doc);
	const struct json_node *root = doc ? json_root(doc) : NULL;
	const struct json_node *accounts = json_find(root, "accounts");
	bool is = status == 200 && json_length(accounts) == w->n_tills + 1;

	buf_reset(left);
	buf_addf(left, "status %d, queue %lld", status,
	         (long long)json_number(root, "queue", "depth"));
	is = is && json_number(root, "queue", "depth") == 0;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		int64_t n = json_number(root, "entries", states[i]);

		if (n)
			buf_addf(left, ", %lld entries %s", (long long)n,
			         states[i]);
		is = is && n == 0;
	}
	for (size_t i = 0; i < json_length(accounts); i++)
		is = is_account_quiet(w, json_at(accounts, i), left) && is;
	json_free(doc);
	if (!hooks_are_idle(w)) {
		buf_adds(left, ", hooks under way");
		is = false;
	}
	return is;
}

static void
say_marks(struct world *w)
{
	redisContext *c = books_connect(w);

	for (size_t i = 0; i <= w->n_tills; i++) {
		redisReply *reply =
			redisCommand(c,
		                     "ZRANGE tillbridge:marks:%s 0 9 "
		                     "WITHSCORES",
		                     i ? w->tills[i - 1].name : "erp");

		for (size_t j = 0; reply && j + 1 < reply->elements; j += 2)
			say(w, "still marked at %s: %s, due in %lld ms",
			    i ? w->tills[i - 1].name : "erp",
			    reply->element[j]->str,
			    atoll(reply->element[j + 1]->str) -
			            (long long)clock_wall_ms());
		freeReplyObject(reply);
	}
	redisFree(c);
}

bool
rest_reach(struct world *w)
{
	int64_t until = clock_mono_ms() + w->rest_ms;
	struct buf left = BUF_INIT;
	int n_quiet = 0;
	int n_looks = 0;

	while (n_quiet < QUIET_LOOKS && !is_violated(w)) {
		n_quiet = is_quiet(w, &left) ? n_quiet + 1 : 0;
		check_ceiling(w);
		explained_at_any_moment(w);
		if (!daemon_lives(w))
			break;
		if (clock_mono_ms() >= until) {
			violate(w, NONE, SIZE_MAX,
			        "it does not come to rest in %lld s: %s",
			        (long long)w->rest_ms / 1000, buf_text(&left));
			say_marks(w);
			break;
		}
		if (hooks_are_idle(w) && n_looks++ % 6 == 0)
			person_decide(w);
		if (n_looks % 12 == 0)
			say(w, "not at rest: %s", buf_text(&left));
		clock_sleep_ms(LOOK_MS);
	}
	buf_fini(&left);
	return !is_violated(w);
}
