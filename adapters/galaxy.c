/*
 * Galaxy ERP: its options, how a binding names one of its items, and the table.
 *
 * Does      Reads items and balances (GET /services/sync/...), takes sales as
 *           commercial entries (POST /services/sync/actions/postentry). Takes
 *           no counts and lists no sales: it is the authority.
 * Ids       An item has two GUIDs, ItemID and ID. Here it is known by ItemID;
 *           a variant by ItemID and its dimension values (galaxy.md 9).
 * Source    adapters/galaxy.h.
 */
#include "adapters/galaxy.h"

#include "adapters/adapters.h"
#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/ports/mirror.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GALAXY_MAGIC = 0x67616c78 };

#define TEXT(key_, meaning_) \
	{ \
		.key = (key_), .kind = CONF_TEXT, .meaning = (meaning_) \
	}

static const struct conf_row options[] = {
	{ .key = "username",
	  .kind = CONF_TEXT,
	  .flags = CONF_REQUIRED,
	  .meaning = "User of the Galaxy API." },
	{ .key = "password",
	  .kind = CONF_SECRET,
	  .flags = CONF_REQUIRED,
	  .meaning = "That user's password." },
	TEXT("web_scenario", "Web scenario by id, code or description; without "
	                     "it the installation's default one."),
	{ .key = "ids_per_request",
	  .kind = CONF_INT,
	  .fallback = "40",
	  .min = 1,
	  .max = 200,
	  .unit = "items",
	  .meaning = "Items asked for in one call; web servers often refuse "
	             "longer addresses." },
	{ .key = "sku_field",
	  .kind = CONF_TEXT,
	  .fallback = "\"Code\"",
	  .meaning = "Member of an item that holds its SKU." },
	{ .key = "timezone",
	  .kind = CONF_TEXT,
	  .flags = CONF_ZONE,
	  .meaning = "Time zone of the Galaxy server; without it "
	             "schedule.timezone." },
	{ .key = "settle",
	  .kind = CONF_CHOICE,
	  .fallback = "\"posted\"",
	  .choices = "posted|observed",
	  .meaning =
	          "When a posted sale is inside the balance: at once, or when "
	          "a drop is observed." },
	{ .key = "settle_wait",
	  .kind = CONF_INT,
	  .fallback = "24",
	  .min = 1,
	  .max = 720,
	  .unit = "h",
	  .meaning =
	          "With observed: a sale counts as settled after this long." },
	{ .key = "absent_balance",
	  .kind = CONF_CHOICE,
	  .fallback = "\"unknown\"",
	  .choices = "unknown|zero",
	  .meaning =
	          "What an item means that was asked for by id and is missing "
	          "in a complete, non-empty answer." },
	TEXT("lookup.view", "View (Entity/Name) that finds an entry by docid."),
	TEXT("lookup.advanced_view",
	     "Advanced view (GUID) that finds an entry by docid."),
	TEXT("lookup.field", "Field of the view that holds the docid."),
	{ .key = "paths",
	  .kind = CONF_MAP,
	  .meaning = "Paths that differ from the usual ones, by entity; also "
	             "auth and postentry." },
	{ .key = "entry.returns",
	  .kind = CONF_CHOICE,
	  .fallback = "\"hold\"",
	  .choices = "hold|negative",
	  .meaning = "A return waits for a person, or is posted as a line with "
	             "negative quantity." },
	TEXT("entry.company", "Company: id, code or description."),
	TEXT("entry.companysite", "Company site: id, code or description."),
	TEXT("entry.trader",
	     "Customer of till sales: id, code or description."),
	TEXT("entry.currency", "Currency: id, code or description."),
	TEXT("entry.transport_mode", "Transport mode, out of the agencies."),
	TEXT("entry.transporter", "Transporter, out of the shipping methods."),
	TEXT("entry.dispatch_purpose", "Dispatch purpose."),
	TEXT("entry.payment_plan", "Payment plan, out of the payment methods."),
	{ .key = NULL },
};

/* ---- ids and text ---- */

bool
galaxy_id(char out[GALAXY_ID_SIZE], const char *text)
{
	size_t n = 0;

	for (; text[n]; n++) {
		unsigned char c = (unsigned char)text[n];

		if (n + 1 >= GALAXY_ID_SIZE ||
		    !(isalnum(c) || c == '-' || c == '_' || c == '.') ||
		    c >= 0x80)
			return false;
		out[n] = (char)tolower(c);
	}
	out[n] = '\0';
	return n > 0;
}

