/*
 * Which certificates are good enough to listen with, and how they are swapped.
 * The handshakes themselves are test_http_server's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "gateway/base/buf.h"
#include "gateway/drivers/tls.h"
#include "tests/support/make_cert.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum cert {
	ROOT,
	MIDDLE,   /* by ROOT */
	SERVER,   /* by MIDDLE */
	OVER,     /* by MIDDLE, ended */
	NOT_YET,  /* by MIDDLE, not begun */
	STRANGER, /* self-signed */
	RENEWED,  /* by MIDDLE */
	OLD_ROOT, /* ended */
	BY_OLD,   /* by OLD_ROOT */
	N_CERTS,
};

static struct made_cert certs[N_CERTS];
static char dir[64];
static char pem[96];
static char ca_pem[96];

static void
make(enum cert which, const char *name, const struct made_cert *issuer,
     long from_s, long to_s)
{
	const struct make_cert what = {
		.name = name,
		.also = issuer ? "DNS:localhost,DNS:*.example.com,IP:127.0.0.1"
		               : NULL,
		.issuer = issuer,
		.is_ca = which <= MIDDLE || which == OLD_ROOT,
		.from_s = from_s,
		.to_s = to_s,
	};

	make_cert(&certs[which], &what);
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_tls.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(pem, sizeof(pem), "%s/server.pem", dir);
	(void)snprintf(ca_pem, sizeof(ca_pem), "%s/ca.pem", dir);
	make(ROOT, "root", NULL, 0, 900000);
	make(MIDDLE, "middle", &certs[ROOT], 0, 800000);
	make(SERVER, "server", &certs[MIDDLE], 0, 700000);
	make(OVER, "over", &certs[MIDDLE], -7200, -3600);
	make(NOT_YET, "not yet", &certs[MIDDLE], 3600, 7200);
	make(STRANGER, "stranger", NULL, 0, 0);
	make(RENEWED, "renewed", &certs[MIDDLE], 0, 600000);
	make(OLD_ROOT, "old root", NULL, -7200, -3600);
	make(BY_OLD, "by old", &certs[OLD_ROOT], 0, 0);
	return 0;
}

static int
tear_down(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_CERTS; i++)
		made_cert_fini(&certs[i]);
	(void)unlink(pem);
	(void)unlink(ca_pem);
	return rmdir(dir);
}

static struct tls *
load(const char *parts)
{
	struct buf why = BUF_INIT;
	struct tls *tls = NULL;

	made_cert_write(pem, parts, certs);
	if (tls_new(&tls, pem, NULL, &why))
		fail_msg("%s: %s", parts, buf_text(&why));
	buf_fini(&why);
	return tls;
}

/* Which certificate a fresh server context would show, by common name. */
static void
shown_name(char out[64], struct tls *tls, int *n_chain)
{
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	SSL *a = SSL_new(client);
	SSL *b;
	BIO *bio_a;
	BIO *bio_b;
	X509 *x;
	int i;

	assert_int_equal(tls_attach(tls, server, NULL), 0);
	b = SSL_new(server);
	assert_int_equal(BIO_new_bio_pair(&bio_a, 0, &bio_b, 0), 1);
	SSL_set_bio(a, bio_a, bio_a);
	SSL_set_bio(b, bio_b, bio_b);
	SSL_set_connect_state(a);
	SSL_set_accept_state(b);
	for (i = 0;
	     i < 10 && (!SSL_is_init_finished(a) || !SSL_is_init_finished(b));
	     i++) {
		(void)SSL_do_handshake(a);
		(void)SSL_do_handshake(b);
	}
	x = SSL_get0_peer_certificate(a);
	out[0] = '\0';
	*n_chain = 0;
	if (x) {
		X509_NAME_get_text_by_NID(X509_get_subject_name(x),
		                          NID_commonName, out, 64);
		*n_chain = sk_X509_num(SSL_get_peer_cert_chain(a));
	}
	SSL_free(a);
	SSL_free(b);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

static void
test_tls__takes_key_certificate_and_chain_in_any_order(void **state)
{
	static const char *const orders[] = {
		"k2 c2 c1",    "c2 c1 k2",    "c1 k2 c2",
		"c0 c1 c2 k2", "c1 c0 k2 c2", "k2 c2 c1 c0",
	};
	char name[64];
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct tls *tls = load(orders[i]);

		shown_name(name, tls, &n);
		assert_string_equal(name, "server");
		assert_int_equal(n, strchr(orders[i], '0') ? 3 : 2);
		tls_free(tls);
	}
}

