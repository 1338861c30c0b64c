/*
 * What a reconcile found: hash reconcile:ACCOUNT with two fields, both JSON, so
 * that the numbers can be had without the rows:
 *
 *   tally  {"started_ms":1,"took_ms":2,"fix":false,"compared":3,…}
 *   rows   [{"sku":"A1","why":"drift","shown":4,"should":5,"since_ms":1}]
 *
 * A quantity that is not known is left out.
 */
#include "gateway/drivers/store_reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

static const char *const why_names[] = {
	[RECONCILE_DRIFT] = "drift",         [RECONCILE_HELD] = "held",
	[RECONCILE_CORRECTED] = "corrected", [RECONCILE_MOVING] = "in motion",
	[RECONCILE_UNKNOWN] = "unknown",
};

const char *
reconcile_why_name(enum reconcile_why why)
{
	return why_names[why];
}

/* ---- numbers ---- */

#define TALLY(member) \
	{ \
#member, offsetof(struct reconcile_tally, member) \
	}

static const struct {
	const char *name;
	size_t offset;
} figures[] = {
	TALLY(started_ms), TALLY(took_ms), TALLY(compared),   TALLY(equal),
	TALLY(corrected),  TALLY(drifted), TALLY(held),       TALLY(moving),
	TALLY(unknown),    TALLY(unbound), TALLY(unresolved),
};

enum { FIGURES = sizeof(figures) / sizeof(*figures) };

void
reconcile_tally_out(struct json_out *o, const struct reconcile_tally *t)
{
	for (size_t i = 0; i < FIGURES; i++)
		json_out_int(o, figures[i].name,
		             *(const int64_t *)((const char *)t +
		                                figures[i].offset));
	json_out_bool(o, "fix", t->is_fix);
}

/* What an older or newer form lacks reads as 0. */
static void
decode_tally(struct reconcile_tally *out, const struct json_node *from)
{
	*out = (struct reconcile_tally){ 0 };
	for (size_t i = 0; i < FIGURES; i++)
		(void)json_get_int((int64_t *)((char *)out + figures[i].offset),
		                   from, figures[i].name);
	(void)json_get_bool(&out->is_fix, from, "fix");
}

/* ---- rows ---- */

static void
encode_row(struct json_out *o, const struct reconcile_row *row)
{
	json_out_object(o, NULL);
	json_out_text(o, "sku", row->sku);
	json_out_text(o, "why", reconcile_why_name(row->why));
	if (row->has_shown)
		json_out_decimal(o, "shown", row->shown);
	if (row->has_should)
		json_out_decimal(o, "should", row->should);
	json_out_int(o, "since_ms", row->since_ms);
	json_out_end_object(o);
}

static int
decode_row(struct reconcile_row *out, const struct json_node *from)
{
	const char *why = json_text_or(from, "why", "");

	*out = (struct reconcile_row){
		.sku = text_dup(json_text_or(from, "sku", "")),
		.why = RECONCILE_UNKNOWN,
	};
	for (size_t i = 0; i <= RECONCILE_UNKNOWN; i++)
		if (!strcmp(why_names[i], why))
			out->why = (enum reconcile_why)i;
	out->has_shown = !json_get_decimal(&out->shown, from, "shown");
	out->has_should = !json_get_decimal(&out->should, from, "should");
	(void)json_get_int(&out->since_ms, from, "since_ms");
	return out->sku ? 0 : err_raise(ERR_NOMEM, "why=%s", "reconcile");
}

static int
decode_rows(struct reconcile_report *out, const struct json_node *from)
{
	size_t n = json_length(from);
	int r = 0;

	out->rows = calloc(n + 1, sizeof(*out->rows));
	if (!out->rows)
		return err_raise(ERR_NOMEM, "why=%s", "reconcile");
	for (size_t i = 0; !r && i < n; i++)
		r = decode_row(&out->rows[out->n++], json_at(from, i));
	return r;
}

void
reconcile_report_fini(struct reconcile_report *report)
{
	for (size_t i = 0; i < report->n; i++)
		free(report->rows[i].sku);
	free(report->rows);
	*report = (struct reconcile_report){ 0 };
}

