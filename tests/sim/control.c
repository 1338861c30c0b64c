/* The control interface; see control.h. One function for each call. */
#include "tests/sim/control.h"

#include "tests/sim/calls.h"
#include "tests/sim/fault.h"
#include "tests/sim/galaxy.h"
#include "tests/sim/hooks.h"
#include "tests/sim/server.h"
#include "tests/sim/square.h"
#include "tests/sim/tills.h"
#include "tests/sim/tipsi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A call in hand. A function returns NULL, or what is wrong with the call;
 * members it writes to out stand in the reply's one object.
 */
struct order {
	struct sim *sim;
	const struct json_node *body;
	const char *rest; /* of the path, behind what the table names */
	struct json_out *out;
};

/* ---- Square ---- */

static struct square_variation *
variation_of(const struct order *o, const struct json_node *where)
{
	const char *text = json_text_or(where, "variation", NULL);

	if (text == NULL)
		text = json_text_or(where, "sku", "");
	return square_find(o->sim->square, text);
}

/* The location that an order names, else the first. False: there is no such. */
static bool
read_location(const struct order *o, size_t *at)
{
	const char *id = json_text_or(o->body, "location", NULL);

	*at = 0;
	return id == NULL || square_location_find(o->sim->square, at, id);
}

static const char *
read_sale(const struct order *o, struct square_sale *sale)
{
	const struct json_node *lines = json_find(o->body, "lines");
	const struct json_node *one;
	struct square_line *line;
	size_t i;

	sale->n_lines = json_length(lines);
	if (!read_location(o, &sale->at))
		return "location: unknown";
	if (sale->n_lines == 0 || sale->n_lines > SQUARE_LINES_MAX)
		return "lines: from 1 to 32";
	for (i = 0; i < sale->n_lines; i++) {
		one = json_at(lines, i);
		line = &sale->lines[i];
		line->variation = variation_of(o, one);
		line->quantity = decimal_of(1);
		if (line->variation == NULL)
			return "lines: unknown variation or sku";
		if (json_find(one, "quantity") != NULL &&
		    !sim_decimal(&line->quantity, one, "quantity"))
			return "lines: quantity is a decimal";
	}
	sale->is_announced = true;
	json_get_bool(&sale->is_announced, o->body, "announce");
	json_get_int(&sale->closed_ago_s, o->body, "closed_ago_s");
	json_get_int(&sale->visible_after_ms, o->body, "visible_after_ms");
	return NULL;
}

static const char *
sell(const struct order *o)
{
	struct square_sale *sale = sim_alloc(sizeof(*sale));
	const struct square_order *made;
	const char *wrong = read_sale(o, sale);
	size_t i;

	if (wrong == NULL) {
		made = square_sell(o->sim->square, sale);
		json_out_text(o->out, "order", made->id);
		json_out_text(o->out, "payment", made->payment_id);
		json_out_array(o->out, "uids");
		for (i = 0; i < made->n_lines; i++)
			json_out_text(o->out, NULL, made->lines[i].uid);
		json_out_end_array(o->out);
	}
	free(sale);
	return wrong;
}

static const char *
count(const struct order *o)
{
	struct square_variation *v = variation_of(o, o->body);
	struct decimal quantity;
	bool is_announced = true;
	size_t at;

	if (v == NULL)
		return "variation or sku: unknown";
	if (!read_location(o, &at))
		return "location: unknown";
	if (!sim_decimal(&quantity, o->body, "quantity"))
		return "quantity: a decimal";
	json_get_bool(&is_announced, o->body, "announce");
	square_count(o->sim->square, v, at, quantity, is_announced);
	return NULL;
}

static const char *
move(const struct order *o)
{
	struct square_move move = {
		.variation = variation_of(o, o->body),
		.is_announced = true,
		.order_id = json_text_or(o->body, "order", ""),
	};

	if (move.variation == NULL)
		return "variation or sku: unknown";
	if (!read_location(o, &move.at))
		return "location: unknown";
	if (!square_state_parse(&move.from,
	                        json_text_or(o->body, "from", "")) ||
	    !square_state_parse(&move.to, json_text_or(o->body, "to", "")))
		return "from, to: inventory states";
	if (!sim_decimal(&move.quantity, o->body, "quantity"))
		return "quantity: a decimal";
	if (strlen(move.order_id) >= SQUARE_ID_SIZE)
		return "order: an id";
	json_get_int(&move.ago_s, o->body, "ago_s");
	json_get_bool(&move.has_refund, o->body, "refund");
	json_get_bool(&move.is_announced, o->body, "announce");
	json_out_text(o->out, "adjustment", square_move(o->sim->square, &move));
	return NULL;
}

