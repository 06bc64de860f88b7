#include "zone/store.h"

const struct rr *zone_alias(const struct zone *z, const struct name *name)
{
	const struct node *encloser = NULL, *node = zone_find(z, name, &encloser);
	struct rrset set;

	if (node == NULL) {
		if ((encloser->flags & (NODE_CUT | NODE_DNAME | NODE_OCCLUDED)) != 0 ||
			(encloser->flags & NODE_WILDCARD) == 0)
			return NULL;
		node = zone_wildcard(z, encloser);
	}
	if ((node->flags & NODE_ALIAS) == 0 ||
		(node->flags & (NODE_CUT | NODE_OCCLUDED)) != 0)
		return NULL;
	set = zone_node_rrset(z, node, TYPE_ALIAS);
	return &set.rr[0];
}