bool
galaxy_member_id(char out[GALAXY_ID_SIZE], const struct json_node *row,
                 const char *key)
{
	static const char null_id[] = "00000000-0000-0000-0000-000000000000";
	const char *text = NULL;
	int r = json_get_text(&text, row, key);

	out[0] = '\0';
	if (r == JSON_ABSENT || (r == 0 && text[0] == '\0'))
		return true;
	if (r || !galaxy_id(out, text)) {
		out[0] = '\0';
		return false;
	}
	if (strcmp(out, null_id) == 0)
		out[0] = '\0';
	return true;
}

/* Put the parts together; empty ones at the end are left out. */
static bool
join(char out[GALAXY_EXTERNAL_SIZE], const char *item,
     char dims[GALAXY_DIMS][GALAXY_ID_SIZE])
{
	size_t n_dims = GALAXY_DIMS;
	int n;

	while (n_dims > 0 && dims[n_dims - 1][0] == '\0')
		n_dims--;
	n = snprintf(out, GALAXY_EXTERNAL_SIZE, "%s", item);
	for (size_t i = 0; i < n_dims && n > 0; i++) {
		size_t left = GALAXY_EXTERNAL_SIZE - (size_t)n;
		int more = snprintf(out + n, left, ":%s",
		                    dims[i][0] ? dims[i] : "-");

		if (more < 0 || (size_t)more >= left)
			return false;
		n += more;
	}
	return n > 0;
}

bool
galaxy_external(char out[GALAXY_EXTERNAL_SIZE], const char *item,
                const struct json_node *row)
{
	static const char *const members[GALAXY_DIMS] = {
		"DimVal1ID", "DimVal2ID", "DimVal3ID", "AttCombinationID"
	};
	char dims[GALAXY_DIMS][GALAXY_ID_SIZE];

	for (size_t i = 0; i < GALAXY_DIMS; i++)
		if (!galaxy_member_id(dims[i], row, members[i]))
			return false;
	return join(out, item, dims);
}

const char *
galaxy_external_item(char out[GALAXY_ID_SIZE], const char *external)
{
	size_t n_item = strcspn(external, ":*");
	size_t n = n_item;

	if (n >= GALAXY_ID_SIZE)
		n = 0; /* none of ours, so it matches nothing */
	memcpy(out, external, n);
	out[n] = '\0';
	return external + n_item;
}

void
galaxy_say(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);

	if (n >= size) {
		n = size - 1;
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, text, n);
	out[n] = '\0';
	for (char *p = out; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
}

int
galaxy_read_row(struct galaxy *g, struct json **out, const char *entity,
                const char *key)
{
	struct buf text = BUF_INIT;
	int r = mirror_get(g->env.mirror, &text, entity, key);

	if (r == 0)
		r = json_parse(out, buf_text(&text), text.n);
	buf_fini(&text);
	return r < 0 ? err_pass(r) : r ? MIRROR_ABSENT : 0;
}

/* ---- bindings ---- */

/* A condition of these functions: the alter code's Quantity is no figure. */
enum { NO_PACK = 10 };

/* ":v1:v2" as a person wrote it, in canonical form behind the item. */
static bool
read_dims(char out[GALAXY_EXTERNAL_SIZE], const char *item, const char *text)
{
	char dims[GALAXY_DIMS][GALAXY_ID_SIZE] = { "" };

	for (size_t i = 0; *text == ':'; i++) {
		char part[GALAXY_ID_SIZE];
		size_t n = strcspn(++text, ":");

		if (i == GALAXY_DIMS || n == 0 || n >= sizeof(part))
			return false;
		memcpy(part, text, n);
		part[n] = '\0';
		if (strcmp(part, "-") != 0 && !galaxy_id(dims[i], part))
			return false;
		text += n;
	}
	return join(out, item, dims);
}

/* What an alter code names: an item, perhaps a variant, perhaps several. */
static int
join_alter_code(char out[GALAXY_EXTERNAL_SIZE], const struct json_node *row)
{
	char item[GALAXY_ID_SIZE];
	int64_t pack;
	size_t n;

	if (!galaxy_member_id(item, row, "ItemID") || !item[0] ||
	    !galaxy_external(out, item, row))
		return ADAPTER_UNRESOLVED;
	if (!galaxy_pack_of(&pack, row))
		return NO_PACK;
	if (pack == 1)
		return 0;
	n = strlen(out);
	return snprintf(out + n, GALAXY_EXTERNAL_SIZE - n, "*%lld",
	                (long long)pack) < (int)(GALAXY_EXTERNAL_SIZE - n)
	               ? 0
	               : ADAPTER_UNRESOLVED;
}

