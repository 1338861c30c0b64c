/*
 * What must be so at rest, and a little of what must be so at any moment.
 *
 * Sales and documents are compared as the simulators have them: our own books
 * are only asked whether anything is left undone.
 */
#include "tests/converge/world.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "gateway/base/clock.h"
#include "gateway/model/sale.h"

enum {
	ENTRIES_MAX = 16, /* of one sale: its versions, and lines that waited */
	UNBOUND_MS = 6000, /* then no write is under way any more */
	ECHO_MS = 2600,
	ASK_MAX = 100,
	NONE = ITEMS_MAX,
};

/* ---- Redis ---- */

static redisContext *
connect_redis(struct world *w)
{
	char *path = text_format("%s/state/redis.sock", w->dir);
	redisContext *c = redisConnectUnix(path);

	free(path);
	if (!c || c->err)
		give_up(w, "cannot reach the private Redis");
	(void)redisSetTimeout(c, (struct timeval){ .tv_sec = 10 });
	return c;
}

static redisReply *
ask(struct world *w, redisContext *c, const char *command)
{
	redisReply *reply = redisCommand(c, command);

	if (!reply || reply->type == REDIS_REPLY_ERROR)
		give_up(w, command);
	return reply;
}

void
check_backdate(struct world *w, int64_t ms)
{
	redisContext *c = connect_redis(w);

	for (size_t i = 0; i < w->n_tills; i++) {
		char command[200];

		(void)snprintf(command, sizeof(command),
		               "HSET tillbridge:cursor:%s start %lld",
		               till_names[i],
		               (long long)(clock_wall_ms() - ms));
		freeReplyObject(ask(w, c, command));
	}
	redisFree(c);
}

static void
expect_count(struct world *w, redisContext *c, const char *command,
             const char *what)
{
	redisReply *reply = ask(w, c, command);

	if (reply->integer != 0)
		violate(w, NONE, SIZE_MAX, "at rest there are %lld %s",
		        reply->integer, what);
	freeReplyObject(reply);
}

/* Which item, or which sale, a key or member speaks of. */
static size_t
item_in(const struct world *w, const char *text)
{
	for (size_t i = 0; i < w->n_items; i++)
		if (strstr(text, w->items[i].sku))
			return i;
	return NONE;
}

static size_t
order_in(const struct world *w, const char *text)
{
	for (size_t i = 0; i < w->n_orders; i++)
		if (strstr(text, w->orders[i].id))
			return i;
	return SIZE_MAX;
}

static void
expect_no_keys(struct world *w, redisContext *c, const char *command)
{
	redisReply *reply = ask(w, c, command);

	for (size_t i = 0; i < reply->elements; i++) {
		const char *key = reply->element[i]->str;

		violate(w, item_in(w, key), order_in(w, key),
		        "at rest there is still %s", key);
	}
	freeReplyObject(reply);
}

/* But for the one of count_marks. */
static void
expect_no_marks(struct world *w, redisContext *c, const char *account)
{
	redisReply *reply =
		redisCommand(c, "HKEYS tillbridge:mark:%s", account);

	for (size_t i = 0; reply && i < reply->elements; i++) {
		const char *member = reply->element[i]->str;

		if (strcmp(member, "y:lookup") != 0)
			violate(w, item_in(w, member), order_in(w, member),
			        "at rest %s is marked at %s", member, account);
	}
	freeReplyObject(reply);
}

static void
expect_settled(struct world *w, redisContext *c)
{
	redisReply *keys = ask(w, c, "KEYS tillbridge:entry:*");

	for (size_t i = 0; i < keys->elements; i++) {
		const char *key = keys->element[i]->str;
		redisReply *state = redisCommand(c, "HGET %s state", key);

		if (!state || !state->str || strcmp(state->str, "settled"))
			violate(w, NONE, order_in(w, key), "%s is %s", key,
			        state && state->str ? state->str : "lost");
		freeReplyObject(state);
	}
	freeReplyObject(keys);
}

