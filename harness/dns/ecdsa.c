#include "dns/ecdsa.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"

#define LEN ECDSA_SCALAR_LEN

struct ecdsa {
	EC_GROUP *group;
	EC_POINT *point;
	BN_CTX *ctx;
	const BIGNUM *order; /* the group's */
	BIGNUM *d, *h, *k, *r, *s;
	uint8_t scalar[LEN];
};

static void must(int done)
{
	if (done != 1)
		bug("OpenSSL makes no signature");
}

struct ecdsa *ecdsa_new(const uint8_t scalar[LEN])
{
	struct ecdsa *e = calloc(1, sizeof(*e));

	if (e == NULL)
		bug("out of memory");
	e->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	e->ctx = BN_CTX_new();
	e->h = BN_new();
	e->k = BN_new();
	e->r = BN_new();
	e->s = BN_new();
	e->d = BN_bin2bn(scalar, LEN, NULL);
	memcpy(e->scalar, scalar, LEN);
	must(e->group != NULL && e->ctx != NULL && e->d != NULL && e->h != NULL &&
		e->k != NULL && e->r != NULL && e->s != NULL);
	e->order = EC_GROUP_get0_order(e->group);
	e->point = EC_POINT_new(e->group);
	must(e->point != NULL);
	return e;
}

void ecdsa_free(struct ecdsa *e)
{
	if (e == NULL)
		return;
	EC_POINT_free(e->point);
	EC_GROUP_free(e->group);
	BN_CTX_free(e->ctx);
	BN_free(e->d);
	BN_free(e->h);
	BN_free(e->k);
	BN_free(e->r);
	BN_free(e->s);
	free(e);
}

/* ---- the number that is used once (RFC 6979 3.2) ---- */

struct nonce {
	uint8_t key[LEN], v[LEN];
};

static void next_v(struct nonce *n)
{
	uint8_t v[LEN];

	must(HMAC(EVP_sha256(), n->key, LEN, n->v, LEN, v, NULL) != NULL);
	memcpy(n->v, v, LEN);
}

static void next_key(struct nonce *n, uint8_t round, const uint8_t *seed, size_t len)
{
	uint8_t data[LEN + 1 + 2 * LEN];

	memcpy(data, n->v, LEN);
	data[LEN] = round;
	if (len > 0)
		memcpy(data + LEN + 1, seed, len);
	must(HMAC(EVP_sha256(), n->key, LEN, data, LEN + 1 + len, n->key, NULL) !=
		NULL);
	next_v(n);
}

/* Steps a to g. The hash is as long as the order, so bits2octets (2.3.4) is a modular
 * reduction. */
static void start_nonce(struct ecdsa *e, struct nonce *n)
{
	uint8_t seed[2 * LEN];

	memcpy(seed, e->scalar, LEN);
	must(BN_bn2binpad(e->h, seed + LEN, LEN) == LEN);
	memset(n->v, 1, LEN);
	memset(n->key, 0, LEN);
	next_key(n, 0, seed, sizeof(seed));
	next_key(n, 1, seed, sizeof(seed));
}

/* ---- the signature (SEC 1 4.1.3) ---- */

/* False where the standard says to take another number. */
static bool try_nonce(struct ecdsa *e, const struct nonce *n)
{
	must(BN_bin2bn(n->v, LEN, e->k) != NULL);
	if (BN_is_zero(e->k) || BN_cmp(e->k, e->order) >= 0)
		return false;
	must(EC_POINT_mul(e->group, e->point, e->k, NULL, NULL, e->ctx));
	must(EC_POINT_get_affine_coordinates(e->group, e->point, e->r, NULL, e->ctx));
	must(BN_nnmod(e->r, e->r, e->order, e->ctx));
	/* s = (h + r d) / k */
	must(BN_mod_mul(e->s, e->r, e->d, e->order, e->ctx));
	must(BN_mod_add(e->s, e->s, e->h, e->order, e->ctx));
	must(BN_mod_inverse(e->k, e->k, e->order, e->ctx) != NULL);
	must(BN_mod_mul(e->s, e->s, e->k, e->order, e->ctx));
	return !BN_is_zero(e->r) && !BN_is_zero(e->s);
}

void ecdsa_sign(
	struct ecdsa *e, const void *data, size_t len, uint8_t ret[ECDSA_SIGNATURE_LEN])
{
	uint8_t hash[LEN];
	struct nonce n;

	must(EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL));
	must(BN_bin2bn(hash, LEN, e->h) != NULL);
	must(BN_nnmod(e->h, e->h, e->order, e->ctx));
	start_nonce(e, &n);
	for (next_v(&n); !try_nonce(e, &n); next_v(&n))
		next_key(&n, 0, NULL, 0);
	must(BN_bn2binpad(e->r, ret, LEN) == LEN);
	must(BN_bn2binpad(e->s, ret + LEN, LEN) == LEN);
}
