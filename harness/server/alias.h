/* alias.h - inside server: flattened CNAMEs and ALIAS records.
 *
 * The rules, for a name that is flattened or has an ALIAS:
 *   - A and AAAA are the target's, at the owner's name, CNAME or ALIAS hidden; their
 * TTL is the smallest of owner, chain and target (Cloudflare, "How CNAME flattening
 *     works"; draft-ietf-dnsop-aname 3);
 *   - a target without addresses, or one that does not exist, is NODATA (Cloudflare,
 *     "CNAME flattening": dangling CNAME). Never NXDOMAIN: the owner exists, and
 *     RFC 8020 would take its MX away with it. PowerDNS hands the target's NXDOMAIN on
 *     (dnsproxy.cc); that is not modelled;
 *   - a target that cannot be looked up is SERVFAIL (PowerDNS, dnsproxy.cc);
 *   - flatten: other types are the owner's own, else NODATA; the CNAME type is NODATA;
 *   - alias: other types are untouched, and own A or AAAA go before the ALIAS's
 *     (PowerDNS, packethandler.cc: looked up only when nothing else was found). */
#ifndef SERVER_ALIAS_H
#define SERVER_ALIAS_H

#include "server/server.h"

/* Loops between names of this server end here; more than any chain that works. */
#define ALIAS_LOOKUPS_MAX 32

/* As zone_answer() over `zones` (the server's, under rules of their own), then what
 * modes that flatten or have ALIAS make of it. */
void server_alias_answer(struct arena *a, const struct server *s,
	const struct answer_zones *zones, const struct server_upstream *upstream,
	const struct msg *query, struct msg *ret);

#endif
