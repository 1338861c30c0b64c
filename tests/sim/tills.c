/* Hiboutik, Lightspeed R and X together; see tills.h. */
#include "tests/sim/tills.h"

#include "gateway/base/err.h"

#include <stdlib.h>
#include <string.h>

enum { HIBOUTIK_STORE = 1, HIBOUTIK_WAREHOUSE = 5 };

void
tills_init(struct tills *t, struct sim *sim, const struct tills_options *o)
{
	const struct hiboutik_options hiboutik = {
		.account = "demo",
		.email = o->hiboutik_email,
		.key = o->hiboutik_key,
		.hook_url = o->hiboutik_hook_url,
		.store = HIBOUTIK_STORE,
		.warehouse = HIBOUTIK_WAREHOUSE,
	};
	const struct lsr_options lightspeed_r = {
		.client_id = o->lightspeed_r_client,
		.client_secret = o->lightspeed_r_secret,
		.refresh_token = o->lightspeed_r_refresh,
	};
	const struct lsx_options lightspeed_x = {
		.token = o->lightspeed_x_token,
		.client_id = o->lightspeed_x_client,
		.client_secret = o->lightspeed_x_secret,
		.refresh_token = o->lightspeed_x_refresh,
		.hook_url = o->lightspeed_x_hook_url,
	};

	t->sim = sim;
	t->options = *o;
	if (o->hiboutik_key != NULL)
		hiboutik_init(&t->hiboutik, sim, &hiboutik);
	if (o->lightspeed_r_secret != NULL && o->lightspeed_r_refresh != NULL)
		lsr_init(&t->lightspeed_r, sim, &lightspeed_r);
	if (o->lightspeed_x_token != NULL || o->lightspeed_x_refresh != NULL)
		lsx_init(&t->lightspeed_x, sim, &lightspeed_x);
	sim->tills = t;
}

void
tills_fini(struct tills *t)
{
	hiboutik_fini(&t->hiboutik);
	lsr_fini(&t->lightspeed_r);
	lsx_fini(&t->lightspeed_x);
}

int
tills_start(struct tills *t, struct server **servers)
{
	int r = 0;

	if (t->sim->hiboutik != NULL)
		r = server_start(&servers[SIM_HIBOUTIK], t->options.hiboutik,
		                 hiboutik_serve, &t->hiboutik);
	if (r == 0 && t->sim->lightspeed_r != NULL)
		r = server_start(&servers[SIM_LIGHTSPEED_R],
		                 t->options.lightspeed_r, lsr_serve,
		                 &t->lightspeed_r);
	if (r == 0 && t->sim->lightspeed_x != NULL)
		r = server_start(&servers[SIM_LIGHTSPEED_X],
		                 t->options.lightspeed_x, lsx_serve,
		                 &t->lightspeed_x);
	return err_pass(r);
}

/* Hooks may be registered later, by a call: they start without a URL too. */
struct hooks_options
tills_hooks(const struct tills *t, enum sim_system system, const char *ca_file)
{
	const struct tills_options *o = &t->options;
	struct hooks_options options = { .system = system, .ca_file = ca_file };

	if (ca_file == NULL)
		return options;
	if (system == SIM_HIBOUTIK && t->sim->hiboutik != NULL) {
		options.url = o->hiboutik_hook_url;
		options.target = o->hiboutik_hook_target;
		options.secret = o->hiboutik_hook_secret != NULL
		                         ? o->hiboutik_hook_secret
		                         : o->hiboutik_key;
	}
	if (system == SIM_LIGHTSPEED_X && t->sim->lightspeed_x != NULL) {
		options.url = o->lightspeed_x_hook_url;
		options.target = o->lightspeed_x_hook_target;
		options.secret = o->lightspeed_x_secret != NULL
		                         ? o->lightspeed_x_secret
		                         : o->lightspeed_x_token;
	}
	return options;
}

/* ---- the registry ---- */

static void
add_hiboutik(void *till, struct buf *out, const char *sku)
{
	const struct hiboutik_thing *thing = hiboutik_find(till, sku);
	char name[48];

	if (thing != NULL)
		buf_adds(out, hiboutik_name(name, thing));
}

static void
add_lightspeed_r(void *till, struct buf *out, const char *sku)
{
	const struct lsr_thing *thing = lsr_find(till, sku);

	if (thing != NULL)
		buf_addf(out, "%lld", (long long)thing->id);
}

