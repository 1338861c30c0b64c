/*
 * Accounts that came and went between two starts.
 *
 * Invariant: value:authority, the default as it was, is written last, so that
 * whatever a crash left undone is done again.
 */
#include "gateway/engine/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"

static int
remember(struct store *store, const struct conf *conf)
{
	const char **names = calloc(conf->n_accounts + 1, sizeof(*names));
	int r = names ? 0 : err_raise(ERR_NOMEM, "why=%s", "accounts");

	for (size_t i = 0; !r && i < conf->n_accounts; i++)
		names[i] = conf_account_name(conf->accounts[i]);
	if (!r)
		r = store_accounts_set(store, names, conf->n_accounts);
	free(names);
	return r;
}

/* ---- another default authority ---- */

/* Items without entries on their way follow at once: the full sync reads their
   balances, and until then nothing is written. */
static int
change_authority(struct store *store, const char *old, const char *now)
{
	int64_t n_kept = 0;
	int r = store_accounts_keep_authority(store, old, &n_kept);

	if (!r)
		r = store_marks_add_one(store, now, MARK_FULL, MARK_SYNC);
	if (!r)
		r = store_value_set(store, "authority", now);
	if (!r)
		log_info("authority.changed", "from=%s to=%s waiting=%lld", old,
		         now, (long long)n_kept);
	return r;
}

static int
check_authority(struct store *store, const struct conf *conf)
{
	const char *now = conf_text(conf->top, "stock.authority");
	struct buf old = BUF_INIT;
	int r = now ? store_value_get(store, &old, "authority") : 0;

	if (r == STORE_ABSENT)
		r = store_value_set(store, "authority", now);
	else if (!r && now && strcmp(buf_text(&old), now) != 0)
		r = change_authority(store, buf_text(&old), now);
	buf_fini(&old);
	return r;
}

/* ---- accounts that are gone ---- */

/* A post that was cut off, with nobody left to find out: a person does. */
static int
give_up(void *ctx, const struct entry *entry, unsigned attempts)
{
	const struct outcome outcome =
		outcome_of(VERDICT_UNCERTAIN,
	                   "tillbridge or its Redis ended between "
	                   "sending the document and noting the answer");
	int r = store_ledger_end(ctx, entry->id, attempts, &outcome, 0);

	return r == LEDGER_FENCED ? 0 : r;
}

static int
leave(void *ctx, const char *account)
{
	struct store *store = ctx;
	int64_t n = 0;
	int r = store_ledger_each(store, account, "posting", give_up, store);

	if (!r)
		r = store_ledger_count_ready(store, &n, account);
	if (!r && n)
		log_error("account.stranded", "account=%s entries=%lld why=%s",
		          account, (long long)n,
		          log_quote("it is no longer configured: configure it "
		                    "again, or decide with tillbridge dead"));
	return r;
}

int
accounts_begin(struct store *store, const struct conf *conf)
{
	int r = remember(store, conf);

	if (!r)
		r = check_authority(store, conf);
	if (!r)
		r = store_accounts_each_gone(store, leave, store);
	return r ? r : store_accounts_release_all(store);
}
