#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/model/conf_parts.h"
#include "tests/support/stderr_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a till and an ERP, with an option of every kind ---- */

static const struct conf_row till_rows[] = {
	{ .key = "token",
	  .kind = CONF_SECRET,
	  .flags = CONF_REQUIRED,
	  .meaning = "Token." },
	{ .key = "location", .kind = CONF_TEXT, .meaning = "Location." },
	{ .key = "batch",
	  .kind = CONF_INT,
	  .fallback = "40",
	  .min = 1,
	  .max = 200,
	  .unit = "items",
	  .meaning = "Batch." },
	{ .key = "careful", .kind = CONF_BOOL, .meaning = "Careful." },
	{ .key = "rate", .kind = CONF_DECIMAL, .meaning = "Rate." },
	{ .key = "settle",
	  .kind = CONF_CHOICE,
	  .fallback = "\"posted\"",
	  .choices = "posted|observed",
	  .meaning = "Settle." },
	{ .key = "paths", .kind = CONF_MAP, .meaning = "Paths." },
	{ .key = "poll", .kind = CONF_CRON, .meaning = "Poll." },
	{ .key = "timezone",
	  .kind = CONF_TEXT,
	  .flags = CONF_ZONE,
	  .meaning = "Zone." },
	{ .key = "entry.company", .kind = CONF_TEXT, .meaning = "Company." },
	{ .key = "entry.file", .kind = CONF_PATH, .meaning = "File." },
	{ .key = NULL },
};

static const struct conf_row till_hook[] = {
	{ .key = "hook.key", .kind = CONF_SECRETS, .meaning = "Key | keys." },
	{ .key = "hook.from", .kind = CONF_TEXTS, .meaning = "Addresses." },
	{ .key = "hook.url", .kind = CONF_URL, .meaning = "Where it is sent." },
	{ .key = NULL },
};

static const struct conf_type types[] = {
	{ .name = "till",
	  .rows = till_rows,
	  .hook = till_hook,
	  .default_url = "https://till.example.com" },
	{ .name = "erp", .url_flags = CONF_PLAIN_HTTP },
};

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

/* ---- loading a text as if it were the file ---- */

static char dir[] = "/tmp/test_conf.XXXXXX";
static char file[64];
static struct conf *conf;
static struct buf mistakes;

static void
write_file(const char *name, const char *text)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int
make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || setenv("TEST_CONF_TOKEN", "token-from-env", 1))
		return -1;
	snprintf(file, sizeof(file), "%s/gateway.json", dir);
	write_file("server.pem", "x");
	write_file("key", "key-from-file\n");
	write_file("empty", "\n");
	return 0;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "server.pem", "key", "empty",
		                             "gateway.json" };
	char path[96];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static int
forget(void **state)
{
	(void)state;
	conf_free(conf);
	conf = NULL;
	buf_fini(&mistakes);
	return 0;
}

static int
load(const char *json)
{
	forget(NULL);
	return conf_parse(&conf, file, json, strlen(json), types, N_TYPES,
	                  &mistakes);
}

static void
load_well(const char *json)
{
	int r = load(json);

	assert_string_equal(buf_text(&mistakes), "");
	assert_int_equal(r, 0);
}

/* The least that is a configuration, with members of the reader's choice. */
#define PUBLIC "\"public\":{\"certificate\":\"server.pem\"}"
#define TILL \
	"\"name\":\"agora\",\"type\":\"till\",\"token\":\"env:TEST_CONF_" \
	"TOKEN\""
#define ERP \
	"{\"name\":\"erp\",\"type\":\"erp\",\"url\":\"https://erp.example\"}"
#define TOP(m) "{" PUBLIC ",\"accounts\":[" ERP "]," m "}"
#define ONE(m) "{" PUBLIC ",\"accounts\":[{" TILL "," m "}]}"

/* All mistakes, to the letter. */
static void
assert_mistakes(const char *json, const char *expected)
{
	assert_int_equal(load(json), CONF_INVALID);
	assert_null(conf);
	assert_string_equal(buf_text(&mistakes), expected);
}

static const struct conf_section *
account(void)
{
	return conf->accounts[0];
}

/* ---- what is read ---- */

static void
test_conf__fills_in_the_defaults(void **state)
{
	const char *const *list;
	char text[DECIMAL_TEXT_SIZE];

	(void)state;
	load_well("{" PUBLIC ",\"accounts\":[{" TILL "}]}");
	assert_int_equal(conf_texts(conf->top, "public.listen", &list), 1);
	assert_string_equal(list[0], "0.0.0.0:8443");
	assert_int_equal(conf_texts(conf->top, "private.listen", &list), 1);
	assert_string_equal(list[0], "127.0.0.1:8080");
	assert_int_equal(conf_int(conf->top, "public.workers"), 64);
	assert_int_equal(conf_int(conf->top, "public.body_max_bytes"), 1048576);
	assert_int_equal(conf_int(conf->top, "public.request_timeout_ms"),
	                 5000);
	assert_int_equal(conf_int(conf->top, "redis.backlog_max"), 100000);
	assert_int_equal(conf_int(conf->top, "redis.dead_max"), 10000);
	assert_string_equal(conf_text(conf->top, "redis.namespace"),
	                    "tillbridge");
	assert_int_equal(conf_int(conf->top, "stock.zero_guard_percent"), 20);
	assert_int_equal(conf_int(conf->top, "stock.zero_guard_min"), 10);
	decimal_format(text, conf_decimal(conf->top, "stock.reserve"));
	assert_string_equal(text, "0");
	assert_true(conf_cron(conf->top, "schedule.catch_up")->minutes & 1);
	assert_int_equal(conf_cron(conf->top, "schedule.full")->hours, 1 << 4);
	assert_null(conf_text(conf->top, "schedule.timezone"));
	assert_null(conf_text(conf->top, "redis.url"));
	assert_null(conf_secret(conf->top, "redis.password"));
	assert_null(conf_path(conf->top, "public.client_ca"));
	assert_int_equal(conf->n_tokens, 0);
	assert_string_equal(buf_text(&conf->warnings), "");

	assert_string_equal(conf_account_name(account()), "agora");
	assert_string_equal(conf_account_type(account()), "till");
	assert_string_equal(conf_account_url(account()),
	                    "https://till.example.com");
	assert_int_equal(conf_int(account(), "timeout_ms"), 10000);
	assert_false(conf_bool(account(), "paused"));
	assert_false(conf_has(account(), "reserve"));
	assert_null(conf_cron(account(), "schedule.full"));
	assert_string_equal(conf_text(account(), "settle"), "posted");
	assert_int_equal(conf_int(account(), "batch"), 40);
	assert_int_equal(conf_texts(account(), "hook.from", &list), 0);
}

