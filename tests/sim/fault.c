/* Trouble on demand; see fault.h. */
#include "tests/sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_MS = 3000, TRICKLE_MS = 50, FLUSH_SIZE = 65536 };

static const struct {
	const char *name;
	enum fault_mode mode;
} modes[] = {
	{ "status", FAULT_STATUS },    { "html", FAULT_HTML },
	{ "empty", FAULT_EMPTY },      { "garbage", FAULT_GARBAGE },
	{ "hang", FAULT_HANG },        { "refuse", FAULT_REFUSE },
	{ "reset", FAULT_RESET },      { "truncate", FAULT_TRUNCATE },
	{ "lose_answer", FAULT_LOSE }, { "late", FAULT_LATE },
	{ "partial", FAULT_PARTIAL },  { "inside", FAULT_INSIDE },
	{ "cut", FAULT_CUT },          { "end", FAULT_END },
	{ "stall", FAULT_STALL },      { "trickle", FAULT_TRICKLE },
	{ "append", FAULT_APPEND },    { "element", FAULT_ELEMENT },
	{ "drop", FAULT_DROP },        { "wrong", FAULT_WRONG },
};

/* "status:503", "late:2000", "partial:3": a word, and perhaps a number. */
static bool
parse_mode(struct fault *f, const char *text)
{
	size_t n = strcspn(text, ":");
	int64_t number = text[n] == ':' ? atoll(text + n + 1) : 0;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strlen(modes[i].name) == n &&
		    memcmp(modes[i].name, text, n) == 0)
			f->mode = modes[i].mode;
	}
	f->status = number > 0 ? (int)number : 502;
	f->ms = number;
	f->n_applied = number;
	if ((f->mode == FAULT_LATE || f->mode == FAULT_STALL) && number == 0)
		f->ms = LATE_MS;
	if (f->mode == FAULT_TRICKLE && number == 0)
		f->ms = TRICKLE_MS;
	if (f->mode == FAULT_CUT || f->mode == FAULT_END)
		f->rows = number;
	return f->mode != FAULT_NONE;
}

const char *
fault_add(struct sim *sim, const struct json_node *order)
{
	struct fault parsed = { .left = 1, .bytes = -1 };
	struct fault **link;
	const char *system = json_text_or(order, "system", "");

	if (!sim_system_parse(&parsed.system, system))
		return "system: unknown";
	if (!parse_mode(&parsed, json_text_or(order, "mode", "")))
		return "mode: unknown";
	json_get_int(&parsed.left, order, "next");
	json_get_int(&parsed.skip, order, "skip");
	json_get_int(&parsed.retry_after_s, order, "retry_after");
	json_get_int(&parsed.rows, order, "rows");
	json_get_int(&parsed.bytes, order, "bytes");
	snprintf(parsed.member, sizeof(parsed.member), "%s",
	         json_text_or(order, "member", "ID"));
	snprintf(parsed.code, sizeof(parsed.code), "%s",
	         json_text_or(order, "code", "Unauthorized"));
	parsed.path = sim_dup(json_text_or(order, "path", ""));
	for (link = &sim->faults; *link != NULL; link = &(*link)->next)
		continue;
	*link = sim_alloc(sizeof(**link));
	**link = parsed;
	return NULL;
}

static void
remove_one(struct fault **link)
{
	struct fault *f = *link;

	*link = f->next;
	free(f->path);
	free(f);
}

bool
fault_take(struct fault *out, struct sim *sim, enum sim_system system,
           const char *method, const char *path)
{
	char name[256];
	struct fault **link;

	snprintf(name, sizeof(name), "%s %s", method, path);
	for (link = &sim->faults; *link != NULL; link = &(*link)->next) {
		if ((*link)->system != system ||
		    strstr(name, (*link)->path) == NULL)
			continue;
		if ((*link)->skip > 0) {
			(*link)->skip--;
			continue;
		}
		*out = **link;
		out->path = NULL;
		if (--(*link)->left <= 0)
			remove_one(link);
		return true;
	}
	return false;
}

bool
fault_is_early(const struct fault *fault)
{
	switch (fault->mode) {
	case FAULT_STATUS:
	case FAULT_HTML:
	case FAULT_EMPTY:
	case FAULT_GARBAGE:
	case FAULT_HANG:
	case FAULT_INSIDE:
	case FAULT_REFUSE: return true;
	case FAULT_NONE:
	case FAULT_RESET:
	case FAULT_TRUNCATE:
	case FAULT_LOSE:
	case FAULT_LATE:
	case FAULT_PARTIAL:
	case FAULT_CUT:
	case FAULT_END:
	case FAULT_STALL:
	case FAULT_TRICKLE:
	case FAULT_APPEND:
	case FAULT_ELEMENT:
	case FAULT_DROP:
	case FAULT_WRONG: break;
	}
	return false;
}

