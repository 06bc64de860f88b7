/* dnssec.h - keys, signatures and NSEC records (RFC 4033 to 4035), with ldns.
 *
 * One key a zone signs everything in it, its DNSKEY set included: algorithm 13, ECDSA
 * P-256 with SHA-256 (RFC 6605), flags 257. Keys are made from the zone's name, and
 * protect nothing: so a scenario has the same DNSKEY, DS, trust anchor and signatures
 * each time. */
#ifndef DNS_DNSSEC_H
#define DNS_DNSSEC_H

#include "dns/rr.h"

struct arena;
struct dnssec_key;

/* When signatures hold, in seconds since 1970 (RFC 4034 3.1.5). */
struct dnssec_period {
	uint32_t inception, expiration;
};

/* The key of the zone; names that differ in letter case only have the same. The name is
 * borrowed; the key lives in a. A key is for one thread at a time; two are not in each
 * other's way, though they be of one zone. */
struct dnssec_key *dnssec_key_new(struct arena *a, const struct name *zone);

void dnssec_dnskey(
	struct arena *a, const struct dnssec_key *k, uint32_t ttl, struct rr *ret);

/* The DS of a DNSKEY record, with its owner and TTL: SHA-256 (RFC 4509). False for
 * RDATA that is no key. */
bool dnssec_ds(struct arena *a, const struct rr *dnskey, struct rr *ret);

/* The DNSKEY has the SEP flag (RFC 4034 2.1.1): a parent's DS points at it. */
bool dnskey_is_entry_point(const struct rr *dnskey);

/* The RRSIG of an RRset: n >= 1 records of one owner, type and TTL, all of which the
 * RRSIG then has, too. The owner is borrowed from the set. */
void dnssec_sign(struct arena *a, const struct dnssec_key *k, struct dnssec_period p,
	const struct rr *set, unsigned n, struct rr *ret);

/* True when the RRSIG is of this key and of this set; for tests, and whatever the time
 * is. */
bool dnssec_verifies(const struct dnssec_key *k, const struct rr *set, unsigned n,
	const struct rr *rrsig);

/* The type that an RRSIG covers; 0 for a record too short to be one. */
uint16_t rrsig_covers(const struct rr *rrsig);

/* Labels of the owner that was signed, its "*" not counted: fewer than a record has
 * that came from a wildcard (RFC 4034 3.1.3). */
unsigned rrsig_labels(const struct rr *rrsig);

/* NSEC (RFC 4034 4.1). types: n, rising, without repeats. The owner is borrowed. */
void dnssec_nsec(struct arena *a, const struct name *owner, const struct name *next,
	const uint16_t *types, unsigned n, uint32_t ttl, struct rr *ret);

/* The next owner name of an NSEC record. */
const struct name *nsec_next(const struct rr *nsec);

#endif
