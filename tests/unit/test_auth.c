/*
 * Calls under a key that wears out: renew once, repeat once, give up.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include <stdio.h>

#include "gateway/base/err.h"
#include "gateway/ports/auth.h"
#include "tests/support/fake_http.h"

/* A system that hands out "key-1", "key-2", … */
struct key {
	int n; /* 0: none */
	int n_renewed;
	enum verdict renewal;
	char text[20];
};

static bool
has_key(const void *ctx)
{
	const struct key *key = ctx;

	return key->n > 0;
}

static struct outcome
renew(void *ctx)
{
	struct key *key = ctx;

	key->n = 0;
	key->n_renewed++;
	if (key->renewal == VERDICT_DONE)
		key->n = key->n_renewed;
	return outcome_of(key->renewal, "renewal");
}

static void
sign(void *ctx, struct http_request *request)
{
	struct key *key = ctx;

	(void)snprintf(key->text, sizeof(key->text), "key-%d", key->n);
	request->headers[request->n_headers++] =
		(struct http_header){ "Key", key->text };
}

static bool
is_worn(const void *ctx, const struct http_request *request,
        const struct http_answer *answer)
{
	(void)ctx;
	(void)request;
	return answer->status == 401;
}

static const struct auth_ops ops = { has_key, renew, sign, is_worn };

struct world {
	struct fake_http *http;
	struct key key;
	struct auth auth;
	struct http_answer answer;
};

static void
open_world(struct world *w)
{
	*w = (struct world){ .http = fake_http_new() };
	w->auth = (struct auth){ .ops = &ops,
		                 .ctx = &w->key,
		                 .http = fake_http_client(w->http) };
}

static void
close_world(struct world *w)
{
	fake_http_free(w->http);
}

static struct outcome
call(struct world *w)
{
	const struct http_request request = { .method = "GET",
		                              .url = "http://127.0.0.1/" };
	struct outcome outcome = auth_send(&w->auth, &request, &w->answer);

	http_answer_fini(&w->answer);
	return outcome;
}

static void
assert_key(const struct world *w, size_t i, const char *key)
{
	assert_true(fake_http_has_header(fake_http_at(w->http, i), "Key", key));
}

static void
test_auth__one_key_serves_many_calls(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	for (int i = 0; i < 3; i++)
		fake_http_say(w.http, 200, "{}");
	for (int i = 0; i < 3; i++)
		assert_int_equal(call(&w).verdict, VERDICT_DONE);
	assert_int_equal(w.key.n_renewed, 1);
	assert_key(&w, 2, "key-1");
	close_world(&w);
}

static void
test_auth__a_worn_key_costs_one_renewal_and_one_call(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	fake_http_say(w.http, 401, "{}");
	fake_http_say(w.http, 200, "{}");
	assert_int_equal(call(&w).verdict, VERDICT_DONE);
	assert_int_equal(w.answer.status, 200);
	assert_int_equal(fake_http_count(w.http), 2);
	assert_key(&w, 0, "key-1");
	assert_key(&w, 1, "key-2");
	close_world(&w);
}

static void
test_auth__what_is_refused_twice_is_told_and_not_tried_again(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	for (int i = 0; i < 3; i++)
		fake_http_say(w.http, 401, "{}");
	assert_int_equal(call(&w).verdict, VERDICT_DONE);
	assert_int_equal(w.answer.status, 401);
	assert_int_equal(fake_http_left(w.http), 1);
	close_world(&w);
}

static void
test_auth__without_a_key_nothing_is_sent(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.key.renewal = VERDICT_LOCKED;
	assert_int_equal(call(&w).verdict, VERDICT_LOCKED);
	assert_int_equal(fake_http_count(w.http), 0);
	/* nor when a renewal in between fails */
	w.key.renewal = VERDICT_DONE;
	fake_http_say(w.http, 200, "{}");
	assert_int_equal(call(&w).verdict, VERDICT_DONE);
	fake_http_say(w.http, 401, "{}");
	w.key.renewal = VERDICT_RETRY;
	assert_int_equal(call(&w).verdict, VERDICT_RETRY);
	assert_int_equal(w.answer.status, 0);
	close_world(&w);
}

static void
test_auth__our_own_fault_is_said_and_keeps_what_was_sent(void **state)
{
	struct world w;
	struct outcome outcome;

	(void)state;
	open_world(&w);
	fake_http_push(w.http, &(struct fake_answer){ .was_sent = true,
	                                              .fault = ERR_NOMEM });
	outcome = call(&w);
	assert_int_equal(outcome.verdict, VERDICT_RETRY);
	assert_string_equal(outcome.why, "out of memory");
	assert_true(w.answer.was_sent);
	close_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auth__one_key_serves_many_calls),
		cmocka_unit_test(
			test_auth__a_worn_key_costs_one_renewal_and_one_call),
		cmocka_unit_test(
			test_auth__what_is_refused_twice_is_told_and_not_tried_again),
		cmocka_unit_test(test_auth__without_a_key_nothing_is_sent),
		cmocka_unit_test(
			test_auth__our_own_fault_is_said_and_keeps_what_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
