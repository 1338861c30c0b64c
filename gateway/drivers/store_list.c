/*
 * One list on its way into the mirror. The keys: store_mirror.c, STORE.md.
 *
 * What a list must not do when it breaks off is decided by order: rows first,
 * then what is gone, and the note with the last rows; each step only after the
 * answers of the one before. Which keys the list had is remembered here and
 * not in Redis, because a list that broke off has no use for it.
 */
#include "gateway/drivers/store_list.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/err.h"
#include "gateway/base/fold.h"
#include "gateway/base/keyset.h"
#include "gateway/drivers/store_internal.h"

enum {
	BATCH_ROWS = 400,
	BATCH_BYTES = 512 * 1024,
	IN_FLIGHT_MAX = 2, /* batches sent and not answered */
	SCAN_COUNT = 1000,
};

/* A row in arguments of the script. */
enum { ROW_KEY, ROW_JSON, ROW_NAMES, ROW_REVISION, ROW_ARGS };

struct store_list {
	struct store *store; /* owned; carries nothing else */
	char *account;       /* owned */
	char *entity;        /* owned */
	unsigned kind;
	int result;       /* what broke it; 0: it goes on */
	struct args rows; /* the batch that fills up, ROW_ARGS each */
	size_t n_bytes;
	unsigned n_in_flight;
	struct keyset seen; /* of a whole list: what must not be removed */
	struct keyset live; /* written past the list */
	struct mirror_tally tally;
};

/*
 * ARGV: account, entity, "1" when dry, note name, note, then rows. A row that
 * is there word for word costs no write at all, nor does a note. One command
 * for all rows instead of one for each is twice as fast. Of two rows with one
 * key the later counts. The note comes last: what it covers is written.
 */
static const char list_script[] =
	"local P, call = KEYS[1], redis.call\n"
	"local id = ARGV[1]..':'..ARGV[2]\n"
	"local rows, alias = P..'mirror:'..id, P..'alias:'..id\n"
	"local names, revs = P..'names:'..id, P..'revs:'..id\n"
	"local function all(command, key, list)\n"
	"  for i = 1, #list, 1000 do\n"
	"    call(command, key, unpack(list, i, math.min(i + 999, #list)))\n"
	"  end\n"
	"end\n"
	"local function pair(list, a, b)\n"
	"  local n = #list\n"
	"  list[n + 1], list[n + 2] = a, b\n"
	"end\n"
	"local keys, at = {}, {}\n"
	"for i = 6, #ARGV, 4 do\n"
	"  local k = ARGV[i]\n"
	"  if not at[k] then keys[#keys + 1] = k end\n"
	"  at[k] = i\n"
	"end\n"
	"local json, was, old = {}, {}, {}\n"
	"if #keys > 0 then\n"
	"  json = call('HMGET', rows, unpack(keys))\n"
	"  was = call('HMGET', alias, unpack(keys))\n"
	"  old = call('ZMSCORE', revs, unpack(keys))\n"
	"end\n"
	"local set, named, lost, found, unset, moved = {}, {}, {}, {}, {}, {}\n"
	"local n = 0\n"
	"for j, k in ipairs(keys) do\n"
	"  local i = at[k]\n"
	"  local row, new, rev = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]\n"
	"  local is_same = json[j] == row\n"
	"  if not is_same then pair(set, k, row) end\n"
	"  if was[j] ~= new then\n"
	"    is_same = false\n"
	"    pair(named, k, new)\n"
	"    for name in (was[j] or ''):gmatch('[^\\n]+') do\n"
	"      lost[#lost + 1] = name..'\\n'..k end\n"
	"    for name in new:gmatch('[^\\n]+') do\n"
	"      pair(found, 0, name..'\\n'..k) end\n"
	"  end\n"
	"  if (old[j] or '0') ~= rev then\n"
	"    is_same = false\n"
	"    if rev == '0' then unset[#unset + 1] = k\n"
	"    else pair(moved, rev, k) end\n"
	"  end\n"
	"  if not is_same then n = n + 1 end\n"
	"end\n"
	"if ARGV[3] == '1' then return n end\n"
	"all('HSET', rows, set)\n"
	"all('HSET', alias, named)\n"
	"all('ZREM', names, lost)\n"
	"all('ZADD', names, found)\n"
	"all('ZREM', revs, unset)\n"
	"all('ZADD', revs, moved)\n"
	"local notes = P..'notes:'..ARGV[1]\n"
	"if ARGV[4] ~= '' and call('HGET', notes, ARGV[4]) ~= ARGV[5] then\n"
	"  call('HSET', notes, ARGV[4], ARGV[5]) end\n"
	"return n\n";

