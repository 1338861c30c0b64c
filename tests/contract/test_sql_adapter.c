/*
 * A shop's database as an account, against a real MariaDB that this program
 * starts for itself. test_adapters.c asks what goes over HTTP; what it asks of
 * others is asked here of this one, in a database's words.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "adapters/adapters.h"
#include "gateway/base/clock.h"
#include "tests/support/adapter_sink.h"
#include "tests/support/fake_clock.h"
#include "tests/support/maria_server.h"
#include "tests/support/make_cert.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <poll.h>
#include <unistd.h>

#define PASSWORD "pl4nted-secret-4711"

static struct maria_server server;
static char paths[3][64]; /* server's pem, its authority, another authority */

static void
run(const char *text)
{
	maria_server_do(&server, text);
}

static void
assert_asked(const char *text, const char *answer)
{
	assert_string_equal(maria_server_ask(&server, text), answer);
}

static void
assert_qty(const char *id, const char *qty)
{
	char text[160];

	(void)snprintf(text, sizeof(text),
	               "SELECT quantity FROM shop.stock WHERE "
	               "idProductEcommerce = '%s'",
	               id);
	assert_asked(text, qty);
}

/* ---- a line that can be cut ---- */

enum cut { CUT_NOTHING, CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT };

/* Between adapter and server: one connection at a time. */
static struct line {
	char path[96];
	int listener;
	pthread_t thread;
	_Atomic int cut;
} line;

static int
dial_server(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", server.socket);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at))) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* Other words to the server may stand before it. */
static bool
holds_commit(const char *bytes, ssize_t n)
{
	static const char commit[] = "\3COMMIT";
	const ssize_t n_commit = (ssize_t)sizeof(commit) - 1;

	for (ssize_t i = 0; i + n_commit <= n; i++)
		if (memcmp(bytes + i, commit, (size_t)n_commit) == 0)
			return true;
	return false;
}

/* Moves what is there; false at the end, or where the line is cut. */
static bool
pass_on(int from, int to, bool is_client, bool *must_end)
{
	char bytes[16384];
	ssize_t n = recv(from, bytes, sizeof(bytes), 0);
	bool is_commit = is_client && holds_commit(bytes, n);

	if (n <= 0 || (is_commit && line.cut == CUT_BEFORE_COMMIT))
		return false;
	if (*must_end) /* this is the answer */
		return false;
	*must_end = is_commit && line.cut == CUT_AFTER_COMMIT;
	return send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static void
serve_line(int client)
{
	int there = dial_server();
	struct pollfd fds[2] = { { .fd = client, .events = POLLIN },
		                 { .fd = there, .events = POLLIN } };
	bool must_end = false;
	bool is_up = there >= 0;

	while (is_up && poll(fds, 2, -1) > 0) {
		if (fds[0].revents)
			is_up = pass_on(client, there, true, &must_end);
		if (is_up && fds[1].revents)
			is_up = pass_on(there, client, false, &must_end);
	}
	(void)close(client);
	if (there >= 0)
		(void)close(there);
}

static void *
keep_line(void *unused)
{
	int client;

	while ((client = accept(line.listener, NULL, NULL)) >= 0)
		serve_line(client);
	return unused;
}

static void
open_line(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(line.path, sizeof(line.path), "%s/line", server.dir);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", line.path);
	line.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
		bind(line.listener, (const struct sockaddr *)&at, sizeof(at)),
		0);
	assert_int_equal(listen(line.listener, 4), 0);
	assert_int_equal(pthread_create(&line.thread, NULL, keep_line, NULL),
	                 0);
}

static void
close_line(void)
{
	(void)shutdown(line.listener, SHUT_RDWR);
	(void)pthread_join(line.thread, NULL);
	(void)close(line.listener);
}

/* ---- the rig ---- */

struct rig {
	struct conf_section *conf;
	void *sql;
	char told[1000];
	char mistakes[1000];
	char id[80];       /* of the sale told last */
	int64_t closed_ms; /* and its time */
	unsigned n_told;
	unsigned n_breaths;
	unsigned n_begun;
	int64_t n_skipped;
};

static void
close_adapter(struct rig *rig)
{
	if (rig->sql)
		sql_adapter.close(rig->sql);
	conf_section_free(rig->conf);
	rig->sql = NULL;
	rig->conf = NULL;
}

/* An adapter of these options; its own cross-checks go into mistakes. */
static void
open_as(struct rig *rig, const char *options)
{
	const struct conf_type type = { .name = "sql",
		                        .rows = sql_adapter.options,
		                        .url_flags = sql_adapter.url_flags };
	struct buf mistakes = BUF_INIT;
	struct adapter_env env = { .http = NULL };
	char json[800];

	close_adapter(rig);
	(void)snprintf(json, sizeof(json),
	               "{\"name\":\"shop\",\"type\":\"sql\",\"database\":"
	               "\"shop\",\"timeout_ms\":8000,%s}",
	               options);
	if (conf_section_parse(&rig->conf, &type, json, NULL, &mistakes))
		fail_msg("%s", buf_text(&mistakes));
	sql_adapter.check(rig->conf, &mistakes);
	(void)snprintf(rig->mistakes, sizeof(rig->mistakes), "%s",
	               buf_text(&mistakes));
	buf_fini(&mistakes);
	env.conf = rig->conf;
	assert_int_equal(sql_adapter.open(&rig->sql, &env), 0);
}

/* As the user `till`, over this socket. */
static void
open_over(struct rig *rig, const char *socket, const char *more)
{
	char options[600];

	(void)snprintf(options, sizeof(options),
	               "\"socket\":\"%s\",\"user\":\"till\",\"password\":"
	               "\"" PASSWORD "\",%s",
	               socket, more);
	open_as(rig, options);
	assert_string_equal(rig->mistakes, "");
}

static void
open_with(struct rig *rig, const char *more)
{
	open_over(rig, server.socket, more);
}

static int
rig_open(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	line.cut = CUT_NOTHING;
	run("CREATE OR REPLACE DATABASE shop");
	run("CREATE TABLE shop.stock (id INT AUTO_INCREMENT PRIMARY KEY, "
	    "idProductPOS VARCHAR(40), idProductEcommerce INT, quantity INT, "
	    "accountID VARCHAR(40), description VARCHAR(100), "
	    "limitQuantity INT, KEY (idProductEcommerce)) ENGINE=InnoDB");
	run("INSERT INTO shop.stock (idProductPOS, idProductEcommerce, "
	    "quantity, accountID, description, limitQuantity) VALUES "
	    "('a', 11, 5, 'x', 'Scarf', 2), ('b', 12, -3, 'x', 'Hat', 2), "
	    "('c', 13, NULL, 'x', 'Glove', 2), ('d', 14, 1, 'x', 'Sock', 2), "
	    "('e', 14, 2, 'y', 'Sock', 2), ('f', 15, 0, 'x', 'Shoe', 2)");
	run("CREATE OR REPLACE USER till@'%' IDENTIFIED BY '" PASSWORD "'");
	run("GRANT SELECT, UPDATE ON shop.* TO till@'%'");
	open_with(rig, "\"profile\":\"stock\"");
	*state = rig;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *rig = *state;

	close_adapter(rig);
	free(rig);
	return 0;
}

static void
assert_outcome(struct outcome outcome, enum verdict verdict, const char *words)
{
	if (outcome.verdict != verdict || !strstr(outcome.why, words))
		fail_msg("%s: %s", verdict_name(outcome.verdict), outcome.why);
	assert_null(strstr(outcome.why, PASSWORD));
}

static void
assert_known(const struct count *count, const char *qty)
{
	char text[DECIMAL_TEXT_SIZE];

	if (!count->is_known)
		fail_msg("%s: %s", count->external, count->outcome.why);
	assert_string_equal(decimal_format(text, count->qty), qty);
}

static struct outcome
read_one(struct rig *rig, struct count *count, const char *external)
{
	*count = (struct count){ .external = external,
		                 .bound_ms = COUNT_BOUND_LONG_AGO };
	return sql_adapter.read_counts(rig->sql, count, 1);
}

static struct outcome
write_one(struct rig *rig, struct count *count, int64_t qty)
{
	count->qty = decimal_of(qty);
	return sql_adapter.write_counts(rig->sql, count, 1, 0);
}

/* Look, then write, as the engine does. */
static struct outcome
set(struct rig *rig, const char *external, int64_t qty)
{
	struct count count;
	struct outcome outcome = read_one(rig, &count, external);

	if (outcome.verdict == VERDICT_DONE)
		outcome = count.outcome;
	if (outcome.verdict == VERDICT_DONE)
		outcome = write_one(rig, &count, qty);
	return outcome.verdict == VERDICT_DONE ? count.outcome : outcome;
}

static struct outcome
probe(struct rig *rig, struct buf *what)
{
	buf_reset(what);
	return sql_adapter.probe(rig->sql, what);
}

static void
assert_probe(struct rig *rig, enum verdict verdict, const char *words)
{
	struct buf what = BUF_INIT;
	struct outcome outcome = probe(rig, &what);

	assert_outcome(outcome, verdict, words);
	buf_fini(&what);
}

/* ---- reading ---- */

static void
test_sql__a_batch_is_read_as_it_stands(void **state)
{
	struct rig *rig = *state;
	struct count counts[6] = { { .external = "11" }, { .external = "12" },
		                   { .external = "13" }, { .external = "14" },
		                   { .external = "15" }, { .external = "99" } };

	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 6),
	               VERDICT_DONE, "");
	assert_known(&counts[0], "5");
	assert_known(&counts[1], "-3");
	assert_known(&counts[4], "0");
	assert_outcome(counts[2].outcome, VERDICT_REFUSED, "keeps no count");
	assert_outcome(counts[3].outcome, VERDICT_REFUSED, "in 2 rows");
	assert_outcome(counts[5].outcome, VERDICT_REFUSED, "has no row");
	assert_false(counts[2].is_known || counts[3].is_known ||
	             counts[5].is_known);
}

static void
test_sql__what_the_server_takes_for_the_same_number_is_not(void **state)
{
	struct rig *rig = *state;
	static const char *const others[] = { "11 pieces", "011", "11.0",
		                              " 11",       "1e1", "",
		                              "11' OR 1=1" };
	struct count count;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		assert_outcome(read_one(rig, &count, others[i]), VERDICT_DONE,
		               "");
		assert_outcome(count.outcome, VERDICT_REFUSED, "has no row");
		assert_false(count.is_known);
	}
}

