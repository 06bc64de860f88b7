#include "resolver/machine.h"

#include <string.h>

#include "base/arena.h"
#include "resolver/scrub.h"

/* ---- keeping ---- */

/* 0 when the policy keeps nothing of this frame's answers. */
static uint32_t kept_ttl(const struct resolver *r, const struct frame *f,
	enum entry_kind kind, uint32_t ttl)
{
	if (r->policy->forwards && f != &r->first)
		return 0;
	if (r->policy->addresses_only && f->type != TYPE_A && f->type != TYPE_AAAA &&
		kind != ENTRY_NXDOMAIN)
		return 0;
	return ttl;
}

static struct entry *keep(struct resolver *r, const struct frame *f,
	const struct name *name, uint16_t type, enum entry_kind kind,
	const struct rr *rr, unsigned n)
{
	uint32_t ttl = r->policy->ttl_max;
	struct entry *e;

	/* RFC 2181 5.2: where they differ, the set is as old as its oldest record. */
	for (unsigned i = 0; i < n; i++) {
		uint32_t one = cache_ttl(&r->cache, rr[i].ttl);

		if (one < ttl)
			ttl = one;
	}
	ttl = kept_ttl(r, f, kind, ttl);
	e = cache_put(&r->cache, name, kind, type, ttl, r->now_us);
	e->rr = rr;
	e->n = (uint16_t)n;
	return e;
}

/* The type an alias found while asking for `asked` is kept under. */
static uint16_t alias_type(const struct resolver *r, uint16_t asked)
{
	return r->policy->cname == CNAME_ANSWERS_SAME_TYPE ? asked : TYPE_CNAME;
}

static struct entry *keep_cname(
	struct resolver *r, const struct frame *f, const struct rr *cname)
{
	return keep(
		r, f, cname->owner, alias_type(r, f->ask_type), ENTRY_ALIAS, cname, 1);
}

/* RFC 2308 5: the lesser of the SOA's TTL and its MINIMUM field; nothing without a SOA.
 */
static uint32_t negative_ttl(const struct resolver *r, const struct rr *soa)
{
	uint32_t minimum = rr_soa_minimum(soa);
	uint32_t ttl = soa->ttl < minimum ? soa->ttl : minimum;

	ttl = cache_ttl(&r->cache, ttl);
	return ttl > r->policy->negative_max ? r->policy->negative_max : ttl;
}

/* Returns the SOA as it is handed on, NULL when there is none. */
static const struct rr *keep_negative(struct resolver *r, const struct frame *f,
	const struct name *name, uint16_t type, enum entry_kind kind,
	const struct rr *soa)
{
	uint32_t ttl = r->policy->nosoa_ttl;
	struct rr *own = NULL;

	if (soa != NULL) {
		own = arena_memdup(r->arena, soa, sizeof(*own));
		ttl = own->ttl = negative_ttl(r, soa);
	}
	if (kind == ENTRY_NXDOMAIN && r->policy->nxdomain_all)
		type = 0;
	ttl = kept_ttl(r, f, kind, ttl);
	cache_put(&r->cache, name, kind, type, ttl, r->now_us)->soa = own;
	return own;
}

/* ---- aliases ---- */

static struct rr *make_cname(struct resolver *r, const struct name *owner,
	const struct name *target, uint32_t ttl)
{
	struct rr *rr = arena_alloc(r->arena, sizeof(*rr));

	rr->owner = owner;
	rr->type = TYPE_CNAME;
	rr->ttl = ttl;
	rr->rdata = name_wire(target);
	rr->rdlen = (uint16_t)name_len(target);
	return rr;
}

/* RFC 6672 5.3.1 erratum and BIND, Knot: the made CNAME has the DNAME's TTL. */
static uint32_t made_ttl(
	const struct resolver *r, const struct rr *dname, const struct rr *came)
{
	if (came != NULL && came->ttl < dname->ttl)
		return came->ttl;
	return came == NULL && r->policy->made_cname_ttl0 ? 0 : dname->ttl;
}

