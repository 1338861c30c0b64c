#ifndef DRIVERS_STORE_JOBS_H
#define DRIVERS_STORE_JOBS_H

#include <stdint.h>

#include "gateway/drivers/store.h"

/*
 * Items to be registered, as a shop asked for it (POST /api/items): found at an
 * account by its id or its name there, and bound. The account's own worker does
 * it, because of a mark; so nothing of it is lost at a restart. How it ended is
 * known for 40 days.
 *
 *   waiting ──> working ──> done, failed
 */
#define MARK_JOB "j:" /* and the job's id: member of a mark */

enum {
	JOB_ABSENT = 1,   /* there is no such job */
	JOB_KNOWN = 2,    /* the same one is there */
	JOB_CONFLICT = 3, /* another one has this id */
};

/* All text owned where it was read, borrowed where it is written; "": none. */
struct job {
	char *account;    /* where it is stocked */
	char *shop;       /* the account of the shop's database */
	char *shop_id;    /* the item's id in the shop */
	char *pos_id;     /* at the account, as typed; else … */
	char *name;       /* … its name there */
	char *account_id; /* the account, as who registers it says */
	char *reserve;    /* units kept back, decimal; "": as it is */
	char *state;
	char *why;       /* of a failure, or why it takes so long */
	int64_t made_ms; /* wall clock */
	int64_t done_ms; /* 0: not yet */
};

/*
 * Add one and mark it at its account. Only the upper seven texts are looked at.
 *
 * digest  of what was asked for, 64 hex digits
 *
 * Returns 0, JOB_KNOWN, JOB_CONFLICT, ERR_STORE (perhaps added: a repeat under
 * the same id is safe).
 */
int store_job_add(struct store *store, const char *id, const struct job *job,
                  const char *digest);

/* Returns 0 (job_fini it), JOB_ABSENT, ERR_STORE, ERR_NOMEM. */
int store_job_get(struct store *store, struct job *out, const char *id);
void job_fini(struct job *job);

/* How it is doing; state is static. "done" and "failed" end it: what has ended
   stays as it is. Returns 0, ERR_STORE. */
int store_job_note(struct store *store, const char *id, const char *state,
                   const char *why);

#endif
