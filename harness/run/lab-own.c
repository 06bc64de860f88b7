#include "run/lab-own.h"

#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "dns/idn.h"
#include "lab/netns.h"
#include "run/lab-world.h"

/* Of our records: for clients that cache, longer than a case. */
#define OWN_TTL 300

struct lab_own {
	const struct world *world;
	unsigned stage;
	const struct name *sender;	  /* NULL: the scenario's zones say */
	const struct name *bare, *notify; /* `notify` alone, and below it; or NULL */
	const struct name *sts;		  /* `_mta-sts` below it, or NULL */
	const struct name *client;	  /* the domain of the client's host; or NULL */
	const struct name *in_addr, *ip6;
	const struct name **self, **recipients;
	unsigned n_self, n_recipients;
	struct ip *ips; /* the client's */
	unsigned n_ips;
	struct ip sender_host;
};

/* ---- who the client is ---- */

static struct ip literal(const char *text)
{
	struct ip ip;

	if (ip_from_text(text, &ip) != 0)
		bug("%s is no address", text);
	return ip;
}

/* The domain of an address, or NULL when it has none that is a name. */
static const struct name *domain_of(struct arena *a, const char *address)
{
	const char *at = strrchr(address, '@'), *why;
	const char *ascii = at == NULL ? NULL : idn_to_ascii(a, at + 1);
	const struct name *n =
		ascii == NULL ? NULL : name_from_text(a, ascii, NULL, &why);

	return n == NULL || name_is_root(n) ? NULL : n;
}

static void add_ips(struct lab_own *o, uint8_t family, const char *otherwise)
{
	const struct scenario *s = o->world->scenario;
	unsigned before = o->n_ips;

	for (unsigned i = 0; i < s->n_self_ips; i++) {
		if (s->self_ips[i].family == family)
			o->ips[o->n_ips++] = s->self_ips[i];
	}
	if (o->n_ips == before)
		o->ips[o->n_ips++] = literal(otherwise);
}

static void find_ips(struct lab_own *o, struct arena *a)
{
	const struct scenario *s = o->world->scenario;

	o->ips = arena_array(a, s->n_self_ips + 2u, sizeof(*o->ips));
	add_ips(o, 4, NETNS_CLIENT_V4);
	add_ips(o, 6, NETNS_CLIENT_V6);
}

static void find_self(struct lab_own *o, struct arena *a)
{
	const struct scenario *s = o->world->scenario;

	o->self = arena_array(a, s->n_self_names + 1u, sizeof(*o->self));
	for (unsigned i = 0; i < s->n_self_names; i++) {
		const char *why;
		const struct name *n = name_from_text(a, s->self_names[i], NULL, &why);

		if (n != NULL && !name_is_root(n))
			o->self[o->n_self++] = n;
	}
	/* A host right below a top-level domain has none of its own. */
	if (o->n_self > 0 && name_labels(o->self[0]) > 2)
		o->client = name_parent(o->self[0]);
}

static void find_recipients(struct lab_own *o, struct arena *a)
{
	const struct scenario *s = o->world->scenario;

	o->recipients = arena_array(a, s->n_addresses + 1u, sizeof(*o->recipients));
	for (unsigned i = 0; i < s->n_addresses; i++) {
		const struct name *n = domain_of(a, s->addresses[i].address);

		if (n != NULL)
			o->recipients[o->n_recipients++] = n;
	}
}

struct lab_own *lab_own_new(struct arena *a, const struct world *world)
{
	struct lab_own *o = arena_alloc(a, sizeof(*o));
	const struct scenario *s = world->scenario;

	o->world = world;
	o->in_addr = name_literal(a, "in-addr.arpa");
	o->ip6 = name_literal(a, "ip6.arpa");
	o->sender_host = literal(LAB_SENDER_HOST);
	if (!s->sender_given)
		o->sender = domain_of(a, s->sender);
	if (o->sender != NULL)
		o->bare = name_literal(a, "notify");
	if (o->sender != NULL)
		o->notify = name_join(a, o->bare, 1, o->sender);
	if (o->sender != NULL)
		o->sts = name_join(a, name_literal(a, "_mta-sts"), 1, o->sender);
	find_ips(o, a);
	find_self(o, a);
	find_recipients(o, a);
	return o;
}

void lab_own_enter(struct lab_own *o, unsigned stage)
{
	o->stage = stage;
}

bool lab_own_is_client(const struct lab_own *o, const struct ip *ip)
{
	for (unsigned i = 0; i < o->n_ips; i++) {
		if (ip_equal(&o->ips[i], ip))
			return true;
	}
	return false;
}

/* ---- what the world has ---- */

/* Calls fn for the zones of the stage, but for the root, until it says true. */
static bool any_zone(const struct lab_own *o, const struct name *n,
	bool (*fn)(const struct zone *z, const struct name *n))
{
	const struct world_stage *stage = &o->world->stages[o->stage];

	for (unsigned i = 0; i < stage->n_servers; i++) {
		const struct server *s = &stage->servers[i];

		for (unsigned k = 0; k < s->n_zones; k++) {
			const struct zone *z = s->zones[k].zone;

			if (!name_is_root(zone_origin(z)) && fn(z, n))
				return true;
		}
	}
	return false;
}

static bool encloses(const struct zone *z, const struct name *n)
{
	return name_is_under(n, zone_origin(z));
}

static bool is_below(const struct zone *z, const struct name *n)
{
	return name_is_under(zone_origin(z), n);
}