const struct name *take_dname(struct resolver *r, struct frame *f,
	const struct rr *dname, const struct rr *came, uint32_t age)
{
	const struct name *target;
	struct entry e = { .stored_us = r->now_us, .expires_us = UINT64_MAX };
	struct rr *aged = arena_memdup(r->arena, dname, sizeof(*aged));

	target =
		name_replace_suffix(r->arena, f->sname, dname->owner, rr_target(dname));
	aged->ttl = cache_ttl(&r->cache, dname->ttl);
	aged->ttl = aged->ttl > age ? aged->ttl - age : 0;
	e.rr = aged;
	e.n = 1;
	frame_emit(r, f, &e);
	if (target == NULL) {
		frame_finish(f, RCODE_YXDOMAIN);
		return NULL;
	}
	e.rr = make_cname(r, f->sname, target, made_ttl(r, aged, came));
	frame_emit(r, f, &e);
	/* RFC 6672 3.1: it is an answer to CNAME as any other; to ANY, too. */
	if (f->type == TYPE_CNAME || (f->type == TYPE_ANY && !r->policy->any_follows)) {
		frame_finish(f, RCODE_NOERROR);
		return NULL;
	}
	return target;
}

/* The DNAME itself is kept for policies that use it; the CNAME it stands for is kept
 * beside it by all. */
static const struct name *follow_dname(
	struct resolver *r, struct frame *f, const struct at_name *at)
{
	const struct rr *dname = at->dname, *came = at->cname;
	const struct name *target;
	bool alone = r->policy->addresses_only; /* knows nothing of DNAME */
	const struct entry *kept = NULL;
	struct rr *pair;

	if (r->policy->dname_below)
		kept = keep(r, f, dname->owner, TYPE_DNAME, ENTRY_DATA, dname, 1);
	if (f->ask_type == TYPE_CNAME && at->own.n > 0)
		came = at->own.rr;
	if (r->policy->dname_as_it_is && came == NULL && kept != NULL) {
		frame_emit(r, f, kept);
		frame_finish(f, RCODE_NOERROR);
		return NULL;
	}
	target = take_dname(r, f, dname, came, 0);
	if (target == NULL || r->policy->dname_below)
		return target;
	pair = arena_array(r->arena, 2, sizeof(*pair));
	pair[0] = *dname;
	pair[1] = *make_cname(r, f->sname, target, made_ttl(r, dname, came));
	keep(r, f, f->sname, alias_type(r, f->ask_type), ENTRY_ALIAS,
		alone ? pair + 1 : pair, alone ? 1 : 2);
	return target;
}

/* Does the rest of the same reply tell about the alias's target? */
static bool believes_next(const struct resolver *r, const struct frame *f,
	const struct name *from, const struct name *to)
{
	if (!name_is_under(to, f->cut->zone))
		return false;
	switch (r->policy->chain) {
	case CHAIN_IN_ZONE:
		return true;
	case CHAIN_SIBLINGS:
		return !name_is_root(from) && !name_is_root(to) &&
		       name_equal(name_parent(from), name_parent(to));
	default:
		return false;
	}
}

/* ---- data ---- */

/* Both record sets in one array, in the order they came. */
static struct rr *join(struct resolver *r, const struct at_name *at)
{
	struct rr *all = arena_array(r->arena, at->own.n + 1u, sizeof(*all));
	unsigned first = at->own_first ? 0 : 1;

	memcpy(all + first, at->own.rr, at->own.n * sizeof(*all));
	all[at->own_first ? at->own.n : 0] = *at->cname;
	return all;
}

/* One record set of a reply to ANY. */
static void keep_one_of_any(
	struct resolver *r, struct frame *f, const struct at_name *at)
{
	const struct rr *rr = at->own.rr;

	if (rr->type == TYPE_CNAME)
		keep(r, f, rr->owner, TYPE_CNAME, ENTRY_ALIAS, rr, 1);
	else if (r->policy->any == ANY_WITH_CNAME && at->cname != NULL)
		keep(r, f, rr->owner, rr->type, ENTRY_DATA, join(r, at),
			at->own.n + 1u);
	else if (r->policy->any != ANY_CNAME)
		keep(r, f, rr->owner, rr->type, ENTRY_DATA, rr, at->own.n);
}

