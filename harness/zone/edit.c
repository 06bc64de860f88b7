#include "zone/edit.h"

#include <string.h>

#include "base/arena.h"
#include "zone/store.h"

#define SLOTS_FIRST 16
/* About what a record takes as text. */
#define RECORD_OCTETS 64
/* edit_record.was of those that are not in the zone; sorts behind all others. */
#define NEW_RECORD UINT32_MAX

struct zone_edit {
	struct arena *arena;
	const struct zone *z;
	struct edit_node **slots; /* by hash of the owner */
	uint32_t mask, n_nodes;
	struct edit_node *nodes, **last; /* all of them, in order */
	uint32_t change;		 /* counts zone_edit_begin() */
	size_t n_records;
};

struct zone_edit *zone_edit_new(struct arena *a, const struct zone *z)
{
	struct zone_edit *e = arena_alloc(a, sizeof(*e));

	e->arena = a;
	e->z = z;
	e->mask = SLOTS_FIRST - 1;
	e->slots = arena_array(a, SLOTS_FIRST, sizeof(*e->slots));
	e->change = 1;
	e->last = &e->nodes;
	e->n_records = zone_records(z);
	return e;
}

const struct name *zone_edit_origin(const struct zone_edit *e)
{
	return e->z->origin;
}

size_t zone_edit_records(const struct zone_edit *e)
{
	return e->n_records;
}

/* ---- nodes ---- */

static struct edit_node **slot_of(const struct zone_edit *e, const struct name *owner)
{
	uint32_t at = name_hash(owner) & e->mask;

	while (e->slots[at] != NULL && !name_equal(e->slots[at]->owner, owner))
		at = (at + 1) & e->mask;
	return &e->slots[at];
}

static void grow_slots(struct zone_edit *e)
{
	e->mask = e->mask * 2 + 1;
	e->slots = arena_array(e->arena, (size_t)e->mask + 1, sizeof(*e->slots));
	for (struct edit_node *n = e->nodes; n != NULL; n = n->next)
		*slot_of(e, n->owner) = n;
}

static void copy_records(struct zone_edit *e, struct edit_node *to)
{
	const struct node *from = zone_find(e->z, to->owner, NULL);

	if (from == NULL || from->n == 0)
		return;
	to->owner = from->owner;
	to->list = arena_array(e->arena, from->n, sizeof(*to->list));
	to->n = to->room = from->n;
	for (uint32_t i = 0; i < from->n; i++)
		to->list[i] = (struct edit_record){
			.rr = e->z->rr[from->first + i],
			.at = zone_place(e->z, from->first + i),
			.was = from->first + i,
		};
}

static struct edit_node *find(struct zone_edit *e, const struct name *owner)
{
	struct edit_node **slot = slot_of(e, owner), *node;

	if (*slot != NULL)
		return *slot;
	node = arena_alloc(e->arena, sizeof(*node));
	node->owner = owner;
	copy_records(e, node);
	*e->last = node;
	e->last = &node->next;
	*slot = node;
	if (++e->n_nodes * 2 > e->mask)
		grow_slots(e);
	return node;
}

const struct edit_node *zone_edit_look(struct zone_edit *e, const struct name *owner)
{
	return find(e, owner);
}

struct edit_node *zone_edit_node(struct zone_edit *e, const struct name *owner)
{
	struct edit_node *node = find(e, owner);

	if (node->change != e->change) {
		node->change = e->change;
		node->n_before = node->n;
		node->before = node->n == 0 ? NULL
					    : arena_memdup(e->arena, node->list,
						      node->n * sizeof(*node->list));
	}
	node->touched = true;
	return node;
}

/* ---- changes ---- */

void zone_edit_add(struct zone_edit *e, struct edit_node *node, const struct rr *rr,
	struct place at)
{
	if (node->n == node->room) {
		uint32_t room = node->room == 0 ? 4 : node->room * 2;
		struct edit_record *list = arena_array(e->arena, room, sizeof(*list));

		if (node->n > 0)
			memcpy(list, node->list, node->n * sizeof(*list));
		node->list = list;
		node->room = room;
	}
	node->list[node->n++] = (struct edit_record){ *rr, at, NEW_RECORD };
	e->n_records++;
}