static void
test_sql__a_quantity_of_any_type_is_exact_and_no_number_is_unknown(void **state)
{
	struct rig *rig = *state;
	struct count count;

	run("ALTER TABLE shop.stock MODIFY quantity VARCHAR(400)");
	run("UPDATE shop.stock SET quantity = 'five' WHERE id = 1");
	run("UPDATE shop.stock SET quantity = '1e99' WHERE id = 2");
	run("UPDATE shop.stock SET quantity = '' WHERE id = 3");
	run("UPDATE shop.stock SET quantity = REPEAT('1', 300) WHERE id = 6");
	(void)read_one(rig, &count, "11");
	assert_outcome(count.outcome, VERDICT_REFUSED, "holds no number");
	(void)read_one(rig, &count, "12");
	assert_outcome(count.outcome, VERDICT_REFUSED, "holds no number");
	(void)read_one(rig, &count, "13");
	assert_outcome(count.outcome, VERDICT_REFUSED, "keeps no count");
	(void)read_one(rig, &count, "15");
	assert_outcome(count.outcome, VERDICT_REFUSED, "holds no number");
	assert_false(count.is_known);
	run("UPDATE shop.stock SET quantity = '7'");
	run("ALTER TABLE shop.stock MODIFY quantity DECIMAL(20,4)");
	run("UPDATE shop.stock SET quantity = 1234567890123456.1250");
	(void)read_one(rig, &count, "11");
	assert_known(&count, "1234567890123456.125");
	run("UPDATE shop.stock SET quantity = 7");
	run("ALTER TABLE shop.stock MODIFY quantity INT(6) ZEROFILL");
	(void)read_one(rig, &count, "11");
	assert_known(&count, "7");
	assert_outcome(set(rig, "11", 8), VERDICT_DONE, "");
	assert_qty("11", "000008");
	run("ALTER TABLE shop.stock MODIFY quantity DOUBLE");
	run("UPDATE shop.stock SET quantity = 7.5");
	assert_outcome(set(rig, "11", 8), VERDICT_DONE, "");
	assert_qty("11", "8");
}

/* ---- writing ---- */

static long
status_of(const char *name)
{
	char text[120];

	(void)snprintf(text, sizeof(text),
	               "SELECT VARIABLE_VALUE FROM information_schema."
	               "GLOBAL_STATUS WHERE VARIABLE_NAME = '%s'",
	               name);
	return strtol(maria_server_ask(&server, text), NULL, 10);
}

static void
test_sql__what_differs_is_written_in_one_transaction_and_nothing_else(
	void **state)
{
	struct rig *rig = *state;
	struct count counts[3] = { { .external = "11" },
		                   { .external = "12" },
		                   { .external = "15" } };
	static const char others[] =
		"SELECT MD5(GROUP_CONCAT(id, idProductPOS, idProductEcommerce,"
		" accountID, description, limitQuantity ORDER BY id)) FROM "
		"shop.stock";
	char before[64];
	long commits;
	long updates;

	(void)snprintf(before, sizeof(before), "%s",
	               maria_server_ask(&server, others));
	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 3),
	               VERDICT_DONE, "");
	counts[0].qty = decimal_of(7);
	counts[1].qty = decimal_of(0);
	counts[2].qty = decimal_of(0); /* shows that already */
	commits = status_of("COM_COMMIT");
	updates = status_of("COM_UPDATE");
	assert_outcome(sql_adapter.write_counts(rig->sql, counts, 3, 0),
	               VERDICT_DONE, "");
	assert_int_equal(status_of("COM_COMMIT") - commits, 1);
	assert_int_equal(status_of("COM_UPDATE") - updates, 2);
	for (size_t i = 0; i < 3; i++)
		assert_outcome(counts[i].outcome, VERDICT_DONE, "");
	assert_qty("11", "7");
	assert_qty("12", "0");
	assert_qty("15", "0");
	assert_asked("SELECT quantity FROM shop.stock WHERE id = 3", "NULL");
	assert_asked("SELECT SUM(quantity) FROM shop.stock WHERE id IN (4,5)",
	             "3");
	assert_asked(others, before);
}

static void
test_sql__what_the_shop_sold_meanwhile_is_not_undone(void **state)
{
	struct rig *rig = *state;
	struct count counts[2] = { { .external = "11" }, { .external = "15" } };

	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 2),
	               VERDICT_DONE, "");
	run("UPDATE shop.stock SET quantity = quantity - 1 WHERE id = 1");
	counts[0].qty = decimal_of(9);
	counts[1].qty = decimal_of(8);
	assert_outcome(sql_adapter.write_counts(rig->sql, counts, 2, 0),
	               VERDICT_RETRY, "changed 1 of 2 counts");
	assert_qty("11", "4");
	assert_qty("15", "8");
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	assert_qty("11", "9");
}

static void
test_sql__nothing_is_written_that_was_not_read(void **state)
{
	struct rig *rig = *state;
	struct count count = { .external = "11" };

	assert_outcome(write_one(rig, &count, 9), VERDICT_RETRY, "looked at");
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	count.outcome = outcome_done();
	run("UPDATE shop.stock SET quantity = 5 WHERE id = 1");
	assert_outcome(write_one(rig, &count, 4), VERDICT_RETRY, "looked at");
	assert_qty("11", "5");
}

static void
test_sql__what_does_not_fit_is_one_items_own_trouble(void **state)
{
	struct rig *rig = *state;
	struct count counts[2] = { { .external = "11" }, { .external = "15" } };

	run("ALTER TABLE shop.stock MODIFY quantity TINYINT");
	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 2),
	               VERDICT_DONE, "");
	counts[0].qty = decimal_of(300);
	counts[1].qty = decimal_of(8);
	assert_outcome(sql_adapter.write_counts(rig->sql, counts, 2, 0),
	               VERDICT_DONE, "");
	assert_outcome(counts[0].outcome, VERDICT_REFUSED, "Out of range");
	assert_outcome(counts[1].outcome, VERDICT_DONE, "");
	assert_qty("11", "5");
	assert_qty("15", "8");
}

static void
test_sql__the_moment_of_a_write_is_kept_where_there_is_a_column(void **state)
{
	struct rig *rig = *state;

	run("ALTER TABLE shop.stock ADD seen DATETIME DEFAULT '2001-01-01'");
	open_with(rig, "\"profile\":\"stock\",\"updated_column\":\"seen\"");
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	assert_asked("SELECT COUNT(*) FROM shop.stock WHERE seen > "
	             "'2001-01-01'",
	             "1");
}

/* ---- trouble ---- */

static void
test_sql__a_line_lost_before_the_commit_wrote_nothing(void **state)
{
	struct rig *rig = *state;

	open_over(rig, line.path, "\"profile\":\"stock\"");
	line.cut = CUT_BEFORE_COMMIT;
	assert_outcome(set(rig, "11", 9), VERDICT_RETRY, "ost connection");
	assert_qty("11", "5");
	line.cut = CUT_NOTHING;
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	assert_qty("11", "9");
}

static void
test_sql__a_line_lost_behind_the_commit_is_found_equal(void **state)
{
	struct rig *rig = *state;
	struct count count;

	open_over(rig, line.path, "\"profile\":\"stock\"");
	line.cut = CUT_AFTER_COMMIT;
	assert_outcome(set(rig, "11", 9), VERDICT_RETRY, "ost connection");
	line.cut = CUT_NOTHING;
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	assert_known(&count, "9");
}

/* What the server says in the midst of a write, and what it means. */
static const struct {
	unsigned code;
	enum verdict verdict;
	const char *words;
} errors[] = {
	{ 1213, VERDICT_RETRY, "the shop wrote the same rows" },
	{ 1205, VERDICT_RETRY, "the shop holds these rows" },
	{ 1021, VERDICT_RETRY, "make room on its disk" },
	{ 1114, VERDICT_RETRY, "make room on its disk" },
	{ 1290, VERDICT_RETRY, "takes no writes now" },
	{ 1792, VERDICT_RETRY, "takes no writes now" },
	{ 1036, VERDICT_RETRY, "takes no writes now" },
	{ 1317, VERDICT_RETRY, "error 1317" },
	{ 1142, VERDICT_LOCKED, "grant the user" },
	{ 1143, VERDICT_LOCKED, "grant the user" },
	{ 1146, VERDICT_REFUSED, "correct table" },
	{ 1054, VERDICT_REFUSED, "names of the columns" },
};

static void
test_sql__trouble_within_a_write_is_judged_and_leaves_nothing(void **state)
{
	struct rig *rig = *state;
	struct count counts[2] = { { .external = "15" }, { .external = "11" } };
	char text[300];

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		(void)snprintf(text, sizeof(text),
		               "CREATE OR REPLACE TRIGGER shop.trouble BEFORE "
		               "UPDATE ON shop.stock FOR EACH ROW IF NEW.id = 1"
		               " THEN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO "
		               "= %u, MESSAGE_TEXT = 'as told'; END IF",
		               errors[i].code);
		run(text);
		assert_outcome(sql_adapter.read_counts(rig->sql, counts, 2),
		               VERDICT_DONE, "");
		counts[0].qty = counts[1].qty = decimal_of(9);
		assert_outcome(sql_adapter.write_counts(rig->sql, counts, 2, 0),
		               errors[i].verdict, errors[i].words);
		assert_qty("11", "5");
		assert_qty("15", "0");
	}
}

static void
test_sql__a_server_that_takes_no_writes_is_passing_trouble(void **state)
{
	struct rig *rig = *state;

	run("SET GLOBAL read_only = 1");
	assert_outcome(set(rig, "11", 9), VERDICT_RETRY, "takes no writes now");
	assert_probe(rig, VERDICT_RETRY, "takes no writes now");
	run("SET GLOBAL read_only = 0");
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
}

static void
test_sql__a_restart_of_the_server_is_survived(void **state)
{
	struct rig *rig = *state;
	struct count count;

	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	maria_server_kill(&server);
	assert_outcome(write_one(rig, &count, 9), VERDICT_RETRY, "");
	assert_outcome(read_one(rig, &count, "11"), VERDICT_RETRY,
	               "whether the server runs");
	assert_false(count.is_known);
	maria_server_again(&server, paths[0]);
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	assert_qty("11", "9");
}

static void
test_sql__a_connection_that_died_idle_costs_nothing(void **state)
{
	struct rig *rig = *state;
	struct count count;
	int64_t now = clock_mono_ms();
	char text[80];

	fake_clock_start(clock_wall_ms(), now);
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	(void)snprintf(text, sizeof(text), "KILL %s",
	               maria_server_ask(&server,
	                                "SELECT ID FROM information_schema."
	                                "PROCESSLIST WHERE USER = 'till'"));
	run(text);
	fake_clock_advance(60000);
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	assert_known(&count, "5");
	fake_clock_stop();
}