/* Record sets of a reply to ANY, for policies that use them one by one. */
static void keep_any(struct resolver *r, struct frame *f, const struct section *all)
{
	struct at_name at = { .own_first = true };

	for (unsigned i = 0; i < all->n && at.cname == NULL; i++) {
		if (all->rr[i].type == TYPE_CNAME)
			at.cname = &all->rr[i];
	}
	for (unsigned i = 0; i < all->n; i += at.own.n) {
		at.own.rr = &all->rr[i];
		at.own.n = 1;
		while (i + at.own.n < all->n &&
			all->rr[i + at.own.n].type == all->rr[i].type)
			at.own.n++;
		at.own_first = at.cname > at.own.rr;
		keep_one_of_any(r, f, &at);
	}
}

/* Addresses of this kind and name that came in the additional section, and that the
 * asked zone may speak of. */
static void keep_along(struct resolver *r, struct frame *f, const struct section *from,
	const struct name *host, uint16_t type)
{
	struct rr *list = arena_array(r->arena, from->n, sizeof(*list));
	unsigned n = 0;

	for (unsigned i = 0; i < from->n && i < SCRUB_RECORDS_MAX; i++) {
		const struct rr *rr = &from->rr[i];

		if (rr->type == type && name_equal(rr->owner, host))
			list[n++] = *rr;
	}
	if (n > 0 && name_is_under(host, f->cut->zone))
		keep(r, f, host, type, ENTRY_ALONG, list, n);
}

/* BIND 9.18 lib/dns/resolver.c (check_related): addresses of the hosts that an accepted
 * record names. */
static void take_along(struct resolver *r, struct frame *f, const struct msg *m,
	const struct section *own)
{
	const struct section *from = &m->section[ADDITIONAL];

	if (!r->policy->additional || from->n == 0)
		return;
	for (unsigned i = 0; i < own->n; i++) {
		if (own->rr[i].type != TYPE_MX)
			continue;
		keep_along(r, f, from, rr_target(&own->rr[i]), TYPE_A);
		keep_along(r, f, from, rr_target(&own->rr[i]), TYPE_AAAA);
	}
}

static void take_own(struct resolver *r, struct frame *f, const struct section *own)
{
	/* A CNAME that was asked for by its type answers later questions as well as one
	 * that came in the way of another type. */
	bool is_alias = f->ask_type == TYPE_CNAME &&
			r->policy->cname != CNAME_ANSWERS_SAME_TYPE;

	if (f->ask_type == TYPE_ANY && r->policy->any != ANY_ALONE)
		keep_any(r, f, own);
	frame_emit(r, f,
		keep(r, f, own->rr[0].owner, f->ask_type,
			is_alias ? ENTRY_ALIAS : ENTRY_DATA, own->rr, own->n));
	if (f->ask_type == TYPE_ANY && r->policy->any_follows && own->n == 1 &&
		own->rr[0].type == TYPE_CNAME)
		frame_follow(r, f, rr_target(&own->rr[0]), false);
	else
		frame_finish(f, RCODE_NOERROR);
}

static void emit_both(struct resolver *r, struct frame *f, const struct at_name *at)
{
	struct at_name sorted = *at;
	struct entry e = {
		.stored_us = r->now_us,
		.expires_us = UINT64_MAX,
		.n = (uint16_t)(at->own.n + 1),
	};

	/* PowerDNS pdns/shuffle.cc (mapTypesToOrder): CNAMEs go first. */
	if (r->policy->mixed == MIXED_CNAME_CACHED)
		sorted.own_first = false;
	e.rr = join(r, &sorted);

	frame_emit(r, f, &e);
}

/* A CNAME with the asked type beside it. RFC 1034 3.6.2 says this cannot be, so each
 * program has its own idea. Returns the CNAME's target when it is to be followed, NULL
 * when the frame is done. */
static const struct name *take_mixed(
	struct resolver *r, struct frame *f, const struct at_name *at)
{
	enum mixed mixed = r->policy->mixed;
	bool by_order = mixed == MIXED_FIRST_COUNTS || mixed == MIXED_CNAME_IF_FIRST;

