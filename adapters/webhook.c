/*
 * A system that only calls us, with signed webhooks that name a SKU
 * (handlers/hooks/webhook.c): nothing is read there and nothing written, so
 * there is no address, no worker and no sync.
 */
#include "adapters/adapters.h"

#include "gateway/base/err.h"

#include <stdlib.h>

struct webhook {
	const struct conf_section *conf; /* borrowed */
};

static const struct conf_row options[] = {
	{ .key = NULL },
};

static int
open_(void **state, const struct adapter_env *env)
{
	struct webhook *w = calloc(1, sizeof(*w));

	if (!w)
		return err_raise(ERR_NOMEM, "webhook");
	w->conf = env->conf;
	*state = w;
	return 0;
}

static void
close_(void *state)
{
	free(state);
}

/* There is nobody to ask; what is expected of them can be said. */
static struct outcome
probe(void *state, struct buf *what)
{
	const struct webhook *w = state;

	buf_addf(what, "only calls us: signed as %s, the SKU at %s",
	         conf_text(w->conf, "hook.scheme"),
	         conf_text(w->conf, "hook.sku"));
	return outcome_of(VERDICT_DONE, "%s", "");
}

const struct adapter_ops webhook_adapter = {
	.name = "webhook",
	.options = options,
	.url_flags = CONF_SOURCE,
	.open = open_,
	.probe = probe,
	.close = close_,
};