static const char *
amend(const struct order *o)
{
	struct decimal quantity;

	if (!sim_decimal(&quantity, o->body, "quantity"))
		return "quantity: a decimal";
	if (!square_amend(o->sim->square, o->rest,
	                  json_text_or(o->body, "uid", NULL), quantity))
		return "no such order or line";
	return NULL;
}

/* What the catalogue says of it: {"deleted","archived","absent_at"}. */
static const char *
shelve(const struct order *o)
{
	struct square_variation *v = variation_of(o, o->body);
	const char *absent = json_text_or(o->body, "absent_at", NULL);
	size_t at = 0;

	if (v == NULL)
		return "variation or sku: unknown";
	if (absent != NULL &&
	    !square_location_find(o->sim->square, &at, absent))
		return "absent_at: unknown";
	json_get_bool(&v->is_deleted, o->body, "deleted");
	json_get_bool(&v->is_archived, o->body, "archived");
	if (absent != NULL)
		v->is_absent[at] = true;
	return NULL;
}

static const char *
switch_square(const struct order *o)
{
	struct square_switches *is = &o->sim->square->is;

	json_get_bool(&is->ignores_by_count, o->body, "ignores_by_count");
	json_get_int(&is->page_max, o->body, "page_max");
	json_get_int(&is->token_s, o->body, "token_s");
	json_get_bool(&is->old_token_errors, o->body, "old_token_errors");
	json_get_int(&o->sim->square->options.cursor_ms, o->body, "cursor_ms");
	return is->page_max < 1 ? "page_max: at least 1" : NULL;
}

/* ---- Tipsi ---- */

/* NULL: it is not played, or has no such item. */
static struct tipsi_item *
tipsi_item_of(const struct order *o)
{
	const char *text = json_text_or(o->body, "external_id", NULL);

	if (text == NULL)
		text = json_text_or(o->body, "sku", "");
	return o->sim->tipsi != NULL ? tipsi_find(o->sim->tipsi, text) : NULL;
}

/* Without "in_stock" nobody has counted. */
static const char *
count_tipsi(const struct order *o)
{
	struct tipsi_item *item = tipsi_item_of(o);
	int64_t n = 0;
	int r = json_get_int(&n, o->body, "in_stock");

	if (item == NULL)
		return "external_id or sku: unknown";
	if (r == JSON_WRONG_TYPE)
		return "in_stock: a whole number";
	tipsi_count(o->sim->tipsi, item, r == 0, n);
	return NULL;
}

static const char *
delete_tipsi(const struct order *o)
{
	struct tipsi_item *item = tipsi_item_of(o);

	if (item == NULL)
		return "external_id or sku: unknown";
	tipsi_delete(o->sim->tipsi, item);
	return NULL;
}

static const char *
switch_tipsi(const struct order *o)
{
	struct tipsi_switches *is;

	if (o->sim->tipsi == NULL)
		return "tipsi: was started without a password";
	is = &o->sim->tipsi->is;
	json_get_int(&is->batch_ms, o->body, "batch_ms");
	json_get_int(&is->lost_status, o->body, "lost_status");
	json_get_int(&is->page_max, o->body, "page_max");
	return is->page_max < 1 ? "page_max: at least 1" : NULL;
}

static const char *
expire_tipsi(const struct order *o)
{
	if (o->sim->tipsi == NULL)
		return "tipsi: was started without a password";
	tipsi_expire_sessions(o->sim->tipsi);
	return NULL;
}

static const char *
expire_square(const struct order *o)
{
	square_tokens_expire(o->sim->square);
	return NULL;
}

static const char *
revoke_square(const struct order *o)
{
	square_tokens_revoke(o->sim->square);
	return NULL;
}

/* A seller authorises anew. */
static const char *
authorise_square(const struct order *o)
{
	const char *refresh = json_text_or(o->body, "refresh_token", NULL);

	if (refresh == NULL)
		return "refresh_token: the text of a new one";
	square_tokens_authorise(o->sim->square, refresh);
	return NULL;
}

