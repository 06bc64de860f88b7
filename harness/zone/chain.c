#include "zone/store.h"

#include <stdlib.h>

#include "base/arena.h"
#include "dns/dnssec.h"

bool zone_is_signed(const struct zone *z)
{
	return z->n_nsec > 0;
}

static int by_owner(const void *x, const void *y, void *ctx)
{
	const struct node *nodes = ctx;

	return name_compare(
		nodes[*(const uint32_t *)x].owner, nodes[*(const uint32_t *)y].owner);
}

void zone_sort_names(const struct zone *z, uint32_t *nodes, uint32_t n)
{
	qsort_r(nodes, n, sizeof(*nodes), by_owner, z->nodes);
}

void zone_find_chain(struct arena *a, struct zone *z)
{
	if (zone_node_rrset(z, z->nodes, TYPE_NSEC).n == 0 ||
		zone_node_rrsig(z, z->nodes, TYPE_SOA).n == 0)
		return;
	z->nsec = arena_alloc_raw(a, z->n_nodes * sizeof(*z->nsec));
	for (uint32_t i = 0; i < z->n_nodes; i++) {
		const struct node *node = &z->nodes[i];

		if ((node->flags & NODE_OCCLUDED) == 0 &&
			zone_node_rrset(z, node, TYPE_NSEC).n > 0)
			z->nsec[z->n_nsec++] = i;
	}
	zone_sort_names(z, z->nsec, z->n_nsec);
}

struct rrset zone_node_rrsig(
	const struct zone *z, const struct node *node, uint16_t type)
{
	struct rrset all = zone_node_rrset(z, node, TYPE_RRSIG);
	struct rrset found = { NULL, 0 };

	for (unsigned i = 0; i < all.n; i++) {
		if (rrsig_covers(&all.rr[i]) != type)
			continue;
		if (found.n++ == 0)
			found.rr = &all.rr[i];
	}
	return found;
}

const struct node *zone_nsec(const struct zone *z, const struct name *name)
{
	uint32_t from = 1, to = z->n_nsec; /* the apex sorts behind nothing */

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (name_compare(z->nodes[z->nsec[middle]].owner, name) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	return &z->nodes[z->nsec[from - 1]];
}
