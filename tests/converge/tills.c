/*
 * The tills: what each vendor's simulator calls things, how its account is
 * configured, and which of them a run has.
 */
#include "tests/converge/check.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 2000, HOUR_S = 3600 };

#define X_ID(kind, n) "0a0000" kind "-0000-4000-8000-" n

const char till_outlet[] = X_ID("01", "000000000001");

static const struct till_type types[TILL_KINDS] = {
	[TILL_SQUARE] = { .word = "square",
	                  .account = "agora",
	                  .counts = "square.counts",
	                  .id = "variation",
	                  .count = "count",
	                  .sales = "square.orders",
	                  .over = "COMPLETED",
	                  .has_hooks = true,
	                  .may_amend = true,
	                  .late_s = 60 * HOUR_S },
	[TILL_HIBOUTIK] = { .word = "hiboutik",
	                    .account = "corner",
	                    .counts = "hiboutik.counts",
	                    .id = "product",
	                    .count = "count",
	                    .sales = "hiboutik.sales",
	                    .over = "closed",
	                    .has_hooks = true,
	                    .is_whole = true,
	                    .lists_returns = true,
	                    .late_s = 12 * HOUR_S },
	[TILL_LIGHTSPEED_X] = { .word = "lightspeed_x",
	                        .account = "market",
	                        .counts = "lightspeed_x.counts",
	                        .id = "product",
	                        .count = "count",
	                        .sales = "lightspeed_x.sales",
	                        .over = "closed",
	                        .has_hooks = true,
	                        .lists_returns = true,
	                        .late_s = 12 * HOUR_S },
	[TILL_LIGHTSPEED_R] = { .word = "lightspeed_r",
	                        .account = "bazaar",
	                        .counts = "lightspeed_r.counts",
	                        .id = "item",
	                        .count = "count",
	                        .sales = "lightspeed_r.sales",
	                        .over = "completed",
	                        .may_lag = true,
	                        .is_whole = true,
	                        .lists_returns = true },
	[TILL_TIPSI] = { .word = "tipsi",
	                 .account = "cellar",
	                 .counts = "tipsi.items",
	                 .id = "external_id",
	                 .count = "in_stock",
	                 .is_whole = true },
};

/* ---- which there are ---- */

static void
add(struct world *w, enum till_kind kind, const char *name, size_t sim)
{
	w->tills[w->n_tills++] = (struct till){ kind, &types[kind], name, sim };
	w->n_selling += types[kind].sales != NULL;
	w->n_telling += types[kind].has_hooks;
}

void
tills_choose(struct world *w, size_t n_squares)
{
	w->n_sims = n_squares;
	for (size_t i = 0; i < n_squares; i++)
		add(w, TILL_SQUARE, i ? "kiosk" : "agora", i);
	for (int kind = TILL_SQUARE + 1; kind < TILL_KINDS; kind++)
		if (w->has_kind[kind])
			add(w, (enum till_kind)kind, types[kind].account, 0);
}

size_t
till_pick(struct world *w)
{
	return below(w, (unsigned)w->n_selling);
}

size_t
till_pick_telling(struct world *w)
{
	return below(w, (unsigned)w->n_telling);
}

bool
till_has(const struct world *w, size_t till, size_t item)
{
	return w->items[item].variation[till][0] != '\0';
}

/* ---- the simulator ---- */

const char *const *
till_sim_options(enum till_kind kind)
{
	static const char *const options[TILL_KINDS][7] = {
		[TILL_SQUARE] = { "--square-token-env", "SQUARE_TOKEN",
		                  "--square-signature-key-env",
		                  "SQUARE_SIGNATURE_KEY", NULL },
		[TILL_HIBOUTIK] = { "--hiboutik-key-env", "HIBOUTIK_KEY",
		                    NULL },
		[TILL_LIGHTSPEED_X] = { "--lightspeed-x-token-env",
		                        "LIGHTSPEED_X_TOKEN",
		                        "--lightspeed-x-secret-env",
		                        "LIGHTSPEED_X_SECRET", NULL },
		[TILL_LIGHTSPEED_R] = { "--lightspeed-r-secret-env",
		                        "LIGHTSPEED_R_SECRET",
		                        "--lightspeed-r-refresh-env",
		                        "LIGHTSPEED_R_REFRESH", NULL },
		[TILL_TIPSI] = { "--tipsi-password-env", "TIPSI_PASSWORD",
		                 NULL },
	};

	return options[kind];
}

