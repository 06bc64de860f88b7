#include "zone/answer.h"

#include "base/arena.h"
#include "zone/store.h"

/* Up to here comparing with each origin is as fast as hashing the name and its
 * ancestors. */
#define LINEAR_MAX 8

struct answer_slot {
	uint32_t hash;
	uint32_t zone; /* index + 1; 0 is free */
};

struct answer_index {
	uint32_t mask;
	unsigned max_labels; /* of any origin: no longer name can be one */
	struct answer_slot slots[];
};

/* The slot of the origin, or the free one where it belongs. */
static const struct answer_slot *slot_of(
	const struct answer_zones *zones, const struct name *origin, uint32_t hash)
{
	const struct answer_index *x = zones->index;

	for (uint32_t at = hash & x->mask;; at = (at + 1) & x->mask) {
		const struct answer_slot *slot = &x->slots[at];

		if (slot->zone == 0)
			return slot;
		if (slot->hash == hash &&
			name_equal(zones->zones[slot->zone - 1].zone->origin, origin))
			return slot;
	}
}

void answer_zones_index(struct arena *a, struct answer_zones *zones)
{
	struct answer_index *x;
	size_t room = 4 * LINEAR_MAX;

	zones->index = NULL;
	if (zones->n <= LINEAR_MAX)
		return;
	while (room < 2 * zones->n)
		room *= 2;
	x = arena_alloc(a, sizeof(*x) + room * sizeof(x->slots[0]));
	x->mask = (uint32_t)room - 1;
	zones->index = x;
	for (size_t i = 0; i < zones->n; i++) {
		const struct name *origin = zones->zones[i].zone->origin;
		uint32_t hash = name_hash(origin);
		size_t at = (size_t)(slot_of(zones, origin, hash) - x->slots);

		/* Of two zones of one name the first answers. */
		if (x->slots[at].zone == 0)
			x->slots[at] = (struct answer_slot){ hash, (uint32_t)i + 1 };
		if (name_labels(origin) > x->max_labels)
			x->max_labels = name_labels(origin);
	}
}

static const struct answer_zone *closest_hashed(
	const struct answer_zones *zones, const struct name *name)
{
	for (unsigned labels = name_labels(name);; labels--) {
		if (labels <= zones->index->max_labels) {
			const struct answer_slot *slot =
				slot_of(zones, name, name_hash(name));

			if (slot->zone != 0)
				return &zones->zones[slot->zone - 1];
		}
		if (labels == 0)
			return NULL;
		name = name_parent(name);
	}
}

/* The name, its length given, ends in the origin, which is no longer. */
static bool ends_in(const struct name *name, size_t len, const struct zone *z)
{
	for (; len > z->origin_len; name = name_parent(name))
		len -= 1u + name->label_len;
	return len == z->origin_len && name_equal(name, z->origin);
}

/* The zone with the longest origin at or above the name. */
static const struct answer_zone *closest(
	const struct answer_zones *zones, const struct name *name)
{
	const struct answer_zone *best = NULL;
	size_t longest = 0, len;

	if (zones->index != NULL)
		return closest_hashed(zones, name);
	len = name_len(name);
	for (size_t i = 0; i < zones->n; i++) {
		const struct zone *z = zones->zones[i].zone;

		if (z->origin_len > longest && z->origin_len <= len &&
			ends_in(name, len, z)) {
			best = &zones->zones[i];
			longest = z->origin_len;
		}
	}
	return best;
}

const struct answer_zone *answer_zone_for(
	const struct answer_zones *zones, const struct question *q)
{
	const struct answer_zone *best = closest(zones, q->name), *above = NULL;

	if (q->type == TYPE_DS && best != NULL && !name_is_root(q->name) &&
		name_equal(best->zone->origin, q->name))
		above = closest(zones, name_parent(q->name));
	return above != NULL ? above : best;
}
