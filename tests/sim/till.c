/* What the tills beside Square have in common; see till.h. */
#include "tests/sim/till.h"

#include "tests/sim/shop.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- goods ---- */

void
till_goods_init(struct till_goods *out, struct galaxy_item *item,
                struct galaxy_balance *balance)
{
	bool is_plain = balance->value < 0;

	out->item = item;
	out->balance = balance;
	out->name = sim_dup(item->name);
	out->kind = sim_dup(is_plain ? "" : shop_sizes[balance->value]);
	out->sku = is_plain ? sim_dup(item->code)
	                    : text_format("%s-%s", item->code, out->kind);
	if (out->sku == NULL)
		abort();
	galaxy_barcode(out->barcode, item, balance);
	out->price = item->price;
	out->vat = galaxy_vat_percent(item->vat);
}

void
till_goods_fini(struct till_goods *g)
{
	free(g->sku);
	free(g->name);
	free(g->kind);
}

bool
till_walk_next(struct till_walk *w)
{
	const struct galaxy *galaxy = w->galaxy;

	while (w->at_item < galaxy->n_items) {
		w->item = galaxy->items[w->at_item];
		if (w->at_balance < w->item->n_balances) {
			w->balance = &w->item->balances[w->at_balance++];
			return true;
		}
		w->at_item++;
		w->at_balance = 0;
	}
	return false;
}

bool
till_is_whole(int64_t *out, const struct galaxy_item *item,
              const struct galaxy_balance *balance)
{
	return item->n_decimals == 0 &&
	       decimal_to_scaled(out, balance->quantity, 0) == 0;
}

void
till_column(struct buf *csv, const char *head, void *till,
            void (*name)(void *till, struct buf *out, const char *sku))
{
	struct buf wider = BUF_INIT;
	const char *line = buf_text(csv);
	char *sku;
	size_t n;

	while (*line != '\0') {
		n = strcspn(line, "\n");
		sku = text_ndup(line, strcspn(line, ",\n"));
		if (sku == NULL)
			abort();
		buf_add(&wider, line, n);
		buf_addc(&wider, ',');
		if (line == csv->p)
			buf_adds(&wider, head);
		else
			name(till, &wider, sku);
		buf_addc(&wider, '\n');
		free(sku);
		line += n;
		line += *line == '\n';
	}
	buf_fini(csv);
	*csv = wider;
}

void
till_tally_print(const struct till_tally *tally, struct json_out *out)
{
	json_out_decimal(out, "sold", tally->sold);
	json_out_decimal(out, "recorded", tally->recorded);
	json_out_decimal(out, "moved", tally->moved);
	json_out_decimal(out, "written", tally->written);
	json_out_int(out, "writes", tally->n_writes);
}

/* ---- paths ---- */

void
till_path_init(struct till_path *out, const char *path)
{
	struct buf text = BUF_INIT;
	size_t at[TILL_PARTS_MAX] = { 0 };
	size_t n;
	size_t i;

	*out = (struct till_path){ .n = 0 };
	while (*path != '\0') {
		path += *path == '/';
		n = strcspn(path, "/");
		out->has_slash = n == 0;
		if (n > 0 && out->n < TILL_PARTS_MAX) {
			at[out->n++] = text.n;
			sim_decode(&text, path, n);
			buf_addc(&text, '\0');
		}
		path += n;
	}
	out->text = buf_steal(&text);
	for (i = 0; i < out->n; i++)
		out->part[i] = out->text + at[i];
}

void
till_path_fini(struct till_path *path)
{
	free(path->text);
	path->text = NULL;
}

bool
till_path_is(const struct till_path *path, const char *pattern)
{
	size_t i;
	size_t n;

	for (i = 0; i < path->n; i++) {
		n = strcspn(pattern, "/");
		if (n == 0)
			return false;
		if (!(n == 1 && *pattern == '*') &&
		    (strlen(path->part[i]) != n ||
		     memcmp(path->part[i], pattern, n) != 0))
			return false;
		pattern += n;
		pattern += *pattern == '/';
	}
	return *pattern == '\0';
}

/* ---- bodies ---- */

struct json *
till_form(const char *p, size_t n)
{
	struct buf text = BUF_INIT;
	struct buf piece = BUF_INIT;
	struct json_out out = { .to = &text };
	struct json *doc = NULL;
	const char *end = p + n;
	size_t n_pair;
	size_t n_key;
	char *key;

	json_out_object(&out, NULL);
	while (p < end) {
		n_pair = strcspn(p, "&");
		n_key = strcspn(p, "=&");
		buf_reset(&piece);
		sim_decode(&piece, p, n_key);
		key = sim_dup(buf_text(&piece));
		buf_reset(&piece);
		if (n_key < n_pair)
			sim_decode(&piece, p + n_key + 1, n_pair - n_key - 1);
		if (key[0] != '\0')
			json_out_text(&out, key, buf_text(&piece));
		free(key);
		p += n_pair + 1;
	}
	json_out_end_object(&out);
	if (json_parse(&doc, buf_text(&text), text.n) != 0)
		doc = NULL;
	buf_fini(&piece);
	buf_fini(&text);
	return doc;
}

int
till_int(int64_t *out, const struct json_node *o, const char *key)
{
	struct decimal d;
	int r = json_get_decimal_lax(&d, o, key);

	if (r != 0)
		return r;
	return decimal_to_scaled(out, d, 0) == 0 ? 0 : JSON_WRONG_TYPE;
}

int
till_bool(bool *out, const struct json_node *o, const char *key)
{
	const char *text = json_text_or(o, key, NULL);
	int64_t n;

	if (json_get_bool(out, o, key) == 0)
		return 0;
	if (text != NULL &&
	    (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
		*out = text[0] == 't';
		return 0;
	}
	if (till_int(&n, o, key) == 0 && (n == 0 || n == 1)) {
		*out = n == 1;
		return 0;
	}
	return json_find(o, key) == NULL ? JSON_ABSENT : JSON_WRONG_TYPE;
}

struct known {
	const char *names;
	const char *unknown; /* borrowed; NULL: none so far */
};

static bool
visit_known(void *ctx, const char *key, const struct json_node *value)
{
	struct known *known = ctx;
	size_t n = strlen(key);
	const char *p;

	(void)value;
	for (p = strstr(known->names, key); p != NULL; p = strstr(p + 1, key)) {
		if ((p == known->names || p[-1] == ' ') &&
		    (p[n] == ' ' || p[n] == '\0'))
			return true;
	}
	known->unknown = key;
	return false;
}

const char *
till_unknown(const struct json_node *o, const char *names)
{
	struct known known = { .names = names };

	json_each(o, visit_known, &known);
	return known.unknown;
}

void
till_form_add(struct buf *form, const char *key, const char *value)
{
	if (form->n > 0)
		buf_addc(form, '&');
	buf_add_url(form, key);
	buf_addc(form, '=');
	buf_add_url(form, value);
}

/* ---- time ---- */

void
till_local_time(char out[TILL_TIME_SIZE], int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	if (strftime(out, TILL_TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		abort();
}
