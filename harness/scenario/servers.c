#include "scenario/reader.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/bug.h"
#include "zone/zone.h"

/* ---- zones ---- */

/* A zone in quotes has no lines of its own in the file: its mistakes are shown where
 * the text begins. */
static void move_to(struct errs *errs, size_t from, const struct node *n)
{
	for (size_t i = from; i < errs->n; i++) {
		if (errs->list[i].at.file != n->at.file)
			continue;
		errs->list[i].at = n->at;
		errs->list[i].source = NULL;
	}
}

static const struct zone *load_data(
	struct reader *r, const struct name *origin, const struct node *data)
{
	struct zone_source source = {
		.origin = origin,
		.text = data->text,
		.len = data->len,
		.at = data->text_at,
		.whole = r->conf->text,
		.whole_len = r->conf->len,
		.dir = r->dir,
	};
	bool one_line = strchr(data->text, '\n') == NULL;
	size_t before = r->errs->n;
	struct zone *z = NULL;

	if (zone_load(r->arena, &source, r->errs, &z) == 0)
		return z;
	r->mistakes++;
	if (!data->is_literal && !one_line)
		move_to(r->errs, before, data);
	return NULL;
}

static const struct zone *load_file(
	struct reader *r, const struct name *origin, const struct node *file)
{
	const char *path =
		file->text[0] == '/'
			? arena_strdup(r->errs->arena, file->text)
			: arena_printf(r->errs->arena, "%s%s", r->dir, file->text);
	struct zone *z = NULL;
	struct stat st;

	if (stat(path, &st) != 0) {
		complain(r, file->at, "cannot open \"%s\": %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		complain(r, file->at, "\"%s\" is not a file", path);
	} else if (zone_load_file(r->arena, origin, path, r->errs, &z) != 0) {
		r->mistakes++;
		z = NULL;
	}
	return z;
}

/* The zone of a map that has zone and data or file; NULL after adding a mistake. */
static const struct zone *read_zone(struct reader *r, const struct node *map)
{
	const struct node *zone = node_get(map, "zone");
	const struct node *data = node_get(map, "data"), *file = node_get(map, "file");

	if (data != NULL && file != NULL)
		complain(r, file->key_at, "a zone has data or file, not both");
	if (zone == NULL)
		return NULL;
	if (data != NULL)
		return load_data(r, value_name(r, zone), data);
	if (file != NULL)
		return load_file(r, value_name(r, zone), file);
	/* A bad value has been reported. */
	if (value_is_written(map, "data") || value_is_written(map, "file"))
		return NULL;
	complain(r, zone->at, "zone \"%s\" has neither data nor file", zone->text);
	return NULL;
}

static bool has_zone(const struct server *s, const struct name *origin)
{
	for (unsigned i = 0; i < s->n_zones; i++) {
		if (name_equal(zone_origin(s->zones[i].zone), origin))
			return true;
	}
	return false;
}

/* What a zone takes from its server when it does not say it itself. */
struct zone_defaults {
	const struct server_mode *mode;
	const struct tsig_key *key;
	bool sign;
};

/* A signature cannot be made beforehand for an answer that is not there before it is
 * asked for. */
static void check_signing(
	struct reader *r, const struct node *map, const struct server_mode *mode)
{
	const struct node *at = node_get(map, "dnssec");

	if (!mode->flattens && !mode->has_alias)
		return;
	err_hint(r->errs,
		complain(r, at == NULL ? map->at : at->at,
			"dnssec: sign does not go with mode %s", mode->name),
		"its answers are made when they are asked for, and only zones are "
		"signed");
}

static const struct tsig_key *read_key(
	struct reader *r, const struct node *map, const struct tsig_key *fallback)
{
	const char *text = node_text(map, "key"), *why;
	struct tsig_key *key;

	if (text == NULL)
		return fallback;
	key = arena_alloc(r->arena, sizeof(*key));
	if (tsig_key_from_text(r->arena, text, key, &why) != 0)
		bug("a key was not checked: %s", why);
	return key;
}

/* A request names its key by the name alone. */
static void check_one_secret(
	struct reader *r, const struct server_draft *d, const struct node *map)
{
	const struct server_zone *new = &d->zones[d->s.n_zones];
	const struct node *at = node_get(map, "key");

