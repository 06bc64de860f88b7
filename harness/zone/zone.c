#include "zone/zone.h"

#include "base/arena.h"
#include "zone/answer.h"
#include "zone/store.h"

static uint32_t index_in(const struct zone *z, uint32_t slot)
{
	return (slot & z->index_mask) - 1;
}

/* The hash of a name does not rule out that the slot is its own. */
static bool may_be(const struct zone *z, uint32_t slot, uint32_t hash)
{
	return ((slot ^ hash) & ~z->index_mask) == 0;
}

static const struct node *find_hashed(
	const struct zone *z, const struct name *name, uint32_t hash)
{
	for (uint32_t at = hash & z->mask;; at = (at + 1) & z->mask) {
		uint32_t slot = z->slots[at];

		if (slot == 0)
			return NULL;
		if (may_be(z, slot, hash) &&
			name_equal(z->nodes[index_in(z, slot)].owner, name))
			return &z->nodes[index_in(z, slot)];
	}
}

const struct node *zone_find(
	const struct zone *z, const struct name *name, const struct node **ret_encloser)
{
	const struct node *node = NULL;
	unsigned labels = name_labels(name);

	if (labels <= z->max_labels)
		node = find_hashed(z, name, name_hash(name));
	if (node != NULL || ret_encloser == NULL)
		return node;
	/* The apex is always there, so the walk ends. */
	*ret_encloser = NULL;
	while (*ret_encloser == NULL) {
		name = name_parent(name);
		if (--labels <= z->max_labels)
			*ret_encloser = find_hashed(z, name, name_hash(name));
	}
	return NULL;
}

/* A zone of fewer names is near anyway. */
#define PREFETCH_NODES 8192

/* The node that the name's hash leads to, or the apex, which is near anyway: where
 * there is no such name, or it is further away than it seldom is. */
static const struct node *node_near(const struct zone *z, uint32_t hash)
{
	uint32_t at = hash & z->mask;

	for (int i = 0; i < 4 && z->slots[at] != 0; i++, at = (at + 1) & z->mask) {
		if (may_be(z, z->slots[at], hash))
			return &z->nodes[index_in(z, z->slots[at])];
	}
	return &z->nodes[0];
}

void zone_prefetch(const struct zone *z, const struct query *q, unsigned n)
{
	const struct node *node[ZONE_PREFETCH_MAX];
	uint32_t hash[ZONE_PREFETCH_MAX];

	if (z->n_nodes < PREFETCH_NODES)
		return;
	if (n > ZONE_PREFETCH_MAX)
		n = ZONE_PREFETCH_MAX;
	for (unsigned i = 0; i < n; i++) {
		hash[i] = name_hash(q[i].question.name);
		__builtin_prefetch(&z->slots[hash[i] & z->mask]);
	}
	for (unsigned i = 0; i < n; i++) {
		node[i] = node_near(z, hash[i]);
		__builtin_prefetch(node[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		__builtin_prefetch(node[i]->owner);
		__builtin_prefetch(&z->rr[node[i]->first]);
	}
	for (unsigned i = 0; i < n; i++) {
		if (node[i]->n > 0)
			__builtin_prefetch(z->rr[node[i]->first].rdata);
	}
}

const struct node *zone_wildcard(const struct zone *z, const struct node *encloser)
{
	uint8_t wire[NAME_WIRE_MAX + 2] = { 1, '*' };
	size_t len = name_len(encloser->owner);

	memcpy(wire + 2, encloser->owner, len);
	return find_hashed(z, name_at(wire), name_hash(name_at(wire)));
}

/* The first of the node's records whose type is not below the given one. */
static uint32_t lower_bound(
	const struct zone *z, const struct node *node, uint32_t type)
{
	uint32_t from = node->first, to = node->first + node->n;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (z->rr[middle].type < type)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct rrset zone_node_rrset(
	const struct zone *z, const struct node *node, uint16_t type)
{
	uint32_t first = lower_bound(z, node, type);
	uint32_t end = node->first + node->n;

	if (first == end || z->rr[first].type != type)
		return (struct rrset){ NULL, 0 };
	if (first + 1 < end && z->rr[first + 1].type == type)
		end = lower_bound(z, node, type + 1u);
	else
		end = first + 1;
	return (struct rrset){ &z->rr[first], end - first };
}

const struct name *zone_origin(const struct zone *z)
{
	return z->origin;
}

size_t zone_records(const struct zone *z)
{
	return z->n_rr;
}

struct rrset zone_rrset(const struct zone *z, const struct name *owner, uint16_t type)
{
	const struct node *node = NULL;

	if (name_is_under(owner, z->origin))
		node = zone_find(z, owner, NULL);
	if (node == NULL)
		return (struct rrset){ NULL, 0 };
	return zone_node_rrset(z, node, type);
}

void zone_each(
	const struct zone *z, void (*fn)(void *ctx, const struct rr *rr), void *ctx)
{
	for (uint32_t i = 0; i < z->n_rr; i++)
		fn(ctx, &z->rr[z->by_file == NULL ? i : z->by_file[i]]);
}

bool zone_walk_next(struct zone_walk *w, struct rr *ret)
{
	const struct zone *z = w->zone;

	if (w->next >= z->n_rr)
		return false;
	*ret = z->rr[z->by_file == NULL ? w->next : z->by_file[w->next]];
	w->next++;
	return true;
}

struct place zone_place(const struct zone *z, uint32_t index)
{
	const struct origin_text *t =
		&z->texts[z->text_of == NULL ? 0 : z->text_of[index]];

	return (struct place){
		.file = t->file,
		.line = (int)z->lines[index],
		.col = t->col,
	};
}

size_t zone_conflicts(const struct zone *z, const struct zone_conflict **ret)
{
	*ret = z->conflicts;
	return z->n_conflicts;
}

struct zone *zone_from_records(
	struct arena *a, const struct name *origin, const struct rr *rr, size_t n)
{
	struct zone_build *b = zone_build_new(a, origin, n * 64);
	struct zone *z;

	for (size_t i = 0; i < n; i++) {
		if (name_is_under(rr[i].owner, origin))
			zone_build_add(b, &rr[i], (struct place){ 0 });
	}
	z = zone_build_finish(b);
	zone_build_free(b);
	return z;
}
