/*
 * From a shop's call to an entry in the ledger, exactly once.
 *
 * What makes it once is one script of the store, and the number in the entry's
 * id. Everything in front of it only finds out early what a later refusal
 * would say too late: once a call was answered 202, nobody is there any more to
 * hear that a name is unknown.
 */
#include "handlers/api/entries.h"

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_mirror.h"
#include "gateway/drivers/store_oversold.h"
#include "gateway/drivers/store_timeline.h"
#include "handlers/api/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_MAX = 128,
	NOT_READY_S = 30, /* a first sync takes minutes */
	AGAIN_S = 5,
};

/* What the ledger may have forgotten with the rest of Redis. */
#define REMEMBERED_MS (INT64_C(40) * 24 * 3600 * 1000)

int
entries_refuse(struct entries_call *c, int status, const char *code,
               const char *field, const char *format, ...)
{
	char message[700];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (c->kind->fail)
		c->kind->fail(c, status, code, message, field);
	else
		api_fail(c->reply, status, code, message, field);
	return ENTRIES_ANSWERED;
}

int
entries_invalid(struct entries_call *c, const struct order_problem *problem)
{
	return entries_refuse(c, 422, "invalid",
	                      problem->field[0] ? problem->field : NULL, "%s",
	                      problem->why);
}

/* ---- reading the call ---- */

static bool
is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* A key of any text, as a short one: what it looks like is the shop's. */
static int
read_key(struct entries_call *c)
{
	struct crypto_part part;
	const char *text = NULL;
	char hex[65];
	int r = http_call_header(&text, c->call, "Idempotency-Key");

	if (r ||
	    (text && (!*text || strlen(text) > KEY_MAX || !is_printable(text))))
		return entries_refuse(c, 400, "invalid", "Idempotency-Key",
		                      "one header of 1 to %d printable "
		                      "characters",
		                      KEY_MAX);
	if (!text)
		return 0;
	part = (struct crypto_part){ text, strlen(text) };
	r = crypto_sha256_hex(hex, &part, 1);
	if (!r)
		buf_addf(&c->key, "%s/%s", c->kind->account, hex);
	return r ? r : buf_check(&c->key);
}

int
entries_begin(struct entries_call *c)
{
	int r = read_key(c);

	if (r)
		return r;
	r = json_parse(&c->doc, c->call->body, c->call->n_body);
	if (r == JSON_MALFORMED)
		return entries_refuse(c, 400, "malformed", NULL,
		                      "The body is not JSON.");
	return r;
}

int
entries_end(struct entries_call *c, int r)
{
	if (r == ENTRIES_ANSWERED)
		r = buf_check(&c->reply->body);
	json_free(c->doc);
	buf_fini(&c->key);
	entry_fini(&c->entry);
	return err_pass(r);
}

/* ---- how it is doing ---- */

static int
say_state(struct http_reply *reply, const struct entries_kind *kind,
          const char *number, const char *id, const struct ledger_state *state)
{
	struct json_out j = { .to = &reply->body };

	json_out_object(&j, NULL);
	json_out_text(&j, kind->noun, number);
	json_out_text(&j, "entry", id);
	json_out_text(&j, "docid", state->docid);
	json_out_text(&j, "state", state->state);
	api_out_text(&j, "why", state->why);
	json_out_int(&j, "attempts", state->attempts);
	api_out_time(&j, "made_at", state->made_ms);
	api_out_time(&j, "confirmed_at", state->confirmed_ms);
	json_out_end_object(&j);
	return api_reply_json(reply, 200);
}

int
entries_serve_state(const struct api_env *env, const struct entries_kind *kind,
                    const char *number, struct http_reply *reply)
{
	struct ledger_state state = { 0 };
	char *id = text_format("%s/%s", kind->account, number);
	char message[80];
	int r = id ? store_ledger_state(env->store, &state, id)
	           : err_raise(ERR_NOMEM, "why=%s", "answer");

	if (r == LEDGER_ABSENT) {
		(void)snprintf(
			message, sizeof(message),
			"No %s with this %s was sent here, or it is long "
			"over.",
			kind->noun, kind->field);
		api_fail(reply, 404, "absent", message, NULL);
		r = buf_check(&reply->body);
	} else if (!r) {
		r = say_state(reply, kind, number, id, &state);
	}
	ledger_state_fini(&state);
	free(id);
	return err_pass(r);
}

