/*
 * Sales at a channel, and what comes back there, on their way into the ledger.
 *
 * A sale is read again and again (hooks, overlaps, windows); its record in the
 * ledger remembers by line what was made into entries, so only a difference
 * becomes a new one, and an older version changes nothing. Sales that closed
 * before the account's first binding are history, and so is one so old that the
 * ledger may have forgotten it. Lines that are not bound wait and are shown.
 * A return is a sale of negative quantities, listed apart where the vendor does
 * so: with every whole window, and when a count rose that nothing explains.
 *
 * Source   design.md section 4: Entries, First binding, Late sales, Returns,
 *          Loss of Redis.
 */
#include "gateway/engine/sales.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_timeline.h"
#include "gateway/engine/saved.h"
#include "gateway/engine/withdraw.h"
#include "gateway/model/metrics.h"

enum {
	APPLY_TRIES = 5,
	PROPORTION_MAX = 1000, /* of a difference to the line it changes */
};

/* One sale on its way into the ledger. */
struct intake {
	struct worker *w;
	const struct sale *sale;
	int64_t origin_ms;
	struct ledger_sale known;
	struct ledger_line *lines; /* new totals; sku borrowed, uid borrowed */
	size_t n_lines;
	struct ledger_waiting *waiting;
	size_t n_waiting;
	struct entry *entries; /* by authority, sales then returns */
	struct ledger_new *news;
	size_t n_entries;
	struct ledger_line *sold;
	size_t n_sold;
	const char **here; /* SKUs to look at where it happened; borrowed */
	size_t n_here;
	bool has_waited; /* a line of it was not bound when it was seen first */
};

static void
intake_fini(struct intake *in)
{
	ledger_sale_fini(&in->known);
	for (size_t i = 0; i < in->n_entries; i++)
		entry_fini(&in->entries[i]);
	free(in->entries);
	free(in->news);
	free(in->lines);
	free(in->waiting);
	free(in->sold);
	free(in->here);
}

static int
intake_init(struct intake *in)
{
	/* Every known line may vanish, every new one may appear, and each may
	   need an entry of its own authority and sign. */
	size_t n = in->sale->n_lines + in->known.n_lines + 1;

	in->lines = calloc(n, sizeof(*in->lines));
	in->waiting = calloc(n, sizeof(*in->waiting));
	in->entries = calloc(n, sizeof(*in->entries));
	in->news = calloc(n, sizeof(*in->news));
	in->sold = calloc(n, sizeof(*in->sold));
	in->here = calloc(n, sizeof(*in->here));
	if (in->lines && in->waiting && in->entries && in->news && in->sold &&
	    in->here)
		return 0;
	return err_raise(ERR_NOMEM, "why=%s", "sale");
}

static const struct ledger_line *
find_known(const struct ledger_sale *known, const char *uid)
{
	for (size_t i = 0; i < known->n_lines; i++)
		if (!strcmp(known->lines[i].uid, uid))
			return &known->lines[i];
	return NULL;
}

/* The authority whose entries are named by the sale alone: what it was when the
   sale was seen first, or two documents might get one name. */
static const char *
usual_of(const struct intake *in)
{
	return in->known.usual && *in->known.usual
	               ? in->known.usual
	               : engine_authority(in->w->engine, NULL);
}

/*
 * An id that is stable over attempts, and the same again when Redis lost its
 * data and the sale is read anew, because a look-up goes by it: account/sale,
 * with the authority where that is not the usual one, and for what comes later
 * the vendor's version and a running number.
 */
static int
name_entry(struct intake *in, struct entry *e, int64_t number)
{
	bool is_usual = !strcmp(e->authority, usual_of(in));
	char later[48] = "";
	char docid[41];

	if (number)
		(void)snprintf(later, sizeof(later), "+%lld.%lld",
		               (long long)in->sale->version, (long long)number);
	e->id = text_format("%s/%s%s%s%s", in->w->account, in->sale->id,
	                    is_usual ? "" : "@", is_usual ? "" : e->authority,
	                    later);
	if (!e->id || sale_docid(docid, e->id))
		return ERR_NOMEM;
	e->docid = text_dup(docid);
	e->account = text_dup(in->w->account);
	e->sale = text_dup(in->sale->id);
	e->currency = text_dup(in->sale->currency);
	e->occurred_ms = in->sale->closed_ms;
	return e->docid && e->account && e->sale ? 0 : ERR_NOMEM;
}

