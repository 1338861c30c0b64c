/*
 * GET /status: how everything is doing, for the person who runs the shop.
 *
 * One HTML document without script or anything from elsewhere; it renews
 * itself. It can be read without Redis, and says so then. Whatever text did not
 * come from this file goes through api_add_html.
 */
#include "handlers/api/api.h"
#include "handlers/api/limits.h"
#include "handlers/api/overview.h"
#include "handlers/api/page.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/drivers/store_asked.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/model/explain.h"

#include <string.h>

enum { LETTERS_SHOWN = 20, LETTERS_ENOUGH = 100 };

/* ---- the top ---- */

static void
add_head(struct buf *b, const struct overview *o,
         const struct overview_summary *s)
{
	buf_adds(b, "<!doctype html>\n<html lang=\"en\"><head>"
	            "<meta charset=\"utf-8\">"
	            "<meta name=\"viewport\" "
	            "content=\"width=device-width,initial-scale=1\">"
	            "<meta http-equiv=\"refresh\" content=\"5\"><title>");
	api_add_html(b, buf_text(&s->text));
	buf_adds(b, " \xe2\x80\x93 Tillbridge</title><style>");
	buf_adds(b, api_page_style);
	buf_adds(b, api_page_style_narrow);
	buf_adds(b, "</style></head>\n<body><header><b>Tillbridge</b><span>"
	            "running for ");
	page_add_span(b, o->now_ms - o->env->started_ms);
	buf_adds(b, "</span></header><main>\n");
}

static void
add_summary(struct buf *b, const struct overview_summary *s)
{
	buf_addf(b, "<section class=\"say %s\"><h1>",
	         overview_level_name(s->level));
	api_add_html(b, buf_text(&s->text));
	buf_adds(b, "</h1>");
	if (s->advice.n) {
		buf_adds(b, "<p>");
		api_add_html(b, buf_text(&s->advice));
		buf_adds(b, "</p>");
	}
	buf_adds(b, "</section>\n");
}

/* What the store's warning means for a shop. */
static const char *
name_danger(const struct store_durability *d)
{
	if (d->is_failing)
		return "Redis cannot write to its disk.";
	if (!d->is_known)
		return "Whether accepted calls are on disk is unknown.";
	if (d->is_evicting)
		return "Redis may throw away work that was accepted.";
	return "A power cut would lose calls that were accepted.";
}

static void
add_durability(struct buf *b, const struct overview *o)
{
	const char *warning = o->warning;

	if (!*warning)
		return;
	buf_addf(b, "<section class=\"alert\" role=\"alert\"><b>%s</b>",
	         name_danger(&o->durability));
	if (*warning >= 'a' && *warning <= 'z')
		buf_addc(b, (char)(*warning++ - 'a' + 'A'));
	api_add_html(b, warning);
	buf_adds(b, ".</section>\n");
}

/* ---- figures ---- */

static void
begin_tile(struct buf *b, int64_t n, const char *what, const char *tone)
{
	buf_addf(b, "<div class=\"tile %s\"><b>%lld</b><span>%s</span><small>",
	         tone, (long long)n, what);
}

static void
end_tile(struct buf *b)
{
	buf_adds(b, "</small></div>");
}

static void
add_queue_tile(struct buf *b, const struct overview *o)
{
	begin_tile(b, o->queue.n,
	           o->queue.n == 1 ? "call queued" : "calls queued", "");
	if (o->queue.oldest_ms) {
		buf_adds(b, "the oldest for ");
		page_add_span(b, o->now_ms - o->queue.oldest_ms);
	} else {
		buf_adds(b, "all read");
	}
	end_tile(b);
}

static void
add_marks_tile(struct buf *b, const struct overview *o)
{
	int64_t n = overview_marks(o);

	begin_tile(b, n, n == 1 ? "look to do" : "looks to do", "");
	page_add_count(b, o->n_items, "item in all", "items in all");
	end_tile(b);
}

static void
add_entries_tile(struct buf *b, const struct overview *o)
{
	int64_t n = o->entries.ready + o->entries.posting;
	int64_t waiting = overview_waiting_lines(o);

	begin_tile(b, n, n == 1 ? "sale on the way" : "sales on the way", "");
	if (o->entries.confirmed)
		buf_addf(b, "%lld recorded, to be seen in the stock",
		         (long long)o->entries.confirmed);
	else
		buf_adds(b, n ? "to be recorded" : "all recorded");
	if (waiting) {
		buf_adds(b, "; ");
		page_add_count(b, waiting, "line waits for its item",
		               "lines wait for their items");
	}
	end_tile(b);
}

