/*
 * Galaxy, reading lists: an array, row by row while it arrives.
 *
 * Does      GET of any list: there is no paging (galaxy.md 3).
 * Keeps     A list is whole only when its array was closed and the transfer
 *           complete; half a list never counts as one.
 * Rows      One of no use is skipped and counted, so that it does not stop all
 *           the others for ever. An error among them (the server failed while
 *           it wrote the list) ends it.
 */
#include "adapters/galaxy.h"

#include "gateway/base/err.h"

#include <stdio.h>
#include <string.h>

enum { BROKEN_OFF = 110 }; /* of a stream: an error stands among the rows */

/* A list on its way in. */
struct reading {
	struct galaxy *g;
	struct galaxy_list *list;
	struct json_stream *stream;
	struct galaxy_error error; /* that stood where a row should be */
	char problem[120];         /* of the first bad row */
	struct buf head;           /* of what is no array */
	bool is_array;             /* its first byte was seen */
	bool is_forgetful;         /* the server does not know our session */
};

/* Servers that fail while they write a list put the error where they are. */
static bool
is_error_row(struct reading *reading, const struct json_node *row)
{
	const struct json_node *status = json_find(row, "ResponseStatus");

	if (status)
		galaxy_error_read(&reading->error, reading->g, status);
	return reading->error.code[0] != '\0';
}

static int
judge_row(struct reading *reading, const struct json_node *row)
{
	struct galaxy_list *list = reading->list;

	if (json_type(row) != JSON_OBJECT) {
		(void)snprintf(list->problem, sizeof(list->problem),
		               "a row that is no object");
		return GALAXY_BAD_ROW;
	}
	list->text = json_stream_text(reading->stream, &list->n_text);
	return list->row(list, row);
}

static int
take_row(void *ctx, const struct json_node *row)
{
	struct reading *reading = ctx;
	struct galaxy_list *list = reading->list;
	int r;

	if (is_error_row(reading, row))
		return BROKEN_OFF;
	list->rows++;
	r = judge_row(reading, row);
	if (r != GALAXY_BAD_ROW)
		return r;
	if (list->n_bad++ == 0)
		memcpy(reading->problem, list->problem, sizeof(list->problem));
	return 0;
}

/* What is no array is an error, perhaps in several pieces: let them come. */
static int
take_bytes(void *ctx, const char *p, size_t n)
{
	struct reading *reading = ctx;
	struct buf *head = &reading->head;

	if (!galaxy_first_of(buf_text(head), head->n) &&
	    galaxy_first_of(p, n) == '[')
		reading->is_array = true;
	if (reading->is_array)
		return json_stream_feed(reading->stream, p, n);
	buf_add(head, p, n);
	return head->is_broken ? JSON_MALFORMED : 0;
}

/* Why something that came with a 2xx is not the list we asked for. */
static struct outcome
judge_malformed(struct reading *reading)
{
	const struct buf *head = &reading->head;
	struct galaxy_error error;

	if (reading->is_array)
		return outcome_of(VERDICT_RETRY,
		                  "a broken list from Galaxy, after "
		                  "%lld rows",
		                  (long long)reading->list->rows);
	if (galaxy_error_of(&error, reading->g, buf_text(head), head->n)) {
		reading->is_forgetful = galaxy_is_about_session(&error);
		return outcome_of(reading->is_forgetful ? VERDICT_LOCKED
		                                        : VERDICT_REFUSED,
		                  "Galaxy (HTTP 200): %s",
		                  error.message[0] ? error.message
		                                   : error.code);
	}
	if (galaxy_is_html(buf_text(head), head->n))
		return outcome_of(VERDICT_RETRY,
		                  "a web page instead of a list from Galaxy");
	if (head->n == 0)
		return outcome_of(
			VERDICT_RETRY,
			"an empty answer instead of a list from Galaxy");
	return outcome_of(VERDICT_RETRY,
	                  "something broken instead of a list from Galaxy");
}

/* The session that ended in the middle of a list is not used again. */
static struct outcome
judge_broken_off(struct reading *reading)
{
	const struct galaxy_error *error = &reading->error;

	if (galaxy_is_about_session(error))
		reading->g->session[0] = '\0';
	return outcome_of(VERDICT_RETRY,
	                  "Galaxy broke a list off after %lld rows: %s",
	                  (long long)reading->list->rows,
	                  error->message[0] ? error->message : error->code);
}

/* A list read to its end: complete, but for rows that were no use. */
static struct outcome
judge_whole(struct reading *reading)
{
	struct galaxy_list *list = reading->list;

	if (list->n_bad == 0)
		return outcome_done();
	memcpy(list->problem, reading->problem, sizeof(list->problem));
	if (list->n_bad < list->rows)
		return outcome_done();
	return outcome_of(VERDICT_REFUSED,
	                  "a list from Galaxy holds nothing but %s",
	                  list->problem);
}

static struct outcome
judge_list(struct reading *reading, const struct http_answer *answer)
{
	int r = answer->stream_result;

	reading->list->status = answer->status;
	if (!r && (answer->status < 200 || answer->status > 299))
		return galaxy_judge_read(reading->g, answer);
	if (!r)
		r = json_stream_end(reading->stream);
	switch (r) {
	case 0: return judge_whole(reading);
	case JSON_MALFORMED: return judge_malformed(reading);
	case BROKEN_OFF: return judge_broken_off(reading);
	case GALAXY_BAD_LIST:
		return outcome_of(VERDICT_REFUSED,
		                  "a list from Galaxy holds %s",
		                  reading->list->problem);
	}
	return outcome_fault(r);
}

/* is_forgetful_out: nothing was read, because our session is not known. */
static struct outcome
read_list_once(struct galaxy *g, const char *url, struct galaxy_list *list,
               bool *is_forgetful_out)
{
	struct reading reading = { .g = g,
		                   .list = list,
		                   .head = { .max = GALAXY_ERROR_MAX } };
	struct http_request request = {
		.method = "GET",
		.url = url,
		.timeout_ms = list->timeout_ms,
		.answer_max = SIZE_MAX,
		.stream = take_bytes,
		.stream_ctx = &reading,
		.idle = list->idle,
		.idle_ctx = list->idle_ctx,
	};
	struct http_answer answer = { 0 };
	struct outcome outcome;
	int r;

	list->rows = 0;
	list->n_bad = 0;
	list->status = 0;
	r = json_stream_new(&reading.stream, take_row, &reading);
	if (r)
		return outcome_fault(r);
	outcome = galaxy_exchange(g, &request, &answer);
	if (outcome.verdict == VERDICT_DONE)
		outcome = judge_list(&reading, &answer);
	*is_forgetful_out = reading.is_forgetful;
	http_answer_fini(&answer);
	json_stream_free(reading.stream);
	buf_fini(&reading.head);
	return outcome;
}

struct outcome
galaxy_read_list(struct galaxy *g, const char *url, struct galaxy_list *list)
{
	struct outcome outcome;
	bool is_forgetful = false;

	g->n_idling += list->idle != NULL;
	outcome = read_list_once(g, url, list, &is_forgetful);
	if (is_forgetful) {
		g->session[0] = '\0';
		outcome = read_list_once(g, url, list, &is_forgetful);
	}
	g->n_idling -= list->idle != NULL;
	return outcome;
}
