/* Bindings that are not resolved yet: ask the adapter, which knows how. */
#include "gateway/engine/worker.h"

#include <stdlib.h>

#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_registry.h"

enum { REFS_MAX = 16 };

struct refs {
	char *v[REFS_MAX]; /* owned */
	size_t n;
};

static void
add_ref(void *ctx, const char *ref)
{
	struct refs *refs = ctx;
	char *copy = refs->n < REFS_MAX ? text_dup(ref) : NULL;

	if (copy)
		refs->v[refs->n++] = copy;
}

struct resolving {
	struct worker *w;
	size_t n_done;
};

static int
ask(struct worker *w, struct buf *external, const char *typed,
    struct refs *refs)
{
	if (w->ops->resolve)
		return w->ops->resolve(w->state, external, typed, add_ref,
		                       refs);
	buf_adds(external, typed);
	add_ref(refs, typed);
	return buf_check(external);
}

static int
resolve_one(void *ctx, const char *sku, const char *typed, const char *why)
{
	struct resolving *job = ctx;
	struct worker *w = job->w;
	struct buf external = BUF_INIT;
	struct refs refs = { .n = 0 };
	int r = ask(w, &external, typed, &refs);

	(void)why;
	if (!r) {
		r = store_registry_resolved(
			w->store, w->account,
			&(struct registry_resolution){ sku, typed,
		                                       buf_text(&external),
		                                       refs.v, refs.n });
		job->n_done += !r;
		if (r == REGISTRY_TAKEN)
			r = store_registry_unresolved(
				w->store, w->account, sku,
				"another item is bound to the same id");
	} else if (r == ADAPTER_AMBIGUOUS) {
		r = store_registry_unresolved(
			w->store, w->account, sku,
			"it fits more than one item there");
	} else if (r == ADAPTER_UNRESOLVED) {
		r = store_registry_unresolved(w->store, w->account, sku,
		                              "not known there yet");
	}
	for (size_t i = 0; i < refs.n; i++)
		free(refs.v[i]);
	buf_fini(&external);
	return r;
}

int
resolve_bindings(struct worker *w, size_t *n_resolved)
{
	struct resolving job = { .w = w };
	int r = store_registry_each_unresolved(w->store, w->account,
	                                       resolve_one, &job);

	if (job.n_done)
		log_info("binding.resolved", "account=%s items=%zu", w->account,
		         job.n_done);
	if (n_resolved)
		*n_resolved = job.n_done;
	return r;
}
