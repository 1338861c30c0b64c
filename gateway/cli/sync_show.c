/*
 * How a sync looks while it is watched: on a terminal a line for each account
 * that is redrawn in place, on stderr; elsewhere a line for each list and one
 * at the end.
 */
#include "gateway/cli/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/words.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/table.h"
#include "gateway/drivers/store_sync.h"

enum {
	BAR_CELLS = 24,
	BAR_COLUMNS = 72,
	LIST_WIDTH = 16,
};

void
show_init(struct show *show)
{
	show->is_terminal = paint_is_drawable(stderr);
	show->is_seen = show->is_terminal && paint_is_drawable(stdout);
	show->columns = paint_columns(stderr);
}

/* "340 ms", "12 s", "5 min", "3 h". */
static void
add_span(struct buf *out, int64_t ms)
{
	if (ms < 1000)
		buf_addf(out, "%lld ms", (long long)(ms < 0 ? 0 : ms));
	else if (ms < 120 * 1000)
		buf_addf(out, "%lld s", (long long)(ms / 1000));
	else if (ms < 120 * 60 * 1000)
		buf_addf(out, "%lld min", (long long)(ms / 60000));
	else
		buf_addf(out, "%lld h", (long long)(ms / 3600000));
}

static const char *
name_kind(const struct show *show)
{
	if (show->kind)
		return show->kind;
	if (show->is_dry)
		return show->is_full ? "dry run of a full sync"
		                     : "dry run of a catch-up";
	return show->is_full ? "full sync" : "catch-up";
}

static void
add_done(struct buf *out, const struct show *show, const struct watch *w)
{
	buf_addf(out, "%s done in ", name_kind(show));
	add_span(out, w->took_ms);
	if (w->n_lists)
		buf_addf(out, "; the mirror holds %lld rows in %zu lists",
		         (long long)w->n_mirrored, w->n_lists);
}

/* ---- a terminal ---- */

static void
add_bar(struct buf *out, const struct sync_progress *p)
{
	int64_t rows = p->rows < p->total ? p->rows : p->total;
	int n = (int)((double)rows * BAR_CELLS / (double)p->total);

	buf_adds(out, "  [");
	for (int i = 0; i < BAR_CELLS; i++)
		buf_addc(out, i < n ? '=' : i == n ? '>' : ' ');
	buf_addf(out, "] %3d%%", (int)((double)rows * 100 / (double)p->total));
}

static void
add_progress(struct buf *out, const struct sync_progress *p, int columns)
{
	buf_addf(out, "%-*s", LIST_WIDTH, *p->entity ? p->entity : "beginning");
	if (!*p->entity)
		return;
	buf_addf(out, " %lld", (long long)p->rows);
	if (p->total > 0)
		buf_addf(out, " of %lld", (long long)p->total);
	buf_adds(out, p->rows == 1 && p->total <= 0 ? " row" : " rows");
	if (p->total > 0 && columns >= BAR_COLUMNS)
		add_bar(out, p);
	if (p->rate > 0)
		buf_addf(out, "  %lld/s", (long long)p->rate);
	if (p->left_ms >= 0) {
		buf_adds(out, "  ");
		add_span(out, p->left_ms);
		buf_adds(out, " left");
	}
}

static void
add_trouble(struct buf *out, const struct watch *w)
{
	const char *why = health_text(&w->health, "why");

	buf_adds(out, "trouble for ");
	add_span(out, clock_mono_ms() - w->trouble_mono_ms);
	if (*why)
		buf_addf(out, ": %s", why);
}

/* A line that wraps could not be redrawn. Cuts between characters. */
static void
cut(struct buf *out, size_t begin, int columns)
{
	size_t n = begin;
	int used = 0;

	if (buf_check(out))
		return;
	while (n < out->n) {
		if (((unsigned char)out->p[n] & 0xc0) != 0x80 &&
		    ++used >= columns)
			break;
		n++;
	}
	out->n = n;
	if (out->p)
		out->p[n] = '\0';
}

