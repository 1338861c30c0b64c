/*
 * tillbridge items: the registry as CSV. Import checks the whole file before
 * it writes anything; export writes what import reads.
 */
#include "gateway/cli/items.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/csv.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_registry.h"

enum {
	FILE_MAX_BYTES = 256 * 1024 * 1024,
	MISTAKES_MAX = 100,
	NAMED_MAX = 5,
	TOGETHER_MAX = 250, /* items read or written in one go */
};

/* What a column is. */
enum column_kind {
	COLUMN_SKU,
	COLUMN_NAME,
	COLUMN_AUTHORITY,
	COLUMN_RESERVE,
	COLUMN_ACCOUNT,
	COLUMN_UNKNOWN, /* a mistake; its cells are not read */
};

struct column {
	enum column_kind kind;
	const char *account; /* borrowed from the configuration */
};

struct import {
	const struct cli *cli;
	const struct conf *conf;
	struct store *store;
	const char *path;
	struct column columns[CSV_FIELDS_MAX];
	size_t n_columns;
	const char *default_authority; /* bound by sku when it has no column */
	bool has_authority_column;
	size_t n_mistakes;
	size_t n_items;
	size_t n_new_bindings;    /* at all accounts */
	size_t n_channel_counts;  /* that channels will be told */
	bool has_other_authority; /* of these some are not the default one's */
	struct item pending[TOGETHER_MAX]; /* rows that were read */
	size_t n_pending;
	size_t n_homeless;   /* not bound at their authority */
	struct buf homeless; /* the first of them, ", " between */
};

/* ---- mistakes ---- */

static void
complain(struct import *im, const struct csv *csv, const char *column,
         const char *what)
{
	if (++im->n_mistakes <= MISTAKES_MAX)
		(void)fprintf(stderr, "%s:%zu: %s%s%s\n", im->path, csv->line,
		              column, *column ? ": " : "", what);
}

/* ---- the header row ---- */

static int
read_column(struct import *im, const struct csv *csv, struct column *out,
            const char *title)
{
	const struct conf_section *account = conf_find_account(im->conf, title);

	out->account = "";
	out->kind = COLUMN_UNKNOWN;
	if (!strcmp(title, "sku"))
		out->kind = COLUMN_SKU;
	else if (!strcmp(title, "name"))
		out->kind = COLUMN_NAME;
	else if (!strcmp(title, "authority"))
		out->kind = COLUMN_AUTHORITY;
	else if (!strcmp(title, "reserve"))
		out->kind = COLUMN_RESERVE;
	else if (account && conf_account_is_source(account))
		complain(im, csv, title,
		         "no item is bound there: its calls name the SKU");
	else if (account)
		*out = (struct column){ COLUMN_ACCOUNT,
			                conf_account_name(account) };
	else
		complain(im, csv, title,
		         "unknown column: expected sku, name, authority, "
		         "reserve or the name of an account");
	return 0;
}

static void
read_header(struct import *im, const struct csv *csv)
{
	bool has_sku = false;

	im->n_columns = csv->n_fields;
	for (size_t i = 0; i < csv->n_fields; i++) {
		const char *title = csv_field(csv, i);
		struct column *c = &im->columns[i];

		(void)read_column(im, csv, c, title);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(csv_field(csv, j), title) != 0)
				continue;
			complain(im, csv, title, "column given twice");
			c->kind = COLUMN_UNKNOWN;
		}
		has_sku |= c->kind == COLUMN_SKU && !strcmp(title, "sku");
		im->has_authority_column |=
			c->kind == COLUMN_ACCOUNT &&
			!strcmp(c->account, im->default_authority);
	}
	if (!has_sku)
		complain(im, csv, "", "the header row has no column sku");
}

/* ---- rows ---- */

static int
add_binding(struct item *item, const char *account, const char *typed)
{
	struct binding *b = item_add_binding(item);

	if (!b)
		return err_raise(ERR_NOMEM, "why=%s", "binding");
	b->account = text_dup(account);
	b->typed = text_dup(typed);
	return b->account && b->typed ? 0 : ERR_NOMEM;
}