static void
add_lightspeed_x(void *till, struct buf *out, const char *sku)
{
	const struct lsx_thing *thing = lsx_find(till, sku);

	if (thing != NULL)
		buf_adds(out, thing->id);
}

void
tills_registry(struct tills *t, struct buf *csv)
{
	if (t->sim->hiboutik != NULL)
		till_column(csv, t->options.hiboutik_account, &t->hiboutik,
		            add_hiboutik);
	if (t->sim->lightspeed_r != NULL)
		till_column(csv, t->options.lightspeed_r_account,
		            &t->lightspeed_r, add_lightspeed_r);
	if (t->sim->lightspeed_x != NULL)
		till_column(csv, t->options.lightspeed_x_account,
		            &t->lightspeed_x, add_lightspeed_x);
}

/* ---- the control interface ---- */

static bool
is_asked(const struct json_node *body, const char *key)
{
	bool is_so = false;

	json_get_bool(&is_so, body, key);
	return is_so;
}

void
tills_add(struct tills *t, const struct json_node *body,
          struct galaxy_item *item, struct json_out *out)
{
	struct galaxy_balance *balance = &item->balances[0];
	const struct hiboutik_thing *h;
	const struct lsr_thing *r;
	char name[48];

	if (t->sim->hiboutik != NULL && is_asked(body, "hiboutik")) {
		h = hiboutik_add(&t->hiboutik, item, balance);
		if (h != NULL)
			json_out_text(out, "hiboutik", hiboutik_name(name, h));
	}
	if (t->sim->lightspeed_r != NULL && is_asked(body, "lightspeed_r")) {
		r = lsr_add(&t->lightspeed_r, item, balance);
		if (r != NULL)
			lsr_out_int(out, "lightspeed_r", r->id);
	}
	if (t->sim->lightspeed_x != NULL && is_asked(body, "lightspeed_x"))
		json_out_text(out, "lightspeed_x",
		              lsx_add(&t->lightspeed_x, item, balance)->id);
}

/* NULL: it is not played. */
static const struct till_hands *
hands_of(struct tills *t, enum sim_system system, void **till)
{
	if (system == SIM_HIBOUTIK && t->sim->hiboutik != NULL) {
		*till = &t->hiboutik;
		return &hiboutik_hands;
	}
	if (system == SIM_LIGHTSPEED_R && t->sim->lightspeed_r != NULL) {
		*till = &t->lightspeed_r;
		return &lsr_hands;
	}
	if (system == SIM_LIGHTSPEED_X && t->sim->lightspeed_x != NULL) {
		*till = &t->lightspeed_x;
		return &lsx_hands;
	}
	return NULL;
}

unsigned
tills_count(const struct tills *t)
{
	return (t->sim->hiboutik != NULL ? 1U : 0U) +
	       (t->sim->lightspeed_r != NULL ? 1U : 0U) +
	       (t->sim->lightspeed_x != NULL ? 1U : 0U);
}

void
tills_sell(struct tills *t, unsigned n, struct galaxy_item *item,
           struct galaxy_balance *balance)
{
	const struct till_hands *hands = NULL;
	struct till_goods goods;
	void *till = NULL;
	int system;

	for (system = 0; system < SIM_N_SYSTEMS; system++) {
		hands = hands_of(t, (enum sim_system)system, &till);
		if (hands != NULL && n-- == 0)
			break;
	}
	if (system == SIM_N_SYSTEMS)
		return;
	till_goods_init(&goods, item, balance);
	till_sell(hands, till, goods.sku, decimal_of(1));
	till_goods_fini(&goods);
}

const char *
tills_control(struct tills *t, enum sim_system system, const char *what,
              const struct json_node *body, struct json_out *out)
{
	void *till = NULL;
	const struct till_hands *hands = hands_of(t, system, &till);

	return hands != NULL ? till_obey(hands, till, what, body, out)
	                     : "was started without its secrets";
}

void
tills_print_state(struct tills *t, struct json_out *out)
{
	if (t->sim->hiboutik != NULL) {
		json_out_object(out, "hiboutik");
		hiboutik_print_state(&t->hiboutik, out);
		json_out_end_object(out);
	}
	if (t->sim->lightspeed_r != NULL) {
		json_out_object(out, "lightspeed_r");
		lsr_print_state(&t->lightspeed_r, out);
		json_out_end_object(out);
	}
	if (t->sim->lightspeed_x != NULL) {
		json_out_object(out, "lightspeed_x");
		lsx_print_state(&t->lightspeed_x, out);
		json_out_end_object(out);
	}
}
