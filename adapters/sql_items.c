/*
 * A shop's database, things: by SKU, barcode or name, as far as the table of
 * counts has columns for them. Other tables are not joined: where a shop keeps
 * names is the shop's own affair.
 */
#include "adapters/sql.h"

#include "gateway/base/err.h"

struct find {
	const struct sql *s;
	enum listing_by by;
	const char *text;
	const struct listing_sink *sink;
};

static const char *
or_none(const char *text)
{
	return text ? text : "";
}

static int
take(void *ctx, const char *const *values)
{
	const struct find *find = ctx;
	struct buf external = BUF_INIT;
	struct listing listing = { .sku = or_none(values[SQL_SKU]),
		                   .barcode = or_none(values[SQL_BARCODE]),
		                   .name = or_none(values[SQL_NAME]) };
	int r;

	sql_add_external(&external, &find->s->shape, values[SQL_ID],
	                 values[SQL_VARIANT]);
	listing.external = buf_text(&external);
	r = buf_check(&external) ? err_raise(ERR_NOMEM, "sql") : 0;
	if (!r && listing_fits(&listing, find->by, find->text))
		r = find->sink->listing(find->sink->ctx, &listing);
	buf_fini(&external);
	return r;
}

struct outcome
sql_list_items(void *state, enum listing_by by, const char *text,
               const struct listing_sink *sink)
{
	struct sql *s = sql_of(state);
	struct find find = { s, by, text, sink };
	const struct sql_walk walk = { SQL_NAMES, take, NULL, &find };

	return sql_walk(s, &walk);
}
