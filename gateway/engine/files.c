/*
 * Fetch pictures that somebody waits for, into the cache.
 *
 * A mark that nobody waits for any more is dropped, whatever the pace: a
 * system that is down must not come back to a queue of them.
 */
#include "gateway/engine/worker.h"

#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/drivers/store_files.h"

enum { WAITED_MS = 60000 }; /* nobody does for longer */

static bool
is_waited_for(const struct worker *w, const struct mark *mark)
{
	return w->ops->read_image &&
	       (!mark->origin_ms ||
	        clock_wall_ms() - mark->origin_ms < WAITED_MS);
}

/* Returns 0 or a fault; *is_done: the mark was answered. */
static int
fetch(struct worker *w, const struct mark *mark, bool *is_done)
{
	const char *id = mark->member + strlen(MARK_FILE);
	const char *type = "";
	struct buf bytes = BUF_INIT;
	struct outcome outcome =
		w->ops->read_image(w->state, &bytes, &type, id);
	bool is_there = worker_judge(w, "read a picture", &outcome);
	int r = 0;

	*is_done = is_there || outcome.verdict == VERDICT_ABSENT ||
	           outcome.verdict == VERDICT_REFUSED;
	if (is_there)
		r = store_file_put(w->store, w->account, id, type,
		                   buf_text(&bytes), bytes.n);
	else if (*is_done)
		r = store_file_put(w->store, w->account, id, "", NULL, 0);
	buf_fini(&bytes);
	return r;
}

int
files_fetch(struct worker *w, const struct marks *marks)
{
	int r = 0;

	for (size_t i = 0; !r && i < marks->n; i++) {
		bool is_done = !is_waited_for(w, marks->v[i]);

		if (!is_done && worker_may_call(w))
			r = fetch(w, marks->v[i], &is_done);
		if (!r && is_done)
			r = store_marks_clear(w->store, w->account,
			                      &marks->v[i], 1);
	}
	return r;
}
