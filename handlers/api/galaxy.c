/*
 * The mirror in Galaxy's own shape, so that a shop's existing client can ask
 * here and leave the ERP alone.
 *
 *   GET /api/galaxy/{entity}?RevisionNumber=&ids=&WebScenID=&FromDateTime=
 *
 * A bare array of the rows, each word for word as Galaxy sent it, unsorted as
 * there (galaxy.md 3). RevisionNumber asks for greater ones; in a list without
 * numbers it asks for all. `ids=[]` asks for all: a typed client sends it for
 * a filter that was not set. FromDateTime is accepted and not applied, because
 * nobody here knows when a balance moved there: all balances are what it asks
 * for and more.
 *
 * Not here: what a list means, and other requests of the Sync service.
 */
#include "handlers/api/api.h"

#include "gateway/base/err.h"
#include "gateway/base/keyset.h"
#include "gateway/drivers/store_mirror.h"
#include "handlers/api/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	IDS_MAX = 400, /* GUIDs: a longer address is refused at the door */
	ID_SIZE = 128, /* of a scenario; longer is none that we know */
	NUMBER_SIZE = 32,
	RETRY_S = 30, /* a first sync takes minutes */
};

/*
 * Written by the sync: when ENTITY was read whole, up to which revision it was
 * read, and the scenario it is read through.
 */
#define NOTE_READ     ".read"
#define NOTE_CURSOR   ".revision"
#define NOTE_SCENARIO "scenario.id"
#define NOTE_OWNER    "sync.scenario" /* whose rows are there */

/* A list on its way out. */
struct list_reply {
	struct store_mirror *keeper; /* owned */
	struct mirror *mirror;       /* the keeper's */
	const char *entity;          /* static */
	int64_t after;               /* only greater revisions; <= 0: all */
	char *text;                  /* owned; the ids, cut into pieces */
	const char **ids;            /* owned; into text */
	size_t n_ids;                /* 0: all */

	/* While it is written. */
	int (*write)(void *to, const void *p, size_t n);
	void *to;
	bool has_rows;
	struct keyset seen; /* a row may be found twice */
};

static void
free_listing(void *ctx)
{
	struct list_reply *l = ctx;

	if (!l)
		return;
	store_mirror_free(l->keeper);
	keyset_fini(&l->seen);
	free(l->ids);
	free(l->text);
	free(l);
}

/* ---- writing ---- */

static int
write_row(struct list_reply *l, const char *json, size_t n)
{
	int r = l->has_rows ? l->write(l->to, ",", 1) : 0;

	l->has_rows = true;
	return r ? r : l->write(l->to, json, n);
}

/* A row with its revision, from a source that knows which ones are wanted. */
static int
take_wanted(void *ctx, const char *key, const char *json, size_t n)
{
	(void)key;
	return write_row(ctx, json, n);
}

/* From one that may name a row twice. */
static int
take_once(void *ctx, const char *key, const char *json, size_t n)
{
	struct list_reply *l = ctx;
	int r;

	if (keyset_has(&l->seen, key, strlen(key)))
		return 0;
	r = keyset_add(&l->seen, key, strlen(key));
	return r ? r : write_row(l, json, n);
}

/* Is its revision greater than the asked one? Without any: yes. */
static bool
is_newer(const struct list_reply *l, const char *json, size_t n)
{
	struct json *doc = NULL;
	int64_t revision = 0;
	bool is_numbered;

	if (l->after <= 0 || json_parse(&doc, json, n) != 0)
		return true;
	is_numbered = json_get_int(&revision, json_root(doc),
	                           "RevisionNumber") == 0 &&
	              revision > 0;
	json_free(doc);
	return !is_numbered || revision > l->after;
}

static int
take_named(void *ctx, const char *key, const char *json, size_t n)
{
	return is_newer(ctx, json, n) ? take_once(ctx, key, json, n) : 0;
}

/* Ids are keys in lower case; a name may be written as it likes. */
static int
write_id(struct list_reply *l, struct buf *row, const char *id)
{
	struct buf key = BUF_INIT;
	int r;

	for (const char *p = id; *p; p++)
		buf_addc(&key,
		         *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p);
	r = buf_check(&key);
	if (!r)
		r = mirror_get(l->mirror, row, l->entity, buf_text(&key));
	if (!r)
		r = take_named(l, buf_text(&key), buf_text(row), row->n);
	else if (r == MIRROR_ABSENT)
		r = 0;
	buf_fini(&key);
	return r ? r
	         : mirror_each_named(l->mirror, l->entity, id, take_named, l);
}

static int
write_ids(struct list_reply *l)
{
	struct buf row = BUF_INIT;
	int r = 0;

	for (size_t i = 0; !r && i < l->n_ids; i++)
		r = write_id(l, &row, l->ids[i]);
	buf_fini(&row);
	return r;
}

