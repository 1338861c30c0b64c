/*
 * The positive vectors of the project's reference on webhook signatures, each
 * computed through crypto.h. They were confirmed by the vendors' own packages
 * or by openssl, not by this code.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/crypto.h"

#include <string.h>

#define B1 \
	"{\"merchant_id\":\"ML1\",\"type\":\"inventory.count.updated\"," \
	"\"event_id\":\"bc316346-6691-4243-88ed-6d651a0d0c47\"," \
	"\"created_at\":\"2025-11-21T10:00:00.123456789Z\",\"data\":" \
	"{\"type\":\"inventory_counts\"," \
	"\"id\":\"84ea45bf-5a3a-4f1e-9a0d-7a4c5f2e1b00\",\"object\":" \
	"{\"inventory_counts\":[{\"calculated_at\":" \
	"\"2025-11-21T10:00:00.1Z\",\"catalog_object_id\":\"VAR1\"," \
	"\"catalog_object_type\":\"ITEM_VARIATION\",\"location_id\":\"LOC1\"," \
	"\"quantity\":\"41\",\"state\":\"IN_STOCK\"}]}}}"
#define B2 \
	"{\"name\":\"Caf\xc3\xa9 \xe2\x82\xac" \
	"5\"}"
#define B4 "{\"test\": 2432232314}"
#define B5 \
	"payload=%7B%22id%22%3A%22p1%22%7D&type=product.update&retailer_id=r1"
#define B6 \
	"sale_id=12&unique_sale_id=1-12&store_id=1&line_items%5B0%5D" \
	"%5Bproduct_id%5D=7&line_items%5B0%5D%5Bquantity%5D=2"
#define B7 "Hello, World!"

#define SQUARE_URL "https://gw.example.com/hooks/square/main?x=1"
#define SQUARE_KEY "asdf1234-Sig_Key"
#define GITHUB_KEY "It's a Secret to Everybody"
#define W_ID       "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define W_TIME     "1614265330"

static const struct {
	const char *name;
	const char *body;
	size_t n;
	const char *sha256;
} bodies[] = {
	{ "B1", B1, 426,
	  "605a35645addd3eab3ff54dd8f6747df210c5abc8cbe1d5ba59d01674c25ed6f" },
	{ "B2", B2, 21,
	  "c4f34e005b9cf6751e8dede4bf7a27dec3b3962749c6f973be0123a5b20f2aa3" },
	{ "B3", "", 0,
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "B4", B4, 20,
	  "ae858931f67887e8150d6f96c9fe03062c1df36b4464c4ddc8e002c084d5d198" },
	{ "B5", B5, 68,
	  "d2b64070f5e5e52882969f84c46d1bdbb636cd2bceee48ea7338c114849f797b" },
	{ "B6", B6, 111,
	  "4f1d2b443cd7439915bb3bf680d27b58f064849a817ac9fe0e609e87265b6ce6" },
	{ "B7", B7, 13,
	  "dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f" },
};

/* Base64 unless is_hex; the message in up to four parts. */
static const struct {
	const char *name;
	enum crypto_hash hash;
	const char *key;
	bool is_key_base64; /* behind whsec_ */
	const char *parts[5];
	bool is_hex;
	const char *expected;
} vectors[] = {
	{ "S1",
	  CRYPTO_SHA256,
	  SQUARE_KEY,
	  false,
	  { SQUARE_URL, B1 },
	  false,
	  "BwrUxhPMekuSpuOT1NOYcL4WVxs14ixTmNrYzYEdhd4=" },
	{ "S2",
	  CRYPTO_SHA256,
	  SQUARE_KEY,
	  false,
	  { SQUARE_URL, B2 },
	  false,
	  "0HcAT2rYKncrnFBgZKwiaAoMAWLunrCbqLmKhEZKGWg=" },
	{ "S3",
	  CRYPTO_SHA256,
	  SQUARE_KEY,
	  false,
	  { SQUARE_URL, "" },
	  false,
	  "ls9WqKlRLpGltIrT4RGFnIqLYPIlHYJi6Q3SvMIOgKM=" },
	{ "S1 with a slash",
	  CRYPTO_SHA256,
	  SQUARE_KEY,
	  false,
	  { SQUARE_URL "/", B1 },
	  false,
	  "5Z43Gw8Dx/RmmWwjbxW5QufqRqcHFiHd+uhH7hmTLZU=" },
	{ "W1",
	  CRYPTO_SHA256,
	  "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	  true,
	  { W_ID, "." W_TIME ".", B4 },
	  false,
	  "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" },
	{ "W2",
	  CRYPTO_SHA256,
	  "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
	  true,
	  { W_ID, ".", W_TIME, "." B4 },
	  false,
	  "d5PJaLhU6hQf9TLleqdn97PBQffdITHtAOuMMHkRQ4U=" },
	{ "W3",
	  CRYPTO_SHA256,
	  "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
	  true,
	  { "msg_1", "." W_TIME ".", B2 },
	  false,
	  "BtC3t3SDafjVo/UN8m07VZkHOFhaKT+yf1PWtMA0LYI=" },
	{ "G1",
	  CRYPTO_SHA256,
	  GITHUB_KEY,
	  false,
	  { B7 },
	  true,
	  "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
	{ "G2",
	  CRYPTO_SHA256,
	  GITHUB_KEY,
	  false,
	  { B4 },
	  true,
	  "e6416d07bfe8709e7df1eac7ac9684b962b42f921b04f5ee467d3cb77d53713a" },
	{ "T1",
	  CRYPTO_SHA256,
	  "whsec_test_secret",
	  false,
	  { W_TIME, ".", B4 },
	  true,
	  "10c96c6fd3f320fcfc264cdc4f476c15060ede8e8a08404cea2ddf3b72544a9c" },
	{ "H1",
	  CRYPTO_SHA256,
	  "shpss_hush",
	  false,
	  { B1 },
	  false,
	  "hgTPbX3B7Xc1RJOh0wMUubBtvgcEK/xwD3nvvxOlue8=" },
	{ "X1",
	  CRYPTO_SHA256,
	  "vend_client_secret",
	  false,
	  { B5 },
	  true,
	  "c5400b1a4cc569b486f88c95bd834e2394e91a5c6e96ccea34b5584dd1a09c3f" },
	{ "X2",
	  CRYPTO_SHA256,
	  "vend_client_secret",
	  false,
	  { B5 },
	  false,
	  "xUALGkzFabSG+IyVvYNOI5TpGlxulszqNLVYTdGgnD8=" },
	{ "X3",
	  CRYPTO_SHA256,
	  "vend_client_secret",
	  false,
	  { "{\"id\":\"p1\"}" },
	  true,
	  "6e4d4a1d35b105d696df248d8facfa355921d36c8076319e3af6931016bfd5bb" },
	{ "I1",
	  CRYPTO_SHA256,
	  "hib_secret",
	  false,
	  { B6 },
	  true,
	  "8852c45a8263086af180099bd3fa162758f7dcfe30950f487a816ea0e689359d" },
	{ "I2",
	  CRYPTO_SHA256,
	  "hib_api_key",
	  false,
	  { "demo" },
	  true,
	  "8c107b58bdb3c1d95449d2741eca12da6a5e6c5e598d308cf5ac24901b145579" },
	{ "N1",
	  CRYPTO_SHA256,
	  "galaxy-hook-secret",
	  false,
	  { B1 },
	  true,
	  "8839ae56e0c6ef512d5b4e2c28d955289dd16171ecd596cf0fd3e2ab4e66d24a" },
	{ "N2",
	  CRYPTO_SHA512,
	  "galaxy-hook-secret",
	  false,
	  { B4 },
	  true,
	  "f2ec1ef10185c991760da579caec59e4b4e297f0e9ac3472a5f054cf545f5d73"
	  "075b629b8d9a53f0c0014b02709bf6b15455acadc6aefe8266b794f460ecf8b0" },
};

static void
test_signatures__the_bodies_are_the_published_bytes(void **state)
{
	char hex[65];

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const struct crypto_part part = { bodies[i].body, bodies[i].n };

		assert_int_equal(strlen(bodies[i].body), bodies[i].n);
		assert_int_equal(crypto_sha256_hex(hex, &part, 1), 0);
		assert_string_equal(hex, bodies[i].sha256);
	}
}

