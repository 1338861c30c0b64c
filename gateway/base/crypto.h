#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * HMAC, digests, constant-time comparison, hex, base64, random bytes.
 * Algorithms are fetched once for the life of the process (platform.md O3).
 */
enum crypto_hash { CRYPTO_SHA256, CRYPTO_SHA512 };

enum {
	CRYPTO_MAC_MAX = 64,  /* bytes of the longest MAC or digest */
	CRYPTO_MALFORMED = 1, /* condition: not hex, not base64 */
};

/* One piece of a message that is signed in several pieces. */
struct crypto_part {
	const void *p;
	size_t n;
};

/*
 * HMAC over the parts, one after another.
 *
 * out    at least CRYPTO_MAC_MAX bytes
 * n_out  bytes written: 32 or 64
 *
 * Returns  0, or ERR_LIB. An empty key is a bug of the caller (assert).
 * Threads  any.
 */
int crypto_hmac(unsigned char *out, size_t *n_out, enum crypto_hash hash,
                const void *key, size_t n_key, const struct crypto_part *parts,
                size_t n_parts);

/* SHA-256 of the parts as 64 lower-case hex digits and NUL. 0 or ERR_LIB. */
int crypto_sha256_hex(char out[65], const struct crypto_part *parts,
                      size_t n_parts);

/* Equal in constant time; different lengths are unequal at once (O4). */
bool crypto_equal(const void *a, size_t n_a, const void *b, size_t n_b);

/*
 * Decode. Strict: hex of even length in either case; base64 in the standard
 * alphabet with its padding, no blanks.
 *
 * max  room in out
 *
 * Returns  0, or CRYPTO_MALFORMED (also when it does not fit).
 */
int crypto_hex_decode(unsigned char *out, size_t *n_out, size_t max,
                      const char *text, size_t n_text);
int crypto_base64_decode(unsigned char *out, size_t *n_out, size_t max,
                         const char *text, size_t n_text);

/* Encode; out has room for 2n+1, or 4*((n+2)/3)+1 bytes. */
void crypto_hex_encode(char *out, const void *p, size_t n);
void crypto_base64_encode(char *out, const void *p, size_t n);

/* Uniform random bytes from the system. 0 or ERR_LIB. */
int crypto_random(void *out, size_t n);

/* A uniform number for jitter; not for secrets. Threads: any. */
uint32_t crypto_jitter(void);

/* Overwrite so that the compiler cannot leave it out (O7). */
void crypto_wipe(void *p, size_t n);

#endif
