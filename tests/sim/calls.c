/* Calls by path; ids in a path become {id}, so that calls add up. */
#include "tests/sim/calls.h"

#include <stdlib.h>
#include <string.h>

/* Paths that end in an id, with what stands for it. */
static const char *const prefixes[] = {
	"/v2/orders/",
	"/v2/inventory/adjustments/",
	"/v2/inventory/",
	"/v2/locations/",
	"/v2/webhooks/subscriptions/",
	"/api/glx/advancedcustomviews/",
	"/api/glx/entities/itemimage/",
};

static const char *const fixed[] = {
	"/v2/orders/search",
	"/v2/orders/batch-retrieve",
	"/v2/inventory/counts/batch-retrieve",
	"/v2/inventory/changes/batch-create",
	"/v2/inventory/changes/batch-retrieve",
};

static char *
name_of(const char *method, const char *path)
{
	const char *rest;
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (strcmp(path, fixed[i]) == 0)
			return text_format("%s %s", method, path);
	}
	rest = strstr(path, "/ext/"); /* Tipsi's, below its store */
	if (rest != NULL && strncmp(rest, "/ext/sync", 9) != 0)
		return text_format("%s %.*s/ext/{id}", method,
		                   (int)(rest - path), path);
	if (sim_after(&rest, path, "/v2/orders/") && strstr(rest, "/pay"))
		return text_format("%s /v2/orders/{id}/pay", method);
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (sim_after(&rest, path, prefixes[i]))
			return text_format("%s %s{id}", method, prefixes[i]);
	}
	return text_format("%s %s", method, path);
}

static bool
is_id(const char *p, size_t n)
{
	size_t digits = strspn(p, "0123456789");

	return n > 0 && (digits == n || (n == 36 && p[8] == '-') ||
	                 (digits > 0 && n == digits + 5 &&
	                  memcmp(p + digits, ".json", 5) == 0));
}

/* Tills whose ids stand anywhere in a path, and what is searched at its end. */
static char *
name_of_parts(const char *method, const char *path)
{
	struct buf name = BUF_INIT;
	bool is_search = false;
	size_t n;

	buf_addf(&name, "%s ", method);
	while (*path != '\0') {
		buf_addc(&name, '/');
		path += *path == '/';
		n = strcspn(path, "/");
		if (is_id(path, n) || (is_search && n > 0 && path[n] == '\0'))
			buf_adds(&name, "{id}");
		else
			buf_add(&name, path, n);
		is_search =
			is_search || (n == 6 && memcmp(path, "search", 6) == 0);
		path += n;
	}
	return buf_steal(&name);
}

struct calls *
calls_count(struct sim *sim, enum sim_system system, const char *method,
            const char *path)
{
	char *name = system == SIM_HIBOUTIK || system == SIM_LIGHTSPEED_R ||
	                             system == SIM_LIGHTSPEED_X
	                     ? name_of_parts(method, path)
	                     : name_of(method, path);
	struct calls **link;

	if (name == NULL)
		abort();
	for (link = &sim->calls[system]; *link != NULL; link = &(*link)->next) {
		if (strcmp((*link)->name, name) == 0)
			break;
	}
	if (*link == NULL) {
		*link = sim_alloc(sizeof(**link));
		(*link)->name = name;
	} else {
		free(name);
	}
	(*link)->n++;
	return *link;
}

void
calls_print(struct sim *sim, enum sim_system system, struct json_out *out,
            const char *key)
{
	const struct calls *c;

	json_out_object(out, key);
	for (c = sim->calls[system]; c != NULL; c = c->next) {
		json_out_object(out, c->name);
		json_out_int(out, "calls", c->n);
		json_out_int(out, "refused", c->n_refused);
		json_out_int(out, "faults", c->n_faults);
		json_out_end_object(out);
	}
	json_out_end_object(out);
}

void
calls_clear(struct sim *sim)
{
	struct calls *c;
	int i;

	for (i = 0; i < SIM_N_SYSTEMS; i++) {
		while (sim->calls[i] != NULL) {
			c = sim->calls[i];
			sim->calls[i] = c->next;
			free(c->name);
			free(c);
		}
	}
}
