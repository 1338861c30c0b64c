/* Times and numbers as the status page says them. */
#include "handlers/api/api.h"
#include "handlers/api/page.h"

#include <string.h>

void
page_add_span(struct buf *b, int64_t ms)
{
	if (ms < 0)
		ms = 0; /* another machine's clock is ahead */
	if (ms < 1000)
		buf_addf(b, "%lld ms", (long long)ms);
	else if (ms < 120 * 1000LL)
		buf_addf(b, "%lld s", (long long)(ms / 1000));
	else if (ms < 120 * 60 * 1000LL)
		buf_addf(b, "%lld min", (long long)(ms / 60000));
	else if (ms < 48 * 3600 * 1000LL)
		buf_addf(b, "%lld h", (long long)(ms / 3600000));
	else
		buf_addf(b, "%lld days", (long long)(ms / 86400000));
}

void
page_add_ago(struct buf *b, int64_t now_ms, int64_t at_ms)
{
	if (!at_ms) {
		buf_adds(b, "never");
	} else if (now_ms - at_ms < 1000) {
		buf_adds(b, "just now");
	} else {
		page_add_span(b, now_ms - at_ms);
		buf_adds(b, " ago");
	}
}

void
page_add_count(struct buf *b, int64_t n, const char *one, const char *many)
{
	buf_addf(b, "%lld %s", (long long)n, n == 1 ? one : many);
}

void
page_add_shell_word(struct buf *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/_.:@+-";
	struct buf quoted = BUF_INIT;

	if (word[strspn(word, plain)] == '\0') {
		api_add_html(b, word);
		return;
	}
	buf_addc(&quoted, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_adds(&quoted, "'\\''");
		else
			buf_addc(&quoted, *word);
	}
	buf_addc(&quoted, '\'');
	api_add_html(b, buf_text(&quoted));
	b->is_broken |= quoted.is_broken;
	buf_fini(&quoted);
}
