/*
 * tillbridge items import: the registry from CSV. The whole file is checked
 * before anything is written; then what is right is compared with what is
 * there, and written.
 */
#include "gateway/cli/items.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/csv.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/base/words.h"
#include "gateway/cli/items_mistakes.h"
#include "gateway/cli/progress.h"
#include "gateway/drivers/store_registry.h"

enum {
	FILE_MAX_BYTES = 256 * 1024 * 1024,
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

/* A cell that only one row may have: its sku, an id at an account. */
struct seen {
	char *key; /* "account\ntyped", owned */
	size_t line;
};

/* An id that another item of the registry has. */
struct claim {
	const char *account; /* borrowed */
	char *typed;         /* owned */
	char *owner;         /* owned */
	size_t line;
	bool is_wrong;
};

struct import {
	const struct cli *cli;
	const struct conf *conf;
	struct store *store;
	const char *path;
	bool is_writing; /* the second pass: what is wrong is known */
	struct column columns[CSV_FIELDS_MAX];
	size_t n_columns;
	const char *default_authority; /* bound by sku when it has no column */
	bool has_authority_column;
	struct mistakes mistakes;
	bool is_whole; /* every row can be read: those that are right too */
	struct seen *seen;
	size_t n_seen, cap_seen;
	struct claim *claims;
	size_t n_claims, cap_claims;
	struct item pending[TOGETHER_MAX]; /* rows that were read */
	size_t lines[TOGETHER_MAX];        /* where they are */
	size_t n_pending;
	size_t n_items;
	size_t n_new_bindings;    /* at all accounts */
	size_t n_gone_bindings;   /* their cell is empty now */
	size_t n_channel_counts;  /* that channels will be told */
	bool has_other_authority; /* of these some are not the default one's */
	size_t n_homeless;        /* not bound at their authority */
	struct progress progress;
	bool is_written;
	struct buf homeless; /* the first of them, ", " between */
};

/* One element more in an array that doubles. Returns 0, ERR_NOMEM. */
static int
make_room(void *array, size_t n, size_t *cap, size_t size)
{
	void **p = array;
	size_t wanted = *cap ? *cap * 2 : 256;
	void *grown;

	if (n < *cap)
		return 0;
	grown = realloc(*p, wanted * size);
	if (!grown)
		return err_raise(ERR_NOMEM, "why=%s", "import");
	*p = grown;
	*cap = wanted;
	return 0;
}

/* ---- mistakes ---- */

static void
complain(struct import *im, const struct csv *csv, const char *column,
         const char *what)
{
	if (!im->is_writing)
		mistakes_add(&im->mistakes, csv->line, "%s%s%s", column,
		             *column ? ": " : "", what);
}

/* The nearest of some words to one that is none of them. */
struct near {
	const char *to;
	const char *word; /* borrowed; NULL: none is near */
	size_t distance;
};

static void
try_near(struct near *near, const char *word)
{
	size_t n = strlen(near->to);
	size_t m = strlen(word);
	size_t d = words_distance(near->to, n, word, m);

	if (d * 2 > (n > m ? n : m) || (near->word && d >= near->distance))
		return;
	near->word = word;
	near->distance = d;
}

static void
complain_unknown(struct import *im, const struct csv *csv, const char *column,
                 const char *what, const struct near *near)
{
	if (!im->is_writing && near->word)
		mistakes_add(&im->mistakes, csv->line,
		             "%s: %s (did you mean \"%s\"?)", column, what,
		             near->word);
	else
		complain(im, csv, column, what);
}

/* ---- the header row ---- */

static void
complain_of_column(struct import *im, const struct csv *csv, const char *title)
{
	static const char *const known[] = { "sku", "name", "authority",
		                             "reserve" };
	char *small = text_dup(title);
	struct near near = { .to = small ? small : title };
	struct buf what = BUF_INIT;
	const char *before = " or an account: ";

	for (char *p = small; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	buf_adds(&what, "unknown column: expected ");
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		try_near(&near, known[i]);
		buf_addf(&what, "%s%s", i ? ", " : "", known[i]);
	}
	for (size_t i = 0; i < im->conf->n_accounts; i++) {
		const struct conf_section *one = im->conf->accounts[i];

		if (conf_account_is_source(one))
			continue;
		try_near(&near, conf_account_name(one));
		buf_addf(&what, "%s%s", before, conf_account_name(one));
		before = ", ";
	}
	if (strchr(title, '\t'))
		complain(im, csv, title,
		         "columns are divided by commas or semicolons, not "
		         "by tabs");
	else
		complain_unknown(im, csv, title, buf_text(&what), &near);
	buf_fini(&what);
	free(small);
}

static void
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
		complain_of_column(im, csv, title);
}

