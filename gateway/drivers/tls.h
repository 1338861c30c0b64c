#ifndef DRIVERS_TLS_H
#define DRIVERS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"

/*
 * Certificates, versions and ciphers, checked before we listen and on reload.
 *
 * A certificate is one PEM file with key, certificate and chain in any order.
 * It is handed to connections by a callback from a reference-counted bundle,
 * so tls_reload() may swap it under load (platform.md O5). TLS 1.2 and 1.3.
 */
struct tls;

enum { TLS_UNUSABLE = 1, TLS_SHA256_SIZE = 65 };

/*
 * Load and check.
 *
 * pem_path        key, certificate, chain
 * client_ca_path  PEM of the authorities whose client certificates are
 *                 accepted; clients are asked, not forced. NULL: not asked
 * why             receives a sentence for a person when it is unusable
 *
 * Returns  0; TLS_UNUSABLE (missing file, no key, key of another certificate,
 *          expired or not yet valid, a chain that does not lead up from the
 *          certificate); a fault.
 */
int tls_new(struct tls **out, const char *pem_path, const char *client_ca_path,
            struct buf *why);
void
tls_free(struct tls *tls); /* after the servers that use it; NULL is fine */

/*
 * Read the certificate file again. New connections get the new pair; on any
 * trouble the old one stays. The client authorities are not read again.
 * Returns as tls_new. Threads: one at a time; servers may run.
 */
int tls_reload(struct tls *tls, struct buf *why);

/* Until the current certificate (or one of its chain) ends; negative: over. */
int64_t tls_expires_in_s(struct tls *tls);

/* Is the certificate made out to this host name or IP address? */
bool tls_names_host(struct tls *tls, const char *host);

/* ---- for http_server: ssl_ctx and ssl are OpenSSL's, unnamed here ---- */

/*
 * Set up a fresh server context completely: versions, suites, session tickets,
 * ALPN, certificate callback, client verification.
 *
 * began  called on the connection's own thread when a handshake begins
 *
 * Returns 0 or ERR_LIB. tls must outlive the context.
 */
int tls_attach(struct tls *tls, void *ssl_ctx,
               void (*began)(void *ssl, int fd));

/*
 * SHA-256 of the client's verified certificate, 64 lower-case hex digits.
 * False when it showed none. Never the SHA-1 of platform.md C33.
 */
bool tls_client_sha256(char out[TLS_SHA256_SIZE], void *ssl);

#endif