static void
add_decisions_tile(struct buf *b, const struct overview *o)
{
	int64_t n = overview_decisions(o);

	begin_tile(b, n, n == 1 ? "waits for you" : "wait for you",
	           n ? "warn" : "");
	buf_adds(b, n ? "see below" : "nothing to decide");
	end_tile(b);
}

static void
add_tiles(struct buf *b, const struct overview *o)
{
	buf_adds(b, "<div class=\"tiles\">");
	add_queue_tile(b, o);
	add_marks_tile(b, o);
	add_entries_tile(b, o);
	add_decisions_tile(b, o);
	buf_adds(b, "</div>\n");
}

/* ---- systems ---- */

struct state_words {
	const char *state;
	const char *tone;
	const char *words;
};

static const struct state_words states[] = {
	{ "ok", "good", "in order" },
	{ "waiting", "warn", "waiting for it" },
	{ "locked", "bad", "refuses us" },
	{ "refused", "bad", "refuses all that is asked" },
	{ "paused", "none", "paused" },
	{ "starting", "busy", "starting" },
};

static const struct state_words *
find_words(const char *state)
{
	static const struct state_words unknown = { "unknown", "none",
		                                    "unknown" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(states[i].state, state) == 0)
			return &states[i];
	return &unknown;
}

static void
add_name(struct buf *b, const struct overview_account *a)
{
	buf_adds(b, "<td class=\"name\"><b>");
	api_add_html(b, a->name);
	buf_adds(b, "</b><small>");
	api_add_html(b, conf_account_type(a->conf));
	buf_adds(b, "</small>");
	if (a->is_authority)
		buf_adds(b, "<small>holds the stock</small>");
	buf_adds(b, "</td>");
}

/* By whom, and how it ends. */
static void
add_pause(struct buf *b, const struct overview *o,
          const struct overview_account *a)
{
	if (!a->off_ms) {
		buf_adds(b, "<small>in the configuration</small>");
		return;
	}
	buf_adds(b, "<small>by a person, ");
	page_add_ago(b, o->now_ms, a->off_ms);
	buf_adds(b, "</small>");
}

static void
add_state(struct buf *b, const struct overview *o,
          const struct overview_account *a)
{
	const struct state_words *words = find_words(a->state);
	int64_t until_ms = health_int(&a->health, "wait_until_ms");
	bool is_paused = strcmp(a->state, "paused") == 0;

	buf_addf(b,
	         "<td data-label=\"State\"><div><span class=\"pill %s\">%s"
	         "</span>",
	         words->tone, words->words);
	if (*health_text(&a->health, "alarm")) {
		buf_adds(b, "<small class=\"bad\">");
		api_add_html(b, health_text(&a->health, "alarm"));
		buf_adds(b, "</small>");
	}
	if (is_paused) {
		add_pause(b, o, a);
	} else if (strcmp(words->tone, "good") != 0 &&
	           *health_text(&a->health, "why")) {
		buf_adds(b, "<small>");
		api_add_html(b, health_text(&a->health, "why"));
		buf_adds(b, "</small>");
	}
	if (!is_paused && until_ms > o->now_ms + PAGE_AT_ONCE_MS) {
		buf_adds(b, "<small>next try in ");
		page_add_span(b, until_ms - o->now_ms);
		buf_adds(b, "</small>");
	}
	page_add_cannot(b, o, a);
	page_add_limits(b, &a->health, o->now_ms);
	page_add_sync(b, &a->health);
	page_add_reconcile(b, o, a);
	buf_adds(b, "</div></td>");
}

/* When a kind of sync was done, and when it is due by the clock. */
static void
add_run(struct buf *b, const struct overview *o, const char *label,
        int64_t last_ms, int64_t next_ms, bool is_paused)
{
	buf_addf(b, "<td class=\"when\" data-label=\"%s\"><div>", label);
	page_add_ago(b, o->now_ms, last_ms);
	if (next_ms > o->now_ms && !o->stopped_ms && !is_paused) {
		buf_adds(b, "<small>next in ");
		page_add_span(b, next_ms - o->now_ms);
		buf_adds(b, "</small>");
	}
	buf_adds(b, "</div></td>");
}

