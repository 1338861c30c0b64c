/*
 * Certificates, versions and ciphers.
 *
 * A bundle is what one PEM file held when it was read: key, certificate and
 * chain, checked and in order. It never changes. Connections borrow the
 * current one for a moment (install), so a reload is the swap of one pointer
 * and an SSL_CTX is never altered while it is in use (platform.md O5).
 *
 * Nothing here prints a key, and no message contains more of a certificate
 * than its subject and dates.
 */
#include "gateway/drivers/tls.h"

#include "gateway/base/crypto.h"
#include "gateway/base/err.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TLS_MAGIC = 0x746c7321,
	WORDS_SIZE = 128,
	DAY_S = 86400,
};

/* Forward secrecy and authenticated encryption only; RSA and ECDSA keys. */
static const char suites_1_2[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char suites_1_3[] = "TLS_AES_128_GCM_SHA256:"
				 "TLS_AES_256_GCM_SHA384:"
				 "TLS_CHACHA20_POLY1305_SHA256";

struct bundle {
	int references; /* under the lock of its tls */
	EVP_PKEY *key;
	X509 *leaf;
	STACK_OF(X509) * chain; /* from the leaf's issuer upwards */
};

struct tls {
	uint32_t magic;
	char *pem_path;
	X509_STORE *client_store; /* NULL: clients are not asked */
	STACK_OF(X509_NAME) * client_names;
	void (*began)(void *ssl, int fd); /* set before the first connection */
	pthread_mutex_t lock;             /* guards current and references */
	struct bundle *current;
};

/* ---- words for a person ---- */

static const char *
library_words(char words[WORDS_SIZE])
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	(void)snprintf(words, WORDS_SIZE, "%s", reason ? reason : "unknown");
	ERR_clear_error();
	return words;
}

static void
add_subject(struct buf *why, const X509 *x)
{
	char name[WORDS_SIZE];

	X509_NAME_oneline(X509_get_subject_name(x), name, sizeof(name));
	buf_adds(why, name);
}

static void
add_date(struct buf *why, const ASN1_TIME *when)
{
	struct tm tm;
	char text[32];

	if (ASN1_TIME_to_tm(when, &tm) == 1 &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) > 0)
		buf_adds(why, text);
	else
		buf_adds(why, "an unreadable date");
}

/* ---- reading and checking ---- */

static void
bundle_free(struct bundle *b)
{
	if (!b)
		return;
	EVP_PKEY_free(b->key);
	X509_free(b->leaf);
	sk_X509_pop_free(b->chain, X509_free);
	free(b);
}

/* A key that wants a password is a key we cannot read. */
static int
no_password(char *out, int size, int is_writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)is_writing;
	(void)ctx;
	return -1;
}

/* Is there anything that calls itself a private key? */
static bool
has_key(BIO *file)
{
	char *name = NULL;
	char *header = NULL;
	unsigned char *bytes = NULL;
	long n = 0;
	bool is_found = false;

	(void)BIO_seek(file, 0);
	while (!is_found && PEM_read_bio(file, &name, &header, &bytes, &n)) {
		is_found = strstr(name, "PRIVATE KEY") != NULL;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(bytes, (size_t)n);
	}
	return is_found;
}

static int
read_key(EVP_PKEY **out, BIO *file, const char *path, struct buf *why)
{
	char words[WORDS_SIZE];

	ERR_clear_error();
	*out = PEM_read_bio_PrivateKey(file, NULL, no_password, NULL);
	if (*out)
		return 0;
	(void)library_words(words);
	if (has_key(file))
		buf_addf(why,
		         "the private key in %s cannot be read (%s); it must "
		         "not be protected by a password",
		         path, words);
	else
		buf_addf(why, "%s holds no private key", path);
	ERR_clear_error();
	return TLS_UNUSABLE;
}

static int
read_certificates(STACK_OF(X509) * out, BIO *file, const char *path,
                  struct buf *why)
{
	char words[WORDS_SIZE];
	X509 *x;

