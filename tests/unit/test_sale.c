#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/buf.h"
#include "gateway/model/sale.h"

#include <string.h>

static struct decimal
of(const char *text)
{
	struct decimal d;

	assert_int_equal(decimal_parse(&d, text), 0);
	return d;
}

/* Two lines: one sold with a price, one returned without. */
static void
fill(struct entry *entry)
{
	struct entry_line *line;

	*entry = (struct entry){
		.id = text_dup("till/CAISENgvlJ6jLWAzERDzjyHVybY"),
		.docid = text_dup("TB-x-1"),
		.account = text_dup("till"),
		.sale = text_dup("CAISENgvlJ6jLWAzERDzjyHVybY"),
		.authority = text_dup("erp"),
		.currency = text_dup("EUR"),
		.occurred_ms = 1763715247412,
	};
	line = entry_add_line(entry);
	line->uid = text_dup("u\"1\n");
	line->sku = text_dup("Ρακί 40°");
	line->external = text_dup("guid:1");
	line->qty = of("123456789012345678.123456789");
	line->gross = of("0.30");
	line->has_gross = true;
	line = entry_add_line(entry);
	line->uid = text_dup("u2");
	line->sku = text_dup("B");
	line->external = text_dup("guid");
	line->qty = of("-2.5");
}

static void
test_sale__an_entry_comes_back_as_it_was_stored(void **state)
{
	struct entry entry;
	struct entry back = { 0 };
	struct buf text = BUF_INIT;

	(void)state;
	fill(&entry);
	entry_encode(&text, &entry);
	assert_int_equal(buf_check(&text), 0);
	assert_int_equal(entry_decode(&back, text.p, text.n), 0);
	assert_string_equal(back.id, entry.id);
	assert_string_equal(back.docid, entry.docid);
	assert_string_equal(back.account, entry.account);
	assert_string_equal(back.sale, entry.sale);
	assert_string_equal(back.authority, entry.authority);
	assert_string_equal(back.currency, entry.currency);
	assert_int_equal(back.occurred_ms, entry.occurred_ms);
	assert_int_equal(back.n_lines, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct entry_line *a = &entry.lines[i];
		const struct entry_line *b = &back.lines[i];

		assert_string_equal(a->uid, b->uid);
		assert_string_equal(a->sku, b->sku);
		assert_string_equal(a->external, b->external);
		assert_int_equal(decimal_cmp(a->qty, b->qty), 0);
		assert_int_equal(decimal_cmp(a->gross, b->gross), 0);
		assert_int_equal(a->has_gross, b->has_gross);
	}
	buf_fini(&text);
	entry_fini(&entry);
	entry_fini(&back);
}

static void
test_sale__what_a_shop_sent_is_kept_word_for_word(void **state)
{
	static const enum entry_kind kinds[] = { ENTRY_ORDER, ENTRY_CUSTOMER };
	static const char details[] =
		"{\"number\":\"1\",\"comment\":\"Ρακί\\n\",\"x\":1.10}";

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct entry entry;
		struct entry back = { 0 };
		struct buf text = BUF_INIT;

		fill(&entry);
		entry.kind = kinds[i];
		entry.details = text_dup(details);
		entry_encode(&text, &entry);
		assert_int_equal(entry_decode(&back, text.p, text.n), 0);
		assert_int_equal(back.kind, kinds[i]);
		assert_string_equal(back.details, details);
		assert_int_equal(back.n_lines, 2);
		buf_fini(&text);
		entry_fini(&entry);
		entry_fini(&back);
	}
}

static void
test_sale__decimals_are_stored_as_text(void **state)
{
	struct entry entry;
	struct buf text = BUF_INIT;

	(void)state;
	fill(&entry);
	entry_encode(&text, &entry);
	assert_non_null(strstr(buf_text(&text),
	                       "\"qty\":\"123456789012345678.123456789\""));
	assert_non_null(strstr(buf_text(&text), "\"gross\":\"0.3\""));
	assert_non_null(strstr(buf_text(&text), "\"v\":2"));
	buf_fini(&text);
	entry_fini(&entry);
}

static void
test_sale__an_entry_of_version_1_is_still_read(void **state)
{
	static const char text[] =
		"{\"v\":1,\"id\":\"a/1\",\"docid\":\"d\",\"account\":\"a\","
		"\"sale\":\"1\",\"authority\":\"e\",\"occurred_ms\":0,"
		"\"lines\":[]}";
	struct entry entry = { 0 };

	(void)state;
	assert_int_equal(entry_decode(&entry, text, strlen(text)), 0);
	assert_int_equal(entry.kind, ENTRY_SALE);
	assert_null(entry.details);
	assert_null(entry.currency);
	assert_int_equal(entry.n_lines, 0);
	entry_fini(&entry);
}

/* What is stored, with one piece of it replaced. */
static void
assert_malformed(const char *piece, const char *by)
{
	struct entry entry;
	struct entry back = { 0 };
	struct buf text = BUF_INIT;
	struct buf changed = BUF_INIT;
	const char *at;

	fill(&entry);
	entry_encode(&text, &entry);
	at = strstr(buf_text(&text), piece);
	assert_non_null(at);
	buf_add(&changed, text.p, (size_t)(at - text.p));
	buf_adds(&changed, by);
	buf_adds(&changed, at + strlen(piece));
	assert_int_equal(entry_decode(&back, changed.p, changed.n),
	                 JSON_MALFORMED);
	assert_null(back.id); /* untouched */
	buf_fini(&changed);
	buf_fini(&text);
	entry_fini(&entry);
}

