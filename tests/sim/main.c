/*
 * tillbridge-sim: Galaxy and Square on loopback, and a control interface; other
 * tills where their secret is given.
 *
 * Prints one line when all ports are open:
 *   ready galaxy=127.0.0.1:P square=127.0.0.1:P … control=127.0.0.1:P
 * and ends at once on SIGTERM and SIGINT.
 */
#define _DEFAULT_SOURCE 1 /* setenv, tzset */

#include "gateway/base/decimal.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/http_client.h"
#include "tests/sim/control.h"
#include "tests/sim/galaxy.h"
#include "tests/sim/hooks.h"
#include "tests/sim/server.h"
#include "tests/sim/square.h"
#include "tests/sim/tills.h"
#include "tests/sim/tipsi.h"
#include "tests/sim/traffic.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The exit codes of tillbridge, as far as they fit. */
enum { EXIT_USAGE = 2, EXIT_CONFIG = 3, EXIT_LISTEN = 4 };

struct options {
	const char *galaxy;
	const char *square;
	const char *control;
	const char *items;
	const char *sized;
	const char *galaxy_items;
	const char *galaxy_customers;
	const char *seed;
	const char *galaxy_user;
	const char *galaxy_password;
	const char *galaxy_hook_url;
	const char *galaxy_hook_target;
	const char *galaxy_hook_secret;
	const char *galaxy_view;
	const char *galaxy_timezone;
	const char *session_s;
	const char *square_token;
	const char *square_client;
	const char *square_secret;
	const char *square_refresh;
	const char *square_location;
	const char *square_second;
	const char *square_key;
	const char *square_hook_url;
	const char *square_hook_target;
	const char *tipsi;
	const char *tipsi_user;
	const char *tipsi_password;
	const char *tipsi_store;
	const char *tipsi_account;
	struct tills_options tills;
	const char *ca;
	const char *traffic;
	const char *write_csv;
	const char *erp;
	const char *till;
};