/* ARGV: account, entity, then keys of rows that are gone. */
static const char sweep_script[] =
	"local P, call = KEYS[1], redis.call\n"
	"local id = ARGV[1]..':'..ARGV[2]\n"
	"local n = 0\n"
	"for i = 3, #ARGV do\n"
	"  local k = ARGV[i]\n"
	"  local was = call('HGET', P..'alias:'..id, k) or ''\n"
	"  for name in was:gmatch('[^\\n]+') do\n"
	"    call('ZREM', P..'names:'..id, name..'\\n'..k) end\n"
	"  n = n + call('HDEL', P..'mirror:'..id, k)\n"
	"  call('HDEL', P..'alias:'..id, k)\n"
	"  call('ZREM', P..'revs:'..id, k)\n"
	"end\n"
	"return n\n";

/* ---- arguments ---- */

void
store_list_add_name(struct buf *out, const char *name)
{
	size_t from = out->n;

	fold_add(out, name);
	for (size_t i = from; !buf_check(out) && i < out->n; i++)
		if (out->p[i] == '\n')
			out->p[i] = ' ';
}

/* Names one a line. */
static void
add_names(struct args *a, const struct mirror_row *row)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < row->n_names; i++) {
		if (!row->names[i] || !row->names[i][0])
			continue;
		store_list_add_name(&b, row->names[i]);
		buf_addc(&b, '\n');
	}
	a->is_broken |= b.is_broken;
	args_adds(a, buf_text(&b));
	buf_fini(&b);
}

static void
add_row(struct args *a, const struct mirror_row *row)
{
	args_adds(a, row->key);
	args_add(a, row->json, row->n_json);
	add_names(a, row);
	args_addi(a, row->revision);
}

static void
begin_args(struct args *a, const char *account, const char *entity, bool is_dry,
           const char *note_name, const char *note)
{
	args_adds(a, account);
	args_adds(a, entity);
	args_adds(a, is_dry ? "1" : "0");
	args_adds(a, is_dry ? NULL : note_name);
	args_adds(a, note);
}

static bool
is_dry(const struct store_list *l)
{
	return l->kind & MIRROR_DRY;
}

/*
 * The batch as arguments of the script, without rows that were written past
 * the list since they were put. The batch is empty afterwards.
 */
static void
take_batch(struct store_list *l, struct args *a, const char *note_name,
           const char *note)
{
	begin_args(a, l->account, l->entity, is_dry(l), note_name, note);
	for (size_t i = 0; i + ROW_ARGS <= l->rows.n; i += ROW_ARGS) {
		if (keyset_has(&l->live, l->rows.v[i + ROW_KEY],
		               l->rows.len[i + ROW_KEY]))
			continue;
		for (size_t j = i; j < i + ROW_ARGS; j++)
			args_add(a, l->rows.v[j], l->rows.len[j]);
	}
	a->is_broken |= l->rows.is_broken;
	args_fini(&l->rows);
	l->n_bytes = 0;
}

/* ---- batches ---- */

/* Take answers until no more than `left` batches are on their way. */
static int
collect(struct store_list *l, unsigned left)
{
	while (!l->result && l->n_in_flight > left) {
		int64_t n = 0;

		l->result = store_eval_collect(l->store, &n);
		l->tally.n_written += n;
		l->n_in_flight--;
	}
	return l->result;
}

static int
send_batch(struct store_list *l)
{
	struct args a = { 0 };

	if (collect(l, IN_FLIGHT_MAX - 1))
		return l->result;
	take_batch(l, &a, NULL, NULL);
	l->result = store_eval_send(l->store, SCRIPT_LIST, list_script, &a);
	if (!l->result)
		l->n_in_flight++;
	return l->result;
}

/* The last rows, waited for, and the note with them. */
static int
finish_batches(struct store_list *l, const char *note_name, const char *note)
{
	struct args a = { 0 };
	int64_t n = 0;

	if (!l->rows.n && !note_name)
		return 0;
	take_batch(l, &a, note_name, note);
	l->result = store_eval_int(l->store, &n, SCRIPT_LIST, list_script, &a);
	l->tally.n_written += n;
	return l->result;
}

/* ---- what is gone ---- */

/*
 * The hash whose fields are the keys of all rows. That of the names is small;
 * but rows of a version that kept no names for rows without any are only in
 * their own.
 */
static int
choose_hash(struct store_list *l, struct buf *out)
{
	struct buf alias = BUF_INIT;
	int64_t n_rows = 0;
	int64_t n_alias = 0;
	int r;

	buf_addf(&alias, "alias:%s:%s", l->account, l->entity);
	buf_addf(out, "mirror:%s:%s", l->account, l->entity);
	r = store_count(l->store, &n_rows, "HLEN", buf_text(out), NULL);
	if (!r)
		r = store_count(l->store, &n_alias, "HLEN", buf_text(&alias),
		                NULL);
	if (!r && n_alias >= n_rows) {
		buf_reset(out);
		buf_adds(out, buf_text(&alias));
	}
	buf_fini(&alias);
	return r ? r : buf_check(out);
}

