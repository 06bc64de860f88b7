/* zones.h - zones and answers as text, for tests. */
#ifndef TESTS_SUPPORT_ZONES_H
#define TESTS_SUPPORT_ZONES_H

#include "zone/answer.h"

struct arena;

/* A zone of master-file text; prints the mistakes and aborts when there are any. */
struct zone *zone_of(struct arena *a, const char *origin, const char *text);

/* As zone_of(), with an SOA ("ns1 hostmaster 1 3600 600 86400 60"), an NS and its A
 * record put in front, all with a TTL of 300. */
struct zone *zone_with_apex(struct arena *a, const char *origin, const char *text);

/* One zone as a server's whole set, with the default rules. */
struct answer_zones zones_of_one(struct arena *a, const struct zone *z);

/* What the zones answer to "MX customer.example": a line with rcode and flags
 * ("NOERROR AA"), then a line for each record: "an", "au" or "ad" and the record. */
const char *answer_text(
	struct arena *a, const struct answer_zones *zones, const char *question);

/* A message in the same form. */
const char *msg_as_lines(struct arena *a, const struct msg *m);

#endif
