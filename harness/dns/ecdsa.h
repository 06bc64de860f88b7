/* ecdsa.h - inside dns: ECDSA on P-256 with SHA-256, signatures the same each time.
 *
 * OpenSSL 3.0 signs with a random number, so that each run of a scenario would have
 * other signatures; here it is derived as RFC 6979 3.2 says. Not for keys that are
 * secret: nothing is done against measuring the time it takes. */
#ifndef DNS_ECDSA_H
#define DNS_ECDSA_H

#include <stddef.h>
#include <stdint.h>

#define ECDSA_SCALAR_LEN 32
#define ECDSA_SIGNATURE_LEN 64 /* r and s (RFC 6605 4) */

struct ecdsa;

/* The scalar is the private key: between 1 and the order of the curve less 1. */
struct ecdsa *ecdsa_new(const uint8_t scalar[ECDSA_SCALAR_LEN]);
void ecdsa_free(struct ecdsa *e);

void ecdsa_sign(struct ecdsa *e, const void *data, size_t len,
	uint8_t ret[ECDSA_SIGNATURE_LEN]);

#endif