static void
check_authority(struct import *im, const struct csv *csv, const char *name)
{
	const struct conf_section *account = conf_find_account(im->conf, name);

	if (!account)
		complain(im, csv, "authority",
		         "there is no account of that name");
	else if (conf_account_is_source(account))
		complain(im, csv, "authority",
		         "that account has no stock: it only calls us");
	else if (!conf_account_may_keep(account))
		complain(im, csv, "authority",
		         "that account cannot record what is sold elsewhere: "
		         "name one that can, or none for the usual one");
}

static int
take_field(struct import *im, const struct csv *csv, struct item *item,
           const struct column *column, const char *text)
{
	switch (column->kind) {
	case COLUMN_SKU:
		item->sku = text_dup(text);
		if (!*text)
			complain(im, csv, "sku", "empty");
		else if (strlen(text) > ITEM_SKU_MAX || strchr(text, '\n') ||
		         strchr(text, '\t'))
			complain(im, csv, "sku",
			         "longer than 128 bytes, or with a line end "
			         "or tab inside");
		break;
	case COLUMN_NAME: item->name = text_dup(text); break;
	case COLUMN_AUTHORITY:
		item->authority = text_dup(text);
		if (*text)
			check_authority(im, csv, text);
		break;
	case COLUMN_RESERVE:
		item->drops_reserve = !*text; /* an empty cell: none */
		if (!*text)
			break;
		item->has_reserve = !decimal_parse(&item->reserve, text);
		if (!item->has_reserve || decimal_is_negative(item->reserve))
			complain(im, csv, "reserve",
			         "expected a quantity of zero or more");
		break;
	case COLUMN_ACCOUNT:
		if (strlen(text) > ITEM_EXTERNAL_MAX || strchr(text, '\n'))
			complain(im, csv, column->account,
			         "longer than 300 bytes, or with a line end "
			         "inside");
		return add_binding(item, column->account, text);
	case COLUMN_UNKNOWN: break;
	}
	return 0;
}

static const struct adapter_ops *
adapter_of(const struct import *im, const char *account)
{
	const struct adapter_ops *const *ops = im->cli->parts->adapters;
	const struct conf_section *a = conf_find_account(im->conf, account);

	while (a && *ops && strcmp((*ops)->name, conf_account_type(a)) != 0)
		ops++;
	return a ? *ops : NULL;
}

/*
 * Without a column of its own, the default authority's id is the SKU where it
 * understands what people write (Galaxy takes codes). A till's own ids are
 * never our SKUs.
 */
static bool
is_sku_enough(const struct import *im)
{
	const struct adapter_ops *ops = adapter_of(im, im->default_authority);

	return !im->has_authority_column && ops && ops->resolve;
}

static int
read_item(struct import *im, const struct csv *csv, struct item *item)
{
	int r = 0;

	if (csv->n_fields > im->n_columns)
		complain(im, csv, "", "more fields than the header row has");
	for (size_t i = 0; !r && i < im->n_columns; i++)
		r = take_field(im, csv, item, &im->columns[i],
		               csv_field(csv, i));
	if (!r && item->sku && is_sku_enough(im))
		r = add_binding(item, im->default_authority, item->sku);
	return r;
}

/* Does this account show what another one is right about? */
static bool
takes_counts(const struct import *im, const char *account)
{
	const struct adapter_ops *ops = adapter_of(im, account);

	return ops && ops->write_counts;
}

static const char *
authority_of(const struct import *im, const struct item *item,
             const char *fallback)
{
	if (item->authority && *item->authority)
		return item->authority;
	return fallback ? fallback : im->default_authority;
}

/* Nobody can say how many there are of what its authority does not know. */
static void
note_homeless(struct import *im, const struct item *item,
              const struct item *old, const char *authority)
{
	const struct binding *b = item_find_binding(item, authority);

	if (!b) /* a column that is absent leaves the binding */
		b = item_find_binding(old, authority);
	if (b && b->typed && *b->typed)
		return;
	if (im->n_homeless++ < NAMED_MAX)
		buf_addf(&im->homeless, "%s%s", im->homeless.n ? ", " : "",
		         item->sku);
}

/*
 * How many of its bindings are new or different, and how many channels will be
 * told another count for that or for a new authority. Where its column is
 * absent the authority stays; an empty cell is the default one.
 */