const struct json_node *
till_counts(const struct world *w, size_t till, const struct json *state)
{
	return json_path(json_root(state), w->tills[till].type->counts);
}

const struct json_node *
till_row(struct world *w, size_t till, const struct json_node *rows,
         size_t item)
{
	const struct json_node *row = json_row(rows, w->tills[till].type->id,
	                                       w->items[item].variation[till]);

	if (!row)
		give_up(w, "the simulator forgot an item");
	return row;
}

struct decimal
till_count(const struct world *w, size_t till, const struct json_node *row)
{
	return json_amount(row, w->tills[till].type->count);
}

/* What lowers a count of Hiboutik's is a sale, and the rest an arrival. */
int64_t
till_writes(const struct world *w, size_t till, const struct json_node *row)
{
	int64_t n = json_number(row, NULL, "writes");

	if (w->tills[till].kind == TILL_HIBOUTIK)
		n += json_number(row, NULL, "recorded");
	return n;
}

/* ---- the configuration ---- */

static void
put_square(struct json_out *o)
{
	json_out_text(o, "access_token", "env:SQUARE_TOKEN");
	json_out_text(o, "location", "L1");
	json_out_raw(o, "hook",
	             "{\"signature_key\":\"env:SQUARE_SIGNATURE_KEY\"}");
}

/* So many calls a month that no poll waits for its turn. */
static void
put_hiboutik(struct json_out *o)
{
	json_out_text(o, "email", "till@example.com");
	json_out_text(o, "api_key", "env:HIBOUTIK_KEY");
	json_out_int(o, "store", 1);
	json_out_int(o, "warehouse", 5);
	json_out_int(o, "monthly_calls", 100000000);
	json_out_text(o, "timezone", "Europe/Athens");
	json_out_raw(o, "hook", "{\"token\":\"env:HIBOUTIK_TOKEN\"}");
}

/* So many registers that no window is full. */
static void
put_lightspeed_x(struct json_out *o)
{
	json_out_text(o, "access_token", "env:LIGHTSPEED_X_TOKEN");
	json_out_text(o, "outlet", till_outlet);
	json_out_text(o, "register", X_ID("02", "000000000001"));
	json_out_text(o, "user", X_ID("03", "000000000001"));
	json_out_text(o, "payment_type", X_ID("04", "000000000001"));
	json_out_int(o, "registers", 1000);
	json_out_raw(o, "hook",
	             "{\"client_secret\":\"env:LIGHTSPEED_X_SECRET\"}");
}

static void
put_lightspeed_r(struct json_out *o)
{
	json_out_text(o, "client_id", "client-r");
	json_out_text(o, "client_secret", "env:LIGHTSPEED_R_SECRET");
	json_out_text(o, "refresh_token", "env:LIGHTSPEED_R_REFRESH");
	json_out_int(o, "account", 100);
	json_out_int(o, "shop", 1);
	json_out_int(o, "register", 1);
	json_out_int(o, "employee", 2);
	json_out_int(o, "payment_type", 7);
}

static void
put_tipsi(struct json_out *o)
{
	json_out_text(o, "username", "sync");
	json_out_text(o, "password", "env:TIPSI_PASSWORD");
	json_out_text(o, "store", "17");
}

void
till_configure(struct world *w, struct json_out *o, size_t till)
{
	static void (*const put[TILL_KINDS])(struct json_out * o) = {
		[TILL_SQUARE] = put_square,
		[TILL_HIBOUTIK] = put_hiboutik,
		[TILL_LIGHTSPEED_X] = put_lightspeed_x,
		[TILL_LIGHTSPEED_R] = put_lightspeed_r,
		[TILL_TIPSI] = put_tipsi,
	};
	const struct till *t = &w->tills[till];
	char *url = text_format("%s%s", w->sims[t->sim].tills[t->kind],
	                        t->kind == TILL_HIBOUTIK ? "/api" : "");

	json_out_object(o, NULL);
	json_out_text(o, "name", t->name);
	json_out_text(o, "type", t->type->word);
	json_out_text(o, "url", url ? url : "");
	json_out_int(o, "timeout_ms", TIMEOUT_MS);
	put[t->kind](o);
	json_out_end_object(o);
	free(url);
}
