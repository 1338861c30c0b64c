/*
 * What Square's catalogue holds, as a person looks for it: by SKU, barcode and
 * name, page after page, and only what is sold at the location.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/err.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fake_mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "EAAA-very-secret-token-4711"

/* A variation with a few more members, and an item around variations. */
#define VARIATION(id, name, sku, upc, more) \
	"{\"type\":\"ITEM_VARIATION\",\"id\":\"" id "\"," more \
	"\"item_variation_data\":{\"item_id\":\"I1\",\"name\":\"" name \
	"\",\"sku\":\"" sku "\",\"upc\":\"" upc "\"}}"
#define ITEM(id, name, more, variations) \
	"{\"type\":\"ITEM\",\"id\":\"" id "\"," more \
	"\"item_data\":{\"name\":\"" name "\",\"variations\":[" variations \
	"]}}"
#define PAGE(objects, more) "{\"objects\":[" objects "]" more "}"

#define SMALL VARIATION("V1", "100 g", "TEA-S", "5201234567890", "")
#define LARGE VARIATION("V2", "1 kg", "TEA-L", "", "")

struct rig {
	struct fake_http *http;
	struct mirror *mirror;
	struct conf_section *conf;
	void *square;
	struct buf found; /* "V1|TEA-S|5201234567890|Tea, 100 g\n" each */
	int fault;        /* what the sink returns */
};

static int
rig_open(void **state)
{
	const struct conf_type type = { .name = "square",
		                        .rows = square_adapter.options };
	struct rig *rig = calloc(1, sizeof(*rig));
	struct buf mistakes = BUF_INIT;
	struct adapter_env env;

	assert_non_null(rig);
	assert_int_equal(
		conf_section_parse(&rig->conf, &type,
	                           "{\"name\":\"agora\",\"type\":\"square\","
	                           "\"access_token\":\"" TOKEN "\","
	                           "\"url\":\"https://vendor.example\","
	                           "\"location\":\"L1\"}",
	                           NULL, &mistakes),
		0);
	buf_fini(&mistakes);
	fake_clock_start(INT64_C(1795170000000), 1000);
	rig->http = fake_http_new();
	rig->mirror = fake_mirror_new();
	env = (struct adapter_env){ rig->conf, fake_http_client(rig->http),
		                    rig->mirror, NULL };
	assert_int_equal(square_adapter.open(&rig->square, &env), 0);
	*state = rig;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *rig = *state;

	square_adapter.close(rig->square);
	fake_http_free(rig->http);
	fake_mirror_free(rig->mirror);
	conf_section_free(rig->conf);
	buf_fini(&rig->found);
	fake_clock_stop();
	free(rig);
	return 0;
}

static int
take(void *ctx, const struct listing *l)
{
	struct rig *rig = ctx;

	buf_addf(&rig->found, "%s|%s|%s|%s\n", l->external, l->sku, l->barcode,
	         l->name);
	return rig->fault;
}

static enum verdict
look(struct rig *rig, enum listing_by by, const char *text)
{
	const struct listing_sink sink = { rig, take };

	buf_reset(&rig->found);
	return square_adapter.list_items(rig->square, by, text, &sink).verdict;
}

static const char *
found(const struct rig *rig)
{
	return buf_text(&rig->found);
}

static const char *
sent(const struct rig *rig, size_t i)
{
	return fake_http_at(rig->http, i)->body;
}

static void
test_square_items__asks_for_a_sku_and_tells_the_items_name(void **state)
{
	struct rig *rig = *state;

	fake_http_say(
		rig->http, 200,
		PAGE(SMALL, ",\"related_objects\":[" ITEM(
				    "I0", "Coffee", "",
				    "") "," ITEM("I1", "Tea", "", "") "]"));
	assert_int_equal(look(rig, LISTING_SKU, "TEA-S"), VERDICT_DONE);
	assert_string_equal(found(rig), "V1|TEA-S|5201234567890|Tea, 100 g\n");
	assert_string_equal(fake_http_at(rig->http, 0)->url,
	                    "https://vendor.example/v2/catalog/search");
	assert_string_equal(
		sent(rig, 0),
		"{\"object_types\":[\"ITEM_VARIATION\"],"
		"\"include_related_objects\":true,"
		"\"include_deleted_objects\":false,\"limit\":200,"
		"\"query\":{\"set_query\":{\"attribute_name\":\"sku\","
		"\"attribute_values\":[\"TEA-S\"]}}}");
}