/* Texts alone, so that one loop reads them all; env: takes a variable. */
static const struct {
	const char *name;
	size_t offset;
	bool is_env;
	const char *meaning;
} known[] = {
#define OPTION(name, member, is_env, meaning) \
	{ \
		name, offsetof(struct options, member), is_env, meaning \
	}
	OPTION("--galaxy", galaxy, false, "HOST:PORT (127.0.0.1:0)"),
	OPTION("--square", square, false, "HOST:PORT (127.0.0.1:0)"),
	OPTION("--control", control, false, "HOST:PORT (127.0.0.1:0)"),
	OPTION("--items", items, false, "number of plain items (40)"),
	OPTION("--sized", sized, false, "number of products in sizes (1)"),
	OPTION("--galaxy-items", galaxy_items, false,
	       "number of items made on the fly (0)"),
	OPTION("--galaxy-customers", galaxy_customers, false,
	       "number of customers besides the first (0)"),
	OPTION("--seed", seed, false, "number (1)"),
	OPTION("--galaxy-user", galaxy_user, false, "name (sync)"),
	OPTION("--galaxy-password-env", galaxy_password, true, "variable"),
	OPTION("--galaxy-hook-url", galaxy_hook_url, false, "https://…"),
	OPTION("--galaxy-hook-target", galaxy_hook_target, false,
	       "https://… where it really goes"),
	OPTION("--galaxy-hook-secret-env", galaxy_hook_secret, true,
	       "variable"),
	OPTION("--galaxy-view", galaxy_view, false,
	       "Entity/Name that finds an entry (CommercialEntry/ByDocID)"),
	OPTION("--galaxy-timezone", galaxy_timezone, false,
	       "of zone-less dates, as TZ has it (Athens)"),
	OPTION("--session-s", session_s, false, "life of a session (1800)"),
	OPTION("--square-token-env", square_token, true, "variable"),
	OPTION("--square-client", square_client, false,
	       "client id (sq0idp-sim)"),
	OPTION("--square-secret-env", square_secret, true,
	       "variable; client secret; without it PKCE"),
	OPTION("--square-refresh-env", square_refresh, true,
	       "variable; first refresh token"),
	OPTION("--square-location", square_location, false, "id (L1)"),
	OPTION("--square-second", square_second, false,
	       "id of another location of the same seller (none)"),
	OPTION("--square-signature-key-env", square_key, true, "variable"),
	OPTION("--square-hook-url", square_hook_url, false,
	       "https://… as registered: what is signed"),
	OPTION("--square-hook-target", square_hook_target, false,
	       "https://… where it really goes"),
	OPTION("--tipsi", tipsi, false, "HOST:PORT (127.0.0.1:0)"),
	OPTION("--tipsi-user", tipsi_user, false, "name (sync)"),
	OPTION("--tipsi-password-env", tipsi_password, true,
	       "variable; without it there is no Tipsi"),
	OPTION("--tipsi-store", tipsi_store, false, "id (17)"),
	OPTION("--tipsi-account", tipsi_account, false,
	       "Tipsi's account in the registry (cellar)"),
	OPTION("--hiboutik", tills.hiboutik, false, "HOST:PORT (127.0.0.1:0)"),
	OPTION("--hiboutik-email", tills.hiboutik_email, false,
	       "log-in (till@example.com)"),
	OPTION("--hiboutik-key-env", tills.hiboutik_key, true,
	       "variable; without it there is no Hiboutik"),
	OPTION("--hiboutik-hook-url", tills.hiboutik_hook_url, false,
	       "https://… in the settings: sales"),
	OPTION("--hiboutik-hook-target", tills.hiboutik_hook_target, false,
	       "https://HOST:PORT where hooks really go"),
	OPTION("--hiboutik-hook-secret-env", tills.hiboutik_hook_secret, true,
	       "variable; of the signing header"),
	OPTION("--hiboutik-account", tills.hiboutik_account, false,
	       "in the registry (kiosk)"),
	OPTION("--lightspeed-r", tills.lightspeed_r, false,
	       "HOST:PORT (127.0.0.1:0)"),
	OPTION("--lightspeed-r-client", tills.lightspeed_r_client, false,
	       "client id (client-r)"),
	OPTION("--lightspeed-r-secret-env", tills.lightspeed_r_secret, true,
	       "variable; client secret"),
	OPTION("--lightspeed-r-refresh-env", tills.lightspeed_r_refresh, true,
	       "variable; without both there is none"),
	OPTION("--lightspeed-r-account", tills.lightspeed_r_account, false,
	       "in the registry (bazaar)"),
	OPTION("--lightspeed-x", tills.lightspeed_x, false,
	       "HOST:PORT (127.0.0.1:0)"),
	OPTION("--lightspeed-x-token-env", tills.lightspeed_x_token, true,
	       "variable; without it or refresh none"),
	OPTION("--lightspeed-x-client", tills.lightspeed_x_client, false,
	       "client id (client-x)"),
	OPTION("--lightspeed-x-secret-env", tills.lightspeed_x_secret, true,
	       "variable; signs hooks as well"),
	OPTION("--lightspeed-x-refresh-env", tills.lightspeed_x_refresh, true,
	       "variable; first refresh token"),
	OPTION("--lightspeed-x-hook-url", tills.lightspeed_x_hook_url, false,
	       "https://… subscribed from the first"),
	OPTION("--lightspeed-x-hook-target", tills.lightspeed_x_hook_target,
	       false, "https://HOST:PORT where hooks really go"),
	OPTION("--lightspeed-x-account", tills.lightspeed_x_account, false,
	       "in the registry (market)"),
	OPTION("--ca", ca, false, "PEM file that hooks trust"),
	OPTION("--traffic", traffic, false, "events per second (none)"),
	OPTION("--write-csv", write_csv, false, "file for the registry"),
	OPTION("--erp", erp, false, "Galaxy's account in it (erp)"),
	OPTION("--till", till, false, "Square's account in it (agora)"),
#undef OPTION
};

enum { N_KNOWN = sizeof(known) / sizeof(known[0]) };

static const char **
member_of(struct options *o, size_t i)
{
	return (const char **)(void *)((char *)o + known[i].offset);
}

static int
usage(FILE *to)
{
	size_t i;

	fprintf(to, "usage: tillbridge-sim [OPTION VALUE]...\n");
	for (i = 0; i < N_KNOWN; i++)
		fprintf(to, "  %-27s %s\n", known[i].name, known[i].meaning);
	return to == stdout ? 0 : EXIT_USAGE;
}

/* 0, or an exit code; the trouble is on stderr. */
static int
read_options(struct options *o, int argc, char **argv)
{
	size_t i;
	int at;

	for (at = 1; at < argc; at += 2) {
		for (i = 0; i < N_KNOWN && strcmp(argv[at], known[i].name) != 0;
		     i++)
			continue;
		if (i == N_KNOWN || at + 1 == argc) {
			fprintf(stderr, "%s: %s\n", argv[at],
			        i == N_KNOWN ? "unknown option"
			                     : "wants a value");
			return usage(stderr);
		}
		*member_of(o, i) = argv[at + 1];
		if (!known[i].is_env)
			continue;
		*member_of(o, i) = getenv(argv[at + 1]);
		if (*member_of(o, i) == NULL || **member_of(o, i) == '\0') {
			fprintf(stderr, "%s: %s is not set\n", argv[at],
			        argv[at + 1]);
			return EXIT_CONFIG;
		}
		log_forbid(*member_of(o, i));
	}
	return 0;
}

