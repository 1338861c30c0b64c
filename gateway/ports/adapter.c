/* What follows from an adapter's table, said once. */
#include "gateway/ports/adapter.h"

#include "gateway/base/fold.h"

#include <string.h>

bool
adapter_can_find(const struct adapter_ops *ops, const struct conf_section *conf,
                 enum entry_kind kind)
{
	return ops && ops->find_entry &&
	       (!ops->can_find || ops->can_find(conf, kind));
}

bool
adapter_lists_sales(const struct adapter_ops *ops,
                    const struct conf_section *conf)
{
	return ops && ops->list_sales &&
	       (!ops->lists_sales || ops->lists_sales(conf));
}

void
adapter_canonical(struct buf *external, const struct adapter_ops *ops,
                  const struct conf_section *conf, const char *written)
{
	if (ops && ops->canonical)
		ops->canonical(conf, external, written);
	else
		buf_adds(external, written);
}

void
adapter_plain(struct buf *written, const struct adapter_ops *ops,
              const struct conf_section *conf, const char *external)
{
	const char *slash = strrchr(external, '/');
	struct buf front = BUF_INIT;
	struct buf same = BUF_INIT;
	bool is_same;

	if (slash)
		buf_add(&front, external, (size_t)(slash - external));
	if (slash)
		adapter_canonical(&same, ops, conf, buf_text(&front));
	is_same = slash && strcmp(buf_text(&same), external) == 0;
	buf_adds(written, is_same ? buf_text(&front) : external);
	buf_fini(&front);
	buf_fini(&same);
}

void
adapter_abilities(struct adapter_ability out[ADAPTER_ABILITIES],
                  const struct adapter_ops *ops,
                  const struct conf_section *account)
{
	const struct adapter_ability all[ADAPTER_ABILITIES] = {
		{ "read counts", ops->read_counts != NULL },
		{ "write counts", ops->write_counts != NULL },
		{ "list sales", adapter_lists_sales(ops, account) },
		{ "record sales", ops->post_entry != NULL },
		/* of no use to who records none */
		{ "look up a sale whose answer was lost",
		  !ops->post_entry ||
		          adapter_can_find(ops, account, ENTRY_SALE) },
		{ "find items", ops->list_items != NULL },
		{ "list changes", ops->sync != NULL },
		{ "receive callbacks", conf_account_can_call(account) },
	};

	memcpy(out, all, sizeof(all));
}

static bool
holds_folded(const char *all, const char *text, bool is_whole)
{
	struct buf a = BUF_INIT;
	struct buf b = BUF_INIT;
	bool holds;

	fold_add(&a, all);
	fold_add(&b, text);
	holds = is_whole ? strcmp(buf_text(&a), buf_text(&b)) == 0
	                 : strstr(buf_text(&a), buf_text(&b)) != NULL;
	buf_fini(&a);
	buf_fini(&b);
	return holds;
}

/* One word among those with blanks between. */
static bool
has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; n && *p; p += strspn(p, " ")) {
		size_t n_word = strcspn(p, " ");

		if (n_word == n && strncmp(p, word, n) == 0)
			return true;
		p += n_word;
	}
	return false;
}

bool
listing_fits(const struct listing *listing, enum listing_by by,
             const char *text)
{
	switch (by) {
	case LISTING_SKU: return holds_folded(listing->sku, text, true);
	case LISTING_BARCODE: return has_word(listing->barcode, text);
	case LISTING_NAME: return holds_folded(listing->name, text, false);
	case LISTING_ALL: break;
	}
	return true;
}
