#include "server/server.h"

#include <string.h>

#include "base/arena.h"
#include "base/octets.h"
#include "server/alias.h"
#include "server/plain.h"
#include "server/quirk.h"

#define UDP_PAYLOAD_MIN 512 /* RFC 6891 6.2.3: smaller offers count as this */

/* ---- preparing ---- */

static bool refuses(const struct server_zone *z)
{
	const struct zone_conflict *conflict;

	return z->mode->refuses_conflicts && zone_conflicts(z->zone, &conflict) > 0;
}

/* Two zones may have one key; a name with two secrets is refused by who reads them. */
static const struct tsig_keys *keys_of(struct arena *a, const struct server *s)
{
	struct tsig_key *keys = arena_array(a, s->n_zones, sizeof(*keys));
	size_t n = 0;

	for (unsigned i = 0; i < s->n_zones; i++) {
		if (s->zones[i].key != NULL)
			keys[n++] = *s->zones[i].key;
	}
	return n == 0 ? NULL : tsig_keys_new(a, keys, n);
}

void server_prepare(struct arena *a, struct server *s)
{
	struct answer_zone *every = arena_array(a, s->n_zones, sizeof(*every));
	struct answer_zone *served = arena_array(a, s->n_zones, sizeof(*served));
	bool *refused = arena_array(a, s->n_zones, sizeof(*refused));
	size_t n = 0;

	s->any_refused = s->any_alias = false;
	for (unsigned i = 0; i < s->n_zones; i++) {
		const struct server_mode *mode = s->zones[i].mode;

		every[i].zone = s->zones[i].zone;
		every[i].rules.beside = mode->beside;
		/* A CNAME that will be hidden must not be followed first. */
		every[i].rules.no_chase = mode->flattens;
		refused[i] = refuses(&s->zones[i]);
		if (!refused[i])
			served[n++] = every[i];
		s->any_refused |= refused[i];
		s->any_alias |= mode->flattens || mode->has_alias;
	}
	s->every = (struct answer_zones){ .zones = every, .n = s->n_zones };
	s->answer = (struct answer_zones){ .zones = served, .n = n };
	answer_zones_index(a, &s->every);
	answer_zones_index(a, &s->answer);
	s->refused = refused;
	s->keys = keys_of(a, s);
	quirk_prepare(s);
}

void server_state_init(struct arena *a, const struct server *s, struct server_state *st)
{
	st->seen = arena_array(a, s->n_quirks, sizeof(*st->seen));
	st->acted = arena_array(a, s->n_quirks, sizeof(*st->acted));
}

/* ---- answering ---- */

/* Query types that name no data (RFC 6895 3.1: 128 to 255, and OPT), but for ANY. */
bool server_is_meta_type(uint16_t type)
{
	return (type >= 128 && type < TYPE_ANY) || type == TYPE_OPT;
}

static bool is_transfer(const struct msg *query)
{
	return query->opcode == OPCODE_QUERY && query->has_question &&
	       (query->question.type == TYPE_AXFR || query->question.type == TYPE_IXFR);
}

/* The RCODE of a query that gets no answer whatever the zones hold; NOERROR for others.
 * In this order, as BIND 9 has it (ns/client.c, ns/query.c). */
static uint16_t refuse_query(const struct msg *query)
{
	/* RFC 6891 6.1.3. */
	if (query->has_edns && query->edns_version > 0)
		return RCODE_BADVERS;
	/* RFC 2136 3.3: nobody may change a description. */
	if (query->opcode == OPCODE_UPDATE)
		return RCODE_REFUSED;
	if (query->opcode != OPCODE_QUERY && query->opcode != OPCODE_NOTIFY)
		return RCODE_NOTIMP;
	/* RFC 9619 4: a query asks one question. None is for cookies (RFC 7873 5.4),
	 * which we do not have. */
	if (!query->has_question)
		return RCODE_FORMERR;
	if (query->question.class != CLASS_IN)
		return RCODE_REFUSED;
	if (query->opcode == OPCODE_NOTIFY)
		return RCODE_NOERROR;
	/* Where a transfer may be had, it is not asked for here. */
	if (is_transfer(query))
		return RCODE_REFUSED;
	/* BIND 9 ns/query.c: MAILA, MAILB NOTIMP, the others FORMERR. */
	if (query->question.type == 253 || query->question.type == 254)
		return RCODE_NOTIMP;
	return server_is_meta_type(query->question.type) ? RCODE_FORMERR
							 : RCODE_NOERROR;
}

