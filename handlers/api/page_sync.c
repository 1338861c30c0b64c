/* The status page: how far a sync is, and what the mirrors hold. */
#include "handlers/api/api.h"
#include "handlers/api/page.h"

#include "gateway/drivers/store_sync.h"

#include <string.h>

/* ---- the sync under way ---- */

/* The same in words, for who cannot see the bar. */
static void
add_progress(struct buf *b, const struct sync_progress *p)
{
	api_add_html(b, p->entity);
	buf_addf(b, ", %lld", (long long)p->rows);
	if (p->total > 0)
		buf_addf(b, " of %lld", (long long)p->total);
	buf_adds(b, p->rows == 1 && p->total <= 0 ? " row" : " rows");
	if (p->rate > 0)
		buf_addf(b, ", %lld a second", (long long)p->rate);
	if (p->left_ms >= 0) {
		buf_adds(b, ", ");
		page_add_span(b, p->left_ms);
		buf_adds(b, " left");
	}
}

/* Without a value the bar only says that something moves. */
static void
add_bar(struct buf *b, const struct sync_progress *p)
{
	buf_adds(b, "<progress aria-label=\"");
	api_add_html(b, p->entity);
	if (p->total > 0)
		buf_addf(b, "\" max=\"%lld\" value=\"%lld", (long long)p->total,
		         (long long)(p->rows < p->total ? p->rows : p->total));
	buf_adds(b, "\"></progress>");
}

void
page_add_sync(struct buf *b, const struct health *h)
{
	struct sync_progress p;

	store_sync_progress(&p, h);
	if (!*p.kind)
		return;
	buf_addf(b, "<small class=\"run\">%s",
	         strcmp(p.kind, "full") == 0        ? "comparing everything"
	         : strcmp(p.kind, "reconcile") == 0 ? "comparing item by item"
	                                            : "catching up");
	if (*p.entity) {
		buf_adds(b, ": ");
		add_progress(b, &p);
	}
	buf_adds(b, "</small>");
	if (*p.entity)
		add_bar(b, &p);
}

/* ---- mirrors ---- */

/* How far it was read: all of it where it has no cursor. */
static void
add_cursor(struct buf *b, const struct overview *o,
           const struct sync_list *list)
{
	if (list->revision)
		buf_addf(b, "<span class=\"word\">revision </span>%lld",
		         (long long)list->revision);
	else if (list->since_ms)
		page_add_ago(b, o->now_ms, list->since_ms);
	else
		buf_adds(b, "<span class=\"none\">all</span>");
}

static void
add_list(struct buf *b, const struct overview *o, const struct sync_list *list)
{
	buf_addf(b, "<tr><td>%s</td><td class=\"n\">%lld</td><td class=\"n\">",
	         list->name, (long long)list->rows);
	add_cursor(b, o, list);
	buf_adds(b, "</td><td class=\"n\">");
	page_add_ago(b, o->now_ms, list->read_ms);
	buf_adds(b, "</td></tr>\n");
}

/* Lists that nothing was ever read of, or that hold nothing, in one line. */
static bool
is_bare(const struct sync_list *list)
{
	return !list->rows && !list->revision && !list->since_ms;
}

static void
add_bare(struct buf *b, const struct overview_account *a)
{
	const char *before = "<p class=\"bare\"><small>Nothing in: ";

	for (size_t i = 0; i < a->n_lists; i++) {
		if (!is_bare(&a->lists[i]))
			continue;
		buf_addf(b, "%s%s", before, a->lists[i].name);
		before = ", ";
	}
	if (*before == ',')
		buf_adds(b, "</small></p>");
}

static void
add_mirror(struct buf *b, const struct overview *o,
           const struct overview_account *a)
{
	int64_t rows = 0;

	for (size_t i = 0; i < a->n_lists; i++)
		rows += a->lists[i].rows;
	buf_adds(b, "<h2>Mirror of ");
	api_add_html(b, a->name);
	buf_adds(b, " <small>");
	page_add_count(b, rows, "row", "rows");
	buf_adds(b, "</small></h2><div class=\"box wide\">");
	if (rows) {
		buf_adds(b, "<table class=\"lean\"><thead><tr><th>List</th>"
		            "<th class=\"n\">Rows</th>"
		            "<th class=\"n\">Up to</th>"
		            "<th class=\"n\">Read</th></tr></thead><tbody>\n");
		for (size_t i = 0; i < a->n_lists; i++)
			if (!is_bare(&a->lists[i]))
				add_list(b, o, &a->lists[i]);
		buf_adds(b, "</tbody></table>");
	}
	add_bare(b, a);
	buf_adds(b, "</div>\n");
}

void
page_add_mirrors(struct buf *b, const struct overview *o)
{
	for (size_t i = 0; i < o->n_accounts; i++)
		if (o->accounts[i].n_lists)
			add_mirror(b, o, &o->accounts[i]);
}
