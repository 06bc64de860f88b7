/* update.h - dynamic update (RFC 2136): a message in, a changed zone out.
 *
 * Functions without I/O. Whether the sender may change the zone is decided before
 * (TSIG, dns/tsig.h); what the message asks for is decided here. What stands beside a
 * CNAME in a zone as loaded - our subject - stays there unless the update deletes it;
 * but nothing is ever put beside one (RFC 2136 3.4.2.2). */
#ifndef SERVER_UPDATE_H
#define SERVER_UPDATE_H

#include "dns/msg.h"
#include "zone/edit.h"

struct arena;

/* A record of a prerequisite or an update. RDATA is there when class is that of the
 * zone, or NONE in an update. */
struct update_record {
	struct rr rr;
	uint16_t class;
};

struct update_section {
	struct update_record *records;
	unsigned n;
};

struct update {
	const struct name *zone;
	uint16_t class;
	struct update_section prerequisites, updates;
};

/* More than this at one name, or in a zone, cannot be added by an update (REFUSED):
 * what a customer's key may do to memory has an end. A set of that many addresses has
 * no room in a message, and the zone is the double of the largest that we measure. */
#define UPDATE_NAME_MAX 4096
#define UPDATE_ZONE_MAX 2500000

/* Reads a whole UPDATE message: the form of all sections, the zone section (RFC 2136
 * 3.1.1). A TSIG may stand at its end; it is not looked at. NOERROR or FORMERR. *ret is
 * valid with NOERROR, lives in `a`, and borrows nothing. */
uint16_t update_read(
	struct arena *a, const uint8_t *message, size_t len, struct update *ret);

/* Applies an update to the zone: prerequisites (RFC 2136 3.2), prescan (3.4.1), changes
 * (3.4.2), serial (3.6). All of it is done, or nothing: the RCODE is not NOERROR then.
 * Begins a change of the edit, so that zone_edit_differs() tells whether there is
 * something to be served. NOTAUTH when it is about another zone or class. */
uint16_t update_apply(struct arena *a, const struct update *u, struct zone_edit *e);

/* False for a zone that came signed with other keys than ours: what is new in it could
 * not be signed for those who trust them, so that all of it would be bogus to them. An
 * UPDATE of it is REFUSED (RFC 2136 3.3.2: the server's policy). */
bool update_is_possible(const struct zone *z);

/* The zone that the edit of z has become, in `a`; signed again when z was signed. */
struct zone *update_finish(
	struct arena *a, const struct zone *z, const struct zone_edit *e);

/* All of it for a single message. *ret_zone is the new zone, in `a`, or NULL when
 * nothing has changed; it is set with NOERROR only. */
uint16_t update_zone(struct arena *a, const struct zone *z, const uint8_t *message,
	size_t len, struct zone **ret_zone);

#endif
