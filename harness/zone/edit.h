/* edit.h - a zone being changed: its records as they are now, until a new zone is made
 * of them.
 *
 * The zone itself is not touched. A node is copied when it is first asked for; several
 * changes may follow one another (the UPDATEs of a journal) before the new zone is
 * made once. */
#ifndef ZONE_EDIT_H
#define ZONE_EDIT_H

#include "zone/zone.h"

struct zone_edit;

struct edit_record {
	struct rr rr;
	struct place at;
	uint32_t was; /* the editor's own: its index in the zone */
};

/* What stands at one name. The records are in the order of the file, new ones last. */
struct edit_node {
	const struct name *owner;
	struct edit_record *list;
	uint32_t n;
	/* The rest is the editor's own. */
	uint32_t room, n_before, change;
	const struct edit_record *before;
	bool touched;
	struct edit_node *next;
};

/* Lives in `a`, and borrows the zone and what is put into it. */
struct zone_edit *zone_edit_new(struct arena *a, const struct zone *z);

const struct name *zone_edit_origin(const struct zone_edit *e);

/* How many records there are now. */
size_t zone_edit_records(const struct zone_edit *e);

/* What stands at the name, which must lie in the zone; never NULL. Only to look at. */
const struct edit_node *zone_edit_look(struct zone_edit *e, const struct name *owner);

/* The same, to be changed by the functions below, or in its TTLs and RDATA; records
 * keep their order. */
struct edit_node *zone_edit_node(struct zone_edit *e, const struct name *owner);

void zone_edit_add(struct zone_edit *e, struct edit_node *node, const struct rr *rr,
	struct place at);
void zone_edit_remove(struct zone_edit *e, struct edit_node *node, uint32_t index);

/* Adds one to the serial of the apex' SOA (RFC 1982 3.1). */
void zone_edit_next_serial(struct zone_edit *e);

/* A change begins; zone_edit_new() begins the first. Does the zone differ from what it
 * was then (RRsets as sets, and their TTLs)? Or take it all back. */
void zone_edit_begin(struct zone_edit *e);
bool zone_edit_differs(const struct zone_edit *e);
void zone_edit_undo(struct zone_edit *e);

/* The new zone, in `a`; it borrows nothing. No checks. */
struct zone *zone_edit_finish(struct arena *a, const struct zone_edit *e);

#endif