/* ---- is it there already? ---- */

static int
refuse_other(struct entries_call *c, const struct ledger_state *state)
{
	return entries_refuse(
		c, 409, "conflict", c->kind->field,
		"%s %s was sent before with another content: it is %s, "
		"docid %s. There is one document for a %s.",
		c->kind->noun, c->entry.sale, state->state, state->docid,
		c->kind->field);
}

static int
refuse_elsewhere(struct entries_call *c, const struct ledger_state *state)
{
	return entries_refuse(c, 409, "conflict", "account",
	                      "%s %s was sent before, for account %s: it is "
	                      "%s, docid %s.",
	                      c->kind->noun, c->entry.sale, state->authority,
	                      state->state, state->docid);
}

/* What the ledger said of this id and digest: 0 goes on. */
static int
answer_known(struct entries_call *c, int known)
{
	struct ledger_state state = { 0 };
	int r;

	if (known == LEDGER_KEY_TAKEN)
		return entries_refuse(c, 409, "conflict", "Idempotency-Key",
		                      "This key came with another body before: "
		                      "each %s needs a key of its own.",
		                      c->kind->noun);
	if (known != LEDGER_KNOWN && known != LEDGER_CONFLICT)
		return known;
	r = store_ledger_state(c->env->store, &state, c->entry.id);
	if (r == LEDGER_ABSENT) /* it ran out between the two: ask again */
		return ERR_STORE;
	if (r)
		return r;
	if (known == LEDGER_CONFLICT)
		r = refuse_other(c, &state);
	else if (c->asked_for && strcmp(c->asked_for, state.authority) != 0)
		r = refuse_elsewhere(c, &state); /* no part of the body */
	else if (c->kind->say)
		r = c->kind->say(c);
	else
		r = say_state(c->reply, c->kind, c->entry.sale, c->entry.id,
		              &state);
	ledger_state_fini(&state);
	return r ? r : ENTRIES_ANSWERED;
}

const char *
entries_key(const struct entries_call *c)
{
	return c->key.n ? buf_text(&c->key) : "";
}

static const char *
key_of(const struct entries_call *c)
{
	return c->key.n ? buf_text(&c->key) : NULL;
}

static int
name_entry(struct entries_call *c, const char *number, const char *currency)
{
	struct entry *e = &c->entry;
	struct buf text = BUF_INIT;
	char docid[41];
	int r;

	entries_body(&text, json_root(c->doc));
	r = buf_check(&text);
	if (!r)
		r = crypto_sha256_hex(
			c->digest, &(struct crypto_part){ text.p, text.n }, 1);
	e->kind = c->kind->kind;
	/* A sale is its lines. */
	e->details = e->kind == ENTRY_SALE ? NULL : buf_steal(&text);
	buf_fini(&text);
	e->id = text_format("%s/%s", c->kind->account, number);
	e->account = text_dup(c->kind->account);
	e->sale = text_dup(number);
	e->currency = text_dup(currency);
	if (!r && e->id)
		r = sale_docid(docid, e->id);
	e->docid = r ? NULL : text_dup(docid);
	if (!r &&
	    ((!e->details && e->kind != ENTRY_SALE) || !e->id || !e->account ||
	     !e->sale || !e->docid || (currency && !e->currency)))
		r = err_raise(ERR_NOMEM, "why=%s", "entry");
	return r;
}

int
entries_identify(struct entries_call *c, const char *number,
                 const char *currency)
{
	int r = name_entry(c, number, currency);

	if (r)
		return r;
	return answer_known(c, store_ledger_known(c->env->store, c->entry.id,
	                                          c->digest, key_of(c)));
}

/* ---- could it be posted? ---- */

