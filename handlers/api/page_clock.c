/*
 * The status page: what runs by the clock, and what each system cannot do.
 */
#include "handlers/api/api.h"
#include "handlers/api/page.h"

#include <string.h>

/* ---- abilities ---- */

void
page_add_cannot(struct buf *b, const struct overview *o,
                const struct overview_account *a)
{
	const char *words[ADAPTER_ABILITIES];
	size_t n = overview_cannot(words, o, a);

	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%s", i ? ", " : "<small>cannot ", words[i]);
	if (n)
		buf_adds(b, "</small>");
}

/* ---- the schedule ---- */

/* Whose turn is first, and when. */
struct turn {
	const struct overview_account *account; /* NULL: nobody's */
	int64_t at_ms;
	size_t n; /* whose turn comes at all */
};

static struct turn
find_turn(const struct overview *o, const char *fact)
{
	struct turn first = { NULL, 0, 0 };

	for (size_t i = 0; i < o->n_accounts; i++) {
		const struct overview_account *a = &o->accounts[i];
		int64_t at_ms = health_int(&a->health, fact);

		if (!at_ms || strcmp(a->state, "paused") == 0)
			continue;
		first.n++;
		if (first.account && first.at_ms <= at_ms)
			continue;
		first.account = a;
		first.at_ms = at_ms;
	}
	return first;
}

static void
add_turn(struct buf *b, const struct overview *o, const char *what,
         const char *fact)
{
	struct turn turn = find_turn(o, fact);

	buf_addf(b, "<tr><td>%s</td><td class=\"n\">", what);
	if (!turn.account) {
		buf_adds(b, "<span class=\"none\">not scheduled</span>");
	} else if (o->stopped_ms) {
		buf_adds(b, "<span class=\"none\">stopped</span>");
	} else if (turn.at_ms <= o->now_ms) {
		buf_adds(b, "now");
	} else {
		buf_adds(b, "in ");
		page_add_span(b, turn.at_ms - o->now_ms);
	}
	buf_adds(b, "</td><td class=\"n\">");
	if (turn.account) {
		api_add_html(b, turn.account->name);
		if (turn.n > 1)
			buf_addf(b, ", then %zu more", turn.n - 1);
	}
	buf_adds(b, "</td></tr>\n");
}

void
page_add_schedule(struct buf *b, const struct overview *o)
{
	static const char *const runs[][2] = {
		{ "Catching up", "next_catch_up_ms" },
		{ "Comparing everything", "next_full_ms" },
		{ "Comparing item by item", "next_reconcile_ms" },
	};
	const char *zone = conf_text(o->env->conf->top, "schedule.timezone");

	if (!o->has_store)
		return;
	buf_adds(b, "<h2>By the clock");
	if (zone && *zone) {
		buf_adds(b, " <small>");
		api_add_html(b, zone);
		buf_adds(b, "</small>");
	}
	buf_adds(b, "</h2><div class=\"box\">");
	if (o->stopped_ms) {
		buf_adds(b, "<p class=\"stop\"><span class=\"pill warn\">"
		            "stopped</span> <small>by a person, ");
		page_add_ago(b, o->now_ms, o->stopped_ms);
		buf_adds(b, ": <code>POST /api/synchronizer/start</code> goes "
		            "on, and makes up for what was missed"
		            "</small></p>");
	}
	buf_adds(b, "<table class=\"lean\"><thead><tr><th>Run</th>"
	            "<th class=\"n\">Next</th><th class=\"n\">First</th>"
	            "</tr></thead><tbody>\n");
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		add_turn(b, o, runs[i][0], runs[i][1]);
	buf_adds(b, "</tbody></table></div>\n");
}
