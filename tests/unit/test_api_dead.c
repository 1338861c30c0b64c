/*
 * /api/dead: what a person decides.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_accounts.h"
#include "gateway/drivers/store_ledger.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_queue.h"
#include "gateway/drivers/store_stock.h"
#include "tests/support/api_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_reply reply;
static struct json *doc;

static int
forget(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	buf_fini(&reply.body);
	return 0;
}

static const struct json_node *
ask(struct api_world *world, const char *method, const char *pattern,
    const char *id, int status)
{
	(void)forget(NULL);
	assert_int_equal(
		api_world_ask(world, &reply, method, pattern, id, NULL), 0);
	assert_int_equal(reply.status, status);
	assert_int_equal(json_parse(&doc, reply.body.p, reply.body.n), 0);
	return json_root(doc);
}

static const struct json_node *
list(struct api_world *world)
{
	return json_find(ask(world, "GET", "/api/dead", NULL, 200), "dead");
}

/* Owned copy of the first letter's id. */
static char *
first_id(struct api_world *world)
{
	return text_dup(json_text_or(json_at(list(world), 0), "id", ""));
}

static int64_t
count(struct api_world *world, const char *state)
{
	int64_t n = -1;

	assert_int_equal(store_ledger_count(world->store, &n, state), 0);
	return n;
}

static void
test_api_dead__lists_every_kind(void **state)
{
	static const char *const kinds[] = { "event", "uncertain", "held",
		                             "zero" };
	const char *const skus[] = { "A1", "A2" };
	struct api_world *world = *state;
	const struct json_node *letters;

	api_world_dead_event(world, "names nothing");
	api_world_entry(world, "S1", "A1", "uncertain");
	api_world_entry(world, "S2", "A1", "held");
	assert_int_equal(store_stock_hold(world->store, "agora", skus, 2), 0);
	letters = list(world);
	assert_int_equal(json_length(letters), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct json_node *letter = json_at(letters, i);

		assert_string_equal(json_text_or(letter, "kind", ""), kinds[i]);
		assert_string_equal(json_text_or(letter, "account", ""),
		                    "agora");
		assert_non_null(json_find(letter, "at"));
		assert_non_null(json_find(letter, "why"));
	}
	assert_string_equal(json_text_or(json_at(letters, 1), "id", ""),
	                    "entry/agora/S1");
}

/* Square can always be asked; Galaxy only with a look-up. */
static const char square_authority[] =
	"{ \"name\": \"erp\", \"type\": \"square\","
	"  \"url\": \"https://127.0.0.1:4001\" },"
	"{ \"name\": \"agora\", \"type\": \"square\","
	"  \"url\": \"https://127.0.0.1:4000\" }";

static void
test_api_dead__says_what_is_looked_up_automatically(void **state)
{
	static const char member[] = MARK_LOOK_UP;
	const char *const members[] = { member };
	struct api_world *world = *state;
	const struct conf *usual = world->env.conf;
	struct conf *conf = api_world_conf(world, square_authority);
	const struct json_node *letter;
	bool is_asked = true;

	api_world_entry(world, "S1", "A1", "uncertain");
	letter = json_at(list(world), 0);
	assert_int_equal(
		json_get_bool(&is_asked, letter, "looked_up_automatically"), 0);
	assert_false(is_asked);
	world->env.conf = conf;
	assert_int_equal(store_marks_add(world->store, "erp", members, 1,
	                                 MARK_SALE, clock_wall_ms() + 30000),
	                 0);
	letter = json_at(list(world), 0);
	assert_int_equal(
		json_get_bool(&is_asked, letter, "looked_up_automatically"), 0);
	assert_true(is_asked);
	assert_non_null(json_text(json_find(letter, "next_look_up")));
	world->env.conf = usual;
	conf_free(conf);
}

/* An authority that was taken out of the configuration. */
static void
test_api_dead__a_stranded_entry_stays_or_is_dropped(void **state)
{
	const char *const left[] = { "agora" };
	struct api_world *world = *state;
	const struct json_node *letters;

	api_world_entry(world, "S1", "A1", "ready");
	assert_int_equal(json_length(list(world)), 0);
	(void)store_accounts_set(world->store,
	                         (const char *[]){ "agora", "erp" }, 2);
	assert_int_equal(store_accounts_set(world->store, left, 1), 0);
	letters = list(world);
	assert_int_equal(json_length(letters), 1);
	assert_string_equal(json_text_or(json_at(letters, 0), "kind", ""),
	                    "stranded");
	(void)ask(world, "POST", "/api/dead/{}/retry", "entry/agora/S1", 409);
	(void)ask(world, "POST", "/api/dead/{}/confirm", "entry/agora/S1", 409);
	(void)ask(world, "POST", "/api/dead/{}/drop", "entry/agora/S1", 200);
	assert_int_equal(json_length(list(world)), 0);
}

static void
test_api_dead__is_empty_when_nothing_waits(void **state)
{
	assert_int_equal(json_length(list(*state)), 0);
	assert_string_equal(buf_text(&reply.body), "{\"dead\":[]}");
}

static void
test_api_dead__shows_an_event_without_its_body(void **state)
{
	struct api_world *world = *state;
	const struct json_node *letter;
	char *id;

	api_world_dead_event(world, "names nothing");
	id = first_id(world);
	letter = ask(world, "GET", "/api/dead/{}", id, 200);
	assert_string_equal(json_text_or(letter, "topic", ""),
	                    "payment.updated");
	assert_null(json_find(letter, "body"));
	free(id);
}

