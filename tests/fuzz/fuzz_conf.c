/*
 * A configuration: any text is taken, or refused with at least one mistake in
 * whole lines, and what is taken holds what every reader of it relies on.
 *
 * Secrets resolve to nothing here: a fuzzer must not read files by name, and
 * the log would keep every literal one for good.
 */
#include "gateway/model/conf_parts.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct conf_row rows[] = {
	{ .key = "location", .kind = CONF_TEXT, .flags = CONF_REQUIRED },
	{ .key = "batch", .kind = CONF_INT, .min = -5, .max = 200 },
	{ .key = "rate", .kind = CONF_DECIMAL },
	{ .key = "settle", .kind = CONF_CHOICE, .choices = "a|b" },
	{ .key = "paths", .kind = CONF_MAP },
	{ .key = "hook.from", .kind = CONF_TEXTS },
	{ .key = "hook.url", .kind = CONF_URL, .flags = CONF_PLAIN_HTTP },
	{ .key = "hook.poll", .kind = CONF_CRON },
	{ .key = NULL },
};

static const struct conf_type types[] = {
	{ .name = "till", .rows = rows, .default_url = "https://t.example" },
	{ .name = "erp", .url_flags = CONF_PLAIN_HTTP },
};

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

/* Does the text lead to a secret? Escapes could spell it too. */
static bool
may_hold_secret(const char *text)
{
	return strstr(text, "secret") || strstr(text, "password") ||
	       strstr(text, "redis:") || strchr(text, '\\');
}

static void
check_account(const struct conf *conf, size_t i)
{
	const struct conf_section *account = conf->accounts[i];

	assert(conf_find_account(conf, conf_account_name(account)) == account);
	assert(conf_account_type(account));
	assert(conf_account_url(account));
	assert(conf_int(account, "timeout_ms") >= 100);
	assert(!decimal_is_negative(conf_decimal(account, "reserve")));
}

static void
check_conf(const struct conf *conf)
{
	const char *const *list;
	size_t n = conf_texts(conf->top, "public.listen", &list);

	assert(n > 0);
	for (size_t i = 0; i < n; i++)
		assert(conf_is_listen(list[i], NULL));
	assert(conf->n_accounts > 0);
	for (size_t i = 0; i < conf->n_accounts; i++)
		check_account(conf, i);
	assert(conf_find_account(conf,
	                         conf_text(conf->top, "stock.authority")));
	assert(conf_path(conf->top, "public.certificate"));
	assert(conf_int(conf->top, "redis.backlog_max") > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf text = BUF_INIT;
	struct buf mistakes = BUF_INIT;
	struct conf *conf = NULL;
	int r;

	buf_add(&text, p, n);
	if (may_hold_secret(buf_text(&text)))
		goto out;
	r = conf_parse(&conf, "/etc/gateway.json", buf_text(&text), text.n,
	               types, N_TYPES, &mistakes);
	assert(r == 0 || r == CONF_INVALID);
	assert((r == 0) == (conf != NULL));
	assert((r == 0) == (mistakes.n == 0));
	assert(r == 0 || mistakes.p[mistakes.n - 1] == '\n');
	if (conf)
		check_conf(conf);
out:
	conf_free(conf);
	buf_fini(&mistakes);
	buf_fini(&text);
	return 0;
}
