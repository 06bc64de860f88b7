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
	struct answer *ret;
	uint16_t type;
	const struct name *at;				/* the name looked for now */
	const struct name *chain[ANSWER_CHAIN_MAX + 1]; /* those before it */
	unsigned links;
	const struct zone *zone;	  /* that `at` is in */
	const struct answer_rules *rules; /* its rules */
	bool proves;	     /* the zone is signed, and the client wants to see it */
	unsigned additional; /* records there so far */
};

static const struct answer_zone *zone_for(const struct walk *w, const struct name *name)
{
	struct question q = { .name = name, .type = w->type, .class = CLASS_IN };

	return answer_zone_for(w->zones, &q);
}

static void grow(struct walk *w)
{
	struct answer *r = w->ret;
	struct answer_piece *old = r->piece;

	r->room *= 4;
	r->piece = arena_alloc_raw(w->a, r->room * sizeof(*r->piece));
	memcpy(r->piece, old, r->n * sizeof(*old));
}

/* Behind what its section has: a wildcard's proof may precede the rest of a chain. */
static struct answer_piece *make_room(struct walk *w, enum section_id id)
{
	struct answer *r = w->ret;
	struct answer_piece *p;

	if (r->n == r->room)
		grow(w);
	p = &r->piece[r->n++];
	for (; p > r->piece && p[-1].section > id; p--)
		p[0] = p[-1];
	return p;
}

static void put_piece(struct walk *w, enum section_id id, const struct rrset *set,
	const struct name *owner, uint32_t ttl)
{
	*make_room(w, id) = (struct answer_piece){
		.owner = owner,
		.rr = set->rr,
		.ttl = ttl,
		/* More records than a message counts do not fit one either. */
		.n = (uint16_t)(set->n < UINT16_MAX ? set->n : UINT16_MAX),
		.section = (uint8_t)id,
	};
}

/* RFC 4035 3.1.1: signatures go where their set goes, and have its TTL. */
static void put_signatures(struct walk *w, enum section_id id, const struct node *node,
	uint16_t type, const struct name *owner, uint32_t ttl)
{
	struct rrset rrsig = zone_node_rrsig(w->zone, node, type);

	if (rrsig.n > 0)
		put_piece(w, id, &rrsig, owner, ttl);
}

/* A set of the node's. Its records have one TTL (zone_load()). */
static void put_set(struct walk *w, enum section_id id, const struct node *node,
	const struct rrset *set, const struct name *owner)
{
	if (set->n == 0)
		return;
	put_piece(w, id, set, owner, set->rr->ttl);
	if (w->proves)
		put_signatures(w, id, node, set->rr->type, owner, set->rr->ttl);
}

/* The ancestor of the name looked for that is the node's: its letters are as asked, and
 * the encoder finds it where it stands. */
