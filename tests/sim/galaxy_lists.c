/*
 * Galaxy: the lists of the Sync service.
 *
 * One bare array each, in no order, without paging. A list shows the moment of
 * its call: what may change is written down then (the lookups, and the items
 * that are kept), what is generated is made while it is sent. So a long list
 * costs no memory, and a row that changes meanwhile comes as it was.
 */
#define _DEFAULT_SOURCE 1 /* strncasecmp, timegm's relatives */

#include "tests/sim/galaxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- what a call asks for ---- */

/* Zone-less text is the server's local time. */
static bool
parse_local(int64_t *out_us, const char *text)
{
	struct tm tm = { .tm_isdst = -1 };
	int used = 0;

	if (sim_time_parse(out_us, text))
		return true;
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
	           &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
	           &used) != 6)
		return false;
	text += used;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out_us = (int64_t)mktime(&tm) * 1000000;
	return *text == '\0';
}

/* ids=[a,b]: JSV, so the brackets are part of it. */
static bool
parse_ids(struct galaxy_query *q, const char *text)
{
	size_t n = strlen(text);

	if (n < 2 || text[0] != '[' || text[n - 1] != ']')
		return false;
	q->has_ids = true;
	buf_reset(&q->ids);
	buf_adds(&q->ids, ",");
	buf_add(&q->ids, text + 1, n - 2);
	buf_adds(&q->ids, ",");
	return true;
}

bool
galaxy_query_names(const struct buf *guids, const char *guid)
{
	const char *p;

	for (p = buf_text(guids); *p != '\0'; p++) {
		if (*p == ',' && strncasecmp(p + 1, guid, 36) == 0 &&
		    p[37] == ',')
			return true;
	}
	return false;
}

/* Where it is not documented, ids is ignored like any unknown parameter. */
static bool
takes_ids(const char *name)
{
	return strcmp(name, "customers") == 0 || strcmp(name, "items") == 0 ||
	       strcmp(name, "itembalances") == 0 ||
	       strcmp(name, "itemimages") == 0;
}

/* NULL, or the name of the parameter that is wrong. */
static const char *
parse_query(struct galaxy_query *q, const char *name, const char *text)
{
	const int64_t ten_days_us = (int64_t)10 * 86400 * 1000000;
	struct buf value = BUF_INIT;
	const char *wrong = NULL;
	char *end;

	if (sim_param(&value, text, "RevisionNumber")) {
		q->revision = strtoll(buf_text(&value), &end, 10);
		if (*end != '\0' || value.n == 0)
			wrong = "RevisionNumber";
	}
	if (takes_ids(name) && sim_param(&value, text, "ids") &&
	    !parse_ids(q, buf_text(&value)))
		wrong = "IDs";
	if (strcmp(name, "itembalances") == 0 &&
	    sim_param(&value, text, "FromDateTime")) {
		q->has_from = parse_local(&q->from_us, buf_text(&value));
		if (!q->has_from || q->from_us < q->now_us - ten_days_us)
			wrong = "FromDateTime";
	}
	buf_fini(&value);
	return wrong;
}

int
galaxy_company(const struct galaxy *galaxy, const struct http_call *call)
{
	struct buf id = BUF_INIT;
	int scenario = galaxy->is.default_scenario;

	if (sim_param(&id, call->query, "WebScenID"))
		scenario =
			galaxy_find_row(galaxy, GALAXY_SCENARIO, buf_text(&id));
	buf_fini(&id);
	return scenario >= 0 ? galaxy_scenario_company(scenario) : 0;
}

/* ---- a list on its way ---- */

/* Independent of struct galaxy from its call on. */
struct listing {
	struct galaxy_query query;
	enum galaxy_list list;
	unsigned *picked; /* owned; generated items asked for by id */
	unsigned n_picked;
	unsigned char
		*is_kept; /* owned; bits of generated items that changed */
	unsigned at;      /* generated items that were looked at */
	unsigned n;
	struct buf kept; /* rows of the items that are kept */
	struct buf rows; /* made and not yet given out, each with its NUL */
	size_t at_row;   /* in rows */
	bool has_given;  /* a row */
	bool has_begun;  /* the array */
};

