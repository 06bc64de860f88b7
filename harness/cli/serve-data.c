#include "cli/serve.h"

#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "cli/index.h"
#include "dns/idn.h"
#include "mta/profile.h"
#include "resolver/policy.h"
#include "run/drive.h"
#include "scenario/parse.h"
#include "zone/sign.h"

/* The services of a scenario share its arena: it goes with the last of them. */
struct serve_memory {
	atomic_uint users;
	struct arena *arena;
};

static void let_go(void *memory)
{
	struct serve_memory *m = memory;

	if (atomic_fetch_sub(&m->users, 1) == 1)
		arena_free(m->arena);
}

/* One share for each server, and one for the data itself. */
static void share(struct arena *a, struct serve_data *d)
{
	d->memory = arena_alloc(a, sizeof(*d->memory));
	d->memory->arena = a;
	atomic_init(&d->memory->users, d->n + 1);
	for (unsigned i = 0; i < d->n; i++) {
		d->list[i].release = let_go;
		d->list[i].memory = d->memory;
	}
}

void serve_data_clear(struct serve_data *d)
{
	let_go(d->memory);
}

void serve_data_discard(struct serve_data *d)
{
	for (unsigned i = 0; i < d->n; i++)
		let_go(d->memory);
	let_go(d->memory);
}

/* ---- what to try ---- */

static void set_example(struct arena *a, struct serve_data *d, unsigned server,
	const struct name *name, const char *type)
{
	d->example_server = server;
	d->example = arena_printf(a, "%s %s", name_text(a, name), type);
}

/* The first name with an MX, or else the zone itself. */
static void example_of_zone(struct arena *a, struct serve_data *d)
{
	const struct zone *z = d->list[0].server.zones[0].zone;
	struct zone_walk walk = { .zone = z };
	struct rr rr;

	while (zone_walk_next(&walk, &rr)) {
		if (rr.type == TYPE_MX) {
			set_example(a, d, 0, rr.owner, "MX");
			return;
		}
	}
	set_example(a, d, 0, zone_origin(z), "SOA");
}

/* The domain of a mail address, or NULL for one without a name in it. */
static const struct name *domain_of(struct arena *a, const char *address)
{
	const char *at = strrchr(address, '@'), *why, *ascii;

	if (at == NULL || at[1] == '[')
		return NULL;
	ascii = idn_to_ascii(a, at + 1);
	return ascii == NULL ? NULL : name_from_text(a, ascii, NULL, &why);
}

/* The server that knows most about the name: its zone is the longest. */
static void example_of_name(
	struct arena *a, struct serve_data *d, const struct name *name)
{
	struct question q = { name, TYPE_MX, CLASS_IN };
	int most = -1;

	for (unsigned i = 0; i < d->n; i++) {
		const struct answer_zone *zone =
			answer_zone_for(&d->list[i].server.every, &q);
		int labels =
			zone == NULL ? -1 : (int)name_labels(zone_origin(zone->zone));

		if (labels <= most)
			continue;
		most = labels;
		set_example(a, d, i, name, "MX");
	}
}

static void example_of_scenario(
	struct arena *a, struct serve_data *d, const struct scenario *s)
{
	for (unsigned i = 0; i < s->n_addresses && d->example == NULL; i++) {
		const struct name *name = domain_of(a, s->addresses[i].address);

		if (name != NULL)
			example_of_name(a, d, name);
	}
}

/* ---- signed zones ---- */

static void set_anchors(struct arena *a, struct serve_data *d)
{
	struct str s = STR_INIT;
	const struct zone **zones;
	size_t n = 0;

	for (unsigned i = 0; i < d->n; i++)
		n += d->list[i].server.n_zones;
	zones = arena_array(a, n, sizeof(*zones));
	n = 0;
	for (unsigned i = 0; i < d->n; i++) {
		const struct server *server = &d->list[i].server;

		for (unsigned k = 0; k < server->n_zones; k++)
			zones[n++] = server->zones[k].zone;
	}
	zone_put_anchors(&s, zones, n);
	d->anchors = arena_strndup(a, s.data, s.len);
	str_clear(&s);
}

/* ---- a scenario ---- */

static unsigned stage_at(const struct world *w, uint64_t at_us)
{
	unsigned stage = 0;

	while (stage + 1 < w->n_stages && w->stages[stage + 1].at_us <= at_us)
		stage++;
	return stage;
}

/* What flattens, or has an ALIAS, looks targets up in the scenario's own world, behind
 * a resolver that follows the standards. */
static struct server_upstream resolver_of_world(
	struct arena *a, const struct world *world, unsigned stage)
{
	struct drive *d = arena_alloc(a, sizeof(*d));

	drive_init(d, a, world, resolver_policy("ideal"), 0, NULL);
	if (stage > 0)
		drive_enter(d, stage);
	return d->upstream;
}

static void use_scenario(const struct serve_options *o, struct arena *a,
	const struct scenario *s, struct serve_data *ret)
{
	struct world *world = arena_alloc(a, sizeof(*world));
	const struct world_stage *stage;
	struct server_upstream upstream;
	unsigned at;

	world_build(a, s, world);
	at = stage_at(world, o->at_us);
	stage = &world->stages[at];
	upstream = resolver_of_world(a, world, at);
	ret->n = stage->n_servers;
	ret->list = arena_array(a, ret->n, sizeof(*ret->list));
	for (unsigned i = 0; i < ret->n; i++) {
		ret->list[i].server = stage->servers[i];
		ret->list[i].upstream = upstream;
	}
	example_of_scenario(a, ret, s);
}

static int load_scenario(const struct serve_options *o, struct arena *a,
	struct errs *errs, struct serve_data *ret)
{
	struct scenario *list = NULL;
	struct place at = { .file = o->file };
	unsigned n = 0;

	if (scenario_parse_file(a, o->file, profile_set_new(a), errs, &list, &n) != 0)
		return -1;
	if (n != 1) {
		errs_add(errs, at,
			n == 0 ? "no scenario in this file"
			       : "%u scenarios in this file; one can be served",
			n);
		return -1;
	}
	use_scenario(o, a, &list[0], ret);
	return 0;
}

/* ---- zones ---- */

static int load_zones(const struct serve_options *o, struct arena *a, struct errs *errs,
	struct serve_data *ret)
{
	ret->n = 1;
	ret->list = arena_alloc(a, sizeof(*ret->list));
	if (index_load(a, o->index, o->mode, errs, &ret->list[0].server) != 0)
		return -1;
	ret->list[0].server.name = "zones";
	server_prepare(a, &ret->list[0].server);
	example_of_zone(a, ret);
	return 0;
}

int serve_data_load(const struct serve_options *o, struct arena *a, struct errs *errs,
	struct serve_data *ret)
{
	*ret = (struct serve_data){ 0 };
	if ((o->file != NULL ? load_scenario : load_zones)(o, a, errs, ret) != 0 ||
		serve_give_keys(o, a, errs, ret) != 0)
		return -1;
	set_anchors(a, ret);
	share(a, ret);
	return 0;
}
