/* What tests of adapters set up alike. */
#include "tests/support/adapter_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include <stdlib.h>

void
adapter_rig_configure(struct conf_section **conf, const struct conf_type *type,
                      char *json)
{
	struct buf mistakes = BUF_INIT;

	assert_non_null(json);
	conf_section_free(*conf);
	*conf = NULL;
	if (conf_section_parse(conf, type, json, NULL, &mistakes))
		fail_msg("%s", buf_text(&mistakes));
	buf_fini(&mistakes);
	free(json);
}

void
adapter_rig_order(const struct till_hands *hands, void *till, const char *what,
                  const char *body)
{
	const char *wrong = till_command(hands, till, what, body);

	if (wrong != NULL)
		fail_msg("%s: %s", what, wrong);
}

int64_t
adapter_rig_whole(struct decimal d)
{
	int64_t n = -1;

	assert_int_equal(decimal_to_scaled(&n, d, 0), 0);
	return n;
}
