#include "resolver/cache.h"

#include "base/arena.h"

/* Fits a cold resolution of one mail case without growing. */
#define CACHE_SLOTS_FIRST 32

#define SECOND_US UINT64_C(1000000)

void cache_init(struct cache *c, struct arena *a, const struct resolver_policy *policy)
{
	*c = (struct cache){ .arena = a, .policy = policy };
}

static struct cache_slot *find_slot(
	const struct cache *c, uint32_t hash, const struct name *name)
{
	for (unsigned at = hash & (c->room - 1);; at = (at + 1) & (c->room - 1)) {
		struct cache_slot *s = &c->slots[at];

		if (s->node == NULL ||
			(s->hash == hash && name_equal(s->node->name, name)))
			return s;
	}
}

struct node *cache_node(const struct cache *c, const struct name *name)
{
	return c->room == 0 ? NULL : find_slot(c, name_hash(name), name)->node;
}

static void grow(struct cache *c)
{
	struct cache_slot *old = c->slots;
	unsigned n = c->room;

	c->room = n == 0 ? CACHE_SLOTS_FIRST : n * 2;
	c->slots = arena_array(c->arena, c->room, sizeof(*c->slots));
	for (unsigned i = 0; i < n; i++) {
		unsigned at = old[i].hash & (c->room - 1);

		if (old[i].node == NULL)
			continue;
		while (c->slots[at].node != NULL)
			at = (at + 1) & (c->room - 1);
		c->slots[at] = old[i];
	}
}

/* The node of the name, made when missing; NULL when the cache is full. */
static struct node *make_node(struct cache *c, const struct name *name)
{
	uint32_t hash = name_hash(name);
	struct cache_slot *s;

	if (c->n * 4 >= c->room * 3)
		grow(c);
	s = find_slot(c, hash, name);
	if (s->node == NULL && c->n < CACHE_NAMES_MAX) {
		s->hash = hash;
		s->node = arena_alloc_raw(c->arena, sizeof(*s->node));
		*s->node = (struct node){ .name = name };
		c->n++;
	}
	return s->node;
}

/* The kinds that are answers to a question about the name share one place a type. */
static bool is_apart(enum entry_kind kind)
{
	return kind >= ENTRY_CUT;
}

static bool same_place(const struct entry *e, enum entry_kind kind, uint16_t type)
{
	return e->type == type &&
	       (is_apart(kind) ? e->kind == kind : !is_apart(e->kind));
}

static struct entry *find(const struct node *node, enum entry_kind kind, uint16_t type)
{
	struct entry *e = node == NULL ? NULL : node->entries;

	while (e != NULL && !same_place(e, kind, type))
		e = e->next;
	return e;
}

struct entry *node_entry(
	const struct node *node, enum entry_kind kind, uint16_t type, uint64_t now_us)
{
	struct entry *e = find(node, kind, type);

	return e != NULL && now_us < e->expires_us ? e : NULL;
}

struct entry *node_answer(const struct node *node, uint16_t type, uint64_t now_us)
{
	return node_entry(node, ENTRY_DATA, type, now_us);
}

static void link_entry(struct node *node, struct entry *e)
{
	struct entry **at = &node->entries;

	while (*at != NULL && !same_place(*at, e->kind, e->type))
		at = &(*at)->next;
	/* Replaced by a new object: the old one may be in use in this question. */
	if (*at != NULL)
		*at = (*at)->next;
	e->next = node->entries;
	node->entries = e;
}

struct entry *cache_put(struct cache *c, const struct name *name, enum entry_kind kind,
	uint16_t type, uint32_t ttl, uint64_t now_us)
{
	struct entry *e = arena_alloc_raw(c->arena, sizeof(*e));
	struct node *node;

	if (c->policy->whole_seconds)
		now_us -= now_us % SECOND_US;
	*e = (struct entry){
		.stored_us = now_us,
		.expires_us = now_us + ttl * SECOND_US,
		.kind = (uint8_t)kind,
		.type = type,
		.order = ++c->order,
	};
	node = ttl == 0 ? NULL : make_node(c, name);
	if (node != NULL)
		link_entry(node, e);
	return e;
}

struct entry *cache_put_memo(struct cache *c, struct node *node, uint16_t type)
{
	struct entry *e = find(node, ENTRY_MEMO, type);

	if (e != NULL)
		return e;
	e = arena_alloc(c->arena, sizeof(*e));
	e->kind = ENTRY_MEMO;
	e->type = type;
	link_entry(node, e);
	return e;
}

uint32_t cache_ttl(const struct cache *c, uint32_t ttl)
{
	if (ttl > INT32_MAX)
		ttl = 0;
	if (ttl < c->policy->ttl_min)
		ttl = c->policy->ttl_min;
	return ttl > c->policy->ttl_max ? c->policy->ttl_max : ttl;
}

uint32_t entry_age(const struct entry *e, uint64_t now_us)
{
	return (uint32_t)((now_us - e->stored_us) / SECOND_US);
}
