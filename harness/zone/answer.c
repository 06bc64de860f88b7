#include "zone/answer.h"

#include "base/arena.h"
#include "zone/store.h"

/* No 64 kB message holds more address records, and looking for repeats among more would
 * let a hostile zone cost seconds. */
#define ADDITIONAL_MAX 4096

/* One question on its way through the zones. */
struct walk {
	struct arena *a;
	const struct answer_zones *zones;
	struct msg *ret;
	uint16_t type;
	const struct name *at;				/* the name looked for now */
	const struct name *chain[ANSWER_CHAIN_MAX + 1]; /* those before it */
	unsigned links;
	const struct zone *zone;	  /* that `at` is in */
	const struct answer_rules *rules; /* its rules */
};

static const struct answer_zone *zone_for(const struct walk *w, const struct name *name)
{
	struct question q = { .name = name, .type = w->type, .class = CLASS_IN };

	return answer_zone_for(w->zones, &q);
}

static void put_set(struct walk *w, enum section_id id, const struct rrset *set,
	const struct name *owner)
{
	for (unsigned i = 0; i < set->n; i++) {
		struct rr rr = set->rr[i];

		rr.owner = owner;
		msg_add(w->ret, w->a, id, &rr);
	}
}

/* ---- where a name lies ---- */

/* The highest node on the way from the apex to the name where the way ends: a
 * delegation at or above the name, or a DNAME above it. NULL when the name is ours to
 * answer. */
static const struct node *way_ends_at(
	const struct walk *w, const struct node *exact, const struct node *encloser)
{
	const struct node *node = exact != NULL ? exact : encloser, *top = NULL;
	bool is_exact = exact != NULL;

	for (; node != NULL; node = zone_parent(w->zone, node), is_exact = false) {
		/* RFC 4035 3.1.4.1: DS at the delegation is the parent's to answer. */
		if ((node->flags & NODE_CUT) != 0 && !(is_exact && w->type == TYPE_DS))
			top = node;
		else if ((node->flags & NODE_DNAME) != 0 && !is_exact)
			top = node;
		if ((node->flags & NODE_OCCLUDED) == 0)
			break;
	}
	return top;
}

/* ---- additional section (RFC 1034 4.3.2 step 6) ---- */

/* Records of our zones are the same when their RDATA is the same memory. */
static bool is_there(const struct section *s, const struct rr *rr)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->rr[i].rdata == rr->rdata &&
			name_equal(s->rr[i].owner, rr->owner))
			return true;
	}
	return false;
}

static void put_address(
	struct walk *w, const struct rrset *set, const struct name *owner)
{
	if (set->n == 0 || w->ret->section[ADDITIONAL].n + set->n > ADDITIONAL_MAX)
		return;
	for (unsigned i = 0; i < set->n; i++) {
		struct rr rr = set->rr[i];

		rr.owner = owner;
		if (!is_there(&w->ret->section[ANSWER], &rr) &&
			!is_there(&w->ret->section[ADDITIONAL], &rr))
			msg_add(w->ret, w->a, ADDITIONAL, &rr);
	}
}

/* The target's addresses, from the zone of the record that names it. Below a delegation
 * lies glue: only NS records bring it along (RFC 1034 4.2.1). A target that is an alias
 * has no addresses of its own (RFC 2181 10.3). */
static void put_addresses(struct walk *w, const struct name *target, bool with_glue)
{
	const struct name *owner = target;
	const struct node *node, *encloser = NULL, *end;
	struct rrset set;

	if (!name_is_under(target, w->zone->origin))
		return;
	node = zone_find(w->zone, target, &encloser);
	end = way_ends_at(w, node, encloser);
	if (end != NULL && ((end->flags & NODE_CUT) == 0 || !with_glue))
		return;
	if (node != NULL)
		owner = node->owner;
	else if (end == NULL && (encloser->flags & NODE_WILDCARD) != 0)
		node = zone_wildcard(w->zone, encloser);
	if (node == NULL || ((node->flags & NODE_CNAME) != 0 &&
				    w->rules->beside == BESIDE_CNAME_WINS))
		return;
	set = zone_node_rrset(w->zone, node, TYPE_A);
	put_address(w, &set, owner);
	set = zone_node_rrset(w->zone, node, TYPE_AAAA);
	put_address(w, &set, owner);
}