static void
test_signatures__every_positive_vector_comes_out_as_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct crypto_part parts[5];
		unsigned char key[64];
		unsigned char mac[CRYPTO_MAC_MAX];
		char text[2 * CRYPTO_MAC_MAX + 1];
		size_t n_key = strlen(vectors[i].key);
		size_t n_parts = 0;
		size_t n = 0;

		memcpy(key, vectors[i].key, n_key);
		if (vectors[i].is_key_base64)
			assert_int_equal(
				crypto_base64_decode(key, &n_key, sizeof(key),
			                             vectors[i].key,
			                             strlen(vectors[i].key)),
				0);
		for (; vectors[i].parts[n_parts]; n_parts++)
			parts[n_parts] = (struct crypto_part){
				vectors[i].parts[n_parts],
				strlen(vectors[i].parts[n_parts])
			};
		assert_int_equal(crypto_hmac(mac, &n, vectors[i].hash, key,
		                             n_key, parts, n_parts),
		                 0);
		if (vectors[i].is_hex)
			crypto_hex_encode(text, mac, n);
		else
			crypto_base64_encode(text, mac, n);
		if (strcmp(text, vectors[i].expected) != 0)
			fail_msg("%s: %s", vectors[i].name, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_signatures__the_bodies_are_the_published_bytes),
		cmocka_unit_test(
			test_signatures__every_positive_vector_comes_out_as_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