/* ---- storing ---- */

int
store_reconcile_put(struct store *store, const char *account,
                    const struct reconcile_report *report)
{
	struct args a = { 0 };
	struct buf tally = BUF_INIT;
	struct buf rows = BUF_INIT;
	struct json_out to_tally = { .to = &tally };
	struct json_out to_rows = { .to = &rows };
	int r;

	json_out_object(&to_tally, NULL);
	reconcile_tally_out(&to_tally, &report->tally);
	json_out_end_object(&to_tally);
	json_out_array(&to_rows, NULL);
	for (size_t i = 0; i < report->n; i++)
		encode_row(&to_rows, &report->rows[i]);
	json_out_end_array(&to_rows);
	r = buf_check(&tally);
	if (!r)
		r = buf_check(&rows);
	if (!r) {
		args_adds(&a, "HSET");
		args_add_key(&a, store, "reconcile:", account);
		args_adds(&a, "tally");
		args_adds(&a, buf_text(&tally));
		args_adds(&a, "rows");
		args_adds(&a, buf_text(&rows));
		r = store_call_int(store, NULL, &a);
	}
	buf_fini(&tally);
	buf_fini(&rows);
	return r;
}

/* A field as a document. Returns 0, RECONCILE_ABSENT, ERR_STORE, ERR_NOMEM. */
static int
parse_field(struct json **out, const redisReply *reply)
{
	const char *text = reply_text(reply);
	int r = json_parse(out, text, strlen(text));

	return r > 0 ? RECONCILE_ABSENT : r;
}

int
store_reconcile_tally(struct store *store, struct reconcile_tally *out,
                      const char *account)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	struct json *doc = NULL;
	int r;

	args_adds(&a, "HGET");
	args_add_key(&a, store, "reconcile:", account);
	args_adds(&a, "tally");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	r = parse_field(&doc, reply);
	if (!r)
		decode_tally(out, json_root(doc));
	json_free(doc);
	freeReplyObject(reply);
	return r;
}

int
store_reconcile_get(struct store *store, struct reconcile_report *out,
                    const char *account)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	struct json *tally = NULL;
	struct json *rows = NULL;
	int r;

	*out = (struct reconcile_report){ 0 };
	args_adds(&a, "HMGET");
	args_add_key(&a, store, "reconcile:", account);
	args_adds(&a, "tally");
	args_adds(&a, "rows");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	r = parse_field(&tally, reply_at(reply, 0));
	if (!r)
		r = parse_field(&rows, reply_at(reply, 1));
	if (!r) {
		decode_tally(&out->tally, json_root(tally));
		r = decode_rows(out, json_root(rows));
	}
	json_free(tally);
	json_free(rows);
	freeReplyObject(reply);
	if (r)
		reconcile_report_fini(out);
	return r;
}

/* ---- what is under way ---- */

/* ARGV: account, skus… -> 1 or 0 for each. */
static const char moving_script[] =
	"local P, a, out = KEYS[1], ARGV[1], {}\n"
	"for i = 2, #ARGV do\n"
	"  local s = ARGV[i]\n"
	"  local is = redis.call('HEXISTS', P..'mark:'..a, 'i:'..s) == 1 or\n"
	"             false\n"
	"  for _, p in ipairs(redis.call('HVALS', P..'pend:'..s)) do\n"
	"    is = is or p:sub(1, 1) ~= 'H'\n"
	"  end\n"
	"  out[#out + 1] = is and 1 or 0\n"
	"end\n"
	"return out\n";

int
store_reconcile_moving(struct store *store, bool *out, const char *account,
                       const char *const *skus, size_t n)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	if (!n)
		return 0;
	args_adds(&a, account);
	for (size_t i = 0; i < n; i++)
		args_adds(&a, skus[i]);
	r = store_eval(store, &reply, SCRIPT_MOVING, moving_script, &a);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		out[i] = reply_int(reply_at(reply, i)) != 0;
	freeReplyObject(reply);
	return 0;
}
