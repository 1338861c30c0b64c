#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "gateway/base/crypto.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Bodies of webhooks, byte for byte, as the signature vectors use them. */
#define B1 \
	"{\"merchant_id\":\"ML1\",\"type\":\"inventory.count.updated\"," \
	"\"event_id\":\"bc316346-6691-4243-88ed-6d651a0d0c47\"," \
	"\"created_at\":\"2025-11-21T10:00:00.123456789Z\",\"data\":{" \
	"\"type\":\"inventory_counts\"," \
	"\"id\":\"84ea45bf-5a3a-4f1e-9a0d-7a4c5f2e1b00\",\"object\":{" \
	"\"inventory_counts\":[{\"calculated_at\":\"2025-11-21T10:00:00.1Z\"," \
	"\"catalog_object_id\":\"VAR1\"," \
	"\"catalog_object_type\":\"ITEM_VARIATION\"," \
	"\"location_id\":\"LOC1\",\"quantity\":\"41\"," \
	"\"state\":\"IN_STOCK\"}]}}}"
#define B2 \
	"{\"name\":\"Caf\xc3\xa9 \xe2\x82\xac" \
	"5\"}"
#define B4 "{\"test\": 2432232314}"
#define B5 \
	"payload=%7B%22id%22%3A%22p1%22%7D&type=product.update&retailer_id=r1"
#define B6 \
	"sale_id=12&unique_sale_id=1-12&store_id=1&" \
	"line_items%5B0%5D%5Bproduct_id%5D=7&" \
	"line_items%5B0%5D%5Bquantity%5D=2"
#define B7 "Hello, World!"

static void
hmac(unsigned char *out, size_t *n_out, enum crypto_hash hash, const void *key,
     size_t n_key, const void *message, size_t n_message)
{
	const struct crypto_part part = { message, n_message };

	assert_int_equal(crypto_hmac(out, n_out, hash, key, n_key, &part, 1),
	                 0);
}

static void
assert_hmac_hex(enum crypto_hash hash, const void *key, size_t n_key,
                const void *message, size_t n_message, const char *expected)
{
	unsigned char mac[CRYPTO_MAC_MAX];
	char hex[2 * CRYPTO_MAC_MAX + 1];
	size_t n = 0;

	hmac(mac, &n, hash, key, n_key, message, n_message);
	assert_int_equal(n, hash == CRYPTO_SHA256 ? 32 : 64);
	crypto_hex_encode(hex, mac, n);
	assert_string_equal(hex, expected);
}

static void
assert_hmac_base64(const char *key, const char *first, const char *second,
                   const char *expected)
{
	const struct crypto_part parts[] = {
		{ first, strlen(first) },
		{ second, strlen(second) },
	};
	unsigned char mac[CRYPTO_MAC_MAX];
	unsigned char wanted[CRYPTO_MAC_MAX];
	char text[4 * ((CRYPTO_MAC_MAX + 2) / 3) + 1];
	size_t n = 0;
	size_t n_wanted = 0;

	assert_int_equal(
		crypto_hmac(mac, &n, CRYPTO_SHA256, key, strlen(key), parts, 2),
		0);
	crypto_base64_encode(text, mac, n);
	assert_string_equal(text, expected);
	assert_int_equal(crypto_base64_decode(wanted, &n_wanted, sizeof(wanted),
	                                      expected, strlen(expected)),
	                 0);
	assert_true(crypto_equal(mac, n, wanted, n_wanted));
}

static void
assert_sha256(const char *text, const char *expected)
{
	const struct crypto_part part = { text, strlen(text) };
	char hex[65];

	assert_int_equal(crypto_sha256_hex(hex, &part, 1), 0);
	assert_string_equal(hex, expected);
}