static void
test_conf__reads_every_kind(void **state)
{
	const struct secret *keys[2];
	const char *const *list;
	char text[DECIMAL_TEXT_SIZE];

	(void)state;
	load_well(
		ONE("\"location\":\"L1\",\"batch\":7,\"careful\":true,"
	            "\"rate\":0.10,\"reserve\":\"2.5\",\"settle\":\"observed\","
	            "\"paths\":{\"Item\":\"/items\",\"Lookup\":null},"
	            "\"poll\":\"30 2 * * sun\",\"timezone\":\"Europe/Athens\","
	            "\"entry\":{\"company\":\"Demo\",\"file\":\"/a/b\"},"
	            "\"hook\":{\"key\":[\"file:key\",\"env:TEST_CONF_TOKEN\"],"
	            "\"from\":[\"a\",\"b\"],"
	            "\"url\":\"https://h.example/hooks/agora/\"}"));
	assert_string_equal(secret_text(conf_secret(account(), "token")),
	                    "token-from-env");
	assert_string_equal(conf_text(account(), "location"), "L1");
	assert_int_equal(conf_int(account(), "batch"), 7);
	assert_true(conf_bool(account(), "careful"));
	decimal_format(text, conf_decimal(account(), "rate"));
	assert_string_equal(text, "0.1");
	decimal_format(text, conf_decimal(account(), "reserve"));
	assert_string_equal(text, "2.5");
	assert_true(conf_has(account(), "reserve"));
	assert_string_equal(conf_text(account(), "settle"), "observed");
	assert_string_equal(conf_map_find(account(), "paths", "Item"),
	                    "/items");
	assert_null(conf_map_find(account(), "paths", "Lookup"));
	assert_null(conf_map_find(account(), "paths", "/items"));
	assert_int_equal(conf_cron(account(), "poll")->hours, 1 << 2);
	assert_string_equal(conf_text(account(), "timezone"), "Europe/Athens");
	assert_string_equal(conf_text(account(), "entry.company"), "Demo");
	assert_string_equal(conf_path(account(), "entry.file"), "/a/b");
	assert_int_equal(conf_secrets(account(), "hook.key", keys), 2);
	assert_string_equal(secret_text(keys[0]), "key-from-file");
	assert_string_equal(secret_text(keys[1]), "token-from-env");
	assert_int_equal(conf_texts(account(), "hook.from", &list), 2);
	assert_string_equal(list[1], "b");
	/* signed by the vendor as it is, so not a byte of it changes */
	assert_string_equal(conf_text(account(), "hook.url"),
	                    "https://h.example/hooks/agora/");
}

static void
test_conf__one_secret_may_stand_without_a_list(void **state)
{
	const struct secret *keys[2];

	(void)state;
	load_well(ONE("\"hook\":{\"key\":\"file:key\"}"));
	assert_int_equal(conf_secrets(account(), "hook.key", keys), 1);
	assert_string_equal(secret_text(keys[0]), "key-from-file");
	assert_null(keys[1]);
}

static void
test_conf__null_counts_as_absent(void **state)
{
	(void)state;
	load_well("{\"public\":{\"certificate\":\"server.pem\","
	          "\"client_ca\":null,\"workers\":null},\"redis\":null,"
	          "\"accounts\":[{" TILL ",\"batch\":null,\"hook\":null}]}");
	assert_int_equal(conf_int(conf->top, "public.workers"), 64);
	assert_int_equal(conf_int(account(), "batch"), 40);
	assert_mistakes("{\"public\":{\"certificate\":null},"
	                "\"accounts\":[" ERP "]}",
	                "public.certificate: missing: expected the path of a "
	                "file or folder\n");
}

static void
test_conf__paths_are_relative_to_the_file(void **state)
{
	char expected[96];

	(void)state;
	load_well(TOP("\"state_dir\":\"/var/lib/tillbridge\""));
	assert_string_equal(conf_path(conf->top, "state_dir"),
	                    "/var/lib/tillbridge");
	snprintf(expected, sizeof(expected), "%s/server.pem", dir);
	assert_string_equal(conf_path(conf->top, "public.certificate"),
	                    expected);
	load_well(TOP("\"redis\":{}"));
	snprintf(expected, sizeof(expected), "%s/state", dir);
	assert_string_equal(conf_path(conf->top, "state_dir"), expected);
}

static void
test_conf__base_urls_lose_their_last_slash(void **state)
{
	(void)state;
	load_well("{\"public\":{\"certificate\":\"server.pem\","
	          "\"url\":\"https://h.example/in//\"},\"accounts\":[{" TILL
	          ",\"url\":\"https://sandbox.example:8443/\"}]}");
	assert_string_equal(conf_text(conf->top, "public.url"),
	                    "https://h.example/in");
	assert_string_equal(conf_account_url(account()),
	                    "https://sandbox.example:8443");
}

static void
test_conf__reads_tokens(void **state)
{
	(void)state;
	load_well(TOP("\"private\":{\"tokens\":["
	              "{\"name\":\"shop\",\"secret\":\"file:key\","
	              "\"may\":[\"write\"]},"
	              "{\"name\":\"screen\",\"secret\":\"env:TEST_CONF_TOKEN\","
	              "\"may\":[\"read\"]}]}"));
	assert_int_equal(conf->n_tokens, 2);
	assert_string_equal(conf->tokens[0].name, "shop");
	assert_true(secret_equals(conf->tokens[0].secret, "key-from-file", 13));
	assert_true(conf->tokens[0].may_write);
	assert_true(conf->tokens[0].may_read); /* writing includes reading */
	assert_string_equal(conf->tokens[1].name, "screen");
	assert_false(conf->tokens[1].may_write);
	assert_true(conf->tokens[1].may_read);
}

static void
test_conf__the_first_account_is_the_authority_unless_named(void **state)
{
	(void)state;
	load_well("{" PUBLIC ",\"accounts\":[" ERP ",{" TILL "}]}");
	assert_string_equal(conf_text(conf->top, "stock.authority"), "erp");
	load_well("{" PUBLIC ",\"accounts\":[" ERP ",{" TILL "}],"
	          "\"stock\":{\"authority\":\"agora\"}}");
	assert_string_equal(conf_text(conf->top, "stock.authority"), "agora");
	assert_ptr_equal(conf_find_account(conf, "agora"), conf->accounts[1]);
	assert_null(conf_find_account(conf, "Agora"));
}

