/* ldns.h - inside dns: our records as ldns has them, and back. */
#ifndef DNS_LDNS_H
#define DNS_LDNS_H

#include <ldns/ldns.h>

#include "dns/rr.h"

struct arena;

/* Free it with ldns_rr_free(). RDATA that ldns cannot read becomes one opaque field
 * (RFC 3597), so it is never NULL. */
ldns_rr *rr_to_ldns(const struct rr *rr);

/* The RDATA is copied into the arena; the owner is the caller's. */
void rr_from_ldns(
	struct arena *a, const ldns_rr *from, const struct name *owner, struct rr *ret);

#endif