/* Everything that runs; zeroed, and stopped in the reverse order. */
struct world {
	struct sim sim;
	struct galaxy galaxy;
	struct square square;
	struct tipsi tipsi;
	struct tills tills;
	struct control control;
	struct server *servers[SIM_N_SYSTEMS]; /* NULL: not played */
	struct server *control_server;
	struct hooks *hooks[SIM_N_SYSTEMS];
	struct traffic *traffic;
};

static void
make_world(struct world *w, const struct options *o)
{
	const unsigned generated = (unsigned)strtoul(o->galaxy_items, NULL, 10);
	const struct galaxy_options galaxy = {
		.username = o->galaxy_user,
		.password = o->galaxy_password,
		.view = o->galaxy_view,
		.advanced_view = "d0000000-0000-4000-8000-000000000001",
		.view_field = "DOCID",
		.session_ms = strtoll(o->session_s, NULL, 10) * 1000,
		.n_items = (unsigned)strtoul(o->items, NULL, 10),
		.n_sized = (unsigned)strtoul(o->sized, NULL, 10),
		.n_generated = generated,
		.n_customers = (unsigned)strtoul(o->galaxy_customers, NULL, 10),
	};
	const struct square_options square = {
		.token = o->square_token,
		.client_id = o->square_client,
		.client_secret = o->square_secret,
		.refresh_token = o->square_refresh,
		.location = o->square_location,
		.second = o->square_second,
		.hook_url = o->square_hook_url,
		.hook_key = o->square_key,
		.version = "2025-08-20",
		.cursor_ms = 5 * 60 * 1000,
	};
	const struct tipsi_options tipsi = {
		.username = o->tipsi_user,
		.password = o->tipsi_password,
		.store = o->tipsi_store,
		.account = o->tipsi_account,
	};

	sim_init(&w->sim, strtoull(o->seed, NULL, 10));
	galaxy_init(&w->galaxy, &w->sim, &galaxy);
	square_init(&w->square, &w->sim, &square);
	tipsi_init(&w->tipsi, &w->sim, &tipsi);
	tills_init(&w->tills, &w->sim, &o->tills);
	w->control = (struct control){ .sim = &w->sim,
		                       .erp = o->erp,
		                       .till = o->till };
}

static int
start_hooks(struct world *w, const struct options *o)
{
	const struct hooks_options options[SIM_N_SYSTEMS] = {
		[SIM_GALAXY] = { SIM_GALAXY, o->galaxy_hook_url,
		                 o->galaxy_hook_target, o->galaxy_hook_secret,
		                 o->ca },
		[SIM_SQUARE] = { SIM_SQUARE, o->square_hook_url,
		                 o->square_hook_target, o->square_key, o->ca },
		[SIM_HIBOUTIK] = tills_hooks(&w->tills, SIM_HIBOUTIK, o->ca),
		[SIM_LIGHTSPEED_X] =
			tills_hooks(&w->tills, SIM_LIGHTSPEED_X, o->ca),
	};
	int i;
	int r;

	for (i = 0; i < SIM_N_SYSTEMS; i++) {
		if (options[i].secret == NULL)
			continue;
		if (o->ca == NULL || access(o->ca, R_OK) != 0) {
			fprintf(stderr, "--ca: hooks need a readable file\n");
			return ERR_OS;
		}
		r = hooks_start(&w->hooks[i], &options[i]);
		if (r != 0)
			return err_pass(r);
		w->sim.hooks[i] = w->hooks[i];
	}
	return 0;
}

static int
start_servers(struct world *w, const struct options *o)
{
	int r;

	r = server_start(&w->servers[SIM_GALAXY], o->galaxy, galaxy_serve,
	                 &w->galaxy);
	if (r == 0)
		r = server_start(&w->servers[SIM_SQUARE], o->square,
		                 square_serve, &w->square);
	if (r == 0 && w->sim.tipsi != NULL)
		r = server_start(&w->servers[SIM_TIPSI], o->tipsi, tipsi_serve,
		                 &w->tipsi);
	if (r == 0)
		r = tills_start(&w->tills, w->servers);
	if (r == 0)
		r = server_start(&w->control_server, o->control, control_serve,
		                 &w->control);
	return err_pass(r);
}

