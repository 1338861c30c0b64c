/*
 * How the simulator sends webhooks that are forms: to the URL of their own
 * subscription, and again as each vendor does. The network is a function here.
 */
#define _GNU_SOURCE 1 /* what the sources ask for */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/drivers/http_client.h"

#include <stdatomic.h>
#include <stdio.h>

static atomic_int status_now; /* what everybody answers */
static char seen_url[200];    /* of the last request; read when it is done */
static char seen_header[200];

static int
send_fake(void *ctx, const struct http_request *request,
          struct http_answer *answer)
{
	size_t i;

	(void)ctx;
	snprintf(seen_url, sizeof(seen_url), "%s", request->url);
	seen_header[0] = '\0';
	for (i = 0; i < request->n_headers; i++) {
		if (request->headers[i].name[0] == 'X')
			snprintf(seen_header, sizeof(seen_header), "%s=%s",
			         request->headers[i].name,
			         request->headers[i].value);
	}
	answer->status = status_now;
	answer->was_sent = true;
	return 0;
}

#define http_client_new(out, options) \
	((void)(options), http_client_new_fake(out, send_fake, NULL))
#include "tests/sim/sim.c"
#include "tests/sim/calls.c"
#include "tests/sim/fault.c"
#include "tests/sim/hooks.c"

/* ---- a sender for each test ---- */

static struct hooks *
start(enum sim_system system, const char *target)
{
	const struct hooks_options options = { .system = system,
		                               .target = target,
		                               .secret = "secret" };
	struct hooks *h = NULL;

	assert_int_equal(hooks_start(&h, &options), 0);
	return h;
}

static void
send_some(struct hooks *h, int n)
{
	const struct hooks_message message = { .url = "https://a.test/hooks/x",
		                               .body = "payload=1",
		                               .header = "X-Sign: yes" };

	for (; n > 0; n--)
		hooks_send(h, &message);
}

static int64_t
read_number(struct hooks *h, const int64_t *what)
{
	int64_t n;

	pthread_mutex_lock(&h->lock);
	n = *what;
	pthread_mutex_unlock(&h->lock);
	return n;
}

static void
wait_until(struct hooks *h, const int64_t *what, int64_t wanted)
{
	int64_t until_ms = clock_mono_ms() + 20000;

	while (read_number(h, what) < wanted) {
		assert_true(clock_mono_ms() < until_ms);
		clock_sleep_ms(5);
	}
}

/* ---- what is so ---- */

static void
test_sim_hooks__a_form_goes_to_its_own_url(void **state)
{
	struct hooks *h = start(SIM_LIGHTSPEED_X, NULL);

	(void)state;
	status_now = 202;
	send_some(h, 1);
	wait_until(h, &h->n_done, 1);
	assert_string_equal(seen_url, "https://a.test/hooks/x");
	assert_string_equal(seen_header, "X-Sign=yes");
	hooks_stop(h);
}

static void
test_sim_hooks__a_target_stands_for_scheme_and_host(void **state)
{
	struct hooks *h = start(SIM_HIBOUTIK, "https://127.0.0.1:8443/other");

	(void)state;
	status_now = 202;
	send_some(h, 1);
	wait_until(h, &h->n_done, 1);
	assert_string_equal(seen_url, "https://127.0.0.1:8443/hooks/x");
	hooks_stop(h);
}

static void
test_sim_hooks__lightspeed_x_tries_again_after_503_and_not_after_404(
	void **state)
{
	struct hooks *h = start(SIM_LIGHTSPEED_X, NULL);

	(void)state;
	status_now = 404;
	send_some(h, 1);
	wait_until(h, &h->n_given_up, 1);
	status_now = 302;
	send_some(h, 1);
	wait_until(h, &h->n_given_up, 2);
	assert_int_equal(read_number(h, &h->n_sent), 2);
	status_now = 503;
	send_some(h, 1);
	wait_until(h, &h->n_sent, 4); /* the first wait is 330 ms */
	status_now = 200;
	wait_until(h, &h->n_done, 1);
	hooks_stop(h);
}

static void
test_sim_hooks__lightspeed_x_tries_twenty_times_in_48_hours(void **state)
{
	struct hooks *h = start(SIM_LIGHTSPEED_X, NULL);
	int64_t sum_ms = 0;
	unsigned i;

	(void)state;
	assert_int_equal(h->n_ladder, 19);
	for (i = 0; i < h->n_ladder; i++)
		sum_ms += h->ladder_ms[i];
	assert_in_range(sum_ms / 3600000, 47, 48);
	hooks_stop(h);
}

static void
test_sim_hooks__lightspeed_x_forgets_who_hardly_ever_answers(void **state)
{
	struct hooks *h = start(SIM_LIGHTSPEED_X, NULL);
	int64_t made;

	(void)state;
	status_now = 503;
	send_some(h, ERASE_QUEUE + 100);
	wait_until(h, &h->n_erased, ERASE_QUEUE);
	status_now = 202;
	made = read_number(h, &h->n_suppressed);
	send_some(h, 1);
	assert_int_equal(read_number(h, &h->n_suppressed), made + 1);
	hooks_stop(h);
}

static void
test_sim_hooks__hiboutik_tries_once(void **state)
{
	struct hooks *h = start(SIM_HIBOUTIK, NULL);

	(void)state;
	status_now = 503;
	send_some(h, 1);
	wait_until(h, &h->n_given_up, 1);
	assert_int_equal(read_number(h, &h->n_sent), 1);
	hooks_stop(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim_hooks__a_form_goes_to_its_own_url),
		cmocka_unit_test(
			test_sim_hooks__a_target_stands_for_scheme_and_host),
		cmocka_unit_test(
			test_sim_hooks__lightspeed_x_tries_again_after_503_and_not_after_404),
		cmocka_unit_test(
			test_sim_hooks__lightspeed_x_tries_twenty_times_in_48_hours),
		cmocka_unit_test(
			test_sim_hooks__lightspeed_x_forgets_who_hardly_ever_answers),
		cmocka_unit_test(test_sim_hooks__hiboutik_tries_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
