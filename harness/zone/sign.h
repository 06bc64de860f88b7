/* sign.h - makes a signed zone of a zone (RFC 4035 2).
 *
 * Every authoritative RRset gets its RRSIG, what stands beside a CNAME too: that such
 * data is signed like any other is part of what we want to see. Delegations get NSEC
 * but no signature of their NS, glue and what is occluded get nothing (RFC 4035 2.2,
 * 2.3). An ALIAS is neither signed nor in a bitmap, but its owner has an NSEC: else
 * "no such data" could not be proved for a name that nothing else stands at. */
#ifndef ZONE_SIGN_H
#define ZONE_SIGN_H

#include "dns/dnssec.h"
#include "zone/zone.h"

struct str;

/* From 2020 to the end of 2037, so that signing needs no clock and a world is the same
 * each time. Later times are negative to validators that count in 32 bits with a sign
 * (ldns 1.8). */
#define SIGN_PERIOD ((struct dnssec_period){ 1577836800, 2145916800 })

/* The DS records of signed zones, for their parents. Starts as zeroes. */
struct ds_list {
	struct rr *rr;
	size_t n, room;
};

/* Adds the DS of each DNSKEY of the zone that has the SEP flag, or of each when none
 * has. Nothing of an unsigned zone. */
void zone_add_ds(struct arena *a, const struct zone *z, struct ds_list *list);

/* Signed with the key of the zone's name. Signatures and NSEC records that the zone has
 * already are left out, so that a changed zone can be signed again; a DNSKEY that it
 * brings stays beside ours. The DS records of the list are put in at its delegations;
 * one whose owner is no delegation, or has a DS of its own, is left out. ds may be
 * NULL. The zone must have an SOA. The new one lives in `a` and borrows nothing. */
struct zone *zone_sign(struct arena *a, const struct zone *z, struct dnssec_period p,
	const struct ds_list *ds);

/* The zone came with signatures (by NSEC or NSEC3), and none of its keys is ours: it
 * cannot be signed again when it changes. */
bool zone_is_signed_by_others(const struct zone *z);

/* Adds the trust anchors of a world that has these zones, in master-file form: DNSKEY
 * and DS of every signed zone that none of the others has a DS for. */
void zone_put_anchors(struct str *s, const struct zone *const *zones, size_t n);

#endif