/* Every hook answered with 2xx was worked off, every entry has ended. */
static void
check_books(struct world *w)
{
	redisContext *c = connect_redis(w);
	redisReply *reply;

	expect_count(w, c, "XLEN tillbridge:events", "events in the queue");
	expect_count(w, c, "ZCARD tillbridge:dead", "dead letters");
	expect_count(w, c, "ZCARD tillbridge:holds", "held zeros");
	reply = ask(w, c, "XPENDING tillbridge:events drain");
	if (reply->elements && reply->element[0]->integer != 0)
		violate(w, NONE, SIZE_MAX,
		        "events are claimed and not settled");
	freeReplyObject(reply);
	expect_no_keys(w, c, "KEYS tillbridge:pend:*");
	for (size_t i = 0; i <= w->n_tills; i++)
		expect_no_marks(w, c, i ? till_names[i - 1] : "erp");
	expect_no_keys(w, c, "KEYS tillbridge:queue:*");
	expect_no_keys(w, c, "KEYS tillbridge:entries:*");
	expect_no_keys(w, c, "KEYS tillbridge:unresolved:*");
	expect_settled(w, c);
	redisFree(c);
}

/* ---- a person ---- */

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

/*
 * Looks into Galaxy and says what is so. An item that was bound before Galaxy's
 * news of it were read refuses its entries: by now it is known.
 */
static void
decide(struct world *w, const struct json_node *letter)
{
	const char *id = json_text_or(letter, "id", "");
	const char *kind = json_text_or(letter, "kind", "");
	const char *why = json_text_or(letter, "why", "");
	struct buf path = BUF_INIT;
	char docid[41];
	bool is_there;
	int status;

	if (strncmp(id, "entry/", strlen("entry/")) != 0 ||
	    (strcmp(kind, "uncertain") != 0 && !strstr(why, "is not bound at")))
		return;
	if (w->has_lookup && !strcmp(kind, "uncertain"))
		return;
	if (sale_docid(docid, id + strlen("entry/")))
		give_up(w, "a docid");
	is_there = is_posted(w, docid);
	buf_adds(&path, "/api/dead/");
	buf_add_url(&path, id);
	buf_adds(&path, is_there ? "/confirm" : "/retry");
	status = api_call(w, "POST", buf_text(&path), "", NULL);
	say(w, "a person: %s %s: %d", is_there ? "confirm" : "retry", id,
	    status);
	w->n_decisions++;
	buf_fini(&path);
}

static void
decide_all(struct world *w)
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

static int64_t
number(const struct json_node *root, const char *object, const char *key)
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
	int64_t n = number(account, NULL, "marks");
	redisContext *c;
	redisReply *reply;

	if (n != 1 || strcmp(json_text_or(account, "type", ""), "galaxy") != 0)
		return n;
	c = connect_redis(w);
	reply = redisCommand(c, "ZSCORE tillbridge:marks:erp y:lookup");
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
	static const char *const states[] = { "ready", "posting", "uncertain",
		                              "confirmed", "refused" };
	struct json *doc = NULL;
	int status = api_call(w, "GET", "/api/status", NULL, &doc);
	const struct json_node *root = doc ? json_root(doc) : NULL;
	const struct json_node *accounts = json_find(root, "accounts");
	bool is = status == 200 && json_length(accounts) == w->n_tills + 1;

	buf_reset(left);
	buf_addf(left, "status %d, queue %lld", status,
	         (long long)number(root, "queue", "depth"));
	is = is && number(root, "queue", "depth") == 0;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		int64_t n = number(root, "entries", states[i]);

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
	redisContext *c = connect_redis(w);

	for (size_t i = 0; i <= w->n_tills; i++) {
		redisReply *reply =
			redisCommand(c,
		                     "ZRANGE tillbridge:marks:%s 0 9 "
		                     "WITHSCORES",
		                     i ? till_names[i - 1] : "erp");

		for (size_t j = 0; reply && j + 1 < reply->elements; j += 2)
			say(w, "still marked at %s: %s, due in %lld ms",
			    i ? till_names[i - 1] : "erp",
			    reply->element[j]->str,
			    atoll(reply->element[j + 1]->str) -
			            (long long)clock_wall_ms());
		freeReplyObject(reply);
	}
	redisFree(c);
}