static void
test_tls__says_why_a_file_is_no_use(void **state)
{
	static const struct {
		const char *parts;
		const char *reason;
	} rows[] = {
		{ "c2 c1", "holds no private key" },
		{ "k2", "holds no certificate" },
		{ "k5 c2 c1", "belongs to none of its certificates" },
		{ "k3 c3 c1", "ended on " },
		{ "k4 c4 c1", "begins only on " },
		{ "k8 c8 c7", "ended on " },
		{ "k2 c2 c0", "not part of the chain: /CN=root" },
		{ "k2 c2 c1 c5", "not part of the chain: /CN=stranger" },
	};
	struct tls *tls = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf why = BUF_INIT;

		made_cert_write(pem, rows[i].parts, certs);
		assert_int_equal(tls_new(&tls, pem, NULL, &why), TLS_UNUSABLE);
		if (!strstr(buf_text(&why), rows[i].reason) ||
		    !strstr(buf_text(&why), pem))
			fail_msg("%s: %s", rows[i].parts, buf_text(&why));
		assert_null(strchr(buf_text(&why), '\n'));
		buf_fini(&why);
	}
	assert_null(tls);
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
test_tls__says_why_a_broken_file_is_no_use(void **state)
{
	static const struct {
		const char *text; /* NULL: there is no file */
		const char *reason;
	} rows[] = {
		{ NULL, "No such file" },
		{ "", "holds no private key" },
		{ "hello\n", "holds no private key" },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n", "private key" },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n"
		  "-----END PRIVATE KEY-----\n",
		  "private key" },
	};
	struct tls *tls = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf why = BUF_INIT;

		(void)unlink(pem);
		if (rows[i].text)
			write_text(pem, rows[i].text);
		assert_int_equal(tls_new(&tls, pem, NULL, &why), TLS_UNUSABLE);
		if (!strstr(buf_text(&why), rows[i].reason))
			fail_msg("%zu: %s", i, buf_text(&why));
		buf_fini(&why);
	}
}

static void
test_tls__refuses_a_key_with_a_password(void **state)
{
	FILE *f;
	struct buf why = BUF_INIT;
	struct tls *tls = NULL;
	char password[] = "geheim";

	(void)state;
	f = fopen(pem, "w");
	assert_non_null(f);
	assert_int_equal(
		PEM_write_PrivateKey(f, certs[SERVER].key, EVP_aes_128_cbc(),
	                             (unsigned char *)password, 6, NULL, NULL),
		1);
	assert_int_equal(PEM_write_X509(f, certs[SERVER].x), 1);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(tls_new(&tls, pem, NULL, &why), TLS_UNUSABLE);
	assert_non_null(strstr(buf_text(&why), "password"));
	buf_fini(&why);
}

static void
test_tls__wants_readable_client_authorities(void **state)
{
	struct buf why = BUF_INIT;
	struct tls *tls = NULL;

	(void)state;
	made_cert_write(pem, "k2 c2 c1", certs);
	(void)unlink(ca_pem);
	assert_int_equal(tls_new(&tls, pem, ca_pem, &why), TLS_UNUSABLE);
	assert_non_null(strstr(buf_text(&why), ca_pem));
	buf_reset(&why);
	write_text(ca_pem, "no certificate\n");
	assert_int_equal(tls_new(&tls, pem, ca_pem, &why), TLS_UNUSABLE);
	assert_non_null(strstr(buf_text(&why), ca_pem));
	buf_fini(&why);
}

static void
test_tls__knows_the_names_it_is_made_out_to(void **state)
{
	struct tls *tls = load("k2 c2 c1");

	(void)state;
	assert_true(tls_names_host(tls, "localhost"));
	assert_true(tls_names_host(tls, "LOCALHOST"));
	assert_true(tls_names_host(tls, "hooks.example.com"));
	assert_true(tls_names_host(tls, "127.0.0.1"));
	assert_false(tls_names_host(tls, "example.com"));
	assert_false(tls_names_host(tls, "a.b.example.com"));
	assert_false(tls_names_host(tls, "127.0.0.2"));
	tls_free(tls);
}