void
show_line(struct buf *out, const struct watch *w, const struct show *show,
          int name_width)
{
	size_t begin = out->n;
	struct sync_progress p;

	store_sync_progress(&p, &w->health);
	buf_addf(out, "%-*s  ", name_width, w->name);
	if (w->end == WATCH_DONE) {
		add_done(out, show, w);
	} else if (w->end == WATCH_FAILED) {
		buf_adds(out, "not done: see below");
	} else if (w->trouble_mono_ms) {
		add_trouble(out, w);
	} else if (*p.kind) {
		add_progress(out, &p, show->columns);
	} else {
		buf_adds(out, "waits for its turn");
	}
	if (!buf_check(out))
		words_clean(out->p + begin);
	cut(out, begin, show->columns);
}

static void
redraw(struct show *show, const struct watch *watches, size_t n)
{
	struct buf text = BUF_INIT;
	int width = 0;

	for (size_t i = 0; i < n; i++)
		if ((int)strlen(watches[i].name) > width)
			width = (int)strlen(watches[i].name);
	if (show->n_drawn)
		buf_addf(&text, "\033[%zuA", show->n_drawn);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&text, "\r\033[K");
		show_line(&text, &watches[i], show, width);
		buf_addc(&text, '\n');
	}
	if (!buf_check(&text))
		(void)fputs(buf_text(&text), stderr);
	(void)fflush(stderr);
	show->n_drawn = n;
	buf_fini(&text);
}

void
show_looks(struct show *show, const struct watch *watches, size_t n)
{
	if (show->is_terminal && !show->is_quiet)
		redraw(show, watches, n);
}

/* ---- anything else ---- */

void
show_list(const struct show *show, const struct watch *w)
{
	if (show->is_terminal || show->is_quiet || show->is_dry || !*w->list)
		return;
	if (w->rows)
		cli_line("%s: %s, %lld row%s", w->name, w->list,
		         (long long)w->rows, w->rows == 1 ? "" : "s");
	else
		cli_line("%s: %s", w->name, w->list);
	(void)fflush(stdout);
}

/* ---- what a dry run found ---- */

/* A figure of the report; 0 when it is not there. */
static int64_t
figure(const struct json_node *of, const char *key)
{
	int64_t n = 0;

	(void)json_get_int(&n, of, key);
	return n;
}

static void
add_list(struct table *t, const struct json_node *list)
{
	table_add(t, PAINT_PLAIN, "%s", json_text_or(list, "name", ""));
	table_add(t, PAINT_PLAIN, "%lld", (long long)figure(list, "rows"));
	table_add(t, PAINT_PLAIN, "%lld", (long long)figure(list, "written"));
	table_add(t, PAINT_PLAIN, "%lld", (long long)figure(list, "gone"));
}

static void
show_report(const struct show *show, const struct watch *w)
{
	static const struct table_column columns[] = {
		{ "list", false, false },
		{ "rows", true, false },
		{ "new or changed", true, false },
		{ "gone", true, false },
	};
	const struct json_node *report = json_root(w->report);
	const struct json_node *lists = json_find(report, "lists");
	int64_t differ = figure(report, "differ");
	struct table t;

	cli_title("%s: %s; nothing was written", w->name, name_kind(show));
	table_init(&t, columns, sizeof(columns) / sizeof(*columns), 2);
	for (size_t i = 0; i < json_length(lists); i++)
		add_list(&t, json_at(lists, i));
	(void)table_print(&t); /* logged where it happened */
	table_fini(&t);
	cli_line("  %lld counts read, %lld differ%s",
	         (long long)figure(report, "counts"), (long long)differ,
	         differ == 1 ? "s" : "");
}

/* ---- the last word ---- */

void
show_end(const struct show *show, const struct watch *w)
{
	struct buf text = BUF_INIT;

	if (w->end == WATCH_FAILED) {
		cli_complain("%s: %s", w->name, buf_text(&w->why));
	} else if (w->end == WATCH_DONE && w->report) {
		show_report(show, w);
	} else if (w->end == WATCH_DONE && !show->is_quiet && !show->is_seen) {
		add_done(&text, show, w);
		cli_line("%s: %s", w->name, buf_text(&text));
	}
	(void)fflush(stdout);
	buf_fini(&text);
}
