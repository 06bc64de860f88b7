#include "dns/dnssec.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"
#include "dns/ecdsa.h"
#include "dns/ldns.h"

#define SCALAR_LEN ECDSA_SCALAR_LEN

struct dnssec_key {
	const struct name *zone;
	ldns_key *key;
	ldns_rr *dnskey;
	struct ecdsa *ecdsa;
};

/* ---- the key pair ---- */

/* Any number from 1 to the order of the curve less 1 is a private key. The order begins
 * with 32 ones (SP 800-186 3.2.1.3), so a number whose first bit is 0 is below it. */
static void derive_scalar(const struct name *zone, uint8_t to[SCALAR_LEN])
{
	static const char label[] = "harness zone key 1";
	uint8_t seed[sizeof(label) + NAME_WIRE_MAX];
	size_t len = name_lower(zone, seed + sizeof(label));

	memcpy(seed, label, sizeof(label));
	ldns_sha256(seed, (unsigned)(sizeof(label) + len), to);
	to[0] &= 0x7f;
}

/* The way to a key with a given scalar that ldns has is its private key format. */
static ldns_key *read_key(const uint8_t scalar[SCALAR_LEN])
{
	ldns_rdf *number = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_B64, SCALAR_LEN, scalar);
	char *base64 = ldns_rdf2str(number), text[256];
	ldns_key *key = NULL;
	FILE *fp;
	int len;

	if (base64 == NULL)
		bug("out of memory");
	len = snprintf(text, sizeof(text),
		"Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\n"
		"PrivateKey: %s\n",
		base64);
	free(base64);
	ldns_rdf_deep_free(number);
	fp = fmemopen(text, (size_t)len, "r");
	if (fp == NULL || ldns_key_new_frm_fp(&key, fp) != LDNS_STATUS_OK)
		bug("ldns makes no key");
	fclose(fp);
	return key;
}

static void free_key(void *ptr)
{
	struct dnssec_key *k = ptr;

	ldns_rr_free(k->dnskey);
	ldns_key_deep_free(k->key);
	ecdsa_free(k->ecdsa);
}

struct dnssec_key *dnssec_key_new(struct arena *a, const struct name *zone)
{
	struct dnssec_key *k = arena_alloc(a, sizeof(*k));
	uint8_t scalar[SCALAR_LEN];
	size_t len = name_len(zone);
	uint8_t lower[NAME_WIRE_MAX];

	derive_scalar(zone, scalar);
	name_lower(zone, lower);
	k->zone = zone;
	k->key = read_key(scalar);
	ldns_key_set_pubkey_owner(
		k->key, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, len, lower));
	ldns_key_set_flags(k->key, LDNS_KEY_ZONE_KEY | LDNS_KEY_SEP_KEY);
	k->dnskey = ldns_key2rr(k->key);
	if (k->dnskey == NULL)
		bug("out of memory");
	ldns_key_set_keytag(k->key, ldns_calc_keytag(k->dnskey));
	k->ecdsa = ecdsa_new(scalar);
	arena_defer(a, free_key, k);
	return k;
}

void dnssec_dnskey(
	struct arena *a, const struct dnssec_key *k, uint32_t ttl, struct rr *ret)
{
	rr_from_ldns(a, k->dnskey, k->zone, ret);
	ret->ttl = ttl;
}

bool dnssec_ds(struct arena *a, const struct rr *dnskey, struct rr *ret)
{
	ldns_rr *key = rr_to_ldns(dnskey);
	ldns_rr *ds = ldns_key_rr2ds(key, LDNS_SHA256);

	if (ds != NULL)
		rr_from_ldns(a, ds, dnskey->owner, ret);
	ldns_rr_free(ds);
	ldns_rr_free(key);
	return ds != NULL;
}

bool dnskey_is_entry_point(const struct rr *dnskey)
{
	return dnskey->rdlen >= 2 &&
	       (ldns_read_uint16(dnskey->rdata) & LDNS_KEY_SEP_KEY) != 0;
}

/* ---- signatures ---- */

static ldns_rr_list *list_of(const struct rr *set, unsigned n)
{
	ldns_rr_list *list = ldns_rr_list_new();

	for (unsigned i = 0; i < n; i++) {
		if (!ldns_rr_list_push_rr(list, rr_to_ldns(&set[i])))
			bug("out of memory");
	}
	return list;
}

/* RFC 4034 6.2 and 6.3. */
static void put_canonical(ldns_buffer *to, ldns_rr_list *records)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++)
		ldns_rr2canonical(ldns_rr_list_rr(records, i));
	ldns_rr_list_sort(records);
	if (ldns_rr_list2buffer_wire(to, records) != LDNS_STATUS_OK)
		bug("out of memory");
}