bool
check_rest(struct world *w)
{
	int64_t until = clock_mono_ms() + w->rest_ms;
	struct buf left = BUF_INIT;
	int n_quiet = 0;
	int n_looks = 0;

	while (n_quiet < 2 && !is_violated(w)) {
		n_quiet = is_quiet(w, &left) ? n_quiet + 1 : 0;
		check_ceiling(w);
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
			decide_all(w);
		if (n_looks % 12 == 0)
			say(w, "not at rest: %s", buf_text(&left));
		clock_sleep_ms(80);
	}
	buf_fini(&left);
	return !is_violated(w);
}

/* ---- counts ---- */

static const struct json_node *
find_row(const struct json_node *rows, const char *key, const char *value)
{
	for (size_t i = 0; i < json_length(rows); i++)
		if (!strcmp(value, json_text_or(json_at(rows, i), key, "")))
			return json_at(rows, i);
	return NULL;
}

static struct decimal
amount(const struct json_node *row, const char *key)
{
	struct decimal d = DECIMAL_ZERO;

	(void)json_get_decimal_lax(&d, row, key);
	return d;
}

/* No write after the item was unbound. */
static void
check_untouched(struct world *w, size_t i, size_t till, int64_t writes)
{
	struct item *item = &w->items[i];

	if (item->is_bound || !item->is_imported || !item->unbound_mono_ms ||
	    clock_mono_ms() - item->unbound_mono_ms < UNBOUND_MS)
		return;
	if (item->writes_then[till] < 0)
		item->writes_then[till] = writes;
	else if (writes != item->writes_then[till])
		violate(w, i, SIZE_MAX, "%s is not bound and was written at %s",
		        item->sku, till_names[till]);
}

/* What is only ever sold can never be more than its opening less that. */
static void
check_one_ceiling(struct world *w, size_t i, size_t till,
                  const struct json_node *row)
{
	struct item *item = &w->items[i];
	struct decimal most = decimal_sub(item->opening, amount(row, "sold"));
	struct decimal count = amount(row, "count");
	char shown[DECIMAL_TEXT_SIZE];
	char right[DECIMAL_TEXT_SIZE];

	most = decimal_max(most, DECIMAL_ZERO);
	if (decimal_cmp(count, most) > 0)
		violate(w, i, SIZE_MAX, "%s shows %s of %s where %s are left",
		        till_names[till], decimal_format(shown, count),
		        item->sku, decimal_format(right, most));
}

void
check_ceiling(struct world *w)
{
	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *doc = control_state(w, till);
		const struct json_node *rows =
			json_path(json_root(doc), "square.counts");

		for (size_t i = 0; i < json_length(rows) && i < w->n_items;
		     i++) {
			const struct json_node *row = json_at(rows, i);

			if (w->items[i].kind == ITEM_SOLD && w->is_open)
				check_one_ceiling(w, i, till, row);
			check_untouched(w, i, till,
			                number(row, NULL, "writes"));
		}
		json_free(doc);
	}
}

/* At rest: max(0, balance - reserve). */
static void
check_count(struct world *w, size_t i, size_t till, struct decimal balance,
            const struct json_node *row)
{
	const struct item *item = &w->items[i];
	struct decimal target = decimal_max(
		decimal_sub(balance, decimal_of(item->reserve)), DECIMAL_ZERO);
	struct decimal count = amount(row, "count");
	char shown[DECIMAL_TEXT_SIZE];
	char right[DECIMAL_TEXT_SIZE];

	target = decimal_round(target, 5, DECIMAL_FLOOR);
	if (decimal_cmp(count, target) != 0)
		violate(w, i, SIZE_MAX, "%s shows %s of %s and should show %s",
		        till_names[till], decimal_format(shown, count),
		        item->sku, decimal_format(right, target));
}