static void
test_sale__refuses_a_stored_entry_that_lost_something(void **state)
{
	(void)state;
	assert_malformed("\"v\":2", "\"v\":3");
	assert_malformed("\"v\":2", "\"v\":0");
	assert_malformed("\"v\":2", "\"w\":2");
	assert_malformed("\"kind\":\"sale\"", "\"kind\":\"gift\"");
	assert_malformed("\"kind\":\"sale\"", "\"kind\":\"order\"");
	assert_malformed("\"kind\":\"sale\",", "");
	assert_malformed("\"kind\":", "\"details\":\"{}\",\"kind\":");
	assert_malformed("\"docid\":", "\"dokid\":");
	assert_malformed("\"authority\":\"erp\"", "\"authority\":null");
	assert_malformed("\"currency\":\"EUR\"", "\"currency\":978");
	assert_malformed("1763715247412", "\"1763715247412\"");
	assert_malformed("\"-2.5\"", "-2.5");
	assert_malformed("\"-2.5\"", "\"\"");
	assert_malformed("\"0.3\"", "\"0,3\"");
	assert_malformed("\"lines\":", "\"line\":");
	assert_malformed("\"uid\":\"u2\",", "");
	assert_malformed("}]}", "}]");
}

static void
test_sale__a_negative_quantity_makes_a_return(void **state)
{
	struct entry entry;

	(void)state;
	fill(&entry);
	assert_true(entry_is_return(&entry));
	entry.lines[1].qty = of("1");
	assert_false(entry_is_return(&entry));
	entry_fini(&entry);
	entry_fini(&entry);
	assert_false(entry_is_return(&entry));
}

static void
assert_docid_form(const char *docid)
{
	assert_true(strlen(docid) <= 40);
	assert_int_equal(strncmp(docid, "TB-", 3), 0);
	assert_int_equal(strspn(docid, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                               "abcdefghijklmnopqrstuvwxyz"
	                               "0123456789-"),
	                 strlen(docid));
}

static void
test_sale__docid_is_short_plain_and_stable(void **state)
{
	char docid[41];
	char again[41];

	(void)state;
	assert_int_equal(sale_docid(docid, "till/CAISENgvlJ6jLWAzERDzjy+2"), 0);
	assert_docid_form(docid);
	assert_int_equal(strlen(docid), 40);
	assert_int_equal(strncmp(docid, "TB-till-CAISENgvlJ6jLWA", 23), 0);
	assert_int_equal(sale_docid(again, "till/CAISENgvlJ6jLWAzERDzjy+2"), 0);
	assert_string_equal(docid, again);
	assert_int_equal(sale_docid(docid, "Ü/\"' \n"), 0);
	assert_docid_form(docid);
	assert_int_equal(sale_docid(docid, ""), 0);
	/* SHA-256 of nothing begins with e3b0c44298fc1c14 (FIPS 180-4) */
	assert_string_equal(docid, "TB--e3b0c44298fc1c14");
}

static void
test_sale__different_ids_have_different_docids(void **state)
{
	static const char *const ids[] = {
		"till/1",
		"till-1",
		"till/1+1",
		"till/1-1",
		"till/1+2",
		"TILL/1",
		"till/1 ",
		"till/\xc3\xa4",
		"till/\xc3\xb6",
		"till/CAISENgvlJ6jLWAzERDzjyHVybY",
		"till/CAISENgvlJ6jLWAzERDzjyHVybZ",
		"till/CAISENgvlJ6jLWAzERDzjyHVybY+1",
	};
	const size_t n = sizeof(ids) / sizeof(ids[0]);
	char docids[sizeof(ids) / sizeof(ids[0])][41];

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sale_docid(docids[i], ids[i]), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(docids[i], docids[k]);
	}
}

static void
test_sale__tells_a_docid_from_what_begins_like_one(void **state)
{
	static const char *const ids[] = { "", "till/1", "\xc3\xa4",
		                           "till/CAISENgvlJ6jLWAzERDzjy" };
	static const char *const others[] = {
		"",
		"TB-",
		"TB-12",
		"TB-e3b0c44298fc1c14",
		"tb--e3b0c44298fc1c14",
		"TB--e3b0c44298fc1c1",
		"TB--e3b0c44298fc1c1g",
		"TB--E3B0C44298FC1C14",
		"TB--e3b0c44298fc1c14 ",
		"TB-a_b-e3b0c44298fc1c14",
		"TB-123456789012345678901-e3b0c44298fc1c14",
	};
	char docid[41];

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_int_equal(sale_docid(docid, ids[i]), 0);
		assert_true(sale_is_docid(docid));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(sale_is_docid(others[i]));
}

static void
test_sale__a_sale_grows_by_empty_lines(void **state)
{
	struct sale sale = { .id = text_dup("1") };

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		struct sale_line *line = sale_add_line(&sale);

		assert_non_null(line);
		assert_null(line->sku);
		assert_true(decimal_is_zero(line->qty));
		line->uid = text_dup("u");
	}
	assert_int_equal(sale.n_lines, 20);
	sale_fini(&sale);
	sale_fini(&sale);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_sale__an_entry_comes_back_as_it_was_stored),
		cmocka_unit_test(
			test_sale__what_a_shop_sent_is_kept_word_for_word),
		cmocka_unit_test(test_sale__decimals_are_stored_as_text),
		cmocka_unit_test(
			test_sale__an_entry_of_version_1_is_still_read),
		cmocka_unit_test(
			test_sale__refuses_a_stored_entry_that_lost_something),
		cmocka_unit_test(test_sale__a_negative_quantity_makes_a_return),
		cmocka_unit_test(test_sale__docid_is_short_plain_and_stable),
		cmocka_unit_test(
			test_sale__different_ids_have_different_docids),
		cmocka_unit_test(
			test_sale__tells_a_docid_from_what_begins_like_one),
		cmocka_unit_test(test_sale__a_sale_grows_by_empty_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
