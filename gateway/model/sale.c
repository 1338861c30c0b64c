/*
 * A sale as a channel shows it, the entry made from it, and the entry's stored
 * form.
 *
 * The stored form is JSON with a version; decimals stand in it as text, so no
 * reader can make a double of them. Decoding takes exactly what encoding
 * writes, in this version or in the one before: a row that lost a member is
 * malformed, never half an entry.
 */
#include "gateway/model/sale.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STORED_VERSION = 2, /* with kind and details */
	STORED_BEFORE = 1,  /* sales only, without either */
	DOCID_WORDS = 20,   /* readable characters of the id */
	DOCID_DIGEST = 16,  /* hex digits: 64 bits tell any two ids apart */
};

struct sale_line *
sale_add_line(struct sale *sale)
{
	size_t n = sale->n_lines;
	struct sale_line *grown;

	grown = realloc(sale->lines, (n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	grown[n] = (struct sale_line){ 0 };
	sale->lines = grown;
	sale->n_lines = n + 1;
	return &grown[n];
}

void
sale_fini(struct sale *sale)
{
	for (size_t i = 0; i < sale->n_lines; i++) {
		free(sale->lines[i].uid);
		free(sale->lines[i].external);
		free(sale->lines[i].sku);
		free(sale->lines[i].name);
	}
	free(sale->lines);
	free(sale->id);
	free(sale->account);
	free(sale->currency);
	free(sale->reference);
	*sale = (struct sale){ 0 };
}

struct entry_line *
entry_add_line(struct entry *entry)
{
	size_t n = entry->n_lines;
	struct entry_line *grown;

	grown = realloc(entry->lines, (n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	grown[n] = (struct entry_line){ 0 };
	entry->lines = grown;
	entry->n_lines = n + 1;
	return &grown[n];
}

void
entry_fini(struct entry *entry)
{
	for (size_t i = 0; i < entry->n_lines; i++) {
		free(entry->lines[i].uid);
		free(entry->lines[i].sku);
		free(entry->lines[i].external);
	}
	free(entry->lines);
	free(entry->id);
	free(entry->docid);
	free(entry->account);
	free(entry->sale);
	free(entry->authority);
	free(entry->currency);
	free(entry->details);
	*entry = (struct entry){ 0 };
}

bool
entry_is_return(const struct entry *entry)
{
	for (size_t i = 0; i < entry->n_lines; i++)
		if (decimal_is_negative(entry->lines[i].qty))
			return true;
	return false;
}

static const char *
kind_name(enum entry_kind kind)
{
	switch (kind) {
	case ENTRY_SALE: return "sale";
	case ENTRY_ORDER: return "order";
	case ENTRY_CUSTOMER: return "customer";
	}
	assert(false); /* no such kind */
	return "";
}

/* Without it the row could not be read back: an entry would be lost. */
static void
put_text(struct json_out *o, const char *key, const char *text)
{
	assert(text);
	json_out_text(o, key, text);
}

static void
put_decimal(struct json_out *o, const char *key, struct decimal d)
{
	char text[DECIMAL_TEXT_SIZE];

	json_out_text(o, key, decimal_format(text, d));
}

static void
put_line(struct json_out *o, const struct entry_line *line)
{
	json_out_object(o, NULL);
	put_text(o, "uid", line->uid);
	put_text(o, "sku", line->sku);
	put_text(o, "external", line->external);
	put_decimal(o, "qty", line->qty);
	if (line->has_gross)
		put_decimal(o, "gross", line->gross);
	json_out_end_object(o);
}

void
entry_encode(struct buf *out, const struct entry *entry)
{
	struct json_out o = { .to = out };

	json_out_object(&o, NULL);
	json_out_int(&o, "v", STORED_VERSION);
	json_out_text(&o, "kind", kind_name(entry->kind));
	assert((entry->kind == ENTRY_SALE) == (entry->details == NULL));
	if (entry->details)
		json_out_text(&o, "details", entry->details);
	put_text(&o, "id", entry->id);
	put_text(&o, "docid", entry->docid);
	put_text(&o, "account", entry->account);
	put_text(&o, "sale", entry->sale);
	put_text(&o, "authority", entry->authority);
	if (entry->currency)
		put_text(&o, "currency", entry->currency);
	json_out_int(&o, "occurred_ms", entry->occurred_ms);
	json_out_array(&o, "lines");
	for (size_t i = 0; i < entry->n_lines; i++)
		put_line(&o, &entry->lines[i]);
	json_out_end_array(&o);
	json_out_end_object(&o);
}

static int
take_text(char **out, const struct json_node *o, const char *key)
{
	const char *text;

	if (json_get_text(&text, o, key))
		return JSON_MALFORMED;
	*out = text_dup(text);
	return *out ? 0 : err_raise(ERR_NOMEM, "entry");
}

/* A member that may be missing, but not of another type. */
static int
take_optional_text(char **out, const struct json_node *o, const char *key)
{
	return json_find(o, key) ? take_text(out, o, key) : 0;
}

static int
take_decimal(struct decimal *out, const struct json_node *o, const char *key)
{
	const char *text;

	if (json_get_text(&text, o, key) || decimal_parse(out, text))
		return JSON_MALFORMED;
	return 0;
}

static int
take_line(struct entry *entry, const struct json_node *o)
{
	struct entry_line *line = entry_add_line(entry);
	int r;

	if (!line)
		return err_raise(ERR_NOMEM, "entry line");
	if ((r = take_text(&line->uid, o, "uid")) ||
	    (r = take_text(&line->sku, o, "sku")) ||
	    (r = take_text(&line->external, o, "external")) ||
	    (r = take_decimal(&line->qty, o, "qty")))
		return r;
	line->has_gross = json_find(o, "gross") != NULL;
	return line->has_gross ? take_decimal(&line->gross, o, "gross") : 0;
}

static int
take_lines(struct entry *entry, const struct json_node *lines)
{
	int r = 0;

	if (json_type(lines) != JSON_ARRAY)
		return JSON_MALFORMED;
	for (size_t i = 0; !r && i < json_length(lines); i++)
		r = take_line(entry, json_at(lines, i));
	return r;
}

/* What a shop sent has details; a sale is told by its lines. */
static int
take_kind(struct entry *entry, const struct json_node *o)
{
	const char *name;
	int64_t version;

	if (json_get_int(&version, o, "v"))
		return JSON_MALFORMED;
	if (version == STORED_BEFORE)
		return 0;
	if (version != STORED_VERSION || json_get_text(&name, o, "kind"))
		return JSON_MALFORMED;
	while (strcmp(name, kind_name(entry->kind)) != 0)
		if (entry->kind++ == ENTRY_CUSTOMER)
			return JSON_MALFORMED;
	if (entry->kind == ENTRY_SALE)
		return json_find(o, "details") ? JSON_MALFORMED : 0;
	return take_text(&entry->details, o, "details");
}

static int
take_entry(struct entry *entry, const struct json_node *o)
{
	int r = take_kind(entry, o);

	if (r)
		return r;
	if (json_get_int(&entry->occurred_ms, o, "occurred_ms"))
		return JSON_MALFORMED;
	if ((r = take_text(&entry->id, o, "id")) ||
	    (r = take_text(&entry->docid, o, "docid")) ||
	    (r = take_text(&entry->account, o, "account")) ||
	    (r = take_text(&entry->sale, o, "sale")) ||
	    (r = take_text(&entry->authority, o, "authority")) ||
	    (r = take_optional_text(&entry->currency, o, "currency")))
		return r;
	return take_lines(entry, json_find(o, "lines"));
}

int
entry_decode(struct entry *out, const char *text, size_t n)
{
	struct entry entry = { 0 };
	struct json *doc = NULL;
	int r;

	r = json_parse(&doc, text, n);
	if (r)
		goto out;
	r = take_entry(&entry, json_root(doc));
	if (r)
		goto out;
	*out = entry;
	entry = (struct entry){ 0 };
out:
	entry_fini(&entry);
	json_free(doc);
	return r;
}

static bool
is_docid_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9');
}

/* "TB-", the beginning of the id for people, a digest of all of it. */
int
sale_docid(char out[41], const char *entry_id)
{
	const struct crypto_part part = { entry_id, strlen(entry_id) };
	char words[DOCID_WORDS + 1];
	char hex[65];
	size_t n = part.n < DOCID_WORDS ? part.n : DOCID_WORDS;
	int r;

	r = crypto_sha256_hex(hex, &part, 1);
	if (r)
		return err_pass(r);
	for (size_t i = 0; i < n; i++)
		words[i] = is_docid_char(entry_id[i]) ? entry_id[i] : '-';
	words[n] = '\0';
	(void)snprintf(out, 41, "TB-%s-%.*s", words, (int)DOCID_DIGEST, hex);
	return 0;
}

bool
sale_is_docid(const char *text)
{
	size_t n = strlen(text);
	size_t words = 0;

	if (strncmp(text, "TB-", 3) != 0 || n < 3 + 1 + DOCID_DIGEST)
		return false;
	words = n - 3 - 1 - DOCID_DIGEST;
	if (words > DOCID_WORDS || text[3 + words] != '-')
		return false;
	for (size_t i = 0; i < words; i++)
		if (!is_docid_char(text[3 + i]) && text[3 + i] != '-')
			return false;
	return strspn(text + n - DOCID_DIGEST, "0123456789abcdef") ==
	       DOCID_DIGEST;
}
