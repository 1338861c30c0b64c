/*
 * How text gets into an answer of the API.
 *
 * Parts that speak of trouble promise to leave secrets out; here is the second
 * net, the same one that the log has.
 */
#include "handlers/api/api.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"

#include <string.h>

int
api_reply_json(struct http_reply *reply, int status)
{
	reply->status = status;
	reply->content_type = "application/json";
	if (buf_check(&reply->body))
		return err_raise(ERR_NOMEM, "why=%s", "answer");
	return 0;
}

/* A copy without secrets. "" stands for what did not fit into memory. */
static const char *
redact(struct buf *copy, const char *text)
{
	buf_adds(copy, text ? text : "");
	if (buf_check(copy))
		return "";
	if (copy->p)
		log_redact(copy->p);
	return buf_text(copy);
}

void
api_out_text(struct json_out *o, const char *key, const char *text)
{
	struct buf copy = BUF_INIT;

	if (text && *text)
		json_out_text(o, key, redact(&copy, text));
	else
		json_out_null(o, key);
	buf_fini(&copy);
}

void
api_add_html(struct buf *b, const char *text)
{
	struct buf copy = BUF_INIT;

	buf_add_html(b, redact(&copy, text));
	buf_fini(&copy);
}

void
api_out_time(struct json_out *o, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	if (wall_ms <= 0) {
		json_out_null(o, key);
		return;
	}
	clock_format(text, wall_ms);
	json_out_text(o, key, text);
}

void
api_add_url(struct buf *b, const char *url)
{
	const char *host = strstr(url, "://");
	const char *end;
	const char *p;

	host = host ? host + 3 : url;
	buf_add(b, url, (size_t)(host - url));
	end = host + strcspn(host, "/?#");
	for (p = host; p < end; p++)
		if (*p == '@')
			host = p + 1;
	buf_add(b, host, strcspn(host, "?#"));
}
