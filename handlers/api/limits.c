/*
 * What may still be called, as the workers last said: for the status page and
 * its JSON. Where nothing is limited there is nothing to say.
 */
#include "handlers/api/limits.h"

#include "handlers/api/api.h"
#include "handlers/api/page.h"

/* What was taken comes back by itself. */
static int64_t
calls_left(const struct health *h, int64_t now_ms)
{
	return health_int(h, now_ms < health_int(h, "limit_full_ms")
	                             ? "limit_left"
	                             : "limit_size");
}

/* Of a month that is over nothing is known before the next call. */
static bool
has_budget(const struct health *h, int64_t now_ms)
{
	return health_int(h, "budget_calls") > 0 &&
	       now_ms < health_int(h, "budget_until_ms");
}

static void
say_bucket(struct json_out *j, const struct health *h, int64_t now_ms)
{
	if (!*health_text(h, "limit")) {
		json_out_null(j, "rate_limit");
		return;
	}
	json_out_object(j, "rate_limit");
	api_out_text(j, "name", health_text(h, "limit"));
	json_out_int(j, "left", calls_left(h, now_ms));
	json_out_int(j, "size", health_int(h, "limit_size"));
	api_out_time(j, "all_free", health_int(h, "limit_full_ms"));
	json_out_end_object(j);
}

void
limits_say(struct json_out *j, const struct health *h, int64_t now_ms)
{
	say_bucket(j, h, now_ms);
	if (!has_budget(h, now_ms)) {
		json_out_null(j, "budget");
		return;
	}
	json_out_object(j, "budget");
	json_out_int(j, "calls", health_int(h, "budget_calls"));
	json_out_int(j, "used", health_int(h, "budget_used"));
	json_out_int(j, "used_by_polls", health_int(h, "budget_polls"));
	api_out_time(j, "until", health_int(h, "budget_until_ms"));
	api_out_time(j, "next_poll", health_int(h, "budget_next_poll_ms"));
	json_out_int(j, "poll_call_every_ms", health_int(h, "budget_step_ms"));
	json_out_end_object(j);
}

void
page_add_limits(struct buf *b, const struct health *h, int64_t now_ms)
{
	int64_t next_ms = health_int(h, "budget_next_poll_ms");

	if (*health_text(h, "limit") &&
	    calls_left(h, now_ms) < health_int(h, "limit_size")) {
		buf_addf(b, "<small>%lld of %lld calls left (",
		         (long long)calls_left(h, now_ms),
		         (long long)health_int(h, "limit_size"));
		api_add_html(b, health_text(h, "limit"));
		buf_adds(b, ")</small>");
	}
	if (!has_budget(h, now_ms))
		return;
	buf_addf(b, "<small>%lld of %lld calls of this month used",
	         (long long)health_int(h, "budget_used"),
	         (long long)health_int(h, "budget_calls"));
	if (next_ms > now_ms + PAGE_AT_ONCE_MS) {
		buf_adds(b, ", the next poll in ");
		page_add_span(b, next_ms - now_ms);
	}
	buf_adds(b, "</small>");
}