static bool has_records_at(const struct zone *z, const struct name *n)
{
	struct zone_walk w = { z };
	struct rr rr;

	while (encloses(z, n) && zone_walk_next(&w, &rr)) {
		if (name_equal(rr.owner, n))
			return true;
	}
	return false;
}

static bool is_under_any(
	const struct name *n, const struct name *const *list, unsigned n_list)
{
	for (unsigned i = 0; i < n_list; i++) {
		if (name_is_under(n, list[i]))
			return true;
	}
	return false;
}

/* ---- answers ---- */

static void add_rr(struct arena *a, struct msg *m, enum section_id id,
	const struct name *owner, uint16_t type, const void *rdata, size_t rdlen)
{
	const struct rr rr = {
		.owner = owner,
		.type = type,
		.ttl = OWN_TTL,
		.rdata = arena_memdup(a, rdata, rdlen),
		.rdlen = (uint16_t)rdlen,
	};

	msg_add(m, a, id, &rr);
}

static void add_address(
	struct arena *a, struct msg *m, const struct question *q, const struct ip *ip)
{
	uint16_t type = ip->family == 4 ? TYPE_A : TYPE_AAAA;

	if (q->type == type || q->type == TYPE_ANY)
		add_rr(a, m, ANSWER, q->name, type, ip->bytes,
			ip->family == 4 ? 4 : 16);
}

static void add_mx(struct arena *a, struct msg *m, const struct question *q,
	const struct name *exchange)
{
	uint8_t rdata[2 + NAME_WIRE_MAX] = { 0, 10 };
	size_t n = name_len(exchange);

	memcpy(rdata + 2, exchange, n);
	add_rr(a, m, ANSWER, q->name, TYPE_MX, rdata, 2 + n);
}

/* RFC 2308 2: what says "no" has the SOA of the zone. */
static void add_soa(struct arena *a, struct msg *m, const struct name *zone)
{
	static const uint8_t rdata[22] = { 0, 0, 0, 0, 0, 1, 0, 0, 0x0e, 0x10, 0, 0,
		0x0e, 0x10, 0, 0, 0x0e, 0x10, 0, 0, 1, 0x2c };

	add_rr(a, m, AUTHORITY, zone, TYPE_SOA, rdata, sizeof(rdata));
}

/* The tree of ours that the name is in, or NULL. */
static const struct name *tree_of(const struct lab_own *o, const struct name *n)
{
	const struct name *const trees[] = { o->sender, o->client, o->bare, o->in_addr,
		o->ip6 };

	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		if (trees[i] != NULL && name_is_under(n, trees[i]))
			return trees[i];
	}
	return NULL;
}

static bool exists(const struct lab_own *o, const struct name *n)
{
	for (unsigned i = 0; i < o->n_self; i++) {
		if (name_is_under(o->self[i], n))
			return true;
	}
	return name_equal(n, tree_of(o, n)) ||
	       (o->notify != NULL && name_is_under(o->notify, n)) ||
	       any_zone(o, n, is_below);
}

static void say_no(const struct lab_own *o, struct arena *a, const struct question *q,
	struct msg *m)
{
	if (!exists(o, q->name))
		m->rcode = RCODE_NXDOMAIN;
	add_soa(a, m, tree_of(o, q->name));
}

static void answer_self(const struct lab_own *o, struct arena *a,
	const struct question *q, struct msg *m)
{
	const struct scenario *s = o->world->scenario;
	const struct name *tree = tree_of(o, q->name);

	for (unsigned i = 0; i < o->n_ips; i++) {
		bool lacks = o->ips[i].family == 4 ? s->no_ipv4 : s->no_ipv6;

		if (!lacks)
			add_address(a, m, q, &o->ips[i]);
	}
	if (m->section[ANSWER].n == 0)
		add_soa(a, m, tree == NULL ? q->name : tree);
}

static void answer_notify(const struct lab_own *o, struct arena *a,
	const struct question *q, struct msg *m)
{
	add_address(a, m, q, &o->sender_host);
	if (m->section[ANSWER].n == 0)
		add_soa(a, m, o->sender);
}

/* ---- the rules ---- */

static bool is_self(const struct lab_own *o, const struct name *n)
{
	for (unsigned i = 0; i < o->n_self; i++) {
		if (name_equal(o->self[i], n))
			return true;
	}
	return false;
}

bool lab_own_answer(const struct lab_own *o, struct arena *a, const struct question *q,
	struct msg *ret)
{
	const struct scenario *s = o->world->scenario;
	const struct name *n = q->name;

	if (is_under_any(n, o->recipients, o->n_recipients))
		return false;
	if (o->notify != NULL && name_equal(n, o->notify)) {
		answer_notify(o, a, q, ret);
		return true;
	}
	if (o->notify != NULL && q->type == TYPE_MX && name_equal(n, o->sender)) {
		add_mx(a, ret, q, o->notify);
		return true;
	}
	/* By who sends the notification: the world's message has another domain. */
	if (q->type == TYPE_TXT && o->sts != NULL && name_equal(n, o->sts)) {
		ret->rcode = RCODE_NXDOMAIN;
		add_soa(a, ret, o->sender);
		return true;
	}
	if (is_self(o, n) && !any_zone(o, n, has_records_at)) {
		answer_self(o, a, q, ret);
		return true;
	}
	if (is_under_any(n, s->search, s->n_search) || any_zone(o, n, encloses))
		return false;
	if (tree_of(o, n) == NULL)
		return false;
	say_no(o, a, q, ret);
	return true;
}
