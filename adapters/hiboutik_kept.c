/*
 * Hiboutik, closed sales that were read by their ids: each costs a call, and
 * calls are scarce, so their lines are remembered for as long as listings show
 * the sales, and kept in the mirror over a restart: a day of sales read again
 * at each start is a part of the month.
 *
 * A row is {"closed_ms", "line_items"} under the sale's id; nothing of who
 * bought. What is over is removed there now and then, all at once.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

#define ENTITY "closed_sales"

enum { REMOVE_AT = 200 }; /* so many rows are over */

static int
remember(struct hiboutik *h, int64_t sale, int64_t closed_ms, char **take)
{
	size_t cap = h->cap_kept ? 2 * h->cap_kept : 64;
	void *grown;

	if (h->n_kept == h->cap_kept) {
		grown = realloc(h->kept, cap * sizeof(*h->kept));
		if (!grown) {
			free(*take);
			*take = NULL;
			return err_raise(ERR_NOMEM, "a sale's lines");
		}
		h->kept = grown;
		h->cap_kept = cap;
	}
	h->kept[h->n_kept++] = (struct hiboutik_kept){ sale, closed_ms, *take };
	*take = NULL;
	return 0;
}

/* A row of ours; what cannot be read is read anew, by a call. */
static int
load_row(void *ctx, const char *key, const char *json, size_t n)
{
	struct hiboutik *h = ctx;
	struct json *doc = NULL;
	int64_t sale = strtoll(key, NULL, 10);
	int64_t closed_ms = 0;
	char *text = NULL;
	int r = json_parse(&doc, json, n);

	if (!r)
		closed_ms = hiboutik_int_or(json_root(doc), "closed_ms", 0);
	json_free(doc);
	if (r == JSON_MALFORMED || (!r && (sale <= 0 || closed_ms <= 0)))
		return 0;
	if (!r) {
		text = text_ndup(json, n);
		r = text ? 0 : err_raise(ERR_NOMEM, "a sale's lines");
	}
	if (r)
		return r;
	return remember(h, sale, closed_ms, &text);
}

static int
write_row(struct mirror *m, const struct hiboutik_kept *kept,
          int (*put)(struct mirror *m, const struct mirror_row *row))
{
	char *key = text_format("%lld", (long long)kept->sale);
	const struct mirror_row row = { .key = key,
		                        .json = kept->json,
		                        .n_json = strlen(kept->json) };
	int r = key ? put(m, &row) : err_raise(ERR_NOMEM, "a sale's lines");

	free(key);
	return r;
}

static int
put_now(struct mirror *m, const struct mirror_row *row)
{
	return mirror_put_now(m, ENTITY, row);
}

/* What is not remembered any more goes from the mirror as well. */
static int
tidy(struct hiboutik *h)
{
	struct mirror_tally tally;
	int r = mirror_list_begin(h->mirror, ENTITY,
	                          MIRROR_WHOLE | MIRROR_ANEW);

	if (r)
		return r;
	for (size_t i = 0; !r && i < h->n_kept; i++)
		r = write_row(h->mirror, &h->kept[i], mirror_list_put);
	if (r) {
		mirror_list_abandon(h->mirror);
		return r;
	}
	h->n_over = 0;
	return mirror_list_end(h->mirror, &tally, NULL, NULL);
}

static void
forget_before(struct hiboutik *h, int64_t wall_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_kept; i++)
		if (h->kept[i].closed_ms < wall_ms)
			free(h->kept[i].json);
		else
			h->kept[n++] = h->kept[i];
	h->n_over += h->n_kept - n;
	h->n_kept = n;
}

int
hiboutik_kept_open(struct hiboutik *h, int64_t since_ms)
{
	int r = 0;

	if (!h->has_kept) {
		forget_before(h, INT64_MAX); /* half of them, of a failure */
		h->n_over = 0;
		r = mirror_each(h->mirror, ENTITY, load_row, h);
		h->has_kept = r == 0;
	}
	forget_before(h, since_ms);
	return r || h->n_over < REMOVE_AT ? r : tidy(h);
}

void
hiboutik_kept_close(struct hiboutik *h)
{
	forget_before(h, INT64_MAX);
	free(h->kept);
	h->kept = NULL;
	h->cap_kept = 0;
}

const char *
hiboutik_kept_find(const struct hiboutik *h, int64_t sale)
{
	for (size_t i = 0; i < h->n_kept; i++)
		if (h->kept[i].sale == sale)
			return h->kept[i].json;
	return NULL;
}

int
hiboutik_kept_add(struct hiboutik *h, const struct sale *sale,
                  const struct json_node *lines)
{
	struct buf rows = BUF_INIT;
	struct buf text = BUF_INIT;
	struct json_out o = { .to = &text };
	char *json;
	int r;

	json_print(&rows, lines);
	json_out_object(&o, NULL);
	json_out_int(&o, "closed_ms", sale->closed_ms);
	json_out_raw(&o, "line_items", buf_text(&rows));
	json_out_end_object(&o);
	r = buf_check(&rows) || buf_check(&text) ? ERR_NOMEM : 0;
	buf_fini(&rows);
	if (r) {
		buf_fini(&text);
		return r;
	}
	json = buf_steal(&text);
	r = remember(h, strtoll(sale->id, NULL, 10), sale->closed_ms, &json);
	return r ? r : write_row(h->mirror, &h->kept[h->n_kept - 1], put_now);
}