static void
free_listing(void *ctx)
{
	struct listing *l = ctx;

	buf_fini(&l->query.ids);
	buf_fini(&l->query.gone);
	buf_fini(&l->kept);
	buf_fini(&l->rows);
	free(l->picked);
	free(l->is_kept);
	free(l);
}

/* A walk over all of them that nobody takes for an order. */
static unsigned
wander(unsigned at, unsigned n)
{
	uint64_t stride = n % 7919 != 0 ? 7919 : 7907;

	return (unsigned)((at * stride + n / 2) % n);
}

/* The next generated item's rows; there may be none. */
static void
make_rows(struct listing *l)
{
	const struct galaxy_query *q = &l->query;
	struct galaxy_generated made;
	unsigned n = l->picked != NULL ? l->picked[l->at] : wander(l->at, l->n);
	int64_t revision = q->generated_revision + n + 1;

	l->at++;
	if ((l->is_kept[n / 8] >> n % 8 & 1) != 0 ||
	    (l->list == GALAXY_ITEMS && revision <= q->revision) ||
	    (q->company != 0 && n % 10 != 9))
		return;
	galaxy_make_item(&made, q->seed, n, revision);
	galaxy_put_rows(q, l->list, &made.item, &l->rows);
}

/* False: there are no more rows. */
static bool
find_rows(struct listing *l)
{
	while (l->at_row == l->rows.n) {
		buf_reset(&l->rows);
		l->at_row = 0;
		if (l->at < l->n) {
			make_rows(l);
		} else if (l->kept.n > 0) {
			buf_fini(&l->rows);
			l->rows = l->kept;
			l->kept = (struct buf)BUF_INIT;
		} else {
			return false;
		}
	}
	return true;
}

static void
produce_list(void *ctx, struct server_piece *piece)
{
	struct listing *l = ctx;
	const char *row;
	size_t n;

	if (!l->has_begun)
		buf_adds(&piece->bytes, "[");
	l->has_begun = true;
	while (piece->bytes.n < piece->wanted || !l->has_given) {
		if (!find_rows(l)) {
			buf_adds(&piece->bytes, "]");
			piece->is_last = true;
			return;
		}
		row = l->rows.p + l->at_row;
		n = strlen(row);
		if (l->has_given)
			buf_addc(&piece->bytes, ',');
		l->has_given = true;
		buf_add(&piece->bytes, row, n);
		l->at_row += n + 1;
		if (piece->wanted <= 1)
			return; /* row by row */
	}
}

/* ---- starting one ---- */

/* Few ids are looked up; nobody walks over everything for them. */
static void
pick(struct listing *l)
{
	const struct galaxy_query *q = &l->query;
	bool by_row = (l->list == GALAXY_ITEMS && q->is.items_ids_by_row) ||
	              (l->list == GALAXY_BALANCES && q->is.balances_by_row);
	enum galaxy_kind kind = by_row ? GALAXY_ITEM_ROW : GALAXY_ITEM;
	char guid[GALAXY_GUID_SIZE];
	const char *p;
	unsigned n;

	l->picked = sim_alloc((q->ids.n / 37 + 1) * sizeof(unsigned));
	l->n = 0;
	for (p = buf_text(&q->ids); strlen(p) > 37;
	     p += strcspn(p + 1, ",") + 1) {
		snprintf(guid, sizeof(guid), "%s", p + 1);
		if (by_row && guid[1] == '1' + q->company)
			guid[1] = '1';
		if (p[37] == ',' &&
		    galaxy_parse_scrambled(&n, q->seed, guid, kind) &&
		    n < q->n_generated)
			l->picked[l->n++] = n;
	}
}

