/*
 * Hiboutik: forms in PHP's notation, known by a token.
 *
 * Proof   The parameter k of our own URL, a static token: it proves that the
 *         sender knows it, and nothing about the body. The vendor's plug-ins
 *         make it of the account's name under the API key. And, where it is
 *         configured, X-Hiboutik-Hmac-SHA256: hex of an HMAC over the raw body,
 *         known of one community receiver. With both configured both must hold.
 * Ids     None that anybody vouches for: repeats are one more look.
 * Till    It waits for the answer unless webhook_async is set: nothing is done
 *         here but to take the call.
 * Hints   A sale is read by its id, whatever lines the call names or lacks; so
 *         the lines count only where there is no id. One that carries our own
 *         reference is our own, and costs no call; should somebody else write
 *         that, the next listing finds the sale all the same. A product is a
 *         look at all its sizes, a stock order a catch-up. Sales of another
 *         store are none of ours.
 * Source  Hiboutik's help pages and plug-ins, and the signatures, as digested in
 *         the project's references, read 2026-11-22.
 */
#include "handlers/handlers.h"
#include "handlers/hooks/proof.h"

#include "gateway/base/err.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAC_BYTES = 32,
	NAME_MAX = 64, /* bytes of a name or value that we know, with NUL */
	PAIRS_MAX = 8000,
	LINES_MAX = 500,
	DIGITS_MAX = 18,
};

/* Ours in the ext_ref of sales that we record. */
static const char our_prefix[] = "TB-";

static const struct conf_row options[] = {
	{ .key = "hook.token",
	  .kind = CONF_SECRETS,
	  .meaning = "What calls must have as parameter k of the URL; one, or "
	             "two while it changes." },
	{ .key = "hook.hmac_secret",
	  .kind = CONF_SECRETS,
	  .meaning = "Key of X-Hiboutik-Hmac-SHA256, a hex HMAC over the body; "
	             "one, or two while it changes." },
	{ .key = NULL },
};

/* ---- proof ---- */

static void
check(const struct handler_env *env, struct buf *mistakes)
{
	if (!conf_has(env->account, "hook.token") &&
	    !conf_has(env->account, "hook.hmac_secret"))
		buf_adds(mistakes, "hook.token: missing: expected it, or "
		                   "hook.hmac_secret\n");
}

/* Returns 0, HANDLER_FORGED, a fault. */
static int
check_mac(const struct conf_section *conf, const struct http_call *call)
{
	const struct crypto_part body = { call->body, call->n_body };
	struct proof_mac mac = { .hash = CRYPTO_SHA256 };
	const char *value = NULL;

	if (http_call_header(&value, call, "X-Hiboutik-Hmac-SHA256") ||
	    !value ||
	    crypto_hex_decode(mac.claimed, &mac.n, sizeof(mac.claimed), value,
	                      strlen(value)) ||
	    mac.n != MAC_BYTES)
		return HANDLER_FORGED;
	return proof_check_mac(conf, "hook.hmac_secret", &mac, &body, 1);
}

static int
verify(const struct handler_env *env, const struct http_call *call)
{
	return proof_form(env->account, call, "hook.hmac_secret", check_mac);
}

/* ---- the form ---- */

struct line {
	char product[DIGITS_MAX + 1]; /* "": not named */
	char size[DIGITS_MAX + 1];
};