static int
read_alter_code(struct galaxy *g, char out[GALAXY_EXTERNAL_SIZE],
                const char *key)
{
	struct json *doc = NULL;
	int r = galaxy_read_row(g, &doc, "itemaltercodes", key);

	if (r == MIRROR_ABSENT)
		r = ADAPTER_UNRESOLVED;
	else if (!r)
		r = join_alter_code(out, json_root(doc));
	json_free(doc);
	return r < 0 ? err_pass(r) : r;
}

static int
find(struct galaxy *g, struct buf *key, const char *entity, const char *name)
{
	int r = mirror_find_name(g->env.mirror, key, entity, name);

	if (r == MIRROR_AMBIGUOUS)
		return ADAPTER_AMBIGUOUS;
	return r == MIRROR_ABSENT ? ADAPTER_UNRESOLVED : err_pass(r);
}

/*
 * A code, alter code or GUID. A text that is an item's code and another
 * thing's alter code at once is nobody's.
 *
 * Returns 0, ADAPTER_UNRESOLVED, ADAPTER_AMBIGUOUS, NO_PACK, a fault.
 */
static int
find_whole(struct galaxy *g, char out[GALAXY_EXTERNAL_SIZE], const char *name)
{
	char by_alter[GALAXY_EXTERNAL_SIZE];
	struct buf key = BUF_INIT;
	int item;
	int alter;

	item = find(g, &key, "items", name);
	if (item == 0 && !read_dims(out, buf_text(&key), ""))
		item = ADAPTER_UNRESOLVED;
	alter = find(g, &key, "itemaltercodes", name);
	if (alter == 0)
		alter = read_alter_code(g, by_alter, buf_text(&key));
	buf_fini(&key);
	if (item < 0 || alter < 0)
		return err_pass(item < 0 ? item : alter);
	if (item == ADAPTER_AMBIGUOUS || alter == ADAPTER_AMBIGUOUS)
		return ADAPTER_AMBIGUOUS;
	if (item == 0 && alter == 0)
		return strcmp(out, by_alter) == 0 ? 0 : ADAPTER_AMBIGUOUS;
	if (alter == NO_PACK)
		return NO_PACK;
	if (alter == 0)
		memcpy(out, by_alter, sizeof(by_alter));
	return item == 0 || alter == 0 ? 0 : ADAPTER_UNRESOLVED;
}

/* Codes may hold colons, so the whole text is tried before its parts. */
static int
find_written(struct galaxy *g, char out[GALAXY_EXTERNAL_SIZE],
             const char *written)
{
	int r = find_whole(g, out, written);

	for (const char *p = strchr(written, ':'); p && r == ADAPTER_UNRESOLVED;
	     p = strchr(p + 1, ':')) {
		char item[GALAXY_EXTERNAL_SIZE];
		char *head = text_ndup(written, (size_t)(p - written));

		if (!head)
			return err_raise(ERR_NOMEM, "binding");
		r = find_whole(g, item, head);
		free(head);
		if (r == 0 && (strpbrk(item, ":*") || !read_dims(out, item, p)))
			r = ADAPTER_UNRESOLVED;
	}
	return r;
}

/* A hook may name either GUID of the item. */
static int
add_refs(struct galaxy *g, const char *external,
         void (*add_ref)(void *ctx, const char *ref), void *ctx)
{
	struct json *doc = NULL;
	char item[GALAXY_ID_SIZE];
	char row[GALAXY_ID_SIZE];
	int r;

	(void)galaxy_external_item(item, external);
	add_ref(ctx, item);
	r = galaxy_read_row(g, &doc, "items", item);
	if (!r && galaxy_member_id(row, json_root(doc), "ID") && row[0] &&
	    strcmp(row, item) != 0)
		add_ref(ctx, row);
	json_free(doc);
	/* An alter code may come before its item: one ref is enough then. */
	return r < 0 ? err_pass(r) : 0;
}

static int
resolve(void *state, struct buf *external, const char *written,
        void (*add_ref)(void *ctx, const char *ref), void *ctx)
{
	struct galaxy *g = state;
	char found[GALAXY_EXTERNAL_SIZE];
	int r;

	assert(g->magic == GALAXY_MAGIC);
	r = find_written(g, found, written);
	buf_reset(external);
	if (r == NO_PACK) { /* a person must hear why it stays so */
		buf_adds(external, "its alter code's Quantity is no whole "
		                   "number from 1 to 1000000");
		r = buf_check(external);
		return r ? err_pass(r) : ADAPTER_UNRESOLVED;
	}
	if (r)
		return r;
	buf_adds(external, found);
	r = buf_check(external);
	return r ? err_pass(r) : add_refs(g, found, add_ref, ctx);
}