/* RFC 4034 3.1.8.1: what is signed is the RRSIG's RDATA short of its signature, then
 * the set in canonical form. */
static void put_signature(
	const struct dnssec_key *k, ldns_rr *rrsig, ldns_rr_list *records)
{
	ldns_buffer *text = ldns_buffer_new(LDNS_MIN_BUFLEN);
	uint8_t signature[ECDSA_SIGNATURE_LEN];

	if (ldns_rrsig2buffer_wire(text, rrsig) != LDNS_STATUS_OK)
		bug("out of memory");
	put_canonical(text, records);
	ecdsa_sign(k->ecdsa, ldns_buffer_begin(text), ldns_buffer_position(text),
		signature);
	ldns_rr_rrsig_set_sig(rrsig,
		ldns_rdf_new_frm_data(LDNS_RDF_TYPE_B64, sizeof(signature), signature));
	ldns_buffer_free(text);
}

void dnssec_sign(struct arena *a, const struct dnssec_key *k, struct dnssec_period p,
	const struct rr *set, unsigned n, struct rr *ret)
{
	ldns_rr_list *records = list_of(set, n);
	ldns_rr *rrsig;

	ldns_key_set_inception(k->key, p.inception);
	ldns_key_set_expiration(k->key, p.expiration);
	rrsig = ldns_create_empty_rrsig(records, k->key);
	if (rrsig == NULL)
		bug("out of memory");
	put_signature(k, rrsig, records);
	rr_from_ldns(a, rrsig, set->owner, ret);
	ret->ttl = set->ttl;
	ldns_rr_free(rrsig);
	ldns_rr_list_deep_free(records);
}

bool dnssec_verifies(const struct dnssec_key *k, const struct rr *set, unsigned n,
	const struct rr *rrsig)
{
	ldns_rr_list *records = list_of(set, n);
	ldns_rr *signature = rr_to_ldns(rrsig);
	ldns_rr_list *keys = ldns_rr_list_new();
	ldns_status status;

	ldns_rr_list_push_rr(keys, k->dnskey);
	status = ldns_verify_rrsig_keylist_notime(records, signature, keys, NULL);
	ldns_rr_list_free(keys);
	ldns_rr_free(signature);
	ldns_rr_list_deep_free(records);
	return status == LDNS_STATUS_OK;
}

#define RRSIG_LABELS 3 /* octets before that field */

uint16_t rrsig_covers(const struct rr *rrsig)
{
	return rrsig->rdlen <= RRSIG_LABELS ? 0 : ldns_read_uint16(rrsig->rdata);
}

unsigned rrsig_labels(const struct rr *rrsig)
{
	return rrsig->rdlen <= RRSIG_LABELS ? 0 : rrsig->rdata[RRSIG_LABELS];
}

/* ---- NSEC ---- */

/* Window, length and bits for each block of 256 types (RFC 4034 4.1.2). */
#define WINDOW_MAX (2 + 32)

static size_t put_window(uint8_t *to, const uint16_t *types, unsigned n)
{
	uint8_t last = (uint8_t)types[n - 1];
	size_t len = last / 8u + 1u;

	to[0] = (uint8_t)(types[0] >> 8);
	to[1] = (uint8_t)len;
	memset(to + 2, 0, len);
	for (unsigned i = 0; i < n; i++)
		to[2 + (types[i] & 0xff) / 8] |= (uint8_t)(0x80 >> (types[i] & 7));
	return 2 + len;
}

/* For signing, RFC 4034 6.2 lowers the letter case of the next name and RFC 6840 5.1
 * does not: in lower case both come to the same. */
void dnssec_nsec(struct arena *a, const struct name *owner, const struct name *next,
	const uint16_t *types, unsigned n, uint32_t ttl, struct rr *ret)
{
	uint8_t *rdata = arena_alloc_raw(a, NAME_WIRE_MAX + (size_t)n * WINDOW_MAX);
	size_t len = name_lower(next, rdata);

	for (unsigned i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n; end++) {
			if (types[end] >> 8 != types[i] >> 8)
				break;
		}
		len += put_window(rdata + len, types + i, end - i);
	}
	*ret = (struct rr){
		.owner = owner,
		.type = TYPE_NSEC,
		.ttl = ttl,
		.rdata = rdata,
		.rdlen = (uint16_t)len,
	};
}

const struct name *nsec_next(const struct rr *nsec)
{
	return name_at(nsec->rdata);
}