static void
count_changes(struct import *im, const struct item *item,
              const struct item *old)
{
	const char *before = authority_of(im, old, NULL);
	const char *now =
		authority_of(im, item, item->authority ? NULL : before);

	note_homeless(im, item, old, now);
	for (size_t i = 0; i < item->n_bindings; i++) {
		const struct binding *b = &item->bindings[i];
		const struct binding *was = item_find_binding(old, b->account);
		bool is_new = strcmp(was ? was->typed : "", b->typed) != 0;

		im->n_new_bindings += is_new;
		if (!*b->typed || !strcmp(b->account, now) ||
		    (!is_new && !strcmp(before, now)) ||
		    !takes_counts(im, b->account))
			continue;
		im->n_channel_counts++;
		im->has_other_authority |=
			strcmp(now, im->default_authority) != 0;
	}
}

static int
count_pending(struct import *im)
{
	struct item old[TOGETHER_MAX];
	const char *skus[TOGETHER_MAX];
	int r;

	for (size_t i = 0; i < im->n_pending; i++)
		skus[i] = im->pending[i].sku;
	r = store_registry_get_many(im->store, old, skus, im->n_pending);
	for (size_t i = 0; !r && i < im->n_pending; i++) {
		count_changes(im, &im->pending[i], &old[i]);
		item_fini(&old[i]);
	}
	return r;
}

/* Count or write what was read; a mistake makes both pointless. */
static int
finish_pending(struct import *im, bool is_writing)
{
	int r = 0;

	if (im->n_pending && is_writing)
		r = store_registry_put_many(im->store, im->pending,
		                            im->n_pending, NULL);
	else if (im->n_pending && !im->n_mistakes)
		r = count_pending(im);
	for (size_t i = 0; i < im->n_pending; i++)
		item_fini(&im->pending[i]);
	im->n_pending = 0;
	return r;
}

/* One pass over the rows: checking, or writing as well. */
static int
pass(struct import *im, const char *text, size_t n, bool is_writing)
{
	struct csv csv;
	int r;
	int end;

	csv_init(&csv, text, n);
	r = csv_next(&csv);
	if (!r && !is_writing)
		read_header(im, &csv);
	while (!r && (r = csv_next(&csv)) == 0) {
		struct item *item = &im->pending[im->n_pending];

		*item = (struct item){ .sku = NULL };
		im->n_pending++;
		r = read_item(im, &csv, item);
		if (!r && !is_writing)
			im->n_items++;
		if (!r && im->n_pending == TOGETHER_MAX)
			r = finish_pending(im, is_writing);
	}
	if (r == CSV_MALFORMED)
		complain(im, &csv, "", csv.why);
	csv_fini(&csv);
	if (r < 0) /* a fault: what was read is only released */
		im->n_mistakes++;
	end = finish_pending(im, is_writing && r >= 0);
	return r < 0 ? r : end;
}

/* A row per sku and a binding per external id: seen twice is a mistake. */
struct seen {
	const char *key; /* "account\ntyped", owned by keys */
	size_t line;
};