/* ---- the probe ---- */

static void
test_sql__a_probe_says_what_it_found(void **state)
{
	struct rig *rig = *state;
	struct buf what = BUF_INIT;

	assert_outcome(probe(rig, &what), VERDICT_DONE, "");
	assert_non_null(strstr(buf_text(&what), "MariaDB 1"));
	assert_non_null(strstr(buf_text(&what),
	                       "database \"shop\", table \"stock\": 6 rows, "
	                       "1 without a count, of 5 ids only"));
	assert_asked("SELECT SUM(quantity) FROM shop.stock", "5");
	buf_fini(&what);
}

static void
test_sql__a_probe_names_each_mistake_and_its_cure(void **state)
{
	struct rig *rig = *state;
	char options[300];

	open_with(rig, "\"profile\":\"stock\",\"quantity_column\":\"qty\"");
	assert_probe(rig, VERDICT_REFUSED,
	             "no column qty: correct quantity_column, or grant SELECT "
	             "on it; it shows id, idProductPOS");
	open_with(rig, "\"profile\":\"stock\",\"table\":\"stok\"");
	assert_probe(rig, VERDICT_REFUSED,
	             "no table stok: correct table, or grant SELECT and UPDATE "
	             "on it; it shows stock");
	open_with(rig, "\"profile\":\"stock\"");
	run("REVOKE UPDATE ON shop.* FROM till@'%'");
	assert_probe(rig, VERDICT_LOCKED, "grant the user SELECT and UPDATE");
	run("REVOKE ALL PRIVILEGES, GRANT OPTION FROM till@'%'");
	open_with(rig, "\"profile\":\"stock\"");
	assert_probe(rig, VERDICT_LOCKED, "grant the user SELECT and UPDATE");
	run("GRANT SELECT, UPDATE ON shop.* TO till@'%'");
	(void)snprintf(options, sizeof(options),
	               "\"socket\":\"%s\",\"user\":\"till\",\"password\":"
	               "\"" PASSWORD "5\",\"profile\":\"stock\"",
	               server.socket);
	open_as(rig, options);
	assert_probe(rig, VERDICT_LOCKED, "correct user and password");
	run("GRANT SELECT, UPDATE ON *.* TO till@'%'");
	run("DROP DATABASE shop");
	open_with(rig, "\"profile\":\"stock\"");
	assert_probe(rig, VERDICT_REFUSED, "correct database");
}

static void
test_sql__rights_on_two_columns_suffice(void **state)
{
	struct rig *rig = *state;

	run("REVOKE SELECT, UPDATE ON shop.* FROM till@'%'");
	run("GRANT SELECT (idProductEcommerce, quantity, description), "
	    "UPDATE (quantity) ON shop.stock TO till@'%'");
	assert_probe(rig, VERDICT_DONE, "");
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	assert_qty("11", "9");
}

/* ---- over the network ---- */

static void
open_tls(struct rig *rig, const char *host, const char *ca_file)
{
	char options[400];

	(void)snprintf(options, sizeof(options),
	               "\"host\":\"%s\",\"port\":%d,\"ca_file\":\"%s\","
	               "\"user\":\"till\",\"password\":\"" PASSWORD
	               "\",\"profile\":\"stock\"",
	               host, server.port, ca_file);
	open_as(rig, options);
	assert_string_equal(rig->mistakes, "");
}

static void
test_sql__a_server_must_prove_itself(void **state)
{
	struct rig *rig = *state;

	run("ALTER USER till@'%' REQUIRE SSL");
	open_tls(rig, "localhost", paths[1]);
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	open_tls(rig, "localhost", paths[2]);
	assert_outcome(set(rig, "11", 8), VERDICT_RETRY, "check ca_file");
	/* its certificate is not for that name */
	open_tls(rig, "127.0.0.1", paths[1]);
	assert_outcome(set(rig, "11", 8), VERDICT_RETRY, "check ca_file");
	assert_qty("11", "9");
}

static void
test_sql__on_the_same_machine_a_port_will_do(void **state)
{
	struct rig *rig = *state;
	char options[200];

	(void)snprintf(options, sizeof(options),
	               "\"host\":\"127.0.0.1\",\"port\":%d,\"user\":\"till\","
	               "\"password\":\"" PASSWORD "\",\"profile\":\"stock\"",
	               server.port);
	open_as(rig, options);
	assert_string_equal(rig->mistakes, "");
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	assert_qty("11", "9");
	maria_server_kill(&server);
	assert_outcome(set(rig, "11", 8), VERDICT_RETRY,
	               "whether the server runs");
	maria_server_again(&server, paths[0]);
	open_tls(rig, "localhost", paths[1]);
	assert_outcome(set(rig, "11", 8), VERDICT_DONE, "");
}

/* Somebody on the way who says that the server knows no TLS. */
struct stripper {
	int listener;
	int port;
	pthread_t thread;
	_Atomic long n_said; /* bytes that came from the client */
};

/* Capabilities stand behind the version and thirteen bytes. */
static void
strip(unsigned char *greeting, size_t n)
{
	enum { AT_VERSION = 5, BETWEEN = 4 + 8 + 1, SSL_BIT = 0x08 };
	size_t at = AT_VERSION +
	            strnlen((char *)greeting + AT_VERSION, n - AT_VERSION) + 1 +
	            BETWEEN;

	if (at + 1 < n)
		greeting[at + 1] &= (unsigned char)~SSL_BIT;
}

static int
dial_port(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)port),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at))) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static void *
strip_one(void *ctx)
{
	struct stripper *s = ctx;
	int client = accept(s->listener, NULL, NULL);
	int there = client >= 0 ? dial_port(server.port) : -1;
	unsigned char bytes[512];
	ssize_t n = there >= 0 ? recv(there, bytes, sizeof(bytes), 0) : 0;

	if (n > 40) {
		strip(bytes, (size_t)n);
		(void)send(client, bytes, (size_t)n, MSG_NOSIGNAL);
		while ((n = recv(client, bytes, sizeof(bytes), 0)) > 0)
			s->n_said += n;
	}
	if (there >= 0)
		(void)close(there);
	if (client >= 0)
		(void)close(client);
	return NULL;
}

static void
start_stripper(struct stripper *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (const struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(s->listener, 4), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n),
	                 0);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, strip_one, s), 0);
}

/* It is told nothing: neither who we are nor with what password. */
static void
test_sql__who_says_that_there_is_no_tls_is_told_nothing(void **state)
{
	struct rig *rig = *state;
	struct stripper stripper = { .port = 0 };
	char options[300];

	start_stripper(&stripper);
	(void)snprintf(options, sizeof(options),
	               "\"host\":\"127.0.0.1\",\"port\":%d,\"ca_file\":\"%s\","
	               "\"user\":\"till\",\"password\":\"" PASSWORD
	               "\",\"profile\":\"stock\"",
	               stripper.port, paths[1]);
	open_as(rig, options);
	assert_outcome(set(rig, "11", 9), VERDICT_RETRY, "check ca_file");
	close_adapter(rig);
	(void)pthread_join(stripper.thread, NULL);
	(void)close(stripper.listener);
	assert_int_equal(stripper.n_said, 0);
	assert_qty("11", "5");
}

static void
test_sql__only_the_rows_of_this_place_are_ours(void **state)
{
	struct rig *rig = *state;
	struct count count;

	open_with(rig,
	          "\"profile\":\"stock\",\"location_column\":\"accountID\","
	          "\"location\":\"y\"");
	assert_probe(rig, VERDICT_DONE, "");
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	assert_outcome(count.outcome, VERDICT_REFUSED, "has no row");
	assert_outcome(set(rig, "14", 7), VERDICT_DONE, "");
	assert_asked(
		"SELECT GROUP_CONCAT(quantity ORDER BY id) FROM shop.stock "
		"WHERE idProductEcommerce = 14",
		"1,7");
	open_with(rig,
	          "\"profile\":\"stock\",\"variant_column\":\"accountID\"");
	assert_outcome(set(rig, "14/x", 4), VERDICT_DONE, "");
	assert_asked(
		"SELECT GROUP_CONCAT(quantity ORDER BY id) FROM shop.stock "
		"WHERE idProductEcommerce = 14",
		"4,7");
	(void)read_one(rig, &count, "14/z");
	assert_outcome(count.outcome, VERDICT_REFUSED, "has no row");
}

/* ---- sync and search ---- */

static int
begin_counts(void *ctx)
{
	((struct rig *)ctx)->n_begun++;
	return 0;
}

static int
tell_count(void *ctx, const char *external, struct decimal qty)
{
	struct rig *rig = ctx;
	char text[DECIMAL_TEXT_SIZE];
	size_t n = strlen(rig->told);

	rig->n_told++;
	(void)snprintf(rig->told + n, sizeof(rig->told) - n, "%s=%s ", external,
	               decimal_format(text, qty));
	return 0;
}

/* Urgent work has its turn: on the same connection. */
static int
breathe(void *ctx)
{
	struct rig *rig = ctx;
	struct count count;

	rig->n_breaths++;
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	return 0;
}

static void
skipped(void *ctx, const char *entity, int64_t rows, const char *why)
{
	(void)entity;
	(void)why;
	((struct rig *)ctx)->n_skipped = rows;
}

static struct outcome
sync_all(struct rig *rig)
{
	struct sync_sink sink = adapter_sink_of(rig, tell_count);
	const struct sync_job job = { .is_full = true };

	sink.begin_counts = begin_counts;
	sink.breathe = breathe;
	sink.skipped = skipped;
	rig->told[0] = '\0';
	rig->n_told = rig->n_breaths = rig->n_begun = 0;
	return sql_adapter.sync(rig->sql, &job, &sink);
}

static void
test_sql__a_sync_tells_every_count_and_skips_what_is_nobodys(void **state)
{
	struct rig *rig = *state;

	assert_outcome(sync_all(rig), VERDICT_DONE, "");
	assert_string_equal(rig->told, "11=5 12=-3 15=0 ");
	assert_int_equal(rig->n_begun, 1);
	assert_int_equal(rig->n_skipped, 1);
}

