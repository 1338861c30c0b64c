/*
 * The synchronizer's words, and its switch.
 *
 *   GET  /api/synchronizer               "True": syncs run by the clock
 *   POST /api/synchronizer/start         … from now on
 *   POST /api/synchronizer/stop          … no more; calls and sales go on
 *   POST /api/synchronizer/forceUpdate   a full sync of every account, now
 *   POST /api/mobile/registerToken       refused: nobody is sent messages here
 *   GET  /hangfire                       where its dashboard was: our page
 *
 * The program before only ever polled, so that stopping its schedule was all
 * there was to stop; a sale was booked all the same, and is here.
 */
#include "handlers/api/api.h"
#include "handlers/api/synchronizer.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store_registry.h"
#include "gateway/drivers/store_switch.h"
#include "gateway/drivers/store_sync.h"
#include "gateway/ports/adapter.h"

#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 10, INTEGER_MAX = 18 };

int
synchronizer_id(char out[SYNCHRONIZER_ID_SIZE], char kind, const char *key)
{
	unsigned char made[ID_BYTES];
	struct crypto_part part = { key, strlen(key) };
	char hex[65];
	int r;

	if (*key)
		r = crypto_sha256_hex(hex, &part, 1);
	else
		r = crypto_random(made, sizeof(made));
	if (r)
		return r;
	if (!*key)
		crypto_hex_encode(hex, made, sizeof(made));
	out[0] = kind;
	memcpy(out + 1, hex, SYNCHRONIZER_ID_SIZE - 2);
	out[SYNCHRONIZER_ID_SIZE - 1] = '\0';
	return 0;
}

/* ---- its ids ---- */

static bool
is_writable(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > ITEM_SKU_MAX)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

char *
synchronizer_read_id(const struct json_node *value)
{
	const char *text = json_text(value);
	const char *number = json_number_text(value);

	if (number && strspn(number, "0123456789") == strlen(number) &&
	    strlen(number) <= INTEGER_MAX)
		text = number;
	return text && is_writable(text) ? text_dup(text) : NULL;
}

const struct conf_section *
synchronizer_shop(const struct conf *conf)
{
	const struct conf_section *found = NULL;

	for (size_t i = 0; i < conf->n_accounts; i++) {
		if (strcmp(conf_account_type(conf->accounts[i]), "sql") != 0)
			continue;
		if (found)
			return NULL;
		found = conf->accounts[i];
	}
	return found;
}

static const struct adapter_ops *
find_ops(const struct api_env *env, const struct conf_section *account)
{
	const struct adapter_ops *const *ops = env->adapters;

	while (ops && *ops &&
	       strcmp((*ops)->name, conf_account_type(account)) != 0)
		ops++;
	return ops ? *ops : NULL;
}

void
synchronizer_shop_id(struct buf *out, const struct api_env *env,
                     const struct item *item)
{
	const struct conf_section *shop = synchronizer_shop(env->conf);
	const struct binding *b =
		shop ? item_find_binding(item, conf_account_name(shop)) : NULL;

	if (b && b->external)
		adapter_plain(out, find_ops(env, shop), shop, b->external);
	else
		buf_adds(out, item->sku);
}

/* The SKU of what the shop has under this id, as its binding would have it;
   *out owned, NULL: nothing. */
static int
find_sku(const struct api_env *env, char **out, const char *shop_id)
{
	const struct conf_section *shop = synchronizer_shop(env->conf);
	struct buf external = BUF_INIT;
	const char *id;
	int r;

	*out = NULL;
	if (!shop)
		return 0;
	adapter_canonical(&external, find_ops(env, shop), shop, shop_id);
	id = buf_text(&external);
	r = buf_check(&external);
	if (!r)
		r = store_registry_skus(env->store, conf_account_name(shop),
		                        &id, 1, out);
	buf_fini(&external);
	return r;
}

int
synchronizer_item(const struct api_env *env, struct item *out,
                  const char *shop_id)
{
	char *sku = NULL;
	int r = find_sku(env, &sku, shop_id);

	if (!r)
		r = store_registry_get(env->store, out, sku ? sku : shop_id);
	free(sku);
	return r;
}

/* ---- its accounts ---- */

