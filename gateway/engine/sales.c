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
#include "gateway/engine/worker.h"

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

/* What is listed, and the name of its cursor. */
#define SALES   "sales"
#define RETURNS "returns"

enum {
	OVERLAP_MS = 120000,      /* re-read by every listing */
	WHOLE_EVERY_MS = 3600000, /* the vendor's whole window, at least */
	READ_MAX = 100,           /* ids per read_sales */
	APPLY_TRIES = 5,
	PROPORTION_MAX = 1000, /* of a difference to the line it changes */
	IMPORT_WAIT_MS = 2000,
	IMPORT_GAP_MS = 15000, /* no binding for so long: it is over */
	IMPORT_MAX_MS = 60000, /* what is not resolved by then never is */
};

/* The ledger remembers a sale for at least so long. */
#define REMEMBERED_MS (INT64_C(35) * 24 * 3600 * 1000)

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
static int
record(struct worker *w, const struct sale *sale, int64_t origin_ms)
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

/* ---- from the adapter ---- */

/* What a listing works with. */
struct sales_listing {
	struct worker *w;
	const char *cursor;        /* of this list */
	int64_t start_ms;          /* earlier sales are history */
	int64_t returns_start_ms;  /* and earlier returns */
	const struct marks *named; /* of sales_read; NULL */
	int64_t origin_ms;         /* of those not named; 0 */
	int fault;                 /* ours, not the vendor's */
	bool has_waiting;          /* a sale was seen that may not count yet */
};

static bool
is_ours(const struct sale *sale)
{
	return sale->reference && sale_is_docid(sale->reference);
}

static int
bind_lines(struct worker *w, struct sale *sale)
{
	const char **externals = calloc(sale->n_lines + 1, sizeof(*externals));
	char **skus = calloc(sale->n_lines + 1, sizeof(*skus));
	int r = 0;

	if (!externals || !skus)
		r = err_raise(ERR_NOMEM, "why=%s", "sale");
	for (size_t i = 0; !r && i < sale->n_lines; i++)
		externals[i] =
			sale->lines[i].external ? sale->lines[i].external : "";
	if (!r)
		r = store_registry_skus(w->store, w->account, externals,
		                        sale->n_lines, skus);
	for (size_t i = 0; !r && i < sale->n_lines; i++) {
		free(sale->lines[i].sku);
		sale->lines[i].sku = skus[i];
	}
	free(externals);
	free(skus);
	return r;
}

static int64_t
origin_of(const struct sales_listing *l, const char *sale)
{
	for (size_t i = 0; l->named && i < l->named->n; i++)
		if (!strcmp(l->named->v[i]->member + 2, sale))
			return l->named->v[i]->origin_ms;
	return l->origin_ms;
}

/*
 * Was it listed once, so long ago that its record may have expired? A refund
 * announces its order again after months: taken for new, it would be posted
 * twice. What an outage kept us from listing is new, however old.
 */
static int
is_forgotten(const struct sales_listing *l, const struct sale *sale, bool *out)
{
	struct worker *w = l->w;
	struct ledger_sale known = { 0 };
	int64_t cursor = 0;
	int r;

	*out = false;
	if (clock_wall_ms() - sale->closed_ms < REMEMBERED_MS)
		return 0;
	r = store_cursor_get(w->store, &cursor, w->account, l->cursor);
	if (r || sale->closed_ms > cursor)
		return r;
	r = store_ledger_sale(w->store, &known, w->account, sale->id);
	if (r)
		return r;
	*out = known.revision == 0;
	ledger_sale_fini(&known);
	if (*out)
		log_info("sale.forgotten", "account=%s sale=%s why=%s",
		         w->account, sale->id,
		         log_quote("closed and listed too long ago"));
	return 0;
}

static bool
is_return(const struct sale *sale)
{
	for (size_t i = 0; i < sale->n_lines; i++)
		if (!decimal_is_negative(sale->lines[i].qty))
			return false;
	return sale->n_lines > 0;
}

static bool
is_bound_whole(const struct sale *sale)
{
	for (size_t i = 0; i < sale->n_lines; i++)
		if (sale->lines[i].external && !sale->lines[i].sku)
			return false;
	return true;
}

/*
 * After a loss of Redis a sale is one document again, as far as can be: while
 * the registry is being imported, one that is only partly bound waits, because
 * what was booked before cannot be found by its parts. Until then the account's
 * sales are not known, and nothing is written there.
 */