static const struct adapter_ops *
ops_of(const struct api_env *env, const struct conf_section *account)
{
	const struct adapter_ops *const *ops = env->adapters;

	while (ops && *ops &&
	       strcmp((*ops)->name, conf_account_type(account)) != 0)
		ops++;
	return ops ? *ops : NULL;
}

const struct adapter_ops *
entries_adapter(const struct api_env *env, const struct conf_section *account)
{
	const struct adapter_ops *ops = ops_of(env, account);

	return ops && ops->check_entry && ops->post_entry ? ops : NULL;
}

int
entries_check_item(struct entries_call *c, const char *field,
                   const struct item *item)
{
	for (size_t i = 0; i < item->n_bindings; i++) {
		const char *name = item->bindings[i].account;
		const struct conf_section *account =
			conf_find_account(c->env->conf, name);
		const struct adapter_ops *ops =
			account ? ops_of(c->env, account) : NULL;

		if (ops && ops->lists_sales && ops->lists_sales(account))
			return entries_refuse(
				c, 409, "counted", field,
				"Item \"%s\" is bound at %s, whose own counts "
				"tell its sales (own_changes): it would be "
				"booked twice. Do not post it, or set "
				"own_changes to \"drift\" there.",
				item->sku, name);
	}
	return 0;
}

/* With a state of this thread's own: the worker has the account's. */
static struct outcome
ask_adapter(struct entries_call *c, struct entry_problem *problem)
{
	struct outcome outcome =
		outcome_of(VERDICT_RETRY, "out of memory, or Redis is away");
	struct store_mirror *mirror = NULL;
	struct adapter_env env = { .conf = c->account };
	void *state = NULL;

	if (!store_mirror_new(&mirror, c->env->store,
	                      conf_account_name(c->account))) {
		env.mirror = store_mirror_port(mirror);
		if (!c->ops->open(&state, &env))
			outcome =
				c->ops->check_entry(state, &c->entry, problem);
		c->ops->close(state);
	}
	store_mirror_free(mirror);
	return outcome;
}

static int
check(struct entries_call *c)
{
	struct entry_problem problem = { 0 };
	struct outcome outcome;

	if (c->entry.kind == ENTRY_SALE) /* there is nothing to look up */
		return 0;
	outcome = ask_adapter(c, &problem);
	switch (outcome.verdict) {
	case VERDICT_DONE:
	case VERDICT_REFUSED: break;
	case VERDICT_RETRY:
	case VERDICT_SLOW:
	case VERDICT_LOCKED:
	case VERDICT_UNCERTAIN:
	case VERDICT_ABSENT:
		c->reply->retry_after_s = NOT_READY_S;
		return entries_refuse(
			c, 503, "not_ready", NULL, "%s cannot be asked yet: %s",
			conf_account_name(c->account), outcome.why);
	}
	if (c->is_unresolved)
		problem = c->unresolved; /* more to the point */
	else if (outcome.verdict == VERDICT_DONE)
		return 0;
	return entries_refuse(c, 422, "invalid",
	                      problem.field[0] ? problem.field : NULL, "%s",
	                      problem.why[0] ? problem.why : outcome.why);
}

/* ---- taking it ---- */

/* When Redis lost its data, by the accounts whose cursors say so; 0: never. */
static int
find_loss(struct entries_call *c, int64_t *out)
{
	const struct conf *conf = c->env->conf;
	int64_t at = 0;
	int r = 0;

	*out = 0;
	for (size_t i = 0; !r && i < conf->n_accounts; i++) {
		r = store_cursor_get(c->env->store, &at,
		                     conf_account_name(conf->accounts[i]),
		                     "lost");
		if (!r && at > *out)
			*out = at;
	}
	return r;
}

/*
 * A loss took the numbers with it: this may be the repeat of one that was
 * posted, so it is looked up first, unless the shop dates it after the loss.
 */