static void
read_header(struct import *im, const struct csv *csv)
{
	bool has_sku = false;

	im->n_columns = csv->n_fields;
	for (size_t i = 0; i < csv->n_fields; i++) {
		const char *title = csv_field(csv, i);
		struct column *c = &im->columns[i];

		read_column(im, csv, c, title);
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
	im->is_whole &= !im->mistakes.n;
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
	struct near near = { .to = name };
	struct buf known = BUF_INIT;

	for (size_t i = 0; !account && i < im->conf->n_accounts; i++) {
		const struct conf_section *one = im->conf->accounts[i];

		if (!conf_account_may_keep(one))
			continue;
		try_near(&near, conf_account_name(one));
		buf_addf(&known, "%s%s",
		         known.n ? ", "
		                 : "there is no account of that name; those "
		                   "that can be one: ",
		         conf_account_name(one));
	}
	if (!account)
		complain_unknown(im, csv, "authority", buf_text(&known), &near);
	else if (conf_account_is_source(account))
		complain(im, csv, "authority",
		         "that account has no stock: it only calls us");
	else if (!conf_account_may_keep(account))
		complain(im, csv, "authority",
		         "that account cannot record what is sold elsewhere: "
		         "name one that can, or none for the usual one");
	buf_fini(&known);
}

static int
note_seen(struct import *im, const struct csv *csv, const char *column,
          const char *text)
{
	struct seen *s;
	int r;

	if (im->is_writing || !*text)
		return 0;
	r = make_room(&im->seen, im->n_seen, &im->cap_seen, sizeof(*im->seen));
	if (r)
		return r;
	s = &im->seen[im->n_seen];
	s->line = csv->line;
	s->key = text_format("%s\n%s", column, text);
	im->n_seen += !!s->key;
	return s->key ? 0 : err_raise(ERR_NOMEM, "why=%s", "import");
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
		return note_seen(im, csv, "sku", text);
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
		return add_binding(item, column->account, text)
		               ? ERR_NOMEM
		               : note_seen(im, csv, column->account, text);
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
 * How many of its bindings are new, different or gone, and how many channels will be
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

		im->n_new_bindings += is_new && *b->typed;
		im->n_gone_bindings += is_new && !*b->typed;
		if (!*b->typed || !strcmp(b->account, now) ||
		    (!is_new && !strcmp(before, now)) ||
		    !takes_counts(im, b->account))
			continue;
		im->n_channel_counts++;
		im->has_other_authority |=
			strcmp(now, im->default_authority) != 0;
	}
}

