/* A Galaxy adapter among fakes. */
#include "tests/support/galaxy_world.h"

#include "tests/support/fake_mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which a full sync asks. */
static const char *const lists[] = {
	"webscenarios.json",    "companies.json",      "companysites.json",
	"currencies.json",      "paymethods.json",     "dispatchpurposes.json",
	"shippingmethods.json", "agencies.json",       "vatsmaster.json",
	"customers.json",       "itemdimensions.json", "items.json",
	"itemaltercodes.json",
};

static void
must(bool is_good, const char *what)
{
	if (is_good)
		return;
	(void)fprintf(stderr, "galaxy world: %s\n", what);
	abort();
}

char *
galaxy_fixture(const char *name)
{
	char path[200];
	struct buf text = BUF_INIT;
	char chunk[4096];
	size_t n;
	FILE *file;

	(void)snprintf(path, sizeof(path), "tests/fixtures/galaxy/%s", name);
	file = fopen(path, "rb");
	must(file != NULL, path);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(&text, chunk, n);
	(void)fclose(file);
	must(text.n > 0 && buf_check(&text) == 0, path);
	return buf_steal(&text);
}

void
galaxy_world_open(struct galaxy_world *w, const char *options)
{
	const struct conf_type type = { .name = galaxy_adapter.name,
		                        .rows = galaxy_adapter.options,
		                        .url_flags = galaxy_adapter.url_flags };
	struct buf mistakes = BUF_INIT;
	struct adapter_env env;
	char *json;

	*w = (struct galaxy_world){ 0 };
	json = text_format("{\"name\":\"erp\",\"url\":\"%s\",\"username\":"
	                   "\"sync\",\"password\":\"%s\"%s%s}",
	                   GALAXY_WORLD_URL "/", GALAXY_WORLD_PASSWORD,
	                   options[0] ? "," : "", options);
	must(json != NULL, "memory");
	must(conf_section_parse(&w->conf, &type, json, NULL, &mistakes) == 0,
	     buf_text(&mistakes));
	free(json);
	buf_fini(&mistakes);
	w->http = fake_http_new();
	w->mirror = fake_mirror_new();
	env = (struct adapter_env){ w->conf, fake_http_client(w->http),
		                    w->mirror };
	must(galaxy_adapter.open(&w->state, &env) == 0, "open");
}

void
galaxy_world_close(struct galaxy_world *w)
{
	galaxy_adapter.close(w->state);
	fake_mirror_free(w->mirror);
	fake_http_free(w->http);
	conf_section_free(w->conf);
	*w = (struct galaxy_world){ 0 };
}

void
galaxy_world_say(struct galaxy_world *w, int status, const char *name)
{
	char *text = galaxy_fixture(name);

	fake_http_push(w->http,
	               &(struct fake_answer){
			       .status = status,
			       .body = text,
			       .type = strstr(name, ".html")
	                                       ? "text/html; charset=utf-8"
	                                       : NULL });
	free(text);
}

void
galaxy_world_say_login(struct galaxy_world *w)
{
	fake_http_push(w->http, &(struct fake_answer){
					.status = 200,
					.body = "{}",
					.session = GALAXY_WORLD_SESSION });
}

void
galaxy_world_say_ready(struct galaxy_world *w)
{
	galaxy_world_say_login(w);
	galaxy_world_say(w, 200, "webscenarios.json");
}

void
galaxy_world_say_lists(struct galaxy_world *w, const char *balances)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		galaxy_world_say(w, 200, lists[i]);
	galaxy_world_say(w, 200, balances);
}

static int
note_count(void *ctx, const char *external, struct decimal qty)
{
	struct galaxy_world *w = ctx;
	size_t n = strlen(w->counts);
	char text[DECIMAL_TEXT_SIZE];

	(void)snprintf(w->counts + n, sizeof(w->counts) - n, "%s%s=%s",
	               n ? " " : "", external, decimal_format(text, qty));
	return 0;
}

struct outcome
galaxy_world_sync(struct galaxy_world *w, bool is_full, int64_t started_ms)
{
	const struct sync_job job = { is_full, started_ms };
	const struct sync_sink sink = { .ctx = w, .count = note_count };

	w->counts[0] = '\0';
	return galaxy_adapter.sync(w->state, &job, &sink);
}

void
galaxy_world_fill(struct galaxy_world *w)
{
	struct outcome outcome;

	galaxy_world_say_ready(w);
	galaxy_world_say_lists(w, "itembalances.json");
	outcome = galaxy_world_sync(w, true, 1700000000000);
	must(outcome.verdict == VERDICT_DONE, outcome.why);
	fake_http_reset(w->http);
}
