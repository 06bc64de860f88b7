#include "scenario/reader.h"

#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "zone/zone.h"

/* ---- changes ---- */

static const char *nearest_zone(
	struct reader *r, const struct draft *d, const char *name)
{
	size_t n = 0, room = 0;
	const char **names;

	for (unsigned i = 0; i < d->n_servers; i++)
		room += d->servers[i].s.n_zones;
	names = arena_array(r->arena, room + 1, sizeof(*names));
	for (unsigned i = 0; i < d->n_servers; i++) {
		for (unsigned k = 0; k < d->servers[i].s.n_zones; k++)
			names[n++] = name_text(
				r->arena, zone_origin(d->servers[i].s.zones[k].zone));
	}
	return lookup_nearest(names, n, sizeof(*names), name);
}

static const struct op {
	const char *name;
	enum zone_op op;
} ops[] = {
	{ "set", ZONE_SET },
	{ "add", ZONE_ADD },
	{ "delete", ZONE_DELETE },
};

/* False when the changes of the file would copy too much; told once. */
static bool may_copy(struct reader *r, const struct node *op, const struct zone *z)
{
	bool told = r->copied > CONF_COPIED_MAX;
	struct err *e;

	r->copied += zone_records(z);
	if (r->copied <= CONF_COPIED_MAX)
		return true;
	if (!told) {
		e = complain(r, op->at, "the changes copy more than %d records",
			CONF_COPIED_MAX);
		err_hint(r->errs, e, "change a smaller zone, or less often");
	}
	return false;
}

/* Makes the zone anew by each of the change's operations, in the order of the file. */
static const struct zone *changed(
	struct reader *r, const struct node *map, const struct zone *z)
{
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		const struct op *op =
			lookup_row(ops, ARRAY_LEN(ops), sizeof(*ops), n->key);
		struct zone *new = NULL;

		if (op == NULL || n->is_bad || !may_copy(r, n, z))
			continue;
		if (zone_change(r->arena, z, op->op, n->text, n->text_at, r->errs,
			    &new) == 0)
			z = new;
		else
			r->mistakes++;
	}
	return z;
}

/* Stages share what they can: the list of zones is new only where one of them is. */
static void change_server_zone(struct reader *r, const struct node *map,
	struct server_draft *s, unsigned index)
{
	const struct zone *z = changed(r, map, s->zones[index].zone);

	s->zones = arena_memdup(r->arena, s->zones, s->s.n_zones * sizeof(*s->zones));
	s->zones[index].zone = z;
	s->s.zones = s->zones;
}

static void change_zone(struct reader *r, const struct node *map,
	const struct node *zone, struct draft *d)
{
	const struct name *origin = value_name(r, zone);
	bool found = false;

	for (unsigned i = 0; i < d->n_servers; i++) {
		struct server_draft *s = &d->servers[i];

		for (unsigned k = 0; k < s->s.n_zones; k++) {
			if (!name_equal(zone_origin(s->zones[k].zone), origin))
				continue;
			found = true;
			change_server_zone(r, map, s, k);
		}
	}
	if (!found && !r->lacks_zones)
		suggest(r,
			complain(r, zone->at, "no server has zone \"%s\"", zone->text),
			nearest_zone(r, d, zone->text));
}

static struct server_draft *draft_server(const struct draft *d, const char *name)
{
	for (unsigned i = 0; i < d->n_servers; i++) {
		if (strcasecmp(d->servers[i].name, name) == 0)
			return &d->servers[i];
	}
	return NULL;
}

static const char *nearest_server(
	struct reader *r, const struct draft *d, const char *name)
{
	const char **names = arena_array(r->arena, d->n_servers + 1u, sizeof(*names));

	for (unsigned i = 0; i < d->n_servers; i++)
		names[i] = d->servers[i].name;
	return lookup_nearest(names, d->n_servers, sizeof(*names), name);
}

/* A server that is down drops every query. */
static void set_quirks(struct reader *r, struct server_draft *s)
{
	struct quirk *drop;

	s->s.quirks = s->quirks;
	s->s.n_quirks = s->n_quirks;
	if (!s->down)
		return;
	drop = arena_alloc(r->arena, sizeof(*drop));
	drop->row = quirk_row("drop");
	s->s.quirks = drop;
	s->s.n_quirks = 1;
}

static void change_server(struct reader *r, const struct node *map,
	const struct node *server, struct draft *d)
{
	struct server_draft *s = draft_server(d, server->text);
	const struct node *quirks = node_get(map, "quirks");

	if (s == NULL) {
		if (!r->lacks_servers)
			suggest(r,
				complain(r, server->at, "no server \"%s\"",
					server->text),
				nearest_server(r, d, server->text));
		return;
	}
	if (node_get(map, "down") != NULL)
		s->down = value_bool(map, "down");
	if (quirks != NULL)
		read_quirks(r, quirks, &s->quirks, &s->n_quirks);
	set_quirks(r, s);
}

