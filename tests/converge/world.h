#ifndef CONVERGE_WORLD_H
#define CONVERGE_WORLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"
#include "gateway/base/json.h"
#include "gateway/drivers/http_client.h"

/*
 * The convergence test: everything its files share.
 *
 * One thread acts (act.h) and checks (check.h), another delivers hooks
 * (hooks.c). What one seed decides is which actions there are, in which order
 * and with which waits; how they fall on the programs is the machine's affair.
 */
enum {
	ITEMS_MAX = 64,
	SIMS_MAX = 2,
	TILLS_MAX = 6,
	LINES_MAX = 5,
	NAME_SIZE = 48,
	TEXT_SIZE = 400,
	SHOP_MAX = 200,
	CLOCK_STEPS_MAX = 200,
};

/* What is external: the vendors, in the order in which tills are numbered. */
enum till_kind {
	TILL_SQUARE,
	TILL_HIBOUTIK,
	TILL_LIGHTSPEED_X,
	TILL_LIGHTSPEED_R,
	TILL_TIPSI,
	TILL_KINDS,
};

/* A vendor, as the simulator has it. */
struct till_type {
	const char *word; /* at the control interface, and its account's type */
	const char *account; /* of the first one */
	const char *counts;  /* in the state; as the next ones */
	const char *id;      /* of a count */
	const char *count;
	const char *sales;  /* NULL: it tells of none */
	const char *over;   /* state of a sale that is made */
	bool has_hooks;     /* it calls us */
	bool may_lag;       /* a write may hide a sale for two seconds */
	bool is_whole;      /* it has whole pieces only */
	bool may_amend;     /* a sale may have later versions */
	bool lists_returns; /* among its sales */
	int64_t late_s;     /* a sale may be sent so much later; 0: not */
};

struct till {
	enum till_kind kind;
	const struct till_type *type;
	const char *name; /* of its account */
	size_t sim;
};

/* What may happen to an item. */
enum item_kind {
	ITEM_SOLD, /* it is sold, on time, and nothing else: see check_ceiling */
	ITEM_FLIP, /* its binding comes and goes as well */
	ITEM_FREE, /* anything but that */
};

enum secret_name {
	SECRET_PASSWORD,
	SECRET_GALAXY_HOOK,
	SECRET_TOKEN,
	SECRET_KEY,
	SECRET_HIBOUTIK_KEY,
	SECRET_HIBOUTIK_TOKEN,
	SECRET_X_TOKEN,
	SECRET_X_SECRET,
	SECRET_R_SECRET,
	SECRET_R_REFRESH,
	SECRET_TIPSI,
	SECRETS,
};

enum { SECRET_SIZE = 72 };

/* A thing that happened, and up to where a 2xx hook told of it. */
struct news {
	int64_t changed; /* numbers of world.seq; 0: never */
	int64_t told;
};

struct item {
	char sku[NAME_SIZE];
	char code[NAME_SIZE]; /* at Galaxy's control interface */
	char itemid[NAME_SIZE];
	char cell[100];                       /* of Galaxy in the registry */
	char variation[TILLS_MAX][NAME_SIZE]; /* "": it is not sold there */
	enum item_kind kind;
	bool has_fractions;
	bool is_kept_at_till; /* its authority is the first till */
	struct decimal moved; /* there: delivered, less what was lost */
	bool stays_unbound;   /* once unbound, to the end of the run */
	bool is_bound;        /* as a person wants it */
	bool is_imported;     /* and so the registry has it */
	int64_t unbound_mono_ms;
	int64_t writes_then[TILLS_MAX]; /* when all that was under way was over;
	                                   -1: not looked yet */
	int reserve;
	struct decimal opening;
	struct news galaxy;
	struct news till[TILLS_MAX];
};

struct order_line {
	size_t item;
	struct decimal qty;
	char uid[NAME_SIZE];
};

struct order {
	char id[NAME_SIZE];
	size_t till;
	struct order_line lines[LINES_MAX];
	size_t n_lines;
	unsigned n_versions;
	struct news news;
	bool is_return;  /* of one line, with a negative quantity */
	bool is_dropped; /* a person who is asked leaves it out */
	bool was_booked; /* dropped: its late line was booked before a loss */
};

/* What the web shop sends: an order, or a customer. */
struct shop_order {
	char number[NAME_SIZE];
	char key[NAME_SIZE + 8]; /* "": it sends none */
	char docid[41];          /* as answered */
	char *body;              /* owned */
	bool is_customer;
	bool is_taken;
	int64_t n_losses; /* of Redis, when it was taken last */
	struct order_line lines[LINES_MAX];
	size_t n_lines;
	struct decimal total;
	bool has_total;
};

