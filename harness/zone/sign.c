#include "zone/sign.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
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
	const struct dnssec_key *key, const struct ds_list *ds)
{
	struct zone_build *b = zone_build_new(tmp, z->origin, z->n_rr * 64u);
	struct rr dnskey;
	struct zone *ret;

	copy_unsigned(b, z);
	dnssec_dnskey(
		tmp, key, zone_node_rrset(z, z->nodes, TYPE_SOA).rr->ttl, &dnskey);
	zone_build_add(b, &dnskey, (struct place){ 0 });
	for (size_t i = 0; ds != NULL && i < ds->n; i++)
		add_ds(b, z, &ds->rr[i]);
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
	const struct ds_list *ds)
{
	struct arena *tmp = arena_new();
	struct signer s = {
		.tmp = tmp,
		.build = zone_build_new(a, z->origin, z->n_rr * 256u),
		.key = dnssec_key_new(tmp, z->origin),
		.period = p,
	};
	struct zone *ret;

	s.z = with_keys(tmp, z, s.key, ds);
	copy_unsigned(s.build, s.z);
	find_order(&s);
	for (uint32_t i = 0; i < s.n; i++)
		sign_and_chain(&s, i);
	ret = zone_build_finish(s.build);
	zone_build_free(s.build);
	arena_free(tmp);
	return ret;
}

/* ---- what others need to know of a signed zone ---- */

static struct rrset keys_of(const struct zone *z)
{
	if (!zone_is_signed(z))
		return (struct rrset){ NULL, 0 };
	return zone_node_rrset(z, z->nodes, TYPE_DNSKEY);
}

static bool has_entry_point(const struct rrset *keys)
{
	for (unsigned i = 0; i < keys->n; i++) {
		if (dnskey_is_entry_point(&keys->rr[i]))
			return true;
	}
	return false;
}

static void append(struct arena *a, struct ds_list *list, const struct rr *ds)
{
	if (list->n == list->room) {
		struct rr *old = list->rr;

		list->room = list->n == 0 ? 8 : list->n * 2;
		list->rr = arena_array(a, list->room, sizeof(*list->rr));
		if (list->n > 0)
			memcpy(list->rr, old, list->n * sizeof(*old));
	}
	list->rr[list->n++] = *ds;
}

void zone_add_ds(struct arena *a, const struct zone *z, struct ds_list *list)
{
	struct rrset keys = keys_of(z);
	bool by_flag = has_entry_point(&keys);
	struct rr ds;

	for (unsigned i = 0; i < keys.n; i++) {
		if ((!by_flag || dnskey_is_entry_point(&keys.rr[i])) &&
			dnssec_ds(a, &keys.rr[i], &ds))
			append(a, list, &ds);
	}
}

bool zone_is_signed_by_others(const struct zone *z)
{
	struct rrset keys = zone_node_rrset(z, z->nodes, TYPE_DNSKEY);
	bool is_ours = keys.n == 0;
	struct arena *tmp;
	struct rr ours;

	if (zone_node_rrset(z, z->nodes, TYPE_RRSIG).n == 0)
		return false;
	tmp = arena_new();
	dnssec_dnskey(tmp, dnssec_key_new(tmp, z->origin), 0, &ours);
	for (unsigned i = 0; i < keys.n && !is_ours; i++)
		is_ours = rr_equal_data(&keys.rr[i], &ours);
	arena_free(tmp);
	return !is_ours;
}

static bool has_ds_in(
	const struct name *origin, const struct zone *const *zones, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (zone_is_signed(zones[i]) && !name_equal(zones[i]->origin, origin) &&
			zone_rrset(zones[i], origin, TYPE_DS).n > 0)
			return true;
	}
	return false;
}

static void put_anchor(struct str *s, const struct rr *rr)
{
	char text[NAME_TEXT_MAX];

	str_puts(s, name_to_text(rr->owner, text));
	str_puts(s, name_is_root(rr->owner) ? "" : ".");
	str_printf(s, " %u IN %s ", rr->ttl, rrtype_to_text(rr->type, text));
	rr_put_rdata(s, rr);
	str_putc(s, '\n');
}

/* A zone can be on two servers. */
static bool is_repeated(const struct zone *const *zones, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (name_equal(zones[k]->origin, zones[i]->origin))
			return true;
	}
	return false;
}

void zone_put_anchors(struct str *s, const struct zone *const *zones, size_t n)
{
	struct arena *tmp = arena_new();

	for (size_t i = 0; i < n; i++) {
		struct rrset keys = keys_of(zones[i]);
		struct ds_list ds = { .n = 0 };

		if (keys.n == 0 || has_ds_in(zones[i]->origin, zones, n) ||
			is_repeated(zones, i))
			continue;
		for (unsigned k = 0; k < keys.n; k++)
			put_anchor(s, &keys.rr[k]);
		zone_add_ds(tmp, zones[i], &ds);
		for (size_t k = 0; k < ds.n; k++)
			put_anchor(s, &ds.rr[k]);
	}
	arena_free(tmp);
}
