/*
 * What is remembered of a sale:
 *
 *   sale:ACCOUNT:ID    hash  rev, closed, version, usual, n:AUTHORITY (entries made); per line: l:UID
 *                            "SKU\tQTY\tGROSS" entered so far (GROSS missing:
 *                            not known), w:UID its external id while not
 *                            bound; h:ENTRY, a return that began as held, the
 *                            rev that made it. Kept 40 days.
 *   waiting:ACCOUNT    zset  "external\nsale", all scores 0: lines that wait for
 *                            a binding, as long as their sale is remembered
 *   waited:ACCOUNT     zset  the same, by time
 */
#include "gateway/drivers/store_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

/* "QTY\tGROSS", or "QTY" where it is not known what was booked for that. */
static void
read_entered(struct ledger_line *line, const char *text)
{
	size_t n = strcspn(text, "\t");

	(void)decimal_nparse(&line->entered, text, n);
	line->has_gross = text[n] && !decimal_parse(&line->gross, text + n + 1);
}

/* A line more, of which its uid is known; NULL without memory. */
static struct ledger_line *
grow_lines(struct ledger_sale *out, const char *uid)
{
	struct ledger_line *line =
		realloc(out->lines, (out->n_lines + 1) * sizeof(*line));

	if (!line)
		return NULL;
	out->lines = line;
	line += out->n_lines++;
	*line = (struct ledger_line){ .uid = text_dup(uid) };
	return line->uid ? line : NULL;
}

static int
add_line(struct ledger_sale *out, const char *uid, const char *value)
{
	struct ledger_line *line = grow_lines(out, uid);
	size_t n = strcspn(value, "\t");

	if (!line)
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	line->sku = text_ndup(value, n);
	read_entered(line, value + n + (value[n] == '\t'));
	return line->sku ? 0 : ERR_NOMEM;
}

static int
add_waiting(struct ledger_sale *out, const char *uid, const char *external)
{
	struct ledger_line *line = grow_lines(out, uid);

	if (!line)
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	line->has_gross = true; /* nothing was booked, so that is known */
	line->external = text_dup(external);
	return line->external ? 0 : ERR_NOMEM;
}

/* The last one made goes first. */
static int
add_held(struct ledger_sale *out, const char *id, int64_t revision)
{
	struct ledger_held *grown =
		realloc(out->held, (out->n_held + 1) * sizeof(*grown));
	char *copy = text_dup(id);
	size_t at = out->n_held;

	if (grown)
		out->held = grown;
	if (!grown || !copy) {
		free(copy);
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	}
	for (; at > 0 && grown[at - 1].revision < revision; at--)
		grown[at] = grown[at - 1];
	grown[at] = (struct ledger_held){ copy, revision };
	out->n_held++;
	return 0;
}

static int
add_count(struct ledger_sale *out, const char *authority, int64_t n)
{
	struct ledger_entries *grown = realloc(
		out->entries, (out->n_authorities + 1) * sizeof(*grown));

	if (!grown)
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	out->entries = grown;
	grown += out->n_authorities++;
	*grown = (struct ledger_entries){ text_dup(authority), n };
	return grown->authority ? 0 : ERR_NOMEM;
}

int64_t
ledger_sale_entries(const struct ledger_sale *sale, const char *authority)
{
	for (size_t i = 0; i < sale->n_authorities; i++)
		if (!strcmp(sale->entries[i].authority, authority))
			return sale->n_before + sale->entries[i].n;
	return sale->n_before;
}

int
store_ledger_sale(struct store *store, struct ledger_sale *out,
                  const char *account, const char *sale)
{
	struct args a = { 0 };
	struct buf key = BUF_INIT;
	redisReply *reply = NULL;
	int r;

	*out = (struct ledger_sale){ 0 };
	buf_addf(&key, "sale:%s:%s", account, sale);
	args_adds(&a, "HGETALL");
	args_add_key(&a, store, buf_text(&key), NULL);
	buf_fini(&key);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; !r && i + 1 < reply_n(reply); i += 2) {
		const char *field = reply_text(reply_at(reply, i));
		const redisReply *value = reply_at(reply, i + 1);

		if (!strcmp(field, "rev"))
			out->revision = reply_int(value);
		else if (!strcmp(field, "version"))
			out->version = reply_int(value);
		else if (!strcmp(field, "usual"))
			out->usual = text_dup(reply_text(value));
		else if (!strcmp(field, "n"))
			out->n_before = reply_int(value);
		else if (!strncmp(field, "n:", 2))
			r = add_count(out, field + 2, reply_int(value));
		else if (!strncmp(field, "l:", 2))
			r = add_line(out, field + 2, reply_text(value));
		else if (!strncmp(field, "w:", 2))
			r = add_waiting(out, field + 2, reply_text(value));
		else if (!strncmp(field, "h:", 2))
			r = add_held(out, field + 2, reply_int(value));
	}
	freeReplyObject(reply);
	if (r)
		ledger_sale_fini(out);
	return r;
}

void
ledger_sale_fini(struct ledger_sale *sale)
{
	for (size_t i = 0; i < sale->n_lines; i++) {
		free(sale->lines[i].uid);
		free(sale->lines[i].sku);
		free(sale->lines[i].external);
	}
	for (size_t i = 0; i < sale->n_held; i++)
		free(sale->held[i].id);
	free(sale->held);
	for (size_t i = 0; i < sale->n_authorities; i++)
		free(sale->entries[i].authority);
	free(sale->lines);
	free(sale->entries);
	free(sale->usual);
	*sale = (struct ledger_sale){ 0 };
}

int
store_ledger_held(struct store *store, struct entry *out, const char *id)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	const redisReply *doc;
	int r;

	args_adds(&a, "HMGET");
	args_add_key(&a, store, "entry:", id);
	args_adds(&a, "state");
	args_adds(&a, "doc");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	doc = reply_at(reply, 1);
	if (reply_is_nil(doc))
		r = LEDGER_ABSENT;
	else if (strcmp(reply_text(reply_at(reply, 0)), "held") != 0)
		r = LEDGER_UNFIT;
	else if ((r = entry_decode(out, doc->str, doc->len)) > 0)
		r = err_raise(ERR_BUG, "why=%s", "stored entry");
	freeReplyObject(reply);
	return r;
}

int
store_ledger_sold(struct store *store, struct decimal *out, const char *account,
                  const char *const *skus, size_t n)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	if (!n)
		return 0;
	args_adds(&a, "HMGET");
	args_add_key(&a, store, "sold:", account);
	for (size_t i = 0; i < n; i++)
		args_adds(&a, skus[i]);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		out[i] = DECIMAL_ZERO;
		(void)decimal_parse(&out[i], reply_text(reply_at(reply, i)));
	}
	freeReplyObject(reply);
	return 0;
}

int
store_ledger_count_waiting(struct store *store, int64_t *out,
                           const char *account)
{
	return store_count(store, out, "ZCARD", "waiting:", account);
}
