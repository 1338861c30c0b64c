/* A Galaxy adapter among fakes. */
#include "tests/support/galaxy_world.h"

#include "gateway/drivers/http_client.h"
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

/* ---- a server of lists ---- */

static bool
is_file(const char *name)
{
	char path[200];
	FILE *file;

	(void)snprintf(path, sizeof(path), "tests/fixtures/galaxy/%s", name);
	file = fopen(path, "rb");
	if (file)
		(void)fclose(file);
	return file != NULL;
}

/* What the list of this URL is answered with; owned by the caller. */
static char *
answer_of(const struct galaxy_world *w, const char *url, int *status)
{
	size_t end = strcspn(url, "?");
	const char *name = url + end;
	char file[100];
	size_t n;

	while (name > url && name[-1] != '/')
		name--;
	n = (size_t)(url + end - name);
	for (size_t i = 0; i < w->n_served; i++)
		if (strlen(w->served[i].list) == n &&
		    strncmp(w->served[i].list, name, n) == 0) {
			*status = w->served[i].status;
			return text_dup(w->served[i].body);
		}
	*status = 200;
	(void)snprintf(file, sizeof(file), "%.*s.json", (int)n, name);
	return is_file(file) ? galaxy_fixture(file) : text_dup("[]");
}

/* The script first; where it ended, the served lists. */
static int
send_in_world(void *ctx, const struct http_request *request,
              struct http_answer *answer)
{
	struct galaxy_world *w = ctx;

	if (w->is_serving && fake_http_left(w->http) == 0) {
		int status = 200;
		char *body = answer_of(w, request->url, &status);

		fake_http_say(w->http, status, body);
		free(body);
	}
	return http_client_send(fake_http_client(w->http), request, answer);
}

void
galaxy_world_serve(struct galaxy_world *w)
{
	w->is_serving = true;
}

void
galaxy_world_serve_list(struct galaxy_world *w, const char *list, int status,
                        const char *body)
{
	struct galaxy_served *served = NULL;

	w->is_serving = true;
	for (size_t i = 0; i < w->n_served; i++)
		if (strcmp(w->served[i].list, list) == 0)
			served = &w->served[i];
	if (!served) {
		must(w->n_served < GALAXY_WORLD_SERVED, "too many lists");
		served = &w->served[w->n_served++];
	}
	*served = (struct galaxy_served){ list, status, body };
}

/* ---- the world ---- */

static void
open_state(struct galaxy_world *w)
{
	const struct adapter_env env = { w->conf, w->client, w->mirror, NULL };

	must(galaxy_adapter.open(&w->state, &env) == 0, "open");
}

void
galaxy_world_restart(struct galaxy_world *w)
{
	galaxy_adapter.close(w->state);
	w->state = NULL;
	fake_http_reset(w->http);
	open_state(w);
}

void
galaxy_world_open(struct galaxy_world *w, const char *options)
{
	const struct conf_type type = { .name = galaxy_adapter.name,
		                        .rows = galaxy_adapter.options,
		                        .url_flags = galaxy_adapter.url_flags };
	struct buf mistakes = BUF_INIT;
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
	must(http_client_new_fake(&w->client, send_in_world, w) == 0, "client");
	open_state(w);
}

void
galaxy_world_close(struct galaxy_world *w)
{
	galaxy_adapter.close(w->state);
	fake_mirror_free(w->mirror);
	http_client_free(w->client);
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

static void
note_list(void *ctx, const char *entity, const struct mirror_tally *tally)
{
	struct galaxy_world *w = ctx;
	size_t n = strlen(w->listed);

	(void)snprintf(w->listed + n, sizeof(w->listed) - n,
	               "%s seen %lld written %lld gone %lld\n", entity,
	               (long long)tally->n_seen, (long long)tally->n_written,
	               (long long)tally->n_gone);
}

static void
note_skipped(void *ctx, const char *entity, int64_t rows, const char *why)
{
	struct galaxy_world *w = ctx;
	size_t n = strlen(w->skipped);

	(void)snprintf(w->skipped + n, sizeof(w->skipped) - n, "%s %lld %s\n",
	               entity, (long long)rows, why);
}

static void
note_dangling(void *ctx, const char *entity, int64_t refs, const char *why)
{
	struct galaxy_world *w = ctx;
	size_t n = strlen(w->dangling);

	(void)snprintf(w->dangling + n, sizeof(w->dangling) - n, "%s %lld %s\n",
	               entity, (long long)refs, why);
}

static struct outcome
run_sync(struct galaxy_world *w, const struct sync_job *job)
{
	const struct sync_sink sink = { .ctx = w,
		                        .count = note_count,
		                        .listed = note_list,
		                        .skipped = note_skipped,
		                        .dangling = note_dangling };

	w->counts[0] = '\0';
	w->listed[0] = '\0';
	w->skipped[0] = '\0';
	w->dangling[0] = '\0';
	return galaxy_adapter.sync(w->state, job, &sink);
}

struct outcome
galaxy_world_sync(struct galaxy_world *w, bool is_full, int64_t started_ms)
{
	const struct sync_job job = { .is_full = is_full,
		                      .started_ms = started_ms };

	return run_sync(w, &job);
}

struct outcome
galaxy_world_sync_dry(struct galaxy_world *w, int64_t started_ms)
{
	const struct sync_job job = { .is_full = true,
		                      .is_dry = true,
		                      .started_ms = started_ms };

	return run_sync(w, &job);
}

void
galaxy_world_fill(struct galaxy_world *w)
{
	struct outcome outcome;

	galaxy_world_say_ready(w);
	galaxy_world_serve(w);
	outcome = galaxy_world_sync(w, true, 1700000000000);
	must(outcome.verdict == VERDICT_DONE, outcome.why);
	fake_http_reset(w->http);
	w->is_serving = false;
}