static void
drop_pending(struct import *im)
{
	for (size_t i = 0; i < im->n_pending; i++)
		item_fini(&im->pending[i]);
	im->n_pending = 0;
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

/* ---- one id, one item ---- */

static int
add_claim(struct import *im, size_t row, const char *account, const char *typed,
          char *take)
{
	struct claim *c;
	int r = make_room(&im->claims, im->n_claims, &im->cap_claims,
	                  sizeof(*im->claims));

	if (r) {
		free(take);
		return r;
	}
	c = &im->claims[im->n_claims++];
	*c = (struct claim){ account, text_dup(typed), take, im->lines[row],
		             false };
	return c->typed ? 0 : err_raise(ERR_NOMEM, "why=%s", "import");
}

/* Which of the ids in one column does another item of the registry have? */
static int
find_claims_of(struct import *im, const char *account)
{
	const char *typed[TOGETHER_MAX] = { NULL };
	size_t rows[TOGETHER_MAX];
	char *owners[TOGETHER_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < im->n_pending; i++) {
		const struct binding *b =
			item_find_binding(&im->pending[i], account);

		if (!b || !*b->typed)
			continue;
		typed[n] = b->typed;
		rows[n++] = i;
	}
	if (!n)
		return 0;
	r = store_registry_skus(im->store, account, typed, n, owners);
	for (size_t i = 0; !r && i < n; i++) {
		if (owners[i] && strcmp(owners[i], im->pending[rows[i]].sku)) {
			r = add_claim(im, rows[i], account, typed[i],
			              owners[i]);
			owners[i] = NULL;
		}
	}
	for (size_t i = 0; i < n && r >= 0; i++)
		free(owners[i]);
	return r;
}

static int
find_claims(struct import *im)
{
	int r = 0;

	for (size_t i = 0; !r && i < im->n_columns; i++)
		if (im->columns[i].kind == COLUMN_ACCOUNT)
			r = find_claims_of(im, im->columns[i].account);
	return r;
}

static int
by_key(const void *a, const void *b)
{
	const struct seen *x = a;
	const struct seen *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Seen twice is a mistake of every row but the first. */
static void
judge_seen(struct import *im)
{
	const struct seen *first = im->seen;

	if (im->n_seen)
		qsort(im->seen, im->n_seen, sizeof(*im->seen), by_key);
	for (size_t i = 1; i < im->n_seen; i++) {
		const struct seen *s = &im->seen[i];
		size_t n = strcspn(s->key, "\n");

		if (strcmp(first->key, s->key) != 0)
			first = s;
		else
			mistakes_add(&im->mistakes, s->line,
			             "%.*s: %s is given on line %zu already",
			             (int)n, s->key, s->key + n + 1,
			             first->line);
	}
}

/* Does the file say anew what this item is bound to? */
static bool
is_in_file(const struct import *im, const char *sku)
{
	char *key = text_format("sku\n%s", sku);
	size_t low = 0;
	size_t high = im->n_seen;

	while (key && low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(im->seen[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	low = key && low < im->n_seen && !strcmp(im->seen[low].key, key)
	              ? im->seen[low].line
	              : 0;
	free(key);
	return low && !mistakes_has(&im->mistakes, low);
}

/* An id that its item gives up in this file is free; a cell that says the same
   in both was seen twice. */
static void
judge_claims(struct import *im)
{
	size_t n = im->mistakes.n;

	mistakes_sort(&im->mistakes);
	for (size_t i = 0; i < im->n_claims; i++) {
		const struct claim *c = &im->claims[i];

		if (mistakes_has(&im->mistakes, c->line) ||
		    is_in_file(im, c->owner))
			continue;
		im->claims[i].is_wrong = true;
	}
	for (size_t i = 0; i < im->n_claims; i++)
		if (im->claims[i].is_wrong)
			mistakes_add(&im->mistakes, im->claims[i].line,
			             "%s: %s is bound to %s already",
			             im->claims[i].account, im->claims[i].typed,
			             im->claims[i].owner);
	if (im->mistakes.n > n)
		mistakes_sort(&im->mistakes);
}

/* ---- the passes ---- */

/* Check what was read against the registry, or write it. */
static int
finish_pending(struct import *im)
{
	int r = 0;

	if (im->n_pending && im->is_writing) {
		r = count_pending(im);
		if (!r && !im->cli->is_dry)
			r = store_registry_put_many(im->store, im->pending,
			                            im->n_pending, NULL);
	} else if (im->n_pending) {
		r = find_claims(im);
	}
	drop_pending(im);
	return r;
}

static int
take_row(struct import *im, const struct csv *csv)
{
	struct item *item = &im->pending[im->n_pending];
	int r;

	if (im->is_writing && mistakes_has(&im->mistakes, csv->line))
		return 0;
	*item = (struct item){ .sku = NULL };
	im->lines[im->n_pending++] = csv->line;
	im->n_items += im->is_writing;
	r = read_item(im, csv, item);
	if (!r && !item->sku)
		im->n_pending--, item_fini(item); /* has no column sku */
	if (!r && im->n_pending == TOGETHER_MAX)
		r = finish_pending(im);
	return r;
}

/* One pass over the rows: checking, or comparing and writing. */
static int
pass(struct import *im, const char *text, size_t n)
{
	struct csv csv;
	int r;

	csv_init(&csv, text, n);
	r = csv_next(&csv);
	if (!r && !im->is_writing)
		read_header(im, &csv);
	while (!r && (r = csv_next(&csv)) == 0) {
		progress_show(&im->progress,
		              !im->is_writing   ? "checking"
		              : im->cli->is_dry ? "comparing"
		                                : "writing",
		              n - (size_t)(csv.end - csv.p), n);
		r = take_row(im, &csv);
	}
	if (r == CSV_MALFORMED) {
		complain(im, &csv, "", csv.why);
		im->is_whole = false;
	}
	csv_fini(&csv);
	r = r < 0 ? r : finish_pending(im);
	drop_pending(im);
	return r;
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
	if ((im->cli->is_quiet && !im->cli->is_dry) || im->cli->is_json)
		return;
	cli_line("%zu item%s%s: %zu binding%s new or changed", im->n_items,
	         im->n_items == 1 ? "" : "s",
	         im->cli->is_dry ? " would be imported" : " imported",
	         im->n_new_bindings, im->n_new_bindings == 1 ? "" : "s");
	if (im->n_gone_bindings)
		cli_line("%zu binding%s %s taken away: the cell is empty",
		         im->n_gone_bindings,
		         im->n_gone_bindings == 1 ? "" : "s",
		         im->cli->is_dry            ? "would be"
		         : im->n_gone_bindings == 1 ? "was"
		                                    : "were");
	if (im->n_channel_counts)
		cli_line("%zu channel count%s %s set to what %s says; sales "
		         "closed before now are history",
		         im->n_channel_counts,
		         im->n_channel_counts == 1 ? "" : "s",
		         im->cli->is_dry ? "would be" : "will be",
		         im->has_other_authority ? "the authority of each item"
		                                 : im->default_authority);
}

/* Returns whether there is something to write. */
static bool
is_accepted(const struct import *im)
{
	size_t n = im->mistakes.n;
	const char *end = n == 1 ? "" : "s";

	mistakes_print(&im->mistakes, im->path);
	if (!n)
		return true;
	if (im->cli->is_skipping && im->is_whole) {
		size_t left_out = mistakes_lines(&im->mistakes);

		cli_complain("%s: %zu mistake%s; %zu line%s left out", im->path,
		             n, end, left_out, left_out == 1 ? "" : "s");
		return true;
	}
	cli_complain("%s: %zu mistake%s; nothing was written", im->path, n,
	             end);
	return false;
}

static enum exit_code
import_text(struct import *im, const char *text, size_t n)
{
	int r = pass(im, text, n);

	if (!r && !im->n_columns && !im->mistakes.n) {
		cli_complain("%s: empty; nothing was written", im->path);
		return EXIT_CODE_FAILED;
	}
	if (!r)
		judge_seen(im), judge_claims(im);
	if (!r && im->mistakes.is_broken)
		r = err_raise(ERR_NOMEM, "why=%s", "mistakes");
	progress_end(&im->progress); /* of the check */
	if (!r && !is_accepted(im))
		return EXIT_CODE_FAILED;
	im->is_writing = true;
	progress_begin(&im->progress, im->cli->is_quiet);
	if (!r)
		r = pass(im, text, n);
	progress_end(&im->progress);
	if (r)
		return cli_fail(r);
	im->is_written = !im->cli->is_dry;
	say_done(im);
	return im->mistakes.n ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

/* ---- for programs ---- */

static void
say_json(const struct import *im, enum exit_code code)
{
	struct buf text = BUF_INIT;
	struct json_out j = { .to = &text };

	json_out_object(&j, NULL);
	json_out_bool(&j, "ok", code == EXIT_CODE_DONE);
	json_out_bool(&j, "dry_run", im->cli->is_dry);
	json_out_bool(&j, "written", im->is_written);
	json_out_int(&j, "items", (int64_t)im->n_items);
	json_out_int(&j, "bindings", (int64_t)im->n_new_bindings);
	json_out_int(&j, "bindings_gone", (int64_t)im->n_gone_bindings);
	json_out_int(&j, "channel_counts", (int64_t)im->n_channel_counts);
	json_out_int(&j, "not_bound_at_authority", (int64_t)im->n_homeless);
	json_out_array(&j, "mistakes");
	for (size_t i = 0; i < im->mistakes.n; i++) {
		json_out_object(&j, NULL);
		json_out_int(&j, "line", (int64_t)im->mistakes.list[i].line);
		json_out_text(&j, "text", im->mistakes.list[i].text);
		json_out_end_object(&j);
	}
	json_out_end_array(&j);
	json_out_end_object(&j);
	if (!buf_check(&text))
		cli_json(&text);
	buf_fini(&text);
}

static void
import_fini(struct import *im)
{
	for (size_t i = 0; i < im->n_seen; i++)
		free(im->seen[i].key);
	for (size_t i = 0; i < im->n_claims; i++) {
		free(im->claims[i].typed);
		free(im->claims[i].owner);
	}
	free(im->seen);
	free(im->claims);
	mistakes_fini(&im->mistakes);
	buf_fini(&im->homeless);
}

enum exit_code
items_import(const struct cli *cli, const struct conf *conf,
             struct store *store)
{
	struct import im = {
		.cli = cli,
		.conf = conf,
		.store = store,
		.path = cli->argv[1],
		.is_whole = true,
		.default_authority = conf_text(conf->top, "stock.authority"),
	};
	size_t n = 0;
	char *text = read_file(im.path, &n);
	enum exit_code code = EXIT_CODE_FAILED;

	progress_begin(&im.progress, cli->is_quiet);
	if (text)
		code = import_text(&im, text, n);
	progress_end(&im.progress);
	if (text && cli->is_json && code <= EXIT_CODE_FAILED)
		say_json(&im, code);
	import_fini(&im);
	free(text);
	return code;
}
