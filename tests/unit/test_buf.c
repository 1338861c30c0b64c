#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/buf.h"
#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

static void
test_buf__is_text_from_the_start(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_check(&b), 0);
	buf_add(&b, NULL, 0);
	assert_string_equal(buf_text(&b), "");
	buf_fini(&b);
	buf_fini(&b);
}

static void
test_buf__grows_and_stays_terminated(void **state)
{
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(b.p[b.n], 0);
	}
	assert_int_equal(b.n, 10000);
	assert_int_equal(strlen(buf_text(&b)), 10000);
	assert_int_equal(b.p[9999], 'a' + 9999 % 26);
	buf_fini(&b);
	assert_null(b.p);
}

static void
test_buf__takes_bytes_text_and_formats(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_adds(&b, "cd");
	buf_addf(&b, "%d-%s", 42, "e");
	buf_addf(&b, "%s", "");
	assert_int_equal(b.n, 9);
	assert_memory_equal(b.p, "a\0bcd42-e", 10);
	buf_fini(&b);
}

static void
test_buf__formats_longer_than_its_room(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_addf(&b, "%0300d", 7);
	buf_addf(&b, "%0300d", 8);
	assert_int_equal(b.n, 600);
	assert_int_equal(b.p[299], '7');
	assert_int_equal(b.p[599], '8');
	buf_fini(&b);
}

static void
test_buf__refuses_more_than_max_and_remembers(void **state)
{
	struct buf b = { .max = 4 };

	(void)state;
	buf_adds(&b, "1234");
	assert_int_equal(buf_check(&b), 0);
	buf_addc(&b, '5');
	assert_int_equal(buf_check(&b), ERR_NOMEM);
	buf_reset(&b);
	assert_int_equal(buf_check(&b), 0);
	assert_string_equal(buf_text(&b), "");
	buf_addf(&b, "%d", 12345);
	assert_int_equal(buf_check(&b), ERR_NOMEM);
	buf_adds(&b, "");
	buf_adds(&b, "1");
	assert_int_equal(buf_check(&b), ERR_NOMEM);
	assert_null(buf_steal(&b));
	assert_int_equal(buf_check(&b), 0);
	buf_fini(&b);
}

static void
test_buf__gives_its_bytes_away(void **state)
{
	struct buf b = BUF_INIT;
	char *text;

	(void)state;
	buf_adds(&b, "mine");
	text = buf_steal(&b);
	assert_string_equal(text, "mine");
	assert_int_equal(b.n, 0);
	assert_null(b.p);
	free(text);
	text = buf_steal(&b);
	assert_string_equal(text, "");
	free(text);
	buf_adds(&b, "again");
	assert_string_equal(buf_text(&b), "again");
	buf_fini(&b);
}

static void
test_buf__escapes_html(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_add_html(&b, "<a href=\"x\" t='y'>&amp; \xc3\xa9</a>");
	assert_string_equal(
		buf_text(&b),
		"&lt;a href=&quot;x&quot; t=&#39;y&#39;&gt;&amp;amp; "
		"\xc3\xa9&lt;/a&gt;");
	buf_fini(&b);
}

static void
test_buf__percent_encodes_all_but_unreserved(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_add_url(&b, "AZaz09-._~");
	buf_add_url(&b, " /?&=+%[]\xc3\xa9");
	assert_string_equal(buf_text(&b),
	                    "AZaz09-._~%20%2F%3F%26%3D%2B%25%5B%5D%C3%A9");
	buf_fini(&b);
}

static void
test_buf__text_helpers_copy(void **state)
{
	char *text;

	(void)state;
	assert_null(text_dup(NULL));
	assert_null(text_ndup(NULL, 3));
	text = text_dup("abc");
	assert_string_equal(text, "abc");
	free(text);
	text = text_ndup("abc", 2);
	assert_string_equal(text, "ab");
	free(text);
	text = text_ndup("abc", 9);
	assert_string_equal(text, "abc");
	free(text);
	text = text_format("%s:%0200d", "x", 5);
	assert_int_equal(strlen(text), 202);
	assert_int_equal(text[201], '5');
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf__is_text_from_the_start),
		cmocka_unit_test(test_buf__grows_and_stays_terminated),
		cmocka_unit_test(test_buf__takes_bytes_text_and_formats),
		cmocka_unit_test(test_buf__formats_longer_than_its_room),
		cmocka_unit_test(test_buf__refuses_more_than_max_and_remembers),
		cmocka_unit_test(test_buf__gives_its_bytes_away),
		cmocka_unit_test(test_buf__escapes_html),
		cmocka_unit_test(test_buf__percent_encodes_all_but_unreserved),
		cmocka_unit_test(test_buf__text_helpers_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
