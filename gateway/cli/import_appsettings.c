/*
 * import-appsettings: the e-commerce synchronizer's configuration as ours.
 *
 * What it held of each account is carried over by a table; what could not be is
 * said on stderr, each thing by its key and never by its value. Secrets go into
 * files of their own beside the configuration, as `file:` references. Nothing
 * that is there is ever overwritten, and nothing is written before everything
 * was read.
 */
#include "gateway/cli/cli.h"
#include "gateway/cli/dotnet.h"
#include "gateway/cli/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/err.h"
#include "gateway/base/json.h"

enum {
	FILE_MAX_BYTES = 1 << 20,
	ACCOUNTS_MAX = 100,
	SECRETS_MAX = 3 * ACCOUNTS_MAX + 1, /* the shop's */
	DIGITS_MAX = 18,
};

enum carry_kind {
	CARRY_TEXT,
	CARRY_NUMBER,  /* 0: none, and left out */
	CARRY_SECRET,  /* into a file */
	CARRY_HOST,    /* of the account's url */
	CARRY_NOTHING, /* known, of no use here */
	CARRY_NOT,     /* meant something that we have no place for */
};

struct carry {
	const char *from;
	enum carry_kind kind;
	const char *to;
	bool is_required;
	const char *instead; /* a number to begin with; NULL: none */
};

static const struct carry square[] = {
	{ "AccessToken", CARRY_SECRET, "access_token", true, NULL },
	{ "AccountID", CARRY_TEXT, "location", true, NULL },
	{ "Locations", CARRY_NOTHING, NULL, false, NULL },
	{ .from = NULL },
};

static const struct carry hiboutik[] = {
	{ "AccountName", CARRY_HOST, "https://%s.hiboutik.com", true, NULL },
	{ "EmailAddress", CARRY_TEXT, "email", true, NULL },
	{ "AccessToken", CARRY_SECRET, "api_key", true, NULL },
	{ "StoreID", CARRY_NUMBER, "store", false, "1" },
	{ "WarehouseID", CARRY_NUMBER, "warehouse", false, "1" },
	{ "HiboutikCustomerID", CARRY_NUMBER, "customer", false, NULL },
	{ "MaximumRequests", CARRY_NUMBER, "monthly_calls", false, NULL },
	{ .from = NULL },
};

static const struct carry lightspeed_r[] = {
	{ "AccountID", CARRY_NUMBER, "account", true, NULL },
	{ "ClientID", CARRY_TEXT, "client_id", true, NULL },
	{ "ClientSecret", CARRY_SECRET, "client_secret", true, NULL },
	{ "RefreshToken", CARRY_SECRET, "refresh_token", true, NULL },
	{ "ShopID", CARRY_NUMBER, "shop", true, NULL },
	{ "RegisterID", CARRY_NUMBER, "register", true, NULL },
	{ "EmployeeID", CARRY_NUMBER, "employee", true, NULL },
	{ "PaymentTypeID", CARRY_NUMBER, "payment_type", false, "3" },
	{ "LightspeedCustomerID", CARRY_NOT, NULL, false, NULL },
	{ "AccessToken", CARRY_NOTHING, NULL, false, NULL }, /* renewed */
	{ .from = NULL },
};

static const struct {
	const char *number; /* its Type */
	const char *type;
	const struct carry *table;
	const char *hook; /* what its calls to us prove themselves with; NULL */
} types[] = {
	{ "1", "square", square, "signature_key" },
	{ "2", "hiboutik", hiboutik, "token" },
	{ "3", "lightspeed_r", lightspeed_r, NULL },
};

/* A secret, and the file it shall lie in. */
struct kept {
	char *path;       /* owned */
	struct buf value; /* owned */
};

struct conversion {
	const char *path;  /* of the input */
	const char *out;   /* NULL: stdout */
	struct json_out j; /* into text */
	struct buf text;
	char first[40]; /* name of the first account */
	size_t n_accounts;
	size_t n_of_type[3];
	struct kept kept[SECRETS_MAX];
	size_t n_kept;
	size_t n_mistakes;
	bool is_broken;
};

/* ---- what a person reads ---- */

