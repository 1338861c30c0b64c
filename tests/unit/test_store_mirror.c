/*
 * An account's tables in Redis.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/err.h"
#include "gateway/drivers/store_mirror.h"
#include "tests/support/store_world.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store_world *world;
static struct store_mirror *keeper;
static struct mirror *m;

static int
begin(void **state)
{
	world = *state;
	store_world_flush(world);
	if (store_mirror_new(&keeper, world->store, "erp"))
		return -1;
	m = store_mirror_port(keeper);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	store_mirror_free(keeper);
	return 0;
}

static void
assert_row(const char *key, const char *json)
{
	struct buf out = BUF_INIT;

	assert_int_equal(mirror_get(m, &out, "items", key),
	                 json ? 0 : MIRROR_ABSENT);
	assert_string_equal(buf_text(&out), json ? json : "");
	buf_fini(&out);
}

static void
assert_name(const char *name, int expected, const char *key)
{
	struct buf out = BUF_INIT;

	assert_int_equal(mirror_find_name(m, &out, "items", name), expected);
	if (!expected)
		assert_string_equal(buf_text(&out), key);
	buf_fini(&out);
}

static void
assert_note(const char *name, const char *value)
{
	struct buf out = BUF_INIT;

	assert_int_equal(mirror_note_get(m, &out, name),
	                 value ? 0 : MIRROR_ABSENT);
	assert_string_equal(buf_text(&out), value ? value : "");
	buf_fini(&out);
}

static int
count_row(void *ctx, const char *key, const char *json, size_t n)
{
	assert_non_null(key);
	assert_int_equal(strlen(json), n);
	++*(int *)ctx;
	return 0;
}

static void
test_store_mirror__notes_are_per_account(void **state)
{
	struct store_mirror *other = NULL;
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(mirror_note_set(m, "a", "1"), 0);
	assert_int_equal(store_mirror_new(&other, world->store, "agora"), 0);
	assert_int_equal(mirror_note_get(store_mirror_port(other), &out, "a"),
	                 MIRROR_ABSENT);
	store_mirror_free(other);
	buf_fini(&out);
	assert_note("a", "1");
}

/* ---- lists ---- */

static void
list_begin(unsigned kind)
{
	assert_int_equal(mirror_list_begin(m, "items", kind), 0);
}

static struct mirror_row
row_of(const char *key, const char *json, const char *const *names,
       size_t n_names, int64_t revision)
{
	return (struct mirror_row){ .key = key,
		                    .json = json,
		                    .n_json = strlen(json),
		                    .names = names,
		                    .n_names = n_names,
		                    .revision = revision };
}

/* name NULL: a row without any. */
static void
list_row(const char *key, const char *json, const char *name, int64_t revision)
{
	struct mirror_row row =
		row_of(key, json, &name, name ? 1 : 0, revision);

	assert_int_equal(mirror_list_put(m, &row), 0);
}

static void
row_now(const char *key, const char *json, const char *name, int64_t revision)
{
	struct mirror_row row =
		row_of(key, json, &name, name ? 1 : 0, revision);

	assert_int_equal(mirror_put_now(m, "items", &row), 0);
}

static void
list_end(int64_t n_seen, int64_t n_written, int64_t n_gone, const char *note)
{
	struct mirror_tally tally = { -1, -1, -1 };

	assert_int_equal(
		mirror_list_end(m, &tally, note ? "cursor" : NULL, note), 0);
	assert_int_equal(tally.n_seen, n_seen);
	assert_int_equal(tally.n_written, n_written);
	assert_int_equal(tally.n_gone, n_gone);
}

/* Rows K0, K1, … of a whole list, with a name each and a revision. */
static void
list_many(int n, const char *json)
{
	char key[16];

	for (int i = 0; i < n; i++) {
		(void)snprintf(key, sizeof(key), "K%d", i);
		list_row(key, json, key, i + 1);
	}
}

static int64_t
count_rows(void)
{
	int64_t n = -1;

	assert_int_equal(mirror_count(m, &n, "items"), 0);
	return n;
}

/* What Redis has been made to change so far. */
static long
count_changes(void)
{
	const char *info = store_world_say(world, "INFO persistence");
	const char *field = strstr(info, "rdb_changes_since_last_save:");

	assert_non_null(field);
	return strtol(strchr(field, ':') + 1, NULL, 10);
}