static void
add_answer(struct buf *b, const struct overview *o,
           const struct overview_account *a)
{
	const struct health *h = &a->health;
	int64_t caught_up_ms = health_int(h, "last_catch_up_ms");
	int64_t full_ms = health_int(h, "last_full_ms");
	bool is_paused = strcmp(a->state, "paused") == 0;

	if (conf_account_is_source(a->conf)) { /* nobody asks it anything */
		buf_adds(b, "<td colspan=\"3\" data-label=\"Last answer\">"
		            "<div><small>only calls us</small></div></td>");
		return;
	}
	buf_adds(b, "<td class=\"when\" data-label=\"Last answer\"><div>");
	page_add_ago(b, o->now_ms, health_int(h, "last_success_ms"));
	if (*health_text(h, "lag_ms")) {
		buf_adds(b, "<small>from call to count ");
		page_add_span(b, health_int(h, "lag_ms"));
		buf_adds(b, "</small>");
	}
	buf_adds(b, "</div></td>");
	/* Who compared everything has caught up, too. */
	add_run(b, o, "Caught up",
	        caught_up_ms > full_ms ? caught_up_ms : full_ms,
	        health_int(h, "next_catch_up_ms"), is_paused);
	add_run(b, o, "All compared", full_ms, health_int(h, "next_full_ms"),
	        is_paused);
}

static void
add_work(struct buf *b, const struct overview_account *a)
{
	buf_addf(b, "<td class=\"n\" data-label=\"To look at\"><div>%lld",
	         (long long)a->n_marks);
	if (a->n_ready) {
		buf_adds(b, "<small>");
		page_add_count(b, a->n_ready, "sale to record",
		               "sales to record");
		buf_adds(b, "</small>");
	}
	if (a->n_waiting) {
		buf_adds(b, "<small>");
		page_add_count(b, a->n_waiting, "line without item",
		               "lines without item");
		buf_adds(b, "</small>");
	}
	buf_addf(b, "</div></td><td class=\"n\" data-label=\"Items\"><div>%lld",
	         (long long)a->n_bound);
	if (a->n_unresolved) {
		buf_adds(b, "<small class=\"warn\"><a href=\"/api/items/");
		buf_add_url(b, a->name);
		buf_addf(b, "\">%lld not found yet</a></small>",
		         (long long)a->n_unresolved);
	}
	buf_adds(b, "</div></td>");
}

static void
add_systems(struct buf *b, const struct overview *o)
{
	buf_adds(b, "<h2>Systems</h2><div class=\"box\">"
	            "<table class=\"cards systems\"><thead><tr>"
	            "<th>System</th><th>State</th>");
	if (o->has_store)
		buf_adds(b, "<th>Last answer</th><th>Caught up</th>"
		            "<th>All compared</th>"
		            "<th class=\"n\">To look at</th>"
		            "<th class=\"n\">Items</th>");
	buf_adds(b, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < o->n_accounts; i++) {
		const struct overview_account *a = &o->accounts[i];

		buf_adds(b, "<tr>");
		add_name(b, a);
		add_state(b, o, a);
		if (o->has_store) {
			add_answer(b, o, a);
			add_work(b, a);
		}
		buf_adds(b, "</tr>\n");
	}
	buf_adds(b, "</tbody></table></div>\n");
}

/* ---- what waits for a person ---- */

/* What each kind means, and what the decisions do. NULL: not to be had. */
struct kind_words {
	const char *kind;
	const char *title;
	const char *retry;
	const char *confirm;
	const char *drop;
};

static const struct kind_words kinds[] = {
	{ "event", "A call could not be understood", "read it once more", NULL,
	  "forget it; the next comparison finds what it meant" },
	{ "uncertain", "Was this sale recorded? That is not known",
	  "you looked, and it is not there: record it",
	  "you looked: the document is there, and complete (one that is not, "
	  "such as an order nobody has paid, would be lost)",
	  "never record it" },
	{ "refused", "A sale was refused",
	  "you removed the cause: record it now", NULL, "never record it" },
	{ "held", "A return is held back",
	  "record it, once entry.returns says how", NULL,
	  "leave the stock as it is" },
	{ "stranded", "A sale waits for a system that is no longer configured",
	  "record it where its items are kept now, if it was never sent", NULL,
	  "never record it" },
	{ "zero", "Many counts would become zero at once",
	  "it is right: set them to zero", NULL, "leave them as they are" },
};