/* ---- Galaxy ---- */

static const char *
change_balance(const struct order *o)
{
	const char *code = json_text_or(o->body, "code", "");
	struct galaxy_balance *balance;
	struct galaxy_item *item;
	struct decimal quantity;

	item = galaxy_find_code(o->sim->galaxy, code, &balance);
	if (item == NULL)
		return "code: unknown";
	if (sim_decimal(&quantity, o->body, "balance"))
		quantity = decimal_sub(quantity, balance->quantity);
	else if (!sim_decimal(&quantity, o->body, "delta"))
		return "balance or delta: a decimal";
	galaxy_receive(o->sim->galaxy, item, balance, quantity);
	json_out_decimal(o->out, "balance", balance->quantity);
	return NULL;
}

static struct galaxy_item *
make_item(const struct order *o, const char *code, const char *name)
{
	struct galaxy *galaxy = o->sim->galaxy;
	struct decimal price = decimal_of(5);
	struct decimal stock = DECIMAL_ZERO;
	struct galaxy_item *item;
	bool is_at_till = false;

	sim_decimal(&price, o->body, "price");
	sim_decimal(&stock, o->body, "balance");
	json_get_bool(&is_at_till, o->body, "square");
	item = galaxy_add_item(galaxy, code, name, price, stock);
	galaxy_receive(galaxy, item, &item->balances[0], DECIMAL_ZERO);
	if (is_at_till)
		json_out_text(
			o->out, "variation",
			square_add(o->sim->square, item, &item->balances[0])
				->id);
	tills_add(o->sim->tills, o->body, item, o->out);
	return item;
}

static void
begin_change(const struct order *o, struct galaxy_item *item, bool is_new,
             const char *name)
{
	struct galaxy *galaxy = o->sim->galaxy;
	int64_t late_ms = 0;
	bool is_in_flight = false;

	json_get_int(&late_ms, o->body, "late_ms");
	json_get_bool(&is_in_flight, o->body, "in_flight");
	if (is_in_flight) {
		galaxy_hold(galaxy, item, is_new, name);
	} else if (!is_new) {
		free(item->name);
		item->name = sim_dup(name);
		galaxy_touch(galaxy, item);
	}
	if (late_ms > 0)
		item->visible_us = sim_now_us(o->sim) + late_ms * 1000;
}

static void
read_flags(const struct json_node *body, struct galaxy_item *item)
{
	bool is_active = !item->is_inactive;
	bool is_online = !item->is_offline;
	int64_t images = item->n_images;

	json_get_bool(&is_active, body, "active");
	json_get_bool(&is_online, body, "web");
	json_get_bool(&item->is_blocked, body, "blocked");
	json_get_bool(&item->has_pack, body, "pack");
	json_get_bool(&item->has_combination, body, "combination");
	json_get_int(&images, body, "images");
	item->is_inactive = !is_active;
	item->is_offline = !is_online;
	if (images >= 0 && images <= (int64_t)item->n_balances)
		item->n_images = (int)images;
}

/* A new item; or a known one that changes, under a new revision. */
static const char *
change_item(const struct order *o)
{
	const char *code = json_text_or(o->body, "code", "");
	struct galaxy_balance *balance;
	struct galaxy_item *item;
	const char *name;
	bool is_new;

	if (code[0] == '\0')
		return "code: is needed";
	item = galaxy_find_code(o->sim->galaxy, code, &balance);
	is_new = item == NULL;
	name = json_text_or(o->body, "name", is_new ? code : item->name);
	name = sim_dup(name); /* it may be the one that is freed */
	if (is_new)
		item = make_item(o, code, name);
	else if (item->visible_us == INT64_MAX)
		is_new = true;
	read_flags(o->body, item);
	begin_change(o, item, is_new, name);
	free((void *)(uintptr_t)name);
	json_out_text(o->out, "itemid", item->itemid);
	json_out_text(o->out, "id", item->id);
	json_out_int(o->out, "revision",
	             item->next_name != NULL ? item->next_revision
	                                     : item->revision);
	return NULL;
}