static void
test_sql__a_sync_of_many_pages_tells_each_once(void **state)
{
	struct rig *rig = *state;

	run("DELETE FROM shop.stock");
	run("INSERT INTO shop.stock (idProductEcommerce, quantity) SELECT "
	    "seq, seq FROM shop.seq_1_to_9600");
	assert_outcome(sync_all(rig), VERDICT_DONE, "");
	assert_int_equal(rig->n_told, 9600);
	assert_int_equal(rig->n_breaths, 3);
	assert_memory_equal(rig->told, "1=1 2=2 3=3 ", 12);
	run("DELETE FROM shop.stock WHERE idProductEcommerce > 8000");
	assert_outcome(sync_all(rig), VERDICT_DONE, "");
	assert_int_equal(rig->n_told, 8000);
}

static void
test_sql__a_sync_broken_off_is_not_done(void **state)
{
	struct rig *rig = *state;

	maria_server_kill(&server);
	assert_outcome(sync_all(rig), VERDICT_RETRY, "");
	maria_server_again(&server, paths[0]);
	assert_outcome(sync_all(rig), VERDICT_DONE, "");
}

static int
tell_thing(void *ctx, const struct listing *listing)
{
	struct rig *rig = ctx;
	size_t n = strlen(rig->told);

	(void)snprintf(rig->told + n, sizeof(rig->told) - n, "%s|%s|%s|%s ",
	               listing->external, listing->sku, listing->barcode,
	               listing->name);
	return 0;
}

static const char *
find(struct rig *rig, enum listing_by by, const char *text)
{
	const struct listing_sink sink = { rig, tell_thing };

	rig->told[0] = '\0';
	assert_outcome(sql_adapter.list_items(rig->sql, by, text, &sink),
	               VERDICT_DONE, "");
	return rig->told;
}

/* ---- new rows ---- */

static struct outcome
add(struct rig *rig, const char *id, const char *limit)
{
	return sql_adapter.add_item(rig->sql,
	                            &(struct new_item){ .external = id,
	                                                .pos_id = "g",
	                                                .account_id = "L1",
	                                                .name = "Belt",
	                                                .limit = limit });
}

static void
assert_row(const char *id, const char *columns)
{
	char text[200];

	(void)snprintf(text, sizeof(text),
	               "SELECT CONCAT_WS(' ', idProductPOS, quantity, "
	               "accountID, description, limitQuantity) FROM shop.stock "
	               "WHERE idProductEcommerce = '%s'",
	               id);
	assert_asked(text, columns);
}

static void
test_sql__what_is_registered_gets_its_row_once(void **state)
{
	struct rig *rig = *state;

	run("GRANT INSERT ON shop.* TO till@'%'");
	assert_outcome(add(rig, "16", "2"), VERDICT_DONE, "");
	assert_outcome(add(rig, "16", "3"), VERDICT_DONE, "");
	assert_row("16", "g 0 L1 Belt 2");
	assert_outcome(set(rig, "16", 7), VERDICT_DONE, "");
	assert_outcome(add(rig, "11", ""), VERDICT_DONE, "");
	assert_row("11", "a 5 x Scarf 2");
	assert_outcome(add(rig, "14", ""), VERDICT_DONE, "");
	assert_asked("SELECT COUNT(*) FROM shop.stock", "7");
}

/* Nothing else needs that right. */
static void
test_sql__without_the_right_to_add_only_that_row_is_refused(void **state)
{
	struct rig *rig = *state;

	assert_outcome(add(rig, "16", ""), VERDICT_REFUSED,
	               "no row with id \"16\": grant INSERT");
	assert_outcome(add(rig, "11", ""), VERDICT_DONE, "");
	assert_outcome(set(rig, "11", 6), VERDICT_DONE, "");
	assert_asked("SELECT COUNT(*) FROM shop.stock", "6");
}

static void
test_sql__a_row_that_does_not_fit_is_its_own_trouble(void **state)
{
	struct rig *rig = *state;

	run("GRANT INSERT ON shop.* TO till@'%'");
	assert_outcome(add(rig, "a long way", ""), VERDICT_REFUSED,
	               "idProductEcommerce");
	run("ALTER TABLE shop.stock ADD COLUMN colour INT NOT NULL");
	assert_outcome(add(rig, "16", ""), VERDICT_REFUSED, "colour");
	run("ALTER TABLE shop.stock DROP limitQuantity");
	assert_outcome(add(rig, "16", ""), VERDICT_REFUSED, "limitQuantity");
	assert_outcome(set(rig, "11", 6), VERDICT_DONE, "");
}

static void
test_sql__a_name_that_does_not_fit_is_left_out(void **state)
{
	struct rig *rig = *state;

	run("GRANT INSERT ON shop.* TO till@'%'");
	run("DELETE FROM shop.stock");
	run("ALTER TABLE shop.stock MODIFY description VARCHAR(3) NOT NULL");
	assert_outcome(add(rig, "16", ""), VERDICT_DONE, "");
	assert_row("16", "g 0 L1  0");
}

/* Whose table it is known of only by its columns, or that is another shop's. */
static void
test_sql__a_shop_that_adds_its_own_rows_is_left_alone(void **state)
{
	static const char *const shops[] = {
		"\"profile\":\"opencart\"",
		"\"profile\":\"stock\",\"id_column\":\"id\"",
		("\"table\":\"stock\",\"id_column\":\"idProductEcommerce\","
		 "\"quantity_column\":\"quantity\""),
	};
	struct rig *rig = *state;

	run("GRANT INSERT ON shop.* TO till@'%'");
	for (size_t i = 0; i < sizeof(shops) / sizeof(*shops); i++) {
		open_with(rig, shops[i]);
		assert_outcome(add(rig, "16", ""), VERDICT_ABSENT, "");
	}
	assert_asked("SELECT COUNT(*) FROM shop.stock", "6");
}

/* Whatever the shop's maker liked. */
static void
test_sql__names_of_any_letters_are_quoted(void **state)
{
	struct rig *rig = *state;
	struct count counts[2] = { { .external = "A 1" }, { .external = "B" } };

	run("CREATE TABLE shop.`\316\261 b-?; DROP \"x'` (`select` "
	    "VARCHAR(20), "
	    "`\317\200\316\277\317\203 %s` INT, `it''s` DATETIME)");
	run("INSERT INTO shop.`\316\261 b-?; DROP \"x'` (`select`, "
	    "`\317\200\316\277\317\203 %s`) VALUES ('A 1', 4), ('B', 5)");
	open_with(rig, "\"table\":\"\316\261 b-?; DROP \\\"x'\","
	               "\"id_column\":\"select\",\"quantity_column\":"
	               "\"\317\200\316\277\317\203 %s\","
	               "\"updated_column\":\"it''s\"");
	assert_probe(rig, VERDICT_DONE, "");
	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 2),
	               VERDICT_DONE, "");
	assert_known(&counts[1], "5");
	assert_outcome(set(rig, "A 1", 9), VERDICT_DONE, "");
	assert_asked("SELECT `\317\200\316\277\317\203 %s` FROM "
	             "shop.`\316\261 b-?; DROP \"x'` WHERE `select` = 'A 1'",
	             "9");
}

/* Of another alphabet than the column's: the server compares nothing then. */
static void
test_sql__letters_that_no_column_holds_are_that_items_own(void **state)
{
	struct rig *rig = *state;
	struct count counts[2] = { { .external = "11" },
		                   { .external = "\316\261" } };

	run("ALTER TABLE shop.stock MODIFY idProductEcommerce VARCHAR(40) "
	    "CHARACTER SET latin1");
	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 2),
	               VERDICT_REFUSED, "letters");
	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 1),
	               VERDICT_DONE, "");
	assert_known(&counts[0], "5");
}

static void
test_sql__things_are_found_by_what_the_table_knows(void **state)
{
	struct rig *rig = *state;

	assert_string_equal(find(rig, LISTING_NAME, "scar"), "11|||Scarf ");
	open_with(rig, "\"profile\":\"stock\",\"sku_column\":\"idProductPOS\","
	               "\"barcode_column\":\"accountID\"");
	assert_string_equal(find(rig, LISTING_SKU, "B"), "12|b|x|Hat ");
	assert_string_equal(find(rig, LISTING_BARCODE, "none"), "");
	assert_string_equal(find(rig, LISTING_ALL, ""),
	                    "11|a|x|Scarf 12|b|x|Hat 13|c|x|Glove "
	                    "14|d|x|Sock 15|f|x|Shoe ");
}

/* ---- profiles ---- */

/* The tables as the shops' installers make them: WordPress 6 and WooCommerce 9,
   PrestaShop 8, OpenCart 3. */
static void
make_woocommerce(const char *prefix)
{
	char text[900];

	(void)snprintf(text, sizeof(text),
	               "CREATE TABLE shop.%spostmeta (meta_id BIGINT UNSIGNED "
	               "NOT NULL AUTO_INCREMENT PRIMARY KEY, post_id BIGINT "
	               "UNSIGNED NOT NULL DEFAULT 0, meta_key VARCHAR(255) "
	               "DEFAULT NULL, meta_value LONGTEXT, KEY post_id "
	               "(post_id), KEY meta_key (meta_key(191))) ENGINE=InnoDB "
	               "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci",
	               prefix);
	run(text);
	(void)snprintf(
		text, sizeof(text),
		"INSERT INTO shop.%spostmeta (post_id, meta_key, meta_value) "
		"VALUES (7, '_stock', '4'), (7, '_price', '4'), "
		"(7, '_manage_stock', 'yes'), (7, '_backorders', 'no'), "
		"(7, '_stock_status', 'instock'), (8, '_stock', NULL), "
		"(9, '_stock', '2'), (9, '_manage_stock', 'no'), "
		"(9, '_stock_status', 'instock')",
		prefix);
	run(text);
	(void)snprintf(
		text, sizeof(text),
		"CREATE TABLE shop.%swc_product_meta_lookup (product_id "
		"BIGINT NOT NULL PRIMARY KEY, sku VARCHAR(100) DEFAULT '', "
		"min_price DECIMAL(19,4) DEFAULT NULL, stock_quantity DOUBLE "
		"DEFAULT NULL, stock_status VARCHAR(100) DEFAULT 'instock', "
		"total_sales BIGINT DEFAULT 0, KEY stock_status "
		"(stock_status), KEY stock_quantity (stock_quantity)) "
		"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 "
		"COLLATE=utf8mb4_unicode_520_ci",
		prefix);
	run(text);
	(void)snprintf(text, sizeof(text),
	               "INSERT INTO shop.%swc_product_meta_lookup VALUES "
	               "(7, 'a', 4, 4, 'instock', 3), (9, 'b', 4, 2, "
	               "'instock', 5)",
	               prefix);
	run(text);
}