static int
by_key(const void *a, const void *b)
{
	const struct seen *x = a;
	const struct seen *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void
report_twice(struct import *im, const struct seen *first,
             const struct seen *second)
{
	size_t n = strcspn(first->key, "\n");

	if (++im->n_mistakes > MISTAKES_MAX)
		return;
	(void)fprintf(stderr, "%s:%zu: %.*s: %s is given on line %zu already\n",
	              im->path, second->line, (int)n, first->key,
	              first->key + n + 1, first->line);
}

static int
check_twice(struct import *im, const char *text, size_t n)
{
	struct seen *seen = NULL;
	size_t n_seen = 0;
	size_t cap = 0;
	struct csv csv;
	int r;

	csv_init(&csv, text, n);
	r = csv_next(&csv);
	while (!r && (r = csv_next(&csv)) == 0) {
		for (size_t i = 0; !r && i < im->n_columns; i++) {
			const struct column *c = &im->columns[i];
			const char *field = csv_field(&csv, i);

			if (!*field || (c->kind != COLUMN_SKU &&
			                c->kind != COLUMN_ACCOUNT))
				continue;
			if (n_seen == cap) {
				struct seen *grown;

				cap = cap ? cap * 2 : 256;
				grown = realloc(seen, cap * sizeof(*seen));
				if (!grown) {
					r = ERR_NOMEM;
					break;
				}
				seen = grown;
			}
			seen[n_seen].line = csv.line;
			seen[n_seen].key = text_format(
				"%s\n%s",
				c->kind == COLUMN_SKU ? "sku" : c->account,
				field);
			if (!seen[n_seen++].key)
				r = ERR_NOMEM;
		}
	}
	if (r >= 0 && n_seen)
		qsort(seen, n_seen, sizeof(*seen), by_key);
	for (size_t i = 1; r >= 0 && i < n_seen; i++)
		if (!strcmp(seen[i - 1].key, seen[i].key))
			report_twice(im, &seen[i - 1], &seen[i]);
	for (size_t i = 0; i < n_seen; i++)
		free((void *)(uintptr_t)seen[i].key);
	free(seen);
	csv_fini(&csv);
	return r < 0 ? r : 0;
}

static char *
read_file(const char *path, size_t *n)
{
	FILE *f = !strcmp(path, "-") ? stdin : fopen(path, "re");
	struct buf b = { .max = FILE_MAX_BYTES };
	char piece[65536];
	size_t got;
	int trouble;

	if (!f) {
		cli_complain("%s: %s", path, strerror(errno));
		return NULL;
	}
	while ((got = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&b, piece, got);
	trouble = ferror(f) ? errno : 0;
	if (f != stdin)
		(void)fclose(f);
	/* Half a file is not a smaller file. */
	if (trouble || buf_check(&b)) {
		cli_complain("%s: %s", path,
		             trouble ? strerror(trouble) : "too large");
		buf_fini(&b);
		return NULL;
	}
	*n = b.n;
	return b.p ? buf_steal(&b) : text_dup("");
}

static void
warn_of_homeless(const struct import *im)
{
	bool is_one = im->n_homeless == 1;

	if (im->n_homeless)
		cli_complain("warning: %zu item%s not bound at %s authority "
		             "(%s%s): %s channels stay as they are until %s "
		             "bound there",
		             im->n_homeless, is_one ? " is" : "s are",
		             is_one ? "its" : "their", buf_text(&im->homeless),
		             im->n_homeless > NAMED_MAX ? ", …" : "",
		             is_one ? "its" : "their",
		             is_one ? "it is" : "they are");
}

static void
say_done(const struct import *im)
{
	warn_of_homeless(im);
	if (im->cli->is_quiet)
		return;
	(void)printf("%zu items%s: %zu bindings new or changed\n", im->n_items,
	             im->cli->is_dry ? " would be imported" : " imported",
	             im->n_new_bindings);
	if (im->n_channel_counts)
		(void)printf("%zu channel counts %s set to what %s says; sales "
		             "closed before now are history\n",
		             im->n_channel_counts,
		             im->cli->is_dry ? "would be" : "will be",
		             im->has_other_authority
		                     ? "the authority of each item"
		                     : im->default_authority);
}

static enum exit_code
import_text(struct import *im, const char *text, size_t n)
{
	int r = pass(im, text, n, false);

	if (!r && im->n_columns)
		r = check_twice(im, text, n);
	if (!r && !im->n_columns)
		im->n_mistakes++, cli_complain("%s: empty", im->path);
	if (!r && im->n_mistakes) {
		cli_complain("%s: %zu mistake%s; nothing was written", im->path,
		             im->n_mistakes, im->n_mistakes == 1 ? "" : "s");
		return EXIT_CODE_FAILED;
	}
	if (!r && !im->cli->is_dry)
		r = pass(im, text, n, true);
	if (r)
		return cli_fail(r);
	say_done(im);
	return EXIT_CODE_DONE;
}

static enum exit_code
import(const struct cli *cli, const struct conf *conf, struct store *store)
{
	struct import im = {
		.cli = cli,
		.conf = conf,
		.store = store,
		.path = cli->argv[1],
		.default_authority = conf_text(conf->top, "stock.authority"),
	};
	size_t n = 0;
	char *text = read_file(im.path, &n);
	enum exit_code code =
		text ? import_text(&im, text, n) : EXIT_CODE_FAILED;

	buf_fini(&im.homeless);
	free(text);
	return code;
}

/* ---- out again ---- */

struct export
{
	const struct conf *conf;
	struct store *store;
	struct buf row;
};

static void
add_row(struct export *ex, const struct item *item)
{
	char reserve[DECIMAL_TEXT_SIZE];

	csv_add(&ex->row, item->sku);
	buf_addc(&ex->row, ',');
	csv_add(&ex->row, item->name ? item->name : "");
	buf_addc(&ex->row, ',');
	/* Where it goes, not what it waits for: imported again it stays so. */
	csv_add(&ex->row, item->next        ? item->next
	                  : item->authority ? item->authority
	                                    : "");
	buf_addc(&ex->row, ',');
	if (item->has_reserve)
		buf_adds(&ex->row, decimal_format(reserve, item->reserve));
	for (size_t i = 0; i < ex->conf->n_accounts; i++) {
		const struct conf_section *account = ex->conf->accounts[i];
		const struct binding *b =
			item_find_binding(item, conf_account_name(account));

		if (conf_account_is_source(account))
			continue;
		buf_addc(&ex->row, ',');
		csv_add(&ex->row, b && b->typed ? b->typed : "");
	}
}

static int
export_one(void *ctx, const char *sku)
{
	struct export *ex = ctx;
	struct item item = { 0 };
	int r = store_registry_get(ex->store, &item, sku);

	if (r)
		return r > 0 ? 0 : r;
	buf_reset(&ex->row);
	add_row(ex, &item);
	r = buf_check(&ex->row);
	if (!r)
		(void)puts(buf_text(&ex->row));
	item_fini(&item);
	return r;
}

static enum exit_code export(const struct conf *conf, struct store *store) {
	struct export ex = { .conf = conf, .store = store }; int r;

	(void)fputs("sku,name,authority,reserve", stdout);
	for (size_t i = 0; i < conf->n_accounts;
	     i++) if (!conf_account_is_source(conf->accounts[i]))(void)
		printf(",%s", conf_account_name(conf->accounts[i]));
	(void)putchar('\n');
	r = store_registry_each(store, export_one, &ex);
	buf_fini(&ex.row);
	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

static int
list_one(void *ctx, const char *sku)
{
	struct export *ex = ctx;
	struct item item = { 0 };
	int r = store_registry_get(ex->store, &item, sku);
	bool is_left;

	if (r)
		return r > 0 ? 0 : r;
	is_left =
		item.authority && !conf_find_account(ex->conf, item.authority);
	(void)printf("%-24s %s%s%s%s\n", item.sku, item.name ? item.name : "",
	             is_left ? "  (its authority " : "",
	             is_left ? item.authority : "",
	             is_left ? " is no longer configured)" : "");
	for (size_t i = 0; i < item.n_bindings; i++)
		(void)printf("    %-16s %s%s\n", item.bindings[i].account,
		             item.bindings[i].typed ? item.bindings[i].typed
		                                    : "",
		             item.bindings[i].external ? "" : "  (unresolved)");
	item_fini(&item);
	return 0;
}

static enum exit_code
list(const struct conf *conf, struct store *store)
{
	struct export ex = { .conf = conf, .store = store };
	int r = store_registry_each(store, list_one, &ex);

	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

enum exit_code
cli_items(const struct cli *cli)
{
	const char *word = cli->argc ? cli->argv[0] : "";
	bool is_import = !strcmp(word, "import") && cli->argc == 2;
	bool is_export = !strcmp(word, "export") && cli->argc == 1;
	bool is_list = !strcmp(word, "list") && cli->argc == 1;
	bool is_match = !strcmp(word, "match");
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code;

	if ((!is_import && !is_export && !is_list && !is_match) ||
	    (cli->is_dry && !is_import) ||
	    ((cli->is_apply || cli->is_json) && !is_match)) {
		cli_complain("usage: tillbridge items import FILE.csv "
		             "[--dry-run] | export | list | match [--apply] "
		             "[--json] [ACCOUNT…]");
		return EXIT_CODE_USAGE;
	}
	code = cli_open(&conf, &station, cli);
	if (code != EXIT_CODE_DONE)
		return code;
	if (is_import)
		code = import(cli, conf, station_store(station));
	else if (is_export)
		code = export(conf, station_store(station));
	else if (is_match)
		code = items_match(cli, conf, station);
	else
		code = list(conf, station_store(station));
	station_close(station);
	conf_free(conf);
	return code;
}