static void put_targets(struct walk *w, const struct rrset *set)
{
	if (set->n == 0 || (set->rr->type != TYPE_NS && set->rr->type != TYPE_MX &&
				   set->rr->type != TYPE_SRV))
		return;
	for (unsigned i = 0; i < set->n; i++)
		put_addresses(w, rr_target(&set->rr[i]), set->rr->type == TYPE_NS);
}

/* ---- the ends of a walk ---- */

/* RFC 2308 3: the SOA with the TTL for which "no" may be cached. */
static void negative(struct walk *w, uint16_t rcode)
{
	struct rrset set = zone_node_rrset(w->zone, w->zone->nodes, TYPE_SOA);

	w->ret->rcode = rcode;
	if (set.n > 0) {
		struct rr soa = set.rr[0];
		uint32_t minimum = rr_soa_minimum(&soa);

		if (minimum < soa.ttl)
			soa.ttl = minimum;
		msg_add(w->ret, w->a, AUTHORITY, &soa);
	}
}

/* RFC 1034 4.3.2 step 3b. */
static void referral(struct walk *w, const struct node *cut)
{
	struct rrset ns = zone_node_rrset(w->zone, cut, TYPE_NS);

	if (w->links == 0)
		w->ret->aa = false;
	put_set(w, AUTHORITY, &ns, cut->owner);
	put_targets(w, &ns);
}

/* ANY: no addresses of targets, as BIND does it. */
static void everything(
	struct walk *w, const struct node *node, const struct name *owner)
{
	unsigned before = w->ret->section[ANSWER].n;

	for (uint32_t i = node->first; i < node->first + node->n; i++) {
		struct rrset one = { &w->zone->rr[i], 1 };

		if (one.rr->type != TYPE_ALIAS)
			put_set(w, ANSWER, &one, owner);
	}
	if (w->ret->section[ANSWER].n == before)
		negative(w, RCODE_NOERROR);
}

static void plain(struct walk *w, const struct rrset *set, const struct name *owner)
{
	if (set->n == 0) {
		negative(w, RCODE_NOERROR);
		return;
	}
	put_set(w, ANSWER, set, owner);
	put_targets(w, set);
}

/* ---- following ---- */

static bool is_in_chain(const struct walk *w, const struct name *name)
{
	for (unsigned i = 0; i < w->links; i++) {
		if (name_equal(w->chain[i], name))
			return true;
	}
	return false;
}

/* The next name to look for; NULL where the chain ends. */
static const struct name *follow(struct walk *w, const struct name *target)
{
	w->chain[w->links++] = w->at;
	/* Already in the chain: following it again would loop. */
	if (w->links > ANSWER_CHAIN_MAX || is_in_chain(w, target))
		return NULL;
	return target;
}

static const struct name *follow_cname(
	struct walk *w, const struct rrset *cname, const struct name *owner)
{
	put_set(w, ANSWER, cname, owner);
	if (w->rules->no_chase)
		return NULL;
	return follow(w, rr_target(&cname->rr[0]));
}

/* RFC 6672 3.1: the CNAME has the TTL of the DNAME. */
static const struct name *follow_dname(struct walk *w, const struct node *node)
{
	struct rrset dname = zone_node_rrset(w->zone, node, TYPE_DNAME);
	struct rr cname = {
		.owner = w->at, .ttl = dname.rr[0].ttl, .type = TYPE_CNAME
	};
	const struct name *target;

	if (!is_there(&w->ret->section[ANSWER], &dname.rr[0]))
		put_set(w, ANSWER, &dname, node->owner);
	target = name_replace_suffix(w->a, w->at, node->owner, rr_target(&dname.rr[0]));
	if (target == NULL) { /* RFC 6672 2.2 */
		w->ret->rcode = RCODE_YXDOMAIN;
		return NULL;
	}
	if (w->rules->no_synthesis)
		return NULL;
	cname.rdata = name_wire(target);
	cname.rdlen = (uint16_t)name_len(target);
	msg_add(w->ret, w->a, ANSWER, &cname);
	if (w->type == TYPE_CNAME || w->type == TYPE_ANY || w->rules->no_chase)
		return NULL;
	return follow(w, target);
}