static void
test_store_mirror__a_list_is_there_at_its_end_with_names_and_note(void **state)
{
	const char *names[] = { "Code-1", NULL, "", "Κρασί\nΕρυθρό" };
	struct mirror_row row = row_of("K1", "{\"a\":1.50}", names, 4, 7);

	(void)state;
	list_begin(MIRROR_PART);
	assert_int_equal(mirror_list_put(m, &row), 0);
	list_row("K2", "{}", NULL, 0);
	assert_note("cursor", NULL);
	list_end(2, 2, 0, "7");
	assert_note("cursor", "7");
	assert_row("K1", "{\"a\":1.50}");
	assert_row("K2", "{}");
	assert_name("CODE-1", 0, "K1");
	assert_name("ΚΡΑΣΊ ερυθρό", 0, "K1");
	assert_name("", MIRROR_ABSENT, NULL);
	assert_int_equal(count_rows(), 2);
	/* Small, and whole: what is gone is found in it. */
	assert_string_equal(store_world_say(world, "HLEN test:alias:erp:items"),
	                    "2");
}

static void
test_store_mirror__a_repeated_list_writes_nothing_at_all(void **state)
{
	long before;

	(void)state;
	list_begin(MIRROR_WHOLE);
	list_many(1000, "{\"a\":1}");
	list_row("unnamed", "{}", NULL, 0);
	list_end(1001, 1001, 0, "9");
	before = count_changes();
	list_begin(MIRROR_WHOLE);
	list_many(1000, "{\"a\":1}");
	list_row("unnamed", "{}", NULL, 0);
	list_end(1001, 0, 0, "9");
	row_now("K1", "{\"a\":1}", "K1", 2);
	assert_int_equal(count_changes(), before);
	list_begin(MIRROR_PART);
	list_row("K1", "{\"a\":2}", "K1", 2);
	list_end(1, 1, 0, "9");
	assert_int_equal(count_changes(), before + 1);
}

static void
test_store_mirror__a_name_of_two_rows_is_ambiguous(void **state)
{
	(void)state;
	list_begin(MIRROR_PART);
	list_row("K1", "{}", "same", 0);
	list_row("K2", "{}", "SAME", 0);
	list_end(2, 2, 0, NULL);
	assert_name("same", MIRROR_AMBIGUOUS, NULL);
}

static void
test_store_mirror__rows_are_seen_as_batches_are_written(void **state)
{
	int visited = 0;

	(void)state;
	list_begin(MIRROR_PART);
	list_many(2500, "{}");
	row_now("live", "{}", NULL, 0); /* waits for what is on its way */
	assert_int_equal(count_rows(), 2401);
	assert_int_equal(mirror_each(m, "items", count_row, &visited), 0);
	assert_int_equal(visited, 2401);
	list_end(2500, 2500, 0, NULL);
	assert_int_equal(count_rows(), 2501);
}

static void
test_store_mirror__names_and_revision_follow_their_row(void **state)
{
	int64_t top = -1;

	(void)state;
	list_begin(MIRROR_PART);
	list_row("K1", "{}", "old", 5);
	list_end(1, 1, 0, NULL);
	list_begin(MIRROR_PART);
	list_row("K1", "{}", "new", 6);
	list_end(1, 1, 0, NULL);
	assert_name("old", MIRROR_ABSENT, NULL);
	assert_name("new", 0, "K1");
	assert_int_equal(mirror_top_revision(m, &top, "items"), 0);
	assert_int_equal(top, 6);
	list_begin(MIRROR_PART);
	list_row("K1", "{}", NULL, 0);
	list_end(1, 1, 0, NULL);
	assert_name("new", MIRROR_ABSENT, NULL);
	assert_int_equal(mirror_top_revision(m, &top, "items"), 0);
	assert_int_equal(top, 0);
}

static void
test_store_mirror__a_whole_list_removes_what_it_lacks_without_trace(
	void **state)
{
	(void)state;
	list_begin(MIRROR_WHOLE);
	list_many(2500, "{}");
	list_row("plain", "{}", NULL, 0);
	list_end(2501, 2501, 0, NULL);
	list_begin(MIRROR_WHOLE);
	list_row("K7", "{}", "K7", 8);
	list_end(1, 0, 2500, "1");
	assert_int_equal(count_rows(), 1);
	assert_row("K7", "{}");
	assert_row("plain", NULL);
	assert_name("k8", MIRROR_ABSENT, NULL);
	assert_note("cursor", "1");
	assert_string_equal(
		store_world_say(world, "HKEYS test:alias:erp:items"), "K7");
	assert_string_equal(
		store_world_say(world, "ZRANGE test:names:erp:items 0 -1"),
		"k7\nK7");
	assert_string_equal(
		store_world_say(world, "ZRANGE test:revs:erp:items 0 -1"),
		"K7");
}