static void
test_conf__loads_a_file(void **state)
{
	(void)state;
	forget(NULL);
	write_file("gateway.json", TOP("\"redis\":{\"backlog_max\":5}"));
	assert_int_equal(conf_load(&conf, file, types, N_TYPES, &mistakes), 0);
	assert_int_equal(conf_int(conf->top, "redis.backlog_max"), 5);
	assert_string_equal(conf->path, file);
	assert_string_equal(conf->dir, dir);
}

/* ---- what is refused ---- */

static void
test_conf__says_when_the_file_is_missing(void **state)
{
	(void)state;
	assert_int_equal(conf_load(&conf, "/nonexistent/g.json", types, N_TYPES,
	                           &mistakes),
	                 CONF_INVALID);
	assert_string_equal(buf_text(&mistakes),
	                    "/nonexistent/g.json: cannot be read: "
	                    "No such file or directory\n");
	buf_reset(&mistakes);
	assert_int_equal(conf_load(&conf, dir, types, N_TYPES, &mistakes),
	                 CONF_INVALID);
	assert_non_null(strstr(buf_text(&mistakes), "Is a directory"));
}

static void
assert_syntax(const char *text, size_t line, size_t column, const char *what)
{
	struct buf expected = BUF_INIT;

	buf_addf(&expected, "%s:%zu:%zu: not JSON: expected %s here\n", file,
	         line, column, what);
	assert_mistakes(text, buf_text(&expected));
	buf_fini(&expected);
}

static void
test_conf__broken_json_is_named_with_line_and_column(void **state)
{
	(void)state;
	assert_syntax("{\n \"a\": 1\n \"b\": 2 }", 3, 2, "',' or '}'");
	assert_syntax("{\"a\": [1 2]}", 1, 10, "',' or ']'");
	assert_syntax("{\"a\": 1,\n}", 2, 1, "a key in double quotes");
	assert_syntax("{'a': 1}", 1, 2, "a key in double quotes");
	assert_syntax("{\"a\" 1}", 1, 6, "':'");
	assert_syntax("{\"a\": env:X}", 1, 7,
	              "a value (texts stand in double quotes)");
	assert_syntax("{\"a\": NaN}", 1, 7,
	              "a value (texts stand in double quotes)");
	assert_syntax("{\"a\": \"x\ny\"}", 1, 9, "the closing quote of a text");
	assert_syntax("{\"a\": \"\\x\"}", 1, 9,
	              "an escape such as \\n, \\\\ or \\u0041");
	assert_syntax("{\"a\": \"\\u12g4\"}", 1, 12, "four hexadecimal digits");
	assert_syntax("{\"a\": -}", 1, 8, "a digit");
	assert_syntax("{\"a\": 1.}", 1, 9, "a digit");
	assert_syntax("{\"a\": 1e+}", 1, 10, "a digit");
	assert_syntax("{\"a\": 012}", 1, 8, "',' or '}'");
	assert_syntax("{} x", 1, 4, "the end of the file");
	assert_syntax("", 1, 1, "a value (texts stand in double quotes)");
	assert_syntax("\n{\"a\": ", 2, 7,
	              "a value (texts stand in double quotes)");
	assert_syntax("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]"
	              "]]]]]]]]]]]",
	              1, 33, "less nesting");
}

static void
test_conf__good_json_has_no_wrong_place(void **state)
{
	static const char *const good[] = {
		"{}",
		" [ ] ",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
		"[0,-0,1.5,-10.25e-7,1E+2,true,false,null]",
		"{\"a\":{\"b\":[{}]},\"c\":\"\"}\r\n\t",
	};
	struct conf_position at;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(conf_syntax_check(&at, good[i], strlen(good[i])));
}

static void
test_conf__json_that_is_no_object_is_refused(void **state)
{
	char expected[160];

	(void)state;
	snprintf(expected, sizeof(expected),
	         "%s: not a configuration: expected an object\n", file);
	assert_mistakes("[]", expected);
}

static void
test_conf__an_unknown_key_names_the_nearest(void **state)
{
	(void)state;
	assert_mistakes(ONE("\"locaton\":\"L1\""),
	                "accounts[0].locaton: unknown key (did you mean "
	                "\"location\"?)\n");
	assert_mistakes(ONE("\"hook\":{\"kez\":\"x\"}"),
	                "accounts[0].hook.kez: unknown key (did you mean "
	                "\"key\"?)\n");
	assert_mistakes(TOP("\"shedule\":{}"),
	                "shedule: unknown key (did you mean \"schedule\"?)\n");
}

static void
test_conf__a_key_at_the_wrong_level_is_shown_its_place(void **state)
{
	(void)state;
	assert_mistakes(TOP("\"backlog_max\":5"),
	                "backlog_max: unknown key (did you mean "
	                "\"redis.backlog_max\"?)\n");
	/* not a way to write nested keys */
	assert_mistakes(TOP("\"redis.dead_max\":5"),
	                "redis.dead_max: unknown key (known are: state_dir, "
	                "accounts, public, private, redis, stock, "
	                "schedule)\n");
}

static void
test_conf__a_key_near_to_nothing_lists_the_known(void **state)
{
	(void)state;
	assert_mistakes(TOP("\"stock\":{\"qqqqqqqq\":1}"),
	                "stock.qqqqqqqq: unknown key (known are: authority, "
	                "reserve, zero_guard_percent, zero_guard_min)\n");
}

