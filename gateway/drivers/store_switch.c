/*
 * What a person has switched off: hash off, field `schedule` or `account:A`,
 * value since when.
 */
#include "gateway/drivers/store_switch.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

#include <stdio.h>

enum { FIELD_SIZE = 200 };

static void
begin(struct args *a, const struct store *store, const char *command,
      const char *what)
{
	char field[FIELD_SIZE];

	if (*what)
		(void)snprintf(field, sizeof(field), "account:%s", what);
	else
		(void)snprintf(field, sizeof(field), "schedule");
	args_adds(a, command);
	args_add_key(a, store, "off", NULL);
	args_adds(a, field);
}

int
store_switch_restore(struct store *store, const char *what, int64_t since_ms)
{
	struct args a = { 0 };

	begin(&a, store, "HSETNX", what);
	args_addi(&a, since_ms);
	return store_call_int(store, NULL, &a);
}

int
store_switch_off(struct store *store, const char *what)
{
	return store_switch_restore(store, what, clock_wall_ms());
}

int
store_switch_on(struct store *store, const char *what)
{
	struct args a = { 0 };

	begin(&a, store, "HDEL", what);
	return store_call_int(store, NULL, &a);
}

int
store_switch_get(struct store *store, int64_t *since_ms, const char *what)
{
	struct args a = { 0 };

	*since_ms = 0;
	begin(&a, store, "HGET", what);
	return store_call_int(store, since_ms, &a);
}

int
store_switch_filter(struct store *store, const char **first_out,
                    const struct conf_section **accounts, size_t *n)
{
	size_t n_on = 0;

	*first_out = NULL;
	for (size_t i = 0; i < *n; i++) {
		const char *name = conf_account_name(accounts[i]);
		int64_t off_ms = 0;
		int r = store_switch_get(store, &off_ms, name);

		if (r)
			return r;
		if (!off_ms)
			accounts[n_on++] = accounts[i];
		else if (!*first_out)
			*first_out = name;
	}
	*n = n_on;
	return 0;
}