static void
check_counts(struct world *w, const struct json_node *galaxy, size_t till,
             const struct json_node *state, bool is_whole)
{
	const struct json_node *rows = json_path(state, "square.counts");

	for (size_t i = 0; i < w->n_items; i++) {
		struct item *item = &w->items[i];
		const struct json_node *there =
			find_row(galaxy, "code", item->code);
		const struct json_node *here =
			find_row(rows, "variation", item->variation[till]);

		if (!there || !here)
			give_up(w, "the simulator forgot an item");
		check_untouched(w, i, till, number(here, NULL, "writes"));
		if (item->is_bound && item->is_imported &&
		    (is_whole || (news_is_told(w, &item->galaxy) &&
		                  news_is_told(w, &item->till[till]))))
			check_count(w, i, till, amount(there, "balance"), here);
	}
}

/* ---- sales ---- */

/* What Galaxy has of one sale, all its documents together. */
struct booked {
	char codes[LINES_MAX + 1][NAME_SIZE];
	struct decimal qty[LINES_MAX + 1];
	size_t n;
	struct decimal total;
	size_t n_documents;
	size_t n_lines;
};

struct document {
	char docid[41];
	size_t order;
};

struct ledger {
	struct document *documents; /* owned; every one that there could be */
	size_t n;
	struct booked *booked; /* owned; of each order */
};

static int
by_docid(const void *a, const void *b)
{
	const struct document *x = a;
	const struct document *y = b;

	return strcmp(x->docid, y->docid);
}

static void
name_documents(struct world *w, struct ledger *l)
{
	l->documents =
		calloc(w->n_orders * ENTRIES_MAX + 1, sizeof(*l->documents));
	l->booked = calloc(w->n_orders + 1, sizeof(*l->booked));
	if (!l->documents || !l->booked)
		give_up(w, "out of memory");
	for (size_t i = 0; i < w->n_orders; i++) {
		for (unsigned n = 0; n < ENTRIES_MAX; n++) {
			struct document *d = &l->documents[l->n++];
			char id[120];
			char more[12] = "";

			if (n)
				(void)snprintf(more, sizeof(more), "+%u", n);
			(void)snprintf(id, sizeof(id), "%s/%s%s",
			               till_names[w->orders[i].till],
			               w->orders[i].id, more);
			d->order = i;
			if (sale_docid(d->docid, id))
				give_up(w, "a docid");
		}
	}
	qsort(l->documents, l->n, sizeof(*l->documents), by_docid);
}

static struct decimal *
qty_of(struct booked *b, const char *code)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->codes[i], code))
			return &b->qty[i];
	if (b->n > LINES_MAX)
		return NULL;
	(void)snprintf(b->codes[b->n], NAME_SIZE, "%s", code);
	b->qty[b->n] = DECIMAL_ZERO;
	return &b->qty[b->n++];
}

static void
book(struct world *w, struct ledger *l, const struct json_node *entry)
{
	struct document key = { .order = 0 };
	const struct json_node *lines = json_find(entry, "lines");
	const struct document *d;
	struct booked *b;

	(void)snprintf(key.docid, sizeof(key.docid), "%s",
	               json_text_or(entry, "docid", ""));
	d = bsearch(&key, l->documents, l->n, sizeof(key), by_docid);
	if (!d) {
		violate(w, NONE, SIZE_MAX, "%s belongs to no sale", key.docid);
		return;
	}
	if (number(entry, NULL, "posts") != 1)
		violate(w, w->orders[d->order].lines[0].item, d->order,
		        "%s was posted %lld times", key.docid,
		        (long long)number(entry, NULL, "posts"));
	b = &l->booked[d->order];
	b->n_documents++;
	b->n_lines += json_length(lines);
	b->total = decimal_add(b->total, amount(entry, "total"));
	for (size_t i = 0; i < json_length(lines); i++) {
		const struct json_node *line = json_at(lines, i);
		struct decimal *qty = qty_of(b, json_text_or(line, "code", ""));

		if (!qty)
			violate(w, NONE, d->order, "%s has strange lines",
			        key.docid);
		else
			*qty = decimal_add(*qty, amount(line, "quantity"));
	}
}