	trace_add(
		r->trace, r->now_us, "mixed", "a CNAME with the asked type beside it");
	if (by_order && !at->own_first) {
		frame_emit(r, f, keep_cname(r, f, at->cname));
		return rr_target(at->cname);
	}
	if (mixed == MIXED_FIRST_COUNTS) {
		take_own(r, f, &at->own);
		return NULL;
	}
	if (mixed == MIXED_CNAME_CACHED) {
		keep_cname(r, f, at->cname);
	} else if (mixed == MIXED_AND_CHASED) {
		keep(r, f, f->sname, f->ask_type, ENTRY_DATA, at->own.rr, at->own.n);
		keep_cname(r, f, at->cname);
	} else {
		if (r->policy->cname != CNAME_ANSWERS_SAME_TYPE)
			keep_cname(r, f, at->cname);
		keep(r, f, f->sname, f->ask_type, ENTRY_DATA, join(r, at),
			at->own.n + 1u);
	}
	emit_both(r, f, at);
	if (mixed == MIXED_AND_CHASED)
		return rr_target(at->cname);
	frame_finish(f, RCODE_NOERROR);
	return NULL;
}

/* ---- delegations ---- */

static void add_glue(const struct msg *m, const struct name *ns, struct cut *c)
{
	const struct section *s = &m->section[ADDITIONAL];

	for (unsigned i = 0; i < s->n && i < SCRUB_RECORDS_MAX; i++) {
		const struct rr *rr = &s->rr[i];

		if (c->n == c->room)
			return;
		if ((rr->type == TYPE_A || rr->type == TYPE_AAAA) &&
			name_equal(rr->owner, ns))
			c->servers[c->n++] =
				(struct cut_server){ .ns = ns, .ip = rr_ip(rr) };
	}
}

/* Room for addresses that are found later, of servers with several. */
#define CUT_SPARE 4

/* The NS set of the owner, with the glue that lies inside the asked zone: servers with
 * addresses first. */
static struct cut *make_cut(struct resolver *r, const struct msg *m,
	const struct name *owner, const struct name *asked_zone, uint32_t *ret_ttl)
{
	const struct section *s = &m->section[AUTHORITY];
	struct cut_server glued[CUT_SERVERS_MAX], bare[CUT_SERVERS_MAX];
	struct cut with = { .zone = owner, .servers = glued, .room = CUT_SERVERS_MAX };
	unsigned n_bare = 0;
	struct cut *c;

	*ret_ttl = r->policy->ttl_max;
	for (unsigned i = 0; i < s->n && i < SCRUB_RECORDS_MAX; i++) {
		const struct rr *rr = &s->rr[i];
		unsigned before = with.n;

		if (rr->type != TYPE_NS || !name_equal(rr->owner, owner))
			continue;
		if (cache_ttl(&r->cache, rr->ttl) < *ret_ttl)
			*ret_ttl = cache_ttl(&r->cache, rr->ttl);
		if (name_is_under(rr_target(rr), asked_zone))
			add_glue(m, rr_target(rr), &with);
		if (with.n == before && n_bare < CUT_SERVERS_MAX)
			bare[n_bare++] = (struct cut_server){ .ns = rr_target(rr) };
	}
	c = arena_memdup(r->arena, &with, sizeof(with));
	c->room = with.n + n_bare + CUT_SPARE;
	c->room = c->room > CUT_SERVERS_MAX ? CUT_SERVERS_MAX : c->room;
	c->servers = arena_alloc_raw(r->arena, c->room * sizeof(*c->servers));
	memcpy(c->servers, glued, with.n * sizeof(*glued));
	for (unsigned i = 0; i < n_bare && c->n < c->room; i++)
		c->servers[c->n++] = bare[i];
	return c;
}

static void take_referral(struct resolver *r, struct frame *f, const struct msg *m,
	const struct name *owner)
{
	uint32_t ttl;
	struct cut *c;

	if (++f->referrals > REFERRALS_MAX) {
		frame_finish(f, RCODE_SERVFAIL);
		return;
	}
	c = make_cut(r, m, owner, f->cut->zone, &ttl);
	trace_add(r->trace, r->now_us, "reply", "referral to %s",
		name_text(r->trace->arena, owner));
	cache_put(&r->cache, owner, ENTRY_CUT, TYPE_NS, ttl, r->now_us)->cut = c;
	servers_enter(r, f, c);
}