/*
 * Up to which revision the mirror has every row. A sync under way, or a row
 * read on its own, may have brought greater ones while lesser are missing: who
 * remembers the greatest it got would never ask for those. 0: the rows of this
 * list have no numbers.
 */
static int
read_complete(struct list_reply *l, int64_t *out)
{
	struct buf name = BUF_INIT;
	struct buf cursor = BUF_INIT;
	int64_t n;
	int r = mirror_top_revision(l->mirror, out, l->entity);

	buf_addf(&name, "%s" NOTE_CURSOR, l->entity);
	if (!r)
		r = buf_check(&name);
	if (!r)
		r = mirror_note_get(l->mirror, &cursor, buf_text(&name));
	n = strtoll(buf_text(&cursor), NULL, 10);
	if (r == 0 && n > 0 && n < *out)
		*out = n;
	buf_fini(&name);
	buf_fini(&cursor);
	return r == MIRROR_ABSENT ? 0 : r;
}

/*
 * What changes meanwhile gets a greater revision, and is of the next call. Who
 * asks for everything may compare it with what it has: nothing is left out.
 */
static int
write_rows(struct list_reply *l)
{
	int64_t complete = 0;
	int r = l->after > 0 ? read_complete(l, &complete) : 0;

	if (r)
		return r;
	if (complete == 0)
		return mirror_each(l->mirror, l->entity, take_once, l);
	if (complete <= l->after)
		return 0;
	return mirror_each_since(l->mirror, l->entity, l->after, complete,
	                         take_wanted, l);
}

/* http_reply.produce */
static int
produce(void *ctx, int (*write)(void *to, const void *p, size_t n), void *to)
{
	struct list_reply *l = ctx;
	int r;

	l->write = write;
	l->to = to;
	r = write(to, "[", 1);
	if (!r)
		r = l->n_ids ? write_ids(l) : write_rows(l);
	return r ? r : write(to, "]", 1);
}

/* ---- what is asked for ---- */

static int
refuse(struct http_reply *reply, const char *message, const char *field)
{
	api_fail(reply, 400, "invalid", message, field);
	return API_REFUSED;
}

static int
refuse_for_now(struct http_reply *reply, const char *message)
{
	api_fail(reply, 503, "not_ready", message, NULL);
	reply->retry_after_s = RETRY_S;
	return API_REFUSED;
}

static int
read_revision(struct list_reply *l, const struct http_call *call,
              struct http_reply *reply)
{
	char text[NUMBER_SIZE];
	char *end = text;
	int r = api_param(text, sizeof(text), call, "RevisionNumber");

	if (r == HTTP_PARAM_ABSENT || (r == 0 && !text[0]))
		return 0;
	errno = 0;
	if (r == 0)
		l->after = strtoll(text, &end, 10);
	if (r || errno || *end || strspn(text, "-0123456789") != strlen(text))
		return refuse(reply, "a whole number", "RevisionNumber");
	return 0;
}