static void
test_conf__every_kind_says_what_it_expected_and_found(void **state)
{
	(void)state;
	assert_mistakes(ONE("\"location\":5"),
	                "accounts[0].location: not a text: expected text, "
	                "found 5\n");
	assert_mistakes(ONE("\"location\":\"\""),
	                "accounts[0].location: empty: expected text, found "
	                "\"\"\n");
	assert_mistakes(ONE("\"location\":\"a\\u0000b\""),
	                "accounts[0].location: not a text: expected text, "
	                "found a text\n");
	assert_mistakes(ONE("\"batch\":201"),
	                "accounts[0].batch: out of range: expected a whole "
	                "number from 1 to 200, found 201\n");
	assert_mistakes(ONE("\"batch\":1.5"),
	                "accounts[0].batch: not a whole number: expected a "
	                "whole number from 1 to 200, found 1.5\n");
	assert_mistakes(ONE("\"batch\":\"7\""),
	                "accounts[0].batch: not a number: expected a whole "
	                "number from 1 to 200, found \"7\"\n");
	assert_mistakes(ONE("\"careful\":\"yes\""),
	                "accounts[0].careful: not a yes or no: expected true "
	                "or false, found \"yes\"\n");
	assert_mistakes(ONE("\"rate\":-0.5"),
	                "accounts[0].rate: negative: expected a number of at "
	                "least 0, found -0.5\n");
	assert_mistakes(ONE("\"rate\":\"0,5\""),
	                "accounts[0].rate: not a number: expected a number of "
	                "at least 0, found \"0,5\"\n");
	assert_mistakes(ONE("\"settle\":\"post\""),
	                "accounts[0].settle: not a choice: expected one of "
	                "posted, observed, found \"post\"\n");
	assert_mistakes(ONE("\"paths\":[]"),
	                "accounts[0].paths: not an object: expected an object "
	                "of texts, found a list\n");
	assert_mistakes(ONE("\"paths\":{\"Item\":{}}"),
	                "accounts[0].paths: has a member that is no text: "
	                "expected an object of texts, found an object\n");
	assert_mistakes(ONE("\"timezone\":\"Europe/Athen\""),
	                "accounts[0].timezone: no such time zone on this "
	                "machine: expected an IANA time zone such as "
	                "Europe/Athens, found \"Europe/Athen\"\n");
	assert_mistakes(ONE("\"entry\":\"x\""),
	                "accounts[0].entry: not an object: expected { … } "
	                "with keys of its own\n");
	assert_mistakes(ONE("\"entry\":{\"file\":[]}"),
	                "accounts[0].entry.file: not a text: expected the path "
	                "of a file or folder, found a list\n");
	assert_mistakes(ONE("\"hook\":{\"from\":\"a\"}"),
	                "accounts[0].hook.from: not a list: expected a list of "
	                "texts, found \"a\"\n");
	assert_mistakes(ONE("\"hook\":{\"from\":[]}"),
	                "accounts[0].hook.from: empty: expected a list of "
	                "texts, found a list\n");
	assert_mistakes(ONE("\"hook\":{\"from\":[\"a\",true]}"),
	                "accounts[0].hook.from[1]: not a text: expected a list "
	                "of texts, found true\n");
	assert_mistakes("{" PUBLIC ",\"accounts\":{}}",
	                "accounts: not a list: expected a list of objects, "
	                "found an object\n");
}

static void
test_conf__a_schedule_names_the_wrong_field(void **state)
{
	(void)state;
	assert_int_equal(load(ONE("\"poll\":\"0 25 * * *\"")), CONF_INVALID);
	assert_non_null(strstr(buf_text(&mistakes),
	                       "accounts[0].poll: not a schedule ("));
	assert_non_null(strstr(buf_text(&mistakes), "hour"));
	assert_non_null(strstr(buf_text(&mistakes), "found \"0 25 * * *\"\n"));
}

static void
test_conf__a_secret_that_is_not_there_is_named(void **state)
{
	(void)state;
	assert_mistakes(ONE("\"hook\":{\"key\":\"env:TEST_CONF_NOT_SET\"}"),
	                "accounts[0].hook.key: environment variable "
	                "TEST_CONF_NOT_SET is not set\n");
	assert_mistakes(ONE("\"hook\":{\"key\":[\"file:key\",\"file:nope\"]}"),
	                "accounts[0].hook.key[1]: file \"nope\" is not there, "
	                "not readable or too large\n");
	assert_mistakes(ONE("\"hook\":{\"key\":\"file:empty\"}"),
	                "accounts[0].hook.key: file \"empty\" is empty\n");
	assert_mistakes(ONE("\"hook\":{\"key\":[]}"),
	                "accounts[0].hook.key: wrong length: expected one or "
	                "two secrets, found 0\n");
	assert_mistakes("{" PUBLIC ",\"accounts\":[{\"name\":\"agora\","
	                "\"type\":\"till\"}]}",
	                "accounts[0].token: missing: expected env:NAME or "
	                "file:PATH\n");
}

/* What an operator's command must know to have a missing one made. */
static void
test_conf__says_where_secrets_are_to_be_had(void **state)
{
	struct conf_place p[3];

	(void)state;
	write_file("gateway.json",
	           "{" PUBLIC ",\"accounts\":[{\"name\":\"agora\","
	           "\"type\":\"till\",\"token\":\"a-literal-one\",\"hook\":{"
	           "\"key\":[\"file:key\",\"file:nope\"]}},{\"name\":\"b\","
	           "\"type\":\"till\",\"token\":\"env:TEST_CONF_NOT_SET\"},"
	           "{\"name\":\"c\",\"type\":\"erp\","
	           "\"url\":\"http://127.0.0.1\"}]}");
	forget(NULL);
	assert_int_equal(
		conf_load_operator(&conf, file, types, N_TYPES, &mistakes), 0);
	assert_int_equal(conf_places(account(), p, 3), 2);
	assert_string_equal(p[0].key, "token");
	assert_null(p[0].reference); /* not even to us */
	assert_false(p[0].is_lacking);
	assert_false(p[0].is_of_handler);
	assert_string_equal(p[1].key, "hook.key");
	assert_string_equal(p[1].reference, "file:nope");
	assert_true(p[1].is_lacking);
	assert_true(p[1].is_of_handler);
	assert_int_equal(conf_places(conf->accounts[1], p, 0), 1);
	assert_int_equal(conf_places(conf->accounts[1], p, 3), 1);
	assert_string_equal(p[0].reference, "env:TEST_CONF_NOT_SET");
	assert_true(p[0].is_lacking);
	assert_true(conf_account_can_call(account()));
	assert_false(conf_account_can_call(conf->accounts[2]));
	assert_true(conf_knows(account(), "hook.url"));
	assert_false(conf_knows(conf->accounts[2], "hook.url"));
}

static void
test_conf__a_literal_secret_is_a_warning(void **state)
{
	(void)state;
	load_well("{" PUBLIC ",\"accounts\":[{\"name\":\"agora\","
	          "\"type\":\"till\",\"token\":\"literal-hush-hush\"}]}");
	assert_string_equal(secret_text(conf_secret(account(), "token")),
	                    "literal-hush-hush");
	assert_string_equal(buf_text(&conf->warnings),
	                    "accounts[0].token: the secret stands in the file "
	                    "itself; better env:NAME or file:PATH\n");
}

