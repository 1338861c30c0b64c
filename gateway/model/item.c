/*
 * One thing stocked and sold, its bindings, and what a channel should show.
 *
 * The stock rule's arithmetic stands here alone, so that nobody rounds up.
 */
#include "gateway/model/item.h"

#include <stdlib.h>
#include <string.h>

struct binding *
item_add_binding(struct item *item)
{
	size_t n = item->n_bindings;
	struct binding *grown;

	grown = realloc(item->bindings, (n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	grown[n] = (struct binding){ 0 };
	item->bindings = grown;
	item->n_bindings = n + 1;
	return &grown[n];
}

const struct binding *
item_find_binding(const struct item *item, const char *account)
{
	for (size_t i = 0; i < item->n_bindings; i++)
		if (strcmp(item->bindings[i].account, account) == 0)
			return &item->bindings[i];
	return NULL;
}

void
item_fini(struct item *item)
{
	for (size_t i = 0; i < item->n_bindings; i++) {
		free(item->bindings[i].account);
		free(item->bindings[i].typed);
		free(item->bindings[i].external);
	}
	free(item->bindings);
	free(item->sku);
	free(item->name);
	free(item->authority);
	free(item->next);
	*item = (struct item){ 0 };
}

struct decimal
item_target(struct decimal balance, struct decimal pending,
            struct decimal reserve, int places)
{
	struct decimal left =
		decimal_sub(decimal_sub(balance, pending), reserve);

	return decimal_round(decimal_max(left, DECIMAL_ZERO), places,
	                     DECIMAL_FLOOR);
}
