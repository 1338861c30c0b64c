/*
 * URLs and addresses as the configuration takes them: whether, not what.
 *
 * Whoever connects parses again with its own library; here it is only decided
 * whether a person wrote what was asked for, and whether it leaves the machine.
 */
#include "gateway/model/conf_parts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_SIZE = 256, PORT_DIGITS = 5 };

static bool
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool
is_port(const char *text, size_t n)
{
	char digits[PORT_DIGITS + 1] = "";
	long port;

	if (n == 0 || n > PORT_DIGITS || strspn(text, "0123456789") < n)
		return false;
	memcpy(digits, text, n);
	port = strtol(digits, NULL, 10);
	return port >= 1 && port <= 65535;
}

/* Where the host ends: behind the bracket, or before ':'. 0: no host. */
static size_t
host_length(const char *text, size_t n)
{
	const char *end;
	size_t i = 0;

	if (n && text[0] == '[') {
		end = memchr(text, ']', n);
		return end ? (size_t)(end - text) + 1 : 0;
	}
	while (i < n && is_host_char(text[i]))
		i++;
	return i;
}

/* Copy a host, without its brackets; false when it is too long. */
static bool
copy_host(char out[HOST_SIZE], const char *text, size_t n)
{
	if (text[0] == '[') {
		text++;
		n -= 2;
	}
	if (n == 0 || n >= HOST_SIZE)
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

enum host_kind { HOST_NONE, HOST_NAME, HOST_IPV4, HOST_IPV6 };

/* Judge "host[:port]" of n bytes. */
static enum host_kind
judge_host(const char *text, size_t n, bool needs_port, bool *is_loopback)
{
	struct in6_addr six;
	struct in_addr four;
	char host[HOST_SIZE];
	size_t n_host = host_length(text, n);

	if (n_host == 0 || !copy_host(host, text, n_host))
		return HOST_NONE;
	if (n_host == n ? needs_port
	                : text[n_host] != ':' ||
	                          !is_port(text + n_host + 1, n - n_host - 1))
		return HOST_NONE;
	if (text[0] == '[') {
		if (inet_pton(AF_INET6, host, &six) != 1)
			return HOST_NONE;
		*is_loopback = IN6_IS_ADDR_LOOPBACK(&six);
		return HOST_IPV6;
	}
	if (inet_pton(AF_INET, host, &four) == 1) {
		*is_loopback = ntohl(four.s_addr) >> 24 == 127;
		return HOST_IPV4;
	}
	*is_loopback = strcmp(host, "localhost") == 0;
	return HOST_NAME;
}

/* Visible ASCII without what a path must not hold unencoded. */
static bool
is_path(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f ||
		    strchr("?#\"<>\\^`{|}", *text))
			return false;
	return true;
}

bool
conf_is_url(const char *text, struct conf_address *out)
{
	struct conf_address address = { 0 };
	size_t n;

	address.is_plain = starts_with(text, "http://");
	if (!address.is_plain && !starts_with(text, "https://"))
		return false;
	text = strstr(text, "//") + 2;
	n = strcspn(text, "/");
	if (judge_host(text, n, false, &address.is_loopback) == HOST_NONE ||
	    !is_path(text + n))
		return false;
	if (out)
		*out = address;
	return true;
}

bool
conf_is_listen(const char *text, struct conf_address *out)
{
	struct conf_address address = { .is_plain = true };
	enum host_kind kind;

	kind = judge_host(text, strlen(text), true, &address.is_loopback);
	if (kind != HOST_IPV4 && kind != HOST_IPV6)
		return false;
	if (out)
		*out = address;
	return true;
}

const char *
conf_redis_password(const char *url, size_t *n)
{
	const char *at;

	if (!starts_with(url, "redis://:"))
		return NULL;
	url += strlen("redis://:");
	at = strrchr(url, '@');
	if (!at)
		return NULL;
	*n = (size_t)(at - url);
	return url;
}

bool
conf_is_redis_url(const char *text)
{
	const char *password;
	size_t n = 0;
	bool ignored;

	if (starts_with(text, "unix:///"))
		return text[strlen("unix:///")] != '\0';
	if (!starts_with(text, "redis://"))
		return false;
	password = conf_redis_password(text, &n);
	text = password ? password + n + 1 : text + strlen("redis://");
	n = strcspn(text, "/");
	if (judge_host(text, n, true, &ignored) == HOST_NONE)
		return false;
	text += n;
	if (*text == '\0')
		return true;
	n = strlen(++text);
	return n >= 1 && n <= 3 && strspn(text, "0123456789") == n;
}
