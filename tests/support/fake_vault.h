#ifndef TESTS_FAKE_VAULT_H
#define TESTS_FAKE_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/ports/vault.h"

/*
 * A vault in memory, as ports/vault.h promises it. One text, whatever the name;
 * the name last asked for is remembered. One thread; a test plays the other
 * processes by hand.
 */
struct fake_vault {
	struct vault port;
	struct buf text;
	int64_t version; /* 0: none */
	char name[65];
	bool is_locked;
	int n_locks;
	int n_puts;
	int fails;       /* calls to come that end in ERR_STORE */
	int put_fails;   /* puts alone */
	int lock_says;   /* VAULT_TAKEN, VAULT_OFTEN: every lock; 0: as it is */
	int64_t wait_ms; /* with it */

	/* Called when the lock was given; another process was quicker. */
	void (*on_lock)(struct fake_vault *v);
};

/* In place; fini releases the text. */
void fake_vault_init(struct fake_vault *v);
void fake_vault_fini(struct fake_vault *v);

/* Another process puts this as the next version. */
void fake_vault_set(struct fake_vault *v, const char *text);

#endif
