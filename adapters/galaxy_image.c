/*
 * Galaxy, pictures.
 *
 * Does      GET /api/glx/entities/itemimage/{id}: an object whose member
 *           `Image` is the picture in base64 (galaxy.md 7.9, 10).
 * Type      Galaxy does not say what a picture is, and its file name is only
 *           text: the first bytes tell. What is none of the usual kinds is
 *           bytes that no browser will try to show.
 */
#include "adapters/galaxy.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

enum {
	PICTURE_MAX = 8 * 1024 * 1024, /* larger ones are refused */
	/* In base64, with what else the object holds. */
	ANSWER_MAX = PICTURE_MAX / 3 * 4 + 64 * 1024,
	TOO_LARGE = 1,
};

static bool
begins(const struct buf *bytes, size_t at, const char *magic, size_t n)
{
	return bytes->n >= at + n && memcmp(bytes->p + at, magic, n) == 0;
}

static const char *
type_of(const struct buf *bytes)
{
	if (begins(bytes, 0, "\x89PNG\r\n\x1a\n", 8))
		return "image/png";
	if (begins(bytes, 0, "\xff\xd8\xff", 3))
		return "image/jpeg";
	if (begins(bytes, 0, "GIF87a", 6) || begins(bytes, 0, "GIF89a", 6))
		return "image/gif";
	if (begins(bytes, 0, "RIFF", 4) && begins(bytes, 8, "WEBP", 4))
		return "image/webp";
	return "application/octet-stream";
}

static struct outcome
too_large(void)
{
	return outcome_of(VERDICT_REFUSED,
	                  "a picture from Galaxy is larger than 8 MiB");
}

/* Decode into bytes, which is replaced. */
static struct outcome
decode(struct buf *bytes, const char *text)
{
	size_t n_text = strlen(text);
	size_t max = n_text / 4 * 3 + 1;
	unsigned char *out;
	size_t n = 0;

	out = malloc(max);
	if (!out)
		return outcome_fault(ERR_NOMEM);
	buf_reset(bytes);
	if (crypto_base64_decode(out, &n, max, text, n_text) == 0)
		buf_add(bytes, out, n);
	free(out);
	if (buf_check(bytes))
		return outcome_fault(ERR_NOMEM);
	if (n == 0)
		return outcome_of(VERDICT_REFUSED,
		                  "a picture from Galaxy is not base64");
	return n > PICTURE_MAX ? too_large() : outcome_done();
}

static struct outcome
take_picture(struct buf *bytes, const char **type,
             const struct http_answer *answer)
{
	struct json *doc = NULL;
	const char *text = NULL;
	struct outcome outcome;
	int r = json_parse(&doc, buf_text(&answer->body), answer->body.n);

	if (r)
		return r == JSON_MALFORMED
		               ? outcome_of(VERDICT_RETRY,
		                            "a broken picture from Galaxy")
		               : outcome_fault(r);
	r = json_get_text(&text, json_root(doc), "Image");
	if (json_type(json_root(doc)) != JSON_OBJECT || r == JSON_WRONG_TYPE)
		outcome = outcome_of(
			VERDICT_REFUSED,
			"Galaxy's answer holds no picture that we can read");
	else if (r == JSON_ABSENT || text[0] == '\0')
		outcome =
			outcome_of(VERDICT_ABSENT, "Galaxy's picture is empty");
	else
		outcome = decode(bytes, text);
	if (outcome.verdict == VERDICT_DONE)
		*type = type_of(bytes);
	json_free(doc);
	return outcome;
}

/*
 * The answer is taken piece by piece, because one that is too large must not
 * look like one that did not come: that would be asked for again and again.
 */
static int
take_piece(void *ctx, const char *p, size_t n)
{
	struct buf *text = ctx;

	if (n > ANSWER_MAX - text->n)
		return TOO_LARGE;
	buf_add(text, p, n);
	return buf_check(text);
}

static struct outcome
judge(const struct galaxy *g, struct buf *bytes, const char **type,
      const struct http_answer *answer)
{
	struct outcome outcome;

	if (answer->stream_result == TOO_LARGE)
		return too_large();
	if (answer->stream_result)
		return outcome_fault(answer->stream_result);
	if (answer->status == 404)
		return outcome_of(VERDICT_ABSENT, "Galaxy has no such picture");
	outcome = galaxy_judge_read(g, answer);
	if (outcome.verdict == VERDICT_DONE)
		outcome = take_picture(bytes, type, answer);
	return outcome;
}

/* is_forgetful_out: a 2xx said that our session is not known. */
static struct outcome
read_once(struct galaxy *g, struct buf *bytes, const char **type,
          const char *url, bool *is_forgetful_out)
{
	struct buf text = BUF_INIT;
	struct http_request request = { .method = "GET",
		                        .url = url,
		                        .answer_max = SIZE_MAX,
		                        .stream = take_piece,
		                        .stream_ctx = &text };
	struct http_answer answer = { 0 };
	struct outcome outcome = galaxy_exchange(g, &request, &answer);

	*is_forgetful_out = false;
	if (outcome.verdict == VERDICT_DONE) {
		if (answer.body.n == 0) { /* a 2xx went into text */
			buf_fini(&answer.body);
			answer.body = text;
			text = (struct buf)BUF_INIT;
		}
		outcome = judge(g, bytes, type, &answer);
		*is_forgetful_out = outcome.verdict == VERDICT_LOCKED &&
		                    answer.status < 300;
	}
	http_answer_fini(&answer);
	buf_fini(&text);
	return outcome;
}

struct outcome
galaxy_read_image(void *state, struct buf *bytes, const char **type,
                  const char *id)
{
	struct galaxy *g = state;
	struct buf url = BUF_INIT;
	struct outcome outcome;
	char clean[GALAXY_ID_SIZE];
	bool is_forgetful = false;

	/* It becomes a part of a path. */
	if (!galaxy_id(clean, id) || strchr(clean, '.'))
		return outcome_of(VERDICT_ABSENT, "no id of a picture");
	galaxy_url(&url, g, "itemimage", "/api/glx/entities/itemimage");
	buf_addf(&url, "/%s", clean);
	outcome = buf_check(&url) ? outcome_fault(ERR_NOMEM)
	                          : read_once(g, bytes, type, buf_text(&url),
	                                      &is_forgetful);
	if (is_forgetful) {
		g->session[0] = '\0';
		outcome = read_once(g, bytes, type, buf_text(&url),
		                    &is_forgetful);
	}
	buf_fini(&url);
	return outcome;
}
