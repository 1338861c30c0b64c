/*
 * The one shape that errors of the private API have.
 */
#include "gateway/ports/handler.h"

#include "gateway/base/json.h"

void
api_fail(struct http_reply *reply, int status, const char *code,
         const char *message, const char *field)
{
	struct json_out o = { .to = &reply->body };

	buf_reset(&reply->body);
	reply->status = status;
	reply->content_type = "application/json";
	json_out_object(&o, NULL);
	json_out_object(&o, "error");
	json_out_text(&o, "code", code);
	json_out_text(&o, "message", message);
	if (field)
		json_out_text(&o, "field", field);
	else
		json_out_null(&o, "field");
	json_out_end_object(&o);
	json_out_end_object(&o);
}