static void
make_prestashop(void)
{
	run("CREATE TABLE shop.ps_stock_available (id_stock_available INT(11) "
	    "UNSIGNED NOT NULL AUTO_INCREMENT, id_product INT(11) UNSIGNED NOT "
	    "NULL, id_product_attribute INT(11) UNSIGNED NOT NULL, id_shop "
	    "INT(11) UNSIGNED NOT NULL, id_shop_group INT(11) UNSIGNED NOT "
	    "NULL, quantity INT(10) NOT NULL DEFAULT 0, physical_quantity "
	    "INT(11) NOT NULL DEFAULT 0, reserved_quantity INT(11) NOT NULL "
	    "DEFAULT 0, depends_on_stock TINYINT(1) UNSIGNED NOT NULL DEFAULT "
	    "0, out_of_stock TINYINT(1) UNSIGNED NOT NULL DEFAULT 0, location "
	    "VARCHAR(255) NOT NULL DEFAULT '', PRIMARY KEY "
	    "(id_stock_available), KEY id_shop (id_shop), KEY id_product "
	    "(id_product), KEY id_product_attribute (id_product_attribute), "
	    "UNIQUE product_sqlstock (id_product, id_product_attribute, "
	    "id_shop, id_shop_group)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
	run("INSERT INTO shop.ps_stock_available (id_product, "
	    "id_product_attribute, id_shop, id_shop_group, quantity, "
	    "physical_quantity, reserved_quantity) VALUES (7, 0, 1, 0, 9, 10, "
	    "1), (7, 3, 1, 0, 4, 4, 0), (7, 4, 1, 0, 5, 6, 1), "
	    "(7, 3, 2, 0, 6, 6, 0), (8, 0, 1, 0, 2, 2, 0)");
}

static void
make_opencart(void)
{
	run("CREATE TABLE shop.oc_product (product_id INT(11) NOT NULL "
	    "AUTO_INCREMENT, model VARCHAR(64) NOT NULL, sku VARCHAR(64) NOT "
	    "NULL, upc VARCHAR(12) NOT NULL, ean VARCHAR(14) NOT NULL, "
	    "location VARCHAR(128) NOT NULL DEFAULT '', quantity INT(4) NOT "
	    "NULL DEFAULT 0, stock_status_id INT(11) NOT NULL, subtract "
	    "TINYINT(1) NOT NULL DEFAULT 1, status TINYINT(1) NOT NULL DEFAULT "
	    "0, date_modified DATETIME NOT NULL, PRIMARY KEY (product_id)) "
	    "ENGINE=MyISAM DEFAULT CHARSET=utf8 COLLATE=utf8_general_ci");
	run("INSERT INTO shop.oc_product VALUES (7, 'M', 'S-7', '', '4006381', "
	    "'', 4, 5, 1, 1, '2001-01-01')");
}

static void
make_shops(void)
{
	make_woocommerce("wp_");
	make_prestashop();
	make_opencart();
}

static void
test_sql__each_profile_finds_its_shops_counts(void **state)
{
	struct rig *rig = *state;

	make_shops();
	open_with(rig, "\"profile\":\"woocommerce\"");
	assert_probe(rig, VERDICT_DONE, "");
	assert_outcome(sync_all(rig), VERDICT_DONE, "");
	assert_string_equal(rig->told, "7=4 9=2 ");
	open_with(rig, "\"profile\":\"prestashop\"");
	assert_probe(rig, VERDICT_DONE, "");
	assert_outcome(sync_all(rig), VERDICT_DONE, "");
	assert_string_equal(rig->told, "7/0=9 7/3=4 7/4=5 8/0=2 ");
	open_with(rig, "\"profile\":\"prestashop\",\"location\":\"2\"");
	assert_outcome(sync_all(rig), VERDICT_DONE, "");
	assert_string_equal(rig->told, "7/3=6 ");
	open_with(rig, "\"profile\":\"opencart\"");
	assert_probe(rig, VERDICT_DONE, "");
	assert_outcome(sync_all(rig), VERDICT_DONE, "");
	assert_string_equal(rig->told, "7=4 ");
	assert_string_equal(find(rig, LISTING_SKU, "s-7"), "7|S-7|4006381|M ");
}

/* Everything that is in the two tables, in few words. */
static void
assert_woocommerce(const char *prefix, const char *meta, const char *looked_up)
{
	char text[300];

	(void)snprintf(
		text, sizeof(text),
		"SELECT GROUP_CONCAT(post_id, meta_key, "
		"COALESCE(meta_value, 'NULL') ORDER BY meta_id SEPARATOR "
		"' ') FROM shop.%spostmeta WHERE post_id IN (7, 9)",
		prefix);
	assert_asked(text, meta);
	(void)snprintf(text, sizeof(text),
	               "SELECT GROUP_CONCAT(product_id, sku, min_price, "
	               "stock_quantity, stock_status, total_sales ORDER BY "
	               "product_id SEPARATOR ' ') FROM "
	               "shop.%swc_product_meta_lookup",
	               prefix);
	assert_asked(text, looked_up);
}

#define NINE "9_stock2 9_manage_stockno 9_stock_statusinstock"

static void
test_sql__at_woocommerce_the_status_follows_the_count(void **state)
{
	struct rig *rig = *state;

	make_woocommerce("wp_");
	open_with(rig, "\"profile\":\"woocommerce\"");
	assert_outcome(set(rig, "7", 0), VERDICT_DONE, "");
	assert_woocommerce("wp_",
	                   "7_stock0 7_price4 7_manage_stockyes 7_backordersno "
	                   "7_stock_statusoutofstock " NINE,
	                   "7a4.00000outofstock3 9b4.00002instock5");
	assert_outcome(set(rig, "7", 6), VERDICT_DONE, "");
	assert_woocommerce("wp_",
	                   "7_stock6 7_price4 7_manage_stockyes 7_backordersno "
	                   "7_stock_statusinstock " NINE,
	                   "7a4.00006instock3 9b4.00002instock5");
	run("UPDATE shop.wp_postmeta SET meta_value = 'notify' WHERE meta_key "
	    "= '_backorders'");
	assert_outcome(set(rig, "7", 0), VERDICT_DONE, "");
	assert_woocommerce("wp_",
	                   "7_stock0 7_price4 7_manage_stockyes "
	                   "7_backordersnotify 7_stock_statusonbackorder " NINE,
	                   "7a4.00000onbackorder3 9b4.00002instock5");
}

static void
test_sql__at_woocommerce_what_is_not_managed_keeps_its_status(void **state)
{
	struct rig *rig = *state;

	make_woocommerce("x_");
	open_with(rig, "\"profile\":\"woocommerce\",\"table\":\"x_postmeta\"");
	assert_probe(rig, VERDICT_DONE, "");
	assert_outcome(set(rig, "9", 0), VERDICT_DONE, "");
	assert_outcome(set(rig, "7", 1), VERDICT_DONE, "");
	assert_woocommerce("x_",
	                   "7_stock1 7_price4 7_manage_stockyes 7_backordersno "
	                   "7_stock_statusinstock 9_stock0 9_manage_stockno "
	                   "9_stock_statusinstock",
	                   "7a4.00001instock3 9b4.00002instock5");
}

static void
test_sql__what_follows_is_in_the_same_transaction(void **state)
{
	struct rig *rig = *state;

	make_woocommerce("wp_");
	open_with(rig, "\"profile\":\"woocommerce\"");
	run("CREATE TRIGGER shop.trouble BEFORE UPDATE ON "
	    "shop.wp_wc_product_meta_lookup FOR EACH ROW SIGNAL SQLSTATE "
	    "'HY000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'as told'");
	assert_outcome(set(rig, "7", 0), VERDICT_RETRY, "holds these rows");
	assert_woocommerce("wp_",
	                   "7_stock4 7_price4 7_manage_stockyes 7_backordersno "
	                   "7_stock_statusinstock " NINE,
	                   "7a4.00004instock3 9b4.00002instock5");
	run("DROP TABLE shop.wp_wc_product_meta_lookup");
	assert_probe(rig, VERDICT_REFUSED, "wp_wc_product_meta_lookup");
}

static void
test_sql__nothing_follows_other_columns(void **state)
{
	struct rig *rig = *state;

	make_woocommerce("wp_");
	run("ALTER TABLE shop.wp_postmeta ADD other VARCHAR(20)");
	run("UPDATE shop.wp_postmeta SET other = '3' WHERE meta_key = "
	    "'_stock' AND post_id = 7");
	open_with(rig, "\"profile\":\"woocommerce\","
	               "\"quantity_column\":\"other\"");
	assert_outcome(set(rig, "7", 0), VERDICT_DONE, "");
	assert_asked("SELECT other FROM shop.wp_postmeta WHERE post_id = 7 AND "
	             "meta_key = '_stock'",
	             "0");
	assert_woocommerce("wp_",
	                   "7_stock4 7_price4 7_manage_stockyes 7_backordersno "
	                   "7_stock_statusinstock " NINE,
	                   "7a4.00004instock3 9b4.00002instock5");
}

static void
assert_prestashop(const char *rows)
{
	assert_asked("SELECT GROUP_CONCAT(CONCAT_WS('/', quantity, "
	             "physical_quantity, reserved_quantity) ORDER BY "
	             "id_stock_available SEPARATOR ' ') FROM "
	             "shop.ps_stock_available",
	             rows);
}

static void
test_sql__at_prestashop_a_product_shows_the_sum_of_its_combinations(
	void **state)
{
	struct rig *rig = *state;

	make_prestashop();
	open_with(rig, "\"profile\":\"prestashop\"");
	assert_outcome(set(rig, "7/3", 1), VERDICT_DONE, "");
	assert_prestashop("6/10/1 1/4/0 5/6/1 6/6/0 2/2/0");
	assert_outcome(set(rig, "8/0", 0), VERDICT_DONE, "");
	assert_prestashop("6/10/1 1/4/0 5/6/1 6/6/0 0/2/0");
	open_with(rig, "\"profile\":\"prestashop\",\"location\":\"2\"");
	assert_outcome(set(rig, "7/3", 9), VERDICT_DONE, "");
	assert_prestashop("6/10/1 1/4/0 5/6/1 9/6/0 0/2/0");
}

/*
 * "As many as you like" in two combinations: their sum does not fit. What is
 * refused is halved by the engine without another look (push_write.c).
 */
static void
test_sql__a_sum_that_does_not_fit_stops_no_other(void **state)
{
	struct rig *rig = *state;
	struct count counts[2] = { { .external = "7/3" },
		                   { .external = "8/0" } };

	make_prestashop();
	run("UPDATE shop.ps_stock_available SET quantity = 2147483647 WHERE "
	    "id_product_attribute = 4");
	open_with(rig, "\"profile\":\"prestashop\"");
	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 2),
	               VERDICT_DONE, "");
	counts[0].qty = decimal_of(3);
	counts[1].qty = decimal_of(1);
	if (sql_adapter.write_counts(rig->sql, counts, 2, 0).verdict ==
	    VERDICT_REFUSED)
		assert_outcome(
			sql_adapter.write_counts(rig->sql, &counts[1], 1, 0),
			VERDICT_DONE, "");
	assert_asked("SELECT quantity FROM shop.ps_stock_available WHERE "
	             "id_product = 8",
	             "1");
}