/* What was in flight is seen from now on, under the number it has. */
static const char *
commit_item(const struct order *o)
{
	struct galaxy_balance *balance;
	struct galaxy_item *item;

	item = galaxy_find_code(o->sim->galaxy,
	                        json_text_or(o->body, "code", ""), &balance);
	if (item == NULL)
		return "code: unknown";
	if (!galaxy_commit(item))
		return "code: nothing is in flight";
	json_out_int(o->out, "revision", item->revision);
	return NULL;
}

/* ---- Galaxy: what goes, and what is many ---- */

static const char *
delete_item(struct galaxy *galaxy, const char *code)
{
	struct galaxy_balance *balance;
	struct galaxy_item *item = galaxy_find_code(galaxy, code, &balance);

	if (item == NULL)
		return "code: unknown";
	item->is_gone = true;
	return NULL;
}

static const char *
change_customer(struct galaxy *galaxy, const struct json_node *body,
                bool is_gone)
{
	const char *name = json_text_or(body, "description", NULL);
	struct galaxy_customer *c;
	bool is_active = true;

	c = galaxy_find_customer_code(galaxy, json_text_or(body, "code", ""));
	if (c == NULL)
		return "code: unknown";
	json_get_bool(&is_active, body, "active");
	c->is_inactive = !is_active;
	c->is_gone = is_gone;
	if (name != NULL) {
		free(c->name);
		c->name = sim_dup(name);
	}
	c->revision = ++galaxy->revision;
	return NULL;
}

static const char *
delete_row(const struct order *o)
{
	struct galaxy *galaxy = o->sim->galaxy;
	const char *list = json_text_or(o->body, "list", "");
	const char *code = json_text_or(o->body, "code", "");
	const char *id = json_text_or(o->body, "id", "");

	if (strcmp(list, "items") == 0)
		return delete_item(galaxy, code);
	if (strcmp(list, "customers") == 0)
		return change_customer(galaxy, o->body, true);
	if (strcmp(list, "itemaltercodes") != 0 &&
	    strcmp(list, "itemimages") != 0)
		return galaxy_change_row(galaxy, list, code, NULL, true, true);
	if (strlen(id) != GALAXY_GUID_SIZE - 1)
		return "id: a GUID of the list";
	galaxy_delete_guid(galaxy, id);
	return NULL;
}

static const char *
change_row(const struct order *o)
{
	const char *list = json_text_or(o->body, "list", "");
	bool is_active = true;

	if (strcmp(list, "customers") == 0)
		return change_customer(o->sim->galaxy, o->body, false);
	json_get_bool(&is_active, o->body, "active");
	return galaxy_change_row(
		o->sim->galaxy, list, json_text_or(o->body, "code", ""),
		json_text_or(o->body, "description", NULL), false, is_active);
}

static const char *
generate_items(const struct order *o)
{
	int64_t n = 0;

	json_get_int(&n, o->body, "items");
	return galaxy_generate(o->sim->galaxy, n);
}

/* New revisions for the first n generated items: a day's changes. */
static const char *
touch_items(const struct order *o)
{
	struct galaxy *galaxy = o->sim->galaxy;
	struct galaxy_balance *balance;
	struct galaxy_item *item;
	char code[GALAXY_CODE_SIZE];
	int64_t n = 0;
	int64_t i;

	json_get_int(&n, o->body, "items");
	if (n < 1 || n > galaxy->n_generated)
		return "items: as many as are generated, at most";
	for (i = 0; i < n; i++) {
		snprintf(code, sizeof(code), "41-%06d", (int)i + 1);
		item = galaxy_find_code(galaxy, code, &balance);
		if (item != NULL && !item->is_gone)
			galaxy_touch(galaxy, item);
	}
	json_out_int(o->out, "revision", galaxy->revision);
	return NULL;
}

static const char *
print_documents(const struct order *o)
{
	galaxy_print_documents(o->sim->galaxy,
	                       o->rest[0] != '\0' ? o->rest : NULL, o->out);
	return NULL;
}

static const char *
print_customers(const struct order *o)
{
	galaxy_print_customers(o->sim->galaxy, o->out);
	return NULL;
}