/* ---- a node that has a CNAME ---- */

/* CNAME and the asked records beside each other, unchanged. */
static void both(struct walk *w, const struct rrset *cname, const struct rrset *set,
	const struct name *owner)
{
	bool cname_first = w->rules->beside == BESIDE_BOTH;

	put_set(w, ANSWER, cname_first ? cname : set, owner);
	put_set(w, ANSWER, cname_first ? set : cname, owner);
	put_targets(w, set);
}

static const struct name *at_cname(
	struct walk *w, const struct node *node, const struct name *owner)
{
	struct rrset cname = zone_node_rrset(w->zone, node, TYPE_CNAME);
	struct rrset set = zone_node_rrset(w->zone, node, w->type);
	bool wins = w->rules->beside == BESIDE_CNAME_WINS;

	if (w->type == TYPE_CNAME || (w->type == TYPE_ANY && wins)) {
		plain(w, &cname, owner);
		return NULL;
	}
	if (w->type == TYPE_ANY) {
		everything(w, node, owner);
		return NULL;
	}
	if (wins || set.n == 0 || w->type == TYPE_ALIAS)
		return follow_cname(w, &cname, owner);
	if (w->rules->beside == BESIDE_EXACT_TYPE)
		plain(w, &set, owner);
	else
		both(w, &cname, &set, owner);
	return NULL;
}

/* RFC 1034 4.3.2 step 3a. The owner is the asked name where a wildcard stands in. */
static const struct name *at_node(
	struct walk *w, const struct node *node, const struct name *owner)
{
	struct rrset set;

	if ((node->flags & NODE_CNAME) != 0)
		return at_cname(w, node, owner);
	if (w->type == TYPE_ANY) {
		everything(w, node, owner);
		return NULL;
	}
	set = zone_node_rrset(w->zone, node, w->type);
	if (w->type == TYPE_ALIAS)
		set.n = 0;
	plain(w, &set, owner);
	return NULL;
}

/* ---- a name in a zone ---- */

static const struct name *in_zone(struct walk *w)
{
	const struct node *encloser = NULL, *end;
	const struct node *node = zone_find(w->zone, w->at, &encloser);

	end = way_ends_at(w, node, encloser);
	if (end != NULL && (end->flags & NODE_CUT) != 0) {
		referral(w, end);
		return NULL;
	}
	if (end != NULL)
		return follow_dname(w, end);
	if (node != NULL)
		return at_node(w, node, node->owner);
	if ((encloser->flags & NODE_WILDCARD) != 0) /* RFC 4592 3.3 */
		return at_node(w, zone_wildcard(w->zone, encloser), w->at);
	negative(w, RCODE_NXDOMAIN); /* RFC 6604 3: of the last name */
	return NULL;
}

void zone_answer(struct arena *a, const struct answer_zones *zones,
	const struct msg *query, struct msg *ret)
{
	struct walk w; /* not cleared: the chain is big and filled as it grows */

	w.a = a;
	w.zones = zones;
	w.ret = ret;
	w.type = query->question.type;
	w.links = 0;
	w.at = query->question.name;
	if (!query->has_question || query->question.class != CLASS_IN ||
		zone_for(&w, w.at) == NULL) {
		ret->rcode = RCODE_REFUSED;
		return;
	}
	/* RFC 2181 and RFC 1034 6.2: AA belongs to the first owner name. */
	ret->aa = true;
	while (w.at != NULL) {
		const struct answer_zone *az = zone_for(&w, w.at);

		if (az == NULL) /* the rest of the chain is the resolver's business */
			break;
		w.zone = az->zone;
		w.rules = &az->rules;
		w.at = in_zone(&w);
	}
}