static void
test_conf__no_message_has_a_secret_in_it(void **state)
{
	const char *log;
	int r;

	(void)state;
	stderr_capture_begin();
	r = load("{\"public\":{\"url\":\"https://u:hush-1@h.example\"},"
	         "\"private\":{\"tokens\":[{\"name\":\"hush\","
	         "\"secret\":\"hush-2\",\"may\":[\"all\"]},"
	         "{\"secret\":31415926}]},"
	         "\"redis\":{\"url\":\"redis://:hush-3@h:port\","
	         "\"password\":[\"hush-4\"]},"
	         "\"accounts\":[{\"name\":\"a\",\"type\":\"till\","
	         "\"token\":{\"x\":\"hush-5\"},\"tokem\":\"hush-6\","
	         "\"hook\":{\"key\":[\"hush-7\",\"hush-8\",\"hush-9\"]}}]}");
	log = stderr_capture_end();
	assert_int_equal(r, CONF_INVALID);
	assert_null(strstr(buf_text(&mistakes), "hush-"));
	assert_null(strstr(buf_text(&mistakes), "31415926"));
	assert_null(strstr(log, "hush-"));
	assert_non_null(strstr(buf_text(&mistakes),
	                       "redis.password: not a text: expected env:NAME "
	                       "or file:PATH, found a list\n"));
	assert_non_null(
		strstr(buf_text(&mistakes),
	               "private.tokens[1].secret: not a text: expected "
	               "env:NAME or file:PATH, found something else\n"));
}

static void
test_conf__reports_every_mistake_at_once(void **state)
{
	struct buf expected = BUF_INIT;
	char last[160];

	(void)state;
	snprintf(last, sizeof(last),
	         "public.certificate: file \"%s/nope.pem\" cannot be read: No "
	         "such file or directory\n",
	         dir);
	assert_int_equal(
		load("{\"public\":{\"certificate\":\"nope.pem\",\"workers\":0},"
	             "\"redis\":{\"dead_max\":\"x\"},"
	             "\"accounts\":[{\"name\":\"A\",\"type\":\"squar\","
	             "\"batch\":0},"
	             "7,{\"name\":\"b\",\"type\":\"erp\",\"timeout_ms\":1}]}"),
		CONF_INVALID);
	buf_adds(
		&expected,
		"public.workers: out of range: expected a whole number from 1 "
		"to 1024, found 0\n"
		"redis.dead_max: not a number: expected a whole number from 1 "
		"to 1000000, found \"x\"\n"
		"accounts[0].name: not a name: expected a-z, 0-9, _ and -, "
		"beginning with a letter or digit, at most 32, found \"A\"\n"
		"accounts[0].type: unknown type: expected one of till, erp, "
		"found \"squar\"\n"
		"accounts[1]: not an object: expected { … }\n"
		"accounts[2].timeout_ms: out of range: expected a whole number "
		"from 100 to 600000, found 1\n"
		"accounts[2].url: missing: expected "
		"https://host[:port][/path]\n");
	buf_adds(&expected, last);
	assert_string_equal(buf_text(&mistakes), buf_text(&expected));
	buf_fini(&expected);
}

/* ---- what must hold between values ---- */

static void
test_conf__account_names_are_plain_unique_and_no_columns(void **state)
{
	static const char *const bad[] = {
		"",
		"Erp",
		"_a",
		"-a",
		"a b",
		"a.b",
		"sku",
		"name",
		"authority",
		"reserve",
		"a23456789012345678901234567890123"
	};
	char json[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(json, sizeof(json),
		         "{" PUBLIC ",\"accounts\":[{\"name\":\"%s\","
		         "\"type\":\"erp\",\"url\":\"https://h\"}]}",
		         bad[i]);
		assert_int_equal(load(json), CONF_INVALID);
		assert_int_equal(
			strncmp(buf_text(&mistakes), "accounts[0].name: ", 18),
			0);
	}
	assert_mistakes("{" PUBLIC ",\"accounts\":[" ERP "," ERP "]}",
	                "accounts[1].name: \"erp\" is the name of accounts[0] "
	                "already\n");
}

static void
test_conf__there_is_at_least_one_account(void **state)
{
	(void)state;
	assert_mistakes("{" PUBLIC ",\"accounts\":[]}",
	                "accounts: empty: expected at least one account\n");
	assert_mistakes("{" PUBLIC "}",
	                "accounts: missing: expected a list of objects\n");
}

static void
test_conf__the_authority_must_be_an_account(void **state)
{
	(void)state;
	assert_mistakes(TOP("\"stock\":{\"authority\":\"epr\"}"),
	                "stock.authority: no such account: expected one of "
	                "erp, found \"epr\"\n");
}

static void
test_conf__an_account_without_type_gets_the_known_ones(void **state)
{
	(void)state;
	assert_mistakes("{" PUBLIC ",\"accounts\":[{\"name\":\"a\"}]}",
	                "accounts[0].type: missing: expected one of till, "
	                "erp\n");
}

static void
assert_url(const char *type, const char *url, bool is_good, bool is_warned)
{
	char json[512];

	snprintf(json, sizeof(json),
	         "{" PUBLIC ",\"accounts\":[{\"name\":\"a\",\"type\":\"%s\",%s"
	         "\"url\":\"%s\"}]}",
	         type,
	         strcmp(type, "till") == 0
	                 ? "\"token\":\"env:TEST_CONF_TOKEN\","
	                 : "",
	         url);
	assert_int_equal(load(json), is_good ? 0 : CONF_INVALID);
	if (!is_good)
		assert_int_equal(
			strncmp(buf_text(&mistakes), "accounts[0].url: ", 17),
			0);
	else if (is_warned)
		assert_int_equal(strncmp(buf_text(&conf->warnings),
		                         "accounts[0].url: http:// leaves", 31),
		                 0);
	else
		assert_string_equal(buf_text(&conf->warnings), "");
}

static void
test_conf__plain_http_stays_on_the_machine(void **state)
{
	(void)state;
	assert_url("till", "http://127.0.0.1:8081/v2", true, false);
	assert_url("till", "http://127.9.8.7", true, false);
	assert_url("till", "http://[::1]:8081", true, false);
	assert_url("till", "http://localhost:8081", true, false);
	assert_url("till", "http://10.0.0.5:3000", false, false);
	assert_url("till", "http://localhost.example.com", false, false);
	assert_url("till", "http://127.0.0.1.example.com", false, false);
	assert_url("till", "http://[::2]", false, false);
}

static void
test_conf__plain_http_elsewhere_only_where_the_type_allows_it(void **state)
{
	(void)state;
	assert_url("erp", "http://10.0.0.5:3000", true, true);
	assert_url("erp", "http://127.0.0.1:3000", true, false);
	assert_url("erp", "https://10.0.0.5:3000", true, false);
	assert_mistakes(TOP("\"public\":{\"certificate\":\"server.pem\","
	                    "\"url\":\"http://h.example\"}"),
	                "public.url: http:// leaves this machine: expected "
	                "https://host[:port][/path], found "
	                "\"http://h.example\"\n");
}