/* The entry that takes a line for this authority and sign; made if needed. */
static struct entry *
entry_for(struct intake *in, const char *authority, bool is_return)
{
	int64_t number = ledger_sale_entries(&in->known, authority);
	struct entry *e;

	for (size_t i = 0; i < in->n_entries; i++) {
		if (strcmp(in->entries[i].authority, authority) != 0)
			continue;
		if (entry_is_return(&in->entries[i]) == is_return)
			return &in->entries[i];
		number++;
	}
	e = &in->entries[in->n_entries];
	e->authority = text_dup(authority);
	if (!e->authority || name_entry(in, e, number)) {
		entry_fini(e);
		return NULL;
	}
	in->n_entries++;
	return e;
}

static struct ledger_line *
sold_of(struct intake *in, const char *sku)
{
	for (size_t i = 0; i < in->n_sold; i++)
		if (!strcmp(in->sold[i].sku, sku))
			return &in->sold[i];
	return NULL;
}

/* What was paid for a quantity, as far as that is known. */
struct paid {
	struct decimal gross;
	bool is_known;
};

/*
 * A difference's share of what its line costs as a whole. One out of all
 * proportion to the line (a mistake at the till, put right) gets none: it would
 * be a fantasy, and too big for a decimal.
 */
static struct paid
share_of(const struct sale_line *line, struct decimal diff)
{
	struct decimal qty = decimal_max(line->qty, decimal_neg(line->qty));
	struct decimal size = decimal_max(diff, decimal_neg(diff));
	struct decimal most = decimal_of(PROPORTION_MAX);

	if (!line->has_gross || decimal_is_zero(qty) ||
	    decimal_cmp(
		    decimal_mul_div(size, decimal_of(1), most, 9, DECIMAL_CUT),
		    qty) > 0)
		return (struct paid){ .is_known = false };
	return (struct paid){ decimal_mul_div(line->gross, diff, line->qty, 6,
		                              DECIMAL_HALF_UP),
		              true };
}

/*
 * What is booked for a difference: what the line costs now less what was booked
 * for it, so that all its entries come to the last version's amount. A share
 * stands in where one of the two is not known, or where the money went the
 * other way than the goods (a changed price); it is remembered like the rest,
 * and the next difference puts it right.
 *
 * line  as it is now; NULL: it is gone, and so is all that was booked for it
 */
static struct paid
paid_for(const struct sale_line *line, const struct ledger_line *known,
         struct decimal diff)
{
	bool is_known =
		(!known || known->has_gross) && (!line || line->has_gross);
	struct decimal before = known ? known->gross : DECIMAL_ZERO;
	struct decimal more =
		decimal_sub(line ? line->gross : DECIMAL_ZERO, before);

	if (is_known &&
	    (!line || decimal_is_zero(more) ||
	     decimal_is_negative(more) == decimal_is_negative(diff)))
		return (struct paid){ more, true };
	return line ? share_of(line, diff) : (struct paid){ .is_known = false };
}

/* Put a difference of one line into the entry it belongs to. sku outlives the
   item. */
static int
add_difference(struct intake *in, const struct item *item, const char *sku,
               const char *uid, struct decimal diff, const struct paid *paid)
{
	const char *authority =
		engine_authority(in->w->engine, item->authority);
	const struct binding *there = item_find_binding(item, authority);
	struct entry_line *to;
	struct entry *e;

	if (!strcmp(authority, in->w->account) || decimal_is_negative(diff))
		in->here[in->n_here++] = sku;
	/* A sale at the authority itself is inside its balance already. */
	if (!strcmp(authority, in->w->account))
		return 0;
	e = entry_for(in, authority, decimal_is_negative(diff));
	to = e ? entry_add_line(e) : NULL;
	if (!to)
		return err_raise(ERR_NOMEM, "why=%s", "entry");
	to->uid = text_dup(uid);
	to->sku = text_dup(sku);
	/* Filled in again before it is posted; "" while not bound there. */
	to->external =
		text_dup(there && there->external ? there->external : "");
	to->qty = diff;
	to->gross = paid->gross;
	to->has_gross = paid->is_known;
	return to->uid && to->sku && to->external ? 0 : ERR_NOMEM;
}

/* Remember the line's new total and what it adds to the units sold here. */
static void
note_line(struct intake *in, const struct ledger_line *total,
          struct decimal diff)
{
	struct ledger_line *sold = sold_of(in, total->sku);

	in->lines[in->n_lines++] = *total;
	if (!sold) {
		sold = &in->sold[in->n_sold++];
		*sold = (struct ledger_line){ .sku = total->sku };
	}
	sold->entered = decimal_add(sold->entered, diff);
}

/* A line that is not bound waits, until it is gone or is another thing. */
static void
take_unbound(struct intake *in, const struct sale_line *line,
             const struct ledger_line *known)
{
	const char *now =
		line && !decimal_is_zero(line->qty) ? line->external : NULL;
	const char *before = known ? known->external : NULL;

	if (now && before ? !strcmp(now, before) : now == before)
		return; /* it waits already; or is no stocked thing */
	in->waiting[in->n_waiting++] = (struct ledger_waiting){
		line ? line->uid : known->uid,
		now,
	};
}