bool
fault_is_inside(const struct fault *fault)
{
	return fault->mode >= FAULT_CUT;
}

bool
fault_ends_session(const struct fault *fault)
{
	return (fault->mode == FAULT_INSIDE || fault->mode == FAULT_APPEND ||
	        fault->mode == FAULT_ELEMENT) &&
	       strcmp(fault->code, "Unauthorized") == 0;
}

/* ---- inside a body ---- */

/* A stream that goes well for a while. */
struct spoiled {
	struct fault fault;
	struct server_stream inner; /* owned; NULL: part is all there is */
	struct server_piece part;   /* made and not yet given out */
	size_t at;                  /* in part */
	int64_t n_rows;
	int64_t n_bytes;
	bool has_begun;
	bool is_over; /* the fault has had its effect */
};

static void
free_spoiled(void *ctx)
{
	struct spoiled *s = ctx;

	if (s->inner.release != NULL)
		s->inner.release(s->inner.ctx);
	buf_fini(&s->part.bytes);
	free(s);
}

/* The next row into s->part; false: there was one before and it was the last */
static bool
next_part(struct spoiled *s)
{
	if (s->has_begun && s->part.is_last)
		return false;
	if (s->inner.produce != NULL &&
	    (s->has_begun || s->part.bytes.n == 0)) {
		buf_reset(&s->part.bytes);
		s->part.wanted = s->is_over ? FLUSH_SIZE : 1;
		s->inner.produce(s->inner.ctx, &s->part);
	} else if (s->inner.produce == NULL) {
		s->part.is_last = true;
	}
	s->has_begun = true;
	s->at = 0;
	return true;
}

static void
put_error(struct buf *out, const char *code)
{
	struct json_out json = { .to = out };

	json_out_object(&json, NULL);
	json_out_object(&json, "ResponseStatus");
	json_out_text(&json, "ErrorCode", code);
	json_out_text(&json, "Message", "Simulated trouble");
	json_out_text(&json, "StackTrace", "");
	json_out_raw(&json, "Errors", "[]");
	json_out_end_object(&json);
	json_out_end_object(&json);
}

/* Where the value that begins at p ends. */
static const char *
end_of_value(const char *p)
{
	int depth = 0;
	bool is_quoted = false;

	for (; *p != '\0'; p++) {
		if (is_quoted && *p == '\\')
			p++;
		else if (*p == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted && (*p == '{' || *p == '['))
			depth++;
		else if (!is_quoted && depth == 0 &&
		         (*p == ',' || *p == '}' || *p == ']'))
			break;
		else if (!is_quoted && (*p == '}' || *p == ']'))
			depth--;
	}
	return p;
}

/* The last member of this name in a row: its own, not one of a part of it. */
static void
spoil_member(struct spoiled *s)
{
	struct buf row = BUF_INIT;
	const char *text = buf_text(&s->part.bytes);
	const char *found = NULL;
	const char *end;
	const char *p;
	char name[48];

	snprintf(name, sizeof(name), "\"%s\":", s->fault.member);
	for (p = strstr(text, name); p != NULL; p = strstr(p + 1, name))
		found = p;
	if (found == NULL)
		return;
	end = end_of_value(found + strlen(name));
	if (s->fault.mode == FAULT_WRONG)
		buf_add(&row, text, (size_t)(found - text) + strlen(name));
	else
		buf_add(&row, text, (size_t)(found - text));
	if (s->fault.mode == FAULT_WRONG)
		buf_adds(&row, "[\"wrong\"]");
	else if (*end == ',')
		end++;
	else if (row.n > 0 && row.p[row.n - 1] == ',')
		row.p[--row.n] = '\0';
	buf_adds(&row, end);
	buf_fini(&s->part.bytes);
	s->part.bytes = row;
}