static void
test_sql__at_opencart_the_count_is_all_there_is(void **state)
{
	struct rig *rig = *state;
	static const char others[] =
		"SELECT CONCAT_WS('/', product_id, model, sku, ean, "
		"stock_status_id, subtract, status, date_modified) FROM "
		"shop.oc_product";

	make_opencart();
	open_with(rig, "\"profile\":\"opencart\"");
	assert_outcome(set(rig, "7", 6), VERDICT_DONE, "");
	assert_asked("SELECT quantity FROM shop.oc_product", "6");
	assert_asked(others, "7/M/S-7/4006381/5/1/1/2001-01-01 00:00:00");
}

static void
test_sql__variants_of_many_pages_are_told_once(void **state)
{
	struct rig *rig = *state;

	make_shops();
	run("DELETE FROM shop.ps_stock_available");
	run("INSERT INTO shop.ps_stock_available (id_product, "
	    "id_product_attribute, id_shop, id_shop_group, quantity) SELECT "
	    "seq DIV 5000, seq MOD 5000, 1, 0, seq FROM shop.seq_0_to_9999");
	open_with(rig, "\"profile\":\"prestashop\"");
	assert_outcome(sync_all(rig), VERDICT_DONE, "");
	assert_int_equal(rig->n_told, 10000);
}

/* ---- options and bindings ---- */

static void
note_ref(void *ctx, const char *ref)
{
	(void)snprintf(ctx, 40, "%s", ref);
}

static void
assert_resolved(struct rig *rig, const char *written, const char *external)
{
	struct buf buf = BUF_INIT;
	char ref[40] = "";

	assert_int_equal(
		sql_adapter.resolve(rig->sql, &buf, written, note_ref, ref), 0);
	assert_string_equal(buf_text(&buf), external);
	assert_string_equal(ref, external);
	buf_fini(&buf);
}

static void
test_sql__an_id_alone_is_the_thing_without_a_variant(void **state)
{
	struct rig *rig = *state;

	assert_resolved(rig, "7", "7");
	assert_resolved(rig, "7/3", "7/3");
	open_with(rig, "\"profile\":\"prestashop\"");
	assert_resolved(rig, "7", "7/0");
	assert_resolved(rig, "7/3", "7/3");
}