/* Source: RFC 4231, section 4. */
static void
test_crypto__hmac_agrees_with_rfc_4231(void **state)
{
	unsigned char key[131];
	unsigned char data[50];
	static const char larger[] =
		"Test Using Larger Than Block-Size Key - Hash Key First";
	static const char both[] =
		"This is a test using a larger than block-size key and a "
		"larger than block-size data. The key needs to be hashed "
		"before being used by the HMAC algorithm.";
	int i;

	(void)state;
	memset(key, 0x0b, 20);
	assert_hmac_hex(CRYPTO_SHA256, key, 20, "Hi There", 8,
	                "b0344c61d8db38535ca8afceaf0bf12b"
	                "881dc200c9833da726e9376c2e32cff7");
	assert_hmac_hex(CRYPTO_SHA512, key, 20, "Hi There", 8,
	                "87aa7cdea5ef619d4ff0b4241a1d6cb0"
	                "2379f4e2ce4ec2787ad0b30545e17cde"
	                "daa833b7d6b8a702038b274eaea3f4e4"
	                "be9d914eeb61f1702e696c203a126854");
	assert_hmac_hex(CRYPTO_SHA256, "Jefe", 4,
	                "what do ya want for nothing?", 28,
	                "5bdcc146bf60754e6a042426089575c7"
	                "5a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	assert_hmac_hex(CRYPTO_SHA256, key, 20, data, 50,
	                "773ea91e36800e46854db8ebd09181a7"
	                "2959098b3ef8c122d9635514ced565fe");
	assert_hmac_hex(CRYPTO_SHA256, key, 131, larger, strlen(larger),
	                "60e431591ee0b67f0d8a26aacbf5b77f"
	                "8e0bc6213728c5140546040f0ee37f54");
	assert_hmac_hex(CRYPTO_SHA256, key, 131, both, strlen(both),
	                "9b09ffa71b942fcb27635fbcd5b0e944"
	                "bfdc63644f0713938a7f51535c3a35e2");
	for (i = 0; i < 25; i++)
		key[i] = (unsigned char)(i + 1);
	memset(data, 0xcd, sizeof(data));
	assert_hmac_hex(CRYPTO_SHA256, key, 25, data, 50,
	                "82558a389a443c0ea4cc819899f2083a"
	                "85f0faa3e578f8077a2e3ff46729665b");
}

/* The vendors' vectors; each verified by the vendor's own code or openssl. */
static void
test_crypto__hmac_agrees_with_the_vendors(void **state)
{
	static const char url[] =
		"https://gw.example.com/hooks/square/main?x=1";
	static const char square_key[] = "asdf1234-Sig_Key";
	static const char github_key[] = "It's a Secret to Everybody";
	static const char galaxy_key[] = "galaxy-hook-secret";

	(void)state;
	assert_hmac_base64(square_key, url, B1,
	                   "BwrUxhPMekuSpuOT1NOYcL4WVxs14ixTmNrYzYEdhd4=");
	assert_hmac_base64(square_key, url, B2,
	                   "0HcAT2rYKncrnFBgZKwiaAoMAWLunrCbqLmKhEZKGWg=");
	assert_hmac_base64(square_key, url, "",
	                   "ls9WqKlRLpGltIrT4RGFnIqLYPIlHYJi6Q3SvMIOgKM=");
	assert_hmac_base64("shpss_hush", B1, "",
	                   "hgTPbX3B7Xc1RJOh0wMUubBtvgcEK/xwD3nvvxOlue8=");
	assert_hmac_base64("vend_client_secret", B5, "",
	                   "xUALGkzFabSG+IyVvYNOI5TpGlxulszqNLVYTdGgnD8=");
	assert_hmac_base64("0123456789abcdef01234567",
	                   "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.", B4,
	                   "d5PJaLhU6hQf9TLleqdn97PBQffdITHtAOuMMHkRQ4U=");
	assert_hmac_hex(CRYPTO_SHA256, github_key, strlen(github_key), B7,
	                strlen(B7),
	                "757107ea0eb2509fc211221cce984b8a"
	                "37570b6d7586c22c46f4379c8b043e17");
	assert_hmac_hex(CRYPTO_SHA256, "hib_secret", 10, B6, strlen(B6),
	                "8852c45a8263086af180099bd3fa1627"
	                "58f7dcfe30950f487a816ea0e689359d");
	assert_hmac_hex(CRYPTO_SHA256, galaxy_key, strlen(galaxy_key), B1,
	                strlen(B1),
	                "8839ae56e0c6ef512d5b4e2c28d95528"
	                "9dd16171ecd596cf0fd3e2ab4e66d24a");
	assert_hmac_hex(CRYPTO_SHA512, galaxy_key, strlen(galaxy_key), B4,
	                strlen(B4),
	                "f2ec1ef10185c991760da579caec59e4"
	                "b4e297f0e9ac3472a5f054cf545f5d73"
	                "075b629b8d9a53f0c0014b02709bf6b1"
	                "5455acadc6aefe8266b794f460ecf8b0");
}