/* Off with what stands around it. */
static char *
strip(char *text, char left, char right)
{
	size_t n;

	text += strspn(text, " ");
	for (n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
	if (n >= 2 && text[0] == left && text[n - 1] == right) {
		text[n - 1] = '\0';
		text++;
	}
	return text;
}

/* Cut `[a,"b"]` into pieces. Returns what is wrong with it; NULL: nothing. */
static const char *
split_ids(struct list_reply *l)
{
	char *p = strip(l->text, '[', ']');
	char *next;

	if (strpbrk(p, "[]"))
		return "ids as in ids=[a,b]";
	for (; p; p = next) {
		next = strchr(p, ',');
		if (next)
			*next++ = '\0';
		p = strip(p, '"', '"');
		if (!*p)
			continue;
		if (l->n_ids == IDS_MAX)
			return "at most 400 ids";
		l->ids[l->n_ids++] = p;
	}
	return NULL;
}

static int
read_ids(struct list_reply *l, const struct http_call *call,
         const struct adapter_list *list, struct http_reply *reply)
{
	size_t size = strlen(call->query) + 1;
	const char *problem;
	int r;

	l->text = calloc(size, 1);
	l->ids = calloc(IDS_MAX, sizeof(*l->ids));
	if (!l->text || !l->ids)
		return err_raise(ERR_NOMEM, "ids");
	r = api_param(l->text, size, call, "ids");
	if (r == HTTP_PARAM_ABSENT)
		return 0;
	problem = r ? "ids as in ids=[a,b], once" : split_ids(l);
	if (problem)
		return refuse(reply, problem, "ids");
	if (l->n_ids > 0 && !list->has_ids)
		return refuse(reply, "this list is not filtered by ids", "ids");
	return 0;
}

static int
check_scenario(struct list_reply *l, const struct http_call *call,
               struct http_reply *reply)
{
	char wanted[ID_SIZE];
	struct buf own = BUF_INIT;
	int r = api_param(wanted, sizeof(wanted), call, "WebScenID");

	if (r == HTTP_PARAM_ABSENT || (r == 0 && !wanted[0]))
		return 0;
	if (r)
		return refuse(reply, "the id of a web scenario, once",
		              "WebScenID");
	r = mirror_note_get(l->mirror, &own, NOTE_SCENARIO);
	if (r == MIRROR_ABSENT)
		r = refuse_for_now(reply, "the account's web scenario is not "
		                          "known yet");
	else if (r == 0 && strcasecmp(buf_text(&own), wanted) != 0)
		r = refuse(reply,
		           "this account reads through another web scenario",
		           "WebScenID");
	buf_fini(&own);
	return r;
}

/* After a change of scenario the rows are another one's until all were read. */
static int
check_owner(struct list_reply *l, struct http_reply *reply)
{
	struct buf own = BUF_INIT;
	struct buf owner = BUF_INIT;
	bool is_anothers;
	int r = mirror_note_get(l->mirror, &own, NOTE_SCENARIO);

	if (!r)
		r = mirror_note_get(l->mirror, &owner, NOTE_OWNER);
	is_anothers = r == 0 && strcmp(buf_text(&own), buf_text(&owner)) != 0;
	buf_fini(&own);
	buf_fini(&owner);
	if (is_anothers)
		return refuse_for_now(reply,
		                      "the lists are being read anew, through "
		                      "another web scenario");
	return r == MIRROR_ABSENT ? 0 : r;
}

/* Was it ever read to its end? */
static int
check_read(struct list_reply *l, struct http_reply *reply)
{
	struct buf name = BUF_INIT;
	struct buf note = BUF_INIT;
	int r;

	buf_addf(&name, "%s" NOTE_READ, l->entity);
	r = buf_check(&name);
	if (!r)
		r = mirror_note_get(l->mirror, &note, buf_text(&name));
	if (r == MIRROR_ABSENT)
		r = refuse_for_now(reply, "this list was never read whole: "
		                          "the first sync has not ended");
	buf_fini(&name);
	buf_fini(&note);
	return r;
}

static bool
has_lists(const struct adapter_ops *ops)
{
	return ops->lists != NULL;
}

static const struct adapter_list *
find_list(const struct adapter_list *lists, const char *name)
{
	for (; lists->name; lists++)
		if (strcasecmp(lists->name, name) == 0)
			return lists;
	return NULL;
}

static int
refuse_entity(struct http_reply *reply, const struct adapter_list *lists)
{
	struct buf message = BUF_INIT;

	buf_adds(&message, "no such list; there are ");
	for (size_t i = 0; lists[i].name; i++)
		buf_addf(&message, "%s%s", i ? ", " : "", lists[i].name);
	api_fail(reply, 404, "not_found", buf_text(&message), "entity");
	buf_fini(&message);
	return API_REFUSED;
}

static int
new_listing(struct list_reply **out, const struct api_env *env,
            const struct api_account *account, const char *entity)
{
	struct list_reply *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_raise(ERR_NOMEM, "listing");
	l->entity = entity;
	r = store_mirror_new(&l->keeper, env->store, account->name);
	if (r) {
		free_listing(l);
		return r;
	}
	l->mirror = store_mirror_port(l->keeper);
	*out = l;
	return 0;
}

int
api_serve_galaxy(const struct api_env *env, const struct http_call *call,
                 const char *const *params, struct http_reply *reply)
{
	const struct adapter_list *list;
	struct api_account account;
	struct list_reply *l = NULL;
	int r = api_account_find(&account, env, call, has_lists, reply);

	if (r)
		goto out;
	list = find_list(account.ops->lists, params[0]);
	if (!list) {
		r = refuse_entity(reply, account.ops->lists);
		goto out;
	}
	r = new_listing(&l, env, &account, list->name);
	if (!r)
		r = read_revision(l, call, reply);
	if (!r)
		r = read_ids(l, call, list, reply);
	if (!r)
		r = check_scenario(l, call, reply);
	if (!r)
		r = check_read(l, reply);
	if (!r)
		r = check_owner(l, reply);
	if (r)
		goto out;
	reply->content_type = "application/json; charset=utf-8";
	reply->produce = produce;
	reply->ctx = l;
	reply->free_ctx = free_listing;
	l = NULL;
out:
	free_listing(l);
	return r == API_REFUSED ? err_pass(buf_check(&reply->body))
	                        : err_pass(r);
}
