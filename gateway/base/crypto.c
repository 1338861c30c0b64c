/*
 * HMAC, digests, constant-time comparison, hex, base64, random bytes.
 *
 * Algorithms are fetched once and kept for the life of the process; contexts
 * are made per call and never shared between threads (platform.md O3).
 * Decoders are strict: two texts never decode to the same bytes, except for
 * the letter case of hex.
 */
#include "gateway/base/crypto.h"

#include "gateway/base/err.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac;  /* NULL: the library lacks it */
static EVP_MD *sha256; /* NULL: the library lacks it */

static pthread_once_t seeded = PTHREAD_ONCE_INIT;
static atomic_uint_least64_t jitter_state;

static void
fetch(void)
{
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* Drain this thread's error queue into one line (platform.md O2). */
static int
raise_lib(const char *what)
{
	char words[256] = "no reason given";
	unsigned long first = ERR_get_error();

	if (first)
		ERR_error_string_n(first, words, sizeof(words));
	ERR_clear_error();
	return err_raise(ERR_LIB, "%s: %s", what, words);
}

static int
prepare(void)
{
	ERR_clear_error();
	(void)pthread_once(&fetched, fetch);
	return hmac && sha256 ? 0 : raise_lib("HMAC or SHA-256 missing");
}

static bool
sign(EVP_MAC_CTX *ctx, const OSSL_PARAM *params, const void *key, size_t n_key,
     const struct crypto_part *parts, size_t n_parts)
{
	size_t i;

	if (!EVP_MAC_init(ctx, key, n_key, params))
		return false;
	for (i = 0; i < n_parts; i++)
		if (parts[i].n && !EVP_MAC_update(ctx, parts[i].p, parts[i].n))
			return false;
	return true;
}

int
crypto_hmac(unsigned char *out, size_t *n_out, enum crypto_hash hash,
            const void *key, size_t n_key, const struct crypto_part *parts,
            size_t n_parts)
{
	char sha256_name[] = "SHA256";
	char sha512_name[] = "SHA512";
	OSSL_PARAM params[2];
	EVP_MAC_CTX *ctx;
	int r;

	assert(key && n_key > 0);
	r = prepare();
	if (r)
		return r;
	params[0] = OSSL_PARAM_construct_utf8_string(
		OSSL_MAC_PARAM_DIGEST,
		hash == CRYPTO_SHA256 ? sha256_name : sha512_name, 0);
	params[1] = OSSL_PARAM_construct_end();
	ctx = EVP_MAC_CTX_new(hmac);
	if (!ctx || !sign(ctx, params, key, n_key, parts, n_parts) ||
	    !EVP_MAC_final(ctx, out, n_out, CRYPTO_MAC_MAX))
		r = raise_lib("HMAC failed");
	EVP_MAC_CTX_free(ctx);
	return r;
}

static bool
digest(EVP_MD_CTX *ctx, unsigned char *out, const struct crypto_part *parts,
       size_t n_parts)
{
	size_t i;

	if (!EVP_DigestInit_ex2(ctx, sha256, NULL))
		return false;
	for (i = 0; i < n_parts; i++)
		if (!EVP_DigestUpdate(ctx, parts[i].p, parts[i].n))
			return false;
	return EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

int
crypto_sha256_hex(char out[65], const struct crypto_part *parts, size_t n_parts)
{
	unsigned char raw[32];
	EVP_MD_CTX *ctx;
	int r;

	r = prepare();
	if (r)
		return r;
	ctx = EVP_MD_CTX_new();
	if (ctx && digest(ctx, raw, parts, n_parts))
		crypto_hex_encode(out, raw, sizeof(raw));
	else
		r = raise_lib("SHA-256 failed");
	EVP_MD_CTX_free(ctx);
	return r;
}

bool
crypto_equal(const void *a, size_t n_a, const void *b, size_t n_b)
{
	if (n_a != n_b)
		return false;
	return n_a == 0 || CRYPTO_memcmp(a, b, n_a) == 0;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
crypto_hex_decode(unsigned char *out, size_t *n_out, size_t max,
                  const char *text, size_t n_text)
{
	size_t i;
	int high;
	int low;

	if (n_text % 2 || n_text / 2 > max)
		return CRYPTO_MALFORMED;
	for (i = 0; i < n_text / 2; i++) {
		high = hex_value(text[2 * i]);
		low = hex_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return CRYPTO_MALFORMED;
		out[i] = (unsigned char)(high << 4 | low);
	}
	*n_out = n_text / 2;
	return 0;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

/* Four characters, the last n_pad of them `=`, as 24 bits; -1 if none. */
static int32_t
base64_group(const char *text, size_t n_pad)
{
	int32_t bits = 0;
	size_t i;
	int value;

	for (i = 0; i < 4; i++) {
		value = i < 4 - n_pad ? base64_value(text[i]) : 0;
		if (value < 0)
			return -1;
		bits = bits << 6 | value;
	}
	/* Bits under the padding must be 0: one text per value, no other. */
	if ((n_pad == 1 && (bits & 0xff)) || (n_pad == 2 && (bits & 0xffff)))
		return -1;
	return bits;
}

int
crypto_base64_decode(unsigned char *out, size_t *n_out, size_t max,
                     const char *text, size_t n_text)
{
	size_t n_pad = 0;
	size_t n = 0;
	size_t n_group;
	size_t i;
	size_t j;
	int32_t bits;

	if (n_text % 4)
		return CRYPTO_MALFORMED;
	while (n_pad < 2 && n_pad < n_text && text[n_text - 1 - n_pad] == '=')
		n_pad++;
	if (n_text / 4 * 3 - n_pad > max)
		return CRYPTO_MALFORMED;
	for (i = 0; i < n_text; i += 4) {
		n_group = i + 4 == n_text ? 3 - n_pad : 3;
		bits = base64_group(text + i, 3 - n_group);
		if (bits < 0)
			return CRYPTO_MALFORMED;
		for (j = 0; j < n_group; j++)
			out[n++] = (unsigned char)(bits >> (16 - 8 * j));
	}
	*n_out = n;
	return 0;
}

void
crypto_hex_encode(char *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = p;
	size_t i;

	for (i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

void
crypto_base64_encode(char *out, const void *p, size_t n)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	const unsigned char *in = p;
	uint32_t bits;
	size_t i;

	for (i = 0; i < n; i += 3) {
		bits = (uint32_t)in[i] << 16;
		if (i + 1 < n)
			bits |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < n)
			bits |= in[i + 2];
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 63];
		*out++ = i + 1 < n ? alphabet[bits >> 6 & 63] : '=';
		*out++ = i + 2 < n ? alphabet[bits & 63] : '=';
	}
	*out = '\0';
}

int
crypto_random(void *out, size_t n)
{
	ERR_clear_error();
	if (RAND_bytes_ex(NULL, out, n, 0) != 1)
		return raise_lib("no random bytes");
	return 0;
}

static void
seed_jitter(void)
{
	uint_least64_t seed = 0;

	/* Without a seed jitter still spreads within this process. */
	(void)crypto_random(&seed, sizeof(seed));
	atomic_store(&jitter_state, seed);
}

/* SplitMix64: a counter, mixed; threads share the counter and never wait. */
uint32_t
crypto_jitter(void)
{
	const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z;

	(void)pthread_once(&seeded, seed_jitter);
	z = atomic_fetch_add_explicit(&jitter_state, step,
	                              memory_order_relaxed) +
	    step;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}

void
crypto_wipe(void *p, size_t n)
{
	if (p && n)
		OPENSSL_cleanse(p, n);
}