static const struct kind_words *
find_kind(const char *kind)
{
	static const struct kind_words other = { "", "Waits for a decision",
		                                 "do it again", NULL,
		                                 "forget it" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return &kinds[i];
	return &other;
}

static void
add_command(struct buf *b, const char *verb, const char *id,
            const char *meaning)
{
	if (!meaning)
		return;
	buf_addf(b, "<dt><code>tillbridge dead %s ", verb);
	page_add_shell_word(b, id);
	buf_addf(b, "</code></dt><dd>%s</dd>", meaning);
}

struct letters {
	const struct overview *o;
	struct buf html;
	struct buf asked; /* what needs nobody */
	int64_t now_ms;
	int n;
};

static void
add_asked(struct buf *b, const struct dead_letter *letter,
          const struct asked *asked)
{
	struct buf words = BUF_INIT;

	explain_asked(&words, letter->authority, asked->in_ms);
	buf_adds(b, "<p>Nothing to decide: ");
	api_add_html(b, buf_text(&words));
	buf_adds(b, ".</p><dl>");
	add_command(b, "show", letter->id, "everything known about it");
	b->is_broken |= words.is_broken;
	buf_fini(&words);
}

static void
add_choices(struct buf *b, const struct dead_letter *letter,
            const struct kind_words *words)
{
	buf_adds(b, "<dl>");
	add_command(b, "show", letter->id, "everything known about it");
	add_command(b, "confirm", letter->id, words->confirm);
	add_command(b, "retry", letter->id, words->retry);
	add_command(b, "drop", letter->id, words->drop);
}

static int
add_letter(void *ctx, const struct dead_letter *letter)
{
	struct letters *to = ctx;
	const struct api_env *env = to->o->env;
	const struct asked_by by = { env->conf, env->adapters };
	const struct kind_words *words = find_kind(letter->kind);
	struct asked asked;
	struct buf *b;
	int r;

	if (to->n == LETTERS_SHOWN)
		return LETTERS_ENOUGH;
	r = store_asked_letter(env->store, &asked, &by, letter);
	if (r)
		return r;
	to->n++;
	b = asked.is_asked ? &to->asked : &to->html;
	buf_addf(b, "<div class=\"letter\"><h3>%s<small>", words->title);
	api_add_html(b, letter->account);
	buf_adds(b, ", ");
	page_add_ago(b, to->now_ms, letter->at_ms);
	buf_adds(b, "</small></h3><p>");
	api_add_html(b, letter->summary);
	buf_adds(b, "</p>");
	if (letter->why[0]) {
		buf_adds(b, "<p><small>");
		api_add_html(b, letter->why);
		buf_adds(b, "</small></p>");
	}
	if (asked.is_asked)
		add_asked(b, letter, &asked);
	else
		add_choices(b, letter, words);
	buf_adds(b, "</dl></div>\n");
	return 0;
}

static void
add_box(struct buf *b, const char *title, struct buf *take)
{
	if (take->n) {
		buf_addf(b, "<h2>%s</h2><div class=\"box\">", title);
		buf_add(b, take->p, take->n);
		buf_adds(b, "</div>\n");
	}
	b->is_broken |= take->is_broken;
	buf_fini(take);
}

/* Returns 0 or ERR_NOMEM. A store that fails now leaves the list short. */
static int
add_letters(struct buf *b, const struct overview *o)
{
	struct letters to = { .o = o, .now_ms = o->now_ms };
	int r = store_dead_each(o->env->store, add_letter, &to);

	add_box(b, "Waiting for you", &to.html);
	add_box(b, "Looked up automatically", &to.asked);
	if (r == LETTERS_ENOUGH)
		buf_adds(b, "<p><small>There are more: "
		            "<code>tillbridge dead list</code></small></p>\n");
	return r == LETTERS_ENOUGH || r == ERR_STORE ? 0 : r;
}

/* ---- the end ---- */

static void
add_foot(struct buf *b, const struct overview *o)
{
	char now[CLOCK_TEXT_SIZE];

	clock_format(now, o->now_ms);
	buf_addf(b,
	         "</main><footer><p>As of %.8s UTC; this page renews itself "
	         "every five seconds.</p><p>Tillbridge ",
	         now + 11);
	api_add_html(b, o->env->version);
	if (o->has_store) {
		buf_adds(b, ", Redis ");
		api_add_html(b, o->durability.version);
		if (!o->warning[0])
			buf_adds(b, ": what is accepted is on disk");
	}
	buf_adds(b, ". The same <a href=\"/api/status\">as JSON</a>.</p>"
	            "</footer></body></html>\n");
}

static int
add_page(struct buf *b, const struct overview *o)
{
	struct overview_summary s;
	int r = 0;

	overview_summarize(&s, o);
	add_head(b, o, &s);
	add_durability(b, o);
	add_summary(b, &s);
	if (o->has_store) {
		page_add_oversold(b, o);
		add_tiles(b, o);
		r = add_letters(b, o);
	}
	add_systems(b, o);
	page_add_schedule(b, o);
	page_add_mirrors(b, o);
	add_foot(b, o);
	overview_summary_fini(&s);
	return r;
}

int
api_serve_page(const struct api_env *env, const struct http_call *call,
               const char *const *params, struct http_reply *reply)
{
	struct overview o;
	int r = overview_read(&o, env);

	(void)call;
	(void)params;
	if (!r)
		r = overview_read_lists(&o);
	if (!r)
		r = add_page(&reply->body, &o);
	overview_fini(&o);
	if (r)
		return err_pass(r);
	reply->status = 200;
	reply->content_type = "text/html; charset=utf-8";
	return err_pass(buf_check(&reply->body));
}