struct sim_process {
	pid_t pid;
	char galaxy[64]; /* http://HOST:PORT */
	char tills[TILL_KINDS][64];
	char control[64];
};

/* The clock was set; the first one there was is not among them. */
struct clock_step {
	int64_t when_ms; /* true */
	int64_t offset_s;
};

struct hooks;

struct world {
	/* what was asked for */
	uint64_t seed;
	int n_actions;
	int64_t until_mono_ms; /* 0: by actions alone */
	bool may_kill;
	bool keeps;
	int64_t rest_ms; /* in which it must come to rest */
	/* what the seed decided */
	uint64_t chance;
	bool has_lookup;
	bool has_echo;           /* the till announces what we write */
	bool holds_returns;      /* Galaxy's entry.returns */
	unsigned n_kept_at_till; /* items; 0: Galaxy keeps all of them */
	bool has_loss;           /* Redis loses everything, once */
	bool has_kind[TILL_KINDS];
	struct till
		tills[TILLS_MAX]; /* the first of them is Square's, and so is
	                                 what all kept at a till is kept at */
	size_t n_tills;
	size_t n_selling; /* so many of the first sell */
	size_t n_telling; /* and so many of these call us */
	size_t n_sims;
	/* the place */
	const char *root; /* borrowed, as the next two */
	const char *tillbridge;
	const char *simulator;
	char dir[200];
	char hooks_url[64]; /* https://localhost:PORT */
	char api_url[64];
	char secrets[SECRETS][SECRET_SIZE];
	struct sim_process sims[SIMS_MAX];
	pid_t daemon;       /* 0: not running */
	char **environment; /* of the daemon and its commands; never freed */
	bool has_clock;     /* theirs can be set */
	int64_t clock_offset_s;
	struct clock_step steps[CLOCK_STEPS_MAX + 2]; /* from the second on */
	size_t n_steps;
	struct http_client *http;
	struct hooks *hooks;
	bool is_open;    /* it was at rest once */
	bool holds_wait; /* a person does not release zeros by themselves */
	bool has_dropped_zeros; /* a person did, and no sync came since */
	/* what is there; the lock guards news and seq */
	pthread_mutex_t lock;
	int64_t seq;
	struct item items[ITEMS_MAX];
	size_t n_items;
	struct order *orders; /* owned */
	size_t n_orders, cap_orders;
	struct shop_order shop[SHOP_MAX];
	size_t n_shop;
	size_t n_kept; /* the first so many are from before a loss of Redis */
	/* what happened */
	struct buf log;        /* a line each; the lock guards it */
	struct buf violation;  /* the first one found; empty: none */
	size_t violated_item;  /* ITEMS_MAX: none */
	size_t violated_order; /* SIZE_MAX: none */
	int64_t n_daemon_kills, n_redis_kills, n_losses, n_outages;
	int64_t n_lost_answers, n_faults, n_syncs, n_decisions, n_imports;
	size_t n_asked; /* why an item shows what it shows */
	int64_t n_explained;
};

/* ---- chance: the acting thread only ---- */

uint64_t chance_next(struct world *w);
unsigned below(struct world *w, unsigned n);
bool percent(struct world *w, unsigned n);

/* ---- the log of actions, and what went wrong ---- */

