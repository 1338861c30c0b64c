/* One line that is drawn again in place. */
#include "gateway/cli/progress.h"

#include <stdio.h>

#include "gateway/base/clock.h"
#include "gateway/cli/paint.h"

enum { DRAW_EVERY_MS = 200, FIRST_AFTER_MS = 400, BAR_CELLS = 24 };

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

void
progress_show(struct progress *p, const char *what, size_t done, size_t total)
{
	int64_t now = p->is_on ? clock_mono_ms() : 0;
	int n;

	if (!p->is_on || now - p->drawn_mono_ms < DRAW_EVERY_MS)
		return;
	(void)fprintf(stderr, "\r\033[K%s", what);
	if (total) {
		done = done < total ? done : total;
		n = (int)(done * BAR_CELLS / total);
		(void)fputs("  [", stderr);
		for (int i = 0; i < BAR_CELLS; i++)
			(void)fputc(i < n ? '=' : i == n ? '>' : ' ', stderr);
		(void)fprintf(stderr, "] %3zu%%", done * 100 / total);
	} else {
		(void)fprintf(stderr, "  %zu", done);
	}
	(void)fflush(stderr);
	p->drawn_mono_ms = now;
	p->is_drawn = true;
}

void
progress_end(struct progress *p)
{
	if (p->is_drawn)
		(void)fputs("\r\033[K", stderr);
	p->is_drawn = false;
	p->is_on = false;
}
