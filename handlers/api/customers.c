/*
 * Customers of a shop, on their way to the authority's list of customers.
 *
 *   POST /api/customers[?account=NAME]   model/customer.h says what it may hold
 *   GET  /api/customers/{code}           how it is doing
 *
 * A customer has no items that would say where it belongs: the call names the
 * account unless there is only one that takes customers. What repeats and keys
 * mean: entries.h.
 */
#include "handlers/api/api.h"
#include "handlers/api/entries.h"

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/model/customer.h"

#include <string.h>

static const struct entries_kind customer_kind = {
	.account = "api:customers",
	.noun = "customer",
	.field = "code",
	.kind = ENTRY_CUSTOMER,
};

enum { ACCOUNT_SIZE = 80 };

/* ?account=; into is "" and c->asked_for NULL without it. */
static int
read_account(struct entries_call *c, char into[ACCOUNT_SIZE])
{
	int r = http_param(into, ACCOUNT_SIZE, c->call->query,
	                   strlen(c->call->query), "account");

	if (r == HTTP_PARAM_ABSENT)
		return 0;
	if (r)
		return entries_refuse(c, 400, "invalid", "account",
		                      "One name of an account.");
	c->asked_for = into;
	return 0;
}

static int
refuse_account(struct entries_call *c, const char *choices)
{
	if (!*choices)
		return entries_refuse(c, 422, "invalid", "account",
		                      "No account takes customers.");
	if (c->asked_for)
		return entries_refuse(c, 422, "invalid", "account",
		                      "No account of this name takes "
		                      "customers; these do: %s.",
		                      choices);
	return entries_refuse(c, 422, "invalid", "account",
	                      "Several accounts take customers: say "
	                      "?account= one of %s.",
	                      choices);
}

/* The one that is named, else the only one there is. */
static int
choose_account(struct entries_call *c)
{
	const struct conf *conf = c->env->conf;
	struct buf choices = BUF_INIT;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < conf->n_accounts; i++) {
		const struct conf_section *account = conf->accounts[i];
		const char *name = conf_account_name(account);

		if (!entries_adapter(c->env, account))
			continue;
		buf_addf(&choices, "%s%s", choices.n ? ", " : "", name);
		if (c->asked_for && strcmp(c->asked_for, name) != 0)
			continue;
		c->account = account;
		n++;
	}
	r = buf_check(&choices);
	if (!r && n != 1)
		r = refuse_account(c, buf_text(&choices));
	if (!r)
		c->ops = entries_adapter(c->env, c->account);
	buf_fini(&choices);
	return r;
}

int
api_serve_customer(const struct api_env *env, const struct http_call *call,
                   const char *const *params, struct http_reply *reply)
{
	struct entries_call c = {
		.kind = &customer_kind, .env = env, .call = call, .reply = reply
	};
	struct order_problem problem = { 0 };
	struct customer customer = { 0 };
	char asked_for[ACCOUNT_SIZE] = "";
	int r = entries_begin(&c);

	(void)params;
	if (!r)
		r = read_account(&c, asked_for);
	if (r)
		goto out;
	r = customer_read(&customer, &problem, json_root(c.doc));
	if (r == ORDER_INVALID)
		r = entries_invalid(&c, &problem);
	if (!r)
		r = entries_identify(&c, customer.code, customer.currency);
	if (!r)
		r = choose_account(&c);
	if (r)
		goto out;
	c.entry.occurred_ms = clock_wall_ms();
	r = entries_take(&c);
out:
	customer_fini(&customer);
	return entries_end(&c, r);
}

int
api_serve_customer_state(const struct api_env *env,
                         const struct http_call *call,
                         const char *const *params, struct http_reply *reply)
{
	(void)call;
	return entries_serve_state(env, &customer_kind, params[0], reply);
}