static void
test_square_items__asks_for_a_barcode(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, PAGE(SMALL, ""));
	assert_int_equal(look(rig, LISTING_BARCODE, "5201234567890"),
	                 VERDICT_DONE);
	/* Its item did not come along: that is no reason to hide it. */
	assert_string_equal(found(rig), "V1|TEA-S|5201234567890|100 g\n");
	assert_non_null(strstr(sent(rig, 0), "\"attribute_name\":\"upc\""));
}

/* The vendor's matching is its own; what was asked for is compared here. */
static void
test_square_items__compares_again_what_comes(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, PAGE(SMALL "," LARGE, ""));
	assert_int_equal(look(rig, LISTING_SKU, "tea-s"), VERDICT_DONE);
	assert_string_equal(found(rig), "V1|TEA-S|5201234567890|100 g\n");
	fake_http_say(rig->http, 200, PAGE(SMALL "," LARGE, ""));
	assert_int_equal(look(rig, LISTING_BARCODE, "520123456789"),
	                 VERDICT_DONE);
	assert_string_equal(found(rig), "");
}

static void
test_square_items__finds_a_piece_of_the_whole_name(void **state)
{
	static const char page[] =
		PAGE(ITEM("I1", "Tea", "", SMALL "," LARGE) "," ITEM(
			     "I2", "Coffee", "",
			     VARIATION("V3", "1 kg", "C", "", "")),
	             "");
	struct rig *rig = *state;

	fake_http_say(rig->http, 200, page);
	assert_int_equal(look(rig, LISTING_NAME, "tEA, 1 K"), VERDICT_DONE);
	assert_string_equal(found(rig), "V2|TEA-L||Tea, 1 kg\n");
	assert_string_equal(sent(rig, 0), "{\"object_types\":[\"ITEM\"],"
	                                  "\"include_related_objects\":false,"
	                                  "\"include_deleted_objects\":false,"
	                                  "\"limit\":200}");
	fake_http_say(rig->http, 200, page);
	assert_int_equal(look(rig, LISTING_ALL, ""), VERDICT_DONE);
	assert_string_equal(found(rig), "V1|TEA-S|5201234567890|Tea, 100 g\n"
	                                "V2|TEA-L||Tea, 1 kg\n"
	                                "V3|C||Coffee, 1 kg\n");
}

static void
test_square_items__follows_cursors_and_tells_each_once(void **state)
{
	struct rig *rig = *state;

	fake_http_say(rig->http, 200,
	              PAGE(ITEM("I1", "Tea", "", SMALL), ",\"cursor\":\"C1\""));
	fake_http_say(rig->http, 200,
	              PAGE(ITEM("I1", "Tea", "", SMALL "," LARGE), ""));
	assert_int_equal(look(rig, LISTING_ALL, ""), VERDICT_DONE);
	assert_string_equal(found(rig), "V1|TEA-S|5201234567890|Tea, 100 g\n"
	                                "V2|TEA-L||Tea, 1 kg\n");
	assert_int_equal(fake_http_count(rig->http), 2);
	assert_non_null(strstr(sent(rig, 1), "\"cursor\":\"C1\"}"));
	assert_memory_equal(sent(rig, 0), sent(rig, 1),
	                    strlen(sent(rig, 0)) - 1);
}

