/* Which uncertain entries somebody is asked about. Reads only. */
#include "gateway/drivers/store_asked.h"

#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/drivers/store_internal.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_switch.h"

/* As post.c says it: the look-up itself could not end it. */
static const char looked_up[] = "looked up:";

static enum entry_kind
kind_of(const char *id)
{
	if (!strncmp(id, "api:orders/", 11))
		return ENTRY_ORDER;
	return strncmp(id, "api:customers/", 14) ? ENTRY_SALE : ENTRY_CUSTOMER;
}

static bool
can_find(const struct asked_by *by, const struct conf_section *account,
         enum entry_kind kind)
{
	for (size_t i = 0; by->adapters[i]; i++)
		if (!strcmp(by->adapters[i]->name, conf_account_type(account)))
			return adapter_can_find(by->adapters[i], account, kind);
	return false;
}

/* When the mark is due that has it asked. */
static int
read_due(struct store *store, int64_t *in_ms, const char *authority)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	int64_t now = clock_wall_ms();
	int64_t due;
	int r;

	args_adds(&a, "ZSCORE");
	args_add_key(&a, store, "marks:", authority);
	args_adds(&a, MARK_LOOK_UP);
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	due = reply_int(reply);
	*in_ms = reply_is_nil(reply) ? -1 : due > now ? due - now : 0;
	freeReplyObject(reply);
	return 0;
}

int
store_asked(struct store *store, struct asked *out, const struct asked_by *by,
            const char *id, const char *state, const char *authority,
            const char *why)
{
	const struct conf_section *account =
		conf_find_account(by->conf, authority);

	int64_t off_ms = 0;
	int r;

	*out = (struct asked){ .in_ms = -1 };
	out->is_asked = account && !strcmp(state, "uncertain") &&
	                strncmp(why, looked_up, sizeof(looked_up) - 1) != 0 &&
	                can_find(by, account, kind_of(id));
	if (!out->is_asked || conf_bool(account, "paused"))
		return 0;
	r = store_switch_get(store, &off_ms, authority);
	return r || off_ms ? r : read_due(store, &out->in_ms, authority);
}

int
store_asked_letter(struct store *store, struct asked *out,
                   const struct asked_by *by, const struct dead_letter *letter)
{
	*out = (struct asked){ .in_ms = -1 };
	if (strncmp(letter->id, "entry/", 6) != 0)
		return 0;
	return store_asked(store, out, by, letter->id + 6, letter->kind,
	                   letter->authority, letter->why);
}

struct counting {
	struct store *store;
	const struct asked_by *by;
	int64_t n;
};

static int
count_one(void *ctx, const struct dead_letter *letter)
{
	struct counting *c = ctx;
	struct asked asked;
	int r = store_asked_letter(c->store, &asked, c->by, letter);

	c->n += !r && asked.is_asked;
	return r;
}

int
store_asked_count(struct store *store, int64_t *out, const struct asked_by *by)
{
	struct counting c = { store, by, 0 };
	int r = store_dead_each(store, count_one, &c);

	if (!r)
		*out = c.n;
	return r;
}