/* What is so after the rows and bytes that go well. */
static void
strike(struct spoiled *s, struct server_piece *piece)
{
	s->is_over = s->fault.mode != FAULT_TRICKLE;
	if (s->fault.mode == FAULT_CUT) {
		piece->is_reset = true;
	} else if (s->fault.mode == FAULT_STALL) {
		piece->pause_ms = s->fault.ms;
	} else if (s->fault.mode == FAULT_DROP ||
	           s->fault.mode == FAULT_WRONG) {
		spoil_member(s);
	} else if (s->fault.mode == FAULT_APPEND) {
		put_error(&piece->bytes, s->fault.code);
		piece->is_last = true;
	} else if (s->fault.mode == FAULT_ELEMENT) {
		buf_adds(&piece->bytes, s->n_rows > 0 ? "," : "[");
		put_error(&piece->bytes, s->fault.code);
		buf_adds(&piece->bytes, "]");
		piece->is_last = true;
	} else if (s->fault.mode == FAULT_END) {
		piece->is_last = true;
	}
}

static bool
is_struck(const struct spoiled *s)
{
	if (s->is_over || s->fault.mode == FAULT_TRICKLE)
		return false;
	if (s->fault.bytes >= 0)
		return s->n_bytes >= s->fault.bytes;
	return s->at == 0 && s->n_rows >= s->fault.rows;
}

/* Give out of s->part what goes well. */
static void
give(struct spoiled *s, struct server_piece *piece)
{
	size_t n = s->part.bytes.n - s->at;

	if (!s->is_over && s->fault.bytes >= 0 &&
	    (int64_t)n > s->fault.bytes - s->n_bytes)
		n = (size_t)(s->fault.bytes - s->n_bytes);
	buf_add(&piece->bytes, buf_text(&s->part.bytes) + s->at, n);
	s->at += n;
	s->n_bytes += (int64_t)n;
	s->n_rows += s->at == s->part.bytes.n;
}

static void
produce_spoiled(void *ctx, struct server_piece *piece)
{
	struct spoiled *s = ctx;

	while (piece->bytes.n < FLUSH_SIZE && piece->pause_ms == 0) {
		if ((!s->has_begun || s->at == s->part.bytes.n) &&
		    !next_part(s)) {
			piece->is_last = true;
			return;
		}
		if (is_struck(s))
			strike(s, piece);
		if (piece->is_reset || piece->is_last)
			return;
		if (piece->pause_ms == 0)
			give(s, piece);
		if (s->fault.mode == FAULT_TRICKLE)
			piece->pause_ms = s->fault.ms;
	}
}

static void
spoil(const struct fault *fault, struct server_reply *reply)
{
	struct spoiled *s = sim_alloc(sizeof(*s));

	s->fault = *fault;
	s->inner = reply->stream;
	s->part.bytes = reply->body;
	reply->body = (struct buf)BUF_INIT;
	reply->stream =
		(struct server_stream){ produce_spoiled, free_spoiled, s };
}

/* ---- all of a body ---- */

static void
answer_html(const struct fault *fault, struct server_reply *reply)
{
	reply->status = fault->status;
	reply->content_type = "text/html";
	buf_adds(&reply->body,
	         "<html><head><title>Server Error</title></head><body><h2>"
	         "The web server received an invalid response.</h2></body>"
	         "</html>\n");
}

void
fault_apply(const struct fault *fault, struct server_reply *reply)
{
	if (fault->retry_after_s > 0)
		buf_addf(&reply->headers, "Retry-After: %lld\r\n",
		         (long long)fault->retry_after_s);
	switch (fault->mode) {
	case FAULT_NONE:
	case FAULT_STATUS:
	case FAULT_PARTIAL: break;
	case FAULT_HTML: answer_html(fault, reply); break;
	case FAULT_EMPTY: reply->status = 200; break;
	case FAULT_GARBAGE:
		reply->status = 200;
		buf_adds(&reply->body, "[{\"ID\":\"10000000-");
		break;
	case FAULT_HANG:
		reply->ending = SERVER_HANG;
		reply->delay_ms = fault->ms;
		break;
	case FAULT_REFUSE:
	case FAULT_LOSE: reply->ending = SERVER_SILENT; break;
	case FAULT_RESET: reply->ending = SERVER_RESET; break;
	case FAULT_TRUNCATE: reply->ending = SERVER_TRUNCATE; break;
	case FAULT_LATE: reply->delay_ms = fault->ms; break;
	case FAULT_INSIDE:
		reply->status = 200;
		put_error(&reply->body, fault->code);
		break;
	case FAULT_CUT:
	case FAULT_END:
	case FAULT_STALL:
	case FAULT_TRICKLE:
	case FAULT_APPEND:
	case FAULT_ELEMENT:
	case FAULT_DROP:
	case FAULT_WRONG: spoil(fault, reply); break;
	}
}

void
fault_clear(struct sim *sim)
{
	while (sim->faults != NULL)
		remove_one(&sim->faults);
}