/* Remove the rows of a page whose keys the list lacks, or only count them. */
static int
sweep_page(struct store_list *l, const redisReply *page)
{
	struct args a = { 0 };
	int64_t n = 0;
	int r = 0;

	args_adds(&a, l->account);
	args_adds(&a, l->entity);
	for (size_t i = 0; !r && i < reply_n(page); i += 2) {
		const redisReply *key = page->element[i];

		if (keyset_has(&l->seen, key->str, key->len))
			continue;
		args_add(&a, key->str, key->len);
		/* HSCAN may show it again. */
		r = keyset_add(&l->seen, key->str, key->len);
		n++;
	}
	if (!r && n && !is_dry(l))
		r = store_eval_int(l->store, &n, SCRIPT_LIST_SWEEP,
		                   sweep_script, &a);
	args_fini(&a);
	if (!r)
		l->tally.n_gone += n;
	return r;
}

static int
sweep(struct store_list *l)
{
	struct buf hash = BUF_INIT;
	char cursor[32] = "0";
	int r = choose_hash(l, &hash);

	while (!r) {
		struct args a = { 0 };
		redisReply *reply = NULL;

		args_adds(&a, "HSCAN");
		args_add_key(&a, l->store, buf_text(&hash), NULL);
		args_adds(&a, cursor);
		args_adds(&a, "COUNT");
		args_addi(&a, SCAN_COUNT);
		r = store_call(l->store, &reply, &a);
		if (r)
			break;
		r = sweep_page(l, reply_at(reply, 1));
		(void)strncpy(cursor, reply_text(reply_at(reply, 0)),
		              sizeof(cursor) - 1);
		freeReplyObject(reply);
		if (!strcmp(cursor, "0"))
			break;
	}
	buf_fini(&hash);
	return r;
}

/* ---- public ---- */

int
store_list_new(struct store_list **out, const struct store_options *options,
               const char *account, const char *entity, unsigned kind)
{
	struct store_list *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_raise(ERR_NOMEM, "why=%s", "list");
	l->kind = kind;
	l->account = text_dup(account);
	l->entity = text_dup(entity);
	r = store_new(&l->store, options);
	if (!r && (!l->account || !l->entity))
		r = err_raise(ERR_NOMEM, "why=%s", "list");
	if (r)
		store_list_free(l);
	else
		*out = l;
	return r;
}

int
store_list_put(struct store_list *list, const struct mirror_row *row)
{
	if (list->result)
		return list->result;
	list->tally.n_seen++;
	if (list->kind & MIRROR_WHOLE)
		list->result =
			keyset_add(&list->seen, row->key, strlen(row->key));
	if (list->result)
		return list->result;
	add_row(&list->rows, row);
	if (list->rows.is_broken)
		list->result = err_raise(ERR_NOMEM, "why=%s", "mirror row");
	list->n_bytes += row->n_json;
	if (!list->result && (list->rows.n >= (size_t)BATCH_ROWS * ROW_ARGS ||
	                      list->n_bytes >= BATCH_BYTES))
		return send_batch(list);
	return list->result;
}

void
store_list_spare(struct store_list *list)
{
	list->kind &= ~(unsigned)MIRROR_WHOLE;
}

int
store_list_end(struct store_list *list, struct mirror_tally *out,
               const char *note_name, const char *note)
{
	if (!collect(list, 0) && (list->kind & MIRROR_WHOLE) &&
	    (list->tally.n_seen || (list->kind & MIRROR_ANEW)))
		list->result = sweep(list);
	if (!list->result)
		list->result = finish_batches(list, note_name, note);
	if (!list->result)
		*out = list->tally;
	return list->result;
}

int
store_list_yield(struct store_list *list, const char *entity, const char *key)
{
	size_t n = strlen(key);
	int r;

	if (strcmp(list->entity, entity) != 0)
		return 0;
	r = keyset_add(&list->live, key, n);
	if (!r)
		r = keyset_add(&list->seen, key, n);
	/* Trouble here is the list's, which has it from its next call. */
	(void)collect(list, 0);
	return r;
}

void
store_list_free(struct store_list *list)
{
	if (!list)
		return;
	store_free(list->store);
	args_fini(&list->rows);
	keyset_fini(&list->seen);
	keyset_fini(&list->live);
	free(list->account);
	free(list->entity);
	free(list);
}

int
store_list_write_row(struct store *store, const char *account,
                     const char *entity, const struct mirror_row *row)
{
	struct args a = { 0 };

	begin_args(&a, account, entity, false, NULL, NULL);
	add_row(&a, row);
	return store_eval_int(store, NULL, SCRIPT_LIST, list_script, &a);
}