/* What a call says, as far as we want to know it. */
struct news {
	char sale[DIGITS_MAX + 1];
	char store[DIGITS_MAX + 1];
	char product[DIGITS_MAX + 1];
	char input[DIGITS_MAX + 1];
	char reference[NAME_MAX];
	struct line lines[LINES_MAX];
	size_t n_lines; /* the highest that was named, and one */
};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* %XX and +. False: a bad escape, a NUL, or longer than what we know. */
static bool
decode(char out[NAME_MAX], const char *p, const char *end)
{
	size_t n = 0;

	for (; p < end; p++) {
		char c = *p == '+' ? ' ' : *p;

		if (c == '%') {
			int high = end - p > 2 ? hex_digit(p[1]) : -1;
			int low = end - p > 2 ? hex_digit(p[2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(unsigned char)(high * 16 + low);
			p += 2;
		}
		if (!c || n + 1 >= NAME_MAX)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

/* A number as text, without its zeros in front; "" stays where it is none. */
static void
take_number(char out[DIGITS_MAX + 1], const char *value)
{
	size_t n = strlen(value);

	if (n == 0 || n > DIGITS_MAX || strspn(value, "0123456789") != n)
		return;
	while (n > 1 && *value == '0') {
		value++;
		n--;
	}
	memcpy(out, value, n + 1);
}

/* line_items[12][product_id]: the brackets, and what is behind them. */
static void
take_line(struct news *news, const char *name, const char *value)
{
	static const char prefix[] = "line_items[";
	char *end = NULL;
	unsigned long i;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return;
	name += sizeof(prefix) - 1;
	if (strspn(name, "0123456789") == 0)
		return;
	i = strtoul(name, &end, 10);
	if (i >= LINES_MAX)
		return;
	if (strcmp(end, "][product_id]") == 0)
		take_number(news->lines[i].product, value);
	else if (strcmp(end, "][product_size]") == 0)
		take_number(news->lines[i].size, value);
	else
		return;
	if (i >= news->n_lines)
		news->n_lines = i + 1;
}

static void
take_pair(struct news *news, const char *name, const char *value)
{
	static const struct {
		const char *name;
		size_t at;
	} numbers[] = {
		{ "sale_id", offsetof(struct news, sale) },
		{ "order_id", offsetof(struct news, sale) },
		{ "store_id", offsetof(struct news, store) },
		{ "shop_id", offsetof(struct news, store) },
		{ "product_id", offsetof(struct news, product) },
		{ "inventory_input_id", offsetof(struct news, input) },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(numbers[i].name, name) == 0)
			take_number((char *)news + numbers[i].at, value);
	if (strcmp(name, "sale_ext_ref") == 0)
		memcpy(news->reference, value, strlen(value) + 1);
	take_line(news, name, value);
}

/*
 * Pair by pair; what is too long or written wrongly is none that we know. False
 * when there are more than any till sends.
 */
static bool
read_form(struct news *news, const char *p, size_t n)
{
	const char *end = p + n;
	size_t n_pairs = 0;

	for (; p < end; p++) {
		const char *stop = memchr(p, '&', (size_t)(end - p));
		const char *equals;
		char name[NAME_MAX];
		char value[NAME_MAX];

		if (!stop)
			stop = end;
		equals = memchr(p, '=', (size_t)(stop - p));
		if (++n_pairs > PAIRS_MAX)
			return false;
		if (equals && decode(name, p, equals) &&
		    decode(value, equals + 1, stop))
			take_pair(news, name, value);
		p = stop;
	}
	return true;
}

/* ---- what it is ---- */

/* For people: what a call is about. */
static const char *
topic_of(const struct news *news)
{
	if (news->sale[0])
		return "sale";
	if (news->input[0])
		return "stock_order";
	return news->product[0] || news->n_lines ? "product" : "other";
}

static int
identify(const struct handler_env *env, const struct http_call *call,
         struct event *event)
{
	struct news *news = calloc(1, sizeof(*news));
	bool is_form;

	(void)env;
	if (!news)
		return err_raise(ERR_NOMEM, "event");
	is_form = read_form(news, call->body, call->n_body);
	event->topic = text_dup(topic_of(news));
	event->id = text_dup("");
	event->query = text_dup(""); /* it held the token */
	free(news);
	if (!event->topic || !event->id || !event->query)
		return err_raise(ERR_NOMEM, "event");
	return is_form ? 0 : HANDLER_MALFORMED;
}

/* ---- where to look ---- */

static bool
is_ours(const struct handler_env *env, const struct news *news)
{
	return !news->store[0] || !conf_has(env->account, "store") ||
	       strtoll(news->store, NULL, 10) ==
	               conf_int(env->account, "store");
}

static void
hint_sale(const struct news *news, const struct hints *hints)
{
	if (strncmp(news->reference, our_prefix, sizeof(our_prefix) - 1) != 0)
		hints->sale(hints->ctx, news->sale);
}

static void
hint_lines(const struct news *news, const struct hints *hints)
{
	char ref[2 * DIGITS_MAX + 2];

	for (size_t i = 0; i < news->n_lines; i++) {
		const struct line *line = &news->lines[i];

		if (!line->product[0] || strcmp(line->product, "0") == 0)
			continue;
		(void)snprintf(ref, sizeof(ref), "%s/%s", line->product,
		               line->size[0] ? line->size : "0");
		hints->ref(hints->ctx, ref);
	}
}

static int
hints_(const struct handler_env *env, const struct event *event,
       const struct hints *hints)
{
	struct news *news = calloc(1, sizeof(*news));

	if (!news)
		return err_raise(ERR_NOMEM, "event");
	(void)read_form(news, event->body, event->n_body);
	if (is_ours(env, news)) {
		if (news->sale[0])
			hint_sale(news, hints);
		else
			hint_lines(news, hints);
		if (!news->sale[0] && news->product[0])
			hints->ref(hints->ctx, news->product);
		if (news->input[0])
			hints->catch_up(hints->ctx);
	}
	free(news);
	return 0;
}

const struct handler_ops hiboutik_hooks = {
	.name = "hiboutik",
	.options = options,
	.methods = "POST",
	.check = check,
	.verify = verify,
	.identify = identify,
	.hints = hints_,
};