/* ---- nothing at the name ---- */

enum emptiness { EMPTY_NODATA, EMPTY_NXDOMAIN, EMPTY_REFERRAL, EMPTY_LAME };

/* NOERROR without authority, SOA and delegation: is it taken for "no data"? Not when
 * it names servers above the zone, or comes from a resolver (RA). */
static bool lame_counts(enum lame lame, const struct msg *m, const struct name *zone,
	const struct name *owner)
{
	if (lame == LAME_FAILS || m->ra)
		return false;
	return owner == NULL ||
	       (lame == LAME_OR_SELF_IS_NODATA && name_equal(owner, zone));
}

/* A reply without data of the name: RFC 2308 2.1 and 2.2. Sideways and upward
 * referrals, and replies that say nothing without authority, are lame. */
static enum emptiness classify(enum lame lame, const struct msg *m,
	const struct name *zone, const struct name *name, const struct rr **ret_soa,
	const struct name **ret_owner)
{
	*ret_soa = scrub_soa(m, zone, name);
	*ret_owner = scrub_ns_owner(m, name);
	if (m->rcode == RCODE_NXDOMAIN)
		return m->aa || *ret_soa != NULL ? EMPTY_NXDOMAIN : EMPTY_LAME;
	if (*ret_soa != NULL)
		return EMPTY_NODATA;
	if (*ret_owner != NULL && scrub_goes_down(*ret_owner, zone))
		return EMPTY_REFERRAL;
	return m->aa || lame_counts(lame, m, zone, *ret_owner) ? EMPTY_NODATA
							       : EMPTY_LAME;
}

/* True when the cache held anything but NXDOMAIN for the name before this question. */
static bool is_known(const struct resolver *r, const struct name *name)
{
	const struct node *node = cache_node(&r->cache, name);
	const struct entry *e = node == NULL ? NULL : node->entries;

	while (e != NULL &&
		(e->kind == ENTRY_NXDOMAIN || e->kind >= ENTRY_CUT ||
			e->order > r->asked_order || r->now_us >= e->expires_us))
		e = e->next;
	return e != NULL;
}

static void take_empty(struct resolver *r, struct frame *f, const struct msg *m)
{
	const struct rr *soa;
	const struct name *owner;

	switch (classify(r->policy->lame, m, f->cut->zone, f->sname, &soa, &owner)) {
	case EMPTY_NODATA:
		f->soa = keep_negative(r, f, f->sname, f->type, ENTRY_NODATA, soa);
		frame_finish(f, RCODE_NOERROR);
		break;
	case EMPTY_NXDOMAIN:
		if (r->policy->nxdomain_doubted && is_known(r, r->first.qname)) {
			f->soa = keep_negative(
				r, f, f->sname, f->type, ENTRY_NODATA, soa);
			frame_finish(f, RCODE_NOERROR);
			break;
		}
		f->soa = keep_negative(r, f, f->sname, f->type, ENTRY_NXDOMAIN, soa);
		frame_finish(f, RCODE_NXDOMAIN);
		break;
	case EMPTY_REFERRAL:
		take_referral(r, f, m, owner);
		break;
	case EMPTY_LAME:
		trace_add(r->trace, r->now_us, "reply", "lame");
		/* A forwarder sees its upstream fail. */
		if (r->policy->forwards)
			servers_failure(r, f);
		else
			servers_mark_bad(f);
		break;
	}
}

/* ---- replies ---- */