static void
test_store_mirror__a_part_and_an_empty_whole_list_remove_nothing(void **state)
{
	(void)state;
	list_begin(MIRROR_WHOLE);
	list_many(3, "{}");
	list_end(3, 3, 0, NULL);
	list_begin(MIRROR_PART);
	list_row("K1", "{}", "K1", 2);
	list_end(1, 0, 0, NULL);
	list_begin(MIRROR_WHOLE);
	list_end(0, 0, 0, "2");
	assert_int_equal(count_rows(), 3);
	assert_note("cursor", "2");
}

static void
test_store_mirror__a_whole_list_finds_rows_kept_without_names(void **state)
{
	(void)state;
	/* As a version before this one wrote rows without names. */
	(void)store_world_say(world, "HSET test:mirror:erp:items old {} K0 {}");
	list_begin(MIRROR_WHOLE);
	list_row("K0", "{}", "K0", 1);
	list_end(1, 1, 1, NULL);
	assert_row("old", NULL);
	assert_row("K0", "{}");
}

static void
test_store_mirror__a_dry_list_counts_and_writes_nothing(void **state)
{
	long before;

	(void)state;
	list_begin(MIRROR_WHOLE);
	list_many(600, "{}");
	list_end(600, 600, 0, "1");
	before = count_changes();
	list_begin(MIRROR_WHOLE | MIRROR_DRY);
	list_row("K0", "{}", "K0", 1);
	list_row("K1", "{\"new\":1}", "K1", 2);
	list_row("fresh", "{}", NULL, 0);
	list_end(3, 2, 598, "2");
	assert_int_equal(count_changes(), before);
	assert_note("cursor", "1");
	assert_int_equal(count_rows(), 600);
}

static void
test_store_mirror__an_abandoned_list_removes_nothing_and_moves_no_note(
	void **state)
{
	(void)state;
	mirror_list_abandon(m);
	list_begin(MIRROR_WHOLE);
	list_many(3, "{}");
	list_end(3, 3, 0, "1");
	list_begin(MIRROR_WHOLE);
	list_row("K1", "{}", "K1", 2);
	mirror_list_abandon(m);
	assert_int_equal(count_rows(), 3);
	list_begin(MIRROR_WHOLE); /* nothing is left of the one before */
	list_row("K2", "{}", "K2", 3);
	list_end(1, 0, 2, NULL);
	assert_row("K1", NULL);
	assert_note("cursor", "1");
}

static void
test_store_mirror__of_two_rows_with_one_key_the_later_counts(void **state)
{
	(void)state;
	list_begin(MIRROR_PART);
	list_row("K1", "{\"a\":1}", "first", 5);
	list_row("K1", "{\"a\":2}", "second", 4);
	list_end(2, 1, 0, NULL);
	assert_row("K1", "{\"a\":2}");
	assert_name("first", MIRROR_ABSENT, NULL);
	assert_name("second", 0, "K1");
}

/* More members than one command may have. */
static void
test_store_mirror__rows_with_very_many_names_are_written(void **state)
{
	static char texts[3000][16];
	static const char *names[3000];
	struct mirror_row row = row_of("K1", "{}", names, 3000, 1);

	(void)state;
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "N%d", i);
		names[i] = texts[i];
	}
	list_begin(MIRROR_PART);
	for (int i = 0; i < 4; i++) {
		row.key = texts[i];
		assert_int_equal(mirror_list_put(m, &row), 0);
	}
	list_end(4, 4, 0, NULL);
	assert_string_equal(
		store_world_say(world, "ZCARD test:names:erp:items"), "12000");
}

/* ---- a list that breaks ---- */

static void
break_connections(void)
{
	(void)store_world_say(world, "CLIENT KILL TYPE normal");
	(void)store_ping(world->store, NULL);
	assert_int_equal(store_ping(world->store, NULL), 0);
}

