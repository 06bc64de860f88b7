/* soa.h - inside server: the SOA of a negative answer. */
#ifndef SERVER_SOA_H
#define SERVER_SOA_H

#include "zone/answer.h"

/* Puts the zone's SOA into the authority section with the TTL of a negative answer (RFC
 * 2308 3). Nothing when zone is NULL or has no SOA. */
void soa_add(struct arena *a, const struct answer_zone *zone, struct msg *m);

#endif
