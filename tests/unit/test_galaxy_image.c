/*
 * Pictures out of Galaxy: what an answer means, and what its bytes are.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/crypto.h"
#include "tests/support/galaxy_world.h"

#include <stdlib.h>
#include <string.h>

#define PICTURE_ID "80000000-0000-4000-8000-000000000001"

static struct galaxy_world world;
static struct buf bytes;
static const char *type;

static int
begin(void **state)
{
	(void)state;
	galaxy_world_open(&world, "");
	galaxy_world_say_login(&world);
	type = NULL;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	buf_fini(&bytes);
	galaxy_world_close(&world);
	return 0;
}

static struct outcome
read_image(const char *id)
{
	return galaxy_adapter.read_image(world.state, &bytes, &type, id);
}

/* An answer with this picture. */
static void
say_picture(const void *p, size_t n)
{
	char *text = malloc(4 * ((n + 2) / 3) + 1);
	struct buf body = BUF_INIT;

	assert_non_null(text);
	crypto_base64_encode(text, p, n);
	buf_addf(&body, "{\"ID\":\"%s\",\"Image\":\"", PICTURE_ID);
	buf_adds(&body, text);
	buf_adds(&body, "\",\"FileName\":\"a.html\"}");
	fake_http_say(world.http, 200, buf_text(&body));
	buf_fini(&body);
	free(text);
}

static void
test_galaxy_image__is_asked_for_by_its_id_in_lower_case(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n\0rest";
	const struct fake_request *request;

	(void)state;
	say_picture(png, sizeof(png));
	assert_int_equal(
		read_image("80000000-0000-4000-8000-00000000000A").verdict,
		VERDICT_DONE);
	assert_int_equal(bytes.n, sizeof(png));
	assert_memory_equal(bytes.p, png, sizeof(png));
	request = fake_http_at(world.http, 1);
	assert_string_equal(request->method, "GET");
	assert_string_equal(request->url, GALAXY_WORLD_URL
	                    "/api/glx/entities/itemimage/"
	                    "80000000-0000-4000-8000-00000000000a");
}

static void
test_galaxy_image__is_what_its_first_bytes_say(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *type;
	} rows[] = {
		{ "\x89PNG\r\n\x1a\n", 8, "image/png" },
		{ "\xff\xd8\xff\xe0", 4, "image/jpeg" },
		{ "GIF87a..", 8, "image/gif" },
		{ "GIF89a..", 8, "image/gif" },
		{ "RIFF\1\2\3\4WEBPVP8 ", 16, "image/webp" },
		{ "RIFF\1\2\3\4WAVEfmt ", 16, "application/octet-stream" },
		{ "<html><script>", 14, "application/octet-stream" },
		{ "<svg xmlns=", 11, "application/octet-stream" },
		{ "G", 1, "application/octet-stream" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		say_picture(rows[i].bytes, rows[i].n);
		assert_int_equal(read_image(PICTURE_ID).verdict, VERDICT_DONE);
		assert_int_equal(bytes.n, rows[i].n);
		assert_string_equal(type, rows[i].type);
	}
}

static void
test_galaxy_image__tells_absent_from_broken(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum verdict verdict;
	} rows[] = {
		{ 404, "", VERDICT_ABSENT },
		{ 404, "<html>no</html>", VERDICT_ABSENT },
		{ 200, "{\"Image\":null}", VERDICT_ABSENT },
		{ 200, "{\"ID\":\"1\"}", VERDICT_ABSENT },
		{ 200, "{\"Image\":\"\"}", VERDICT_ABSENT },
		{ 200, "{\"Image\":7}", VERDICT_REFUSED },
		{ 200, "{\"Image\":\"!!!!\"}", VERDICT_REFUSED },
		{ 200, "[]", VERDICT_REFUSED },
		{ 200, "{\"Image\":\"iVBO", VERDICT_RETRY },
		{ 200, "", VERDICT_RETRY },
		{ 200, "<html>busy</html>", VERDICT_RETRY },
		{ 200, "{\"ResponseStatus\":{\"ErrorCode\":\"Denied\"}}",
		  VERDICT_REFUSED },
		{ 500, "", VERDICT_RETRY },
		{ 429, "", VERDICT_SLOW },
		{ 0, "", VERDICT_RETRY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_http_say(world.http, rows[i].status, rows[i].body);
		if (read_image(PICTURE_ID).verdict != rows[i].verdict)
			fail_msg("%d %s: not %s", rows[i].status, rows[i].body,
			         verdict_name(rows[i].verdict));
	}
}

static void
test_galaxy_image__of_more_than_8_mib_is_refused_for_good(void **state)
{
	enum { LIMIT = 8 * 1024 * 1024 };
	char *large = calloc(2, LIMIT);
	struct outcome outcome;

	(void)state;
	assert_non_null(large);
	say_picture(large, LIMIT);
	assert_int_equal(read_image(PICTURE_ID).verdict, VERDICT_DONE);
	assert_int_equal(bytes.n, LIMIT);
	say_picture(large, LIMIT + 1);
	outcome = read_image(PICTURE_ID);
	assert_int_equal(outcome.verdict, VERDICT_REFUSED);
	assert_non_null(strstr(outcome.why, "8 MiB"));
	say_picture(large, 2 * (size_t)LIMIT); /* not even read to its end */
	assert_int_equal(read_image(PICTURE_ID).verdict, VERDICT_REFUSED);
	free(large);
}

static void
test_galaxy_image__an_id_is_no_way_to_another_path(void **state)
{
	static const char *const ids[] = { "", "..", "a/b", "a?b", "a%2fb" };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(read_image(ids[i]).verdict, VERDICT_ABSENT);
	assert_int_equal(fake_http_count(world.http), 0);
}

static void
test_galaxy_image__a_lost_session_costs_one_log_in(void **state)
{
	(void)state;
	fake_http_say(world.http, 401, "");
	galaxy_world_say_login(&world);
	say_picture("GIF89a", 6);
	assert_int_equal(read_image(PICTURE_ID).verdict, VERDICT_DONE);
	assert_string_equal(type, "image/gif");
	assert_int_equal(bytes.n, 6);
}

/* As a list that begins so does: the answer came as a 200. */
static void
test_galaxy_image__a_session_lost_inside_a_200_costs_one_log_in(void **state)
{
	static const char lost[] = "{\"ResponseStatus\":{\"ErrorCode\":"
				   "\"Unauthorized\"}}";

	(void)state;
	say_picture("GIF87a", 6);
	assert_int_equal(read_image(PICTURE_ID).verdict, VERDICT_DONE);
	fake_http_say(world.http, 200, lost);
	galaxy_world_say_login(&world);
	fake_http_say(world.http, 200, "{\"Image\":\"R0lGODdh\"}");
	assert_int_equal(read_image(PICTURE_ID).verdict, VERDICT_DONE);
	/* and no more than one */
	fake_http_say(world.http, 200, lost);
	galaxy_world_say_login(&world);
	fake_http_say(world.http, 200, lost);
	assert_int_equal(read_image(PICTURE_ID).verdict, VERDICT_LOCKED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(test_galaxy_image__is_asked_for_by_its_id_in_lower_case),
		TEST(test_galaxy_image__is_what_its_first_bytes_say),
		TEST(test_galaxy_image__tells_absent_from_broken),
		TEST(test_galaxy_image__of_more_than_8_mib_is_refused_for_good),
		TEST(test_galaxy_image__an_id_is_no_way_to_another_path),
		TEST(test_galaxy_image__a_lost_session_costs_one_log_in),
		TEST(test_galaxy_image__a_session_lost_inside_a_200_costs_one_log_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