static void
mistake(struct conversion *c, const char *where, const char *what)
{
	cli_complain("%s: %s: %s", c->path, where, what);
	c->n_mistakes++;
}

static void
note(const struct conversion *c, const char *where, const char *key,
     const char *what)
{
	cli_complain("%s: %s%s%s: %s", c->path, where, *where ? "." : "", key,
	             what);
}

/* ---- reading: as .NET does, keys in any case, numbers as text ---- */

struct lookup {
	const char *key;
	const struct json_node *value;
};

static bool
look_at(void *ctx, const char *key, const struct json_node *value)
{
	struct lookup *l = ctx;

	if (!strcasecmp(key, l->key))
		l->value = value;
	return l->value == NULL;
}

static const struct json_node *
find(const struct json_node *object, const char *key)
{
	struct lookup l = { key, NULL };

	json_each(object, look_at, &l);
	return l.value;
}

/* Text or number; NULL: neither, or empty. Borrowed until the next call. */
static const char *
plain(const struct json_node *value)
{
	const char *text = json_text(value);

	if (!text)
		text = json_number_text(value);
	return text && *text ? text : NULL;
}

static bool
is_number(const char *text)
{
	return text && strspn(text, "0123456789") == strlen(text) &&
	       strlen(text) <= DIGITS_MAX;
}

static bool
is_host_word(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] ==
	       '\0';
}

/* ---- an account ---- */

struct account {
	struct conversion *c;
	char where[60]; /* PosAccess.PosConfigurations[2] */
	char name[40];
	const struct carry *table;
	const struct json_node *from;
};

/* The option, whose value goes into the file secrets/NAME-OPTION. */
static void
keep_secret(struct conversion *c, const char *name, const char *option,
            const char *value)
{
	const char *slash = c->out ? strrchr(c->out, '/') : NULL;
	struct kept *kept = &c->kept[c->n_kept];
	char *reference = text_format("file:secrets/%s-%s", name, option);

	kept->path = text_format("%.*ssecrets/%s-%s",
	                         slash ? (int)(slash - c->out + 1) : 0,
	                         slash ? c->out : "", name, option);
	buf_adds(&kept->value, value);
	if (reference && kept->path)
		json_out_text(&c->j, option, reference);
	else
		c->is_broken = true;
	c->n_kept++;
	free(reference);
}

static void
carry_number(struct account *a, const struct carry *row, const char *value)
{
	char *number = NULL;

	if (value && !is_number(value)) {
		note(a->c, a->where, row->from, "must be a whole number");
		a->c->n_mistakes++;
		return;
	}
	if (value && strspn(value, "0") != strlen(value)) {
		number = text_dup(value + strspn(value, "0"));
	} else if (row->instead) {
		note(a->c, a->where, row->from,
		     "is not given: see whether this is right");
		cli_complain("    \"%s\": %s", row->to, row->instead);
		number = text_dup(row->instead);
	} else if (row->is_required) {
		note(a->c, a->where, row->from, "is missing");
		a->c->n_mistakes++;
	}
	if (number)
		json_out_raw(&a->c->j, row->to, number);
	free(number);
}

static void
carry_host(struct account *a, const char *value)
{
	char *url;

	if (!is_host_word(value)) {
		note(a->c, a->where, "AccountName",
		     "must be a sub-domain: letters, digits and -");
		a->c->n_mistakes++;
		return;
	}
	url = text_format("https://%s.hiboutik.com", value);
	if (url)
		json_out_text(&a->c->j, "url", url);
	else
		a->c->is_broken = true;
	free(url);
}

static void
carry(struct account *a, const struct carry *row)
{
	const char *value = plain(find(a->from, row->from));

	if (!value && row->is_required) {
		note(a->c, a->where, row->from, "is missing");
		a->c->n_mistakes++;
		return;
	}
	switch (row->kind) {
	case CARRY_NUMBER: carry_number(a, row, value); return;
	case CARRY_TEXT:
		if (value)
			json_out_text(&a->c->j, row->to, value);
		return;
	case CARRY_SECRET:
		if (value)
			keep_secret(a->c, a->name, row->to, value);
		return;
	case CARRY_HOST:
		if (value)
			carry_host(a, value);
		return;
	case CARRY_NOT:
		if (value && strspn(value, "0") != strlen(value))
			note(a->c, a->where, row->from,
			     "is not carried over: there is no such option");
		return;
	case CARRY_NOTHING: return;
	}
}

