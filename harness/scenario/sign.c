#include "scenario/reader.h"

#include <stdlib.h>

#include "base/arena.h"
#include "zone/sign.h"

/* One zone of a stage. */
struct item {
	struct server_zone *zone;
	const struct server_draft *draft;
	bool sign;
};

static bool signs_any(const struct server_draft *s)
{
	for (unsigned k = 0; k < s->s.n_zones; k++) {
		if (s->signs[k])
			return true;
	}
	return false;
}

/* All zones of the stage; the list of a server's zones is made anew where one of them
 * will be. */
static struct item *list_zones(
	struct arena *a, const struct draft *d, struct server *servers, unsigned *ret_n)
{
	struct item *items;
	unsigned n = 0;

	for (unsigned i = 0; i < d->n_servers; i++)
		n += servers[i].n_zones;
	items = arena_array(a, n, sizeof(*items));
	*ret_n = 0;
	for (unsigned i = 0; i < d->n_servers; i++) {
		const struct server_draft *from = &d->servers[i];
		struct server_zone *zones = from->zones;

		if (signs_any(from))
			zones = arena_memdup(
				a, zones, from->s.n_zones * sizeof(*zones));
		servers[i].zones = zones;
		for (unsigned k = 0; k < from->s.n_zones; k++)
			items[(*ret_n)++] =
				(struct item){ &zones[k], from, from->signs[k] };
	}
	return items;
}

static int deepest_first(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	unsigned n = name_labels(zone_origin(a->zone->zone));
	unsigned m = name_labels(zone_origin(b->zone->zone));

	return n != m ? (n > m ? -1 : 1) : (a->zone < b->zone ? -1 : a->zone > b->zone);
}

/* False when the file has more to sign than it may; told once. */
static bool may_sign(struct reader *r, const struct item *item)
{
	bool told = r->signed_here > CONF_SIGNED_MAX;

	r->signed_here += zone_records(item->zone->zone);
	if (r->signed_here <= CONF_SIGNED_MAX)
		return true;
	if (!told)
		complain(r, item->draft->at,
			"the zones to sign have more than %d records, each step "
			"counted",
			CONF_SIGNED_MAX);
	return false;
}

/* Children before their parents, which need their DS records. */
void sign_servers(struct reader *r, const struct draft *d, struct server *servers)
{
	struct ds_list ds = { .n = 0 };
	struct item *items;
	unsigned n;

	items = list_zones(r->arena, d, servers, &n);
	qsort(items, n, sizeof(*items), deepest_first);
	for (unsigned i = 0; i < n; i++) {
		struct server_zone *z = items[i].zone;

		if (items[i].sign && may_sign(r, &items[i]))
			z->zone = zone_sign(r->arena, z->zone, SIGN_PERIOD, &ds);
		zone_add_ds(r->arena, z->zone, &ds);
	}
}
