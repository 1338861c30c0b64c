/* tillbridge status: one screen of how everything is doing. */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_oversold.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_registry.h"

enum { OVERSOLD_SHOWN = 10 };

static int
print_account(struct store *store, const struct conf_section *account)
{
	const char *name = conf_account_name(account);
	struct health h;
	int64_t marks = 0;
	int64_t bound = 0;
	int64_t unresolved = 0;
	int r = store_health_get(store, &h, name);

	if (!r)
		r = store_marks_count(store, &marks, name);
	if (!r)
		r = store_registry_count_account(store, name, &bound,
		                                 &unresolved);
	if (!r) {
		const char *state = conf_account_is_source(account)
		                            ? "ok" /* it calls us, or not */
		                            : health_text(&h, "state");
		bool is_bad = *state && strcmp(state, "ok") != 0;

		(void)printf("%-14s %-10s %-9s %6lld %11lld %6lld  %s\n", name,
		             conf_account_type(account), *state ? state : "-",
		             (long long)bound, (long long)unresolved,
		             (long long)marks,
		             is_bad ? health_text(&h, "why") : "");
	}
	health_fini(&h);
	return r;
}

static int
count_row(void *ctx, const struct dead_letter *letter)
{
	(void)letter;
	(*(int64_t *)ctx)++;
	return 0;
}

/* What a person must know first. */
static int
print_oversold(struct store *store)
{
	struct oversold_row *rows = NULL;
	char missing[DECIMAL_TEXT_SIZE];
	int64_t all = 0;
	size_t n = 0;
	int r = store_oversold_count(store, &all);

	if (r || !all)
		return r;
	r = store_oversold_list(store, &rows, &n, OVERSOLD_SHOWN);
	if (r)
		return r;
	(void)printf("OVERSOLD: of %lld item%s more was sold than there was; "
	             "the tills show 0\n",
	             (long long)all, all == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++)
		(void)printf("  %-20s %s missing  (tillbridge explain %s)\n",
		             rows[i].sku,
		             decimal_format(missing, rows[i].missing),
		             rows[i].sku);
	if ((int64_t)n < all)
		(void)printf("  and %lld more that came later\n",
		             (long long)all - (long long)n);
	oversold_rows_free(rows, n);
	return 0;
}

static int
print_all(struct store *store, const struct conf *conf)
{
	struct queue_depth depth;
	struct store_durability durability;
	char warning[240];
	int64_t n_dead = 0;
	int r = store_queue_depth(store, &depth);

	if (!r && store_read_durability(store, &durability) >= 0) {
		store_durability_warning(warning, &durability);
		if (*warning)
			(void)printf("WARNING: %s\n", warning);
	}
	if (!r)
		r = print_oversold(store);
	if (!r)
		r = store_dead_each(store, count_row, &n_dead);
	if (r)
		return r;
	(void)printf("%lld events queued, %lld wait for a person%s\n\n",
	             (long long)depth.n, (long long)n_dead,
	             n_dead ? " (tillbridge dead list)" : "");
	(void)printf("%-14s %-10s %-9s %6s %11s %6s\n", "account", "type",
	             "state", "bound", "unresolved", "marks");
	for (size_t i = 0; !r && i < conf->n_accounts; i++)
		r = print_account(store, conf->accounts[i]);
	return r;
}

enum exit_code
cli_status(const struct cli *cli)
{
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code = cli_open(&conf, &station, cli);
	int r;

	if (code != EXIT_CODE_DONE)
		return code;
	r = print_all(station_store(station), conf);
	station_close(station);
	conf_free(conf);
	return r ? cli_fail(r) : EXIT_CODE_DONE;
}