static int
must_wait(struct worker *w, const struct sale *sale, bool *out)
{
	int64_t binding = 0;
	int64_t n_bound = 0;
	int64_t n_unresolved = 0;
	int64_t age;
	int r;

	*out = false;
	if (is_bound_whole(sale))
		return 0;
	r = saved_is_doubtful(w, sale->closed_ms, out);
	if (r || !*out)
		return r;
	r = store_cursor_get(w->store, &binding, w->account, "binding");
	if (!r)
		r = store_registry_count_account(w->store, w->account, &n_bound,
		                                 &n_unresolved);
	age = clock_wall_ms() - binding;
	*out = age >= 0 && age < (n_unresolved ? IMPORT_MAX_MS : IMPORT_GAP_MS);
	return r;
}

static int
take_sale(void *ctx, struct sale *sale)
{
	struct sales_listing *l = ctx;
	bool is_old = false;
	bool waits = false;
	int r;

	/* A long list must not cost the lease. */
	(void)worker_keep(l->w);

	/* Echo: what we recorded there ourselves is known by our reference. */
	if (!sale->is_final || is_ours(sale))
		return 0;
	if (!l->start_ms ||
	    sale->closed_ms <
	            (is_return(sale) ? l->returns_start_ms : l->start_ms))
		return 0;
	r = is_forgotten(l, sale, &is_old);
	if (!r && is_old)
		return 0;
	if (!r)
		r = bind_lines(l->w, sale);
	if (!r)
		r = must_wait(l->w, sale, &waits);
	l->has_waiting |= waits;
	if (!r && !waits)
		r = record(l->w, sale, origin_of(l, sale->id));
	l->fault = r;
	return r;
}

/* A cursor that is the beginning of something: set it where it is not yet, and
   never in the future, lest all that closes until then were history. */
static int
begin_at(struct worker *w, const char *name, int64_t wanted, int64_t *out)
{
	int64_t now = worker_their_ms(w, clock_wall_ms());

	*out = wanted < now ? wanted : now;
	return store_cursor_set(w->store, w->account, name, *out);
}

/*
 * From when on its sales are ours, by its clock; 0: nothing is bound here yet.
 * Who bound the first item asked nobody there, so their clock is known only
 * now. After a loss of Redis it is what was saved, once something is bound.
 */
static int
find_start(struct worker *w, int64_t *start)
{
	int64_t bound = 0;
	int64_t saved = 0;
	int r = store_cursor_get(w->store, &bound, w->account, "bound");

	if (!r && bound)
		r = store_cursor_get(w->store, &saved, w->account, SAVED_SALES);
	if (r || !bound)
		return r;
	return begin_at(w, "start",
	                saved ? saved + 1 : worker_their_ms(w, bound), start);
}

static struct outcome
wait_for_import(void)
{
	return outcome_slow(IMPORT_WAIT_MS, "the registry is being imported "
	                                    "after a loss of Redis");
}

static int
get_start(struct worker *w, int64_t *start)
{
	int r = store_cursor_get(w->store, start, w->account, "start");

	if (r || !*start)
		return r ? r : find_start(w, start);
	if (*start <= worker_their_ms(w, clock_wall_ms()))
		return 0;
	return begin_at(w, "start", *start, start);
}

/* The same for returns, which are listed seldom: saved apart. */
static int
get_returns_start(struct worker *w, int64_t start, int64_t *out)
{
	int64_t saved = 0;
	int r = store_cursor_get(w->store, &saved, w->account, SAVED_RETURNS);

	*out = saved && saved < start ? saved : start;
	return r;
}

/* From where to list: the vendor's window now and then, else the overlap. */
static int
since(const struct sales_listing *l, int64_t until_ms, bool whole, int64_t *out)
{
	struct worker *w = l->w;
	int64_t cursor = 0;
	int r = store_cursor_get(w->store, &cursor, w->account, l->cursor);

	/* A cursor ahead of now: the clock was set back since. */
	whole = whole || cursor > until_ms;
	if (whole)
		*out = until_ms - w->ops->sales_window_ms;
	if (!whole || (cursor && cursor - OVERLAP_MS < *out))
		*out = cursor - OVERLAP_MS;
	if (*out < l->start_ms)
		*out = l->start_ms;
	if (*out > until_ms)
		*out = until_ms;
	return r;
}

/* One of the vendor's two lists, and how it is asked for. */
struct list {
	const char *cursor;
	const char *doing;
	struct outcome (*ask)(void *state, int64_t since_ms, int64_t until_ms,
	                      const struct sale_sink *sink);
	int64_t until_ms;
	int64_t origin_ms;
	bool whole;
};

