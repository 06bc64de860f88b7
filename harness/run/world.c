#include "run/world.h"

#include <string.h>

#include "base/arena.h"
#include "zone/answer.h"
#include "zone/sign.h"

/* RFC 2544 addresses: no resolver we know refuses to ask there (loopback and
 * documentation addresses are filtered by some). The last host of the range. */
static const struct ip made_root_ip = { 4, { 198, 19, 255, 253 } };

/* Two days, as the real root's delegations: no timeline outlives them by accident. */
#define ROOT_TTL 172800

struct root_maker {
	struct arena *arena;
	struct rr *rr;
	size_t n, room;
};

static void add_record(struct root_maker *r, const struct name *owner, uint16_t type,
	const void *rdata, size_t rdlen)
{
	if (r->n == r->room) {
		size_t room = r->room == 0 ? 32 : r->room * 2;
		struct rr *grown = arena_array(r->arena, room, sizeof(*grown));

		if (r->n > 0)
			memcpy(grown, r->rr, r->n * sizeof(*grown));
		r->rr = grown;
		r->room = room;
	}
	r->rr[r->n++] = (struct rr){
		.owner = owner,
		.type = type,
		.ttl = ROOT_TTL,
		.rdata = arena_memdup(r->arena, rdata, rdlen),
		.rdlen = (uint16_t)rdlen,
	};
}

static void add_address(
	struct root_maker *r, const struct name *owner, const struct ip *ip)
{
	add_record(r, owner, ip->family == 4 ? TYPE_A : TYPE_AAAA, ip->bytes,
		ip->family == 4 ? 4 : 16);
}

static void add_apex(struct root_maker *r)
{
	static const uint8_t numbers[20] = { 0, 0, 0, 1, 0, 0, 0x0e, 0x10, 0, 0, 2,
		0x58, 0, 1, 0x51, 0x80, 0, 0, 0x0e, 0x10 };
	const struct name *ns = name_literal(r->arena, "a.root");
	const struct name *mailbox = name_literal(r->arena, "hostmaster.root");
	size_t n = name_len(ns), m = name_len(mailbox);
	uint8_t soa[2 * NAME_WIRE_MAX + 20];

	memcpy(soa, ns, n);
	memcpy(soa + n, mailbox, m);
	memcpy(soa + n + m, numbers, sizeof(numbers));
	add_record(r, name_root, TYPE_SOA, soa, n + m + sizeof(numbers));
	add_record(r, name_root, TYPE_NS, ns, n);
	add_address(r, ns, &made_root_ip);
}

/* The name of the zone's server at the address: the name server that the zone itself
 * gives this address, else one we make up below the zone. */
static const struct name *server_name(struct root_maker *r, const struct zone *zone,
	const struct ip *ip, unsigned index)
{
	const struct name *origin = zone_origin(zone);
	struct rrset ns = zone_rrset(zone, origin, TYPE_NS);
	const struct name *made;

	for (unsigned i = 0; i < ns.n; i++) {
		struct rrset at = zone_rrset(zone, rr_target(&ns.rr[i]),
			ip->family == 4 ? TYPE_A : TYPE_AAAA);

		for (unsigned k = 0; k < at.n; k++) {
			struct ip have = rr_ip(&at.rr[k]);

			if (ip_equal(&have, ip))
				return rr_target(&ns.rr[i]);
		}
	}
	made = name_literal(r->arena, arena_printf(r->arena, "ns-%u-at-root", index));
	made = name_join(r->arena, made, 1, origin);
	return made == NULL ? name_literal(r->arena, "ns.root") : made;
}

static void add_delegation(struct root_maker *r, const struct zone *zone,
	const struct server *server, unsigned index)
{
	const struct name *origin = zone_origin(zone);

	for (unsigned i = 0; i < server->n_at; i++) {
		const struct name *ns =
			server_name(r, zone, &server->at[i], index * 16 + i);

		add_record(r, origin, TYPE_NS, ns, name_len(ns));
		add_address(r, ns, &server->at[i]);
	}
}

/* The zones of all servers of the stage together. */
static struct answer_zones all_zones(struct arena *a, const struct stage *stage)
{
	struct answer_zones all = { .n = 0 };
	struct answer_zone *zones;
	size_t n = 0;