static int
choose_state(struct entries_call *c, struct ledger_new *new)
{
	const struct entry *e = &c->entry;
	int64_t lost_ms;
	int r = find_loss(c, &lost_ms);

	*new = (struct ledger_new){ e, "ready", "", true };
	if (entry_is_return(e) &&
	    !(c->ops->takes_returns && c->ops->takes_returns(c->account)))
		*new = (struct ledger_new){
			e, "held",
			"a return: no document says how this system takes it",
			false
		};
	else if (lost_ms && clock_wall_ms() - lost_ms < REMEMBERED_MS &&
	         !c->is_unique && !(c->is_dated && e->occurred_ms > lost_ms))
		*new = (struct ledger_new){
			e, "uncertain",
			"Redis lost its data: it may have been posted before",
			true
		};
	return r;
}

static int
say_taken(struct entries_call *c, const struct ledger_new *new)
{
	struct json_out j = { .to = &c->reply->body };

	log_info("entry.taken",
	         "account=%s entry=%s docid=%s lines=%zu "
	         "state=%s",
	         c->entry.authority, c->entry.id, c->entry.docid,
	         c->entry.n_lines, new->state);
	if (c->kind->say)
		return c->kind->say(c);
	json_out_object(&j, NULL);
	json_out_text(&j, c->kind->noun, c->entry.sale);
	json_out_text(&j, "entry", c->entry.id);
	json_out_text(&j, "docid", c->entry.docid);
	json_out_text(&j, "state", new->state);
	if (*new->why)
		json_out_text(&j, "why", new->why);
	json_out_end_object(&j);
	return api_reply_json(c->reply, 202);
}

static int
refuse_perhaps(struct entries_call *c)
{
	c->reply->retry_after_s = AGAIN_S;
	if (c->is_unique)
		return entries_refuse(
			c, 503, "store_unavailable", NULL,
			"Redis did not answer: the %s may be taken or not. Ask "
			"for its job before it is sent again; with an "
			"Idempotency-Key a repeat is safe.",
			c->kind->noun);
	return entries_refuse(c, 503, "store_unavailable", NULL,
	                      "Redis did not answer: the %s may be taken or "
	                      "not. Send it again, unchanged; a repeat is safe "
	                      "and never makes a second document.",
	                      c->kind->noun);
}

/*
 * For a person who asks about the items: what was sold, and whether there was
 * as much. The entry is taken whatever becomes of this: no trouble here is a
 * reason to send the shop away.
 */
static void
note_sale(struct entries_call *c, const struct ledger_new *new)
{
	const struct entry *e = &c->entry;
	const char **skus = calloc(e->n_lines + 1, sizeof(*skus));
	char qty[DECIMAL_TEXT_SIZE];
	size_t n = 0;

	for (size_t i = 0; skus && i < e->n_lines; i++) {
		store_timeline_add(c->env->store, e->lines[i].sku,
		                   clock_wall_ms(), TIMELINE_SALE, e->account,
		                   "%s: %s sold; entry %s for %s is %s%s%s",
		                   e->sale,
		                   decimal_format(qty, e->lines[i].qty), e->id,
		                   e->authority, new->state,
		                   *new->why ? ": " : "", new->why);
		if (!decimal_is_negative(e->lines[i].qty))
			skus[n++] = e->lines[i].sku;
	}
	if (n)
		(void)store_oversold_review(
			c->env->store, e->account,
			conf_text(c->env->conf->top, "stock.authority"), skus,
			n);
	store_timeline_flush(c->env->store);
	free(skus);
}

int
entries_take(struct entries_call *c)
{
	struct ledger_new new;
	int r;

	c->entry.authority = text_dup(conf_account_name(c->account));
	if (!c->entry.authority)
		return err_raise(ERR_NOMEM, "why=%s", "entry");
	r = check(c);
	if (!r)
		r = choose_state(c, &new);
	if (r)
		return r;
	r = store_ledger_add_new(c->env->store, &new, c->digest, key_of(c));
	if (r == ERR_STORE)
		return refuse_perhaps(c);
	if (!r)
		note_sale(c, &new);
	return r ? answer_known(c, r) : say_taken(c, &new);
}
