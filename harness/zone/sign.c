#include "zone/sign.h"

#include "base/arena.h"
#include "zone/store.h"

struct signer {
	struct arena *tmp;
	struct zone_build *build;
	const struct zone *z; /* with DNSKEY and DS, without signatures */
	const struct dnssec_key *key;
	struct dnssec_period period;
	uint32_t *order; /* nodes that get an NSEC, in canonical order */
	uint32_t n;
};

/* ---- the zone before it is signed ---- */

static void copy_unsigned(struct zone_build *to, const struct zone *z)
{
	for (uint32_t i = 0; i < z->n_rr; i++) {
		uint32_t at = z->by_file == NULL ? i : z->by_file[i];
		const struct rr *rr = &z->rr[at];

		if (rr->type != TYPE_RRSIG && rr->type != TYPE_NSEC)
			zone_build_add(to, rr, zone_place(z, at));
	}
}

/* A DS has the TTL of the NS beside it: the two are one delegation. */
static void add_ds(struct zone_build *to, const struct zone *z, const struct rr *given)
{
	struct rrset ns = zone_rrset(z, given->owner, TYPE_NS);
	struct rr ds = *given;

	if (ns.n == 0 || name_equal(ds.owner, z->origin) ||
		zone_rrset(z, ds.owner, TYPE_DS).n > 0)
		return;
	ds.ttl = ns.rr->ttl;
	zone_build_add(to, &ds, (struct place){ 0 });
}

static struct zone *with_keys(struct arena *tmp, const struct zone *z,
	const struct dnssec_key *key, const struct rr *ds, size_t n)
{
	struct zone_build *b = zone_build_new(tmp, z->origin, z->n_rr * 64u);
	struct rr dnskey;
	struct zone *ret;

	copy_unsigned(b, z);
	dnssec_dnskey(
		tmp, key, zone_node_rrset(z, z->nodes, TYPE_SOA).rr->ttl, &dnskey);
	zone_build_add(b, &dnskey, (struct place){ 0 });
	for (size_t i = 0; i < n; i++)
		add_ds(b, z, &ds[i]);
	ret = zone_build_finish(b);
	zone_build_free(b);
	return ret;
}

/* ---- signatures ---- */

/* What the parent's side of a delegation is the authority for (RFC 4035 2.2). */
static bool is_authoritative(const struct node *node, uint16_t type)
{
	return (node->flags & NODE_CUT) == 0 || type == TYPE_DS;
}

static void sign_set(struct signer *s, const struct rr *set, unsigned n)
{
	struct rr rrsig;

	dnssec_sign(s->tmp, s->key, s->period, set, n, &rrsig);
	zone_build_add(s->build, &rrsig, (struct place){ 0 });
}

/* Signs the node's sets and adds their types to the bitmap. */
static unsigned sign_node(struct signer *s, const struct node *node, uint16_t *types)
{
	unsigned n_types = 0;

	for (uint32_t i = 0; i < node->n;) {
		const struct rr *first = &s->z->rr[node->first + i];
		struct rrset set = zone_node_rrset(s->z, node, first->type);
		bool ours = is_authoritative(node, first->type);

		i += set.n;
		if (first->type == TYPE_ALIAS)
			continue;
		if (ours)
			sign_set(s, set.rr, set.n);
		if (ours || first->type == TYPE_NS)
			types[n_types++] = first->type;
	}
	return n_types;
}

/* ---- the NSEC chain ---- */

/* Names that others only lie below have none (RFC 4035 2.3). */
static bool has_nsec(const struct node *node)
{
	return node->n > 0 && (node->flags & NODE_OCCLUDED) == 0;
}
static void find_order(struct signer *s)
{
	s->order = arena_alloc_raw(s->tmp, s->z->n_nodes * sizeof(*s->order));
	for (uint32_t i = 0; i < s->z->n_nodes; i++) {
		if (has_nsec(&s->z->nodes[i]))
			s->order[s->n++] = i;
	}
	zone_sort_names(s->z, s->order, s->n);
}

/* RFC 9077 3: the lower of the SOA's TTL and its minimum. */
static uint32_t negative_ttl(const struct zone *z)
{
	const struct rr *soa = zone_node_rrset(z, z->nodes, TYPE_SOA).rr;
	uint32_t minimum = rr_soa_minimum(soa);

	return minimum < soa->ttl ? minimum : soa->ttl;
}

static void insert_type(uint16_t *types, unsigned *n, uint16_t type)
{
	unsigned i = (*n)++;

	for (; i > 0 && types[i - 1] > type; i--)
		types[i] = types[i - 1];
	types[i] = type;
}

static void sign_and_chain(struct signer *s, uint32_t i)
{
	const struct node *node = &s->z->nodes[s->order[i]];
	const struct node *next = &s->z->nodes[s->order[(i + 1) % s->n]];
	uint16_t *types = arena_array(s->tmp, node->n + 2u, sizeof(*types));
	unsigned n = sign_node(s, node, types);
	struct rr nsec;

	insert_type(types, &n, TYPE_RRSIG);
	insert_type(types, &n, TYPE_NSEC);
	dnssec_nsec(
		s->tmp, node->owner, next->owner, types, n, negative_ttl(s->z), &nsec);
	zone_build_add(s->build, &nsec, (struct place){ 0 });
	sign_set(s, &nsec, 1);
}

struct zone *zone_sign(struct arena *a, const struct zone *z, struct dnssec_period p,
	const struct rr *ds, size_t n)
{
	struct arena *tmp = arena_new();
	struct signer s = {
		.tmp = tmp,
		.build = zone_build_new(a, z->origin, z->n_rr * 256u),
		.key = dnssec_key_new(tmp, z->origin),
		.period = p,
	};
	struct zone *ret;

	s.z = with_keys(tmp, z, s.key, ds, n);
	copy_unsigned(s.build, s.z);
	find_order(&s);
	for (uint32_t i = 0; i < s.n; i++)
		sign_and_chain(&s, i);
	ret = zone_build_finish(s.build);
	zone_build_free(s.build);
	arena_free(tmp);
	return ret;
}
