/*
 * Certificates made while a test runs: ECDSA P-256, nothing kept.
 */
#include "tests/support/make_cert.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>

static void
must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "make_cert: %s\n", what);
	abort();
}

static void
extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	must(e && X509_add_ext(x, e, -1) == 1, value);
	X509_EXTENSION_free(e);
}

void
make_cert(struct made_cert *out, const struct make_cert *what)
{
	static long serial = 1;
	X509_NAME *name;
	X509 *issuer;

	out->key = EVP_EC_gen("P-256");
	out->x = X509_new();
	must(out->key && out->x, "no memory");
	issuer = what->issuer ? what->issuer->x : out->x;
	X509_set_version(out->x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(out->x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(out->x),
	                what->from_s ? what->from_s : -3600);
	X509_gmtime_adj(X509_getm_notAfter(out->x),
	                what->to_s ? what->to_s : 86400);
	name = X509_get_subject_name(out->x);
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	                                (const unsigned char *)what->name, -1,
	                                -1, 0) == 1,
	     "name");
	X509_set_issuer_name(out->x, X509_get_subject_name(issuer));
	X509_set_pubkey(out->x, out->key);
	extend(out->x, NID_basic_constraints,
	       what->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (what->also)
		extend(out->x, NID_subject_alt_name, what->also);
	must(X509_sign(out->x, what->issuer ? what->issuer->key : out->key,
	               EVP_sha256()) > 0,
	     "signature");
}

void
made_cert_fini(struct made_cert *cert)
{
	EVP_PKEY_free(cert->key);
	X509_free(cert->x);
}

void
made_cert_write(const char *path, const char *parts,
                const struct made_cert *certs)
{
	FILE *f = fopen(path, "w");
	const struct made_cert *cert;

	must(f != NULL, path);
	for (; *parts; parts += parts[2] ? 3 : 2) {
		cert = &certs[parts[1] - '0'];
		must((parts[0] == 'k'
		              ? PEM_write_PrivateKey(f, cert->key, NULL, NULL,
		                                     0, NULL, NULL)
		              : PEM_write_X509(f, cert->x)) == 1,
		     path);
	}
	must(fclose(f) == 0, path);
}