static void change_host(struct reader *r, const struct node *map,
	const struct node *host, struct draft *d)
{
	const char *name = value_name_text(r, host);
	const struct node *smtp = node_get(map, "smtp"), *http = node_get(map, "http");

	check_host(r, d, name, host->at);
	for (unsigned i = 0; i < d->n_hosts; i++) {
		struct host *h = &d->hosts[i].h;

		if (strcasecmp(h->name, name) != 0)
			continue;
		if (smtp != NULL)
			read_smtp(r, smtp, &h->smtp);
		if (http != NULL)
			read_http(r, http, &h->http);
	}
}

/* What a change speaks of, and the keys that go with it. */
static const struct subject {
	const char *name;
	const char *keys[3];
	void (*apply)(struct reader *r, const struct node *map, const struct node *n,
		struct draft *d);
} subjects[] = {
	{ "zone", { "set", "add", "delete" }, change_zone },
	{ "server", { "down", "quirks" }, change_server },
	{ "host", { "smtp", "http" }, change_host },
};

static const struct subject *subject_of(struct reader *r, const struct node *map)
{
	const struct subject *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
		if (!value_is_written(map, subjects[i].name))
			continue;
		if (found != NULL) {
			complain(r, map->at,
				"a change speaks of a %s or a %s, not both",
				found->name, subjects[i].name);
			return NULL;
		}
		found = &subjects[i];
	}
	if (found == NULL)
		complain(r, map->at, "change without \"zone\", \"server\" or \"host\"");
	return found;
}

static bool goes_with(const struct subject *s, const char *key)
{
	bool good = strcmp(key, s->name) == 0;

	for (size_t i = 0; i < ARRAY_LEN(s->keys) && s->keys[i] != NULL; i++)
		good |= strcmp(key, s->keys[i]) == 0;
	return good;
}

static void apply_change(struct reader *r, const struct node *map, struct draft *d)
{
	const struct subject *s = subject_of(r, map);
	const struct node *n;

	if (s == NULL)
		return;
	if (map->n == 1)
		complain(r, map->at, "the change says nothing about the %s", s->name);
	for (n = map->first; n != NULL; n = n->next) {
		if (keywords_find(BLOCK_CHANGE, n->key) != NULL &&
			!goes_with(s, n->key))
			complain(r, n->key_at, "%s does not go with %s", n->key,
				s->name);
	}
	n = node_get(map, s->name);
	if (n != NULL)
		s->apply(r, map, n, d);
}

/* ---- stages ---- */

/* A copy of the world as it is now. */
static void snapshot(struct reader *r, const struct draft *d, struct stage *ret)
{
	struct server *servers =
		arena_array(r->arena, d->n_servers + 1u, sizeof(*servers));
	struct host *hosts = arena_array(r->arena, d->n_hosts + 1u, sizeof(*hosts));

	for (unsigned i = 0; i < d->n_servers; i++)
		servers[i] = d->servers[i].s;
	sign_servers(r, d, servers);
	for (unsigned i = 0; i < d->n_servers; i++)
		server_prepare(r->arena, &servers[i]);
	for (unsigned i = 0; i < d->n_hosts; i++)
		hosts[i] = d->hosts[i].h;
	ret->servers = servers;
	ret->n_servers = d->n_servers;
	ret->hosts = hosts;
	ret->n_hosts = d->n_hosts;
}

static void check_time(
	struct reader *r, const struct node *at, uint64_t last_us, int last_line)
{
	if (value_duration(at) > last_us)
		return;
	if (last_line == 0)
		complain(r, at->at, "a step is later than the start");
	else
		complain(r, at->at, "not later than the step before it, in line %d",
			last_line);
}

static void read_step(
	struct reader *r, const struct node *map, struct draft *d, struct stage *ret)
{
	const struct node *changes = node_get(map, "change");

	for (const struct node *c = values_first(changes); c != NULL;
		c = values_next(changes, c))
		apply_change(r, c, d);
	resolve_hosts(r, d, false);
	snapshot(r, d, ret);
	ret->at_us = value_duration(node_get(map, "at"));
	ret->title = value_text(r, map, "title", NULL);
	read_before(r, node_get(map, "before"), &ret->before, &ret->n_before);
	read_rows(r, node_get(map, "expect"), d, &ret->expect, &ret->n_expect);
	for (unsigned i = 0; i < ret->n_expect; i++)
		ret->says_mail |= ret->expect[i].has_mail;
}

void read_stages(
	struct reader *r, const struct node *doc, struct draft *d, struct scenario *s)
{
	const struct node *steps = node_get(doc, "steps");
	struct stage *stages =
		arena_array(r->arena, values_count(steps) + 1u, sizeof(*stages));
	unsigned n = 1;
	uint64_t last_us = 0;
	int last_line = 0;

	resolve_hosts(r, d, true);
	snapshot(r, d, &stages[0]);
	read_before(r, node_get(doc, "before"), &stages[0].before, &stages[0].n_before);
	for (const struct node *i = values_first(steps); i != NULL;
		i = values_next(steps, i)) {
		const struct node *at = node_get(i, "at");

		if (at != NULL) {
			check_time(r, at, last_us, last_line);
			last_us = value_duration(at);
			last_line = at->at.line;
		}
		read_step(r, i, d, &stages[n++]);
	}
	s->stages = stages;
	s->n_stages = n;
}