/* A key that no version of it had may be a misspelt one. */
static bool
note_unknown(void *ctx, const char *key, const struct json_node *value)
{
	const struct account *a = ctx;
	const struct carry *row = a->table;

	(void)value;
	while (row->from && strcasecmp(row->from, key) != 0)
		row++;
	if (!row->from && strcasecmp(key, "Type") != 0)
		note(a->c, a->where, key, "is unknown, not carried over");
	return true;
}

/* It was never called; ours is, and the key is the vendor's or the shop's. */
static void
add_hook(struct account *a, const char *key)
{
	char variable[80];

	(void)snprintf(variable, sizeof(variable), "env:%s_%s", a->name, key);
	for (char *p = variable + 4; *p; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
		else if (*p == '-')
			*p = '_';
	}
	json_out_object(&a->c->j, "hook");
	json_out_text(&a->c->j, key, variable);
	json_out_end_object(&a->c->j);
	cli_complain("%s: hook.%s is yours to give, as %s", a->name, key,
	             variable);
}

static void
convert_account(struct conversion *c, const struct json_node *from, size_t i)
{
	struct account a = { .c = c, .from = from };
	const char *number = plain(find(from, "Type"));
	size_t t = 0;

	(void)snprintf(a.where, sizeof(a.where),
	               "PosAccess.PosConfigurations[%zu]", i);
	while (t < 3 && (!number || strcmp(types[t].number, number) != 0))
		t++;
	if (t == 3) {
		if (number && !strcmp(number, "4"))
			note(c, a.where, "Type",
			     "4 (a shopkeeper's telephone) is not carried "
			     "over");
		else
			mistake(c, a.where, "Type must be 1, 2, 3 or 4");
		return;
	}
	a.table = types[t].table;
	if (c->n_of_type[t]++)
		(void)snprintf(a.name, sizeof(a.name), "%s-%zu", types[t].type,
		               c->n_of_type[t]);
	else
		(void)snprintf(a.name, sizeof(a.name), "%s", types[t].type);
	if (!c->n_accounts++)
		(void)memcpy(c->first, a.name, sizeof(c->first));
	json_out_object(&c->j, NULL);
	json_out_text(&c->j, "name", a.name);
	json_out_text(&c->j, "type", types[t].type);
	for (const struct carry *row = a.table; row->from; row++)
		carry(&a, row);
	if (types[t].hook)
		add_hook(&a, types[t].hook);
	json_each(from, note_unknown, &a);
	json_out_end_object(&c->j);
}

/* ---- the shop's database ---- */

#define SHOP_KEY "ecommerceDatabaseConnectionString"

static const struct {
	const char *option;
	const char *words[8]; /* MySQL Connector/NET's; NULL ends them */
} shop_parts[] = {
	{ "host",
	  { "Server", "Host", "Data Source", "DataSource", "Address", "Addr",
	    "Network Address" } },
	{ "port", { "Port" } },
	{ "database", { "Database", "Initial Catalog" } },
	{ "user",
	  { "Uid", "User Id", "UserID", "Username", "User name", "User" } },
	{ "password", { "Password", "Pwd" } },
};
enum { HOST, PORT, DATABASE, USER, PASSWORD, SHOP_PARTS };

static bool
is_here(const char *host)
{
	return !strncmp(host, "127.", 4) || !strcmp(host, "::1");
}

/* What it lacks, or has that cannot be one server on TCP; NULL: nothing. */
static const char *
judge_shop(char *const value[SHOP_PARTS])
{
	if (!value[DATABASE] || !value[USER] || !value[PASSWORD])
		return "is not carried over: it does not name Database, Uid "
		       "and Password; the shop's database can be an account "
		       "of type sql";
	if ((value[HOST] && strpbrk(value[HOST], ",/\\")) ||
	    (value[PORT] && (!is_number(value[PORT]) ||
	                     strspn(value[PORT], "0") == strlen(value[PORT]))))
		return "is not carried over: its Server is not one host, or "
		       "its Port no number; the shop's database can be an "
		       "account of type sql";
	return NULL;
}