/*
 * One line: what it says now against what was made into entries. line is NULL
 * for one that a later version no longer has.
 */
static int
take_line(struct intake *in, const struct sale_line *line,
          const struct ledger_line *known)
{
	struct decimal now = line ? line->qty : DECIMAL_ZERO;
	struct decimal before = known ? known->entered : DECIMAL_ZERO;
	struct decimal diff = decimal_sub(now, before);
	/* cppcheck-suppress nullPointerRedundantCheck ; one of them is there */
	char *uid = line ? line->uid : known->uid;
	char *sku = known && known->sku ? known->sku : line ? line->sku : NULL;
	struct item item = { 0 };
	struct paid paid;
	int r;

	if (!sku || (known && known->external && decimal_is_zero(now))) {
		take_unbound(in, line, known);
		return 0;
	}
	if (decimal_is_zero(diff))
		return 0; /* nothing new */
	in->has_waited |= known && !known->sku;
	r = store_registry_get(in->w->store, &item, sku);
	if (r == REGISTRY_ABSENT)
		return 0; /* the item was deleted: nothing to keep right */
	paid = paid_for(line, known, diff);
	if (!r)
		r = add_difference(in, &item, sku, uid, diff, &paid);
	if (!r)
		note_line(in,
		          &(struct ledger_line){
				  .uid = uid,
				  .sku = sku,
				  .entered = now,
				  .gross = known ? decimal_add(known->gross,
		                                               paid.gross)
		                                 : paid.gross,
				  .has_gross = paid.is_known &&
		                               (!known || known->has_gross),
			  },
		          diff);
	item_fini(&item);
	return r;
}

/* Totals of units sold here, as they will be afterwards. */
static int
total_sold(struct intake *in)
{
	const char **skus = calloc(in->n_sold + 1, sizeof(*skus));
	struct decimal *before = calloc(in->n_sold + 1, sizeof(*before));
	int r = 0;

	if (!skus || !before)
		r = err_raise(ERR_NOMEM, "why=%s", "sale");
	for (size_t i = 0; !r && i < in->n_sold; i++)
		skus[i] = in->sold[i].sku;
	if (!r)
		r = store_ledger_sold(in->w->store, before, in->w->account,
		                      skus, in->n_sold);
	for (size_t i = 0; !r && i < in->n_sold; i++)
		in->sold[i].entered =
			decimal_add(before[i], in->sold[i].entered);
	free(skus);
	free(before);
	return r;
}

/* In which state a new entry begins. Not to know whether Redis lost its data
   is a fault: the entry might be posted twice. */
static int
choose_state(struct intake *in, struct ledger_new *new,
             const struct entry *entry)
{
	const struct engine *e = in->w->engine;
	const struct conf_section *at =
		conf_find_account(e->conf, entry->authority);
	const struct adapter_ops *ops =
		at ? engine_adapter(e, conf_account_type(at)) : NULL;
	bool is_doubtful = false;
	int r;

	*new = (struct ledger_new){ entry, "ready", "", true };
	if (entry_is_return(entry) &&
	    !(ops && ops->takes_returns && ops->takes_returns(at))) {
		*new = (struct ledger_new){
			entry, "held",
			"a return: no document says how this system takes it",
			false
		};
		return 0;
	}
	r = saved_is_doubtful(in->w, entry->occurred_ms, &is_doubtful);
	/* The document from before the loss may hold these lines as well: to
	   find none of this name proves nothing. */
	if (!r && is_doubtful && in->has_waited)
		*new = (struct ledger_new){
			entry, "held",
			"Redis lost its data, and this line was bound late: "
			"look whether it is booked with the rest of its sale; "
			"if so drop it, else retry",
			true
		};
	else if (!r && is_doubtful)
		*new = (struct ledger_new){
			entry, "uncertain",
			"Redis lost its data: it may have been posted before",
			true
		};
	return r;
}

static int
build(struct intake *in)
{
	int r = store_ledger_sale(in->w->store, &in->known, in->w->account,
	                          in->sale->id);

	/* A listing may lag behind what was read by id. */
	if (!r && in->sale->version && in->sale->version < in->known.version)
		return 0;
	if (!r)
		r = withdraw_taken_back(in->w, in->sale, &in->known);
	if (!r)
		r = intake_init(in);
	for (size_t i = 0; !r && i < in->sale->n_lines; i++)
		r = take_line(in, &in->sale->lines[i],
		              find_known(&in->known, in->sale->lines[i].uid));
	for (size_t i = 0; !r && i < in->known.n_lines; i++) {
		const char *uid = in->known.lines[i].uid;
		bool is_there = false;

		for (size_t j = 0; j < in->sale->n_lines; j++)
			is_there |= !strcmp(in->sale->lines[j].uid, uid);
		if (!is_there)
			r = take_line(in, NULL, &in->known.lines[i]);
	}
	for (size_t i = 0; !r && i < in->n_entries; i++)
		r = choose_state(in, &in->news[i], &in->entries[i]);
	return r ? r : total_sold(in);
}