void
synchronizer_account_id(struct buf *out, const struct conf_section *account)
{
	static const struct {
		const char *type;
		const char *key; /* NULL: the first word of its host */
		bool is_number;
	} own[] = {
		{ "square", "location", false },
		{ "tipsi", "store", false },
		{ "lightspeed_r", "account", true },
		{ "hiboutik", NULL, false },
		{ "lightspeed_x", NULL, false },
	};
	const char *type = conf_account_type(account);
	const char *url = conf_account_url(account);
	const char *host = url ? strstr(url, "://") : NULL;

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		if (strcmp(own[i].type, type) != 0)
			continue;
		if (own[i].key && conf_knows(account, own[i].key)) {
			if (own[i].is_number)
				buf_addf(out, "%lld",
				         (long long)conf_int(account,
				                             own[i].key));
			else
				buf_adds(out, conf_text(account, own[i].key));
			return;
		}
		/* An address in digits is not a name that the vendor gave. */
		if (!own[i].key && host && host[3] > '9') {
			buf_add(out, host + 3, strcspn(host + 3, ".:/"));
			return;
		}
	}
	buf_adds(out, conf_account_name(account));
}

const struct conf_section *
synchronizer_account(const struct conf *conf, const char *said, size_t *n_out)
{
	const struct conf_section *found = conf_find_account(conf, said);
	struct buf id = BUF_INIT;

	*n_out = found ? 1 : 0;
	if (found)
		return found;
	for (size_t i = 0; i < conf->n_accounts; i++) {
		buf_reset(&id);
		synchronizer_account_id(&id, conf->accounts[i]);
		if (strcmp(buf_text(&id), said) != 0)
			continue;
		found = conf->accounts[i];
		++*n_out;
	}
	buf_fini(&id);
	return *n_out == 1 ? found : NULL;
}

/* ---- answers ---- */

int
synchronizer_say(struct http_reply *reply, int status, const char *text)
{
	struct json_out j = { .to = &reply->body };

	api_out_text(&j, NULL, text);
	return api_reply_json(reply, status);
}

int
api_serve_synchronizer(const struct api_env *env, const struct http_call *call,
                       const char *const *params, struct http_reply *reply)
{
	int64_t off_ms = 0;
	int r = store_switch_get(env->store, &off_ms, SWITCH_SCHEDULE);

	(void)call;
	(void)params;
	return r ? r : synchronizer_say(reply, 200, off_ms ? "False" : "True");
}

int
api_serve_synchronizer_start(const struct api_env *env,
                             const struct http_call *call,
                             const char *const *params,
                             struct http_reply *reply)
{
	int r = store_switch_on(env->store, SWITCH_SCHEDULE);

	(void)call;
	(void)params;
	if (r)
		return r;
	log_info("schedule.on", "by=%s", "api");
	return synchronizer_say(reply, 200, "started");
}

int
api_serve_synchronizer_stop(const struct api_env *env,
                            const struct http_call *call,
                            const char *const *params, struct http_reply *reply)
{
	int r = store_switch_off(env->store, SWITCH_SCHEDULE);

	(void)call;
	(void)params;
	if (r)
		return r;
	log_warn("schedule.off", "by=%s", "api");
	return synchronizer_say(reply, 200, "stopped");
}

int
api_serve_synchronizer_force(const struct api_env *env,
                             const struct http_call *call,
                             const char *const *params,
                             struct http_reply *reply)
{
	const struct conf_section **accounts =
		calloc(env->conf->n_accounts + 1, sizeof(*accounts));
	size_t n = 0;
	size_t bad = 0;
	const char *first;
	int r = accounts ? store_sync_choose(accounts, &n, env->conf,
	                                     env->adapters, NULL, 0, &bad)
	                 : err_raise(ERR_NOMEM, "why=%s", "accounts");

	(void)call;
	(void)params;
	if (!r)
		r = store_switch_filter(env->store, &first, accounts, &n);
	for (size_t i = 0; !r && i < n; i++)
		r = store_sync_ask(env->store, conf_account_name(accounts[i]),
		                   store_sync_mark(true, false));
	free(accounts);
	return r ? err_pass(r)
	         : synchronizer_say(reply, 200, "pending updated");
}

/* It printed the token and kept nothing. To say yes would be to promise a
   shopkeeper messages that nobody sends. */
int
api_serve_telephone(const struct api_env *env, const struct http_call *call,
                    const char *const *params, struct http_reply *reply)
{
	(void)env;
	(void)call;
	(void)params;
	api_fail(reply, 422, "unfit",
	         "no messages are sent to telephones from here, so none can be "
	         "registered: what is sold is recorded at the account that "
	         "keeps the item, and shown on /status",
	         NULL);
	return err_pass(buf_check(&reply->body));
}

int
api_serve_hangfire(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply)
{
	(void)env;
	(void)call;
	(void)params;
	buf_adds(&reply->extra, "Location: /status\r\n");
	reply->status = 302;
	reply->content_type = "text/plain; charset=utf-8";
	buf_adds(&reply->body, "/status\n");
	return err_pass(buf_check(&reply->body));
}
