/*
 * A system's pictures, fetched when somebody wants one.
 *
 *   GET /api/galaxy/images/{id}
 *
 * The bytes are somebody else's: they are sent with their own type only when
 * it is that of a picture, and no browser may run what is in them. Who waits
 * holds a thread of the listener, so only a few may.
 */
#include "handlers/api/api.h"

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_files.h"
#include "gateway/drivers/store_health.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/model/metrics.h"
#include "handlers/api/account.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
	WAITING_MAX = 8,
	WAIT_MS = 10000,
	STEP_MS = 25,
	RETRY_S = 5,
	PICTURE_ID_MAX = 80,
	ETAG_DIGITS = 32,
	TYPE_SIZE = 64,
};

/* Conditions of find_or_wait. */
enum { PICTURE_BUSY = 100, PICTURE_PAUSED = 101 };

static atomic_int n_waiting;

/* Lower case: GUIDs are the same in any. */
static bool
read_id(char out[PICTURE_ID_MAX + 1], const char *text)
{
	static const char known[] = "0123456789abcdefghijklmnopqrstuvwxyz-";
	size_t n = 0;

	for (; text[n]; n++) {
		if (n == PICTURE_ID_MAX)
			return false;
		out[n] = text[n] >= 'A' && text[n] <= 'Z'
		                 ? (char)(text[n] - 'A' + 'a')
		                 : text[n];
	}
	out[n] = '\0';
	return n > 0 && strspn(out, known) == n;
}

/* ---- getting it ---- */

/* One that is wanted. */
struct picture {
	struct store *store;
	const char *account;
	char id[PICTURE_ID_MAX + 1];
	char type[TYPE_SIZE];
	struct buf bytes;
};

static int
get(struct picture *p)
{
	return store_file_get(p->store, &p->bytes, p->type, p->account, p->id);
}

static int
mark_and_wait(struct picture *p)
{
	char member[sizeof(MARK_FILE) + PICTURE_ID_MAX];
	int64_t until = clock_mono_ms() + WAIT_MS;
	int r;

	(void)snprintf(member, sizeof(member), MARK_FILE "%s", p->id);
	r = store_marks_add_one(p->store, p->account, member, MARK_OPERATOR);
	if (r)
		return r;
	for (;;) {
		r = get(p);
		if (r != FILE_ABSENT || clock_mono_ms() >= until ||
		    pulse_is_draining())
			return r;
		clock_sleep_ms(STEP_MS);
	}
}

/* Returns as store_file_get(), PICTURE_BUSY or PICTURE_PAUSED. */
static int
find_or_wait(struct picture *p, bool is_paused)
{
	int r = get(p);

	if (r != FILE_ABSENT)
		return r;
	if (is_paused) /* nobody would fetch it */
		return PICTURE_PAUSED;
	if (atomic_fetch_add(&n_waiting, 1) < WAITING_MAX)
		r = mark_and_wait(p);
	else
		r = PICTURE_BUSY;
	(void)atomic_fetch_sub(&n_waiting, 1);
	return r;
}

/* ---- answering ---- */

static const char *
type_of(const char *type)
{
	static const char *const known[] = { "image/png", "image/jpeg",
		                             "image/gif", "image/webp" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(type, known[i]) == 0)
			return known[i];
	return "application/octet-stream";
}

/* Has the caller this very one? */
static bool
is_known(const struct http_call *call, const char *etag)
{
	const char *known = NULL;

	if (http_call_header(&known, call, "If-None-Match") || !known)
		return false;
	return strcmp(known, "*") == 0 || strstr(known, etag);
}

static int
answer(struct picture *p, const struct http_call *call,
       struct http_reply *reply)
{
	const struct crypto_part part = { buf_text(&p->bytes), p->bytes.n };
	char digest[65];
	char etag[ETAG_DIGITS + 3];
	int r = crypto_sha256_hex(digest, &part, 1);

	if (r)
		return r;
	(void)snprintf(etag, sizeof(etag), "\"%.*s\"", ETAG_DIGITS, digest);
	buf_addf(&reply->extra,
	         "ETag: %s\r\n"
	         "Cache-Control: private, max-age=86400\r\n"
	         "Content-Security-Policy: sandbox; default-src 'none'\r\n",
	         etag);
	if (is_known(call, etag)) {
		reply->status = 304;
		return 0;
	}
	reply->content_type = type_of(p->type);
	reply->body = p->bytes;
	p->bytes = (struct buf)BUF_INIT;
	return 0;
}

/* It did not come: the account's own words why. */
static int
answer_late(const struct picture *p, struct http_reply *reply)
{
	struct health health = { 0 };
	struct buf message = BUF_INIT;
	const char *state;
	const char *why;
	int r = store_health_get(p->store, &health, p->account);

	if (r)
		return r;
	state = health_text(&health, "state");
	why = health_text(&health, "why");
	buf_addf(&message, "the picture has not come in time; account %s: %s",
	         p->account, *state ? state : "not started");
	if (*why)
		buf_addf(&message, ", %s", why);
	if (message.p)
		log_redact(message.p);
	api_fail(reply, 504, "timeout", buf_text(&message), NULL);
	reply->retry_after_s = RETRY_S;
	buf_fini(&message);
	health_fini(&health);
	return 0;
}

static bool
has_pictures(const struct adapter_ops *ops)
{
	return ops->read_image != NULL;
}

int
api_serve_picture(const struct api_env *env, const struct http_call *call,
                  const char *const *params, struct http_reply *reply)
{
	struct picture p = { .store = env->store };
	struct api_account account;
	int64_t off_ms = 0;
	int r;

	if (api_account_find(&account, env, call, has_pictures, reply))
		return err_pass(buf_check(&reply->body));
	p.account = account.name;
	if (!read_id(p.id, params[0])) {
		api_fail(reply, 400, "invalid",
		         "letters, digits and -, at most 80", "id");
		return err_pass(buf_check(&reply->body));
	}
	r = store_switch_get(env->store, &off_ms, p.account);
	if (!r)
		r = find_or_wait(
			&p, off_ms || conf_bool(conf_find_account(env->conf,
		                                                  p.account),
		                                "paused"));
	if (r == 0) {
		r = answer(&p, call, reply);
	} else if (r == FILE_NONE) {
		api_fail(reply, 404, "not_found", "there is no such picture",
		         "id");
		r = 0;
	} else if (r == FILE_ABSENT) {
		r = answer_late(&p, reply);
	} else if (r == PICTURE_PAUSED) {
		api_fail(reply, 503, "paused",
		         "the picture is not here, and the account is paused",
		         NULL);
		reply->retry_after_s = RETRY_S;
		r = 0;
	} else if (r == PICTURE_BUSY) {
		api_fail(reply, 503, "busy",
		         "too many wait for pictures already", NULL);
		reply->retry_after_s = RETRY_S;
		r = 0;
	}
	buf_fini(&p.bytes);
	return err_pass(r ? r : buf_check(&reply->body));
}
