/* A vault in memory: one text and its version. */
#include "tests/support/fake_vault.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <string.h>

static bool
fails(struct fake_vault *v)
{
	if (v->fails <= 0)
		return false;
	v->fails--;
	return true;
}

static int
get(void *self, struct buf *out, int64_t *version, const char *name)
{
	struct fake_vault *v = self;

	(void)snprintf(v->name, sizeof(v->name), "%s", name);
	if (fails(v))
		return ERR_STORE;
	if (!v->version)
		return VAULT_ABSENT;
	buf_reset(out);
	buf_adds(out, buf_text(&v->text));
	*version = v->version;
	return buf_check(out);
}

static int
put(void *self, const char *name, int64_t version, const char *text)
{
	struct fake_vault *v = self;

	(void)snprintf(v->name, sizeof(v->name), "%s", name);
	if (fails(v))
		return ERR_STORE;
	if (v->put_fails > 0) {
		v->put_fails--;
		return ERR_STORE;
	}
	if (v->version > version ||
	    (v->version == version && strcmp(buf_text(&v->text), text)))
		return VAULT_MOVED;
	v->n_puts++;
	v->version = version;
	buf_reset(&v->text);
	buf_adds(&v->text, text);
	return buf_check(&v->text);
}

static int
lock(void *self, const char *name, int64_t ttl_ms, int64_t *wait_ms)
{
	struct fake_vault *v = self;

	(void)name;
	(void)ttl_ms;
	*wait_ms = v->wait_ms;
	if (fails(v))
		return ERR_STORE;
	if (v->lock_says || v->is_locked)
		return v->lock_says ? v->lock_says : VAULT_TAKEN;
	v->is_locked = true;
	v->n_locks++;
	if (v->on_lock)
		v->on_lock(v);
	return 0;
}

static void
unlock(void *self, const char *name)
{
	struct fake_vault *v = self;

	(void)name;
	v->is_locked = false;
}

static const struct vault_ops ops = { get, put, lock, unlock };

void
fake_vault_init(struct fake_vault *v)
{
	*v = (struct fake_vault){ .port = { &ops, v } };
}

void
fake_vault_fini(struct fake_vault *v)
{
	buf_fini(&v->text);
}

void
fake_vault_set(struct fake_vault *v, const char *text)
{
	v->version++;
	buf_reset(&v->text);
	buf_adds(&v->text, text);
}
