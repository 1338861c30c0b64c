/*
 * Syncs as a person asks for them. Nothing here has a key of its own: the wish
 * is a mark (store_marks.c), who serves it holds a lease (store_lease.c), and
 * the progress lies among the account's health facts (store_health.c).
 */
#include "gateway/drivers/store_sync.h"

#include <string.h>

#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_marks.h"

/* ---- of whom ---- */

static bool
can_sync(const struct conf_section *account,
         const struct adapter_ops *const *adapters)
{
	for (size_t i = 0; adapters && adapters[i]; i++)
		if (!strcmp(adapters[i]->name, conf_account_type(account)))
			return adapters[i]->sync != NULL;
	return adapters == NULL;
}

static int
check(const struct conf_section *account,
      const struct adapter_ops *const *adapters)
{
	if (!account)
		return SYNC_UNKNOWN;
	if (conf_bool(account, "paused"))
		return SYNC_PAUSED;
	return can_sync(account, adapters) ? 0 : SYNC_INCAPABLE;
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

int
store_sync_choose(const struct conf_section **out, size_t *n_out,
                  const struct conf *conf,
                  const struct adapter_ops *const *adapters,
                  const char *const *names, size_t n_names, size_t *bad)
{
	for (size_t i = 0; i < n_names; i++) {
		int r = check(find(conf, names[i]), adapters);

		*bad = i;
		if (r)
			return r;
	}
	*n_out = 0;
	for (size_t i = 0; i < conf->n_accounts; i++) {
		const struct conf_section *account = conf->accounts[i];

		if (n_names ? is_named(account, names, n_names)
		            : !check(account, adapters))
			out[(*n_out)++] = account;
	}
	return 0;
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
