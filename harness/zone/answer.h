/* answer.h - what an authoritative server answers: RFC 1034 4.3.2 with its successors
 * (RFC 2181, 2308, 4035, 4592, 6604, 6672, 8020, 8482 is the server's business).
 *
 * Pure: zones and a question in, a message out; no state, no I/O. */
#ifndef ZONE_ANSWER_H
#define ZONE_ANSWER_H

#include "dns/query.h"
#include "zone/zone.h"

/* What is answered where a CNAME has data beside it. */
enum beside_cname {
	BESIDE_CNAME_WINS,   /* the CNAME, as if it stood alone (RFC 1034 4.3.2 3a) */
	BESIDE_EXACT_TYPE,   /* the asked type if it is there, else the CNAME */
	BESIDE_BOTH,	     /* CNAME, then the asked type; target not chased then */
	BESIDE_BOTH_MX_FIRST /* the asked type, then the CNAME; not chased then */
};

struct answer_rules {
	enum beside_cname beside;
	bool no_chase;	   /* hand out a CNAME without following it in our zones */
	bool no_synthesis; /* DNAME without the synthesised CNAME (RFC 6672 3.1) */
};

/* The zones of one server; the longest matching origin answers. Per-zone rules, since
 * one server can hold a strict and a patched zone. */
struct answer_zone {
	const struct zone *zone;
	struct answer_rules rules;
};

struct answer_index;
struct answer_zones {
	const struct answer_zone *zones;
	size_t n;
	const struct answer_index *index; /* or NULL: each is looked at */
};

/* Makes finding a zone independent of how many there are. The origins must not change
 * afterwards, rules may. Worth calling for any number: few zones need no index and get
 * none. It lives in a. */
void answer_zones_index(struct arena *a, struct answer_zones *zones);

/* The zone that answers for the name, or NULL. For a DS question at an apex it is the
 * parent's, when both are here (RFC 4035 3.1.4.1). */
const struct answer_zone *answer_zone_for(
	const struct answer_zones *zones, const struct question *q);

/* One RRset of an answer, or a part of one. */
struct answer_piece {
	const struct name *owner; /* as asked, where the question or a chain names it */
	const struct rr *rr; /* n records of one type; their owner does not count */
	uint32_t ttl;
	uint16_t n;
	uint8_t section; /* enum section_id */
};

/* What is answered, before anything is written. */
struct answer {
	uint16_t rcode;
	bool aa;
	unsigned n, room;
	struct answer_piece *piece; /* in the order of their sections */
	struct answer_piece first[16];
};

/* Decides: rcode, AA, pieces. A name outside all zones: REFUSED. Chains: followed while
 * they stay in our zones, up to ANSWER_CHAIN_MAX; a loop is given once round, NOERROR.
 * Authority holds only what the answer needs (the SOA of a "no", the NS of a referral);
 * addresses come along for NS, MX and SRV, from the zone of the record. Pieces borrow
 * from the zones and the question's name; what must be made (a CNAME from a DNAME, a
 * long list) is made in `a`, which most answers do not touch.
 *
 * dnssec_ok: the DO bit. Sets from signed zones then have their signatures behind them,
 * and what is not there is proved (RFC 4035 3.1). Without it DNSSEC records are like
 * any others, given to who asks for their type or for ANY. */
void zone_decide(struct arena *a, const struct answer_zones *zones,
	const struct question *q, bool dnssec_ok, struct answer *ret);

/* The decision as a reply to the query; `ret` comes from msg_init_reply(). */
void zone_answer(struct arena *a, const struct answer_zones *zones,
	const struct msg *query, struct msg *ret);

/* Brings what zone_decide() will read for these names near, for all of them at once: in
 * a large zone each lies in cache lines of its own, and fetching them one after another
 * is most of the time an answer takes. */
void zone_prefetch(const struct zone *z, const struct query *q, unsigned n);
#define ZONE_PREFETCH_MAX 64

/* More than any resolver or MTA we model follows, so the limit seen in a report is
 * theirs, never ours. */
#define ANSWER_CHAIN_MAX 32

#endif
