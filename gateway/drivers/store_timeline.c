/*
 * Timelines: list line:SKU, oldest first, expires a week after the last line.
 *
 * Invariant: nothing here fails anybody's work. Lines wait in the memory of
 * the connection's thread; when Redis is away they are forgotten.
 */
#include "gateway/drivers/store_timeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_internal.h"

enum {
	WAIT_MS = 250,     /* so that what goes on now is not held up */
	WAITING_MAX = 500, /* lines; one script stays short */
	LOOK_BACK = 64,    /* for the same line: a burst of calls is one */
};

struct waiting {
	char *sku; /* owned */
	struct timeline_line line;
};

struct store_timeline {
	struct waiting v[WAITING_MAX];
	size_t n;
	int64_t since_mono_ms; /* of the oldest */
};

/*
 * ARGV: most lines, seconds to live, then sku, line. A line that says the same
 * as the last one is counted there: `AT+PAST*N`.
 */
static const char add_script[] =
	"local P, call = KEYS[1], redis.call\n"
	"local function parts(line)\n"
	"  local head, rest = line:match('^(%S+) (.*)$')\n"
	"  local at, past, n = (head or ''):match('^(%d+)%+(%-?%d+)%*(%d+)$')\n"
	"  return rest, tonumber(at or head), tonumber(past or 0),\n"
	"         tonumber(n or 1)\n"
	"end\n"
	"for i = 3, #ARGV, 2 do\n"
	"  local k, line = P..'line:'..ARGV[i], ARGV[i + 1]\n"
	"  local rest, at, past, n = parts(line)\n"
	"  local last = call('LINDEX', k, -1)\n"
	"  local orest, oat, opast, on = parts(last or '')\n"
	"  if last and orest == rest and oat then\n"
	"    call('LSET', k, -1, string.format('%.0f+%.0f*%.0f %s', oat,\n"
	"      math.max(opast, at + past - oat), on + n, rest))\n"
	"  else\n"
	"    if call('RPUSH', k, line) > tonumber(ARGV[1]) then\n"
	"      call('LTRIM', k, -ARGV[1], -1) end\n"
	"  end\n"
	"  call('EXPIRE', k, ARGV[2])\n"
	"end\n"
	"return 1\n";

static void
forget(struct store_timeline *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].sku);
	t->n = 0;
}

void
store_timeline_free(struct store_timeline *t)
{
	if (t)
		forget(t);
	free(t);
}

void
store_timeline_flush(struct store *store)
{
	struct store_timeline *t = *store_timeline_of(store);
	struct buf text = BUF_INIT;
	struct args a = { 0 };

	if (!t || !t->n)
		return;
	args_addi(&a, TIMELINE_LINES_MAX);
	args_addi(&a, INT64_C(7) * 24 * 3600);
	for (size_t i = 0; i < t->n; i++) {
		buf_reset(&text);
		timeline_line_format(&text, &t->v[i].line);
		args_adds(&a, t->v[i].sku);
		args_adds(&a, buf_text(&text));
	}
	(void)store_eval_int(store, NULL, SCRIPT_TIMELINE, add_script, &a);
	buf_fini(&text);
	forget(t);
}

int64_t
store_timeline_settle(struct store *store)
{
	const struct store_timeline *t = *store_timeline_of(store);
	int64_t age;

	if (!t || !t->n)
		return 0;
	age = clock_mono_ms() - t->since_mono_ms;
	if (age < WAIT_MS)
		return WAIT_MS - age;
	store_timeline_flush(store);
	return 0;
}

/* The same line of the same item, if it was noted a moment ago and nothing
   else of the item since. */
static struct timeline_line *
find_same(struct store_timeline *t, const char *sku,
          const struct timeline_line *line)
{
	for (size_t i = t->n; i && t->n - i < LOOK_BACK; i--) {
		struct waiting *w = &t->v[i - 1];

		if (!strcmp(w->sku, sku))
			return timeline_line_is_same(&w->line, line) ? &w->line
			                                             : NULL;
	}
	return NULL;
}

static void
add(struct store *store, const char *sku, const struct timeline_line *line)
{
	struct store_timeline **at = store_timeline_of(store);
	struct store_timeline *t = *at ? *at : calloc(1, sizeof(*t));
	struct timeline_line *same;
	char *name;

	*at = t;
	if (!t)
		return;
	same = find_same(t, sku, line);
	if (same) {
		same->n++;
		same->last_ms = line->at_ms;
		return;
	}
	if (t->n == WAITING_MAX)
		store_timeline_flush(store);
	name = text_dup(sku);
	if (!name)
		return;
	if (!t->n)
		t->since_mono_ms = clock_mono_ms();
	t->v[t->n++] = (struct waiting){ name, *line };
}

void
store_timeline_add(struct store *store, const char *sku, int64_t at_ms,
                   enum timeline_kind kind, const char *account,
                   const char *format, ...)
{
	struct timeline_line line;
	char text[2 * TIMELINE_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	timeline_line_set(&line, at_ms, kind, account, text);
	add(store, sku, &line);
}

static const char *
decision_name(enum dead_action action)
{
	switch (action) {
	case DEAD_RETRY: return "to be posted again, a person says";
	case DEAD_CONFIRM: return "is there, a person says";
	case DEAD_DROP: return "dropped by a person: it is never posted";
	}
	return "";
}

void
store_timeline_decided(struct store *store, const char *entry,
                       enum dead_action action)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	const char *lines;

	args_adds(&a, "HMGET");
	args_add_key(&a, store, "entry:", entry);
	args_adds(&a, "lines");
	args_adds(&a, "authority");
	if (store_call(store, &reply, &a))
		return;
	lines = reply_text(reply_at(reply, 0));
	while (*lines) {
		size_t n = strcspn(lines, "\n");
		char *sku = text_ndup(lines, strcspn(lines, "\t"));

		if (sku)
			store_timeline_add(
				store, sku, clock_wall_ms(), TIMELINE_ENTRY,
				reply_text(reply_at(reply, 1)), "%s %s", entry,
				decision_name(action));
		free(sku);
		lines += n + (lines[n] == '\n');
	}
	freeReplyObject(reply);
	store_timeline_flush(store);
}

int
store_timeline_read(struct store *store, struct timeline_line **out, size_t *n,
                    const char *sku)
{
	struct args a = { 0 };
	redisReply *reply = NULL;
	struct timeline_line *lines;
	size_t found = 0;
	int r;

	args_adds(&a, "LRANGE");
	args_add_key(&a, store, "line:", sku);
	args_adds(&a, "0");
	args_adds(&a, "-1");
	r = store_call(store, &reply, &a);
	if (r)
		return r;
	lines = calloc(reply_n(reply) + 1, sizeof(*lines));
	for (size_t i = 0; lines && i < reply_n(reply); i++)
		if (!timeline_line_parse(&lines[found],
		                         reply_text(reply_at(reply, i))))
			found++;
	freeReplyObject(reply);
	if (!lines)
		return err_raise(ERR_NOMEM, "why=%s", "timeline");
	timeline_sort(lines, found);
	*out = lines;
	*n = found;
	return 0;
}
