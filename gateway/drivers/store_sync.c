/*
 * Syncs as a person asks for them. Nothing here has a key of its own: the wish
 * is a mark (store_marks.c), who serves it holds a lease (store_lease.c), the
 * progress lies among the account's health facts (store_health.c), and what was
 * read in the mirror and its notes (store_mirror.c).
 */
#include "gateway/drivers/store_sync.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_marks.h"

/* ---- of whom ---- */

/* Of whom, and what they must be able to do. */
struct choice {
	const struct conf *conf;
	const struct adapter_ops *const *adapters; /* NULL: every type can */
	bool (*can)(const struct adapter_ops *ops);
	const char *const *names;
	size_t n_names;
};

static bool
can_sync(const struct adapter_ops *ops)
{
	return ops->sync != NULL;
}

static bool
can_reconcile(const struct adapter_ops *ops)
{
	return ops->read_counts != NULL;
}

static bool
is_able(const struct choice *c, const struct conf_section *account)
{
	for (size_t i = 0; c->adapters && c->adapters[i]; i++)
		if (!strcmp(c->adapters[i]->name, conf_account_type(account)))
			return c->can(c->adapters[i]);
	return c->adapters == NULL;
}

static int
check(const struct choice *c, const struct conf_section *account)
{
	if (!account)
		return SYNC_UNKNOWN;
	if (conf_bool(account, "paused"))
		return SYNC_PAUSED;
	return is_able(c, account) ? 0 : SYNC_INCAPABLE;
}

static const struct conf_section *
find(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_accounts; i++)
		if (!strcmp(conf_account_name(conf->accounts[i]), name))
			return conf->accounts[i];
	return NULL;
}

static bool
is_named(const struct conf_section *account, const char *const *names,
         size_t n_names)
{
	for (size_t i = 0; i < n_names; i++)
		if (!strcmp(conf_account_name(account), names[i]))
			return true;
	return false;
}

static int
choose(const struct conf_section **out, size_t *n_out, const struct choice *c,
       size_t *bad)
{
	for (size_t i = 0; i < c->n_names; i++) {
		int r = check(c, find(c->conf, c->names[i]));

		*bad = i;
		if (r)
			return r;
	}
	*n_out = 0;
	for (size_t i = 0; i < c->conf->n_accounts; i++) {
		const struct conf_section *account = c->conf->accounts[i];

		if (c->n_names ? is_named(account, c->names, c->n_names)
		               : !check(c, account))
			out[(*n_out)++] = account;
	}
	return 0;
}

int
store_sync_choose(const struct conf_section **out, size_t *n_out,
                  const struct conf *conf,
                  const struct adapter_ops *const *adapters,
                  const char *const *names, size_t n_names, size_t *bad)
{
	const struct choice c = { conf, adapters, can_sync, names, n_names };

	return choose(out, n_out, &c, bad);
}

int
store_sync_choose_reconcile(const struct conf_section **out, size_t *n_out,
                            const struct conf *conf,
                            const struct adapter_ops *const *adapters,
                            const char *const *names, size_t n_names,
                            size_t *bad)
{
	const struct choice c = { conf, adapters, can_reconcile, names,
		                  n_names };

	return choose(out, n_out, &c, bad);
}

/* ---- asking ---- */

const char *
store_sync_mark(bool is_full, bool is_dry)
{
	if (is_dry)
		return is_full ? MARK_DRY_FULL : MARK_DRY_CATCH_UP;
	return is_full ? MARK_FULL : MARK_CATCH_UP;
}

int
store_sync_ask(struct store *store, const char *account, const char *mark)
{
	return store_marks_add_one(store, account, mark, MARK_OPERATOR);
}

int
store_sync_is_asked(struct store *store, bool *out, const char *account,
                    const char *mark)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int r;

	args_adds(&a, "ZSCORE");
	args_add_key(&a, store, "marks:", account);
	args_adds(&a, mark);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	*out = !reply_is_nil(reply);
	freeReplyObject(reply);
	return 0;
}

int
store_sync_is_served(struct store *store, bool *out, const char *account)
{
	int64_t n = 0;
	int r = store_count(store, &n, "EXISTS", "lease:worker:", account);

	*out = n > 0;
	return r;
}

/* ---- how far it is ---- */

void
store_sync_progress(struct sync_progress *out, const struct health *h)
{
	*out = (struct sync_progress){
		.kind = health_text(h, "sync_kind"),
		.entity = health_text(h, "sync_entity"),
		.started_ms = health_int(h, "sync_started_ms"),
		.rows = health_int(h, "sync_rows"),
		.total = health_int(h, "sync_total"),
		.rate = health_int(h, "sync_rate"),
		.left_ms = -1,
	};
	/* There may be more of them than last time. */
	if (out->rate > 0 && out->total > out->rows)
		out->left_ms = (out->total - out->rows) * 1000 / out->rate;
}

/* ---- what was read ---- */

/* ARGV: account, names of lists. -> rows, read, revision, since, rows, … */
static const char lists_script[] =
	"local P, a, out = KEYS[1], ARGV[1], {}\n"
	"for i = 2, #ARGV do\n"
	"  local l = ARGV[i]\n"
	"  local notes = redis.call('HMGET', P..'notes:'..a, l..'.read',\n"
	"                           l..'.revision', l..'.since')\n"
	"  out[#out + 1] = redis.call('HLEN', P..'mirror:'..a..':'..l)\n"
	"  for j = 1, 3 do out[#out + 1] = notes[j] or '0' end\n"
	"end\n"
	"return out\n";

enum { LIST_ROWS, LIST_READ, LIST_REVISION, LIST_SINCE, LIST_FIELDS };

const struct adapter_list *
store_sync_lists_of(const struct adapter_ops *const *adapters, const char *type)
{
	for (size_t i = 0; adapters && adapters[i]; i++)
		if (!strcmp(adapters[i]->name, type))
			return adapters[i]->lists;
	return NULL;
}

static void
decode_list(struct sync_list *out, const char *name, const redisReply *reply,
            size_t at)
{
	*out = (struct sync_list){
		.name = name,
		.rows = reply_int(reply_at(reply, at + LIST_ROWS)),
		.read_ms = reply_int(reply_at(reply, at + LIST_READ)),
		.revision = reply_int(reply_at(reply, at + LIST_REVISION)),
		.since_ms = reply_int(reply_at(reply, at + LIST_SINCE)),
	};
}

int
store_sync_lists(struct store *store, struct sync_list **out, size_t *n_out,
                 const char *account, const struct adapter_list *lists)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	size_t n = 0;
	int r;

	*out = NULL;
	*n_out = 0;
	if (!lists)
		return 0;
	args_adds(&a, account);
	for (; lists[n].name; n++)
		args_adds(&a, lists[n].name);
	r = store_eval(store, &reply, SCRIPT_SYNC_LISTS, lists_script, &a);
	if (r)
		return r;
	*out = calloc(n + 1, sizeof(**out));
	if (!*out)
		r = err_raise(ERR_NOMEM, "why=%s", "lists");
	for (size_t i = 0; !r && i < n; i++)
		decode_list(&(*out)[i], lists[i].name, reply, i * LIST_FIELDS);
	*n_out = r ? 0 : n;
	freeReplyObject(reply);
	return r;
}
