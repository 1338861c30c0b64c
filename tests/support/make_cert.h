#ifndef TESTS_SUPPORT_MAKE_CERT_H
#define TESTS_SUPPORT_MAKE_CERT_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdbool.h>

/*
 * Certificates made while a test runs, so that none lies in the tree. Any
 * trouble ends the program: there is nothing to test then.
 */
struct made_cert {
	EVP_PKEY *key;
	X509 *x;
};

struct make_cert {
	const char *name;               /* common name */
	const char *also;               /* "DNS:localhost,IP:::1"; NULL: none */
	const struct made_cert *issuer; /* NULL: self-signed */
	bool is_ca;
	long from_s; /* from now; 0: an hour ago */
	long to_s;   /* from now; 0: in a day */
};

void make_cert(struct made_cert *out, const struct make_cert *what);
void made_cert_fini(struct made_cert *cert);

/* Write a PEM file of these parts, in this order: "k0 c0 c1" is the key of the
   first and the certificates of the first and second. */
void made_cert_write(const char *path, const char *parts,
                     const struct made_cert *certs);

#endif
