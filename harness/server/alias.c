#include "server/alias.h"

#include "base/arena.h"
#include "server/soa.h"

struct job {
	struct arena *arena;
	const struct server *server;
	const struct answer_zones *zones;
	const struct server_upstream *upstream;
	unsigned lookups_left;
};

/* What a target turned out to have. */
enum found { FOUND_FAILED, FOUND_NONE, FOUND_ADDRESSES };

struct addresses {
	struct msg msg; /* its answer section has them, with other records */
	uint32_t ttl;	/* the smallest on the way */
};

static void answer(struct job *j, const struct msg *query, struct msg *ret);

static bool is_address_type(uint16_t type)
{
	return type == TYPE_A || type == TYPE_AAAA;
}

/* The server's zone that the name is in, NULL when none; refused ones too. */
static const struct answer_zone *zone_of(const struct job *j, const struct name *name)
{
	/* The type matters to DS alone, which is neither chased nor flattened. */
	struct question q = { name, TYPE_A, CLASS_IN };

	return answer_zone_for(&j->server->every, &q);
}

static const struct server_mode *mode_of(
	const struct job *j, const struct answer_zone *z)
{
	return j->server->zones[z - j->server->every.zones].mode;
}

static const struct rr *find_cname(const struct msg *m, const struct name *owner)
{
	const struct section *s = &m->section[ANSWER];

	for (unsigned i = 0; i < s->n; i++) {
		if (s->rr[i].type == TYPE_CNAME && name_equal(s->rr[i].owner, owner))
			return &s->rr[i];
	}
	return NULL;
}

static bool has_soa(const struct msg *m)
{
	const struct section *s = &m->section[AUTHORITY];

	return s->n > 0 && s->rr[0].type == TYPE_SOA;
}

/* Where the CNAMEs of the answer lead from the name asked for. One in a zone that
 * flattens is not followed, since nobody is to see it. */
static const struct name *chain_end(const struct job *j, const struct msg *m)
{
	const struct name *end = m->question.name;

	if (m->question.type == TYPE_CNAME || m->question.type == TYPE_ANY)
		return end;
	for (unsigned i = 0; i <= ANSWER_CHAIN_MAX; i++) {
		const struct rr *cname = find_cname(m, end);
		const struct answer_zone *zone;

		if (cname == NULL)
			break;
		zone = zone_of(j, end);
		if (zone != NULL && mode_of(j, zone)->flattens)
			break;
		end = rr_target(cname);
	}
	return end;
}

/* The CNAME at the name, from a wildcard, too; NULL when none. One made from a DNAME is
 * not at the name: the DNAME stands before it. */
static const struct rr *cname_at(struct job *j, const struct name *name)
{
	struct question q = { name, TYPE_CNAME, CLASS_IN };
	struct msg query, *m = arena_alloc_raw(j->arena, sizeof(*m));
	const struct section *s = &m->section[ANSWER];

	msg_init_query(&query, 0, &q, false);
	msg_init_reply(m, &query);
	zone_answer(j->arena, j->zones, &query, m);
	if (s->n == 0 || s->rr[0].type != TYPE_CNAME)
		return NULL;
	return &s->rr[0];
}

static void clear_sections(struct msg *m)
{
	for (int id = ANSWER; id <= ADDITIONAL; id++)
		m->section[id] = (struct section){ 0 };
}

/* Keeps of the answer section what stands before the name's records: the chain that led
 * to it. */
static void cut_answer_at(struct msg *m, const struct name *name)
{
	struct section *s = &m->section[ANSWER];
	uint16_t n = 0;

	while (n < s->n && !name_equal(s->rr[n].owner, name))
		n++;
	s->n = n;
	m->section[AUTHORITY] = m->section[ADDITIONAL] = (struct section){ 0 };
}

/* Takes the records of owner and type out of the answer section; its array may be the
 * zone's own, so a new one is made. True when the owner has others there. */
static bool hide(struct job *j, struct msg *m, const struct name *owner, uint16_t type)
{
	struct section old = m->section[ANSWER];
	bool others = false;

	m->section[ANSWER] = (struct section){ 0 };
	for (unsigned i = 0; i < old.n; i++) {
		bool here = name_equal(old.rr[i].owner, owner);

		if (here && old.rr[i].type == type)
			continue;
		others = others || here;
		msg_add(m, j->arena, ANSWER, &old.rr[i]);
	}
	return others;
}

/* ---- the target's addresses ---- */

static enum found ask_upstream(
	struct job *j, const struct question *q, struct addresses *ret)
{
	const struct server_upstream *u = j->upstream;

	if (u == NULL || u->lookup(u->ctx, j->arena, q, &ret->msg) != 0)
		return FOUND_FAILED;
	if (ret->msg.rcode == RCODE_NXDOMAIN)
		return FOUND_NONE;
	return ret->msg.rcode == RCODE_NOERROR ? FOUND_ADDRESSES : FOUND_FAILED;
}

/* Lowers the TTL to that of the chain and the addresses; true when there are any. */
static bool take_ttl(struct addresses *found, uint16_t type)
{
	const struct section *s = &found->msg.section[ANSWER];
	bool any = false;

	for (unsigned i = 0; i < s->n; i++) {
		if (s->rr[i].type != type && s->rr[i].type != TYPE_CNAME)
			continue;
		any = any || s->rr[i].type == type;
		if (s->rr[i].ttl < found->ttl)
			found->ttl = s->rr[i].ttl;
	}
	return any;
}