static void
test_store_mirror__a_lost_connection_leaves_cursor_and_old_rows(void **state)
{
	static const char json[] = "{\"new\":1}";
	struct mirror_tally tally = { -1, -1, -1 };
	struct mirror_row row = row_of("K1", json, NULL, 0, 0);

	(void)state;
	list_begin(MIRROR_WHOLE);
	list_many(5, "{}");
	list_row("old", "{}", NULL, 0);
	list_end(6, 6, 0, "1");
	/* Batches of 400 rows: lost after the first, and before the end. */
	for (int n = 450; n <= 850; n += 400) {
		list_begin(MIRROR_WHOLE);
		list_many(n, json);
		break_connections();
		assert_int_equal(mirror_list_end(m, &tally, "cursor", "2"),
		                 ERR_STORE);
		assert_int_equal(tally.n_seen, -1);
		assert_note("cursor", "1");
		assert_row("old", "{}");
	}
	list_begin(MIRROR_WHOLE);
	list_many(850, json);
	break_connections();
	for (int i = 0, r = 0; i < 1200; i++) {
		int now = mirror_list_put(m, &row);

		assert_true(now == r || now == ERR_STORE);
		r = now; /* once broken, always broken */
	}
	assert_int_equal(mirror_list_put(m, &row), ERR_STORE);
	assert_int_equal(mirror_list_end(m, &tally, "cursor", "2"), ERR_STORE);
	assert_note("cursor", "1");
	assert_row("old", "{}");
	list_begin(MIRROR_WHOLE);
	list_many(5, json);
	assert_int_equal(mirror_list_end(m, &tally, "cursor", "3"), 0);
	assert_note("cursor", "3");
	assert_row("old", NULL);
}

static void
test_store_mirror__a_batch_that_is_refused_leaves_cursor_and_old_rows(
	void **state)
{
	struct mirror_tally tally;

	(void)state;
	list_begin(MIRROR_WHOLE);
	list_row("old", "{}", "old", 0);
	list_end(1, 1, 0, "1");
	(void)store_world_say(world, "RENAME test:names:erp:items aside");
	(void)store_world_say(world, "SET test:names:erp:items x");
	list_begin(MIRROR_WHOLE);
	list_many(450, "{}"); /* one batch, and rows that come with the note */
	assert_int_equal(mirror_list_end(m, &tally, "cursor", "2"), ERR_STORE);
	(void)store_world_say(world, "RENAME aside test:names:erp:items");
	assert_note("cursor", "1");
	assert_row("old", "{}");
}

/* ---- live rows ---- */

static void
test_store_mirror__a_live_row_wins_over_the_list_around_it(void **state)
{
	(void)state;
	list_begin(MIRROR_WHOLE);
	list_row("buffered", "{\"old\":1}", "old1", 1);
	row_now("buffered", "{\"live\":1}", "live1", 11);
	assert_row("buffered", "{\"live\":1}");
	row_now("later", "{\"live\":2}", "live2", 12);
	row_now("lacking", "{\"live\":3}", "live3", 13);
	list_row("later", "{\"old\":2}", "old2", 2);
	list_row("plain", "{}", NULL, 0);
	list_end(3, 1, 0, NULL);
	assert_row("buffered", "{\"live\":1}");
	assert_row("later", "{\"live\":2}");
	assert_row("lacking", "{\"live\":3}");
	assert_name("live1", 0, "buffered");
	assert_name("old1", MIRROR_ABSENT, NULL);
	assert_name("old2", MIRROR_ABSENT, NULL);
	/* Of this list only: the next one is newer. */
	list_begin(MIRROR_WHOLE);
	list_row("later", "{\"newer\":2}", "live2", 14);
	list_end(1, 1, 3, NULL);
	assert_row("later", "{\"newer\":2}");
}

static void
test_store_mirror__a_live_row_waits_for_batches_on_their_way(void **state)
{
	static char json[64 * 1024];

	(void)state;
	memset(json, ' ', sizeof(json) - 1);
	memcpy(json, "{}", 2);
	for (int round = 0; round < 20; round++) {
		list_begin(MIRROR_PART);
		/* Nine rows are a batch; the ninth has just been sent. */
		json[2] = (char)(round % 2 ? ' ' : '\t');
		for (int i = 0; i < 9; i++) {
			char key[16];

			(void)snprintf(key, sizeof(key), "K%d", i);
			list_row(key, json, key, 1);
		}
		row_now("K8", "{\"live\":1}", "K8", 2);
		row_now("K7", "{\"live\":1}", "K7", 2);
		mirror_list_abandon(m);
		assert_row("K8", "{\"live\":1}");
		assert_row("K7", "{\"live\":1}");
	}
}

