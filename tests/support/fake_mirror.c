/* A mirror in memory: one list of rows, searched from end to end. */
#include "tests/support/fake_mirror.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ROWS_MAX = 4000, NOTES_MAX = 32, NAMES_MAX = 8 };

struct row {
	char *entity;
	char *key;
	char *json;
	char *names[NAMES_MAX];
	size_t n_names;
	bool is_seen; /* in the full pull that is on */
};

struct table {
	struct row rows[ROWS_MAX];
	size_t n;
};

struct fake_mirror {
	struct table live;
	struct table buffered;
	char *note_names[NOTES_MAX];
	char *notes[NOTES_MAX];
	size_t n_notes;
	size_t n_written;
	int break_in; /* calls that still work, plus one; 0: all */
};

static void *
must(void *p)
{
	if (!p) {
		fputs("fake mirror: no memory or no room\n", stderr);
		abort();
	}
	return p;
}

static void
row_fini(struct row *row)
{
	free(row->entity);
	free(row->key);
	free(row->json);
	for (size_t i = 0; i < row->n_names; i++)
		free(row->names[i]);
	*row = (struct row){ 0 };
}

static bool
is_broken(struct fake_mirror *m)
{
	if (m->break_in > 1)
		m->break_in--;
	return m->break_in == 1;
}

static struct row *
find(struct table *t, const char *entity, const char *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->rows[i].entity, entity) == 0 &&
		    strcmp(t->rows[i].key, key) == 0)
			return &t->rows[i];
	return NULL;
}

/* Put a row into a table, over the one with its key. Consumes it. */
static void
take(struct table *t, struct row *row)
{
	struct row *old = find(t, row->entity, row->key);

	if (old) {
		row_fini(old);
		*old = *row;
		return;
	}
	must(t->n < ROWS_MAX ? t : NULL);
	t->rows[t->n++] = *row;
}

static int
put(void *self, const char *entity, const char *key, const char *json,
    const char *const *names, size_t n_names)
{
	struct fake_mirror *m = self;
	struct row row = { .is_seen = true };

	if (is_broken(m))
		return ERR_STORE;
	must(n_names <= NAMES_MAX ? m : NULL);
	row.entity = must(text_dup(entity));
	row.key = must(text_dup(key));
	row.json = must(text_dup(json));
	for (size_t i = 0; i < n_names; i++)
		row.names[row.n_names++] = must(text_dup(names[i]));
	take(&m->buffered, &row);
	return 0;
}

static void
set_note(struct fake_mirror *m, const char *name, const char *value)
{
	size_t i = 0;

	while (i < m->n_notes && strcmp(m->note_names[i], name) != 0)
		i++;
	if (i == m->n_notes) {
		must(i < NOTES_MAX ? m : NULL);
		m->note_names[i] = must(text_dup(name));
		m->n_notes++;
	}
	free(m->notes[i]);
	m->notes[i] = must(text_dup(value));
}

static int
flush(void *self, const char *note_name, const char *note)
{
	struct fake_mirror *m = self;

	if (is_broken(m))
		return ERR_STORE;
	for (size_t i = 0; i < m->buffered.n; i++)
		take(&m->live, &m->buffered.rows[i]);
	m->n_written += m->buffered.n;
	m->buffered.n = 0;
	if (note_name)
		set_note(m, note_name, note);
	return 0;
}

static int
get(void *self, struct buf *out, const char *entity, const char *key)
{
	struct fake_mirror *m = self;
	struct row *row = find(&m->live, entity, key);

	if (is_broken(m))
		return ERR_STORE;
	if (!row)
		return MIRROR_ABSENT;
	buf_reset(out);
	buf_adds(out, row->json);
	return buf_check(out);
}

static bool
has_name(const struct row *row, const char *name)
{
	for (size_t i = 0; i < row->n_names; i++)
		if (strcasecmp(row->names[i], name) == 0)
			return true;
	return false;
}

static int
find_name(void *self, struct buf *key_out, const char *entity, const char *name)
{
	struct fake_mirror *m = self;
	const struct row *found = NULL;

	if (is_broken(m))
		return ERR_STORE;
	for (size_t i = 0; i < m->live.n; i++) {
		const struct row *row = &m->live.rows[i];

		if (strcmp(row->entity, entity) != 0 || !has_name(row, name))
			continue;
		if (found)
			return MIRROR_AMBIGUOUS;
		found = row;
	}
	if (!found)
		return MIRROR_ABSENT;
	buf_reset(key_out);
	buf_adds(key_out, found->key);
	return buf_check(key_out);
}