static const char *
switch_galaxy(const struct order *o)
{
	struct galaxy *galaxy = o->sim->galaxy;
	struct galaxy_switches *is = &galaxy->is;
	const struct json_node *b = o->body;

	const char *scenario = json_text_or(b, "default_scenario", NULL);
	bool has_default = is->default_scenario >= 0;

	if (json_get_bool(&has_default, b, "default_scenario") == 0)
		is->default_scenario = has_default ? 0 : -1;
	if (scenario != NULL)
		is->default_scenario =
			galaxy_find_row(galaxy, GALAXY_SCENARIO, scenario);
	if (scenario != NULL && is->default_scenario < 0)
		return "default_scenario: true, false or an ID";
	json_get_bool(&is->upper_guids, b, "upper_guids");
	json_get_bool(&is->balances_by_row, b, "balances_by_row");
	json_get_bool(&is->items_ids_by_row, b, "items_ids_by_row");
	json_get_bool(&is->dedupes, b, "dedupe");
	json_get_bool(&is->refuses_negative, b, "refuse_negative");
	json_get_bool(&is->numbers_codes, b, "numbered_codes");
	json_get_bool(&is->doubles_customers, b, "double_customers");
	json_get_bool(&is->answers_ids, b, "answer_ids");
	json_get_bool(&is->zips, b, "gzip");
	json_get_int(&is->session_calls, b, "session_calls");
	json_get_int(&is->lost_status, b, "lost_status");
	json_get_int(&is->refusal_status, b, "refusal_status");
	json_get_int(&is->query_max, b, "query_max");
	json_get_int(&galaxy->options.session_ms, b, "session_ms");
	return NULL;
}

static const char *
expire_sessions(const struct order *o)
{
	json_get_int(&o->sim->galaxy->is.lost_status, o->body, "status");
	galaxy_expire_sessions(o->sim->galaxy);
	return NULL;
}

/* ---- the other tills, each with its own words ---- */

static const char *
order_hiboutik(const struct order *o)
{
	return tills_control(o->sim->tills, SIM_HIBOUTIK, o->rest, o->body,
	                     o->out);
}

static const char *
order_lightspeed_r(const struct order *o)
{
	return tills_control(o->sim->tills, SIM_LIGHTSPEED_R, o->rest, o->body,
	                     o->out);
}

static const char *
order_lightspeed_x(const struct order *o)
{
	return tills_control(o->sim->tills, SIM_LIGHTSPEED_X, o->rest, o->body,
	                     o->out);
}

/* ---- hooks and faults ---- */

static const char *
change_hooks(const struct order *o)
{
	enum sim_system system;

	if (!sim_system_parse(&system, json_text_or(o->body, "system", "")))
		return "system: galaxy or square";
	if (o->sim->hooks[system] == NULL)
		return "system: was started without a hook secret";
	return hooks_change(o->sim->hooks[system], o->body);
}

/* A burst: the hook of a change that did not happen. */
static const char *
send_hooks(const struct order *o)
{
	struct galaxy_balance *balance;
	const struct galaxy_item *item = NULL;
	const struct square_variation *v = NULL;
	enum sim_system system;
	int64_t times = 1;

	if (!sim_system_parse(&system, json_text_or(o->body, "system", "")))
		return "system: galaxy or square";
	json_get_int(&times, o->body, "times");
	if (system == SIM_GALAXY)
		item = galaxy_find_code(o->sim->galaxy,
		                        json_text_or(o->body, "code", ""),
		                        &balance);
	else if (system == SIM_SQUARE)
		v = variation_of(o, o->body);
	if (item == NULL && v == NULL)
		return "code, variation or sku: unknown";
	for (; times > 0; times--) {
		if (item != NULL)
			hooks_galaxy(o->sim->hooks[SIM_GALAXY], item->itemid);
		else
			square_announce_count(o->sim->square, v, 0);
	}
	return NULL;
}

static const char *
add_fault(const struct order *o)
{
	return fault_add(o->sim, o->body);
}

static const char *
clear_faults(const struct order *o)
{
	fault_clear(o->sim);
	return NULL;
}

/* The late ones are late enough; what hangs, hangs. */
static const char *
release_late(const struct order *o)
{
	(void)o;
	server_release();
	return NULL;
}

/* ---- state ---- */

static const char *
reset_calls(const struct order *o)
{
	size_t i;
	size_t j;

	calls_clear(o->sim);
	for (i = 0; i < o->sim->galaxy->n_items; i++) {
		for (j = 0; j < GALAXY_BALANCES_MAX; j++)
			o->sim->galaxy->items[i]->balances[j].n_asked = 0;
	}
	return NULL;
}

