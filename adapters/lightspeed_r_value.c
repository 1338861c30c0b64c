/*
 * Lightspeed R, values: every scalar is a text, a list with one element is that
 * element, and the vendor's own examples spell one name in two ways.
 */
#define _DEFAULT_SOURCE 1 /* strcasecmp under -std=c17 */

#include "adapters/lightspeed_r.h"

#include "gateway/base/clock.h"

#include <string.h>
#include <strings.h>

struct member {
	const char *key;
	const struct json_node *value;
};

static bool
visit(void *ctx, const char *key, const struct json_node *value)
{
	struct member *m = ctx;

	if (strcasecmp(key, m->key) != 0)
		return true;
	m->value = value;
	return false;
}

const struct json_node *
lightspeed_r_find(const struct json_node *o, const char *key)
{
	struct member m = { .key = key, .value = json_find(o, key) };

	if (!m.value && json_type(o) == JSON_OBJECT)
		json_each(o, visit, &m);
	return json_type(m.value) == JSON_NULL ? NULL : m.value;
}

const char *
lightspeed_r_text(const struct json_node *o, const char *key)
{
	const struct json_node *node = lightspeed_r_find(o, key);
	const char *text = json_text(node);

	if (!text)
		text = json_number_text(node);
	return text ? text : "";
}

int
lightspeed_r_decimal(struct decimal *out, const struct json_node *o,
                     const char *key)
{
	const char *text = lightspeed_r_text(o, key);
	const char *point = strchr(text, '.');
	size_t n = strlen(text);

	if (!*text)
		return lightspeed_r_find(o, key) &&
		                       !json_text(lightspeed_r_find(o, key))
		               ? JSON_WRONG_TYPE
		               : JSON_ABSENT;
	/* Digits alone behind the point: the ninth is the last that counts. */
	if (point && strspn(point + 1, "0123456789") == strlen(point + 1) &&
	    strlen(point + 1) > DECIMAL_PLACES)
		n = (size_t)(point - text) + 1 + DECIMAL_PLACES;
	return decimal_nparse(out, text, n) ? JSON_WRONG_TYPE : 0;
}

int64_t
lightspeed_r_int_or(const struct json_node *o, const char *key,
                    int64_t fallback)
{
	struct decimal d;
	int64_t n = fallback;

	if (lightspeed_r_decimal(&d, o, key) == 0)
		(void)decimal_to_scaled(&n, d, 0);
	return n;
}

bool
lightspeed_r_is(const struct json_node *o, const char *key)
{
	bool is_so = false;

	return json_get_bool(&is_so, o, key) == 0
	               ? is_so
	               : strcmp(lightspeed_r_text(o, key), "true") == 0;
}

int
lightspeed_r_time(int64_t *out, const struct json_node *o, const char *key)
{
	const char *text = lightspeed_r_text(o, key);

	*out = 0;
	if (!*text)
		return lightspeed_r_find(o, key) &&
		                       !json_text(lightspeed_r_find(o, key))
		               ? LIGHTSPEED_R_MALFORMED
		               : 0;
	return clock_parse(out, text, 0) ? LIGHTSPEED_R_MALFORMED : 0;
}

int
lightspeed_r_length(size_t *out, const struct json_node *list)
{
	const char *text = json_text(list);

	*out = 0;
	if (json_type(list) == JSON_ARRAY)
		*out = json_length(list);
	else if (json_type(list) == JSON_OBJECT)
		*out = 1;
	else if (list && !(text && !*text)) /* PHP's idea of an empty one */
		return LIGHTSPEED_R_MALFORMED;
	return 0;
}

const struct json_node *
lightspeed_r_at(const struct json_node *list, size_t i)
{
	return json_type(list) == JSON_OBJECT ? list : json_at(list, i);
}
