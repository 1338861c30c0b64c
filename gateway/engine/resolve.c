/* Bindings that are not resolved yet: ask the adapter, which knows how. */
#include "gateway/engine/worker.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_registry.h"

enum { REFS_MAX = 16, KEEP_EVERY = 50 };

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
	size_t n_seen;
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

/* Keep why it is not resolved; what stands there already is not written. */
static int
keep_reason(struct worker *w, const char *sku, const char *old, const char *why)
{
	if (old && !strcmp(old, why))
		return 0;
	return store_registry_unresolved(w->store, w->account, sku, why);
}

static int
settle(struct resolving *job, const struct registry_resolution *found,
       const char *why)
{
	struct worker *w = job->w;
	int r = store_registry_resolved(w->store, w->account, found);

	job->n_done += !r;
	if (r == REGISTRY_TAKEN)
		r = keep_reason(w, found->sku, why,
		                "another item is bound to the same id");
	return r;
}

/* There may be as many as there are items: what is urgent has its turn. */
static int
keep_going(const struct resolving *job)
{
	if (!worker_keep(job->w))
		return ERR_STORE;
	return worker_interlude(job->w);
}

static int
resolve_one(void *ctx, const char *sku, const char *typed, const char *why)
{
	struct resolving *job = ctx;
	struct worker *w = job->w;
	struct buf external = BUF_INIT;
	struct refs refs = { .n = 0 };
	int r = ask(w, &external, typed, &refs);

	if (!r)
		r = settle(job,
		           &(struct registry_resolution){ sku, typed,
		                                          buf_text(&external),
		                                          refs.v, refs.n },
		           why);
	else if (r == ADAPTER_AMBIGUOUS)
		r = keep_reason(w, sku, why,
		                "it fits more than one item there");
	else if (r == ADAPTER_UNRESOLVED)
		r = keep_reason(w, sku, why,
		                external.n ? buf_text(&external)
		                           : "not known there yet");
	for (size_t i = 0; i < refs.n; i++)
		free(refs.v[i]);
	buf_fini(&external);
	if (!r && ++job->n_seen % KEEP_EVERY == 0)
		r = keep_going(job);
	return r;
}

int
resolve_bindings(struct worker *w)
{
	struct resolving job = { .w = w };
	int r = store_registry_each_unresolved(w->store, w->account,
	                                       resolve_one, &job);

	if (job.n_done)
		log_info("binding.resolved", "account=%s items=%zu", w->account,
		         job.n_done);
	return r;
}
