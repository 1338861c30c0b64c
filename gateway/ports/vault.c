/*
 * What must not be forgotten or seen: hands each call to whoever keeps it.
 */
#include "gateway/ports/vault.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

/* It becomes a file's name. */
static bool
is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NAME_MAX_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

int
vault_get(struct vault *v, struct buf *out, int64_t *version, const char *name)
{
	assert(is_name(name));
	return v->ops->get(v->self, out, version, name);
}

int
vault_put(struct vault *v, const char *name, int64_t version, const char *text)
{
	assert(is_name(name) && version > 0 && strlen(text) <= VAULT_TEXT_MAX);
	return v->ops->put(v->self, name, version, text);
}

int
vault_lock(struct vault *v, const char *name, int64_t ttl_ms, int64_t *wait_ms)
{
	assert(is_name(name) && ttl_ms > 0);
	return v->ops->lock(v->self, name, ttl_ms, wait_ms);
}

void
vault_unlock(struct vault *v, const char *name)
{
	assert(is_name(name));
	v->ops->unlock(v->self, name);
}