static void
test_store_mirror__a_live_row_of_another_table_is_none_of_the_list(void **state)
{
	struct mirror_row row = row_of("K1", "{\"x\":1}", NULL, 0, 0);

	(void)state;
	list_begin(MIRROR_PART);
	assert_int_equal(mirror_put_now(m, "customers", &row), 0);
	list_row("K1", "{\"a\":1}", NULL, 0);
	list_end(1, 1, 0, NULL);
	assert_row("K1", "{\"a\":1}");
}

/* The worker lives on while the list's own connection is gone. */
static void
test_store_mirror__a_live_row_is_written_though_the_list_is_lost(void **state)
{
	struct mirror_tally tally;

	(void)state;
	list_begin(MIRROR_PART);
	list_many(450, "{}");
	break_connections();
	row_now("live", "{}", NULL, 0);
	assert_row("live", "{}");
	assert_int_equal(mirror_list_end(m, &tally, "cursor", "1"), ERR_STORE);
	assert_note("cursor", NULL);
}

/* ---- reading ---- */

/* Keys visited, in order; stops with 9 after `left` of them. */
struct visits {
	struct buf keys;
	int left; /* < 0: all */
};

static int
note_key(void *ctx, const char *key, const char *json, size_t n)
{
	struct visits *v = ctx;

	assert_int_equal(strlen(json), n);
	buf_addf(&v->keys, "%s ", key);
	return --v->left == 0 ? 9 : 0;
}

static void
assert_since(int64_t after, int64_t up_to, const char *expected)
{
	struct visits v = { BUF_INIT, -1 };

	assert_int_equal(
		mirror_each_since(m, "items", after, up_to, note_key, &v), 0);
	assert_string_equal(buf_text(&v.keys), expected);
	buf_fini(&v.keys);
}

static void
test_store_mirror__rows_come_by_revision_then_key(void **state)
{
	struct visits v = { BUF_INIT, 2 };

	(void)state;
	assert_since(0, INT64_MAX, "");
	list_begin(MIRROR_PART);
	list_row("d", "{}", NULL, 3);
	list_row("b", "{}", NULL, 5);
	list_row("B", "{}", NULL, 5);
	list_row("β", "{}", NULL, 5);
	list_row("c", "{}", NULL, 4);
	list_row("e", "{}", NULL, 6);
	list_row("none", "{}", NULL, 0);
	list_end(7, 7, 0, NULL);
	assert_since(0, INT64_MAX, "d c B b β e ");
	assert_since(3, 5, "c B b β ");
	assert_since(5, 6, "e ");
	assert_since(6, 6, "");
	assert_since(2, 3, "d ");
	assert_int_equal(mirror_each_since(m, "items", 0, 9, note_key, &v), 9);
	assert_string_equal(buf_text(&v.keys), "d c ");
	buf_fini(&v.keys);
}

/* While it walks, some rows in hand and some behind it move to the end. */
struct walk {
	int n;
	int64_t top;
	bool is_seen[1000];
};

static int
move_rows(void *ctx, const char *key, const char *json, size_t n)
{
	struct walk *walk = ctx;
	long i = strtol(key + 1, NULL, 10);
	char before[32];

	(void)json;
	(void)n;
	assert_false(walk->is_seen[i]);
	walk->is_seen[i] = true;
	walk->n++;
	if (i % 3 == 0)
		row_now(key, "{\"moved\":1}", key, ++walk->top);
	(void)snprintf(before, sizeof(before), "K%03ld", i / 2);
	if (i % 5 == 0)
		row_now(before, "{\"moved\":2}", before, ++walk->top);
	return 0;
}

static void
test_store_mirror__no_row_is_skipped_while_others_move(void **state)
{
	struct walk walk = { .top = 10 };
	char key[16];

	(void)state;
	list_begin(MIRROR_PART);
	/* Half of them share one revision, so pages end among equals. */
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "K%03d", i);
		list_row(key, "{}", key, i < 500 ? 7 : 8);
	}
	list_end(1000, 1000, 0, NULL);
	assert_int_equal(mirror_each_since(m, "items", 0, 10, move_rows, &walk),
	                 0);
	assert_int_equal(walk.n, 1000);
}

