#include "scenario/reader.h"

#include <string.h>

#include "base/arena.h"
#include "zone/answer.h"

/* A name with more addresses than this is no host of a scenario. */
#define HOST_ADDRESSES_MAX 32

struct found {
	struct ip ips[HOST_ADDRESSES_MAX];
	unsigned n;
};

static void add(struct found *f, struct ip ip)
{
	for (unsigned i = 0; i < f->n; i++) {
		if (ip_equal(&f->ips[i], &ip))
			return;
	}
	if (f->n < HOST_ADDRESSES_MAX)
		f->ips[f->n++] = ip;
}

static void add_set(
	struct found *f, const struct zone *z, const struct name *owner, uint16_t type)
{
	struct rrset set = zone_rrset(z, owner, type);

	for (unsigned i = 0; i < set.n; i++)
		add(f, rr_ip(&set.rr[i]));
}

/* Every zone of the world, as if one server had them all. */
static struct answer_zones all_zones(struct reader *r, const struct draft *d)
{
	struct answer_zones all = { .n = 0 };
	struct answer_zone *zones;
	size_t n = 0;

	for (unsigned i = 0; i < d->n_servers; i++)
		n += d->servers[i].s.n_zones;
	zones = arena_array(r->arena, n + 1, sizeof(*zones));
	n = 0;
	for (unsigned i = 0; i < d->n_servers; i++) {
		for (unsigned k = 0; k < d->servers[i].s.n_zones; k++)
			zones[n++] = (struct answer_zone){
				.zone = d->servers[i].s.zones[k].zone,
				.rules.beside = BESIDE_EXACT_TYPE,
			};
	}
	all.zones = zones;
	all.n = n;
	answer_zones_index(r->arena, &all);
	return all;
}

/* By asking: follows CNAMEs and DNAMEs inside the world and finds wildcards. By
 * looking: the same name in zones that differ, and glue. */
static void find_type(struct reader *r, const struct answer_zones *zones,
	const struct name *name, uint16_t type, struct found *f)
{
	struct question q = { .name = name, .type = type, .class = CLASS_IN };
	struct msg query, reply;
	const struct section *answer = &reply.section[ANSWER];

	msg_init_query(&query, 0, &q, false);
	msg_init_reply(&reply, &query);
	zone_answer(r->arena, zones, &query, &reply);
	for (unsigned i = 0; i < answer->n; i++) {
		if (answer->rr[i].type == type)
			add(f, rr_ip(&answer->rr[i]));
	}
	for (size_t i = 0; i < zones->n; i++) {
		if (name_is_under(name, zone_origin(zones->zones[i].zone)))
			add_set(f, zones->zones[i].zone, name, type);
	}
}

/* The host that the file puts at the address, or that comes before this one. */
static const struct host_draft *owner_of(
	const struct draft *d, const struct ip *ip, const struct host_draft *but)
{
	for (unsigned i = 0; i < d->n_hosts; i++) {
		const struct host_draft *h = &d->hosts[i];

		for (unsigned k = 0; k < h->h.n_at; k++) {
			if (h != but && (h->written_at || h < but) &&
				ip_equal(&h->h.at[k], ip))
				return h;
		}
	}
	return NULL;
}

/* One address is one machine. At the start two names for it are a mistake; later a
 * record may come to point at a machine that is another host's. */
static void take_addresses(struct reader *r, struct draft *d, struct host_draft *h,
	const struct found *f, bool first)
{
	struct ip *at = arena_array(r->arena, f->n + 1u, sizeof(*at));
	char text[IP_TEXT_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < f->n; i++) {
		const struct host_draft *owner = owner_of(d, &f->ips[i], h);

		if (owner == NULL)
			at[n++] = f->ips[i];
		else if (first)
			err_hint(r->errs,
				complain(r, h->at, "\"%s\" and \"%s\" are both at %s",
					owner->h.name, h->h.name,
					ip_to_text(&f->ips[i], text)),
				"one address is one host: leave one of them out");
	}
	/* Later: a name that points nowhere, or at another host, has not switched the
	 * machine off: it stays where it was. */
	if (n == 0)
		return;
	h->h.at = at;
	h->h.n_at = n;
}

static void check_written_hosts(struct reader *r, const struct draft *d)
{
	char text[IP_TEXT_MAX];

	for (unsigned i = 0; i < d->n_hosts; i++) {
		const struct host_draft *h = &d->hosts[i];

		for (unsigned k = 0; k < h->h.n_at; k++) {
			const struct host_draft *o = owner_of(d, &h->h.at[k], h);

			if (o != NULL && o < h)
				complain(r, h->at, "\"%s\" and \"%s\" are both at %s",
					o->h.name, h->h.name,
					ip_to_text(&h->h.at[k], text));
		}
	}
}

static void resolve_host(struct reader *r, struct draft *d, struct host_draft *h,
	const struct answer_zones *zones, bool first)
{
	const struct name *name = name_literal(r->arena, h->h.name);
	struct found f = { .n = 0 };

	find_type(r, zones, name, TYPE_A, &f);
	find_type(r, zones, name, TYPE_AAAA, &f);
	if (f.n == 0 && first && !r->lacks_zones)
		err_hint(r->errs,
			complain(r, h->at, "host \"%s\" has no address", h->h.name),
			"add an A record to the zone, or `at: ADDRESS` here");
	take_addresses(r, d, h, &f, first);
}

void resolve_hosts(struct reader *r, struct draft *d, bool first)
{
	struct answer_zones zones = all_zones(r, d);

	if (first)
		check_written_hosts(r, d);
	for (unsigned i = 0; i < d->n_hosts; i++) {
		if (!d->hosts[i].written_at)
			resolve_host(r, d, &d->hosts[i], &zones, first);
	}
}