static const struct item *
item_of_sku(const struct world *w, const char *sku, size_t *at)
{
	for (size_t i = 0; i < w->n_items; i++) {
		if (!strcmp(w->items[i].sku, sku)) {
			*at = i;
			return &w->items[i];
		}
	}
	return NULL;
}

/* The simulator's sale against what is booked of it. */
static bool
compare_lines(struct world *w, size_t order, const struct json_node *sale,
              struct booked *b)
{
	const struct json_node *lines = json_find(sale, "lines");
	size_t at = NONE;
	bool is_all_bound = true;

	for (size_t i = 0; i < json_length(lines); i++) {
		const struct json_node *line = json_at(lines, i);
		const struct item *item =
			item_of_sku(w, json_text_or(line, "sku", ""), &at);
		char base[NAME_SIZE];
		struct decimal *qty;

		if (!item || !item->is_bound || !item->is_imported) {
			is_all_bound = false;
			continue;
		}
		(void)snprintf(base, sizeof(base), "%.*s",
		               (int)strcspn(item->code, ":"), item->code);
		qty = qty_of(b, base);
		if (qty)
			*qty = decimal_sub(*qty, amount(line, "quantity"));
	}
	for (size_t i = 0; i < b->n && is_all_bound; i++) {
		char off[DECIMAL_TEXT_SIZE];

		if (decimal_is_zero(b->qty[i]))
			continue;
		violate(w, at, order, "order %s: Galaxy has %s too many of %s",
		        w->orders[order].id, decimal_format(off, b->qty[i]),
		        b->codes[i]);
	}
	return is_all_bound;
}

static void
compare_total(struct world *w, size_t order, const struct json_node *there,
              const struct booked *b)
{
	const struct json_node *lines = json_find(there, "line_items");
	int64_t cents = 0;
	struct decimal off;
	struct decimal slack;
	char a[DECIMAL_TEXT_SIZE];
	char c[DECIMAL_TEXT_SIZE];

	for (size_t i = 0; i < json_length(lines); i++)
		cents += number(json_at(lines, i), "total_money", "amount");
	off = decimal_sub(b->total, decimal_of_scaled(cents, 2));
	/* A later version's difference is valued at the new line's price, which
	   was rounded to the cent for as little as a hundredth of a kilogram. */
	slack = decimal_of_scaled(
		(int64_t)(10 * b->n_documents + 3 * b->n_lines +
	                  60 * (w->orders[order].n_versions - 1)),
		3);
	if (decimal_cmp(decimal_max(off, decimal_neg(off)), slack) > 0)
		violate(w, NONE, order, "order %s: paid %s, booked %s",
		        w->orders[order].id,
		        decimal_format(a, decimal_of_scaled(cents, 2)),
		        decimal_format(c, b->total));
}

/* The amounts of some orders of one till, by Square's own API. */
static void
check_totals(struct world *w, size_t till, const size_t *orders, size_t n,
             const struct ledger *l)
{
	const char *ids[ASK_MAX] = { NULL };
	struct json *doc;
	const struct json_node *rows;

	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		ids[i] = w->orders[orders[i]].id;
	doc = square_orders(w, till, ids, n);
	rows = json_find(json_root(doc), "orders");
	for (size_t i = 0; i < n; i++) {
		const struct json_node *row = find_row(rows, "id", ids[i]);

		if (!row)
			give_up(w, "Square lost an order");
		compare_total(w, orders[i], row, &l->booked[orders[i]]);
	}
	json_free(doc);
}