	for (unsigned i = 0; i < stage->n_servers; i++)
		n += stage->servers[i].n_zones;
	zones = arena_array(a, n, sizeof(*zones));
	for (unsigned i = 0; i < stage->n_servers; i++) {
		const struct server *s = &stage->servers[i];

		for (unsigned k = 0; k < s->n_zones; k++)
			zones[all.n++].zone = s->zones[k].zone;
	}
	all.zones = zones;
	answer_zones_index(a, &all);
	return all;
}

/* DS of an apex is what the zone above answers. */
static bool has_zone_above(const struct answer_zones *all, const struct name *origin)
{
	struct question q = { .name = origin, .type = TYPE_DS, .class = CLASS_IN };
	const struct answer_zone *zone = answer_zone_for(all, &q);

	return zone != NULL && !name_equal(zone_origin(zone->zone), origin);
}

/* Signed when any of the zones is. */
static struct zone *sign_root(
	struct arena *a, struct zone *root, const struct answer_zones *all)
{
	struct ds_list ds = { .n = 0 };

	for (size_t i = 0; i < all->n; i++)
		zone_add_ds(a, all->zones[i].zone, &ds);
	return ds.n == 0 ? root : zone_sign(a, root, SIGN_PERIOD, &ds);
}

static struct zone *make_root(struct arena *a, const struct stage *stage)
{
	struct answer_zones all = all_zones(a, stage);
	struct root_maker r = { .arena = a };

	add_apex(&r);
	for (unsigned i = 0; i < stage->n_servers; i++) {
		const struct server *s = &stage->servers[i];

		for (unsigned k = 0; k < s->n_zones; k++) {
			const struct zone *z = s->zones[k].zone;

			if (!has_zone_above(&all, zone_origin(z)))
				add_delegation(&r, z, s, i);
		}
	}
	return sign_root(a, zone_from_records(a, name_root, r.rr, r.n), &all);
}

/* The server that brings the root zone itself, or NULL. */
static const struct server *own_root(const struct stage *stage)
{
	for (unsigned i = 0; i < stage->n_servers; i++) {
		const struct server *s = &stage->servers[i];

		for (unsigned k = 0; k < s->n_zones; k++) {
			if (name_is_root(zone_origin(s->zones[k].zone)))
				return s;
		}
	}
	return NULL;
}

static void root_server(struct arena *a, const struct stage *stage, struct server *ret)
{
	struct server_zone *sz = arena_alloc(a, sizeof(*sz));

	sz->zone = make_root(a, stage);
	sz->mode = server_mode(SERVER_MODE_DEFAULT);
	*ret = (struct server){
		.name = "the root",
		.at = &made_root_ip,
		.n_at = 1,
		.zones = sz,
		.n_zones = 1,
	};
	server_prepare(a, ret);
}

void world_build(struct arena *a, const struct scenario *scenario, struct world *ret)
{
	const struct server *root = own_root(&scenario->stages[0]);
	struct world_stage *stages =
		arena_array(a, scenario->n_stages, sizeof(*stages));
	struct server made = { 0 };

	if (root == NULL)
		root_server(a, &scenario->stages[0], &made);
	for (unsigned i = 0; i < scenario->n_stages; i++) {
		const struct stage *from = &scenario->stages[i];
		struct server *servers =
			arena_array(a, from->n_servers + 1u, sizeof(*servers));

		if (from->n_servers > 0)
			memcpy(servers, from->servers,
				from->n_servers * sizeof(*servers));
		servers[from->n_servers] = made;
		stages[i] = (struct world_stage){
			.at_us = from->at_us,
			.servers = servers,
			.n_servers = from->n_servers + (root == NULL ? 1 : 0),
			.hosts = { from->hosts, from->n_hosts },
		};
	}
	*ret = (struct world){
		.scenario = scenario,
		.stages = stages,
		.n_stages = scenario->n_stages,
		.hints = { root == NULL ? &made_root_ip : root->at,
			root == NULL ? 1 : root->n_at },
	};
}

int world_server_at(const struct world_stage *stage, const struct ip *ip)
{
	for (unsigned i = 0; i < stage->n_servers; i++) {
		const struct server *s = &stage->servers[i];

		for (unsigned k = 0; k < s->n_at; k++) {
			if (ip_equal(&s->at[k], ip))
				return (int)i;
		}
	}
	return -1;
}