bool server_is_refused(const struct server *s, const struct question *q)
{
	const struct answer_zone *zone;

	if (!s->any_refused)
		return false;
	zone = answer_zone_for(&s->every, q);
	return zone != NULL && s->refused[zone - s->every.zones];
}

/* The zone whose apex the question names, of those that are served: NULL, with the
 * RCODE that says so, when it is none of ours, or refused. */
static const struct zone *zone_named(
	const struct server *s, const struct msg *query, uint16_t *ret_rcode)
{
	struct question apex = { query->question.name, TYPE_SOA, CLASS_IN };
	const struct answer_zone *zone = answer_zone_for(&s->every, &apex);

	*ret_rcode = RCODE_NOTAUTH;
	if (zone == NULL || !name_equal(zone_origin(zone->zone), apex.name))
		return NULL;
	*ret_rcode = RCODE_SERVFAIL;
	return s->refused[zone - s->every.zones] ? NULL : zone->zone;
}

/* RFC 1996 3.7, 3.9, 3.10: acknowledged. There is no primary to fetch the zone from. */
static void answer_notify(
	const struct server *s, const struct msg *query, struct msg *ret)
{
	uint16_t why;
	bool ours = zone_named(s, query, &why) != NULL;

	ret->rcode = ours ? RCODE_NOERROR : why;
	ret->aa = ours;
}

static bool has_version(const struct msg *query)
{
	const struct section *s = &query->section[AUTHORITY];

	return s->n > 0 && s->rr[0].type == TYPE_SOA;
}

/* RFC 5936 2.2.1: NOTAUTH for what is no zone of ours; 4.2: AXFR is not for UDP. RFC
 * 1995 3: who asks for IXFR says which version it has. */
static void offer_transfer(const struct server *s, enum proto proto,
	const struct msg *query, struct reply *ret)
{
	uint16_t why;

	ret->msg.rcode = refuse_query(query);
	if (ret->msg.rcode != RCODE_REFUSED || query->question.class != CLASS_IN ||
		(proto == PROTO_UDP && query->question.type == TYPE_AXFR))
		return;
	ret->transfer = zone_named(s, query, &why);
	if (ret->transfer == NULL) {
		ret->msg.rcode = why;
	} else if (query->question.type == TYPE_IXFR && !has_version(query)) {
		ret->transfer = NULL;
		ret->msg.rcode = RCODE_FORMERR;
	}
}

/* ANY gets all there is, over UDP, too, unless the server was told otherwise: the
 * clients that still ask ANY (qmail) do so for the old answer, and it is what they are
 * tested with. */
static void answer_query(struct arena *a, const struct server *s,
	const struct answer_zones *zones, const struct server_upstream *upstream,
	const struct msg *query, struct msg *ret)
{
	ret->rcode = refuse_query(query);
	if (ret->rcode != RCODE_NOERROR)
		return;
	if (query->opcode == OPCODE_NOTIFY) {
		answer_notify(s, query, ret);
		return;
	}
	if (server_is_refused(s, &query->question)) {
		ret->rcode = RCODE_SERVFAIL;
		return;
	}
	if (s->any_alias)
		server_alias_answer(a, s, zones, upstream, query, ret);
	else
		zone_answer(a, zones, query, ret);
}

/* RFC 1035 6.2: what class IN has, but never as the authority for all classes. */
static void answer_any_class(struct arena *a, const struct server *s,
	const struct answer_zones *zones, const struct server_upstream *upstream,
	const struct msg *query, struct msg *ret)
{
	struct msg in = *query;

	in.question.class = CLASS_IN;
	answer_query(a, s, zones, upstream, &in, ret);
	ret->aa = false;
}

/* ---- the size of a UDP reply ---- */

#define HEADER_AND_OPT (12 + 11)
#define QUESTION_MAX (NAME_WIRE_MAX + 4)
#define RECORD_FIXED 10 /* type, class, TTL, RDLENGTH */

/* At least what msg_encode() would need: names as if nothing were compressed. */
static size_t size_at_most(const struct msg *m)
{
	size_t size = HEADER_AND_OPT + QUESTION_MAX;

	for (int id = ANSWER; id <= ADDITIONAL; id++) {
		const struct section *s = &m->section[id];

		for (unsigned i = 0; i < s->n; i++)
			size += name_len(s->rr[i].owner) + RECORD_FIXED +
				s->rr[i].rdlen;
	}
	return size;
}

/* RFC 9471 3.1: a referral without room for the addresses of name servers below the
 * delegation is truncated, though they are additional. */
