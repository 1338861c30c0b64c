/*
 * What is printed of a violation: seed and invariant, and then what happened
 * to the item or the sale in the order of time, our actions (marked --) among
 * the daemon's own lines.
 */
#include "tests/converge/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"

enum { NEEDLES_MAX = 64, LINES_SHOWN = 160, JITTER_MS = 50, EXPLAIN_MS = 5000 };

struct timeline {
	char **lines; /* owned, and each */
	size_t n, cap;
	const char *needles[NEEDLES_MAX]; /* borrowed */
	size_t n_needles;
};

static void
add_needle(struct timeline *t, const char *text)
{
	if (text[0] && t->n_needles < NEEDLES_MAX)
		t->needles[t->n_needles++] = text;
}

static void
add_item(struct timeline *t, const struct world *w, size_t i)
{
	add_needle(t, w->items[i].sku);
	for (size_t till = 0; till < w->n_tills; till++)
		add_needle(t, w->items[i].variation[till]);
	add_needle(t, w->items[i].itemid);
}

/* The item with its last sales, or the sale with its items. */
static void
choose_needles(struct timeline *t, const struct world *w)
{
	if (w->violated_order != SIZE_MAX) {
		add_needle(t, w->orders[w->violated_order].id);
	} else if (w->violated_item < ITEMS_MAX) {
		add_item(t, w, w->violated_item);
		for (size_t i = w->n_orders; i-- > 0;)
			for (size_t j = 0; j < w->orders[i].n_lines; j++)
				if (w->orders[i].lines[j].item ==
				    w->violated_item)
					add_needle(t, w->orders[i].id);
	}
}

static bool
is_wanted(const struct timeline *t, const char *line)
{
	static const char *const always[] = {
		"VIOLATED", "kill -9",         "SIGTERM",      "daemon is",
		"play:",    "sync asked",      "still marked", "daemon.ready",
		"redis.",   "account.trouble", "sync.done",    "fault:"
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (strstr(line, always[i]))
			return true;
	for (size_t i = 0; i < t->n_needles; i++)
		if (strstr(line, t->needles[i]))
			return true;
	return t->n_needles == 0 && strstr(line, " error ");
}

static void
take(struct timeline *t, const char *line)
{
	if (!is_wanted(t, line))
		return;
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		char **lines = realloc(t->lines, cap * sizeof(*lines));

		if (!lines)
			return;
		t->lines = lines;
		t->cap = cap;
	}
	t->lines[t->n] = text_dup(line);
	if (t->lines[t->n])
		t->n++;
}

static int
by_time(const void *a, const void *b)
{
	return strncmp(*(char *const *)a, *(char *const *)b, 24);
}

/*
 * The true time of a line of the daemon's, whose clock was set meanwhile: lines
 * come in order, so a line that would be earlier than the one before, or later
 * than the next step, is from behind that step. *at is the step it was at.
 */
static void
set_right(const struct world *w, char *line, size_t *at, int64_t *last_ms)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t shown_ms;
	int64_t true_ms = 0;

	(void)snprintf(text, sizeof(text), "%.*s", CLOCK_TEXT_SIZE - 1, line);
	if (strlen(line) < CLOCK_TEXT_SIZE || clock_parse(&shown_ms, text, 0))
		return;
	for (;; (*at)++) {
		const struct clock_step *step = &w->steps[*at];

		true_ms = shown_ms - step->offset_s * 1000;
		if (*at == w->n_steps ||
		    (true_ms >= *last_ms - JITTER_MS &&
		     true_ms <= w->steps[*at + 1].when_ms + JITTER_MS))
			break;
	}
	*last_ms = true_ms;
	clock_format(text, true_ms);
	memcpy(line, text, CLOCK_TEXT_SIZE - 1);
}

static void
take_file(struct timeline *t, const struct world *w, const char *path,
          bool is_daemons)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;
	size_t at = 0;
	int64_t last_ms = 0;

	while (f && getline(&line, &cap, f) >= 0) {
		if (is_daemons)
			set_right(w, line, &at, &last_ms);
		take(t, line);
	}
	if (f)
		(void)fclose(f);
	free(line);
}

char *
report_actions(const struct world *w)
{
	char *path = text_format("%s/actions.log", w->dir);
	FILE *f = path ? fopen(path, "w") : NULL;

	if (f) {
		(void)fputs(buf_text(&w->log), f);
		(void)fclose(f);
	}
	return path;
}

/* Which item to ask about: SIZE_MAX, none. */
static size_t
violated_item(const struct world *w)
{
	if (w->violated_item < w->n_items)
		return w->violated_item;
	if (w->violated_order < w->n_orders)
		return w->orders[w->violated_order].lines[0].item;
	return SIZE_MAX;
}

void
report_explain(struct world *w)
{
	char *config = text_format("%s/gateway.json", w->dir);
	size_t i = violated_item(w);
	const char *argv[] = { w->tillbridge, "explain", NULL,
		               "-c",          config,    NULL };
	int status;
	pid_t pid;

	if (i != SIZE_MAX && config) {
		argv[2] = w->items[i].sku;
		pid = launch_there(w, argv, "explain.txt", "explain.txt");
		if (!ends(pid, &status, EXPLAIN_MS))
			end_process(&pid, SIGKILL);
	}
	free(config);
}

void
report(struct world *w)
{
	struct timeline t = { .n = 0 };
	char *actions = report_actions(w);
	char *log = text_format("%s/daemon.log", w->dir);
	size_t first;

	choose_needles(&t, w);
	take_file(&t, w, actions, false);
	take_file(&t, w, log, true);
	if (t.n)
		qsort(t.lines, t.n, sizeof(*t.lines), by_time);
	(void)fprintf(stderr, "VIOLATED with seed %llu: %s\n",
	              (unsigned long long)w->seed, buf_text(&w->violation));
	first = t.n > LINES_SHOWN ? t.n - LINES_SHOWN : 0;
	for (size_t i = first; i < t.n; i++)
		(void)fprintf(stderr, "  %s", t.lines[i]);
	(void)fprintf(stderr, "kept: %s: actions.log, daemon.log%s\n", w->dir,
	              violated_item(w) != SIZE_MAX ? ", explain.txt" : "");
	for (size_t i = 0; i < t.n; i++)
		free(t.lines[i]);
	free(t.lines);
	free(actions);
	free(log);
}
