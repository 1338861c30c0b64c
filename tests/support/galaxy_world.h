#ifndef TESTS_GALAXY_WORLD_H
#define TESTS_GALAXY_WORLD_H

#include "adapters/adapters.h"
#include "tests/support/fake_http.h"

/*
 * A Galaxy adapter with a scripted network and a mirror in memory, and the
 * answers in tests/fixtures/galaxy. Trouble of its own ends the program. Tests
 * run in the project's top folder.
 */
enum { GALAXY_WORLD_SERVED = 32 };

/* A list with an answer of its own; texts are borrowed. */
struct galaxy_served {
	const char *list;
	int status;
	const char *body;
};

struct galaxy_world {
	struct conf_section *conf;
	struct fake_http *http;     /* scripted answers; remembers all calls */
	struct http_client *client; /* the adapter's */
	bool is_serving;            /* lists, where the script has ended */
	struct galaxy_served served[GALAXY_WORLD_SERVED];
	size_t n_served;
	struct mirror *mirror;
	void *state;         /* the adapter's */
	char counts[2000];   /* what the sink was told: "external=qty …" */
	char skipped[1000];  /* and: "list N why\n" … */
	char dangling[1000]; /* and: "list N why\n" … */
	char listed[2000];   /* and: "list seen N written N gone N\n" … */
};

#define GALAXY_WORLD_PASSWORD "Pa55word-of-Galaxy"
#define GALAXY_WORLD_SESSION  "S3ss10n-from-the-cookie"
#define GALAXY_WORLD_URL      "http://erp.test:3000"

/* The fixture's text; free() it. name with its extension. */
char *galaxy_fixture(const char *name);

/* options: more members of the account, `"timezone":"Europe/Athens"`, or "". */
void galaxy_world_open(struct galaxy_world *w, const char *options);
void galaxy_world_close(struct galaxy_world *w);

/* Script an answer out of a fixture; a log-in; the web scenarios. */
void galaxy_world_say(struct galaxy_world *w, int status, const char *name);
void galaxy_world_say_login(struct galaxy_world *w);
void galaxy_world_say_ready(struct galaxy_world *w);

/*
 * Where the script has ended, answer every list: with the fixture of its name,
 * without one `[]`, or with what serve_list said (texts are borrowed). The
 * calls are remembered by w->http as scripted ones are.
 */
void galaxy_world_serve(struct galaxy_world *w);
void galaxy_world_serve_list(struct galaxy_world *w, const char *list,
                             int status, const char *body);

/* Script what a full sync asks for after it is ready. */
void galaxy_world_say_lists(struct galaxy_world *w, const char *balances);

/* Run a sync; counts holds what was seen. */
struct outcome galaxy_world_sync(struct galaxy_world *w, bool is_full,
                                 int64_t started_ms);

/* A full sync that only compares. */
struct outcome galaxy_world_sync_dry(struct galaxy_world *w,
                                     int64_t started_ms);

/* The adapter again, over the same mirror; the script is forgotten. */
void galaxy_world_restart(struct galaxy_world *w);

/* Log in, sync everything, forget the script: the mirror is full. */
void galaxy_world_fill(struct galaxy_world *w);

#endif
