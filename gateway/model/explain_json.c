/* Why an item shows what it shows, as JSON. */
#include "gateway/model/explain.h"

#include "gateway/base/clock.h"

/* Writes text that came from outside. */
typedef void write_text(struct json_out *o, const char *key, const char *value);

static void
say_time(struct json_out *o, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (!wall_ms) {
		json_out_null(o, key);
		return;
	}
	clock_format(text, wall_ms);
	json_out_text(o, key, text);
}

static void
say_decimal(struct json_out *o, const char *key, bool is_known,
            struct decimal d)
{
	if (is_known)
		json_out_decimal(o, key, d);
	else
		json_out_null(o, key);
}

static void
say_built(struct json_out *o, const char *key, struct buf *take,
          write_text *text)
{
	text(o, key, buf_text(take));
	o->to->is_broken |= take->is_broken;
	buf_fini(take);
}

static void
say_health(struct json_out *o, const struct explain_health *h, write_text *text)
{
	json_out_object(o, "account_health");
	text(o, "state", h->state);
	text(o, "breaker", h->breaker);
	text(o, "last_error", h->why);
	say_time(o, "last_error_at", h->last_error_ms);
	text(o, "alarm", h->alarm);
	json_out_end_object(o);
}

static void
say_mark(struct json_out *o, const struct explain_mark *m)
{
	if (!m->is_due) {
		json_out_null(o, "look_due");
		return;
	}
	json_out_object(o, "look_due");
	say_time(o, "at", m->at_ms);
	json_out_text(o, "because", explain_cause(m->cause));
	json_out_end_object(o);
}

static void
say_oversold(struct json_out *o, const struct explain *e)
{
	if (!e->oversold_ms) {
		json_out_null(o, "oversold");
		return;
	}
	json_out_object(o, "oversold");
	json_out_decimal(o, "missing", e->missing);
	say_time(o, "since", e->oversold_ms);
	json_out_end_object(o);
}

static void
say_entry(struct json_out *o, const struct explain_entry *e, write_text *text)
{
	struct buf words = BUF_INIT;

	json_out_object(o, NULL);
	text(o, "id", e->id);
	text(o, "docid", e->docid);
	text(o, "authority", e->authority);
	text(o, "state", e->state);
	json_out_decimal(o, "quantity", e->qty);
	json_out_bool(o, "pending", e->is_pending);
	json_out_int(o, "attempts", e->attempts);
	say_time(o, "made_at", e->made_ms);
	text(o, "why", e->why);
	explain_entry_say(&words, e);
	say_built(o, "says", &words, text);
	json_out_end_object(o);
}

static void
say_channel(struct json_out *o, const struct explain *e,
            const struct explain_channel *c, write_text *text)
{
	struct buf words = BUF_INIT;

	json_out_object(o, NULL);
	json_out_text(o, "account", c->account);
	text(o, "typed", c->typed);
	text(o, "external", c->external);
	text(o, "unresolved", c->unresolved);
	json_out_decimal(o, "reserve", c->reserve);
	json_out_text(o, "reserve_from", explain_reserve_name(c->reserve_from));
	say_decimal(o, "target", c->has_target, c->target);
	say_decimal(o, "published", c->has_published, c->published);
	say_time(o, "published_at", c->published_ms);
	say_mark(o, &c->mark);
	say_time(o, "suspect_since", c->suspect_ms);
	say_time(o, "held_since", c->held_ms);
	json_out_bool(o, "paused", c->is_paused);
	say_health(o, &c->health, text);
	explain_conclude(&words, e, c);
	say_built(o, "conclusion", &words, text);
	json_out_end_object(o);
}

static void
say_line(struct json_out *o, const struct timeline_line *l, write_text *text)
{
	json_out_object(o, NULL);
	say_time(o, "at", l->at_ms);
	if (l->n > 1) {
		say_time(o, "last_at", l->last_ms);
		json_out_int(o, "times", l->n);
	}
	json_out_text(o, "kind", timeline_kind_name(l->kind));
	json_out_text(o, "account", l->account);
	text(o, "text", l->text);
	json_out_end_object(o);
}

void
explain_json(struct json_out *o, const struct explain *e, write_text *text)
{
	json_out_object(o, NULL);
	text(o, "sku", e->sku);
	text(o, "name", e->name);
	json_out_text(o, "authority", e->authority);
	text(o, "next_authority", e->next);
	text(o, "unresolved", e->unresolved);
	say_decimal(o, "balance", e->has_balance, e->balance);
	say_time(o, "balance_at", e->balance_ms);
	say_time(o, "balance_unknown_since", e->unknown_ms);
	say_oversold(o, e);
	say_mark(o, &e->mark);
	say_health(o, &e->health, text);
	json_out_decimal(o, "pending", e->pending);
	json_out_array(o, "entries");
	for (size_t i = 0; i < e->n_entries; i++)
		say_entry(o, &e->entries[i], text);
	json_out_end_array(o);
	json_out_array(o, "channels");
	for (size_t i = 0; i < e->n_channels; i++)
		say_channel(o, e, &e->channels[i], text);
	json_out_end_array(o);
	json_out_array(o, "timeline");
	for (size_t i = 0; i < e->n_lines; i++)
		say_line(o, &e->lines[i], text);
	json_out_end_array(o);
	json_out_end_object(o);
}