static void
add_shop(struct conversion *c, char *const value[SHOP_PARTS])
{
	const char *host = value[HOST];

	if (!host || !strcasecmp(host, "localhost"))
		host = "127.0.0.1"; /* by TCP, as it was meant */
	json_out_object(&c->j, NULL);
	json_out_text(&c->j, "name", "shop");
	json_out_text(&c->j, "type", "sql");
	json_out_text(&c->j, "host", host);
	if (value[PORT])
		json_out_raw(&c->j, "port",
		             value[PORT] + strspn(value[PORT], "0"));
	json_out_text(&c->j, "database", value[DATABASE]);
	json_out_text(&c->j, "user", value[USER]);
	keep_secret(c, "shop", "password", value[PASSWORD]);
	json_out_text(&c->j, "profile", "stock");
	json_out_end_object(&c->j);
	c->n_accounts++;
	if (!is_here(host))
		cli_complain("shop: ca_file is yours to give: %s is another "
		             "machine, and proves itself by a certificate",
		             host);
}

/* Its table is the synchronizer's, stock: the profile of that name. */
static void
convert_shop(struct conversion *c, const struct json_node *root)
{
	const char *connection = plain(find(root, SHOP_KEY));
	char *value[SHOP_PARTS] = { NULL };
	const char *lacks;

	if (!connection)
		return;
	for (size_t i = 0; i < SHOP_PARTS; i++)
		value[i] = dotnet_connection_value(connection,
		                                   shop_parts[i].words);
	lacks = judge_shop(value);
	if (lacks)
		note(c, "", SHOP_KEY, lacks);
	else
		add_shop(c, value);
	for (size_t i = 0; i < SHOP_PARTS; i++)
		free(value[i]);
}

/* ---- the file ---- */

static bool
note_top(void *ctx, const char *key, const struct json_node *value)
{
	static const struct {
		const char *key;
		const char *what; /* NULL: nothing to say */
	} known[] = {
		{ "PosAccess", NULL },
		{ "Logging", NULL },
		{ "hangfireDatabaseConnectionString", NULL },
		{ SHOP_KEY, NULL },
		{ "FirebaseFCMToken",
		  "is not carried over: no messages go to telephones" },
	};
	const struct conversion *c = ctx;

	(void)value;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcasecmp(known[i].key, key) != 0)
			continue;
		if (known[i].what)
			note(c, "", key, known[i].what);
		return true;
	}
	note(c, "", key, "is unknown, not carried over");
	return true;
}

static void
convert(struct conversion *c, const struct json_node *root)
{
	const struct json_node *list =
		find(find(root, "PosAccess"), "PosConfigurations");
	size_t n = json_length(list);

	json_each(root, note_top, c);
	if (!n || n > ACCOUNTS_MAX) {
		mistake(c, "PosAccess.PosConfigurations",
		        "must be a list of 1 to 100 accounts");
		return;
	}
	json_out_object(&c->j, NULL);
	json_out_object(&c->j, "public");
	json_out_text(&c->j, "certificate", "certs/server.pem");
	json_out_end_object(&c->j);
	json_out_array(&c->j, "accounts");
	for (size_t i = 0; i < n; i++)
		convert_account(c, json_at(list, i), i);
	if (c->n_accounts) /* else there is none that keeps stock */
		convert_shop(c, root);
	json_out_end_array(&c->j);
	json_out_object(&c->j, "stock");
	json_out_text(&c->j, "authority", c->first);
	json_out_end_object(&c->j);
	json_out_end_object(&c->j);
	if (!c->n_accounts)
		mistake(c, "PosAccess.PosConfigurations",
		        "holds no account of type 1, 2 or 3");
}

/* ---- out ---- */