static void
test_crypto__one_changed_bit_changes_the_mac(void **state)
{
	unsigned char right[CRYPTO_MAC_MAX];
	unsigned char wrong[CRYPTO_MAC_MAX];
	char body[] = B4;
	size_t n = 0;
	size_t i;

	(void)state;
	hmac(right, &n, CRYPTO_SHA256, "key", 3, body, strlen(body));
	for (i = 0; i < 8 * strlen(B4); i++) {
		body[i / 8] = (char)(body[i / 8] ^ 1 << i % 8);
		hmac(wrong, &n, CRYPTO_SHA256, "key", 3, body, strlen(B4));
		assert_false(crypto_equal(right, 32, wrong, n));
		body[i / 8] = (char)(body[i / 8] ^ 1 << i % 8);
	}
}

static void
test_crypto__parts_are_one_message(void **state)
{
	const struct crypto_part parts[] = {
		{ "{\"test\"", 7 },
		{ NULL, 0 },
		{ ": ", 2 },
		{ &B4[9], 11 },
	};
	unsigned char whole[CRYPTO_MAC_MAX];
	unsigned char pieces[CRYPTO_MAC_MAX];
	char hex[65];
	size_t n = 0;

	(void)state;
	hmac(whole, &n, CRYPTO_SHA256, "key", 3, B4, strlen(B4));
	assert_int_equal(
		crypto_hmac(pieces, &n, CRYPTO_SHA256, "key", 3, parts, 4), 0);
	assert_true(crypto_equal(whole, 32, pieces, n));
	assert_int_equal(crypto_sha256_hex(hex, parts, 4), 0);
	assert_string_equal(hex, "ae858931f67887e8150d6f96c9fe0306"
	                         "2c1df36b4464c4ddc8e002c084d5d198");
}

static void
test_crypto__digests_of_the_bodies(void **state)
{
	char hex[65];

	(void)state;
	assert_sha256(B1, "605a35645addd3eab3ff54dd8f6747df"
	                  "210c5abc8cbe1d5ba59d01674c25ed6f");
	assert_sha256(B2, "c4f34e005b9cf6751e8dede4bf7a27de"
	                  "c3b3962749c6f973be0123a5b20f2aa3");
	assert_sha256("", "e3b0c44298fc1c149afbf4c8996fb924"
	                  "27ae41e4649b934ca495991b7852b855");
	assert_sha256(B4, "ae858931f67887e8150d6f96c9fe0306"
	                  "2c1df36b4464c4ddc8e002c084d5d198");
	assert_sha256(B5, "d2b64070f5e5e52882969f84c46d1bdb"
	                  "b636cd2bceee48ea7338c114849f797b");
	assert_sha256(B6, "4f1d2b443cd7439915bb3bf680d27b58"
	                  "f064849a817ac9fe0e609e87265b6ce6");
	assert_sha256(B7, "dffd6021bb2bd5b0af676290809ec3a5"
	                  "3191dd81c7f70a4b28688a362182986f");
	assert_int_equal(crypto_sha256_hex(hex, NULL, 0), 0);
	assert_memory_equal(hex, "e3b0c442", 8);
}

