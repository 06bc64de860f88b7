/* scrub.h - what of a reply is believed: the records at the asked name, inside the zone
 * that was asked, and nothing else (RFC 2181 5.4.1, RFC 5452 6). */
#ifndef RESOLVER_SCRUB_H
#define RESOLVER_SCRUB_H

#include "dns/msg.h"

struct arena;

/* More records than any honest section has; a hostile one is read no further, since it
 * is walked once for each link of a chain. */
#define SCRUB_RECORDS_MAX 512

/* What the answer section says about one name. */
struct at_name {
	struct section own; /* the asked type, or all there is for ANY */
	const struct rr
		*cname; /* the first one; never set when CNAME or ANY is asked */
	const struct rr *dname; /* of an ancestor of the name */
	bool own_first;		/* own data stands before the CNAME */
};

/* Looks the name up in the answer section of a reply by a server of the zone. */
void scrub_answer(struct arena *a, const struct msg *m, const struct name *zone,
	const struct name *name, uint16_t type, struct at_name *ret);

/* The SOA of a negative answer about the name, or NULL. */
const struct rr *scrub_soa(
	const struct msg *m, const struct name *zone, const struct name *name);

/* Owner of the first NS set of the authority section that is an ancestor of the name
 * (or the name), or NULL. Going down is the caller's to check. */
const struct name *scrub_ns_owner(const struct msg *m, const struct name *name);

/* True when the owner is strictly below the zone. */
bool scrub_goes_down(const struct name *owner, const struct name *zone);

#endif
