#include "server/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/bug.h"

/* Names further into a message than this cannot be pointed at (RFC 1035 4.1.4), so a
 * longer one would not be smaller for it. */
#define FILL_OCTETS 16384
#define RECORDS_MAX 512 /* of a message */
#define RECORD_FIXED 10 /* type, class, TTL, RDLENGTH */

enum step {
	STEP_FIRST,   /* the SOA begins the transfer */
	STEP_RECORDS, /* everything but the SOA */
	STEP_DONE,
};

struct transfer {
	enum step step;
	bool soa_alone, first_message;
	struct msg reply; /* header and question of each message */
	uint8_t name[NAME_WIRE_MAX];
	struct rr soa, waiting; /* waiting: did not fit the last message */
	bool has_waiting;
	struct zone_walk walk;
	struct rr rr[RECORDS_MAX];
};

/* RFC 1982 3.2. */
static bool is_current(uint32_t have, uint32_t ours)
{
	return have == ours || (int32_t)(have - ours) > 0;
}

/* RFC 1995 3: the client's version is in the authority section. */
static bool has_it_already(const struct msg *query, const struct rr *soa)
{
	const struct section *s = &query->section[AUTHORITY];

	return s->n > 0 && s->rr[0].type == TYPE_SOA &&
	       is_current(rr_soa_serial(&s->rr[0]), rr_soa_serial(soa));
}

struct transfer *transfer_new(const struct zone *z, const struct msg *query, bool udp)
{
	struct transfer *t = calloc(1, sizeof(*t));
	struct rrset soa = zone_rrset(z, zone_origin(z), TYPE_SOA);

	if (t == NULL)
		bug("out of memory");
	msg_init_reply(&t->reply, query);
	memcpy(t->name, query->question.name, name_len(query->question.name));
	t->reply.question.name = name_at(t->name);
	t->reply.aa = true;
	t->reply.cd = false;
	t->walk.zone = z;
	t->first_message = true;
	if (soa.n == 0) {
		/* A world's own zones may lack one; what has no SOA has no end. */
		t->reply.rcode = RCODE_SERVFAIL;
		t->reply.aa = false;
		t->step = STEP_DONE;
		return t;
	}
	t->soa = soa.rr[0];
	t->soa_alone = query->question.type == TYPE_IXFR &&
		       (udp || has_it_already(query, &t->soa));
	return t;
}

void transfer_free(struct transfer *t)
{
	free(t);
}

/* The record that comes next; false after the last. */
static bool next_record(struct transfer *t, struct rr *ret)
{
	switch (t->step) {
	case STEP_FIRST:
		t->step = t->soa_alone ? STEP_DONE : STEP_RECORDS;
		*ret = t->soa;
		return true;
	case STEP_RECORDS:
		while (zone_walk_next(&t->walk, ret)) {
			/* An ALIAS is no record that others could serve. */
			if (ret->type != TYPE_SOA && ret->type != TYPE_ALIAS)
				return true;
		}
		t->step = STEP_DONE;
		*ret = t->soa;
		return true;
	default:
		return false;
	}
}

static size_t size_at_most(const struct rr *rr)
{
	return name_len(rr->owner) + RECORD_FIXED + rr->rdlen;
}

/* Fills t->rr; one record at least, however long it is. */
static unsigned gather(struct transfer *t)
{
	size_t size = 0;
	unsigned n = 0;

	while (n < RECORDS_MAX) {
		if (!t->has_waiting && !next_record(t, &t->waiting))
			break;
		t->has_waiting = true;
		size += size_at_most(&t->waiting);
		if (n > 0 && size > FILL_OCTETS)
			break;
		t->rr[n++] = t->waiting;
		t->has_waiting = false;
	}
	return n;
}

size_t transfer_next(struct transfer *t, uint8_t *out, size_t limit)
{
	unsigned n = gather(t);
	struct msg m = t->reply;

	if (n == 0 && !t->first_message)
		return 0;
	/* RFC 5936 2.2.5: OPT in the first message does. */
	m.has_edns = m.has_edns && t->first_message;
	t->first_message = false;
	m.section[ANSWER] = (struct section){ .rr = t->rr, .n = (uint16_t)n };
	return msg_encode(&m, out, limit);
}
