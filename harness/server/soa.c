#include "server/soa.h"

void soa_add(struct arena *a, const struct answer_zone *zone, struct msg *m)
{
	struct rrset set = { 0 };
	struct rr soa;

	if (zone != NULL)
		set = zone_rrset(zone->zone, zone_origin(zone->zone), TYPE_SOA);
	if (set.n == 0)
		return;
	soa = set.rr[0];
	if (rr_soa_minimum(&soa) < soa.ttl)
		soa.ttl = rr_soa_minimum(&soa);
	msg_add(m, a, AUTHORITY, &soa);
}