	for (const struct server_zone *z = d->zones; new->key != NULL &&z < new; z++) {
		if (z->key == NULL || !name_equal(z->key->name, new->key->name) ||
			tsig_key_equal(z->key, new->key))
			continue;
		complain(r, at == NULL ? map->at : at->at,
			"key %s has another secret or algorithm at zone %s",
			name_text(r->arena, new->key->name),
			name_text(r->arena, zone_origin(z->zone)));
		return;
	}
}

static void add_zone(struct reader *r, struct server_draft *d, const struct node *map,
	const struct zone_defaults *defaults)
{
	const struct node *name = node_get(map, "zone");
	const char *mode = node_text(map, "mode");
	const struct zone *z;

	if (name == NULL) {
		r->lacks_zones = true;
		return;
	}
	if (d->first_zone == NULL)
		d->first_zone = value_name(r, name);
	z = read_zone(r, map);
	if (z == NULL) {
		r->lacks_zones = true;
		return;
	}
	if (has_zone(&d->s, zone_origin(z))) {
		complain(r, name->at, "second zone \"%s\" on one server", name->text);
		return;
	}
	d->signs[d->s.n_zones] = defaults->sign || node_get(map, "dnssec") != NULL;
	d->zones[d->s.n_zones] = (struct server_zone){
		.zone = z,
		.mode = mode == NULL ? defaults->mode : server_mode(mode),
		.key = read_key(r, map, defaults->key),
	};
	check_one_secret(r, d, map);
	if (d->signs[d->s.n_zones])
		check_signing(r, map, d->zones[d->s.n_zones].mode);
	d->s.n_zones++;
}

static bool has_unknown_key(const struct node *map, enum block_id block)
{
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		if (keywords_find(block, n->key) == NULL)
			return true;
	}
	return false;
}

static void read_zones(struct reader *r, const struct node *map, struct server_draft *d)
{
	const struct node *zones = node_get(map, "zones");
	const char *mode = node_text(map, "mode");
	struct zone_defaults defaults = {
		.mode = server_mode(mode == NULL ? SERVER_MODE_DEFAULT : mode),
		.key = read_key(r, map, NULL),
		.sign = node_get(map, "dnssec") != NULL,
	};

	d->zones = arena_array(r->arena, values_count(zones) + 1u, sizeof(*d->zones));
	d->signs = arena_array(r->arena, values_count(zones) + 1u, sizeof(*d->signs));
	d->s.zones = d->zones;
	if (value_is_written(map, "zone")) {
		add_zone(r, d, map, &defaults);
	} else if (!value_is_written(map, "zones")) {
		r->lacks_zones = true;
		/* A slip in the key is one mistake, not two. */
		if (!has_unknown_key(map, BLOCK_SERVER))
			complain(r, map->at, "server without \"zone\" or \"zones\"");
	} else if (value_is_written(map, "data") || value_is_written(map, "file")) {
		complain(r, map->at, "data and file belong into the entries of zones");
	}
	if (zones == NULL)
		return;
	if (value_is_written(map, "zone"))
		complain(r, zones->key_at, "a server has zone or zones, not both");
	for (const struct node *z = values_first(zones); z != NULL;
		z = values_next(zones, z))
		add_zone(r, d, z, &defaults);
}

/* ---- quirks ---- */

static void read_value(struct reader *r, const struct node *map, struct quirk *q)
{
	const struct node *value = node_get(map, "value");
	const struct node *quirk = node_get(map, "quirk");

	if (q->row->arg == QUIRK_ARG_NONE) {
		if (value != NULL)
			complain(r, value->key_at, "%s takes no value", q->row->name);
		return;
	}
	if (value != NULL) {
		if (quirk_set_value(
			    r->arena, q, value->text, value->text_at, r->errs) != 0)
			r->mistakes++;
		return;
	}
	if (!value_is_written(map, "value"))
		err_hint(r->errs,
			complain(r, quirk->at, "%s needs a value", q->row->name), "%s",
			q->row->help);
}

static void read_quirk(struct reader *r, const struct node *map, struct quirk *q)
{
	const struct node *name = node_get(map, "name");
	const char *type = node_text(map, "type");

	*q = (struct quirk){
		.row = quirk_row(node_text(map, "quirk")),
		.name = name == NULL ? NULL : value_name(r, name),
		.type = type == NULL ? 0 : rrtype_from_text(type),
		.udp_only = value_bool(map, "udp-only"),
		.after = value_count(map, "after"),
		.count = value_count(map, "count"),
	};
	read_value(r, map, q);
}

