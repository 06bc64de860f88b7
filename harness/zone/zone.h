/* zone.h - the data of one zone, as its master file says it, legal or not.
 *
 * A loaded zone is read-only and may be shared between threads. What stands beside a
 * CNAME is kept: it is the subject of the project. Changing a zone makes a new one. */
#ifndef ZONE_ZONE_H
#define ZONE_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "dns/rr.h"

struct arena;
struct zone;

/* Where the text of a zone comes from, so that a mistake is reported where it stands:
 * a block inside a scenario file begins at `at` of that file. */
struct zone_source {
	const struct name *origin;
	const char *text; /* master file (RFC 1035 5.1), len octets */
	size_t len;
	struct place at; /* of the text's first line; col of its indentation + 1 */
	const char
		*whole; /* the file the text stands in, for the quoted line, or NULL */
	size_t whole_len;
	const char *dir; /* what $INCLUDE is relative to; NULL: no $INCLUDE */
};

/* Loads master-file text. The types ALIAS and ANAME are understood and become
 * TYPE_ALIAS. $ORIGIN may be relative, lines may end in CRLF, and what has no TTL
 * before the first $TTL gets an hour. Duplicates are dropped; an RRset gets the lowest
 * of its TTLs (RFC 2181 5.2). Adds every mistake it finds: syntax, a record outside the
 * zone (RFC 1035 5.2), no SOA or two or one below the apex, no NS at the apex. Data
 * beside a CNAME is no mistake here (see zone_conflict). The zone lives in `a` and
 * borrows nothing. -1 when it added a mistake. */
int zone_load(struct arena *a, const struct zone_source *source, struct errs *errs,
	struct zone **ret);

/* Reads the file and loads it; $INCLUDE is relative to its folder. */
int zone_load_file(struct arena *a, const struct name *origin, const char *path,
	struct errs *errs, struct zone **ret);

/* A zone of the given records (copied), for worlds made by the program. No checks. */
struct zone *zone_from_records(
	struct arena *a, const struct name *origin, const struct rr *rr, size_t n);

const struct name *zone_origin(const struct zone *z);
size_t zone_records(const struct zone *z); /* how many */
bool zone_is_signed(const struct zone *z); /* NSEC and RRSIG at its apex (RFC 4035 2) */

/* The records of one owner and type, in the order of the file. n is 0 when none. */
struct rrset {
	const struct rr *rr;
	unsigned n;
};
struct rrset zone_rrset(const struct zone *z, const struct name *owner, uint16_t type);

/* Calls fn for each record, apex first, then in the order of the file. */
void zone_each(
	const struct zone *z, void (*fn)(void *ctx, const struct rr *rr), void *ctx);

/* The same, one record at a time: `struct zone_walk w = { zone }`, then until there is
 * none. The record borrows from the zone. */
struct zone_walk {
	const struct zone *zone;
	size_t next;
};
bool zone_walk_next(struct zone_walk *w, struct rr *ret);

/* Two records that a standard server refuses to load side by side: data beside a CNAME
 * (RFC 1034 3.6.2, RFC 2181 10.1; RRSIG, NSEC, KEY, SIG and NXT excepted), a second
 * CNAME (RFC 2181 10.1), a second DNAME (RFC 6672 2.4), an ALIAS (no such type).
 * `first` and `second` say where they stand; `rule` is the RFC section. */
struct zone_conflict {
	const struct name *owner;
	uint16_t type; /* of the record beside the CNAME */
	struct place first, second;
	const char *rule, *text; /* text: "CNAME and MX at customer.mywebservice.com" */
};
size_t zone_conflicts(const struct zone *z, const struct zone_conflict **ret);

/* The types excepted above: RRSIG, NSEC, KEY, SIG, NXT. */
bool zone_type_may_join_cname(uint16_t type);

/* What a step of a timeline, or an UPDATE, does to a zone. */
enum zone_op {
	ZONE_SET,    /* text: records; each RRset named replaces the one there was */
	ZONE_ADD,    /* text: records to add */
	ZONE_DELETE, /* text: lines "owner [type]": that RRset, or the whole node */
};

/* Makes the changed zone; the SOA serial goes up by one (RFC 1982). `text` is
 * master-file text relative to the origin, with the zone's apex TTL as default. */
int zone_change(struct arena *a, const struct zone *z, enum zone_op op,
	const char *text, struct place at, struct errs *errs, struct zone **ret);

/* The ALIAS that holds for the name, which must lie in the zone: its own, or that of
 * the wildcard that stands in for it (RFC 4592 3.3), whose owner it then has. NULL when
 * there is none, and below a delegation or a DNAME. zone_answer() never shows it. */
const struct rr *zone_alias(const struct zone *z, const struct name *name);

/* Master-file text to records that are in no zone, in the order of the text: names are
 * relative to the root, the TTL is an hour where none is written. A text without
 * records is no mistake: *ret_n is then 0. `at` is the place of its first line. -1 when
 * it added a mistake. */
int zone_parse_records(struct arena *a, const char *text, struct place at,
	struct errs *errs, const struct rr **ret_rr, unsigned *ret_n);

#endif