static void
test_tls__expires_with_the_first_of_its_chain(void **state)
{
	struct tls *tls = load("k2 c2 c1");
	int64_t left = tls_expires_in_s(tls);

	(void)state;
	assert_true(left > 690000 && left <= 700000);
	tls_free(tls);
}

static void
test_tls__shows_the_new_certificate_after_a_reload(void **state)
{
	struct tls *tls = load("k2 c2 c1");
	struct buf why = BUF_INIT;
	char name[64];
	int n;

	(void)state;
	made_cert_write(pem, "k6 c6 c1", certs);
	assert_int_equal(tls_reload(tls, &why), 0);
	shown_name(name, tls, &n);
	assert_string_equal(name, "renewed");
	assert_true(tls_expires_in_s(tls) <= 600000);
	buf_fini(&why);
	tls_free(tls);
}

static void
test_tls__keeps_the_old_pair_when_the_new_one_is_no_use(void **state)
{
	static const char *const broken[] = { "k5 c6 c1", "k6", "k3 c3 c1" };
	struct tls *tls = load("k2 c2 c1");
	char name[64];
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct buf why = BUF_INIT;

		made_cert_write(pem, broken[i], certs);
		assert_int_equal(tls_reload(tls, &why), TLS_UNUSABLE);
		assert_true(why.n > 0);
		shown_name(name, tls, &n);
		assert_string_equal(name, "server");
		buf_fini(&why);
	}
	tls_free(tls);
}

static atomic_bool is_reloading;

/* One certificate after the other; returns the tls when one was refused. */
static void *
reload_all_the_time(void *tls)
{
	struct buf why = BUF_INIT;
	bool is_good = true;
	int i;

	for (i = 0; i < 40; i++) {
		made_cert_write(pem, i % 2 ? "k2 c2 c1" : "k6 c6 c1", certs);
		is_good &= tls_reload(tls, &why) == 0;
	}
	is_reloading = false;
	buf_fini(&why);
	return is_good ? NULL : tls;
}

static void
test_tls__gives_each_handshake_one_pair_or_the_other(void **state)
{
	struct tls *tls = load("k2 c2 c1");
	pthread_t thread;
	void *bad = tls;
	char name[64];
	int n;

	(void)state;
	is_reloading = true;
	assert_int_equal(
		pthread_create(&thread, NULL, reload_all_the_time, tls), 0);
	do {
		shown_name(name, tls, &n);
		assert_true(strcmp(name, "server") == 0 ||
		            strcmp(name, "renewed") == 0);
		assert_int_equal(n, 2);
	} while (is_reloading);
	assert_int_equal(pthread_join(thread, &bad), 0);
	assert_null(bad);
	tls_free(tls);
}

static void
test_tls__speaks_nothing_below_1_2(void **state)
{
	struct tls *tls = load("k2 c2 c1");
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	(void)state;
	assert_int_equal(tls_attach(tls, ctx, NULL), 0);
	assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
	assert_int_equal(SSL_CTX_get_max_proto_version(ctx), 0);
	SSL_CTX_free(ctx);
	tls_free(tls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_tls__takes_key_certificate_and_chain_in_any_order),
		cmocka_unit_test(test_tls__says_why_a_file_is_no_use),
		cmocka_unit_test(test_tls__says_why_a_broken_file_is_no_use),
		cmocka_unit_test(test_tls__refuses_a_key_with_a_password),
		cmocka_unit_test(test_tls__wants_readable_client_authorities),
		cmocka_unit_test(test_tls__knows_the_names_it_is_made_out_to),
		cmocka_unit_test(test_tls__expires_with_the_first_of_its_chain),
		cmocka_unit_test(
			test_tls__shows_the_new_certificate_after_a_reload),
		cmocka_unit_test(
			test_tls__keeps_the_old_pair_when_the_new_one_is_no_use),
		cmocka_unit_test(
			test_tls__gives_each_handshake_one_pair_or_the_other),
		cmocka_unit_test(test_tls__speaks_nothing_below_1_2),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