void read_quirks(struct reader *r, const struct node *list, const struct quirk **ret,
	unsigned *ret_n)
{
	struct quirk *quirks =
		arena_array(r->arena, values_count(list) + 1u, sizeof(*quirks));
	unsigned n = 0;

	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i)) {
		if (node_get(i, "quirk") != NULL)
			read_quirk(r, i, &quirks[n++]);
	}
	*ret = quirks;
	*ret_n = n;
}

/* ---- servers ---- */

/* Two servers may have one zone - secondaries that disagree - but then the file has to
 * say so by naming both. */
static void check_server_name(struct reader *r, const struct draft *d,
	const struct server_draft *new, const struct node *map)
{
	for (unsigned i = 0; i < d->n_servers; i++) {
		const struct server_draft *old = &d->servers[i];
		struct err *e;

		if (strcasecmp(old->name, new->name) != 0)
			continue;
		e = complain(r, new->at, "second server \"%s\"", new->name);
		if (node_get(map, "name") == NULL)
			err_hint(r->errs, e,
				"give both a name if two servers have this zone");
		else
			err_hint(r->errs, e, "the first stands in line %d",
				old->at.line);
		return;
	}
	for (unsigned i = 0; i < d->n_servers && node_get(map, "name") == NULL; i++) {
		const struct server_draft *old = &d->servers[i];

		for (unsigned k = 0; k < new->s.n_zones; k++) {
			const struct name *origin = zone_origin(new->s.zones[k].zone);

			if (has_zone(&old->s, origin))
				err_hint(r->errs,
					complain(r, new->at, "second zone \"%s\"",
						name_text(r->arena, origin)),
					"give both servers a name if two have it");
		}
	}
}

static void read_at(struct reader *r, const struct node *map, struct server_draft *d)
{
	const struct node *at = node_get(map, "at");
	unsigned n = 0;

	d->written_at = value_ips(r, map, "at", &d->s.at, &d->s.n_at);
	d->written_at |= value_is_written(map, "at");
	d->ip_at = arena_array(r->arena, values_count(at) + 1u, sizeof(*d->ip_at));
	for (const struct node *i = values_first(at); i != NULL; i = values_next(at, i))
		d->ip_at[n++] = i->at;
}

static void read_server(struct reader *r, const struct node *map, struct draft *d)
{
	struct server_draft *new = &d->servers[d->n_servers];
	const struct node *name = node_get(map, "name");

	*new = (struct server_draft){ .at = map->at };
	read_zones(r, map, new);
	read_at(r, map, new);
	read_quirks(r, node_get(map, "quirks"), &new->quirks, &new->n_quirks);
	if (name != NULL) {
		new->name = arena_strdup(r->arena, name->text);
		new->at = name->at;
	} else if (new->first_zone != NULL) {
		new->name = name_text(r->arena, new->first_zone);
	} else {
		r->lacks_servers = true;
		return;
	}
	new->s.name = new->name;
	new->s.quirks = new->quirks;
	new->s.n_quirks = new->n_quirks;
	check_server_name(r, d, new, map);
	d->n_servers++;
}

void read_servers(struct reader *r, const struct node *list, struct draft *d)
{
	/* Entries that are no maps, or no list at all. */
	r->lacks_servers = r->lacks_zones =
		list == NULL ||
		(list->kind == NODE_LIST && values_count(list) < list->n);
	d->servers =
		arena_array(r->arena, values_count(list) + 1u, sizeof(*d->servers));
	for (const struct node *i = values_first(list); i != NULL;
		i = values_next(list, i))
		read_server(r, i, d);
}

/* ---- addresses of servers ---- */

static const struct server_draft *server_at(
	const struct draft *d, const struct ip *ip, const struct server_draft *but)
{
	for (unsigned i = 0; i < d->n_servers; i++) {
		const struct server_draft *s = &d->servers[i];

		for (unsigned k = 0; s != but && k < s->s.n_at; k++) {
			if (ip_equal(&s->s.at[k], ip))
				return s;
		}
	}
	return NULL;
}