static int
start_traffic(struct world *w, const struct options *o)
{
	struct decimal rate;

	if (o->traffic == NULL)
		return 0;
	if (decimal_parse(&rate, o->traffic) != 0 ||
	    decimal_cmp(rate, DECIMAL_ZERO) <= 0) {
		fprintf(stderr, "--traffic: a number above 0\n");
		return ERR_OS;
	}
	return err_pass(traffic_start(&w->traffic, &w->sim, rate));
}

static int
write_registry(struct world *w, const struct options *o)
{
	struct buf csv = BUF_INIT;
	FILE *file;
	int r = 0;

	if (o->write_csv == NULL)
		return 0;
	square_registry(&w->square, &csv, o->erp, o->till);
	if (w->sim.tipsi != NULL)
		tipsi_registry(&w->tipsi, &csv);
	tills_registry(&w->tills, &csv);
	file = fopen(o->write_csv, "w");
	if (file == NULL || fwrite(csv.p, 1, csv.n, file) != csv.n)
		r = err_raise(ERR_OS, "cannot write %s", o->write_csv);
	if (file != NULL && fclose(file) != 0 && r == 0)
		r = err_raise(ERR_OS, "cannot write %s", o->write_csv);
	buf_fini(&csv);
	return r;
}

static void
end_world(struct world *w)
{
	int i;

	traffic_stop(w->traffic);
	server_stop(w->control_server);
	for (i = 0; i < SIM_N_SYSTEMS; i++)
		server_stop(w->servers[i]);
	for (i = 0; i < SIM_N_SYSTEMS; i++)
		hooks_stop(w->hooks[i]);
	tills_fini(&w->tills);
	tipsi_fini(&w->tipsi);
	square_fini(&w->square);
	galaxy_fini(&w->galaxy);
	sim_fini(&w->sim);
}

static void
say_ready(const struct world *w)
{
	int i;

	printf("ready");
	for (i = 0; i < SIM_N_SYSTEMS; i++) {
		if (w->servers[i] != NULL)
			printf(" %s=%s", sim_system_name((enum sim_system)i),
			       server_address(w->servers[i]));
	}
	printf(" control=%s\n", server_address(w->control_server));
	fflush(stdout);
}

/* Serve until a signal. Returns the exit code. */
static int
run(struct world *w, const struct options *o, const sigset_t *signals)
{
	int signal_no;

	if (write_registry(w, o) != 0)
		return EXIT_FAILURE;
	if (start_hooks(w, o) != 0)
		return EXIT_CONFIG;
	if (start_servers(w, o) != 0)
		return EXIT_LISTEN;
	if (start_traffic(w, o) != 0)
		return EXIT_USAGE;
	say_ready(w);
	sigwait(signals, &signal_no);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct world world;
	struct options o = {
		.galaxy = "127.0.0.1:0",
		.square = "127.0.0.1:0",
		.tipsi = "127.0.0.1:0",
		.control = "127.0.0.1:0",
		.items = "40",
		.sized = "1",
		.galaxy_items = "0",
		.galaxy_customers = "0",
		.seed = "1",
		.galaxy_user = "sync",
		.galaxy_view = "CommercialEntry/ByDocID",
		.galaxy_timezone = "EET-2EEST,M3.5.0/3,M10.5.0/4",
		.session_s = "1800",
		.square_client = "sq0idp-sim",
		.square_location = "L1",
		.tipsi_user = "sync",
		.tipsi_store = "17",
		.tipsi_account = "cellar",
		.tills = { .hiboutik = "127.0.0.1:0",
		           .hiboutik_email = "till@example.com",
		           .hiboutik_account = "kiosk",
		           .lightspeed_r = "127.0.0.1:0",
		           .lightspeed_r_client = "client-r",
		           .lightspeed_r_account = "bazaar",
		           .lightspeed_x = "127.0.0.1:0",
		           .lightspeed_x_client = "client-x",
		           .lightspeed_x_account = "market" },
		.erp = "erp",
		.till = "agora",
	};
	sigset_t signals;
	int r;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	r = read_options(&o, argc, argv);
	if (r != 0)
		return r;
	if (o.galaxy_password == NULL || o.square_token == NULL) {
		fprintf(stderr, "--galaxy-password-env and --square-token-env "
		                "are needed\n");
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	setenv("TZ", o.galaxy_timezone, 1);
	tzset();
	if (http_client_setup() != 0)
		return EXIT_FAILURE;
	make_world(&world, &o);
	r = run(&world, &o, &signals);
	end_world(&world);
	http_client_teardown();
	return r;
}
