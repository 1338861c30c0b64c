/*
 * Hiboutik, entries: a till as authority. Record a sale or a return that
 * happened elsewhere, and find one again.
 *
 * Does     A sale becomes a sale of ours, its docid the ext_ref. A search for
 *          it comes first: what is there already, half or whole, is finished
 *          and not made again. A return becomes a stock arrival, its docid the
 *          label: goods that are there again.
 * Money    Prices are what was paid, tax included, in cents. A line whose
 *          amount no price of one gives exactly becomes two.
 * Refused  A line that Hiboutik does not take (no such stock, a package) takes
 *          the whole sale back, and a person reads why. The vendor's plug-in
 *          would book it without moving stock, and the count stay wrong.
 * Not      Orders of a shop, customers, fractions of a piece.
 */
#include "adapters/hiboutik.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

#define NOTE "hiboutik.post"

/* An entry on its way. */
struct post {
	struct hiboutik *h;
	const struct entry *entry;
	struct hiboutik_paper paper;
	struct hiboutik_line
		*lines; /* owned; up to two for each of the entry */
};

/* ---- what cannot be recorded, and why ---- */

static const char cure[] = "book it there by hand, then drop this entry";

static struct outcome
check_line(const struct entry_line *line, struct hiboutik_thing *thing,
           int64_t *quantity)
{
	char text[DECIMAL_TEXT_SIZE];
	struct decimal size = decimal_max(line->qty, decimal_neg(line->qty));

	if (!line->external || !hiboutik_read_thing(thing, line->external))
		return outcome_of(VERDICT_REFUSED,
		                  "%.60s is not bound here: bind it, then "
		                  "retry this entry",
		                  line->sku);
	if (decimal_to_scaled(quantity, size, 0))
		return outcome_of(VERDICT_REFUSED,
		                  "Hiboutik holds whole pieces, not %s of "
		                  "%.60s: %s",
		                  decimal_format(text, line->qty), line->sku,
		                  cure);
	return outcome_done();
}

static struct outcome
check_entry(const struct post *post)
{
	const struct entry *entry = post->entry;
	const char *currency = conf_text(post->h->conf, "currency");
	bool is_return = entry_is_return(entry);

	if (entry->kind != ENTRY_SALE)
		return outcome_of(VERDICT_REFUSED,
		                  "Hiboutik takes no orders or customers of a "
		                  "shop from us: %s",
		                  cure);
	if (entry->n_lines == 0)
		return outcome_of(VERDICT_REFUSED,
		                  "the entry has no lines: drop it");
	if (entry->currency && strcmp(entry->currency, currency) != 0)
		return outcome_of(VERDICT_REFUSED,
		                  "the sale is in \"%.10s\", this account "
		                  "takes %.10s: %s",
		                  entry->currency, currency, cure);
	for (size_t i = 0; i < entry->n_lines; i++)
		if (is_return != decimal_is_negative(entry->lines[i].qty) ||
		    decimal_is_zero(entry->lines[i].qty))
			return outcome_of(VERDICT_REFUSED,
			                  "sold and returned things in one "
			                  "entry: %s",
			                  cure);
	return outcome_done();
}

/* ---- lines ---- */

static struct hiboutik_line *
add_line(struct post *post, const struct hiboutik_thing *thing,
         int64_t quantity)
{
	struct hiboutik_line *line = &post->lines[post->paper.n_lines++];

	*line = (struct hiboutik_line){ .thing = *thing, .quantity = quantity };
	return line;
}

static void
set_price(struct hiboutik_line *line, int64_t cents)
{
	line->price = decimal_of_scaled(cents, 2);
	line->has_price = true;
}

/* 10.00 for three are two at 3.33 and one at 3.34. Without an amount the till's
   own price holds. */