static int
each(void *self, const char *entity,
     int (*visit)(void *ctx, const char *key, const char *json, size_t n),
     void *ctx)
{
	struct fake_mirror *m = self;
	int r = 0;

	if (is_broken(m))
		return ERR_STORE;
	for (size_t i = 0; i < m->live.n && !r; i++) {
		const struct row *row = &m->live.rows[i];

		if (strcmp(row->entity, entity) == 0)
			r = visit(ctx, row->key, row->json, strlen(row->json));
	}
	return r;
}

static int
note_get(void *self, struct buf *out, const char *name)
{
	struct fake_mirror *m = self;

	if (is_broken(m))
		return ERR_STORE;
	for (size_t i = 0; i < m->n_notes; i++) {
		if (strcmp(m->note_names[i], name) != 0)
			continue;
		buf_reset(out);
		buf_adds(out, m->notes[i]);
		return buf_check(out);
	}
	return MIRROR_ABSENT;
}

static int
note_set(void *self, const char *name, const char *value)
{
	struct fake_mirror *m = self;

	if (is_broken(m))
		return ERR_STORE;
	set_note(m, name, value);
	return 0;
}

static int
full_begin(void *self, const char *entity)
{
	struct fake_mirror *m = self;

	if (is_broken(m))
		return ERR_STORE;
	for (size_t i = 0; i < m->live.n; i++)
		if (strcmp(m->live.rows[i].entity, entity) == 0)
			m->live.rows[i].is_seen = false;
	return 0;
}

static int
full_end(void *self, const char *entity)
{
	struct fake_mirror *m = self;
	struct table *t = &m->live;

	if (is_broken(m))
		return ERR_STORE;
	for (size_t i = t->n; i-- > 0;) {
		if (t->rows[i].is_seen ||
		    strcmp(t->rows[i].entity, entity) != 0)
			continue;
		row_fini(&t->rows[i]);
		t->n--;
		memmove(&t->rows[i], &t->rows[i + 1],
		        (t->n - i) * sizeof(t->rows[0]));
	}
	return 0;
}

static const struct mirror_ops ops = {
	.put = put,
	.flush = flush,
	.get = get,
	.find_name = find_name,
	.each = each,
	.note_get = note_get,
	.note_set = note_set,
	.full_begin = full_begin,
	.full_end = full_end,
};

struct mirror *
fake_mirror_new(void)
{
	struct mirror *m = must(calloc(1, sizeof(*m)));

	m->self = must(calloc(1, sizeof(struct fake_mirror)));
	m->ops = &ops;
	return m;
}

void
fake_mirror_free(struct mirror *m)
{
	struct fake_mirror *self;

	if (!m)
		return;
	self = m->self;
	for (size_t i = 0; i < self->live.n; i++)
		row_fini(&self->live.rows[i]);
	for (size_t i = 0; i < self->buffered.n; i++)
		row_fini(&self->buffered.rows[i]);
	for (size_t i = 0; i < self->n_notes; i++) {
		free(self->note_names[i]);
		free(self->notes[i]);
	}
	free(self);
	free(m);
}

void
fake_mirror_break(struct mirror *m, int n)
{
	((struct fake_mirror *)m->self)->break_in = n;
}

size_t
fake_mirror_count(const struct mirror *m, const char *entity)
{
	const struct fake_mirror *self = m->self;
	size_t n = 0;

	for (size_t i = 0; i < self->live.n; i++)
		n += strcmp(self->live.rows[i].entity, entity) == 0;
	return n;
}

size_t
fake_mirror_writes(const struct mirror *m)
{
	return ((const struct fake_mirror *)m->self)->n_written;
}

bool
fake_mirror_note_is(const struct mirror *m, const char *name, const char *value)
{
	const struct fake_mirror *self = m->self;

	for (size_t i = 0; i < self->n_notes; i++)
		if (strcmp(self->note_names[i], name) == 0)
			return value && strcmp(self->notes[i], value) == 0;
	return !value;
}