	ERR_clear_error();
	while ((x = PEM_read_bio_X509(file, NULL, no_password, NULL))) {
		if (!sk_X509_push(out, x)) {
			X509_free(x);
			return err_raise(ERR_NOMEM, "certificate");
		}
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		buf_addf(why, "a certificate in %s cannot be read: %s", path,
		         library_words(words));
		return TLS_UNUSABLE;
	}
	ERR_clear_error();
	if (sk_X509_num(out) == 0) {
		buf_addf(why, "%s holds no certificate", path);
		return TLS_UNUSABLE;
	}
	return 0;
}

/* Move the certificate that the key belongs to out of the heap. */
static int
take_leaf(struct bundle *b, STACK_OF(X509) * heap, const char *path,
          struct buf *why)
{
	int i;

	for (i = 0; i < sk_X509_num(heap); i++) {
		if (X509_check_private_key(sk_X509_value(heap, i), b->key) != 1)
			continue;
		b->leaf = sk_X509_delete(heap, i);
		ERR_clear_error();
		return 0;
	}
	ERR_clear_error();
	buf_addf(why,
	         "the private key in %s belongs to none of its certificates",
	         path);
	return TLS_UNUSABLE;
}

static bool
is_issued_by(X509 *x, X509 *issuer)
{
	return X509_check_issued(issuer, x) == X509_V_OK &&
	       X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

/* Move the certificates from the heap into the chain, in order. */
static int
take_chain(struct bundle *b, STACK_OF(X509) * heap, const char *path,
           struct buf *why)
{
	X509 *x = b->leaf;
	int i;

	for (i = 0; i < sk_X509_num(heap);) {
		if (!is_issued_by(x, sk_X509_value(heap, i))) {
			i++;
			continue;
		}
		x = sk_X509_delete(heap, i);
		if (!sk_X509_push(b->chain, x)) {
			X509_free(x);
			return err_raise(ERR_NOMEM, "certificate chain");
		}
		i = 0;
	}
	ERR_clear_error();
	if (sk_X509_num(heap) == 0)
		return 0;
	buf_addf(why, "%s holds a certificate that is not part of the chain: ",
	         path);
	add_subject(why, sk_X509_value(heap, 0));
	return TLS_UNUSABLE;
}

static int
check_dates(const X509 *x, const char *path, struct buf *why)
{
	const ASN1_TIME *from = X509_get0_notBefore(x);
	const ASN1_TIME *to = X509_get0_notAfter(x);

	if (X509_cmp_current_time(to) < 0) {
		buf_addf(why, "a certificate in %s ended on ", path);
		add_date(why, to);
	} else if (X509_cmp_current_time(from) > 0) {
		buf_addf(why, "a certificate in %s begins only on ", path);
		add_date(why, from);
	} else {
		return 0;
	}
	buf_adds(why, ": ");
	add_subject(why, x);
	return TLS_UNUSABLE;
}

static int
check_all_dates(const struct bundle *b, const char *path, struct buf *why)
{
	int r = check_dates(b->leaf, path, why);
	int i;

	for (i = 0; r == 0 && i < sk_X509_num(b->chain); i++)
		r = check_dates(sk_X509_value(b->chain, i), path, why);
	return r;
}

static int
fill_bundle(struct bundle *b, STACK_OF(X509) * heap, BIO *file,
            const char *path, struct buf *why)
{
	int r;

	r = read_key(&b->key, file, path, why);
	if (r)
		return r;
	if (BIO_seek(file, 0) < 0)
		return err_raise(ERR_OS, "cannot rewind %s", path);
	r = read_certificates(heap, file, path, why);
	if (r)
		return r;
	r = take_leaf(b, heap, path, why);
	if (r)
		return r;
	r = take_chain(b, heap, path, why);
	if (r)
		return r;
	return check_all_dates(b, path, why);
}

static int
bundle_load(struct bundle **out, const char *path, struct buf *why)
{
	struct bundle *b = calloc(1, sizeof(*b));
	STACK_OF(X509) *heap = sk_X509_new_null();
	BIO *file = NULL;
	int r;

	if (b)
		b->chain = sk_X509_new_null();
	if (!b || !b->chain || !heap) {
		r = err_raise(ERR_NOMEM, "certificate");
		goto out;
	}
	b->references = 1;
	file = BIO_new_file(path, "r");
	if (!file) {
		buf_addf(why, "cannot read %s: %s", path, strerror(errno));
		ERR_clear_error();
		r = TLS_UNUSABLE;
		goto out;
	}
	r = fill_bundle(b, heap, file, path, why);
	if (r)
		goto out;
	*out = b;
	b = NULL;
out:
	BIO_free(file);
	sk_X509_pop_free(heap, X509_free);
	bundle_free(b);
	return r;
}

static int
load_client_ca(struct tls *tls, const char *path, struct buf *why)
{
	char words[WORDS_SIZE];

	ERR_clear_error();
	tls->client_store = X509_STORE_new();
	if (!tls->client_store)
		return err_raise(ERR_NOMEM, "client authorities");
	if (X509_STORE_load_file(tls->client_store, path) == 1)
		tls->client_names = SSL_load_client_CA_file(path);
	if (tls->client_names)
		return 0;
	buf_addf(why, "the client authorities in %s cannot be read: %s", path,
	         library_words(words));
	return TLS_UNUSABLE;
}

/* ---- the current bundle ---- */

static struct bundle *
borrow(struct tls *tls)
{
	struct bundle *b;

	(void)pthread_mutex_lock(&tls->lock);
	b = tls->current;
	b->references++;
	(void)pthread_mutex_unlock(&tls->lock);
	return b;
}

static void
give_back(struct tls *tls, struct bundle *b)
{
	bool is_last;

	(void)pthread_mutex_lock(&tls->lock);
	is_last = --b->references == 0;
	(void)pthread_mutex_unlock(&tls->lock);
	if (is_last)
		bundle_free(b);
}

int
tls_new(struct tls **out, const char *pem_path, const char *client_ca_path,
        struct buf *why)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int r;

	if (!tls)
		return err_raise(ERR_NOMEM, "tls");
	tls->magic = TLS_MAGIC;
	(void)pthread_mutex_init(&tls->lock, NULL);
	tls->pem_path = text_dup(pem_path);
	if (!tls->pem_path) {
		r = err_raise(ERR_NOMEM, "tls");
		goto out;
	}
	r = bundle_load(&tls->current, pem_path, why);
	if (r)
		goto out;
	if (client_ca_path)
		r = load_client_ca(tls, client_ca_path, why);
	if (r)
		goto out;
	*out = tls;
	tls = NULL;
out:
	tls_free(tls);
	return r == TLS_UNUSABLE ? r : err_pass(r);
}

