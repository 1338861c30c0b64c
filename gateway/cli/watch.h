#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/json.h"
#include "gateway/cli/cli.h"
#include "gateway/drivers/store_health.h"

/*
 * Asking the accounts' workers for something and watching until they have done
 * it. The command only marks; the workers in the daemon do the rest. Whatever
 * ends the watching, the marks stay and are done when they can be.
 */
enum watch_end {
	WATCH_OPEN,   /* still to be done */
	WATCH_DONE,   /* ended well */
	WATCH_FAILED, /* given up waiting: why says for what */
};

struct watch {
	const char *name; /* borrowed */
	enum watch_end end;
	struct health health;    /* as last read */
	int64_t begun_mono_ms;   /* of watching */
	int64_t took_ms;         /* once it ended */
	int64_t trouble_mono_ms; /* since when nothing works there; 0: it does */
	int64_t alone_mono_ms; /* since when no worker serves it; 0: one does */
	bool was_served;       /* one did, while we watched */
	char list[64];         /* read at the last look; "" */
	int64_t rows;          /* of it, then */
	size_t n_lists;        /* of WATCH_DONE: what its mirror has */
	int64_t n_mirrored;    /* rows in them */
	struct json *report;   /* of a dry run; owned; NULL: none */
	struct buf why;        /* of WATCH_FAILED, for a person */
};

/* What is asked of all of them. */
struct watcher {
	struct store *store;   /* borrowed */
	const char *conf_path; /* borrowed */
	const char *mark;
	const char *work; /* "sync" */
	int64_t asked_ms; /* wall clock */
	bool is_alone;    /* no daemon is there */
};

/* From here on Ctrl-C ends the watching only. */
void watch_catch_interrupt(void);
bool watch_is_interrupted(void);

/*
 * Leave out what a person has paused. Complains where such a one was named, or
 * nothing is left. done: "synced".
 */
enum exit_code watch_leave_paused(struct store *store,
                                  const struct conf_section **accounts,
                                  size_t *n, bool is_named, const char *done);

/* Mark each of them. watches: one for each account. Returns 0, ERR_STORE. */
int watch_ask(struct watcher *by, struct watch *watches,
              const struct conf_section *const *accounts, size_t n);

/* Look at one: what its worker said last, and whether the wish still stands. */
int watch_look(const struct watcher *by, struct watch *w, bool *is_asked,
               bool *is_served);

/* It has not ended: is there still hope? If not, w->end and w->why say so. */
void watch_judge(struct watcher *by, struct watch *w, bool is_served,
                 bool has_moved);

size_t watch_count_open(const struct watch *watches, size_t n);

/* What a person can do about what has not ended. */
void watch_advise(const struct watcher *by, size_t n_open);

/*
 * An account that cannot be asked (SYNC_UNKNOWN, …): says so.
 *
 * done  "synced"
 */
enum exit_code watch_refuse(const struct conf *conf, const char *name, int r,
                            const char *done);

void watch_fini(struct watch *w);

#endif
