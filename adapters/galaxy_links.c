/*
 * Galaxy, references between lists: who names a row that is not there.
 *
 * Does      Remembers the keys of lists that others refer to, while a sync reads
 *           them whole, and checks the rows of later lists against them. A
 *           missing row is told to a person and stops nothing (galaxy.md 13):
 *           an item whose VAT row is not exposed is still an item, but no sale
 *           of it can be booked.
 * Cost      16 bytes a key at most, for the time of one sync.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t
place_of(const char *entity)
{
	size_t i = 0;

	while (strcmp(galaxy_entities[i].name, entity) != 0)
		i++;
	return i;
}

/* Does any list refer to this one? */
static bool
is_wanted(const char *entity)
{
	for (const struct galaxy_entity *e = galaxy_entities; e->name; e++)
		for (size_t i = 0; e->links[i].member; i++)
			if (strcmp(e->links[i].entity, entity) == 0)
				return true;
	return false;
}

void
galaxy_links_begin(struct galaxy_links *links,
                   const struct galaxy_entity *entity, bool is_whole)
{
	struct galaxy_keys *keys = &links->keys[place_of(entity->name)];

	keyset_fini(&keys->set);
	keys->is_collecting = is_whole && is_wanted(entity->name);
	keys->is_whole = false;
	links->n_missing = 0;
	links->why[0] = '\0';
}

void
galaxy_links_end(struct galaxy_links *links, const struct galaxy_entity *entity)
{
	struct galaxy_keys *keys = &links->keys[place_of(entity->name)];

	/* Without a row it is a list that nobody exposed. */
	keys->is_whole = keys->is_collecting && keys->set.n > 0;
}

/* The first one in words; the rest are counted. */
static void
note_missing(struct galaxy_links *links, const struct galaxy_link *link,
             const struct json_node *row, const char *key, const char *id)
{
	char code[40];

	if (links->n_missing++ > 0)
		return;
	galaxy_say(code, sizeof(code), json_text_or(row, "Code", key));
	(void)snprintf(links->why, sizeof(links->why),
	               "%s: %s is %s, which is not among the %s", code,
	               link->member, id, link->entity);
}

int
galaxy_links_check(struct galaxy_links *links,
                   const struct galaxy_entity *entity,
                   const struct json_node *row, const char *key)
{
	struct galaxy_keys *own = &links->keys[place_of(entity->name)];
	char id[GALAXY_ID_SIZE];

	for (size_t i = 0; entity->links[i].member; i++) {
		const struct galaxy_link *link = &entity->links[i];
		const struct galaxy_keys *keys =
			&links->keys[place_of(link->entity)];

		if (keys->is_whole && galaxy_member_id(id, row, link->member) &&
		    id[0] && !keyset_has(&keys->set, id, strlen(id)))
			note_missing(links, link, row, key, id);
	}
	if (!own->is_collecting)
		return 0;
	return err_pass(keyset_add(&own->set, key, strlen(key)));
}

void
galaxy_links_fini(struct galaxy_links *links)
{
	for (size_t i = 0; i < GALAXY_LISTS_MAX; i++)
		keyset_fini(&links->keys[i].set);
}