static void
test_crypto__equal_wants_length_and_every_byte(void **state)
{
	(void)state;
	assert_true(crypto_equal("abc", 3, "abc", 3));
	assert_false(crypto_equal("abc", 3, "abd", 3));
	assert_false(crypto_equal("abc", 3, "bbc", 3));
	assert_false(crypto_equal("abc", 3, "abc", 2));
	assert_false(crypto_equal("", 0, "a", 1));
	assert_true(crypto_equal(NULL, 0, "", 0));
}

static int
decode_hex(const char *text, size_t max)
{
	unsigned char out[16];
	size_t n;

	return crypto_hex_decode(out, &n, max, text, strlen(text));
}

static void
test_crypto__hex_is_strict_but_for_letter_case(void **state)
{
	unsigned char out[4];
	size_t n = 0;

	(void)state;
	assert_int_equal(crypto_hex_decode(out, &n, 4, "00fFA9", 6), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(out, "\x00\xff\xa9", 3);
	assert_int_equal(decode_hex("", 16), 0);
	assert_int_equal(decode_hex("0011", 2), 0);
	assert_int_equal(decode_hex("001122", 2), CRYPTO_MALFORMED);
	assert_int_equal(decode_hex("0", 16), CRYPTO_MALFORMED);
	assert_int_equal(decode_hex("0g", 16), CRYPTO_MALFORMED);
	assert_int_equal(decode_hex("g0", 16), CRYPTO_MALFORMED);
	assert_int_equal(decode_hex(" 0", 16), CRYPTO_MALFORMED);
	assert_int_equal(decode_hex("0x00", 16), CRYPTO_MALFORMED);
	assert_int_equal(decode_hex("00\n0", 16), CRYPTO_MALFORMED);
}

static int
decode_base64(const char *text, size_t max)
{
	unsigned char out[16];
	size_t n;

	return crypto_base64_decode(out, &n, max, text, strlen(text));
}

static void
test_crypto__base64_is_strict(void **state)
{
	static const char *const refused[] = {
		"A",    "AA",       "AAA",   "A===",  "====",   "=AAA",
		"AA=A", "Zg=",      "Zh==",  "Zm9=",  "Zm8=\n", "Zm 8",
		"Zm-_", "Zm8=AAAA", "Zm9v=", " Zm8=",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(decode_base64(refused[i], 16),
		                 CRYPTO_MALFORMED);
	assert_int_equal(decode_base64("", 0), 0);
	assert_int_equal(decode_base64("Zg==", 1), 0);
	assert_int_equal(decode_base64("Zm8=", 1), CRYPTO_MALFORMED);
	assert_int_equal(decode_base64("Zm8=", 2), 0);
	assert_int_equal(decode_base64("Zm9v", 2), CRYPTO_MALFORMED);
	assert_int_equal(decode_base64("+/+/", 16), 0);
}

/* Source: RFC 4648, section 10. */
static void
test_crypto__base64_agrees_with_rfc_4648(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	unsigned char out[8];
	char text[16];
	size_t i;
	size_t n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		crypto_base64_encode(text, rows[i][0], strlen(rows[i][0]));
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(crypto_base64_decode(out, &n, sizeof(out),
		                                      rows[i][1],
		                                      strlen(rows[i][1])),
		                 0);
		assert_int_equal(n, strlen(rows[i][0]));
		assert_memory_equal(out, rows[i][0], n);
	}
}

static void
test_crypto__any_bytes_survive_encoding(void **state)
{
	unsigned char in[256];
	unsigned char out[256];
	char text[513];
	size_t n_in;
	size_t n;

	(void)state;
	for (n_in = 0; n_in <= sizeof(in); n_in++) {
		assert_int_equal(crypto_random(in, n_in), 0);
		crypto_hex_encode(text, in, n_in);
		assert_int_equal(
			crypto_hex_decode(out, &n, n_in, text, strlen(text)),
			0);
		assert_true(crypto_equal(in, n_in, out, n));
		crypto_base64_encode(text, in, n_in);
		assert_int_equal(strlen(text), 4 * ((n_in + 2) / 3));
		assert_int_equal(
			crypto_base64_decode(out, &n, n_in, text, strlen(text)),
			0);
		assert_true(crypto_equal(in, n_in, out, n));
	}
}

static void
test_crypto__random_bytes_differ(void **state)
{
	unsigned char a[32] = { 0 };
	unsigned char b[32] = { 0 };

	(void)state;
	assert_int_equal(crypto_random(a, sizeof(a)), 0);
	assert_int_equal(crypto_random(b, sizeof(b)), 0);
	assert_false(crypto_equal(a, sizeof(a), b, sizeof(b)));
}

/* Each of 32 bits is set in about half of 4096 draws: within 6 sigma. */
static void
test_crypto__jitter_spreads_over_all_bits(void **state)
{
	int n_set[32] = { 0 };
	uint32_t x;
	int i;
	int bit;

	(void)state;
	for (i = 0; i < 4096; i++) {
		x = crypto_jitter();
		for (bit = 0; bit < 32; bit++)
			n_set[bit] += (int)(x >> bit & 1);
	}
	for (bit = 0; bit < 32; bit++)
		assert_in_range(n_set[bit], 2048 - 192, 2048 + 192);
}

static void
test_crypto__wipe_leaves_zeros(void **state)
{
	char text[] = "secret";

	(void)state;
	crypto_wipe(text, sizeof(text));
	assert_memory_equal(text, "\0\0\0\0\0\0", sizeof(text));
	crypto_wipe(NULL, 0);
}

static void *
sign_many(void *arg)
{
	const struct crypto_part part = { B4, sizeof(B4) - 1 };
	unsigned char mac[CRYPTO_MAC_MAX];
	unsigned char first[CRYPTO_MAC_MAX];
	int *n_wrong = arg;
	size_t n;
	int i;

	for (i = 0; i < 100; i++) {
		if (crypto_hmac(i ? mac : first, &n, CRYPTO_SHA256, "key", 3,
		                &part, 1) ||
		    (i && !crypto_equal(mac, n, first, 32)))
			(*n_wrong)++;
		(void)crypto_jitter();
	}
	return NULL;
}

static void
test_crypto__threads_sign_at_the_same_time(void **state)
{
	pthread_t threads[4];
	int n_wrong[4] = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_many,
		                                &n_wrong[i]),
		                 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(n_wrong[i], 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crypto__hmac_agrees_with_rfc_4231),
		cmocka_unit_test(test_crypto__hmac_agrees_with_the_vendors),
		cmocka_unit_test(test_crypto__one_changed_bit_changes_the_mac),
		cmocka_unit_test(test_crypto__parts_are_one_message),
		cmocka_unit_test(test_crypto__digests_of_the_bodies),
		cmocka_unit_test(
			test_crypto__equal_wants_length_and_every_byte),
		cmocka_unit_test(
			test_crypto__hex_is_strict_but_for_letter_case),
		cmocka_unit_test(test_crypto__base64_is_strict),
		cmocka_unit_test(test_crypto__base64_agrees_with_rfc_4648),
		cmocka_unit_test(test_crypto__any_bytes_survive_encoding),
		cmocka_unit_test(test_crypto__random_bytes_differ),
		cmocka_unit_test(test_crypto__jitter_spreads_over_all_bits),
		cmocka_unit_test(test_crypto__wipe_leaves_zeros),
		cmocka_unit_test(test_crypto__threads_sign_at_the_same_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