static bool
keep_all(struct conversion *c)
{
	const char *slash = c->out ? strrchr(c->out, '/') : NULL;
	char *folder = text_format("%.*ssecrets",
	                           slash ? (int)(slash - c->out + 1) : 0,
	                           slash ? c->out : "");
	struct buf why = BUF_INIT;
	bool is_done = folder && (!mkdir(folder, 0700) || errno == EEXIST);

	if (!is_done)
		cli_complain("%s: %s", folder ? folder : "secrets",
		             strerror(errno));
	for (size_t i = 0; is_done && i < c->n_kept; i++) {
		enum keep_end end =
			keep_file(c->kept[i].path, &c->kept[i].value, &why);

		is_done = end == KEEP_WRITTEN || end == KEEP_SAME;
		if (end == KEEP_OTHER)
			cli_complain("%s: another secret is there already",
			             c->kept[i].path);
		else if (end == KEEP_FAILED)
			cli_complain("%s", buf_text(&why));
	}
	buf_fini(&why);
	free(folder);
	return is_done;
}

static bool
write_out(const struct conversion *c)
{
	int fd = c->out ? open(c->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	                       0600)
	                : -1;
	FILE *f = c->out ? (fd < 0 ? NULL : fdopen(fd, "w")) : stdout;
	int trouble;

	if (!f) {
		cli_complain("%s: %s", c->out, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	trouble = fprintf(f, "%s\n", buf_text(&c->text)) < 0 || fflush(f);
	if (c->out && (fclose(f) || trouble)) {
		cli_complain("%s: %s", c->out, strerror(errno));
		return false;
	}
	return !trouble;
}

static enum exit_code
finish(struct conversion *c)
{
	struct stat st;

	if (c->n_mistakes) {
		cli_complain("%s: %zu mistake%s; nothing was written", c->path,
		             c->n_mistakes, c->n_mistakes == 1 ? "" : "s");
		return EXIT_CODE_FAILED;
	}
	if (c->is_broken || buf_check(&c->text)) {
		cli_complain("out of memory");
		return EXIT_CODE_FAILED;
	}
	if (c->out && !lstat(c->out, &st)) {
		cli_complain("%s: is there already, and stays as it is",
		             c->out);
		return EXIT_CODE_FAILED;
	}
	if (!keep_all(c) || !write_out(c))
		return EXIT_CODE_FAILED;
	cli_complain("still yours to say: public.url, public.certificate (a "
	             "PEM file) and private.tokens; then tillbridge check");
	return EXIT_CODE_DONE;
}

static enum exit_code
read_all(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "re");
	char piece[4096];
	size_t n;

	out->max = FILE_MAX_BYTES;
	while (f && (n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(out, piece, n);
	if (!f || ferror(f) || buf_check(out)) {
		cli_complain("%s: %s", path,
		             !f || ferror(f) ? strerror(errno) : "too large");
		if (f)
			(void)fclose(f);
		return EXIT_CODE_FAILED;
	}
	(void)fclose(f);
	return EXIT_CODE_DONE;
}

static enum exit_code
convert_text(struct conversion *c, const struct buf *text)
{
	static const char mark[] = "\xEF\xBB\xBF"; /* editors put it in front */
	char *copy = text_dup(buf_text(text));
	const char *p = copy;
	struct json *doc = NULL;
	enum exit_code code = EXIT_CODE_FAILED;

	if (p && !strncmp(p, mark, 3))
		p += 3;
	if (copy)
		dotnet_plain_json(copy);
	/* A NUL is the other sign of UTF-16. */
	if (!p || strlen(copy) != text->n || json_parse(&doc, p, strlen(p))) {
		cli_complain("%s: is not JSON in UTF-8", c->path);
	} else {
		c->j.to = &c->text;
		convert(c, json_root(doc));
		code = finish(c);
	}
	json_free(doc);
	free(copy);
	return code;
}

enum exit_code
cli_import_appsettings(const struct cli *cli)
{
	struct conversion *c = calloc(1, sizeof(*c));
	struct buf text = BUF_INIT;
	enum exit_code code = EXIT_CODE_USAGE;

	if (!c || cli->argc != 1) {
		cli_complain("usage: tillbridge import-appsettings "
		             "appsettings.json [-o FILE]");
		free(c);
		return code;
	}
	c->path = cli->argv[0];
	c->out = cli->output;
	code = read_all(&text, c->path);
	if (code == EXIT_CODE_DONE)
		code = convert_text(c, &text);
	for (size_t i = 0; i < c->n_kept; i++) {
		free(c->kept[i].path);
		buf_fini(&c->kept[i].value);
	}
	buf_fini(&c->text);
	buf_fini(&text);
	free(c);
	return code;
}
