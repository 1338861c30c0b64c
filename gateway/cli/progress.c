/* One line that is drawn again in place. */
#include "gateway/cli/progress.h"

#include <stdio.h>

#include "gateway/base/buf.h"
#include "gateway/base/clock.h"
#include "gateway/cli/paint.h"

enum {
	DRAW_EVERY_MS = 200,
	FIRST_AFTER_MS = 400,
	CELLS_MAX = 24,
	CELLS_MIN = 4, /* a shorter bar says nothing */
	AROUND = 9,    /* columns of "  [" and "] 100%" */
};

void
progress_begin(struct progress *p, bool is_quiet)
{
	*p = (struct progress){
		.is_on = !is_quiet && paint_is_drawable(stderr),
		/* What is done at once needs no line. */
		.drawn_mono_ms =
			clock_mono_ms() + FIRST_AFTER_MS - DRAW_EVERY_MS,
	};
}

/* Into room columns, with what stands around it. */
static void
add_bar(struct buf *line, size_t done, size_t total, int room)
{
	int cells = room - AROUND < CELLS_MAX ? room - AROUND : CELLS_MAX;
	int n;

	done = done < total ? done : total;
	if (cells >= CELLS_MIN) {
		n = (int)(done * (size_t)cells / total);
		buf_adds(line, "  [");
		for (int i = 0; i < cells; i++)
			buf_addc(line, i < n ? '=' : i == n ? '>' : ' ');
		buf_addc(line, ']');
	}
	buf_addf(line, " %3zu%%", done * 100 / total);
}

void
progress_show(struct progress *p, const char *what, size_t done, size_t total)
{
	int64_t now = p->is_on ? clock_mono_ms() : 0;
	int columns;
	struct buf line = BUF_INIT;

	if (!p->is_on || now - p->drawn_mono_ms < DRAW_EVERY_MS)
		return;
	/* The last column stays free, and a line that wraps is not drawn: it
	   could not be wiped. */
	columns = paint_columns(stderr) - 1;
	buf_adds(&line, what);
	if (total)
		add_bar(&line, done, total, columns - paint_width(what));
	else
		buf_addf(&line, "  %zu", done);
	if (paint_width(buf_text(&line)) <= columns) {
		(void)fprintf(stderr, "\r\033[K%s", buf_text(&line));
		(void)fflush(stderr);
		p->is_drawn = true;
	}
	p->drawn_mono_ms = now;
	buf_fini(&line);
}

void
progress_end(struct progress *p)
{
	if (p->is_drawn)
		(void)fputs("\r\033[K", stderr);
	p->is_drawn = false;
	p->is_on = false;
}