/* What the server's own zones say. When they only say "elsewhere" - a referral, or a
 * chain that leaves them - *ret_next is the name to go on with, else NULL. */
static enum found ask_own_zones(struct job *j, const struct question *q,
	struct addresses *ret, const struct name **ret_next)
{
	struct msg query;

	*ret_next = NULL;
	msg_init_query(&query, 0, q, false);
	msg_init_reply(&ret->msg, &query);
	answer(j, &query, &ret->msg);
	if (take_ttl(ret, q->type))
		return FOUND_ADDRESSES;
	if (ret->msg.rcode != RCODE_NOERROR && ret->msg.rcode != RCODE_NXDOMAIN)
		return FOUND_FAILED;
	*ret_next = chain_end(j, &ret->msg);
	if (has_soa(&ret->msg) || ret->msg.rcode == RCODE_NXDOMAIN ||
		(ret->msg.aa && name_equal(*ret_next, q->name)))
		*ret_next = NULL;
	return FOUND_NONE;
}

static enum found find_addresses(
	struct job *j, const struct rr *alias, uint16_t type, struct addresses *ret)
{
	struct question q = { rr_target(alias), type, CLASS_IN };

	ret->ttl = alias->ttl;
	while (j->lookups_left > 0) {
		const struct answer_zone *zone = zone_of(j, q.name);
		const struct name *next;
		enum found found;

		j->lookups_left--;
		if (zone == NULL)
			break;
		found = ask_own_zones(j, &q, ret, &next);
		if (found != FOUND_NONE || next == NULL)
			return found;
		if (name_equal(next, q.name)) /* a referral */
			break;
		q.name = next;
	}
	/* Out of look-ups means a loop, which no resolver could follow either. */
	if (j->lookups_left == 0 || ask_upstream(j, &q, ret) == FOUND_FAILED)
		return FOUND_FAILED;
	return take_ttl(ret, type) ? FOUND_ADDRESSES : FOUND_NONE;
}

/* Puts the addresses of the alias' target into the answer, at the given owner. */
static void serve_target(struct job *j, const struct name *owner,
	const struct rr *alias, struct msg *ret)
{
	struct addresses *found = arena_alloc_raw(j->arena, sizeof(*found));
	const struct section *s = &found->msg.section[ANSWER];
	uint16_t type = ret->question.type;

	cut_answer_at(ret, owner);
	ret->rcode = RCODE_NOERROR;
	switch (find_addresses(j, alias, type, found)) {
	case FOUND_FAILED:
		clear_sections(ret);
		ret->rcode = RCODE_SERVFAIL;
		ret->aa = false;
		return;
	case FOUND_NONE:
		soa_add(j->arena, zone_of(j, owner), ret);
		return;
	case FOUND_ADDRESSES:
		break;
	}
	for (unsigned i = 0; i < s->n; i++) {
		struct rr rr = s->rr[i];

		if (rr.type != type)
			continue;
		rr.owner = owner;
		rr.ttl = found->ttl;
		msg_add(ret, j->arena, ANSWER, &rr);
	}
}

/* ---- the two modes ---- */

/* A chain that a quirk has cut short ends at a name that was not answered for. */
static bool was_reached(const struct msg *m, const struct name *end)
{
	const struct section *s = &m->section[ANSWER];

	return s->n > 0 && name_equal(s->rr[s->n - 1].owner, end);
}

static void flatten(struct job *j, const struct name *end, struct msg *ret)
{
	const struct rr *cname;

	if (!was_reached(ret, end))
		return;
	cname = cname_at(j, end);
	if (cname == NULL)
		return;
	if (is_address_type(ret->question.type)) {
		serve_target(j, end, cname, ret);
		return;
	}
	if (!hide(j, ret, end, TYPE_CNAME))
		soa_add(j->arena, zone_of(j, end), ret);
}

static void expand_alias(
	struct job *j, const struct zone *zone, const struct name *end, struct msg *ret)
{
	uint16_t type = ret->question.type;
	const struct rr *alias;

	/* Only where the zone says NODATA: own records go first, a referral stays. */
	if (!is_address_type(type) || ret->rcode != RCODE_NOERROR || !has_soa(ret))
		return;
	alias = zone_alias(zone, end);
	if (alias != NULL)
		serve_target(j, end, alias, ret);
}

static void answer(struct job *j, const struct msg *query, struct msg *ret)
{
	const struct answer_zone *zone;
	const struct name *end;

	zone_answer(j->arena, j->zones, query, ret);
	end = chain_end(j, ret);
	zone = zone_of(j, end);
	if (zone == NULL)
		return;
	if (mode_of(j, zone)->flattens)
		flatten(j, end, ret);
	else if (mode_of(j, zone)->has_alias)
		expand_alias(j, zone->zone, end, ret);
}

void server_alias_answer(struct arena *a, const struct server *s,
	const struct answer_zones *zones, const struct server_upstream *upstream,
	const struct msg *query, struct msg *ret)
{
	struct job j = {
		.arena = a,
		.server = s,
		.zones = zones,
		.upstream = upstream,
		.lookups_left = ALIAS_LOOKUPS_MAX,
	};

	answer(&j, query, ret);
}