/* Reads the chain in the answer section from sname on. */
static void take_answer(struct resolver *r, struct frame *f, const struct msg *m)
{
	bool linked = false;

	for (;;) {
		const struct name *from = f->sname, *target;
		struct at_name at;

		scrub_answer(r->arena, m, f->cut->zone, from, f->type, &at);
		if (m->rcode == RCODE_NXDOMAIN)
			at.own.n =
				0; /* "no such name" and its data: the rcode counts */
		if (at.own.n > 0 && (at.cname == NULL || at.own_first))
			take_along(r, f, m, &at.own);
		if (at.dname != NULL) {
			target = follow_dname(r, f, &at);
		} else if (at.own.n > 0 && at.cname != NULL) {
			target = take_mixed(r, f, &at);
		} else if (at.own.n > 0) {
			take_own(r, f, &at.own);
			return;
		} else if (at.cname != NULL) {
			frame_emit(r, f, keep_cname(r, f, at.cname));
			target = rr_target(at.cname);
		} else {
			break;
		}
		if (target == NULL || !frame_follow(r, f, target, false))
			return;
		linked = true;
		if (!believes_next(r, f, from, target))
			return;
	}
	if (linked)
		return; /* the chain's end is asked anew: frame_follow() saw to it */
	if (m->rcode == RCODE_YXDOMAIN)
		frame_finish(f, RCODE_YXDOMAIN);
	else
		take_empty(r, f, m);
}

/* What a minimised question brought, for a policy that keeps it. False: the question
 * has to be asked in full. */
static bool take_step(struct resolver *r, struct frame *f, const struct msg *m,
	const struct at_name *at)
{
	const struct name *owner;
	const struct rr *soa;

	if (at->dname != NULL)
		return false;
	if (at->cname != NULL) {
		keep_cname(r, f, at->cname);
		return true;
	}
	if (at->own.n > 0) {
		keep(r, f, at->own.rr[0].owner, f->ask_type, ENTRY_DATA, at->own.rr,
			at->own.n);
		return true;
	}
	if (classify(r->policy->lame, m, f->cut->zone, f->ask_name, &soa, &owner) !=
		EMPTY_NODATA)
		return false;
	keep_negative(r, f, f->ask_name, f->ask_type, ENTRY_NODATA, soa);
	return true;
}

/* The full name was asked with another type: the aliases in the reply answer ours. */
static void take_aliases(
	struct resolver *r, struct frame *f, const struct msg *m, struct at_name at)
{
	while (at.own.n == 0 && (at.dname != NULL || at.cname != NULL)) {
		const struct name *from = f->sname, *target;

		if (at.dname != NULL) {
			target = follow_dname(r, f, &at);
		} else {
			frame_emit(r, f, keep_cname(r, f, at.cname));
			target = rr_target(at.cname);
		}
		/* Unbound iterator.c (processQueryResponse): an alias met while
		 * minimising is no restart. */
		if (target == NULL ||
			!frame_follow(r, f, target, r->policy->free_minimised) ||
			!believes_next(r, f, from, target))
			return;
		scrub_answer(r->arena, m, f->cut->zone, target, f->ask_type, &at);
	}
}

static void take_minimised(struct resolver *r, struct frame *f, const struct msg *m)
{
	const struct name *zone = f->cut->zone, *owner;
	const struct rr *soa;
	struct at_name at;

	scrub_answer(r->arena, m, zone, f->ask_name, f->ask_type, &at);
	if (at.own.n == 0 && at.cname == NULL && at.dname == NULL &&
		classify(r->policy->lame, m, zone, f->ask_name, &soa, &owner) ==
			EMPTY_REFERRAL) {
		take_referral(r, f, m, owner);
		return;
	}
	f->min_steps++;
	f->min_labels++;
	/* RFC 9156 2.3 step 6, as all programs have it by default: whatever is not
	 * plain makes them ask in full. NXDOMAIN may be a server that does not know
	 * empty non-terminals. */
	if (m->rcode != RCODE_NOERROR || r->policy->qmin == QMIN_NS_ONE)
		f->may_minimise = false;
	else if ((at.cname != NULL || at.dname != NULL) && at.own.n == 0 &&
		 f->ask_name == f->sname && f->type != TYPE_CNAME)
		take_aliases(r, f, m, at);
	else
		f->may_minimise = take_step(r, f, m, &at);
}

void take_reply(struct resolver *r, struct frame *f, const struct msg *m)
{
	if (f->minimised)
		take_minimised(r, f, m);
	else
		take_answer(r, f, m);
}