void
tls_free(struct tls *tls)
{
	if (!tls)
		return;
	assert(tls->magic == TLS_MAGIC);
	bundle_free(tls->current);
	X509_STORE_free(tls->client_store);
	sk_X509_NAME_pop_free(tls->client_names, X509_NAME_free);
	(void)pthread_mutex_destroy(&tls->lock);
	free(tls->pem_path);
	tls->magic = 0;
	free(tls);
}

int
tls_reload(struct tls *tls, struct buf *why)
{
	struct bundle *fresh = NULL;
	struct bundle *old;
	int r = bundle_load(&fresh, tls->pem_path, why);

	if (r)
		return r == TLS_UNUSABLE ? r : err_pass(r);
	(void)pthread_mutex_lock(&tls->lock);
	old = tls->current;
	tls->current = fresh;
	(void)pthread_mutex_unlock(&tls->lock);
	give_back(tls, old);
	return 0;
}

static int64_t
seconds_left(const X509 *x)
{
	int days = 0;
	int seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) != 1)
		return 0;
	return (int64_t)days * DAY_S + seconds;
}

int64_t
tls_expires_in_s(struct tls *tls)
{
	struct bundle *b = borrow(tls);
	int64_t least = seconds_left(b->leaf);
	int64_t left;
	int i;

	for (i = 0; i < sk_X509_num(b->chain); i++) {
		left = seconds_left(sk_X509_value(b->chain, i));
		if (left < least)
			least = left;
	}
	give_back(tls, b);
	return least;
}