static void
test_store_mirror__every_row_of_a_name_is_visited(void **state)
{
	struct visits v = { BUF_INIT, -1 };
	int n = 0;
	char key[16];

	(void)state;
	list_begin(MIRROR_PART);
	for (int i = 0; i < 450; i++) {
		(void)snprintf(key, sizeof(key), "K%d", i);
		list_row(key, "{}", "Όνομα", 0);
	}
	list_row("other", "{}", "όνομα2", 0);
	list_end(451, 451, 0, NULL);
	assert_int_equal(mirror_each_named(m, "items", "ΌΝΟΜΑ", count_row, &n),
	                 0);
	assert_int_equal(n, 450);
	assert_int_equal(mirror_each_named(m, "items", "ΌΝΟΜΑ2", note_key, &v),
	                 0);
	assert_string_equal(buf_text(&v.keys), "other ");
	v.left = 1;
	assert_int_equal(mirror_each_named(m, "items", "όνομα", note_key, &v),
	                 9);
	assert_int_equal(mirror_each_named(m, "items", "none", note_key, &v),
	                 0);
	buf_fini(&v.keys);
}

/* ---- memory ---- */

/* Bytes the process has asked for; 0 under a sanitizer, which has its own. */
static size_t
bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void
test_store_mirror__memory_does_not_grow_with_the_rows(void **state)
{
	static char json[1601];
	size_t before = bytes_in_use();
	size_t most = before;
	char key[40];

	(void)state;
	memset(json, 'x', 1600);
	list_begin(MIRROR_WHOLE);
	for (int i = 0; i < 50000; i++) {
		const char *name = key;
		struct mirror_row row;

		(void)snprintf(key, sizeof(key), "%08d-1111-4222-8333-%012d", i,
		               i);
		memcpy(json, key, strlen(key));
		row = row_of(key, json, &name, 1, i + 1);
		assert_int_equal(mirror_list_put(m, &row), 0);
		if (i % 100 == 0 && bytes_in_use() > most)
			most = bytes_in_use();
	}
	list_end(50000, 50000, 0, NULL);
	assert_in_range(most - before, 0, 8u << 20);
	assert_int_equal(count_rows(), 50000);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_store_mirror__notes_are_per_account),
		EACH(test_store_mirror__a_list_is_there_at_its_end_with_names_and_note),
		EACH(test_store_mirror__a_repeated_list_writes_nothing_at_all),
		EACH(test_store_mirror__a_name_of_two_rows_is_ambiguous),
		EACH(test_store_mirror__rows_are_seen_as_batches_are_written),
		EACH(test_store_mirror__names_and_revision_follow_their_row),
		EACH(test_store_mirror__a_whole_list_removes_what_it_lacks_without_trace),
		EACH(test_store_mirror__a_part_and_an_empty_whole_list_remove_nothing),
		EACH(test_store_mirror__a_whole_list_finds_rows_kept_without_names),
		EACH(test_store_mirror__a_dry_list_counts_and_writes_nothing),
		EACH(test_store_mirror__an_abandoned_list_removes_nothing_and_moves_no_note),
		EACH(test_store_mirror__of_two_rows_with_one_key_the_later_counts),
		EACH(test_store_mirror__rows_with_very_many_names_are_written),
		EACH(test_store_mirror__a_lost_connection_leaves_cursor_and_old_rows),
		EACH(test_store_mirror__a_batch_that_is_refused_leaves_cursor_and_old_rows),
		EACH(test_store_mirror__a_live_row_wins_over_the_list_around_it),
		EACH(test_store_mirror__a_live_row_waits_for_batches_on_their_way),
		EACH(test_store_mirror__a_live_row_of_another_table_is_none_of_the_list),
		EACH(test_store_mirror__a_live_row_is_written_though_the_list_is_lost),
		EACH(test_store_mirror__rows_come_by_revision_then_key),
		EACH(test_store_mirror__no_row_is_skipped_while_others_move),
		EACH(test_store_mirror__every_row_of_a_name_is_visited),
		EACH(test_store_mirror__memory_does_not_grow_with_the_rows),
	};

	return cmocka_run_group_tests(tests, store_world_setup,
	                              store_world_teardown);
}