static void
check_sales(struct world *w, struct ledger *l, size_t till,
            const struct json_node *state, bool is_whole)
{
	const struct json_node *sales = json_path(state, "square.orders");
	size_t wanted[ASK_MAX];
	size_t n_wanted = 0;
	size_t at = 0;

	for (size_t i = 0; i < w->n_orders; i++) {
		const struct json_node *sale;

		if (w->orders[i].till != till)
			continue;
		sale = json_at(sales, at++);
		if (!sale ||
		    strcmp(json_text_or(sale, "id", ""), w->orders[i].id) != 0)
			give_up(w, "the simulator forgot an order");
		if (!is_whole && !news_is_told(w, &w->orders[i].news))
			continue;
		if (!compare_lines(w, i, sale, &l->booked[i]))
			continue;
		wanted[n_wanted++] = i;
		if (n_wanted == ASK_MAX) {
			check_totals(w, till, wanted, n_wanted, l);
			n_wanted = 0;
		}
	}
	check_totals(w, till, wanted, n_wanted, l);
	if (at != json_length(sales))
		give_up(w, "the simulator invented an order");
}

void
check_all(struct world *w, bool is_whole)
{
	struct ledger l = { .n = 0 };
	struct json *doc = control_state(w, 0);
	const struct json_node *galaxy = json_path(json_root(doc), "galaxy");
	const struct json_node *entries = json_find(galaxy, "entries");

	check_books(w);
	name_documents(w, &l);
	for (size_t i = 0; i < json_length(entries); i++)
		book(w, &l, json_at(entries, i));
	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *state = control_state(w, till);

		check_sales(w, &l, till, json_root(state), is_whole);
		check_counts(w, json_find(galaxy, "items"), till,
		             json_root(state), is_whole);
		json_free(state);
	}
	if (number(galaxy, NULL, "refused_posts") != 0)
		violate(w, NONE, SIZE_MAX, "Galaxy refused a document");
	json_free(doc);
	free(l.documents);
	free(l.booked);
}

/* ---- echo ---- */

static int64_t
count_writes(struct world *w)
{
	int64_t n = 0;

	for (size_t till = 0; till < w->n_tills; till++) {
		struct json *doc = control_state(w, till);

		n += number(json_root(doc), "square", "writes");
		json_free(doc);
	}
	return n;
}

static int64_t
count_posts(struct world *w)
{
	struct json *doc = control_state(w, 0);
	int64_t n = (int64_t)json_length(
		json_path(json_root(doc), "galaxy.entries"));

	json_free(doc);
	return n;
}

void
check_echo(struct world *w)
{
	int64_t writes = count_writes(w);
	int64_t posts = count_posts(w);
	int64_t until = clock_mono_ms() + ECHO_MS;

	for (size_t i = 0; i < w->n_items; i += 2)
		for (size_t till = 0; till < w->n_tills; till++)
			hooks_add(w, &(struct hook){ .kind = HOOK_COUNT,
			                             .item = i,
			                             .till = till,
			                             .tries = 5 });
	for (size_t i = 0; i < w->n_orders; i += 1 + w->n_orders / 20)
		hooks_add(w, &(struct hook){ .kind = HOOK_PAYMENT,
		                             .order = i,
		                             .till = w->orders[i].till,
		                             .tries = 5 });
	while (clock_mono_ms() < until || !hooks_are_idle(w))
		clock_sleep_ms(50);
	if (!check_rest(w))
		return;
	if (count_writes(w) != writes)
		violate(w, NONE, SIZE_MAX, "at rest hooks caused %lld writes",
		        (long long)(count_writes(w) - writes));
	if (count_posts(w) != posts)
		violate(w, NONE, SIZE_MAX, "at rest hooks caused %lld entries",
		        (long long)(count_posts(w) - posts));
}

/* ---- secrets ---- */

static void
search_file(struct world *w, const char *name)
{
	char *path = text_format("%s/%s", w->dir, name);
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) >= 0)
		for (size_t i = 0; i < SECRETS; i++)
			if (strstr(line, w->secrets[i]))
				violate(w, NONE, SIZE_MAX, "a secret is in %s",
				        name);
	if (f)
		(void)fclose(f);
	free(line);
	free(path);
}

void
check_secrets(struct world *w)
{
	static const char *const names[] = { "daemon.log",     "daemon.out.log",
		                             "cli.log",        "sim0.log",
		                             "sim1.log",       "sim0.out",
		                             "state/redis.log" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		search_file(w, names[i]);
}
