/* A mirror in memory: one list of rows, searched from end to end. */
#include "tests/support/fake_mirror.h"

#include "gateway/base/err.h"
#include "gateway/base/fold.h"
#include "gateway/base/keyset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROWS_MAX = 20000,
	NOTES_MAX = 128,
	NAMES_MAX = 8,
	BATCH = 4, /* rows of a list that readers do not see yet */
};

struct row {
	char *entity;
	char *key;
	char *json;
	char *names[NAMES_MAX]; /* folded */
	size_t n_names;
	int64_t revision; /* 0: not numbered */
};

struct table {
	struct row rows[ROWS_MAX];
	size_t n;
};

/* The list under way. */
struct list {
	char *entity; /* NULL: none */
	unsigned kind;
	bool is_broken; /* since a call failed */
	struct row batch[BATCH];
	size_t n_batch;
	struct keyset seen;   /* keys of its rows, and live ones */
	struct keyset direct; /* keys written past it */
	struct mirror_tally tally;
};

struct fake_mirror {
	struct table live;
	char *note_names[NOTES_MAX];
	char *notes[NOTES_MAX];
	size_t n_notes;
	size_t n_written;
	struct list list;
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

static char *
fold(const char *name)
{
	struct buf b = BUF_INIT;

	fold_add(&b, name);
	return must(buf_steal(&b));
}

static struct row
make_row(const char *entity, const char *key, const char *json, size_t n_json,
         const char *const *names, size_t n_names)
{
	struct row row = { 0 };

	row.entity = must(text_dup(entity));
	row.key = must(text_dup(key));
	row.json = must(text_ndup(json, n_json));
	for (size_t i = 0; i < n_names; i++) {
		if (!names[i] || !names[i][0])
			continue;
		must(row.n_names < NAMES_MAX ? &row : NULL);
		row.names[row.n_names++] = fold(names[i]);
	}
	return row;
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
	char *folded = fold(name);
	bool found = false;

	for (size_t i = 0; i < row->n_names; i++)
		found = found || strcmp(row->names[i], folded) == 0;
	free(folded);
	return found;
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

/* ---- lists ---- */

static void
note_key(struct keyset *set, const char *key)
{
	must(keyset_add(set, key, strlen(key)) ? NULL : set);
}

static bool
has_key(const struct keyset *set, const char *key)
{
	return keyset_has(set, key, strlen(key));
}

static void
table_fini(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		row_fini(&t->rows[i]);
	t->n = 0;
}

static void
remove_at(struct table *t, size_t i)
{
	row_fini(&t->rows[i]);
	t->n--;
	memmove(&t->rows[i], &t->rows[i + 1], (t->n - i) * sizeof(t->rows[0]));
}

static bool
is_same(const struct row *a, const struct row *b)
{
	bool same = strcmp(a->json, b->json) == 0 && a->n_names == b->n_names &&
	            a->revision == b->revision;

	for (size_t i = 0; same && i < a->n_names; i++)
		same = strcmp(a->names[i], b->names[i]) == 0;
	return same;
}

/* Consumes row. True when it was, or would be, written. */
static bool
write_row(struct fake_mirror *m, struct row *row, bool is_dry)
{
	const struct row *old = find(&m->live, row->entity, row->key);
	bool differs = !old || !is_same(old, row);

	if (differs && !is_dry) {
		take(&m->live, row);
		m->n_written++;
	} else {
		row_fini(row);
	}
	return differs;
}

static void
write_batch(struct fake_mirror *m)
{
	struct list *l = &m->list;

	for (size_t i = 0; i < l->n_batch; i++) {
		struct row *row = &l->batch[i];

		if (has_key(&l->direct, row->key))
			row_fini(row);
		else
			l->tally.n_written +=
				write_row(m, row, l->kind & MIRROR_DRY);
	}
	l->n_batch = 0;
}

static void
list_abandon(void *self)
{
	struct list *l = &((struct fake_mirror *)self)->list;

	for (size_t i = 0; i < l->n_batch; i++)
		row_fini(&l->batch[i]);
	keyset_fini(&l->seen);
	keyset_fini(&l->direct);
	free(l->entity);
	l->entity = NULL;
	l->n_batch = 0;
	l->is_broken = false;
	l->tally = (struct mirror_tally){ 0 };
}

static int
list_begin(void *self, const char *entity, unsigned kind)
{
	struct fake_mirror *m = self;

	list_abandon(self);
	if (is_broken(m))
		return ERR_STORE;
	m->list.entity = must(text_dup(entity));
	m->list.kind = kind;
	return 0;
}

/* Once a list broke, it stays broken, whatever works again. */
static bool
is_list_broken(struct fake_mirror *m)
{
	must(m->list.entity); /* a call without a list */
	if (is_broken(m))
		m->list.is_broken = true;
	return m->list.is_broken;
}

static int
list_put(void *self, const struct mirror_row *row)
{
	struct fake_mirror *m = self;
	struct list *l = &m->list;

	if (is_list_broken(m))
		return ERR_STORE;
	l->tally.n_seen++;
	note_key(&l->seen, row->key);
	if (l->n_batch == BATCH)
		write_batch(m);
	l->batch[l->n_batch] = make_row(l->entity, row->key, row->json,
	                                row->n_json, row->names, row->n_names);
	l->batch[l->n_batch++].revision = row->revision;
	return 0;
}

static void
sweep(struct fake_mirror *m)
{
	struct list *l = &m->list;
	struct table *t = &m->live;

	for (size_t i = t->n; i-- > 0;) {
		if (strcmp(t->rows[i].entity, l->entity) != 0 ||
		    has_key(&l->seen, t->rows[i].key))
			continue;
		l->tally.n_gone++;
		if (!(l->kind & MIRROR_DRY))
			remove_at(t, i);
	}
}

static void
list_spare(void *self)
{
	struct fake_mirror *m = self;

	m->list.kind &= ~(unsigned)MIRROR_WHOLE;
}

static int
list_end(void *self, struct mirror_tally *out, const char *note_name,
         const char *note)
{
	struct fake_mirror *m = self;
	struct list *l = &m->list;

	if (is_list_broken(m)) {
		list_abandon(self);
		return ERR_STORE;
	}
	if ((l->kind & MIRROR_WHOLE) &&
	    (l->tally.n_seen || (l->kind & MIRROR_ANEW)))
		sweep(m);
	write_batch(m);
	if (note_name && !(l->kind & MIRROR_DRY))
		set_note(m, note_name, note);
	*out = l->tally;
	list_abandon(self);
	return 0;
}

static int
put_now(void *self, const char *entity, const struct mirror_row *from)
{
	struct fake_mirror *m = self;
	struct list *l = &m->list;
	struct row row;

	if (is_broken(m))
		return ERR_STORE;
	if (l->entity && strcmp(l->entity, entity) == 0) {
		note_key(&l->seen, from->key);
		note_key(&l->direct, from->key);
	}
	row = make_row(entity, from->key, from->json, from->n_json, from->names,
	               from->n_names);
	row.revision = from->revision;
	(void)write_row(m, &row, false);
	return 0;
}

/* ---- reading lists ---- */

static int
count(void *self, int64_t *out, const char *entity)
{
	struct fake_mirror *m = self;

	if (is_broken(m))
		return ERR_STORE;
	*out = 0;
	for (size_t i = 0; i < m->live.n; i++)
		*out += strcmp(m->live.rows[i].entity, entity) == 0;
	return 0;
}

static int
each_named(void *self, const char *entity, const char *name,
           int (*visit)(void *ctx, const char *key, const char *json, size_t n),
           void *ctx)
{
	struct fake_mirror *m = self;
	int r = 0;

	if (is_broken(m))
		return ERR_STORE;
	for (size_t i = 0; i < m->live.n && !r; i++) {
		const struct row *row = &m->live.rows[i];

		if (strcmp(row->entity, entity) == 0 && has_name(row, name))
			r = visit(ctx, row->key, row->json, strlen(row->json));
	}
	return r;
}

/* The first row of the entity after a revision and key; NULL: none. */
static const struct row *
next_row(const struct fake_mirror *m, const char *entity, int64_t revision,
         const char *key)
{
	const struct row *best = NULL;

	for (size_t i = 0; i < m->live.n; i++) {
		const struct row *row = &m->live.rows[i];

		if (strcmp(row->entity, entity) != 0 ||
		    row->revision < revision ||
		    (row->revision == revision && strcmp(row->key, key) <= 0))
			continue;
		if (!best || row->revision < best->revision ||
		    (row->revision == best->revision &&
		     strcmp(row->key, best->key) < 0))
			best = row;
	}
	return best;
}

static int
each_since(void *self, const char *entity, int64_t after, int64_t up_to,
           int (*visit)(void *ctx, const char *key, const char *json, size_t n),
           void *ctx)
{
	struct fake_mirror *m = self;
	char *key = must(text_dup("\xff"));
	const struct row *row;
	int r = is_broken(m) ? ERR_STORE : 0;

	while (!r && (row = next_row(m, entity, after, key)) &&
	       row->revision <= up_to) {
		after = row->revision;
		free(key);
		key = must(text_dup(row->key));
		r = visit(ctx, key, row->json, strlen(row->json));
	}
	free(key);
	return r;
}

static int
top_revision(void *self, int64_t *out, const char *entity)
{
	struct fake_mirror *m = self;

	if (is_broken(m))
		return ERR_STORE;
	*out = 0;
	for (size_t i = 0; i < m->live.n; i++)
		if (strcmp(m->live.rows[i].entity, entity) == 0 &&
		    m->live.rows[i].revision > *out)
			*out = m->live.rows[i].revision;
	return 0;
}

static const struct mirror_ops ops = {
	.get = get,
	.find_name = find_name,
	.each = each,
	.note_get = note_get,
	.note_set = note_set,
	.list_begin = list_begin,
	.list_put = list_put,
	.list_spare = list_spare,
	.list_end = list_end,
	.list_abandon = list_abandon,
	.put_now = put_now,
	.count = count,
	.each_named = each_named,
	.each_since = each_since,
	.top_revision = top_revision,
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
	list_abandon(self);
	table_fini(&self->live);
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