bool
tls_names_host(struct tls *tls, const char *host)
{
	struct bundle *b = borrow(tls);
	bool is_named = X509_check_ip_asc(b->leaf, host, 0) == 1 ||
	                X509_check_host(b->leaf, host, 0, 0, NULL) == 1;

	give_back(tls, b);
	ERR_clear_error();
	return is_named;
}

/* ---- a server's context ---- */

static int
install(SSL *ssl, void *arg)
{
	struct tls *tls = arg;
	struct bundle *b;
	int is_done;

	assert(tls->magic == TLS_MAGIC);
	b = borrow(tls);
	is_done = SSL_use_cert_and_key(ssl, b->leaf, b->key, b->chain, 1);
	give_back(tls, b);
	return is_done;
}

static void
observe(const SSL *ssl, int where, int ret)
{
	const struct tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	(void)ret;
	if ((where & SSL_CB_HANDSHAKE_START) == 0 || !tls->began)
		return;
	/* Only a name for the connection from here on; OpenSSL's own type
	   has no const in it. */
	tls->began((void *)(uintptr_t)ssl, SSL_get_fd(ssl));
}

static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n_out,
                const unsigned char *offered, unsigned n_offered, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned i;

	(void)ssl;
	(void)arg;
	for (i = 0; i < n_offered && offered[i] < n_offered - i;
	     i += 1u + offered[i]) {
		if (offered[i] != ours[0] ||
		    memcmp(offered + i + 1, ours + 1, ours[0]) != 0)
			continue;
		*out = offered + i + 1;
		*n_out = offered[i];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK; /* go on without */
}

/* Ask for a certificate; whoever shows one must prove it. */
static int
ask_clients(const struct tls *tls, SSL_CTX *ctx)
{
	STACK_OF(X509_NAME) *names = SSL_dup_CA_list(tls->client_names);

	if (!names)
		return err_raise(ERR_NOMEM, "client authorities");
	SSL_CTX_set_client_CA_list(ctx, names);
	if (SSL_CTX_set1_verify_cert_store(ctx, tls->client_store) != 1)
		return err_raise(ERR_LIB, "client authorities");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return 0;
}

int
tls_attach(struct tls *tls, void *ssl_ctx, void (*began)(void *ssl, int fd))
{
	static const unsigned char context_id[] = "tillbridge";
	SSL_CTX *ctx = ssl_ctx;
	char words[WORDS_SIZE];

	ERR_clear_error();
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, suites_1_2) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, suites_1_3) != 1 ||
	    SSL_CTX_set_session_id_context(ctx, context_id,
	                                   sizeof(context_id) - 1) != 1)
		return err_raise(ERR_LIB, "TLS set-up: %s",
		                 library_words(words));
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	                                       SSL_OP_NO_COMPRESSION |
	                                       SSL_OP_CIPHER_SERVER_PREFERENCE |
	                                       SSL_OP_PRIORITIZE_CHACHA);
	(void)SSL_CTX_clear_options(ctx, SSL_OP_NO_TICKET);
	/* Tickets carry the session; a cache besides would only be a lock. */
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_tlsext_servername_callback(ctx, NULL);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	/* Servers that share a tls are all http_server's: nothing changes for
	   the connections of those that run. */
	assert(!tls->began || tls->began == began);
	if (!tls->began)
		tls->began = began;
	(void)SSL_CTX_set_app_data(ctx, tls);
	SSL_CTX_set_info_callback(ctx, observe);
	SSL_CTX_set_cert_cb(ctx, install, tls);
	return tls->client_store ? ask_clients(tls, ctx) : 0;
}

bool
tls_client_sha256(char out[TLS_SHA256_SIZE], void *ssl)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	X509 *x = SSL_get0_peer_certificate(ssl);

	if (!x || SSL_get_verify_result(ssl) != X509_V_OK ||
	    X509_digest(x, EVP_sha256(), digest, &n) != 1)
		return false;
	assert(n == (TLS_SHA256_SIZE - 1) / 2);
	crypto_hex_encode(out, digest, n);
	return true;
}