static void
test_api_dead__shows_the_document_of_an_entry(void **state)
{
	const struct json_node *entry;

	api_world_entry(*state, "S1", "A1", "uncertain");
	entry = ask(*state, "GET", "/api/dead/{}", "entry/agora/S1", 200);
	assert_string_equal(json_text_or(entry, "state", ""), "uncertain");
	assert_int_equal(json_type(json_find(entry, "doc")), JSON_OBJECT);
}

static void
test_api_dead__shows_no_secret(void **state)
{
	struct api_world *world = *state;
	char *id;

	api_world_dead_event(world, api_world_secret);
	id = first_id(world);
	assert_null(strstr(buf_text(&reply.body), api_world_secret));
	(void)ask(world, "GET", "/api/dead/{}", id, 200);
	assert_null(strstr(buf_text(&reply.body), api_world_secret));
	free(id);
}

static void
test_api_dead__confirm_settles_what_was_uncertain(void **state)
{
	api_world_entry(*state, "S1", "A1", "uncertain");
	(void)ask(*state, "POST", "/api/dead/{}/confirm", "entry/agora/S1",
	          200);
	assert_int_equal(count(*state, "uncertain"), 0);
	assert_int_equal(count(*state, "confirmed"), 1);
}

static void
test_api_dead__retry_queues_an_entry_for_its_authority(void **state)
{
	struct api_world *world = *state;
	int64_t n = 0;

	api_world_entry(world, "S1", "A1", "uncertain");
	(void)ask(world, "POST", "/api/dead/{}/retry", "entry/agora/S1", 200);
	assert_int_equal(store_ledger_count_ready(world->store, &n, "erp"), 0);
	assert_int_equal(n, 1);
}

static void
test_api_dead__drop_ends_it(void **state)
{
	api_world_entry(*state, "S1", "A1", "held");
	(void)ask(*state, "POST", "/api/dead/{}/drop", "entry/agora/S1", 200);
	assert_int_equal(json_length(list(*state)), 0);
}

static void
test_api_dead__retry_of_an_event_queues_it_again(void **state)
{
	struct api_world *world = *state;
	struct queue_depth depth;
	char *id;

	api_world_dead_event(world, "names nothing");
	id = first_id(world);
	(void)ask(world, "POST", "/api/dead/{}/retry", id, 200);
	assert_int_equal(store_queue_depth(world->store, &depth), 0);
	assert_int_equal(depth.n, 1);
	assert_int_equal(depth.n_dead, 0);
	free(id);
}

static void
test_api_dead__only_the_uncertain_can_be_confirmed(void **state)
{
	const struct json_node *root;

	api_world_entry(*state, "S1", "A1", "held");
	root = ask(*state, "POST", "/api/dead/{}/confirm", "entry/agora/S1",
	           409);
	assert_string_equal(json_text_or(json_find(root, "error"), "code", ""),
	                    "unfit");
	assert_int_equal(count(*state, "held"), 1);
}

static void
assert_decided(struct api_world *world, const char *action, const char *says)
{
	char pattern[40];
	const struct json_node *error;

	(void)snprintf(pattern, sizeof(pattern), "/api/dead/{}/%s", action);
	error = json_find(ask(world, "POST", pattern, "entry/agora/S1", 409),
	                  "error");
	assert_non_null(strstr(json_text_or(error, "message", ""), says));
}

static void
test_api_dead__names_the_state_of_what_is_decided(void **state)
{
	api_world_entry(*state, "S1", "A1", "uncertain");
	(void)ask(*state, "POST", "/api/dead/{}/retry", "entry/agora/S1", 200);
	assert_decided(*state, "retry", "it waits to be posted");
	assert_decided(*state, "drop", "it waits to be posted");
}

static void
test_api_dead__an_unknown_id_is_404(void **state)
{
	static const char *const ids[] = { "entry/agora/none", "event/1-0",
		                           "hold/agora", "nonsense" };

	for (size_t i = 0; i < 4; i++) {
		(void)ask(*state, "GET", "/api/dead/{}", ids[i], 404);
		(void)ask(*state, "POST", "/api/dead/{}/drop", ids[i], 404);
	}
}

static void
test_api_dead__a_redis_that_goes_away_is_a_fault_of_the_store(void **state)
{
	struct api_world *world = *state;

	redis_server_kill(&world->redis);
	assert_int_equal(
		api_world_ask(world, &reply, "GET", "/api/dead", NULL, NULL),
		ERR_STORE);
}

#define EACH(test) \
	cmocka_unit_test_setup_teardown(test, api_world_empty, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_api_dead__lists_every_kind),
		EACH(test_api_dead__is_empty_when_nothing_waits),
		EACH(test_api_dead__says_what_is_looked_up_automatically),
		EACH(test_api_dead__names_the_state_of_what_is_decided),
		EACH(test_api_dead__a_stranded_entry_stays_or_is_dropped),
		EACH(test_api_dead__shows_an_event_without_its_body),
		EACH(test_api_dead__shows_the_document_of_an_entry),
		EACH(test_api_dead__shows_no_secret),
		EACH(test_api_dead__confirm_settles_what_was_uncertain),
		EACH(test_api_dead__retry_queues_an_entry_for_its_authority),
		EACH(test_api_dead__drop_ends_it),
		EACH(test_api_dead__retry_of_an_event_queues_it_again),
		EACH(test_api_dead__only_the_uncertain_can_be_confirmed),
		EACH(test_api_dead__an_unknown_id_is_404),
		EACH(test_api_dead__a_redis_that_goes_away_is_a_fault_of_the_store),
	};

	return cmocka_run_group_tests(tests, api_world_setup,
	                              api_world_teardown);
}