static const char *
pause_traffic(const struct order *o)
{
	if (json_get_bool(&o->sim->is_paused, o->body, "paused") != 0)
		return "paused: true or false";
	return NULL;
}

static const char *
print_state(const struct order *o)
{
	const struct fault *f;
	int64_t left = 0;
	int i;

	for (f = o->sim->faults; f != NULL; f = f->next)
		left += f->left;
	json_out_object(o->out, "galaxy");
	galaxy_print_state(o->sim->galaxy, o->out);
	json_out_end_object(o->out);
	json_out_object(o->out, "square");
	square_print_state(o->sim->square, o->out);
	json_out_end_object(o->out);
	if (o->sim->tipsi != NULL) {
		json_out_object(o->out, "tipsi");
		tipsi_print_state(o->sim->tipsi, o->out);
		json_out_end_object(o->out);
	}
	tills_print_state(o->sim->tills, o->out);
	json_out_object(o->out, "hooks");
	for (i = 0; i < SIM_N_SYSTEMS; i++) {
		if (i > SIM_SQUARE && o->sim->hooks[i] == NULL)
			continue;
		json_out_object(o->out, sim_system_name((enum sim_system)i));
		hooks_print_state(o->sim->hooks[i], o->out);
		json_out_end_object(o->out);
	}
	json_out_end_object(o->out);
	json_out_int(o->out, "faults_left", left);
	return NULL;
}

/* ---- choosing ---- */

static const struct {
	const char *method;
	const char *path; /* one that ends in `/` takes an id behind it */
	const char *(*act)(const struct order *o);
} calls[] = {
	{ "POST", "/control/square/sell", sell },
	{ "POST", "/control/square/count", count },
	{ "POST", "/control/square/move", move },
	{ "POST", "/control/square/item", shelve },
	{ "POST", "/control/square/order/", amend },
	{ "POST", "/control/square/switches", switch_square },
	{ "POST", "/control/square/expire", expire_square },
	{ "POST", "/control/square/revoke", revoke_square },
	{ "POST", "/control/square/authorise", authorise_square },
	{ "POST", "/control/hiboutik/", order_hiboutik },
	{ "POST", "/control/lightspeed_r/", order_lightspeed_r },
	{ "POST", "/control/lightspeed_x/", order_lightspeed_x },
	{ "POST", "/control/tipsi/count", count_tipsi },
	{ "POST", "/control/tipsi/delete", delete_tipsi },
	{ "POST", "/control/tipsi/switches", switch_tipsi },
	{ "POST", "/control/tipsi/expire", expire_tipsi },
	{ "POST", "/control/galaxy/balance", change_balance },
	{ "POST", "/control/galaxy/item", change_item },
	{ "POST", "/control/galaxy/commit", commit_item },
	{ "POST", "/control/galaxy/delete", delete_row },
	{ "POST", "/control/galaxy/row", change_row },
	{ "POST", "/control/galaxy/generate", generate_items },
	{ "POST", "/control/galaxy/touch", touch_items },
	{ "GET", "/control/galaxy/entries/", print_documents },
	{ "GET", "/control/galaxy/customers", print_customers },
	{ "POST", "/control/galaxy/switches", switch_galaxy },
	{ "POST", "/control/session/expire", expire_sessions },
	{ "POST", "/control/hooks", change_hooks },
	{ "POST", "/control/hooks/send", send_hooks },
	{ "POST", "/control/faults", add_fault },
	{ "POST", "/control/faults/clear", clear_faults },
	{ "POST", "/control/faults/release", release_late },
	{ "POST", "/control/traffic", pause_traffic },
	{ "POST", "/control/reset-calls", reset_calls },
	{ "GET", "/control/state", print_state },
};

static bool
is_call(size_t i, const struct http_call *call, const char **rest)
{
	if (strcmp(call->method, calls[i].method) != 0 ||
	    !sim_after(rest, call->path, calls[i].path))
		return false;
	return **rest == '\0' ||
	       calls[i].path[strlen(calls[i].path) - 1] == '/';
}

/* ---- facts: the state, a line for each number, for grep and awk ---- */