static bool lost_needed_glue(const struct msg *whole, unsigned kept)
{
	const struct section *ns = &whole->section[AUTHORITY];
	const struct section *extra = &whole->section[ADDITIONAL];

	if (whole->section[ANSWER].n > 0 || ns->n == 0 || ns->rr[0].type != TYPE_NS)
		return false;
	for (unsigned i = kept; i < extra->n; i++) {
		if (name_is_under(extra->rr[i].owner, ns->rr[0].owner))
			return true;
	}
	return false;
}

size_t server_udp_limit(bool has_edns, uint16_t udp_size)
{
	if (!has_edns || udp_size < UDP_PAYLOAD_MIN)
		return UDP_PAYLOAD_MIN;
	/* RFC 9715 3.2: no more than this leaves a server by UDP, whatever the client
	 * offers. */
	return udp_size > EDNS_PAYLOAD ? EDNS_PAYLOAD : udp_size;
}

/* Cuts the message as a server does that writes until the datagram is full (RFC 2181
 * 9). Done through the encoder, so that a reply loses the same records on every
 * network. */
static void fit_into_udp(struct arena *a, const struct msg *query, struct msg *m)
{
	size_t limit = server_udp_limit(query->has_edns, query->udp_size);
	uint8_t wire[EDNS_PAYLOAD];
	struct msg cut;

	if (size_at_most(m) <= limit)
		return;
	/* What we wrote can be read; were it not so, the empty message would say it. */
	msg_decode(a, wire, msg_encode(m, wire, limit), &cut);
	m->tc = m->tc || cut.tc || lost_needed_glue(m, cut.section[ADDITIONAL].n);
	for (int id = ANSWER; id <= ADDITIONAL; id++)
		m->section[id].n = cut.section[id].n;
}

/* True for the signature of a set of that type (RFC 4034 3.1.1). */
static bool is_signature_of(const struct rr *rr, uint16_t type)
{
	return rr->type == TYPE_RRSIG && rr->rdlen > 2 && get16(rr->rdata) == type;
}

/* RFC 8482 4.1: one RRset of the name, with its signatures. */
static void keep_one_rrset(struct arena *a, struct msg *m)
{
	struct section all = m->section[ANSWER];
	const struct rr *first = all.rr;

	if (all.n == 0)
		return;
	memset(m->section, 0, sizeof(m->section));
	for (unsigned i = 0; i < all.n; i++) {
		const struct rr *rr = &all.rr[i];

		if (name_equal(rr->owner, first->owner) &&
			(rr->type == first->type || is_signature_of(rr, first->type)))
			msg_add(m, a, ANSWER, rr);
	}
}

static void init_reply(struct reply *r, const struct msg *query)
{
	r->dropped = query->qr; /* a reply that is answered makes two servers talk */
	r->delay_us = 0;
	r->raw = NULL;
	r->raw_len = 0;
	r->quirk = NULL;
	r->transfer = NULL;
	msg_init_reply(&r->msg, query);
	r->msg.cd = false; /* RFC 4035 3.1.6: it means nothing to an authority */
}

void server_respond_as(struct arena *a, const struct server *s,
	const struct quirk_choice *choice, const struct server_upstream *upstream,
	enum proto proto, const struct msg *query, struct reply *ret)
{
	struct answer_zones zones;

	init_reply(ret, query);
	if (query->qr)
		return;
	ret->delay_us = choice->delay_us;
	ret->quirk = quirk_name(choice);
	if (choice->quirk != NULL && quirk_replace(a, s, choice->quirk, ret))
		return;
	if (is_transfer(query)) {
		offer_transfer(s, proto, query, ret);
		return;
	}
	zones = quirk_zones(a, s, choice->quirk);
	if (query->has_question && query->question.class == CLASS_ANY)
		answer_any_class(a, s, &zones, upstream, query, &ret->msg);
	else
		answer_query(a, s, &zones, upstream, query, &ret->msg);
	if (choice->quirk != NULL)
		quirk_change(a, choice->quirk, &ret->msg);
	if (proto != PROTO_UDP)
		return;
	if (s->minimal_any && query->has_question && query->question.type == TYPE_ANY)
		keep_one_rrset(a, &ret->msg);
	fit_into_udp(a, query, &ret->msg);
}

void server_respond(struct arena *a, const struct server *s, struct server_state *st,
	const struct server_upstream *upstream, enum proto proto,
	const struct msg *query, struct reply *ret)
{
	struct quirk_choice choice = { 0 };

	if (s->n_quirks > 0 && !query->qr)
		choice = quirk_choose(s, st, proto, query);
	server_respond_as(a, s, &choice, upstream, proto, query, ret);
}
