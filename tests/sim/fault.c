/* Trouble on demand; see fault.h. */
#include "tests/sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_MS = 3000 };

static const struct {
	const char *name;
	enum fault_mode mode;
} modes[] = {
	{ "status", FAULT_STATUS },    { "html", FAULT_HTML },
	{ "empty", FAULT_EMPTY },      { "garbage", FAULT_GARBAGE },
	{ "hang", FAULT_HANG },        { "refuse", FAULT_REFUSE },
	{ "reset", FAULT_RESET },      { "truncate", FAULT_TRUNCATE },
	{ "lose_answer", FAULT_LOSE }, { "late", FAULT_LATE },
	{ "partial", FAULT_PARTIAL },
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
	if (f->mode == FAULT_LATE && number == 0)
		f->ms = LATE_MS;
	return f->mode != FAULT_NONE;
}

const char *
fault_add(struct sim *sim, const struct json_node *order)
{
	struct fault parsed = { .left = 1 };
	struct fault **link;
	const char *system = json_text_or(order, "system", "");

	if (!sim_system_parse(&parsed.system, system))
		return "system: galaxy or square";
	if (!parse_mode(&parsed, json_text_or(order, "mode", "")))
		return "mode: unknown";
	json_get_int(&parsed.left, order, "next");
	json_get_int(&parsed.skip, order, "skip");
	json_get_int(&parsed.retry_after_s, order, "retry_after");
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
	case FAULT_REFUSE: return true;
	case FAULT_NONE:
	case FAULT_RESET:
	case FAULT_TRUNCATE:
	case FAULT_LOSE:
	case FAULT_LATE:
	case FAULT_PARTIAL: break;
	}
	return false;
}

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
	}
}

void
fault_clear(struct sim *sim)
{
	while (sim->faults != NULL)
		remove_one(&sim->faults);
}
