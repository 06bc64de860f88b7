#include "server/live.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"

/* What several descriptions use: all that was there at first, or one changed zone. */
struct part {
	atomic_uint users;
	void (*release)(void *memory);
	void *memory;
};

struct live {
	struct arena *arena; /* the description's own arrays, and this */
	struct part *base;
	struct part **changed; /* for each zone; NULL: it is the base's */
	unsigned n;
};

static struct part *part_new(void (*release)(void *memory), void *memory)
{
	struct part *p = malloc(sizeof(*p));

	if (p == NULL)
		bug("out of memory");
	*p = (struct part){ .release = release, .memory = memory };
	atomic_init(&p->users, 1);
	return p;
}

static struct part *part_share(struct part *p)
{
	if (p != NULL)
		atomic_fetch_add(&p->users, 1);
	return p;
}

static void part_drop(struct part *p)
{
	if (p == NULL || atomic_fetch_sub(&p->users, 1) > 1)
		return;
	if (p->release != NULL)
		p->release(p->memory);
	free(p);
}

static void free_arena(void *memory)
{
	arena_free(memory);
}

static void live_release(void *memory)
{
	struct live *l = memory;

	for (unsigned i = 0; i < l->n; i++)
		part_drop(l->changed[i]);
	part_drop(l->base);
	arena_free(l->arena);
}

static struct live *live_new(struct arena *a, struct part *base, unsigned n)
{
	struct live *l = arena_alloc(a, sizeof(*l));

	*l = (struct live){ .arena = a, .base = base, .n = n };
	l->changed = arena_array(a, n, sizeof(struct part *));
	return l;
}

static void give_to(struct service_data *data, struct live *l)
{
	data->release = live_release;
	data->memory = l;
}

void live_begin(struct service_data *data)
{
	struct part *base = part_new(data->release, data->memory);

	give_to(data, live_new(arena_new(), base, data->server.n_zones));
}

void live_exchange(const struct service_data *data, const struct live_change *changes,
	unsigned n, struct service_data *ret)
{
	const struct live *old = data->memory;
	struct arena *a = arena_new();
	struct live *l = live_new(a, part_share(old->base), old->n);
	struct server_zone *zones =
		arena_memdup(a, data->server.zones, l->n * sizeof(*zones));

	for (unsigned i = 0; i < l->n; i++)
		l->changed[i] = part_share(old->changed[i]);
	for (unsigned i = 0; i < n; i++) {
		const struct live_change *c = &changes[i];

		zones[c->zone].zone = c->now;
		part_drop(l->changed[c->zone]);
		l->changed[c->zone] = part_new(free_arena, c->memory);
	}
	*ret = *data;
	ret->server.zones = zones;
	server_prepare(a, &ret->server);
	give_to(ret, l);
}