static void
test_sql__options_are_checked_together(void **state)
{
	struct rig *rig = *state;
	static const char *const rows[][2] = {
		{ "\"user\":\"u\",\"profile\":\"stock\"", "socket: missing" },
		{ "\"user\":\"u\",\"socket\":\"/s\"", "table: missing" },
		{ "\"user\":\"u\",\"socket\":\"/s\",\"host\":\"localhost\"",
		  "host: not used" },
		{ "\"user\":\"u\",\"host\":\"localhost\"",
		  "password: missing" },
		{ "\"user\":\"u\",\"host\":\"db.example\"",
		  "ca_file: missing" },
		{ "\"user\":\"u\",\"socket\":\"/s\",\"ca_file\":\"/c\"",
		  "ca_file: not used" },
		{ "\"user\":\"u\",\"socket\":\"/s\",\"profile\":\"stock\","
		  "\"table\":\"a`b\"",
		  "table: not a name" },
		{ "\"user\":\"u\",\"socket\":\"/s\",\"profile\":\"stock\","
		  "\"table\":\"stock \"",
		  "table: not a name" },
		{ "\"user\":\"u\",\"socket\":\"/s\",\"profile\":\"stock\","
		  "\"quantity_column\":\"idProductEcommerce\"",
		  "quantity_column: is the id_column" },
		{ "\"user\":\"u\",\"socket\":\"/s\",\"profile\":\"stock\","
		  "\"location_column\":\"a\"",
		  "location: missing" },
		{ "\"user\":\"u\",\"socket\":\"/s\",\"profile\":\"stock\","
		  "\"location\":\"a\"",
		  "location_column: missing" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		open_as(rig, rows[i][0]);
		if (!strstr(rig->mistakes, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], rig->mistakes);
	}
}

/* ---- own changes that are sales ---- */

/* As the README says. */
static const char make_sales[] =
	"CREATE TABLE shop.tillbridge_sales (scope VARCHAR(190) NOT NULL, "
	"item VARCHAR(190) NOT NULL, n BIGINT NOT NULL, at BIGINT NOT NULL, "
	"sold DECIMAL(38,9) NOT NULL, quantity DECIMAL(38,9), "
	"PRIMARY KEY (scope, item, n), KEY (scope, at)) ENGINE=InnoDB "
	"CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

static void
open_sales_over(struct rig *rig, const char *socket)
{
	open_over(rig, socket,
	          "\"profile\":\"stock\",\"own_changes\":\"sales\"");
}

/* The table is there, and 11 has been looked at: it shows 5. */
static void
begin_sales(struct rig *rig)
{
	struct count count;

	run(make_sales);
	run("GRANT INSERT ON shop.tillbridge_sales TO till@'%'");
	open_sales_over(rig, server.socket);
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	assert_known(&count, "5");
}

static void
sell(const char *qty)
{
	char text[120];

	(void)snprintf(text, sizeof(text),
	               "UPDATE shop.stock SET quantity = quantity - %s WHERE "
	               "id = 1",
	               qty);
	run(text);
}

/* "11*2 " for each, in the order told; the last one's id is kept. */
static int
tell_sale(void *ctx, struct sale *sale)
{
	struct rig *rig = ctx;
	size_t n = strlen(rig->told);
	char qty[DECIMAL_TEXT_SIZE];

	assert_true(sale->is_final && sale->n_lines == 1);
	assert_non_null(sale->lines[0].uid);
	assert_false(sale->lines[0].has_gross);
	rig->n_told++;
	(void)snprintf(rig->told + n, sizeof(rig->told) - n, "%s*%s ",
	               sale->lines[0].external,
	               decimal_format(qty, sale->lines[0].qty));
	(void)snprintf(rig->id, sizeof(rig->id), "%s", sale->id);
	rig->closed_ms = sale->closed_ms;
	return 0;
}

static const char *
sales_since(struct rig *rig, int64_t since_ms)
{
	const struct sale_sink sink = { rig, tell_sale };

	rig->told[0] = '\0';
	rig->n_told = 0;
	assert_outcome(sql_adapter.list_sales(rig->sql, since_ms,
	                                      clock_wall_ms(), &sink),
	               VERDICT_DONE, "");
	return rig->told;
}

/* What has been sold by now, once looked at. */
static const char *
sold(struct rig *rig)
{
	struct count count;

	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	return sales_since(rig, 0);
}

static void
test_sql__what_fell_is_a_sale_once(void **state)
{
	struct rig *rig = *state;
	int64_t before = clock_wall_ms();
	char id[sizeof(rig->id)];

	begin_sales(rig);
	sell("2");
	assert_string_equal(sales_since(rig, 0), "");
	assert_string_equal(sold(rig), "11*2 ");
	assert_in_range(rig->closed_ms, before, clock_wall_ms());
	(void)snprintf(id, sizeof(id), "%s", rig->id);
	open_sales_over(rig, server.socket);
	assert_string_equal(sold(rig), "11*2 ");
	assert_string_equal(rig->id, id);
	sell("3");
	assert_string_equal(sold(rig), "11*2 11*3 ");
	assert_string_not_equal(rig->id, id);
	assert_string_equal(sales_since(rig, clock_wall_ms() + 1), "");
	assert_qty("11", "0");
}

static void
test_sql__what_is_seen_first_and_what_rose_is_no_sale(void **state)
{
	struct rig *rig = *state;
	struct count counts[3] = { { .external = "12", .bound_ms = 1 },
		                   { .external = "15", .bound_ms = 1 },
		                   { .external = "12", .bound_ms = 1 } };

	begin_sales(rig);
	assert_outcome(sql_adapter.read_counts(rig->sql, counts, 3),
	               VERDICT_DONE, "");
	sell("-4");
	assert_string_equal(sold(rig), "");
	sell("1");
	assert_string_equal(sold(rig), "11*1 ");
}

static void
test_sql__our_own_write_hides_no_sale_and_is_none(void **state)
{
	struct rig *rig = *state;
	struct count count;

	begin_sales(rig);
	assert_outcome(set(rig, "11", 3), VERDICT_DONE, "");
	assert_string_equal(sold(rig), "");
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	sell("1");
	assert_outcome(write_one(rig, &count, 9), VERDICT_RETRY, "changed 1");
	assert_string_equal(sold(rig), "11*1 ");
	assert_outcome(set(rig, "11", 9), VERDICT_DONE, "");
	sell("2");
	assert_outcome(set(rig, "11", 20), VERDICT_DONE, "");
	assert_string_equal(sold(rig), "11*1 11*2 ");
	assert_outcome(set(rig, "11", 0), VERDICT_DONE, "");
	sell("2");
	assert_string_equal(sold(rig), "11*1 11*2 11*2 ");
	assert_qty("11", "-2");
}

static void
test_sql__a_sale_is_exact_whatever_the_type(void **state)
{
	struct rig *rig = *state;

	run("ALTER TABLE shop.stock MODIFY quantity VARCHAR(40)");
	begin_sales(rig);
	run("UPDATE shop.stock SET quantity = '3.333333333' WHERE id = 1");
	assert_string_equal(sold(rig), "11*1.666666667 ");
	run("ALTER TABLE shop.stock MODIFY quantity DECIMAL(20,4)");
	assert_string_equal(sold(rig), "11*1.666666667 11*0.000033333 ");
	run("UPDATE shop.stock SET quantity = 3 WHERE id = 1");
	assert_string_equal(sold(rig),
	                    "11*1.666666667 11*0.000033333 11*0.3333 ");
}

static void
test_sql__a_count_that_was_not_known_is_compared_with_nothing(void **state)
{
	struct rig *rig = *state;

	begin_sales(rig);
	run("UPDATE shop.stock SET quantity = NULL WHERE id = 1");
	assert_string_equal(sold(rig), "");
	run("UPDATE shop.stock SET quantity = 2 WHERE id = 1");
	assert_string_equal(sold(rig), "");
	sell("1");
	assert_string_equal(sold(rig), "11*1 ");
}

static void
test_sql__an_answer_lost_behind_a_write_makes_no_sale(void **state)
{
	struct rig *rig = *state;
	struct count count;

	begin_sales(rig);
	open_sales_over(rig, line.path);
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	line.cut = CUT_AFTER_COMMIT;
	assert_outcome(write_one(rig, &count, 2), VERDICT_RETRY, "");
	line.cut = CUT_NOTHING;
	assert_qty("11", "2");
	assert_string_equal(sold(rig), "");
	sell("1");
	assert_string_equal(sold(rig), "11*1 ");
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	line.cut = CUT_BEFORE_COMMIT;
	assert_outcome(write_one(rig, &count, 9), VERDICT_RETRY, "");
	line.cut = CUT_NOTHING;
	assert_qty("11", "1");
	assert_string_equal(sold(rig), "11*1 ");
}

static void
test_sql__an_answer_lost_behind_a_look_loses_no_sale(void **state)
{
	struct rig *rig = *state;
	struct count count;

	begin_sales(rig);
	open_sales_over(rig, line.path);
	sell("1");
	line.cut = CUT_AFTER_COMMIT;
	assert_outcome(read_one(rig, &count, "11"), VERDICT_RETRY, "");
	assert_false(count.is_known);
	line.cut = CUT_NOTHING;
	assert_string_equal(sold(rig), "11*1 ");
	sell("2");
	line.cut = CUT_BEFORE_COMMIT;
	assert_outcome(read_one(rig, &count, "11"), VERDICT_RETRY, "");
	line.cut = CUT_NOTHING;
	assert_string_equal(sold(rig), "11*1 11*2 ");
}

static void
test_sql__a_crash_of_the_server_loses_no_sale(void **state)
{
	struct rig *rig = *state;
	struct count count;

	begin_sales(rig);
	sell("1");
	assert_string_equal(sold(rig), "11*1 ");
	sell("1");
	assert_outcome(read_one(rig, &count, "12"), VERDICT_DONE, "");
	maria_server_kill(&server);
	assert_outcome(write_one(rig, &count, 9), VERDICT_RETRY, "");
	assert_outcome(read_one(rig, &count, "11"), VERDICT_RETRY, "");
	maria_server_again(&server, paths[0]);
	assert_string_equal(sold(rig), "11*1 11*1 ");
}

/* The shop's row survived, our note did not. */
static void
test_sql__a_crash_that_undid_what_was_noted_books_the_rest(void **state)
{
	struct rig *rig = *state;
	char id[sizeof(rig->id)];

	begin_sales(rig);
	sell("1");
	assert_string_equal(sold(rig), "11*1 ");
	(void)snprintf(id, sizeof(id), "%s", rig->id);
	run("DELETE FROM shop.tillbridge_sales WHERE n = 1");
	run("UPDATE shop.tillbridge_sales SET quantity = 5, sold = 0");
	sell("2");
	assert_string_equal(sold(rig), "11*3 ");
	assert_string_equal(rig->id, id);
}

/* A lease that was lost while its worker stood still. */
static void
test_sql__two_that_look_at_once_note_a_sale_once(void **state)
{
	struct rig *rig = *state;
	struct rig other = { .conf = NULL };
	struct count count;

	begin_sales(rig);
	open_sales_over(&other, server.socket);
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	sell("2");
	assert_string_equal(sold(&other), "11*2 ");
	assert_outcome(set(&other, "11", 9), VERDICT_DONE, "");
	assert_outcome(write_one(rig, &count, 7), VERDICT_RETRY, "");
	assert_string_equal(sold(rig), "11*2 ");
	assert_qty("11", "9");
	close_adapter(&other);
}

enum { LOOKS = 60 };

struct looker {
	struct rig rig;
	pthread_t thread;
	struct outcome worst;
};

static void *
look_often(void *ctx)
{
	struct looker *l = ctx;

	l->worst = outcome_done();
	for (int i = 0; i < LOOKS && l->worst.verdict == VERDICT_DONE; i++) {
		struct count count = {
			.external = "11",
			.bound_ms = COUNT_BOUND_LONG_AGO,
		};

		l->worst = sql_adapter.read_counts(l->rig.sql, &count, 1);
	}
	return NULL;
}

static void
test_sql__two_that_look_all_the_time_note_each_sale_once(void **state)
{
	struct rig *rig = *state;
	struct looker lookers[2] = { { .rig = { .conf = NULL } } };
	static const char total[] =
		"SELECT CAST(SUM(sold) AS SIGNED) FROM shop.tillbridge_sales "
		"WHERE n > 0";

	run("UPDATE shop.stock SET quantity = 5 WHERE id = 1");
	begin_sales(rig);
	for (size_t i = 0; i < 2; i++) {
		open_sales_over(&lookers[i].rig, server.socket);
		assert_int_equal(pthread_create(&lookers[i].thread, NULL,
		                                look_often, &lookers[i]),
		                 0);
	}
	for (int i = 0; i < 20; i++)
		sell("1");
	for (size_t i = 0; i < 2; i++)
		(void)pthread_join(lookers[i].thread, NULL);
	for (size_t i = 0; i < 2; i++) {
		assert_outcome(lookers[i].worst, VERDICT_DONE, "");
		close_adapter(&lookers[i].rig);
	}
	(void)sold(rig);
	assert_asked(total, "20");
	assert_qty("11", "-15");
}

static void
test_sql__sales_of_many_pages_are_told_once(void **state)
{
	struct rig *rig = *state;

	begin_sales(rig);
	run("TRUNCATE shop.tillbridge_sales");
	run("INSERT INTO shop.tillbridge_sales SELECT 'stock.quantity', "
	    "seq DIV 40, seq MOD 40, 1000 + seq DIV 400, 1, 0 FROM "
	    "shop.seq_400_to_1599");
	(void)sales_since(rig, 0);
	assert_int_equal(rig->n_told, 1200 - 30);
	assert_memory_equal(rig->told, "10*1 10*1 ", 10);
	run("DELETE FROM shop.tillbridge_sales WHERE n > 0 AND item > '25'");
	run("DELETE FROM shop.tillbridge_sales WHERE n > 20 AND item > '23'");
	(void)sales_since(rig, 0);
	assert_int_equal(rig->n_told, 14 * 39 + 2 * 20);
}

static void
test_sql__counts_written_as_drift_are_compared_with_nothing(void **state)
{
	struct rig *rig = *state;

	begin_sales(rig);
	open_with(rig, "\"profile\":\"stock\"");
	assert_outcome(set(rig, "11", 1), VERDICT_DONE, "");
	assert_string_equal(sold(rig), "");
	open_sales_over(rig, server.socket);
	assert_string_equal(sold(rig), "");
	sell("1");
	assert_string_equal(sold(rig), "11*1 ");
}

/* As drift its sales come through the API, and nothing had to be written. */
static void
test_sql__what_fell_as_drift_is_no_sale_later(void **state)
{
	struct rig *rig = *state;
	struct count count;

	begin_sales(rig);
	open_with(rig, "\"profile\":\"stock\"");
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	sell("1"); /* and posted by the shop to the API */
	assert_outcome(read_one(rig, &count, "11"), VERDICT_DONE, "");
	open_sales_over(rig, server.socket);
	assert_string_equal(sold(rig), "");
}

/* A look at what is bound since then. */
static const char *
sold_since_bound(struct rig *rig, int64_t bound_ms)
{
	struct count count = { .external = "11", .bound_ms = bound_ms };

	assert_outcome(sql_adapter.read_counts(rig->sql, &count, 1),
	               VERDICT_DONE, "");
	assert_true(count.is_known);
	return sales_since(rig, 0);
}

static void
test_sql__what_fell_while_nothing_was_bound_is_no_sale(void **state)
{
	struct rig *rig = *state;
	int64_t bound_ms;

	begin_sales(rig);
	sell("1");
	assert_string_equal(sold_since_bound(rig, clock_wall_ms() - 5000),
	                    "11*1 ");
	for (int i = 0; i < 2; i++) { /* and bound anew, and again */
		sell("3");
		clock_sleep_ms(2);
		bound_ms = clock_wall_ms();
		assert_string_equal(sold_since_bound(rig, bound_ms),
		                    i ? "11*1 11*1 " : "11*1 ");
		clock_sleep_ms(2);
		sell("1");
		assert_string_equal(sold_since_bound(rig, bound_ms),
		                    i ? "11*1 11*1 11*1 " : "11*1 11*1 ");
		open_sales_over(rig, server.socket);
	}
	sell("1"); /* when it was bound was lost with Redis */
	assert_string_equal(sold(rig), "11*1 11*1 11*1 11*1 ");
}

/* A request to bind it may fail: months may go by until it is. */
static void
test_sql__what_is_only_asked_for_is_not_noted(void **state)
{
	struct rig *rig = *state;

	begin_sales(rig);
	run("UPDATE shop.tillbridge_sales SET item = '12'");
	assert_string_equal(sold_since_bound(rig, 0), "");
	assert_asked("SELECT COUNT(*) FROM shop.tillbridge_sales WHERE item = "
	             "'11'",
	             "0");
	assert_string_equal(sold_since_bound(rig, clock_wall_ms()), "");
	sell("2");
	assert_string_equal(sold_since_bound(rig, 0), "");
	assert_string_equal(sold(rig), "11*2 ");
}

/* Its clock is ahead of ours. */
static void
test_sql__who_binds_may_have_another_clock(void **state)
{
	struct rig *rig = *state;
	int64_t bound_ms = clock_wall_ms() + 60000;

	begin_sales(rig);
	run("TRUNCATE shop.tillbridge_sales");
	assert_string_equal(sold_since_bound(rig, bound_ms), "");
	sell("2");
	assert_string_equal(sold_since_bound(rig, bound_ms), "11*2 ");
}

static void
check_pair_of(struct rig *rig, const char *one, const char *other,
              struct buf *mistakes)
{
	struct rig second = { .conf = NULL };

	buf_reset(mistakes);
	open_with(rig, one);
	open_with(&second, other);
	sql_adapter.check_pair(second.conf, rig->conf, mistakes);
	close_adapter(&second);
}

#define SALES "\"own_changes\":\"sales\","
#define AT(place) \
	"\"profile\":\"stock\",\"location_column\":\"accountID\"," \
	"\"location\":\"" place "\""

static void
test_sql__two_accounts_on_the_same_rows_are_refused(void **state)
{
	static const struct {
		const char *one;
		const char *other;
		bool is_wrong;
	} rows[] = {
		{ SALES AT("x"), SALES AT("x"), true },
		{ SALES AT("x"), SALES "\"profile\":\"stock\"", true },
		{ AT("x"), SALES AT("x"), true },
		{ SALES AT("x"), SALES AT("y"), false },
		{ AT("x"), AT("x"), false },
		{ SALES AT("x"), SALES AT("x") ",\"table\":\"other\"", false },
		{ SALES AT("x"),
		  SALES AT("x") ",\"quantity_column\":\"limitQuantity\"",
		  false },
	};
	struct rig *rig = *state;
	struct buf mistakes = BUF_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		check_pair_of(rig, rows[i].one, rows[i].other, &mistakes);
		assert_int_equal(mistakes.n > 0, rows[i].is_wrong);
		if (rows[i].is_wrong)
			assert_non_null(strstr(buf_text(&mistakes),
			                       "own_changes: the account shop "
			                       "has the same rows of table "));
	}
	buf_fini(&mistakes);
}

