/* Calls to the API, to the simulators' control, and to Square. */
#include "tests/converge/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_MS = 5000 };

static int
call(struct world *w, struct http_request *request, struct json **out)
{
	struct http_answer answer = { 0 };
	int status;

	if (!request->timeout_ms)
		request->timeout_ms = CALL_MS;
	request->answer_max = SIZE_MAX / 2;
	if (http_client_send(w->http, request, &answer))
		give_up(w, "the HTTP client failed");
	status = answer.status;
	if (out) {
		*out = NULL;
		(void)json_parse(out, buf_text(&answer.body), answer.body.n);
	}
	http_answer_fini(&answer);
	return status;
}

int
api_call(struct world *w, const char *method, const char *path,
         const char *body, struct json **out)
{
	char *url = text_format("%s%s", w->api_url, path);
	struct http_request request = { .method = method, .url = url };
	int status;

	if (body) {
		request.headers[0] = (struct http_header){ "Content-Type",
			                                   "application/json" };
		request.n_headers = 1;
		request.body = body;
		request.n_body = strlen(body);
	}
	status = call(w, &request, out);
	free(url);
	return status;
}

int
shop_call(struct world *w, const char *path, const char *body, const char *key,
          int64_t timeout_ms, struct json **out)
{
	char *url = text_format("%s%s", w->api_url, path);
	struct http_request request = {
		.method = "POST",
		.url = url,
		.headers = { { "Content-Type", "application/json" },
		             { "Idempotency-Key", key } },
		.n_headers = *key ? 2 : 1,
		.body = body,
		.n_body = strlen(body),
		.timeout_ms = (int)timeout_ms,
	};
	int status = call(w, &request, out);

	free(url);
	return status;
}

static struct json *
call_control(struct world *w, size_t sim, const char *path, const char *body)
{
	char *url = text_format("%s/control/%s", w->sims[sim].control, path);
	struct http_request request = { .method = body ? "POST" : "GET",
		                        .url = url,
		                        .body = body,
		                        .n_body = body ? strlen(body) : 0 };
	struct json *doc = NULL;
	int status = call(w, &request, &doc);

	if (status != 200 || !doc) {
		char what[TEXT_SIZE];

		(void)snprintf(what, sizeof(what), "control %s %s: %d %s", path,
		               body ? body : "", status,
		               doc ? json_text_or(json_root(doc), "error", "")
		                   : "");
		give_up(w, what);
	}
	free(url);
	return doc;
}

struct json *
control(struct world *w, size_t sim, const char *path, const char *format, ...)
{
	char body[2000];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(body, sizeof(body), format, ap);
	va_end(ap);
	return call_control(w, sim, path, body);
}

void
order_control(struct world *w, size_t sim, const char *path, const char *format,
              ...)
{
	char body[2000];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(body, sizeof(body), format, ap);
	va_end(ap);
	json_free(call_control(w, sim, path, body));
}

struct json *
control_state(struct world *w, size_t sim)
{
	return call_control(w, sim, "state", NULL);
}

struct json *
till_state(struct world *w, size_t till)
{
	return control_state(w, w->tills[till].sim);
}

struct json *
control_customers(struct world *w)
{
	return call_control(w, 0, "galaxy/customers", NULL);
}

struct json *
square_orders(struct world *w, size_t till, const char *const *ids, size_t n)
{
	const struct sim_process *sim = &w->sims[w->tills[till].sim];
	char *url = text_format("%s/v2/orders/batch-retrieve",
	                        sim->tills[TILL_SQUARE]);
	char *bearer = text_format("Bearer %s", w->secrets[SECRET_TOKEN]);
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct json *doc = NULL;
	struct http_request request = {
		.method = "POST",
		.url = url,
		.headers = { { "Authorization", bearer },
		             { "Square-Version", "2025-08-20" },
		             { "Content-Type", "application/json" } },
		.n_headers = 3,
	};

	json_out_object(&o, NULL);
	json_out_text(&o, "location_id", "L1");
	json_out_array(&o, "order_ids");
	for (size_t i = 0; i < n; i++)
		json_out_text(&o, NULL, ids[i]);
	json_out_end_array(&o);
	json_out_end_object(&o);
	request.body = buf_text(&body);
	request.n_body = body.n;
	if (call(w, &request, &doc) != 200 || !doc)
		give_up(w, "Square's orders");
	buf_fini(&body);
	free(url);
	free(bearer);
	return doc;
}