void say(struct world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first violation stands. item: ITEMS_MAX for none. */
void violate(struct world *w, size_t item, size_t order, const char *format,
             ...) __attribute__((format(printf, 4, 5)));
bool is_violated(const struct world *w);

/* ---- making and ending it; what fails there ends the program ---- */

void world_start(struct world *w);
void world_stop(struct world *w);

/* Trouble of the test itself: says it, ends all processes, exits with 2. */
void give_up(struct world *w, const char *what) __attribute__((noreturn));

/* ---- process.c ---- */

/* Start it with our environment; out and err are files of the folder. */
pid_t launch(struct world *w, const char *const *argv, const char *out,
             const char *err);

/* The same on tillbridge's machine, which has its own clock. */
pid_t launch_there(struct world *w, const char *const *argv, const char *out,
                   const char *err);

/* True when it has ended by itself within that time. */
bool ends(pid_t pid, int *status, int64_t ms);

/* Send it that and wait; *pid is 0 then. */
void end_process(pid_t *pid, int signal_no);

void daemon_start(struct world *w);

/* SIGKILL or SIGTERM; waits for its end. */
void daemon_end(struct world *w, int signal_no);

/* kill -9 of the private Redis; false: there was none. */
bool redis_kill(struct world *w);

/* Waits until none is there; false: one stays. */
bool redis_ends(struct world *w);

/* What it had on disk is gone; nothing must be running. */
void redis_empty(struct world *w);

/* The daemon's machine has a clock of its own, where has_clock. */
void clock_prepare(struct world *w);
void clock_set(struct world *w, int64_t offset_s);
bool is_ready(struct world *w);
bool wait_ready(struct world *w, int64_t ms);

/* True while it should run and does; a violation if it ended by itself. */
bool daemon_lives(struct world *w);

/* Run `tillbridge items import` on what is written there. */
bool import_csv(struct world *w, const char *csv);

/* ---- tills.c ---- */

/* Number the tills: n of Square's, and one of each other kind there is. */
void tills_choose(struct world *w, size_t n_squares);

/* One that sells; one that calls us, too. */
size_t till_pick(struct world *w);
size_t till_pick_telling(struct world *w);

/* Is the item sold there? */
bool till_has(const struct world *w, size_t till, size_t item);

/* Its member of the configuration's accounts. */
void till_configure(struct world *w, struct json_out *o, size_t till);

/* Give the simulator what it wants for a kind: options, ended by NULL. */
const char *const *till_sim_options(enum till_kind kind);

/* Rows of a simulator's state; one of them, or the test gives up. */
const struct json_node *till_counts(const struct world *w, size_t till,
                                    const struct json *state);
const struct json_node *till_row(struct world *w, size_t till,
                                 const struct json_node *rows, size_t item);
struct decimal till_count(const struct world *w, size_t till,
                          const struct json_node *row);

/* How often, or by how much, a count was written; it grows with each write. */
int64_t till_writes(const struct world *w, size_t till,
                    const struct json_node *row);

/* The id of the outlet in the simulator of Lightspeed X. */
extern const char till_outlet[];

/* ---- call.c: the acting thread only ---- */

/* Status; the body goes to *out when it is JSON (free it), else NULL. */
int api_call(struct world *w, const char *method, const char *path,
             const char *body, struct json **out);

/* A POST of the shop's; key may be "". Status, 0: no answer in that time. */
int shop_call(struct world *w, const char *path, const char *body,
              const char *key, int64_t timeout_ms, struct json **out);

/* A simulator's control interface; what it refuses ends the program. */
struct json *control(struct world *w, size_t sim, const char *path,
                     const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void order_control(struct world *w, size_t sim, const char *path,
                   const char *format, ...)
	__attribute__((format(printf, 4, 5)));
struct json *control_state(struct world *w, size_t sim);

/* Of the simulator that plays this till. */
struct json *till_state(struct world *w, size_t till);
struct json *control_customers(struct world *w);

/* An amount of money that Square shows for an order, in cents. */
struct json *square_orders(struct world *w, size_t till, const char *const *ids,
                           size_t n);

/* ---- news ---- */

/* Something happened to it, now. */
void news_changed(struct world *w, struct news *news);

/* All was found right: as if all had been told. */
void news_settled(struct world *w);
bool news_is_told(struct world *w, const struct news *news);

/* ---- hooks.c ---- */

enum hook_kind {
	HOOK_GALAXY,  /* names an item */
	HOOK_COUNT,   /* names an item at a till */
	HOOK_PAYMENT, /* names an order */
	HOOK_ORDER,   /* the same, by its later version */
};

struct hook {
	enum hook_kind kind;
	size_t item, order, till;
	int64_t delay_ms;
	unsigned copies;
	unsigned tries; /* then it is lost */
	unsigned form;  /* of a Galaxy hook */
	bool is_forged;
};

void hooks_start(struct world *w);

/* Queue it; of a till that does not call us: nothing. Threads: the acting one. */
void hooks_add(struct world *w, const struct hook *hook);

/* Nothing is on its way. */
bool hooks_are_idle(struct world *w);
void hooks_count(struct world *w, int64_t *sent, int64_t *accepted,
                 int64_t *lost);
void hooks_stop(struct world *w);

/* ---- hooks_form.c: what they look like ---- */

/* Owned by the caller; NULL: out of memory. */
char *hook_body(const struct world *w, const struct hook *hook, int number);

struct hook_request {
	struct http_request http;
	char *url; /* owned, as the next one */
	char *proof;
	char signature[160];
};

/* body outlives it. */
void hook_request_init(struct hook_request *out, const struct world *w,
                       const struct hook *hook, const char *body);
void hook_request_fini(struct hook_request *r);

/* ---- report.c ---- */

/* Ask the daemon, while it runs, what it knows of what was violated. */
void report_explain(struct world *w);
void report(struct world *w);

/* The actions as a file beside the logs. Returns its path; free it. */
char *report_actions(const struct world *w);

#endif
