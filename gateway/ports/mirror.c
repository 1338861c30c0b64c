/*
 * An account's tables: hands each call to whoever keeps them. Not a cache and
 * not a store; it only lets adapters be tested without Redis.
 */
#include "gateway/ports/mirror.h"

int
mirror_get(struct mirror *m, struct buf *out, const char *entity,
           const char *key)
{
	return m->ops->get(m->self, out, entity, key);
}

int
mirror_find_name(struct mirror *m, struct buf *key_out, const char *entity,
                 const char *name)
{
	return m->ops->find_name(m->self, key_out, entity, name);
}

int
mirror_each(struct mirror *m, const char *entity,
            int (*visit)(void *ctx, const char *key, const char *json,
                         size_t n),
            void *ctx)
{
	return m->ops->each(m->self, entity, visit, ctx);
}

int
mirror_note_get(struct mirror *m, struct buf *out, const char *name)
{
	return m->ops->note_get(m->self, out, name);
}

int
mirror_note_set(struct mirror *m, const char *name, const char *value)
{
	return m->ops->note_set(m->self, name, value);
}

int
mirror_list_begin(struct mirror *m, const char *entity, unsigned kind)
{
	return m->ops->list_begin(m->self, entity, kind);
}

int
mirror_list_put(struct mirror *m, const struct mirror_row *row)
{
	return m->ops->list_put(m->self, row);
}

void
mirror_list_spare(struct mirror *m)
{
	m->ops->list_spare(m->self);
}

int
mirror_list_end(struct mirror *m, struct mirror_tally *out,
                const char *note_name, const char *note)
{
	return m->ops->list_end(m->self, out, note_name, note);
}

void
mirror_list_abandon(struct mirror *m)
{
	m->ops->list_abandon(m->self);
}

int
mirror_put_now(struct mirror *m, const char *entity,
               const struct mirror_row *row)
{
	return m->ops->put_now(m->self, entity, row);
}

int
mirror_count(struct mirror *m, int64_t *out, const char *entity)
{
	return m->ops->count(m->self, out, entity);
}

int
mirror_each_named(struct mirror *m, const char *entity, const char *name,
                  int (*visit)(void *ctx, const char *key, const char *json,
                               size_t n),
                  void *ctx)
{
	return m->ops->each_named(m->self, entity, name, visit, ctx);
}

int
mirror_each_since(struct mirror *m, const char *entity, int64_t after,
                  int64_t up_to,
                  int (*visit)(void *ctx, const char *key, const char *json,
                               size_t n),
                  void *ctx)
{
	return m->ops->each_since(m->self, entity, after, up_to, visit, ctx);
}

int
mirror_top_revision(struct mirror *m, int64_t *out, const char *entity)
{
	return m->ops->top_revision(m->self, out, entity);
}