static void
test_square_items__leaves_out_what_is_not_sold_here(void **state)
{
	static const char *const gone[] = {
		ITEM("I1", "Tea", "\"is_deleted\":true,", SMALL),
		ITEM("I1", "Tea", "",
		     VARIATION("V1", "", "S", "", "\"is_deleted\":true,")),
		"{\"type\":\"ITEM\",\"id\":\"I1\",\"item_data\":{"
		"\"is_archived\":true,\"variations\":[" SMALL "]}}",
		ITEM("I1", "Tea", "\"absent_at_location_ids\":[\"L2\",\"L1\"],",
		     SMALL),
		ITEM("I1", "Tea", "",
		     VARIATION("V1", "", "S", "",
		               "\"present_at_all_locations\":true,"
		               "\"absent_at_location_ids\":[\"L1\"],")),
		ITEM("I1", "Tea", "\"present_at_all_locations\":false,", SMALL),
		ITEM("I1", "Tea", "",
		     VARIATION("V1", "", "S", "",
		               "\"present_at_all_locations\":false,"
		               "\"present_at_location_ids\":[\"L2\"],")),
		ITEM("I1", "Tea", "",
		     "{\"id\":\"V1\",\"item_variation_data\":{\"sku\":\"S\","
		     "\"stockable\":false}}"),
		ITEM("I1", "Tea", "", "{\"item_variation_data\":{}}"),
		"{\"type\":\"CATEGORY\",\"id\":\"K\"}",
	};
	struct rig *rig = *state;
	char page[2048];

	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
		(void)snprintf(page, sizeof(page), PAGE("%s", ""), gone[i]);
		fake_http_say(rig->http, 200, page);
		assert_int_equal(look(rig, LISTING_ALL, ""), VERDICT_DONE);
		if (rig->found.n)
			fail_msg("%s was told of: %s", found(rig), gone[i]);
	}
}

static void
test_square_items__keeps_what_is_sold_here_and_elsewhere(void **state)
{
	struct rig *rig = *state;

	fake_http_say(
		rig->http, 200,
		PAGE(ITEM("I1", "Tea", "\"is_deleted\":false,",
	                  VARIATION("V1", "", "S", "",
	                            "\"present_at_all_locations\":false,"
	                            "\"present_at_location_ids\":"
	                            "[\"L2\",\"L1\"],") "," VARIATION("V2", "",
	                                                              "T", "",
	                                                              "\"absent"
	                                                              "_at_"
	                                                              "location"
	                                                              "_ids\":["
	                                                              "\"L2\"]"
	                                                              ",")),
	             ""));
	assert_int_equal(look(rig, LISTING_ALL, ""), VERDICT_DONE);
	assert_string_equal(found(rig), "V1|S||Tea\nV2|T||Tea\n");
}

static void
test_square_items__learns_nothing_from_trouble(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum verdict verdict;
	} rows[] = {
		{ 500, "{}", VERDICT_RETRY },
		{ 429, "", VERDICT_SLOW },
		{ 401, "", VERDICT_LOCKED },
		{ 200, "<html>", VERDICT_RETRY },
		{ 200, "{\"objects\":7}", VERDICT_RETRY },
		{ 200, "{\"objects\":[],\"cursor\":7}", VERDICT_RETRY },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fake_http_say(rig->http, rows[i].status, rows[i].body);
		assert_int_equal(look(rig, LISTING_ALL, ""), rows[i].verdict);
		assert_string_equal(found(rig), "");
	}
}

static void
test_square_items__stops_when_its_reader_does(void **state)
{
	struct rig *rig = *state;

	rig->fault = ERR_NOMEM;
	fake_http_say(rig->http, 200,
	              PAGE(ITEM("I1", "Tea", "", SMALL "," LARGE),
	                   ",\"cursor\":\"C1\""));
	assert_int_not_equal(look(rig, LISTING_ALL, ""), VERDICT_DONE);
	assert_string_equal(found(rig), "V1|TEA-S|5201234567890|Tea, 100 g\n");
	assert_int_equal(fake_http_count(rig->http), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_square_items__asks_for_a_sku_and_tells_the_items_name),
		T(test_square_items__asks_for_a_barcode),
		T(test_square_items__compares_again_what_comes),
		T(test_square_items__finds_a_piece_of_the_whole_name),
		T(test_square_items__follows_cursors_and_tells_each_once),
		T(test_square_items__leaves_out_what_is_not_sold_here),
		T(test_square_items__keeps_what_is_sold_here_and_elsewhere),
		T(test_square_items__learns_nothing_from_trouble),
		T(test_square_items__stops_when_its_reader_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