/* For a person who asks about the items. */
static void
note_entry(const struct intake *in, const struct entry *e,
           const struct ledger_new *new)
{
	char qty[DECIMAL_TEXT_SIZE];

	for (size_t i = 0; i < e->n_lines; i++)
		store_timeline_add(
			in->w->store, e->lines[i].sku, clock_wall_ms(),
			TIMELINE_SALE, in->w->account,
			"%s: %s %s; entry %s for %s is %s%s%s", in->sale->id,
			decimal_format(
				qty, decimal_max(e->lines[i].qty,
		                                 decimal_neg(e->lines[i].qty))),
			decimal_is_negative(e->lines[i].qty) ? "came back"
							     : "sold",
			e->id, e->authority, new->state, *new->why ? ": " : "",
			new->why);
}

/*
 * A sale at the authority itself is news of its balance; a return raised the
 * count, and if a person must decide on it, nothing else has it written again.
 * So these are looked at whether or not the call about the count arrives.
 * Marked before the sale is known: afterwards nobody would come back to it.
 */
static int
mark_here(const struct intake *in)
{
	int r = 0;

	for (size_t i = 0; !r && i < in->n_here; i++) {
		char *member = text_format("i:%s", in->here[i]);

		r = member ? store_marks_add_one(in->w->store, in->w->account,
		                                 member, MARK_SALE)
		           : err_raise(ERR_NOMEM, "why=%s", "mark");
		free(member);
	}
	return r;
}

/* More of it was sold than before; what comes back oversells nothing. */
static bool
is_sold_more(const struct intake *in, const char *sku)
{
	for (size_t i = 0; i < in->n_entries; i++)
		for (size_t j = 0; j < in->entries[i].n_lines; j++)
			if (!decimal_is_negative(in->entries[i].lines[j].qty) &&
			    !strcmp(in->entries[i].lines[j].sku, sku))
				return true;
	return false;
}

static int
check_oversold(const struct intake *in)
{
	const char **skus = calloc(in->n_sold + 1, sizeof(*skus));
	size_t n = 0;
	int r;

	if (!skus)
		return err_raise(ERR_NOMEM, "why=%s", "sale");
	for (size_t i = 0; i < in->n_sold; i++)
		if (is_sold_more(in, in->sold[i].sku))
			skus[n++] = in->sold[i].sku;
	r = n ? oversold_check(in->w, skus, n) : 0;
	free(skus);
	return r;
}

static int
announce(const struct intake *in)
{
	struct worker *w = in->w;

	if (!in->n_entries)
		return 0;
	for (size_t i = 0; i < in->n_entries; i++)
		note_entry(in, &in->entries[i], &in->news[i]);
	metrics_add(METRIC_sales_seen, 1);
	log_info("sale.seen", "account=%s sale=%s entries=%zu waiting=%zu",
	         w->account, in->sale->id, in->n_entries, in->n_waiting);
	return check_oversold(in);
}

/* A version that changes nothing is remembered all the same: an older one that
   a listing shows later must not count. */
static bool
is_newer(const struct intake *in)
{
	return in->known.revision && in->sale->version > in->known.version;
}

/* Build the change and apply it, again when the record moved meanwhile. */
int
sales_record(struct worker *w, const struct sale *sale, int64_t origin_ms)
{
	int r = LEDGER_STALE;

	for (int i = 0; r == LEDGER_STALE && i < APPLY_TRIES; i++) {
		struct intake in = { .w = w,
			             .sale = sale,
			             .origin_ms = origin_ms };

		r = build(&in);
		if (!r)
			r = mark_here(&in);
		if (!r && (in.n_lines || in.n_waiting || is_newer(&in))) {
			r = store_ledger_apply(
				w->store, &(struct ledger_change){
						  .account = w->account,
						  .sale = sale->id,
						  .revision = in.known.revision,
						  .closed_ms = sale->closed_ms,
						  .version = sale->version,
						  .usual = usual_of(&in),
						  .origin_ms = origin_ms,
						  .lines = in.lines,
						  .n_lines = in.n_lines,
						  .waiting = in.waiting,
						  .n_waiting = in.n_waiting,
						  .entries = in.news,
						  .n_entries = in.n_entries,
						  .sold = in.sold,
						  .n_sold = in.n_sold,
					  });
			if (!r)
				r = announce(&in);
		}
		intake_fini(&in);
	}
	return r == LEDGER_STALE ? ERR_STORE : r;
}