static void
start_items(struct listing *l, struct galaxy *galaxy)
{
	struct galaxy_item *item;
	size_t i;
	size_t j;

	l->n = galaxy->n_generated;
	l->is_kept = sim_alloc(l->n / 8 + 1);
	for (i = 0; i < l->n; i++) {
		if (galaxy->changed[i] != NULL)
			l->is_kept[i / 8] |= (unsigned char)(1 << i % 8);
	}
	if (l->query.has_ids && l->list != GALAXY_CODES)
		pick(l);
	if (l->query.has_from ||
	    (l->query.revision > 0 &&
	     (l->list == GALAXY_BALANCES || l->list == GALAXY_IMAGES)))
		l->n = 0; /* their stock came in long ago */
	if (l->query.revision >=
	    l->query.generated_revision + l->query.n_generated)
		l->n = 0; /* what is newer is kept */
	for (i = galaxy->n_items; i > 0; i--) {
		/* the first half last: nothing promises an order */
		item = galaxy->items[(i + galaxy->n_items / 2) %
		                     galaxy->n_items];
		galaxy_put_rows(&l->query, l->list, item, &l->kept);
		for (j = 0; j < item->n_balances; j++)
			item->balances[j].n_asked +=
				l->list == GALAXY_BALANCES &&
				l->query.has_ids && !item->is_gone &&
				galaxy_query_names(&l->query.ids,
			                           l->query.is.balances_by_row
			                                   ? item->id
			                                   : item->itemid);
	}
}

static bool
start_list(struct listing *l, struct galaxy *galaxy, const char *name)
{
	static const struct {
		const char *name;
		enum galaxy_list list;
	} of_items[] = { { "items", GALAXY_ITEMS },
		         { "itemaltercodes", GALAXY_CODES },
		         { "itembalances", GALAXY_BALANCES },
		         { "itemimages", GALAXY_IMAGES } };
	bool is_sites = strcmp(name, "customersites") == 0;
	size_t i;

	for (i = 0; i < sizeof(of_items) / sizeof(of_items[0]); i++) {
		if (strcmp(name, of_items[i].name) == 0) {
			l->list = of_items[i].list;
			start_items(l, galaxy);
			return true;
		}
	}
	if (!is_sites && strcmp(name, "customers") != 0)
		return galaxy_put_table(galaxy, &l->query, name, &l->kept);
	galaxy_put_customers(galaxy, &l->query, is_sites, &l->kept);
	return true;
}

/* A list that fits into one piece is sent with its length. */
static void
send_list(struct listing *l, struct server_reply *reply)
{
	struct server_piece piece = { .wanted = 65536 };

	reply->status = 200;
	reply->content_type = "application/json; charset=utf-8";
	reply->stream = (struct server_stream){ produce_list, free_listing, l };
	if (reply->is_piecewise)
		return;
	produce_list(l, &piece);
	buf_fini(&reply->body);
	reply->body = piece.bytes;
	if (piece.is_last) {
		reply->stream = (struct server_stream){ .ctx = NULL };
		free_listing(l);
	}
}

bool
galaxy_list(struct galaxy *galaxy, const char *name,
            const struct http_call *call, struct server_reply *reply)
{
	struct listing *l = sim_alloc(sizeof(*l));
	struct galaxy_query *q = &l->query;
	const char *wrong;
	bool is_known;

	q->is = galaxy->is;
	q->seed = galaxy->seed;
	q->n_generated = galaxy->n_generated;
	q->generated_revision = galaxy->generated_revision;
	q->company = galaxy_company(galaxy, call);
	q->now_us = sim_now_us(galaxy->sim);
	buf_adds(&q->gone, buf_text(&galaxy->gone));
	wrong = parse_query(q, name, call->query);
	is_known = start_list(l, galaxy, name);
	if (is_known && wrong == NULL && strcmp(call->method, "GET") == 0) {
		send_list(l, reply);
		return true;
	}
	free_listing(l);
	if (is_known && wrong != NULL)
		galaxy_refuse(reply, 400, "ArgumentException", wrong,
		              "Parameter has an invalid value");
	else if (is_known)
		galaxy_refuse(reply, 405, "NotImplementedException", NULL,
		              "GET only");
	return is_known;
}
