/*
 * Limits: what the parts of a full sync cost alone on this machine, each with
 * the same bytes, so that the distance of the whole from them can be seen.
 *
 *     limits fetch URL COOKIE FILE   libcurl alone: GET a list into a file
 *     limits parse FILE              json-c alone: a list, row by row
 *     limits write FILE SOCKET KEY   hiredis alone: its rows into a hash,
 *                                    HSETs in pipelined batches of 500
 *
 * Each prints "ROWS ROWS/S MB/S".
 */
#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	CHUNK = 16384, /* as libcurl hands them out */
	BATCH = 500,
	KEY_SIZE = 80,
};

struct text {
	char *p;
	size_t n;
};

static void
must(int is_good, const char *what)
{
	if (is_good)
		return;
	(void)fprintf(stderr, "limits: %s\n", what);
	exit(1);
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
say(size_t rows, size_t bytes, double took_s)
{
	(void)printf("%zu %.0f %.1f\n", rows, (double)rows / took_s,
	             (double)bytes / 1e6 / took_s);
}

static struct text
load(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct text text = { NULL, 0 };
	long size;

	must(f != NULL && fseek(f, 0, SEEK_END) == 0, path);
	size = ftell(f);
	must(size > 0 && fseek(f, 0, SEEK_SET) == 0, path);
	text.n = (size_t)size;
	text.p = malloc(text.n + 1);
	must(text.p && fread(text.p, 1, text.n, f) == text.n, path);
	text.p[text.n] = '\0';
	(void)fclose(f);
	return text;
}

/* ---- parse ---- */

static int
is_between(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' ||
	       c == '[' || c == ']';
}

/*
 * Every element of an array, parsed as its bytes come in chunks. row, which
 * may be NULL, sees the value and where its text ends.
 */
static size_t
parse(const struct text *text,
      void (*row)(void *ctx, struct json_object *value, const char *end),
      void *ctx)
{
	struct json_tokener *tokener = json_tokener_new();
	size_t rows = 0;
	int is_inside = 0;

	must(tokener != NULL, "memory");
	for (size_t at = 0; at < text->n;) {
		size_t left = text->n - at;
		size_t n = CHUNK - at % CHUNK;
		struct json_object *value;

		if (!is_inside && is_between(text->p[at])) {
			at++;
			continue;
		}
		n = n < left ? n : left;
		value = json_tokener_parse_ex(tokener, text->p + at, (int)n);
		is_inside = !value;
		must(value || json_tokener_get_error(tokener) ==
		                      json_tokener_continue,
		     "a list that is no JSON");
		at += value ? json_tokener_get_parse_end(tokener) : n;
		if (!value)
			continue;
		if (row)
			row(ctx, value, text->p + at);
		json_object_put(value);
		rows++;
	}
	json_tokener_free(tokener);
	return rows;
}

static void
measure_parsing(const char *path)
{
	struct text text = load(path);
	double began = now_s();
	size_t rows = parse(&text, NULL, NULL);

	say(rows, text.n, now_s() - began);
	free(text.p);
}

/* ---- write ---- */

struct row {
	char key[KEY_SIZE];
	const char *p;
	size_t n;
};

struct rows {
	const char *key; /* member that identifies a row */
	const char *end; /* of the row before */
	struct row *rows;
	size_t n;
	size_t cap;
};

static void
take_row(void *ctx, struct json_object *value, const char *end)
{
	struct rows *r = ctx;
	struct json_object *id = NULL;
	struct row *row;

	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 1024;
		r->rows = realloc(r->rows, r->cap * sizeof(*r->rows));
		must(r->rows != NULL, "memory");
	}
	row = &r->rows[r->n++];
	must(json_object_object_get_ex(value, r->key, &id), "a row's key");
	(void)snprintf(row->key, sizeof(row->key), "%s",
	               json_object_get_string(id));
	while (is_between(*r->end))
		r->end++;
	row->p = r->end;
	row->n = (size_t)(end - r->end);
	r->end = end;
}

static void
write_batch(redisContext *redis, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(redisAppendCommand(redis, "HSET bench %s %b", rows[i].key,
		                        rows[i].p, rows[i].n) == REDIS_OK,
		     redis->errstr);
	for (size_t i = 0; i < n; i++) {
		void *reply = NULL;

		must(redisGetReply(redis, &reply) == REDIS_OK, redis->errstr);
		must(((redisReply *)reply)->type == REDIS_REPLY_INTEGER,
		     "an answer of Redis");
		freeReplyObject(reply);
	}
}

static void
measure_writing(const char *path, const char *socket, const char *key)
{
	struct text text = load(path);
	struct rows rows = { .key = key, .end = text.p };
	redisContext *redis = redisConnectUnix(socket);
	size_t n_bytes = 0;
	double began;

	must(redis && !redis->err, socket);
	(void)parse(&text, take_row, &rows);
	began = now_s();
	for (size_t i = 0; i < rows.n; i += BATCH) {
		size_t left = rows.n - i;

		write_batch(redis, &rows.rows[i], left < BATCH ? left : BATCH);
	}
	began = now_s() - began;
	for (size_t i = 0; i < rows.n; i++)
		n_bytes += rows.rows[i].n;
	say(rows.n, n_bytes, began);
	redisFree(redis);
	free(rows.rows);
	free(text.p);
}

/* ---- fetch ---- */

static size_t
keep(char *p, size_t size, size_t n, void *ctx)
{
	return fwrite(p, size, n, ctx);
}

static void
measure_fetching(const char *url, const char *cookie, const char *path)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers =
		curl_slist_append(NULL, "Accept: application/json");
	FILE *f = fopen(path, "wb");
	long status = 0;
	double took_s;
	struct text text;

	must(curl && headers && f, path);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_COOKIE, cookie);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
	took_s = now_s();
	must(curl_easy_perform(curl) == CURLE_OK, "no answer");
	took_s = now_s() - took_s;
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	must(status == 200 && fclose(f) == 0, "not a list");
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	text = load(path);
	say(parse(&text, NULL, NULL), text.n, took_s);
	free(text.p);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 5 && !strcmp(what, "fetch"))
		measure_fetching(argv[2], argv[3], argv[4]);
	else if (argc == 3 && !strcmp(what, "parse"))
		measure_parsing(argv[2]);
	else if (argc == 5 && !strcmp(what, "write"))
		measure_writing(argv[2], argv[3], argv[4]);
	else
		must(0, "usage: limits fetch URL COOKIE FILE | parse FILE | "
		        "write FILE SOCKET KEY");
	return 0;
}