static int
ask(struct worker *w, const struct list *list, int64_t start_ms,
    bool *was_listed)
{
	struct sales_listing l = { .w = w,
		                   .cursor = list->cursor,
		                   .start_ms = start_ms,
		                   .returns_start_ms = start_ms,
		                   .origin_ms = list->origin_ms };
	const struct sale_sink sink = { .ctx = &l, .sale = take_sale };
	struct outcome outcome;
	int64_t from = 0;
	int r = since(&l, list->until_ms, list->whole, &from);

	if (r)
		return r;
	outcome = list->ask(w->state, from, list->until_ms, &sink);
	if (outcome.verdict == VERDICT_DONE && l.has_waiting)
		outcome = wait_for_import();
	/* Without the sales nothing can be written here, so the marks stay:
	   ask again, but not without a pause. */
	if (outcome.verdict == VERDICT_REFUSED)
		outcome.verdict = VERDICT_RETRY;
	*was_listed = !l.fault && worker_judge(w, list->doing, &outcome);
	if (!*was_listed)
		return l.fault;
	/* After all of its sales are in the ledger (promise 6). */
	return store_cursor_set(w->store, w->account, list->cursor,
	                        list->until_ms);
}

int
returns_list(struct worker *w, int64_t until_ms, bool whole, int64_t origin_ms,
             bool *was_listed)
{
	const struct list returns = {
		.cursor = RETURNS,
		.doing = "list returns",
		.ask = w->ops->list_returns,
		.until_ms = worker_their_ms(w, until_ms),
		.origin_ms = origin_ms,
		.whole = whole,
	};
	int64_t start = 0;
	int r;

	*was_listed = true;
	if (!returns.ask)
		return 0;
	r = get_start(w, &start);
	if (!r && start)
		r = get_returns_start(w, start, &start);
	return r || !start ? r : ask(w, &returns, start, was_listed);
}

int
sales_list(struct worker *w, int64_t until_ms, bool whole, int64_t origin_ms,
           bool *was_listed)
{
	int64_t now = clock_mono_ms();
	struct list sales = {
		.cursor = SALES,
		.doing = "list sales",
		.ask = w->ops->list_sales,
		.until_ms = worker_their_ms(w, until_ms),
		.origin_ms = origin_ms,
		.whole = whole || !w->sales_full_mono_ms ||
		         now - w->sales_full_mono_ms >= WHOLE_EVERY_MS,
	};
	int64_t start = 0;
	int r;

	*was_listed = true;
	if (!sales.ask)
		return 0;
	r = get_start(w, &start);
	if (r || !start)
		return r; /* nothing is bound here yet */
	r = ask(w, &sales, start, was_listed);
	if (!r && *was_listed)
		r = saved_cursor_advance(w, sales.until_ms);
	if (r || !*was_listed || !sales.whole)
		return r;
	r = returns_list(w, until_ms, true, origin_ms, was_listed);
	if (r || !*was_listed)
		return r;
	w->sales_full_mono_ms = now;
	return saved_end_doubt(w);
}

static int
read_some(struct worker *w, const struct marks *marks)
{
	struct sales_listing l = { .w = w, .cursor = SALES, .named = marks };
	const struct sale_sink sink = { .ctx = &l, .sale = take_sale };
	const char *ids[READ_MAX];
	struct outcome outcome;
	int r = get_start(w, &l.start_ms);

	if (!r)
		r = get_returns_start(w, l.start_ms, &l.returns_start_ms);
	if (r)
		return r;
	for (size_t i = 0; i < marks->n; i++)
		ids[i] = marks->v[i]->member + 2; /* "s:ID" */
	outcome = w->ops->read_sales(w->state, ids, marks->n, &sink);
	if (l.fault)
		return l.fault;
	if (outcome.verdict == VERDICT_DONE && l.has_waiting)
		outcome = wait_for_import();
	if (worker_judge(w, "read sales", &outcome) ||
	    outcome.verdict == VERDICT_REFUSED)
		r = store_marks_clear(w->store, w->account, marks->v, marks->n);
	return r;
}

int
sales_read(struct worker *w, const struct marks *marks)
{
	int r = 0;

	if (!w->ops->read_sales)
		return store_marks_clear(w->store, w->account, marks->v,
		                         marks->n);
	for (size_t at = 0; !r && at < marks->n; at += READ_MAX) {
		struct marks some = { marks->v + at, marks->n - at };

		if (some.n > READ_MAX)
			some.n = READ_MAX;
		r = read_some(w, &some);
	}
	return r;
}