static void
test_conf__malformed_urls_are_refused(void **state)
{
	static const char *const bad[] = {
		"erp.example",        "ftp://h",
		"HTTPS//h",           "https://",
		"https:///path",      "https://h:0",
		"https://h:65536",    "https://h:",
		"https://h:8x",       "https://u:p@h",
		"https://h/a b",      "https://h/?q=1",
		"https://h/#f",       "https://[::1",
		"https://[::g]",      "https://h h",
		"https://h/\xc3\xa4", "https://[]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_url("erp", bad[i], false, false);
}

static void
test_conf__listen_addresses_are_numbers_with_ports(void **state)
{
	static const char *const good[] = { "0.0.0.0:8443", "[::]:1",
		                            "127.0.0.1:65535", "[::1]:8443" };
	static const char *const bad[] = { "8443",          "localhost:8443",
		                           "0.0.0.0",       "0.0.0.0:0",
		                           "0.0.0.0:65536", "::1:8443",
		                           "[::1]",         "1.2.3:8443",
		                           "1.2.3.4:8443s", "1.2.3.4:084430" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(conf_is_listen(good[i], NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(conf_is_listen(bad[i], NULL));
	assert_mistakes("{\"public\":{\"certificate\":\"server.pem\","
	                "\"listen\":[\"[::]:8443\",\"*:8443\"]},"
	                "\"accounts\":[" ERP "]}",
	                "public.listen[1]: not an address: expected IPv4:port "
	                "or [IPv6]:port with a port from 1 to 65535, found "
	                "\"*:8443\"\n");
}

static void
test_conf__private_listener_outside_loopback_needs_tls_and_tokens(void **state)
{
	(void)state;
	load_well(
		TOP("\"private\":{\"listen\":[\"127.0.0.1:1\",\"[::1]:1\"]}"));
	assert_mistakes(TOP("\"private\":{\"listen\":[\"127.0.0.1:1\","
	                    "\"0.0.0.0:8080\"]}"),
	                "private.certificate: missing: needed as "
	                "private.listen is outside loopback\n"
	                "private.tokens: missing: needed as private.listen is "
	                "outside loopback\n");
	load_well(TOP("\"private\":{\"listen\":[\"[::]:8080\"],"
	              "\"certificate\":\"server.pem\",\"tokens\":[{"
	              "\"name\":\"a\",\"secret\":\"file:key\","
	              "\"may\":[\"read\"]}]}"));
}

static void
test_conf__tokens_are_checked_one_by_one(void **state)
{
	(void)state;
	assert_mistakes(TOP("\"private\":{\"tokens\":[{\"name\":\"a\","
	                    "\"secret\":\"env:TEST_CONF_NOT_SET\","
	                    "\"may\":[\"read\",\"all\"],\"mai\":1},5]}"),
	                "private.tokens[0].secret: environment variable "
	                "TEST_CONF_NOT_SET is not set\n"
	                "private.tokens[0].may[1]: not a choice: expected a "
	                "list of texts out of read, write, found \"all\"\n"
	                "private.tokens[0].mai: unknown key (did you mean "
	                "\"may\"?)\n"
	                "private.tokens[1]: not an object: expected { … }\n");
	assert_mistakes(TOP("\"private\":{\"tokens\":["
	                    "{\"name\":\"a\",\"secret\":\"file:key\","
	                    "\"may\":[\"read\"]},"
	                    "{\"name\":\"a\",\"secret\":\"file:key\","
	                    "\"may\":[\"read\"]}]}"),
	                "private.tokens[1].name: \"a\" is the name of "
	                "private.tokens[0] already\n");
}

static void
test_conf__redis_is_a_socket_or_a_host(void **state)
{
	static const char *const good[] = {
		"unix:///run/redis.sock",
		"redis://localhost:6379",
		"redis://[::1]:6379/15",
		"redis://:p@ss@h:6379/0",
	};
	static const char *const bad[] = {
		"localhost:6379",  "unix:///",         "unix://run/x",
		"redis://h",       "redis://h:6379/x", "redis://:p@:6379",
		"rediss://h:6379", "redis://h:6379/",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(conf_is_redis_url(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(conf_is_redis_url(bad[i]));
	assert_mistakes(TOP("\"redis\":{\"url\":\"localhost\"}"),
	                "redis.url: not such a URL: expected unix:///path or "
	                "redis://[:password@]host:port[/db]\n");
}

static void
test_conf__a_password_in_the_redis_url_is_a_warning(void **state)
{
	(void)state;
	load_well(TOP("\"redis\":{\"url\":\"redis://:hush-hush@h:6379\"}"));
	assert_int_equal(strncmp(buf_text(&conf->warnings), "redis.url: ", 11),
	                 0);
	assert_null(strstr(buf_text(&conf->warnings), "hush"));
	assert_mistakes(TOP("\"redis\":{\"url\":\"redis://:hush-hush@h:6379\","
	                    "\"password\":\"file:key\"}"),
	                "redis.password: redis.url has a password too: "
	                "expected one\n");
}

static void
test_conf__the_namespace_is_plain(void **state)
{
	(void)state;
	assert_mistakes(TOP("\"redis\":{\"namespace\":\"a*\"}"),
	                "redis.namespace: not a namespace: expected letters, "
	                "digits, _ . and -, at most 64, found \"a*\"\n");
}

/* ---- one section, for the tests of others ---- */

static void
test_conf__a_section_needs_only_what_its_test_needs(void **state)
{
	struct conf_section *s = NULL;

	(void)state;
	forget(NULL);
	assert_int_equal(conf_section_parse(&s, &types[0],
	                                    "{\"token\":\"file:key\"}", dir,
	                                    &mistakes),
	                 0);
	assert_string_equal(conf_account_name(s), "test");
	assert_string_equal(conf_account_type(s), "till");
	assert_string_equal(conf_account_url(s), "https://till.example.com");
	assert_string_equal(secret_text(conf_secret(s, "token")),
	                    "key-from-file");
	assert_int_equal(conf_int(s, "batch"), 40);
	conf_section_free(s);
}

static void
test_conf__a_section_with_mistakes_is_none(void **state)
{
	struct conf_section *s = NULL;

	(void)state;
	forget(NULL);
	assert_int_equal(conf_section_parse(&s, &types[0], "{\"tokn\":\"x\"}",
	                                    NULL, &mistakes),
	                 CONF_INVALID);
	assert_string_equal(buf_text(&mistakes),
	                    "tokn: unknown key (did you mean \"token\"?)\n"
	                    "token: missing: expected env:NAME or "
	                    "file:PATH\n");
	assert_int_equal(
		conf_section_parse(&s, &types[0], "[", NULL, &mistakes),
		CONF_INVALID);
	assert_null(s);
}

/* ---- the same rows for editors and people ---- */

/* A schema's `properties` down a dotted key; "accounts" leads to elements. */
static const struct json_node *
property(const struct json_node *schema, const char *key)
{
	char word[CONF_KEY_SIZE];

	for (;;) {
		size_t n = strcspn(key, ".");

		snprintf(word, sizeof(word), "%.*s", (int)n, key);
		schema = json_find(json_find(schema, "properties"), word);
		assert_non_null(schema);
		if (key[n] == '\0')
			return schema;
		key += n + 1;
	}
}

static void
assert_in_schema(const struct json_node *schema, const struct conf_row *rows)
{
	struct buf fallback = BUF_INIT;

	for (; rows->key; rows++) {
		const struct json_node *node = property(schema, rows->key);

		assert_non_null(strstr(json_text_or(node, "description", ""),
		                       rows->meaning));
		buf_reset(&fallback);
		if (json_find(node, "default"))
			json_print(&fallback, json_find(node, "default"));
		assert_string_equal(buf_text(&fallback),
		                    rows->fallback ? rows->fallback : "");
	}
	buf_fini(&fallback);
}

static void
test_conf__the_schema_names_every_key(void **state)
{
	struct buf text = BUF_INIT;
	struct json *doc = NULL;
	const struct json_node *root;
	const struct json_node *element;
	const struct json_node *till;

	(void)state;
	conf_schema(&text, types, N_TYPES);
	assert_int_equal(json_parse(&doc, text.p, text.n), 0);
	root = json_root(doc);
	assert_string_equal(json_text_or(root, "$schema", ""),
	                    "https://json-schema.org/draft/2020-12/schema");
	assert_in_schema(root, conf_top_rows);
	assert_in_schema(json_find(property(root, "private.tokens"), "items"),
	                 conf_token_rows);
	element = json_find(property(root, "accounts"), "items");
	assert_in_schema(element, conf_account_rows);
	till = json_at(json_find(element, "allOf"), 1);
	assert_string_equal(
		json_text_or(property(json_find(till, "if"), "type"), "const",
	                     ""),
		"till");
	till = json_find(till, "then");
	assert_in_schema(till, till_rows);
	assert_in_schema(till, till_hook);
	assert_string_equal(json_text_or(property(till, "url"), "default", ""),
	                    "https://till.example.com");
	json_free(doc);
	buf_fini(&text);
}

static void
test_conf__the_schema_closes_every_object(void **state)
{
	struct buf text = BUF_INIT;
	struct json *doc = NULL;
	const struct json_node *root;
	const struct json_node *all;
	bool yes = true;

	(void)state;
	conf_schema(&text, types, N_TYPES);
	assert_int_equal(json_parse(&doc, text.p, text.n), 0);
	root = json_root(doc);
	assert_int_equal(json_get_bool(&yes, root, "additionalProperties"), 0);
	assert_false(yes);
	yes = true;
	assert_int_equal(json_get_bool(&yes, property(root, "redis"),
	                               "additionalProperties"),
	                 0);
	assert_false(yes);
	all = json_find(json_find(property(root, "accounts"), "items"),
	                "allOf");
	assert_int_equal(json_length(all), 1 + N_TYPES);
	for (size_t i = 1; i <= N_TYPES; i++) {
		yes = true;
		assert_int_equal(
			json_get_bool(&yes, json_find(json_at(all, i), "then"),
		                      "additionalProperties"),
			0);
		assert_false(yes);
	}
	json_free(doc);
	buf_fini(&text);
}

static void
test_conf__the_table_for_people_names_every_key(void **state)
{
	const struct conf_row *const lists[] = { conf_top_rows, conf_token_rows,
		                                 conf_account_rows, till_rows,
		                                 till_hook };
	struct buf text = BUF_INIT;
	char cell[CONF_KEY_SIZE + 8];

	(void)state;
	conf_markdown(&text, types, N_TYPES);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct conf_row *row = lists[i]; row->key; row++) {
			snprintf(cell, sizeof(cell), "\n| `%s` | ", row->key);
			assert_non_null(strstr(buf_text(&text), cell));
		}
	/* a bar would end the cell */
	assert_non_null(strstr(buf_text(&text), "| Key \\| keys. |\n"));
	buf_fini(&text);
}

/* ---- accounts that only call us ---- */

static const struct conf_row source_hook[] = {
	{ .key = "hook.key",
	  .kind = CONF_SECRETS,
	  .flags = CONF_REQUIRED,
	  .meaning = "Key." },
	{ .key = NULL },
};

static const struct conf_type with_source[] = {
	{ .name = "erp", .url_flags = CONF_PLAIN_HTTP },
	{ .name = "source", .hook = source_hook, .url_flags = CONF_SOURCE },
	{ .name = "table", .url_flags = CONF_NO_URL },
};

static int
load_source(const char *json)
{
	forget(NULL);
	return conf_parse(&conf, file, json, strlen(json), with_source, 3,
	                  &mistakes);
}

#define SOURCE \
	"{\"name\":\"shop\",\"type\":\"source\",\"hook\":{\"key\":" \
	"\"env:TEST_CONF_TOKEN\"}"

static void
test_conf__who_only_calls_us_needs_no_url(void **state)
{
	(void)state;
	assert_int_equal(
		load_source("{" PUBLIC ",\"accounts\":[" SOURCE "}," ERP "]}"),
		0);
	assert_true(conf_account_is_source(conf->accounts[0]));
	assert_null(conf_account_url(conf->accounts[0]));
	assert_false(conf_account_is_source(conf->accounts[1]));
	/* the first account that has stock */
	assert_string_equal(conf_text(conf->top, "stock.authority"), "erp");
}

static void
test_conf__who_only_calls_us_takes_nothing_of_the_others(void **state)
{
	(void)state;
	assert_int_equal(load_source("{" PUBLIC ",\"accounts\":[" ERP "," SOURCE
	                             ",\"url\":\"https://a.example\","
	                             "\"timeout_ms\":500,\"paused\":true}],"
	                             "\"stock\":{\"authority\":\"shop\"}}"),
	                 CONF_INVALID);
	assert_string_equal(
		buf_text(&mistakes),
		"accounts[1].url: not used: an account of this type only "
		"calls us\n"
		"accounts[1].timeout_ms: not used: an account of this type "
		"only calls us\n"
		"accounts[1].paused: not used: an account of this type only "
		"calls us\n"
		"stock.authority: has no stock, it only calls us: expected "
		"one of erp, found \"shop\"\n");
}

static void
test_conf__who_is_reached_otherwise_takes_no_url(void **state)
{
	(void)state;
	assert_int_equal(load_source("{" PUBLIC ",\"accounts\":[" ERP
	                             ",{\"name\":"
	                             "\"shop\",\"type\":\"table\"}]}"),
	                 0);
	assert_null(conf_account_url(conf->accounts[1]));
	assert_false(conf_account_is_source(conf->accounts[1]));
	assert_int_equal(
		load_source("{" PUBLIC ",\"accounts\":[" ERP ",{\"name\":"
	                    "\"shop\",\"type\":\"table\",\"url\":"
	                    "\"https://a.example\",\"timeout_ms\":500}]}"),
		CONF_INVALID);
	assert_string_equal(buf_text(&mistakes),
	                    "accounts[1].url: not used: an account of this "
	                    "type is reached in another way\n");
}

static void
test_conf__somebody_must_have_the_stock(void **state)
{
	(void)state;
	assert_int_equal(load_source("{" PUBLIC ",\"accounts\":[" SOURCE "}]}"),
	                 CONF_INVALID);
	assert_string_equal(
		buf_text(&mistakes),
		"accounts: none has stock: all of them only call us\n");
}

static const struct conf_type with_cellar[] = {
	{ .name = "erp", .url_flags = CONF_PLAIN_HTTP },
	{ .name = "cellar", .url_flags = CONF_NO_ENTRIES },
	{ .name = "source", .hook = source_hook, .url_flags = CONF_SOURCE },
};

static int
load_cellar(const char *json)
{
	forget(NULL);
	return conf_parse(&conf, file, json, strlen(json), with_cellar, 3,
	                  &mistakes);
}

#define CELLAR \
	"{\"name\":\"wines\",\"type\":\"cellar\"," \
	"\"url\":\"https://a.example\"}"

static void
test_conf__who_records_no_sales_is_no_authority(void **state)
{
	(void)state;
	/* the first account that does */
	assert_int_equal(
		load_cellar("{" PUBLIC ",\"accounts\":[" CELLAR "," ERP "]}"),
		0);
	assert_string_equal(conf_text(conf->top, "stock.authority"), "erp");
	assert_false(conf_account_may_keep(conf->accounts[0]));
	assert_true(conf_account_may_keep(conf->accounts[1]));
	assert_int_equal(load_cellar("{" PUBLIC ",\"accounts\":[" ERP "," CELLAR
	                             "],\"stock\":{\"authority\":\"wines\"}}"),
	                 CONF_INVALID);
	assert_string_equal(
		buf_text(&mistakes),
		"stock.authority: an account of this type cannot record what "
		"is sold elsewhere: expected one of erp, found \"wines\"\n");
}

static void
test_conf__somebody_must_record_what_is_sold(void **state)
{
	(void)state;
	assert_int_equal(load_cellar("{" PUBLIC ",\"accounts\":[" CELLAR
	                             "," SOURCE
	                             "}],\"stock\":{\"authority\":\"wines\"}}"),
	                 CONF_INVALID);
	assert_string_equal(
		buf_text(&mistakes),
		"accounts: none can be the authority: add one that records "
		"what is sold elsewhere, such as Galaxy or a till that takes "
		"sales\n");
}

static void
test_conf__the_schema_knows_who_only_calls_us(void **state)
{
	struct buf text = BUF_INIT;
	struct json *doc = NULL;
	const struct json_node *keys;
	const struct json_node *required;

	(void)state;
	conf_schema(&text, with_source, 2);
	assert_int_equal(json_parse(&doc, text.p, text.n), 0);
	keys = json_pointer(json_root(doc), "/properties/accounts/items/allOf/"
	                                    "2/then/properties");
	required = json_pointer(json_root(doc),
	                        "/properties/accounts/items/allOf/2/then/"
	                        "required");
	assert_non_null(json_find(keys, "name"));
	assert_non_null(json_find(keys, "hook"));
	assert_null(json_find(keys, "url"));
	assert_null(json_find(keys, "schedule"));
	assert_int_equal(json_length(required), 1);
	assert_string_equal(json_text(json_at(required, 0)), "hook");
	json_free(doc);
	buf_reset(&text);
	conf_markdown(&text, with_source, 2);
	assert_non_null(strstr(buf_text(&text), "It only calls us: "));
	buf_fini(&text);
}

#define TEST(name) cmocka_unit_test_teardown(test_conf__##name, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fills_in_the_defaults),
		TEST(reads_every_kind),
		TEST(one_secret_may_stand_without_a_list),
		TEST(null_counts_as_absent),
		TEST(paths_are_relative_to_the_file),
		TEST(base_urls_lose_their_last_slash),
		TEST(reads_tokens),
		TEST(the_first_account_is_the_authority_unless_named),
		TEST(who_only_calls_us_needs_no_url),
		TEST(who_only_calls_us_takes_nothing_of_the_others),
		TEST(who_is_reached_otherwise_takes_no_url),
		TEST(somebody_must_have_the_stock),
		TEST(who_records_no_sales_is_no_authority),
		TEST(somebody_must_record_what_is_sold),
		TEST(the_schema_knows_who_only_calls_us),
		TEST(loads_a_file),
		TEST(says_when_the_file_is_missing),
		TEST(broken_json_is_named_with_line_and_column),
		TEST(good_json_has_no_wrong_place),
		TEST(json_that_is_no_object_is_refused),
		TEST(an_unknown_key_names_the_nearest),
		TEST(a_key_at_the_wrong_level_is_shown_its_place),
		TEST(a_key_near_to_nothing_lists_the_known),
		TEST(every_kind_says_what_it_expected_and_found),
		TEST(a_schedule_names_the_wrong_field),
		TEST(a_secret_that_is_not_there_is_named),
		TEST(says_where_secrets_are_to_be_had),
		TEST(a_literal_secret_is_a_warning),
		TEST(no_message_has_a_secret_in_it),
		TEST(reports_every_mistake_at_once),
		TEST(account_names_are_plain_unique_and_no_columns),
		TEST(there_is_at_least_one_account),
		TEST(the_authority_must_be_an_account),
		TEST(an_account_without_type_gets_the_known_ones),
		TEST(plain_http_stays_on_the_machine),
		TEST(plain_http_elsewhere_only_where_the_type_allows_it),
		TEST(malformed_urls_are_refused),
		TEST(listen_addresses_are_numbers_with_ports),
		TEST(private_listener_outside_loopback_needs_tls_and_tokens),
		TEST(tokens_are_checked_one_by_one),
		TEST(redis_is_a_socket_or_a_host),
		TEST(a_password_in_the_redis_url_is_a_warning),
		TEST(the_namespace_is_plain),
		TEST(a_section_needs_only_what_its_test_needs),
		TEST(a_section_with_mistakes_is_none),
		TEST(the_schema_names_every_key),
		TEST(the_schema_closes_every_object),
		TEST(the_table_for_people_names_every_key),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