enum { FACT_MAX = 600 };

struct facts {
	struct buf *out;
	char path[FACT_MAX]; /* of the value in hand */
};

static void add_facts(struct facts *f, const struct json_node *value);

static bool
visit_fact(void *ctx, const char *key, const struct json_node *value)
{
	struct facts *f = ctx;
	size_t n = strlen(f->path);

	snprintf(f->path + n, sizeof(f->path) - n, "%s%s", n > 0 ? "." : "",
	         key);
	add_facts(f, value);
	f->path[n] = '\0';
	return true;
}

/* Elements go by the name that a test knows them by, else by their number. */
static const char *
name_of_element(char out[24], const struct json_node *element, size_t i)
{
	const char *name = json_text_or(element, "code", NULL);

	if (name == NULL)
		name = json_text_or(element, "sku", NULL);
	if (name == NULL)
		name = json_text_or(element, "docid", NULL);
	if (name == NULL)
		name = json_text_or(element, "id", NULL);
	if (name != NULL)
		return name;
	snprintf(out, 24, "%zu", i);
	return out;
}

static void
add_facts(struct facts *f, const struct json_node *value)
{
	char number[24];
	size_t i;

	if (json_type(value) == JSON_OBJECT)
		json_each(value, visit_fact, f);
	for (i = 0; i < json_length(value); i++)
		visit_fact(f, name_of_element(number, json_at(value, i), i),
		           json_at(value, i));
	if (json_text(value) != NULL)
		buf_addf(f->out, "%s\t%s\n", f->path, json_text(value));
	else if (json_number_text(value) != NULL)
		buf_addf(f->out, "%s\t%s\n", f->path, json_number_text(value));
}

static void
print_facts(struct sim *sim, struct server_reply *reply)
{
	struct buf state = BUF_INIT;
	struct json_out out = { .to = &state };
	const struct order o = { .sim = sim, .out = &out };
	struct facts f = { .out = &reply->body };
	struct json *doc = NULL;

	json_out_object(&out, NULL);
	print_state(&o);
	json_out_end_object(&out);
	if (json_parse(&doc, state.p, state.n) == 0)
		add_facts(&f, json_root(doc));
	json_free(doc);
	buf_fini(&state);
	reply->status = 200;
	reply->content_type = "text/plain; charset=utf-8";
}

static void
complain(struct server_reply *reply, int status, const char *wrong)
{
	struct json_out out = { .to = &reply->body };

	reply->status = status;
	buf_reset(&reply->body);
	json_out_object(&out, NULL);
	json_out_text(&out, "error", wrong);
	json_out_end_object(&out);
}

static void
act(struct control *control, const struct http_call *call,
    struct server_reply *reply)
{
	struct json_out out = { .to = &reply->body };
	struct order o = { .sim = control->sim, .out = &out };
	struct json *doc = NULL;
	const char *wrong = "no such call";
	int status = 404;
	size_t i;

	if (call->n_body > 0 &&
	    json_parse(&doc, call->body, call->n_body) != 0) {
		complain(reply, 400, "body: is no JSON");
		return;
	}
	o.body = doc != NULL ? json_root(doc) : NULL;
	json_out_object(&out, NULL);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (is_call(i, call, &o.rest)) {
			status = 400;
			wrong = calls[i].act(&o);
			break;
		}
	}
	json_out_end_object(&out);
	reply->status = 200;
	if (wrong != NULL)
		complain(reply, status, wrong);
	json_free(doc);
}

void
control_serve(void *ctx, const struct http_call *call,
              struct server_reply *reply)
{
	struct control *control = ctx;

	pthread_mutex_lock(&control->sim->lock);
	if (strcmp(call->path, "/control/registry.csv") == 0) {
		reply->status = 200;
		reply->content_type = "text/csv; charset=utf-8";
		square_registry(control->sim->square, &reply->body,
		                control->erp, control->till);
		if (control->sim->tipsi != NULL)
			tipsi_registry(control->sim->tipsi, &reply->body);
		tills_registry(control->sim->tills, &reply->body);
	} else if (strcmp(call->path, "/control/facts") == 0) {
		print_facts(control->sim, reply);
	} else {
		act(control, call, reply);
	}
	pthread_mutex_unlock(&control->sim->lock);
}
