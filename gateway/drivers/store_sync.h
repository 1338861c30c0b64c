#ifndef DRIVERS_STORE_SYNC_H
#define DRIVERS_STORE_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/drivers/store.h"
#include "gateway/drivers/store_health.h"
#include "gateway/model/conf.h"
#include "gateway/ports/adapter.h"

/*
 * A sync as a person asks for it, on the command line or through the API: of
 * whom, as which mark, and how far it is. The account's worker does it.
 */
enum {
	SYNC_UNKNOWN = 1,   /* no account has this name */
	SYNC_PAUSED = 2,    /* `paused` stands in its configuration */
	SYNC_INCAPABLE = 3, /* its type has nothing to sync */
};

/*
 * The accounts to sync, each once, in the order of the configuration: those
 * named, or without names all that can and are not paused.
 *
 * out       room for conf->n_accounts; borrowed from conf
 * adapters  ends with NULL; NULL: every type can
 * bad       receives the index of the name at fault
 *
 * Returns  0, SYNC_UNKNOWN, SYNC_PAUSED, SYNC_INCAPABLE.
 */
int store_sync_choose(const struct conf_section **out, size_t *n_out,
                      const struct conf *conf,
                      const struct adapter_ops *const *adapters,
                      const char *const *names, size_t n_names, size_t *bad);

/* The same of those whose items can be compared one by one. */
int store_sync_choose_reconcile(const struct conf_section **out, size_t *n_out,
                                const struct conf *conf,
                                const struct adapter_ops *const *adapters,
                                const char *const *names, size_t n_names,
                                size_t *bad);

/* What the worker is asked by; static. */
const char *store_sync_mark(bool is_full, bool is_dry);

/* Ask for it; a wait of the account's back-off ends. */
int store_sync_ask(struct store *store, const char *account, const char *mark);

/* Is it still to be done, or being done? */
int store_sync_is_asked(struct store *store, bool *out, const char *account,
                        const char *mark);

/* Does a worker look after the account, of whatever process? */
int store_sync_is_served(struct store *store, bool *out, const char *account);

/* How far the sync under way is, as the worker last said. */
struct sync_progress {
	const char *kind;   /* borrowed; "": none is under way */
	const char *entity; /* borrowed; "": no list yet */
	int64_t started_ms; /* wall clock; 0: unknown */
	int64_t rows;       /* of this list */
	int64_t total;      /* as many as there were last time; 0: unknown */
	int64_t rate;       /* rows a second; 0: unknown */
	int64_t left_ms;    /* until this list is read; -1: unknown */
};

/* Borrows from h. */
void store_sync_progress(struct sync_progress *out, const struct health *h);

/* One list of an account's mirror. */
struct sync_list {
	const char *name; /* borrowed from the adapter */
	int64_t rows;
	int64_t revision; /* its cursor, the note NAME.revision; 0: none */
	int64_t since_ms; /* the same where it is a time, NAME.since; 0 */
	int64_t read_ms;  /* last read to its end, NAME.read; 0: never */
};

/*
 * What an account's mirror holds, in one question, whatever its size.
 *
 * lists  of the adapter; NULL: nothing is mirrored
 *
 * Returns  0 with *out the caller's to free (NULL without lists), ERR_STORE,
 *          ERR_NOMEM.
 */
int store_sync_lists(struct store *store, struct sync_list **out, size_t *n_out,
                     const char *account, const struct adapter_list *lists);

/* The lists of the adapter of a type; NULL: none. adapters may be NULL. */
const struct adapter_list *
store_sync_lists_of(const struct adapter_ops *const *adapters,
                    const char *type);

#endif