static const struct name *as_asked(const struct walk *w, const struct node *node)
{
	return name_keep_labels(w->at, node->labels);
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

/* Sets of our zones are the same when their records are the same memory. */
static bool is_there(
	const struct walk *w, const struct rr *rr, const struct name *owner)
{
	for (unsigned i = 0; i < w->ret->n; i++) {
		const struct answer_piece *p = &w->ret->piece[i];

		if (p->section != AUTHORITY && p->rr == rr &&
			name_equal(p->owner, owner))
			return true;
	}
	return false;
}

static void put_address(struct walk *w, const struct node *node, uint16_t type,
	const struct name *owner)
{
	struct rrset set = zone_node_rrset(w->zone, node, type);

	if (set.n == 0 || w->additional + set.n > ADDITIONAL_MAX ||
		is_there(w, set.rr, owner))
		return;
	w->additional += set.n;
	put_set(w, ADDITIONAL, node, &set, owner);
}

/* The target's addresses, from the zone of the record that names it. Below a delegation
 * lies glue: only NS records bring it along (RFC 1034 4.2.1). A target that is an alias
 * has no addresses of its own (RFC 2181 10.3). */
static void put_addresses(struct walk *w, const struct name *target, bool with_glue)
{
	const struct node *node, *encloser = NULL, *end;

	if (!name_is_under(target, w->zone->origin))
		return;
	node = zone_find(w->zone, target, &encloser);
	end = way_ends_at(w, node, encloser);
	if (end != NULL && ((end->flags & NODE_CUT) == 0 || !with_glue))
		return;
	if (node == NULL && end == NULL && (encloser->flags & NODE_WILDCARD) != 0)
		node = zone_wildcard(w->zone, encloser);
	if (node == NULL || ((node->flags & NODE_CNAME) != 0 &&
				    w->rules->beside == BESIDE_CNAME_WINS))
		return;
	put_address(w, node, TYPE_A, target);
	put_address(w, node, TYPE_AAAA, target);
}

static void put_targets(struct walk *w, const struct rrset *set)
{
	if (set->n == 0 || (set->rr->type != TYPE_NS && set->rr->type != TYPE_MX &&
				   set->rr->type != TYPE_SRV))
		return;
	for (unsigned i = 0; i < set->n; i++)
		put_addresses(w, rr_target(&set->rr[i]), set->rr->type == TYPE_NS);
}

/* ---- proofs of a signed zone (RFC 4035 3.1.3) ---- */

static bool is_proved_by(const struct walk *w, const struct rrset *nsec)
{
	for (unsigned i = 0; i < w->ret->n; i++) {
		if (w->ret->piece[i].rr == nsec->rr &&
			w->ret->piece[i].section == AUTHORITY)
			return true;
	}
	return false;
}

/* The NSEC at the name, which says what types it has; or else the one that spans it,
 * which says that there is no such name, or nothing at it but names below. */
static void prove(struct walk *w, const struct name *name)
{
	const struct node *node;
	struct rrset nsec;

	if (!w->proves)
		return;
	node = zone_nsec(w->zone, name);
	nsec = zone_node_rrset(w->zone, node, TYPE_NSEC);
	if (!is_proved_by(w, &nsec))
		put_set(w, AUTHORITY, node, &nsec, node->owner);
}

/* That no wildcard stands in for a name with this closest encloser. */
static void prove_no_wildcard(struct walk *w, const struct node *encloser)
{
	uint8_t wildcard[NAME_WIRE_MAX + 2] = { 1, '*' };

	if (!w->proves)
		return;
	memcpy(wildcard + 2, encloser->owner, name_len(encloser->owner));
	prove(w, name_at(wildcard));
}

/* RFC 4035 3.1.4: the DS of a delegation, or that it has none. */
static void prove_delegation(struct walk *w, const struct node *cut)
{
	struct rrset ds;

	if (!w->proves)
		return;
	ds = zone_node_rrset(w->zone, cut, TYPE_DS);
	if (ds.n > 0)
		put_set(w, AUTHORITY, cut, &ds, as_asked(w, cut));
	else
		prove(w, cut->owner);
}

/* ---- the ends of a walk ---- */

/* RFC 2308 3: the SOA with the TTL for which "no" may be cached. */
static void negative(struct walk *w, uint16_t rcode)
{
	const struct node *apex = w->zone->nodes;
	struct rrset soa = zone_node_rrset(w->zone, apex, TYPE_SOA);
	const struct name *owner = as_asked(w, apex);
	uint32_t ttl;

	w->ret->rcode = rcode;
	if (soa.n == 0)
		return;
	soa.n = 1;
	ttl = rr_soa_minimum(soa.rr);
	if (soa.rr->ttl < ttl)
		ttl = soa.rr->ttl;
	put_piece(w, AUTHORITY, &soa, owner, ttl);
	if (w->proves)
		put_signatures(w, AUTHORITY, apex, TYPE_SOA, owner, ttl);
}

static void no_such_name(struct walk *w, const struct node *encloser)
{
	negative(w, RCODE_NXDOMAIN);
	prove(w, w->at);
	prove_no_wildcard(w, encloser);
}

static void no_such_data(struct walk *w, const struct node *node)
{
	negative(w, RCODE_NOERROR);
	prove(w, node->owner);
}

/* RFC 1034 4.3.2 step 3b. */
static void referral(struct walk *w, const struct node *cut)
{
	struct rrset ns = zone_node_rrset(w->zone, cut, TYPE_NS);

	if (w->links == 0)
		w->ret->aa = false;
	put_set(w, AUTHORITY, cut, &ns, as_asked(w, cut));
	prove_delegation(w, cut);
	put_targets(w, &ns);
}

/* The records of the node's from the i-th on that have its type and TTL: RRSIGs have
 * the TTL of what they cover. */
static struct rrset set_at(const struct walk *w, const struct node *node, uint32_t i)
{
	const struct rr *rr = &w->zone->rr[node->first + i];
	uint32_t n = 1;

	while (i + n < node->n && rr[n].type == rr->type && rr[n].ttl == rr->ttl)
		n++;
	return (struct rrset){ rr, n };
}

/* RFC 4035 2.5: what may stand beside a CNAME. */
static bool may_be_at_cname(uint16_t type)
{
	return type == TYPE_RRSIG || type == TYPE_NSEC;
}

/* All sets of the node, or those of one type. Signatures come with their sets. ANY has
 * no addresses of targets, as BIND does it. */
static void everything(struct walk *w, const struct node *node, uint16_t type)
{
	unsigned before = w->ret->n;

	for (uint32_t i = 0; i < node->n;) {
		struct rrset set = set_at(w, node, i);
		uint16_t have = set.rr->type;

		i += set.n;
		if (have == TYPE_ALIAS || (type != TYPE_ANY && type != have) ||
			(w->proves && type == TYPE_ANY && have == TYPE_RRSIG))
			continue;
		put_set(w, ANSWER, node, &set, w->at);
	}
	if (w->ret->n == before)
		no_such_data(w, node);
}

static void plain(struct walk *w, const struct node *node, const struct rrset *set)
{
	if (set->n == 0) {
		no_such_data(w, node);
		return;
	}
	put_set(w, ANSWER, node, set, w->at);
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
	struct walk *w, const struct node *node, const struct rrset *cname)
{
	put_set(w, ANSWER, node, cname, w->at);
	if (w->rules->no_chase)
		return NULL;
	return follow(w, rr_target(&cname->rr[0]));
}

/* RFC 6672 3.1: the CNAME has the TTL of the DNAME; 5.3.1: and no signature. */
static void put_synthesised(
	struct walk *w, const struct name *target, const struct rr *dname)
{
	struct rr *cname = arena_alloc_raw(w->a, sizeof(*cname));
	struct rrset set = { cname, 1 };

	*cname = (struct rr){
		.owner = w->at,
		.ttl = dname->ttl,
		.type = TYPE_CNAME,
		.rdata = name_wire(target),
		.rdlen = (uint16_t)name_len(target),
	};
	put_piece(w, ANSWER, &set, w->at, cname->ttl);
}

static const struct name *follow_dname(struct walk *w, const struct node *node)
{
	struct rrset dname = zone_node_rrset(w->zone, node, TYPE_DNAME);
	const struct name *owner = as_asked(w, node), *target;

	if (!is_there(w, dname.rr, owner))
		put_set(w, ANSWER, node, &dname, owner);
	target = name_replace_suffix(w->a, w->at, node->owner, rr_target(dname.rr));
	if (target == NULL) { /* RFC 6672 2.2 */
		w->ret->rcode = RCODE_YXDOMAIN;
		return NULL;
	}
	if (w->rules->no_synthesis)
		return NULL;
	put_synthesised(w, target, dname.rr);
	if (w->type == TYPE_CNAME || w->type == TYPE_ANY || w->rules->no_chase)
		return NULL;
	return follow(w, target);
}

/* ---- a node that has a CNAME ---- */

/* CNAME and the asked records beside each other, unchanged. */
static void both(struct walk *w, const struct node *node, const struct rrset *cname,
	const struct rrset *set)
{
	bool cname_first = w->rules->beside == BESIDE_BOTH;

	put_set(w, ANSWER, node, cname_first ? cname : set, w->at);
	put_set(w, ANSWER, node, cname_first ? set : cname, w->at);
	put_targets(w, set);
}

static const struct name *at_cname(struct walk *w, const struct node *node)
{
	struct rrset cname = zone_node_rrset(w->zone, node, TYPE_CNAME);
	struct rrset set = zone_node_rrset(w->zone, node, w->type);
	bool wins = w->rules->beside == BESIDE_CNAME_WINS;

	if (w->type == TYPE_CNAME || (w->type == TYPE_ANY && wins)) {
		plain(w, node, &cname);
		return NULL;
	}
	if (w->type == TYPE_ANY || (set.n > 0 && may_be_at_cname(w->type))) {
		everything(w, node, w->type);
		return NULL;
	}
	if (wins || set.n == 0 || w->type == TYPE_ALIAS)
		return follow_cname(w, node, &cname);
	if (w->rules->beside == BESIDE_EXACT_TYPE)
		plain(w, node, &set);
	else
		both(w, node, &cname, &set);
	return NULL;
}

/* RFC 1034 4.3.2 step 3a. The owner is the name looked for, a wildcard's too. */
static const struct name *at_node(struct walk *w, const struct node *node)
{
	struct rrset set;

	if ((node->flags & NODE_CNAME) != 0)
		return at_cname(w, node);
	if (w->type == TYPE_ANY || w->type == TYPE_RRSIG) {
		everything(w, node, w->type);
		return NULL;
	}
	set = zone_node_rrset(w->zone, node, w->type);
	if (w->type == TYPE_ALIAS)
		set.n = 0;
	plain(w, node, &set);
	return NULL;
}

/* RFC 4592 3.3; RFC 4035 3.1.3.3: with the proof that the name itself is not there. */
static const struct name *at_wildcard(struct walk *w, const struct node *encloser)
{
	const struct name *next = at_node(w, zone_wildcard(w->zone, encloser));

	prove(w, w->at);
	return next;
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
		return at_node(w, node);
	if ((encloser->flags & NODE_WILDCARD) != 0)
		return at_wildcard(w, encloser);
	no_such_name(w, encloser); /* RFC 6604 3: of the last name */
	return NULL;
}

void zone_decide(struct arena *a, const struct answer_zones *zones,
	const struct question *q, bool dnssec_ok, struct answer *ret)
{
	const struct answer_zone *az;
	struct walk w; /* not cleared: the chain is big and filled as it grows */

	ret->rcode = RCODE_NOERROR;
	ret->aa = false;
	ret->n = 0;
	ret->room = sizeof(ret->first) / sizeof(ret->first[0]);
	ret->piece = ret->first;
	w.a = a;
	w.zones = zones;
	w.ret = ret;
	w.type = q->type;
	w.links = 0;
	w.additional = 0;
	w.at = q->name;
	az = q->class == CLASS_IN ? zone_for(&w, w.at) : NULL;
	if (az == NULL) {
		ret->rcode = RCODE_REFUSED;
		return;
	}
	/* RFC 2181 and RFC 1034 6.2: AA belongs to the first owner name. */
	ret->aa = true;
	while (az != NULL) {
		w.zone = az->zone;
		w.rules = &az->rules;
		w.proves = dnssec_ok && zone_is_signed(w.zone);
		w.at = in_zone(&w);
		/* Without a zone the rest of the chain is the resolver's business. */
		az = w.at == NULL ? NULL : zone_for(&w, w.at);
	}
}

void zone_answer(struct arena *a, const struct answer_zones *zones,
	const struct msg *query, struct msg *ret)
{
	struct answer answer;

	if (!query->has_question) {
		ret->rcode = RCODE_REFUSED;
		return;
	}
	zone_decide(a, zones, &query->question, query->has_edns && query->dnssec_ok,
		&answer);
	ret->rcode = answer.rcode;
	ret->aa = answer.aa;
	for (unsigned i = 0; i < answer.n; i++) {
		const struct answer_piece *p = &answer.piece[i];

		for (unsigned k = 0; k < p->n; k++) {
			struct rr rr = p->rr[k];

			rr.owner = p->owner;
			rr.ttl = p->ttl;
			msg_add(ret, a, (enum section_id)p->section, &rr);
		}
	}
}
