/*
 * GET /metrics: the numbers of /api/status for a collector.
 *
 * Counters are this process's own. What lies in the store is read at each
 * call; without Redis those gauges keep what they said last.
 */
#include "handlers/api/api.h"
#include "handlers/api/overview.h"

#include "gateway/base/err.h"
#include "gateway/model/metrics.h"

static void
set_gauges(const struct overview *o)
{
	const struct queue_depth *q = &o->queue;

	metrics_set(METRIC_queue_depth, q->n);
	metrics_set(METRIC_queue_bytes, q->bytes);
	metrics_set(METRIC_queue_oldest_ms,
	            q->oldest_ms ? o->now_ms - q->oldest_ms : 0);
	metrics_set(METRIC_marks_waiting, overview_marks(o));
	metrics_set(METRIC_entries_waiting,
	            o->entries.ready + o->entries.posting);
	metrics_set(METRIC_dead_letters, overview_decisions(o));
	metrics_set(METRIC_oversold_now, o->n_oversold);
}

int
api_serve_metrics(const struct api_env *env, const struct http_call *call,
                  const char *const *params, struct http_reply *reply)
{
	struct overview o;
	int r = overview_read(&o, env);

	(void)call;
	(void)params;
	if (!r && o.has_store)
		set_gauges(&o);
	overview_fini(&o);
	if (r)
		return err_pass(r);
	metrics_print(&reply->body);
	reply->status = 200;
	reply->content_type = "text/plain; version=0.0.4";
	return err_pass(buf_check(&reply->body));
}