static void
add_lines(struct post *post, const struct entry_line *from,
          const struct hiboutik_thing *thing, int64_t quantity)
{
	struct decimal gross = decimal_round(
		decimal_max(from->gross, DECIMAL_ZERO), 2, DECIMAL_HALF_UP);
	int64_t cents;
	int64_t dearer;

	if (!from->has_gross || decimal_to_scaled(&cents, gross, 2)) {
		(void)add_line(post, thing, quantity);
		return;
	}
	dearer = cents % quantity;
	if (quantity > dearer)
		set_price(add_line(post, thing, quantity - dearer),
		          cents / quantity);
	if (dearer)
		set_price(add_line(post, thing, dearer), cents / quantity + 1);
}

/* Its id, for whoever looks for it before it has our reference. */
static int
note(void *ctx, const struct hiboutik_paper *paper)
{
	struct post *post = ctx;
	char *text = text_format("%s %lld", paper->ref, (long long)paper->id);
	int r = text ? mirror_note_set(post->h->mirror, NOTE, text)
	             : err_raise(ERR_NOMEM, "note");

	free(text);
	return r;
}

/* The id that was noted for this entry; 0: none. */
static int64_t
noted_id(const struct post *post)
{
	const char *docid = post->entry->docid;
	size_t n = strlen(docid);
	struct buf text = BUF_INIT;
	int64_t id = 0;

	if (mirror_note_get(post->h->mirror, &text, NOTE) == 0 &&
	    strncmp(buf_text(&text), docid, n) == 0 &&
	    buf_text(&text)[n] == ' ')
		id = strtoll(buf_text(&text) + n + 1, NULL, 10);
	buf_fini(&text);
	return id > 0 ? id : 0;
}

/* DONE: it can be posted. post_fini in any case. */
static struct outcome
post_init(struct post *post, struct hiboutik *h, const struct entry *entry)
{
	struct outcome outcome;

	*post = (struct post){ .h = h, .entry = entry };
	outcome = check_entry(post);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	post->lines = calloc(2 * entry->n_lines, sizeof(*post->lines));
	if (!post->lines)
		return outcome_fault(ERR_NOMEM);
	post->paper = (struct hiboutik_paper){
		.ref = entry->docid,
		.date_ms = entry->occurred_ms,
		.currency = conf_text(h->conf, "currency"),
		.comment = "Tillbridge",
		.must_be_known = true,
		.lines = post->lines,
		.made = note,
		.ctx = post,
	};
	for (size_t i = 0; i < entry->n_lines; i++) {
		struct hiboutik_thing thing;
		int64_t quantity;

		outcome = check_line(&entry->lines[i], &thing, &quantity);
		if (outcome.verdict != VERDICT_DONE)
			return outcome;
		add_lines(post, &entry->lines[i], &thing, quantity);
	}
	return outcome;
}

static void
post_fini(struct post *post)
{
	free(post->lines);
}

/* ---- functions of the table ---- */

static struct outcome
resume(struct post *post)
{
	post->paper.id = noted_id(post);
	return entry_is_return(post->entry)
	               ? hiboutik_resume_arrival(post->h, &post->paper)
	               : hiboutik_resume_ticket(post->h, &post->paper);
}

/* The search is one call, and the sale is dearer. Arrivals cannot be searched
   but by listing all of them: the look-up does that, when it must. */
static struct outcome
post_sale(struct post *post)
{
	struct outcome outcome = resume(post);

	if (outcome.verdict != VERDICT_ABSENT)
		return outcome;
	post->paper.id = 0;
	return hiboutik_make_ticket(post->h, &post->paper);
}

struct outcome
hiboutik_post_entry(void *state, const struct entry *entry)
{
	struct hiboutik *h = hiboutik_of(state);
	struct post post;
	struct outcome outcome = post_init(&post, h, entry);

	if (outcome.verdict == VERDICT_DONE)
		outcome = entry_is_return(entry)
		                  ? hiboutik_make_arrival(h, &post.paper)
		                  : post_sale(&post);
	post_fini(&post);
	return outcome;
}

struct outcome
hiboutik_find_entry(void *state, const struct entry *entry)
{
	struct hiboutik *h = hiboutik_of(state);
	struct post post;
	struct outcome outcome = post_init(&post, h, entry);

	if (outcome.verdict == VERDICT_DONE)
		outcome = resume(&post);
	post_fini(&post);
	return outcome;
}
