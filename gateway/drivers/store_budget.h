#ifndef DRIVERS_STORE_BUDGET_H
#define DRIVERS_STORE_BUDGET_H

#include "gateway/drivers/store.h"
#include "gateway/model/limits.h"

/*
 * A month's calls to one account, counted where restarts and other processes
 * find them: hash budget:ACCOUNT:YYYY-MM.
 */
enum { BUDGET_SPENT = 1 }; /* condition: none is left */

/*
 * Fill in what is counted: used, polls, free_ms, seen_ms; zero in a month
 * without a call. Returns 0, ERR_STORE.
 */
int store_budget_read(struct store *store, struct limit_budget *budget,
                      const char *account, const struct limit_month *month);

/*
 * Count one call before it is sent, unless none is left.
 *
 * budget  with the call taken (limit_budget_take); its used and polls become
 *         what is counted, by whomever
 *
 * Returns 0, BUDGET_SPENT, ERR_STORE (perhaps counted).
 */
int store_budget_take(struct store *store, struct limit_budget *budget,
                      const char *account, const struct limit_month *month,
                      enum limit_work work);

#endif