static void
test_sql__another_place_has_its_own_sales(void **state)
{
	struct rig *rig = *state;
	static const char at_y[] =
		"\"profile\":\"stock\",\"own_changes\":\"sales\","
		"\"location_column\":\"accountID\",\"location\":\"y\"";

	run("INSERT INTO shop.stock (idProductEcommerce, quantity, accountID) "
	    "VALUES (11, 2, 'y')");
	run(make_sales);
	run("GRANT INSERT ON shop.tillbridge_sales TO till@'%'");
	open_with(rig, at_y);
	assert_string_equal(sold(rig), "");
	sell("1");
	assert_string_equal(sold(rig), "");
	run("UPDATE shop.stock SET quantity = 0 WHERE accountID = 'y'");
	assert_string_equal(sold(rig), "11*2 ");
}

/* Of three bytes a letter; files of tables have shorter ones. */
static void
test_sql__long_names_do_not_hide_the_place(void **state)
{
	struct rig *rig = *state;
	struct buf table = BUF_INIT;
	struct buf column = BUF_INIT;
	struct buf text = BUF_INIT;

	buf_adds(&table, "a");
	for (int i = 0; i < 48; i++)
		buf_adds(&table, "\350\241\250");
	for (int i = 0; i < 60; i++)
		buf_adds(&column, "\350\241\250");
	run(make_sales);
	run("GRANT INSERT ON shop.tillbridge_sales TO till@'%'");
	buf_addf(&text,
	         "CREATE TABLE shop.`%s` ENGINE=InnoDB SELECT 11 id, 5 `%s`, "
	         "'x' place UNION SELECT 11, 2, 'y'",
	         buf_text(&table), buf_text(&column));
	run(buf_text(&text));
	for (const char *place = "xy"; *place; place++) {
		buf_reset(&text);
		buf_addf(&text,
		         "\"table\":\"%s\",\"quantity_column\":\"%s\","
		         "\"id_column\":\"id\",\"location_column\":"
		         "\"place\",\"location\":\"%c\",\"own_changes\":"
		         "\"sales\"",
		         buf_text(&table), buf_text(&column), *place);
		open_with(rig, buf_text(&text));
		assert_string_equal(sold(rig), "");
	}
	buf_fini(&table);
	buf_fini(&column);
	buf_fini(&text);
}

static void
test_sql__a_table_made_anew_uses_no_id_again(void **state)
{
	struct rig *rig = *state;
	char id[sizeof(rig->id)];

	begin_sales(rig);
	sell("1");
	assert_string_equal(sold(rig), "11*1 ");
	(void)snprintf(id, sizeof(id), "%s", rig->id);
	run("TRUNCATE shop.tillbridge_sales");
	assert_string_equal(sold(rig), "");
	sell("1");
	assert_string_equal(sold(rig), "11*1 ");
	assert_string_not_equal(rig->id, id);
}

static void
test_sql__a_probe_names_what_sales_need(void **state)
{
	struct rig *rig = *state;
	struct count count;

	open_sales_over(rig, server.socket);
	assert_probe(rig, VERDICT_RETRY, "needs the table tillbridge_sales");
	assert_outcome(read_one(rig, &count, "11"), VERDICT_RETRY,
	               "needs the table");
	assert_false(count.is_known);
	run(make_sales);
	assert_probe(rig, VERDICT_LOCKED, "tillbridge_sales");
	run("GRANT INSERT ON shop.tillbridge_sales TO till@'%'");
	run("ALTER TABLE shop.stock ENGINE=MyISAM");
	open_sales_over(rig, server.socket);
	assert_probe(rig, VERDICT_RETRY, "ALTER TABLE `stock` ENGINE=InnoDB");
	run("ALTER TABLE shop.stock ENGINE=InnoDB");
	run("ALTER TABLE shop.tillbridge_sales DROP COLUMN sold");
	assert_probe(rig, VERDICT_REFUSED, "names of the columns");
	run("DROP TABLE shop.tillbridge_sales");
	run(make_sales);
	assert_probe(rig, VERDICT_DONE, "");
	assert_asked("SELECT COUNT(*) FROM shop.tillbridge_sales", "0");
}

/* ---- the world ---- */

static void
make_certificates(void)
{
	struct made_cert certs[3];

	for (size_t i = 0; i < 3; i++) {
		int fd;

		(void)snprintf(paths[i], sizeof(paths[i]),
		               "/tmp/test-sql-XXXXXX");
		fd = mkstemp(paths[i]);
		assert_true(fd >= 0);
		(void)close(fd);
	}
	make_cert(&certs[0],
	          &(struct make_cert){ .name = "authority", .is_ca = true });
	make_cert(&certs[1], &(struct make_cert){ .name = "localhost",
	                                          .also = "DNS:localhost",
	                                          .issuer = &certs[0] });
	make_cert(&certs[2],
	          &(struct make_cert){ .name = "another", .is_ca = true });
	made_cert_write(paths[0], "k1 c1", certs);
	made_cert_write(paths[1], "c0", certs);
	made_cert_write(paths[2], "c2", certs);
	for (size_t i = 0; i < 3; i++)
		made_cert_fini(&certs[i]);
}

static int
world_open(void **state)
{
	(void)state;
	make_certificates();
	maria_server_start(&server, paths[0]);
	open_line();
	return 0;
}

static int
world_close(void **state)
{
	(void)state;
	close_line();
	maria_server_stop(&server);
	for (size_t i = 0; i < 3; i++)
		(void)unlink(paths[i]);
	return 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_sql__##name, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_batch_is_read_as_it_stands),
		TEST(what_the_server_takes_for_the_same_number_is_not),
		TEST(a_quantity_of_any_type_is_exact_and_no_number_is_unknown),
		TEST(what_differs_is_written_in_one_transaction_and_nothing_else),
		TEST(what_the_shop_sold_meanwhile_is_not_undone),
		TEST(nothing_is_written_that_was_not_read),
		TEST(what_does_not_fit_is_one_items_own_trouble),
		TEST(the_moment_of_a_write_is_kept_where_there_is_a_column),
		TEST(a_line_lost_before_the_commit_wrote_nothing),
		TEST(a_line_lost_behind_the_commit_is_found_equal),
		TEST(trouble_within_a_write_is_judged_and_leaves_nothing),
		TEST(a_server_that_takes_no_writes_is_passing_trouble),
		TEST(a_restart_of_the_server_is_survived),
		TEST(a_connection_that_died_idle_costs_nothing),
		TEST(a_probe_says_what_it_found),
		TEST(a_probe_names_each_mistake_and_its_cure),
		TEST(rights_on_two_columns_suffice),
		TEST(a_server_must_prove_itself),
		TEST(on_the_same_machine_a_port_will_do),
		TEST(who_says_that_there_is_no_tls_is_told_nothing),
		TEST(only_the_rows_of_this_place_are_ours),
		TEST(a_sync_tells_every_count_and_skips_what_is_nobodys),
		TEST(a_sync_of_many_pages_tells_each_once),
		TEST(a_sync_broken_off_is_not_done),
		TEST(what_is_registered_gets_its_row_once),
		TEST(without_the_right_to_add_only_that_row_is_refused),
		TEST(a_row_that_does_not_fit_is_its_own_trouble),
		TEST(a_name_that_does_not_fit_is_left_out),
		TEST(a_shop_that_adds_its_own_rows_is_left_alone),
		TEST(names_of_any_letters_are_quoted),
		TEST(letters_that_no_column_holds_are_that_items_own),
		TEST(things_are_found_by_what_the_table_knows),
		TEST(each_profile_finds_its_shops_counts),
		TEST(at_woocommerce_the_status_follows_the_count),
		TEST(at_woocommerce_what_is_not_managed_keeps_its_status),
		TEST(what_follows_is_in_the_same_transaction),
		TEST(nothing_follows_other_columns),
		TEST(at_prestashop_a_product_shows_the_sum_of_its_combinations),
		TEST(a_sum_that_does_not_fit_stops_no_other),
		TEST(at_opencart_the_count_is_all_there_is),
		TEST(variants_of_many_pages_are_told_once),
		TEST(an_id_alone_is_the_thing_without_a_variant),
		TEST(options_are_checked_together),
		TEST(what_fell_is_a_sale_once),
		TEST(what_is_seen_first_and_what_rose_is_no_sale),
		TEST(our_own_write_hides_no_sale_and_is_none),
		TEST(a_sale_is_exact_whatever_the_type),
		TEST(a_count_that_was_not_known_is_compared_with_nothing),
		TEST(an_answer_lost_behind_a_write_makes_no_sale),
		TEST(an_answer_lost_behind_a_look_loses_no_sale),
		TEST(a_crash_of_the_server_loses_no_sale),
		TEST(a_crash_that_undid_what_was_noted_books_the_rest),
		TEST(two_that_look_at_once_note_a_sale_once),
		TEST(two_that_look_all_the_time_note_each_sale_once),
		TEST(sales_of_many_pages_are_told_once),
		TEST(counts_written_as_drift_are_compared_with_nothing),
		TEST(what_fell_as_drift_is_no_sale_later),
		TEST(what_fell_while_nothing_was_bound_is_no_sale),
		TEST(what_is_only_asked_for_is_not_noted),
		TEST(who_binds_may_have_another_clock),
		TEST(two_accounts_on_the_same_rows_are_refused),
		TEST(another_place_has_its_own_sales),
		TEST(long_names_do_not_hide_the_place),
		TEST(a_table_made_anew_uses_no_id_again),
		TEST(a_probe_names_what_sales_need),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
