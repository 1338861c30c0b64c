/* The status page: items whose numbers are not as they should be. */
#include "handlers/api/api.h"
#include "handlers/api/page.h"

/* ---- more sold than there was ---- */

static void
add_item(struct buf *b, const struct overview *o,
         const struct oversold_row *row)
{
	char missing[DECIMAL_TEXT_SIZE];

	buf_adds(b, "<tr><td class=\"name\"><b>");
	api_add_html(b, row->sku);
	buf_addf(b,
	         "</b></td><td class=\"n bad\" data-label=\"Missing\">%s</td>"
	         "<td data-label=\"Since\">",
	         decimal_format(missing, row->missing));
	page_add_ago(b, o->now_ms, row->since_ms);
	buf_adds(b, "</td><td data-label=\"Why\"><code>tillbridge explain ");
	page_add_shell_word(b, row->sku);
	buf_adds(b, "</code></td></tr>\n");
}

void
page_add_oversold(struct buf *b, const struct overview *o)
{
	if (!o->n_oversold)
		return;
	buf_adds(b, "<h2 class=\"bad\">Sold more than there was <small>");
	page_add_count(b, o->n_oversold, "item", "items");
	buf_adds(b, "</small></h2><div class=\"box\"><table "
	            "class=\"cards\"><thead><tr>"
	            "<th>Item</th><th class=\"n\">Missing</th><th>Since</th>"
	            "<th>Why</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < o->n_oversold_rows; i++)
		add_item(b, o, &o->oversold[i]);
	buf_adds(b, "</tbody></table>");
	if ((int64_t)o->n_oversold_rows < o->n_oversold)
		buf_addf(b,
		         "<p class=\"bare\"><small>and %lld more that came "
		         "later</small></p>",
		         (long long)(o->n_oversold -
		                     (int64_t)o->n_oversold_rows));
	buf_adds(b, "</div>\n");
}

/* ---- compared item by item ---- */

/* ", 3 unknown"; nothing when there are none. */
static void
add_some(struct buf *b, int64_t n, const char *what)
{
	if (n)
		buf_addf(b, ", %lld %s", (long long)n, what);
}

void
page_add_reconcile(struct buf *b, const struct overview *o,
                   const struct overview_account *a)
{
	const struct reconcile_tally *t = &a->reconcile;

	if (!t->started_ms)
		return;
	buf_addf(b, "<small%s>item by item ",
	         t->drifted ? " class=\"bad\"" : "");
	page_add_ago(b, o->now_ms, t->started_ms);
	buf_addf(b, ": %lld compared, %lld drifted", (long long)t->compared,
	         (long long)t->drifted);
	add_some(b, t->corrected, "corrected");
	add_some(b, t->moving, "in motion");
	add_some(b, t->unknown, "not known, so left alone");
	buf_adds(b, "</small>");
	/* What is held has its own command under "Waiting for you". */
	if (t->drifted > t->held) {
		buf_adds(b, "<small>which, and to have it put right: "
		            "<code>tillbridge reconcile --fix ");
		page_add_shell_word(b, a->name);
		buf_adds(b, "</code></small>");
	}
}
