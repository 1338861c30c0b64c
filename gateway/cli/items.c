/*
 * tillbridge items: the registry as CSV. What is written is what import reads
 * (items_import.c).
 */
#include "gateway/cli/items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/base/csv.h"
#include "gateway/base/err.h"
#include "gateway/base/json.h"
#include "gateway/drivers/store_registry.h"

struct writer {
	const struct conf *conf;
	struct buf row;
	bool is_seen; /* on a terminal: for a person, and not to be imported */
};

static void
add_row(struct writer *ex, const struct item *item)
{
	char reserve[DECIMAL_TEXT_SIZE];

	csv_add(&ex->row, item->sku);
	buf_addc(&ex->row, ',');
	csv_add(&ex->row, item->name ? item->name : "");
	buf_addc(&ex->row, ',');
	/* Where it goes, not what it waits for: imported again it stays so. */
	csv_add(&ex->row, item->next        ? item->next
	                  : item->authority ? item->authority
	                                    : "");
	buf_addc(&ex->row, ',');
	if (item->has_reserve)
		buf_adds(&ex->row, decimal_format(reserve, item->reserve));
	for (size_t i = 0; i < ex->conf->n_accounts; i++) {
		const struct conf_section *account = ex->conf->accounts[i];
		const struct binding *b =
			item_find_binding(item, conf_account_name(account));

		if (conf_account_is_source(account))
			continue;
		buf_addc(&ex->row, ',');
		csv_add(&ex->row, b && b->typed ? b->typed : "");
	}
}

static int
export_one(void *ctx, struct item *item)
{
	struct writer *ex = ctx;
	int r;

	buf_reset(&ex->row);
	add_row(ex, item);
	r = buf_check(&ex->row);
	if (!r && ex->is_seen)
		cli_line("%s", buf_text(&ex->row));
	else if (!r)
		(void)puts(buf_text(&ex->row));
	return r;
}

static enum exit_code
export_all(const struct conf *conf, struct store *store)
{
	struct writer ex = { .conf = conf, .is_seen = isatty(STDOUT_FILENO) };
	int r;

	(void)fputs("sku,name,authority,reserve", stdout);
	for (size_t i = 0; i < conf->n_accounts; i++)
		if (!conf_account_is_source(conf->accounts[i]))
			(void)printf(",%s",
			             conf_account_name(conf->accounts[i]));
	(void)putchar('\n');
	r = store_registry_each_item(store, export_one, &ex);
	buf_fini(&ex.row);
	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

static int
list_one(void *ctx, struct item *item)
{
	const struct writer *ex = ctx;
	bool is_left;

	is_left = item->authority &&
	          !conf_find_account(ex->conf, item->authority);
	cli_line("%-24s %s%s%s%s", item->sku, item->name ? item->name : "",
	         is_left ? "  (its authority " : "",
	         is_left ? item->authority : "",
	         is_left ? " is no longer configured)" : "");
	for (size_t i = 0; i < item->n_bindings; i++)
		cli_line("    %-16s %s%s", item->bindings[i].account,
		         item->bindings[i].typed ? item->bindings[i].typed : "",
		         item->bindings[i].external ? "" : "  (unresolved)");
	return 0;
}

static int
add_json(void *ctx, struct item *item)
{
	struct json_out *j = ctx;

	json_out_object(j, NULL);
	json_out_text(j, "sku", item->sku);
	json_out_text(j, "name", item->name ? item->name : "");
	json_out_text(j, "authority", item->authority ? item->authority : "");
	if (item->has_reserve)
		json_out_decimal(j, "reserve", item->reserve);
	else
		json_out_null(j, "reserve");
	json_out_array(j, "bindings");
	for (size_t i = 0; i < item->n_bindings; i++) {
		const struct binding *b = &item->bindings[i];

		json_out_object(j, NULL);
		json_out_text(j, "account", b->account);
		json_out_text(j, "id", b->typed ? b->typed : "");
		json_out_bool(j, "resolved", b->external != NULL);
		json_out_end_object(j);
	}
	json_out_end_array(j);
	json_out_end_object(j);
	return 0;
}

static enum exit_code
list_json(struct store *store)
{
	struct buf text = BUF_INIT;
	struct json_out j = { .to = &text };
	int r;

	json_out_array(&j, NULL);
	r = store_registry_each_item(store, add_json, &j);
	json_out_end_array(&j);
	if (!r)
		r = buf_check(&text);
	if (!r)
		cli_json(&text);
	buf_fini(&text);
	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

static enum exit_code
list(const struct conf *conf, struct store *store)
{
	struct writer ex = { .conf = conf };
	int r = store_registry_each_item(store, list_one, &ex);

	return r ? cli_fail(r) : EXIT_CODE_DONE;
}

enum exit_code
cli_items(const struct cli *cli)
{
	static const char *const usage[] = {
		"items import FILE.csv [--dry-run] [--skip-errors] [--json]",
		"items export",
		"items list [--json]",
		"items match [--apply] [--json] [ACCOUNT…]",
	};
	const char *word = cli->argc ? cli->argv[0] : "";
	bool is_import = !strcmp(word, "import") && cli->argc == 2;
	bool is_export = !strcmp(word, "export") && cli->argc == 1;
	bool is_list = !strcmp(word, "list") && cli->argc == 1;
	bool is_match = !strcmp(word, "match");
	struct conf *conf = NULL;
	struct station *station = NULL;
	enum exit_code code;

	if ((!is_import && !is_export && !is_list && !is_match) ||
	    ((cli->is_dry || cli->is_skipping) && !is_import) ||
	    (cli->is_apply && !is_match)) {
		cli_usage(usage, sizeof(usage) / sizeof(*usage));
		return EXIT_CODE_USAGE;
	}
	if (cli->is_json && is_export) {
		cli_complain("what items export writes is CSV, for programs as "
		             "well; items list --json says it in JSON");
		return EXIT_CODE_USAGE;
	}
	code = cli_load_operator(&conf, cli);
	if (code != EXIT_CODE_DONE)
		return code;
	if (is_match)
		code = items_match_check(cli, conf);
	if (code == EXIT_CODE_DONE)
		code = cli_reach(&station, conf);
	if (code != EXIT_CODE_DONE) {
		conf_free(conf);
		return code;
	}
	if (is_import)
		code = items_import(cli, conf, station_store(station));
	else if (is_export)
		code = export_all(conf, station_store(station));
	else if (is_match)
		code = items_match(cli, conf, station);
	else if (cli->is_json)
		code = list_json(station_store(station));
	else
		code = list(conf, station_store(station));
	station_close(station);
	conf_free(conf);
	return code;
}