/* ---- the rest of the table ---- */

static size_t
batch_max(const struct conf_section *conf)
{
	return (size_t)conf_int(conf, "ids_per_request");
}

static int
open_(void **state, const struct adapter_env *env)
{
	const char *zone = conf_text(env->conf, "timezone");
	struct galaxy *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_raise(ERR_NOMEM, "galaxy");
	*state = g;
	g->magic = GALAXY_MAGIC;
	g->env = *env;
	g->auth = (struct auth){ .ops = &galaxy_auth,
		                 .ctx = g,
		                 .http = env->http };
	if (env->http) /* without, only the mirror is asked */
		http_client_watch_cookie(env->http, "ss-id");
	r = zone ? zone_load(&g->zone, zone) : 0;
	if (r == ZONE_UNKNOWN) /* the configuration was checked for that */
		return err_raise(ERR_BUG, "time zone of %s",
		                 conf_account_name(env->conf));
	return err_pass(r);
}

static void
close_(void *state)
{
	struct galaxy *g = state;

	if (!g)
		return;
	assert(g->magic == GALAXY_MAGIC);
	zone_free(g->zone);
	galaxy_packs_forget(g);
	crypto_wipe(g->session, sizeof(g->session));
	crypto_wipe(g->cookie, sizeof(g->cookie));
	g->magic = 0;
	free(g);
}

/* The name of the scenario's company, once the mirror has it. */
static void
say_company(struct galaxy *g, struct buf *what)
{
	struct json *doc = NULL;
	char name[120];

	if (g->company[0] &&
	    galaxy_read_row(g, &doc, "companies", g->company) == 0) {
		galaxy_say(name, sizeof(name),
		           json_text_or(json_root(doc), "Description", ""));
		buf_addf(what, "company \"%s\", ", name);
	}
	json_free(doc);
}

/*
 * Could a sale be booked? Better said before the first one than with it. Only
 * the mirror knows, so before the first sync nothing is said.
 */
static struct outcome
check_terms(struct galaxy *g)
{
	struct galaxy_terms terms = { .refs = { { .row = NULL } } };
	const struct entry none = { .id = NULL };
	struct entry_problem problem;
	struct buf note = BUF_INIT;
	struct outcome outcome = outcome_done();
	char why[180];

	if (mirror_note_get(g->env.mirror, &note, GALAXY_NOTE_SYNCED) == 0)
		outcome = galaxy_choose_terms(g, &terms, &none, NULL, &problem);
	galaxy_terms_fini(&terms);
	buf_fini(&note);
	galaxy_say(why, sizeof(why), outcome.why);
	return outcome.verdict == VERDICT_REFUSED
	               ? outcome_of(VERDICT_REFUSED,
	                            "sales cannot be booked: %s", why)
	               : outcome_done();
}

static struct outcome
probe(void *state, struct buf *what)
{
	struct galaxy *g = state;
	struct outcome outcome;

	assert(g->magic == GALAXY_MAGIC);
	outcome = galaxy_read_scenario(g);
	if (outcome.verdict != VERDICT_DONE)
		return outcome;
	say_company(g, what);
	buf_addf(what, "web scenario \"%s\"", g->scenario_label);
	return check_terms(g);
}

static bool
settles_by_drops(const struct conf_section *conf, int64_t *wait_ms)
{
	*wait_ms = conf_int(conf, "settle_wait") * 3600000;
	return !strcmp(conf_text(conf, "settle"), "observed");
}

static bool
takes_returns(const struct conf_section *conf)
{
	return !strcmp(conf_text(conf, "entry.returns"), "negative");
}

const struct adapter_ops galaxy_adapter = {
	.name = "galaxy",
	.options = options,
	.url_flags = CONF_PLAIN_HTTP,
	.count_places = DECIMAL_PLACES,
	.batch_max = batch_max,
	.settles_by_drops = settles_by_drops,
	.takes_returns = takes_returns,
	.open = open_,
	.close = close_,
	.probe = probe,
	.resolve = resolve,
	.read_counts = galaxy_read_counts,
	.post_entry = galaxy_post_entry,
	.check_entry = galaxy_check_entry,
	.find_entry = galaxy_find_entry,
	.can_find = galaxy_can_find,
	.read_image = galaxy_read_image,
	.list_items = galaxy_list_items,
	.sync = galaxy_sync,
	.lists = galaxy_lists,
};