static bool host_at(const struct draft *d, const struct ip *ip)
{
	for (unsigned i = 0; i < d->n_hosts; i++) {
		const struct host *h = &d->hosts[i].h;

		for (unsigned k = 0; k < h->n_at; k++) {
			if (ip_equal(&h->at[k], ip))
				return true;
		}
	}
	return false;
}

static void check_written(
	struct reader *r, const struct draft *d, const struct server_draft *s)
{
	char text[IP_TEXT_MAX];

	for (unsigned k = 0; k < s->s.n_at; k++) {
		for (unsigned j = 0; j < k; j++) {
			if (ip_equal(&s->s.at[j], &s->s.at[k]))
				complain(r, s->ip_at[k], "%s stands here twice",
					ip_to_text(&s->s.at[k], text));
		}
		for (const struct server_draft *o = d->servers; o < s; o++) {
			for (unsigned j = 0; j < o->s.n_at; j++) {
				if (!ip_equal(&o->s.at[j], &s->s.at[k]))
					continue;
				err_hint(r->errs,
					complain(r, s->ip_at[k],
						"two servers at %s: \"%s\" and \"%s\"",
						ip_to_text(&s->s.at[k], text), o->name,
						s->name),
					"one server can have several zones: see zones");
			}
		}
	}
}

/* The addresses that the zone itself gives to its name servers, as far as nobody else
 * has them: else a resolver that asks the zone for them would go astray. */
static unsigned own_addresses(const struct draft *d, const struct server_draft *s,
	struct ip *ret, unsigned max)
{
	const struct zone *z = s->s.zones[0].zone;
	struct rrset ns = zone_rrset(z, zone_origin(z), TYPE_NS);
	static const uint16_t types[] = { TYPE_A, TYPE_AAAA };
	unsigned n = 0;

	for (unsigned i = 0; i < 2 * ns.n; i++) {
		struct rrset set =
			zone_rrset(z, rr_target(&ns.rr[i / 2]), types[i % 2]);

		for (unsigned k = 0; k < set.n && n < max; k++) {
			struct ip ip = rr_ip(&set.rr[k]);
			bool taken = server_at(d, &ip, s) != NULL;

			for (unsigned j = 0; j < n && !taken; j++)
				taken = ip_equal(&ret[j], &ip);
			if (!taken)
				ret[n++] = ip;
		}
	}
	return n;
}

/* More name servers than any zone has that means well. */
#define OWN_ADDRESSES_MAX 16

/* RFC 2544: 198.18.0.0/15 is for benchmarks, so nothing real is there. Counted up from
 * 198.18.0.1, past what is taken. */
static struct ip invent(const struct draft *d, uint32_t *next)
{
	for (;;) {
		uint32_t n = (UINT32_C(198) << 24) + (UINT32_C(18) << 16) + ++*next;
		uint8_t bytes[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
			(uint8_t)(n >> 8), (uint8_t)n };
		struct ip ip = ip_from_bytes(bytes, 4);

		if (server_at(d, &ip, NULL) == NULL && !host_at(d, &ip))
			return ip;
	}
}

static void place_by_zone(struct reader *r, struct draft *d, struct server_draft *s)
{
	struct ip ips[OWN_ADDRESSES_MAX];
	unsigned max = OWN_ADDRESSES_MAX;

	/* Servers that share a zone share its addresses out. */
	for (unsigned i = 0; i < d->n_servers; i++) {
		if (&d->servers[i] != s &&
			has_zone(&d->servers[i].s, zone_origin(s->s.zones[0].zone)))
			max = 1;
	}
	s->s.n_at = own_addresses(d, s, ips, max);
	s->s.at = arena_memdup(r->arena, ips, s->s.n_at * sizeof(*ips));
}

void place_servers(struct reader *r, struct draft *d)
{
	uint32_t next = 0;

	for (unsigned i = 0; i < d->n_servers; i++)
		check_written(r, d, &d->servers[i]);
	for (unsigned i = 0; i < d->n_servers; i++) {
		if (!d->servers[i].written_at && d->servers[i].s.n_zones > 0)
			place_by_zone(r, d, &d->servers[i]);
	}
	for (unsigned i = 0; i < d->n_servers; i++) {
		struct server_draft *s = &d->servers[i];
		struct ip ip;

		if (s->written_at || s->s.n_at > 0)
			continue;
		ip = invent(d, &next);
		s->s.at = arena_memdup(r->arena, &ip, sizeof(ip));
		s->s.n_at = 1;
	}
}
