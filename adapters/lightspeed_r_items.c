/*
 * Lightspeed R, things: what is stocked, by SKU, barcode or name.
 *
 * Does    GET Item.json. A thing has up to three SKUs (its own `customSku`, the
 *         manufacturer's, and one that Lightspeed made) and two barcodes, and
 *         each is asked for on its own: searching in several fields at once
 *         costs more. It is shown with the one that it was found by, else with
 *         the first that it has.
 * Not     What is archived, and what is never stocked.
 */
#include "adapters/lightspeed_r.h"

#include "gateway/base/err.h"
#include "gateway/base/fold.h"

#include <stdlib.h>
#include <string.h>

static const char *const skus[] = { "customSku", "manufacturerSku", "systemSku",
	                            NULL };
static const char *const barcodes[] = { "ean", "upc", NULL };

struct hunt {
	const struct listing_sink *sink;
	enum listing_by by;
	const char *text;
	const char *const *fields; /* that are asked for in turn; NULL: one
	                              listing */
	size_t at;                 /* the one in hand */
};

/* Equal, whatever the case; a part: text is somewhere in it. */
static bool
fits(const char *value, const char *text, bool is_part)
{
	struct buf a = BUF_INIT;
	struct buf b = BUF_INIT;
	bool is_so;

	fold_add(&a, value);
	fold_add(&b, text);
	is_so = is_part ? strstr(buf_text(&a), buf_text(&b)) != NULL
	                : strcmp(buf_text(&a), buf_text(&b)) == 0;
	buf_fini(&a);
	buf_fini(&b);
	return is_so;
}

/* It was found by an earlier field already, or not by this one. */
static bool
is_other(const struct hunt *h, const struct json_node *row)
{
	if (!h->fields)
		return h->by == LISTING_NAME &&
		       !fits(lightspeed_r_text(row, "description"), h->text,
		             true);
	for (size_t i = 0; i < h->at; i++)
		if (fits(lightspeed_r_text(row, h->fields[i]), h->text, false))
			return true;
	return !fits(lightspeed_r_text(row, h->fields[h->at]), h->text, false);
}

/* Of these fields the one it was found by, else the first that is filled. */
static const char *
choose(const struct hunt *h, const char *const *fields,
       const struct json_node *row)
{
	const char *text;

	if (h->fields == fields)
		return lightspeed_r_text(row, fields[h->at]);
	for (size_t i = 0; fields[i]; i++) {
		text = lightspeed_r_text(row, fields[i]);
		if (*text)
			return text;
	}
	return "";
}

static int
take_item(void *ctx, const struct json_node *row)
{
	const struct hunt *h = ctx;
	char *texts[4] = { NULL };
	struct listing listing;
	int r = 0;

	if (lightspeed_r_is(row, "archived") ||
	    strcmp(lightspeed_r_text(row, "itemType"), "non_inventory") == 0 ||
	    is_other(h, row))
		return 0;
	texts[0] = text_dup(lightspeed_r_text(row, "itemID"));
	texts[1] = text_dup(choose(h, skus, row));
	texts[2] = text_dup(choose(h, barcodes, row));
	texts[3] = text_dup(lightspeed_r_text(row, "description"));
	listing = (struct listing){ texts[0], texts[1], texts[2], texts[3] };
	if (!texts[0] || !texts[1] || !texts[2] || !texts[3])
		r = err_raise(ERR_NOMEM, "item");
	else if (!*texts[0])
		r = LIGHTSPEED_R_MALFORMED;
	else
		r = h->sink->listing(h->sink->ctx, &listing);
	for (size_t i = 0; i < 4; i++)
		free(texts[i]);
	return r;
}

static struct outcome
list(struct lightspeed_r *l, struct hunt *h, const char *query)
{
	struct lightspeed_r_listing listing = {
		.resource = "Item", .query = query, .take = take_item, .ctx = h
	};

	return lightspeed_r_list(l, &listing);
}

static struct outcome
list_by(struct lightspeed_r *l, struct hunt *h, const char *field,
        const char *operator, const char * value)
{
	struct buf query = BUF_INIT;
	struct outcome outcome;

	lightspeed_r_add_term(&query, field, operator, value);
	outcome = buf_check(&query) ? outcome_fault(ERR_NOMEM)
	                            : list(l, h, buf_text(&query));
	buf_fini(&query);
	return outcome;
}

static struct outcome
list_named(struct lightspeed_r *l, struct hunt *h)
{
	char *pattern = text_format("%%%s%%", h->text);
	struct outcome outcome =
		pattern ? list_by(l, h, "description", "~", pattern)
			: outcome_fault(ERR_NOMEM);

	free(pattern);
	return outcome;
}

struct outcome
lightspeed_r_list_items(void *state, enum listing_by by, const char *text,
                        const struct listing_sink *sink)
{
	struct lightspeed_r *l = lightspeed_r_of(state);
	struct hunt h = { .sink = sink, .by = by, .text = text };
	struct outcome outcome = outcome_done();

	switch (by) {
	case LISTING_ALL: return list(l, &h, "");
	case LISTING_NAME: return list_named(l, &h);
	case LISTING_SKU: h.fields = skus; break;
	case LISTING_BARCODE: h.fields = barcodes; break;
	}
	for (; h.fields[h.at] && outcome.verdict == VERDICT_DONE; h.at++)
		outcome = list_by(l, &h, h.fields[h.at], "=", text);
	return outcome;
}