void zone_edit_remove(struct zone_edit *e, struct edit_node *node, uint32_t index)
{
	struct edit_record *r = &node->list[index];

	memmove(r, r + 1, (--node->n - index) * sizeof(*r));
	e->n_records--;
}

void zone_edit_next_serial(struct zone_edit *e)
{
	struct edit_node *apex = zone_edit_node(e, e->z->origin);

	for (uint32_t i = 0; i < apex->n; i++) {
		struct rr *soa = &apex->list[i].rr;
		uint32_t serial;
		uint8_t *rdata, *p;

		if (soa->type != TYPE_SOA)
			continue;
		serial = rr_soa_serial(soa) + 1;
		rdata = arena_memdup(e->arena, soa->rdata, soa->rdlen);
		p = rdata + soa->rdlen - 20;
		p[0] = (uint8_t)(serial >> 24);
		p[1] = (uint8_t)(serial >> 16);
		p[2] = (uint8_t)(serial >> 8);
		p[3] = (uint8_t)serial;
		soa->rdata = rdata;
	}
}

void zone_edit_begin(struct zone_edit *e)
{
	e->change++;
}

static bool is_among(const struct rr *rr, const struct edit_record *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (list[i].rr.ttl == rr->ttl && rr_equal_data(&list[i].rr, rr))
			return true;
	}
	return false;
}

/* A node has no record twice, so that one direction is enough. */
static bool node_differs(const struct edit_node *node)
{
	if (node->n != node->n_before)
		return true;
	for (uint32_t i = 0; i < node->n; i++) {
		if (!is_among(&node->list[i].rr, node->before, node->n_before))
			return true;
	}
	return false;
}

bool zone_edit_differs(const struct zone_edit *e)
{
	for (const struct edit_node *n = e->nodes; n != NULL; n = n->next) {
		if (n->change == e->change && node_differs(n))
			return true;
	}
	return false;
}

void zone_edit_undo(struct zone_edit *e)
{
	for (struct edit_node *n = e->nodes; n != NULL; n = n->next) {
		if (n->change != e->change)
			continue;
		e->n_records += n->n_before;
		e->n_records -= n->n;
		n->n = n->n_before;
		if (n->n > 0)
			memcpy(n->list, n->before, n->n * sizeof(*n->list));
	}
}

/* ---- the new zone ---- */

static const struct edit_node *touched_node(
	const struct zone_edit *e, const struct name *owner)
{
	const struct edit_node *node = *slot_of(e, owner);

	return node != NULL && node->touched ? node : NULL;
}

/* The record as it is now, or NULL when it is gone. Those of the zone come first in a
 * node's list, in the zone's order. */
static const struct edit_record *now_of(const struct edit_node *node, uint32_t was)
{
	uint32_t from = 0, to = node->n;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (node->list[middle].was < was)
			from = middle + 1;
		else
			to = middle;
	}
	return from < node->n && node->list[from].was == was ? &node->list[from] : NULL;
}

static void add_old(struct zone_build *b, const struct zone_edit *e)
{
	const struct zone *z = e->z;
	const struct edit_node *node = NULL;
	const struct name *owner = NULL;

	for (uint32_t i = 0; i < z->n_rr; i++) {
		uint32_t at = z->by_file == NULL ? i : z->by_file[i];
		struct edit_record same = { .rr = z->rr[at] };
		const struct edit_record *r = &same;

		if (owner != z->rr[at].owner) {
			owner = z->rr[at].owner;
			node = touched_node(e, owner);
		}
		if (node == NULL)
			same.at = zone_place(z, at);
		else
			r = now_of(node, at);
		if (r != NULL)
			zone_build_add(b, &r->rr, r->at);
	}
}

static void add_new(struct zone_build *b, const struct zone_edit *e)
{
	for (const struct edit_node *n = e->nodes; n != NULL; n = n->next) {
		for (uint32_t i = 0; i < n->n; i++) {
			if (n->list[i].was == NEW_RECORD)
				zone_build_add(b, &n->list[i].rr, n->list[i].at);
		}
	}
}

struct zone *zone_edit_finish(struct arena *a, const struct zone_edit *e)
{
	struct zone_build *b =
		zone_build_new(a, e->z->origin, e->n_records * RECORD_OCTETS);
	struct zone *changed;

	add_old(b, e);
	add_new(b, e);
	changed = zone_build_finish(b);
	zone_build_free(b);
	return changed;
}
