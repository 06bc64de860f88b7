#include "zone/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "dns/dnssec.h"

/* Enough names for a scenario's zone without growing. */
#define NODES_FIRST 32
/* Blobs are as large as the text of a small zone, and no larger than this: what is left
 * of the last is lost. */
#define BLOB_MAX (64 * 1024)
/* The parser counts included files and stops before this. */
#define TEXTS_MAX UINT16_MAX
/* Below this many records, comparing each with each beats sorting. */
#define SMALL_SET 16

struct record {
	struct rr rr;
	uint32_t node;
	uint32_t line;
	uint16_t text;
	bool dropped;
};

/* While names come in, the whole hash stands beside the index. */
struct slot {
	uint32_t hash;
	uint32_t node; /* index + 1; 0 is free */
};

/* Customers share targets: RDATA that was stored a while ago is not stored again. One
 * for each hash is remembered, the last. Shorter RDATA is not worth it. */
#define SHARED_MIN 16
#define SHARED_MAX 4096
#define SHARED_RDLEN_MIN 8

struct shared {
	const uint8_t *rdata;
	uint16_t rdlen;
};

struct zone_build {
	struct arena *a;
	const struct name *origin;
	uint8_t *at, *end; /* free room of the newest blob */
	size_t blob;
	struct node *nodes;
	uint32_t n_nodes, nodes_room;
	uint8_t max_labels;
	struct slot *slots;
	uint32_t mask;
	struct record *records;
	uint32_t n, room;
	uint32_t last; /* node of the record before: most owners repeat */
	struct origin_text *texts;
	uint16_t n_texts;
	struct origin_text last_text; /* as given with the record before */
	uint16_t last_text_index;
	struct shared *shared;
	size_t shared_mask;
};

static void *grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (p == NULL)
		bug("out of memory (%zu times %zu bytes)", n, size);
	return p;
}

static void *keep(struct zone_build *b, const void *data, size_t n)
{
	void *p;

	if ((size_t)(b->end - b->at) < n) {
		size_t size = n > b->blob ? n : b->blob;

		b->at = arena_alloc_raw(b->a, size);
		b->end = b->at + size;
	}
	p = b->at;
	if (n > 0)
		memcpy(p, data, n);
	b->at += n;
	return p;
}

static void index_node(struct zone_build *b, struct slot slot)
{
	uint32_t at = slot.hash & b->mask;

	while (b->slots[at].node != 0)
		at = (at + 1) & b->mask;
	b->slots[at] = slot;
}

/* At most half full: a miss costs one or two probes. */
static void grow_nodes(struct zone_build *b)
{
	struct slot *old = b->slots;
	size_t n_old = old == NULL ? 0 : (size_t)b->mask + 1;

	if (b->nodes_room > UINT32_MAX / 4)
		bug("more than a billion names in a zone");
	b->nodes_room = b->nodes_room == 0 ? NODES_FIRST : b->nodes_room * 2;
	b->nodes = grow(b->nodes, b->nodes_room, sizeof(*b->nodes));
	b->mask = b->nodes_room * 2 - 1;
	b->slots = calloc((size_t)b->mask + 1, sizeof(*b->slots));
	if (b->slots == NULL)
		bug("out of memory");
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].node != 0)
			index_node(b, old[i]);
	}
	free(old);
}

static uint32_t find(const struct zone_build *b, const struct name *name, uint32_t hash)
{
	for (uint32_t at = hash & b->mask;; at = (at + 1) & b->mask) {
		const struct slot *slot = &b->slots[at];

		if (slot->node == 0)
			return NODE_NONE;
		if (slot->hash == hash &&
			name_equal(b->nodes[slot->node - 1].owner, name))
			return slot->node - 1;
	}
}

static uint32_t add_node(
	struct zone_build *b, const struct name *name, uint32_t hash, uint32_t parent)
{
	struct node *node;

	if (b->n_nodes == b->nodes_room)
		grow_nodes(b);
	node = &b->nodes[b->n_nodes];
	*node = (struct node){ .owner = name, .parent = parent };
	if (parent == NODE_NONE) {
		node->labels = (uint8_t)name_labels(name);
	} else {
		node->labels = (uint8_t)(b->nodes[parent].labels + 1);
		if (name_is_wildcard(name))
			b->nodes[parent].flags |= NODE_WILDCARD;
	}
	if (node->labels > b->max_labels)
		b->max_labels = node->labels;
	index_node(b, (struct slot){ hash, ++b->n_nodes });
	return b->n_nodes - 1;
}

/* The node of the name, made with all its ancestors when new. A parent's index is
 * always below its children's. */
static uint32_t intern(struct zone_build *b, const struct name *name)
{
	const struct name *missing[NAME_LABELS_MAX + 1];
	uint32_t hashes[NAME_LABELS_MAX + 1];
	uint32_t hash = name_hash(name), node = find(b, name, hash);
	unsigned n = 0;

	if (node != NODE_NONE)
		return node;
	name = keep(b, name, name_len(name));
	for (; node == NODE_NONE; n++) {
		missing[n] = name;
		hashes[n] = hash;
		name = name_parent(name);
		hash = name_hash(name);
		node = find(b, name, hash);
	}
	while (n-- > 0)
		node = add_node(b, missing[n], hashes[n], node);
	return node;
}

struct zone_build *zone_build_new(
	struct arena *a, const struct name *origin, size_t octets)
{
	struct zone_build *b = calloc(1, sizeof(*b));

	if (b == NULL)
		bug("out of memory");
	b->a = a;
	b->blob = octets < 512 ? 512 : octets > BLOB_MAX ? BLOB_MAX : octets;
	b->origin = keep(b, origin, name_len(origin));
	b->shared_mask = SHARED_MIN - 1;
	while (b->shared_mask + 1 < SHARED_MAX && b->shared_mask < octets / 64)
		b->shared_mask = b->shared_mask << 1 | 1;
	b->shared = calloc(b->shared_mask + 1, sizeof(*b->shared));
	if (b->shared == NULL)
		bug("out of memory");
	grow_nodes(b);
	add_node(b, b->origin, name_hash(b->origin), NODE_NONE);
	return b;
}

void zone_build_free(struct zone_build *b)
{
	if (b == NULL)
		return;
	free(b->nodes);
	free(b->slots);
	free(b->records);
	free(b->texts);
	free(b->shared);
	free(b);
}

static bool same_text(const struct origin_text *a, const struct place *b)
{
	return a->col == b->col &&
	       (a->file == b->file || (a->file != NULL && b->file != NULL &&
					      strcmp(a->file, b->file) == 0));
}

static uint16_t find_text(struct zone_build *b, const struct place *at)
{
	for (uint16_t i = b->n_texts; i > 0; i--) {
		if (same_text(&b->texts[i - 1], at))
			return (uint16_t)(i - 1);
	}
	if (b->n_texts == TEXTS_MAX)
		return TEXTS_MAX - 1;
	b->texts = grow(b->texts, b->n_texts + 1u, sizeof(*b->texts));
	b->texts[b->n_texts] = (struct origin_text){
		.file = at->file == NULL ? NULL : arena_strdup(b->a, at->file),
		.col = at->col,
	};
	return b->n_texts++;
}

static uint16_t text_index(struct zone_build *b, const struct place *at)
{
	if (b->n_texts == 0 || b->last_text.file != at->file ||
		b->last_text.col != at->col) {
		b->last_text_index = find_text(b, at);
		b->last_text = (struct origin_text){ at->file, at->col };
	}
	return b->last_text_index;
}

static size_t hash_octets(const uint8_t *p, size_t n)
{
	uint64_t h = n;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v;

		memcpy(&v, p, 8);
		h = (h ^ v) * UINT64_C(0xbf58476d1ce4e5b9);
		h ^= h >> 32;
	}
	for (; n > 0; n--)
		h = (h ^ *p++) * UINT64_C(0x94d049bb133111eb);
	return (size_t)(h ^ h >> 29);
}

static const uint8_t *keep_rdata(struct zone_build *b, const struct rr *rr)
{
	struct shared *s;

	if (rr->rdlen < SHARED_RDLEN_MIN)
		return keep(b, rr->rdata, rr->rdlen);
	s = &b->shared[hash_octets(rr->rdata, rr->rdlen) & b->shared_mask];
	if (s->rdlen != rr->rdlen || memcmp(s->rdata, rr->rdata, rr->rdlen) != 0)
		*s = (struct shared){ keep(b, rr->rdata, rr->rdlen), rr->rdlen };
	return s->rdata;
}

void zone_build_add(struct zone_build *b, const struct rr *rr, struct place at)
{
	struct record *r;

	if (b->n == b->room) {
		if (b->room > UINT32_MAX / 2)
			bug("more than two billion records in a zone");
		b->room = b->room == 0 ? NODES_FIRST : b->room * 2;
		b->records = grow(b->records, b->room, sizeof(*b->records));
	}
	if (!name_equal(b->nodes[b->last].owner, rr->owner))
		b->last = intern(b, rr->owner);
	r = &b->records[b->n++];
	*r = (struct record){
		.rr = *rr,
		.node = b->last,
		.line = (uint32_t)at.line,
		.text = text_index(b, &at),
	};
	r->rr.owner = b->nodes[b->last].owner;
	r->rr.rdata = keep_rdata(b, rr);
	b->nodes[b->last].n++;
}

/* ---- finishing ---- */

/* One RRset of one node: record indexes in the order of the file. */
struct set {
	struct record *records;
	uint32_t *index;
	uint32_t n;
};

/* What the records of a node are sorted by: records with the same are one RRset. */
static uint32_t set_key(const struct rr *rr)
{
	uint32_t key = (uint32_t)rr->type << 16;

	return rr->type == TYPE_RRSIG ? key | rrsig_covers(rr) : key;
}

static int by_set(const void *x, const void *y, void *ctx)
{
	const struct record *records = ctx;
	uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
	uint32_t a = set_key(&records[i].rr), b = set_key(&records[j].rr);

	if (a != b)
		return a < b ? -1 : 1;
	return i < j ? -1 : i > j;
}

static void sort_small(const struct record *records, uint32_t *index, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		uint32_t one = index[i], j = i, key = set_key(&records[one].rr);

		while (j > 0 && set_key(&records[index[j - 1]].rr) > key) {
			index[j] = index[j - 1];
			j--;
		}
		index[j] = one;
	}
}

/* A total order in which equal records are neighbours. */
static int by_data(const void *x, const void *y, void *ctx)
{
	const struct record *records = ctx;
	uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
	int c = rr_compare_data(&records[i].rr, &records[j].rr);

	return c != 0 ? c : i < j ? -1 : i > j;
}

/* A big set is sorted, so that a hostile zone costs n log n. */
static void drop_duplicates_sorted(const struct set *s)
{
	uint32_t *index = grow(NULL, s->n, sizeof(*index));
	struct record *r = s->records;

	memcpy(index, s->index, s->n * sizeof(*index));
	qsort_r(index, s->n, sizeof(*index), by_data, r);
	for (uint32_t i = 1; i < s->n; i++)
		r[index[i]].dropped =
			rr_equal_data(&r[index[i]].rr, &r[index[i - 1]].rr);
	free(index);
}

static void drop_duplicates(const struct set *s)
{
	if (s->n > SMALL_SET) {
		drop_duplicates_sorted(s);
		return;
	}
	for (uint32_t i = 1; i < s->n; i++) {
		struct record *r = &s->records[s->index[i]];

		for (uint32_t j = 0; j < i && !r->dropped; j++)
			r->dropped = rr_equal_data(&r->rr, &s->records[s->index[j]].rr);
	}
}

/* RFC 2181 5.2: the records of a set are never sent with different TTLs, and who gets
 * such a set takes the lowest. So do we, as NSD 4.6 does (BIND takes the first, Knot
 * the last); nothing is then cached longer than any line of the file says. */
static void level_ttl(const struct set *s)
{
	uint32_t ttl = s->records[s->index[0]].rr.ttl;

	for (uint32_t i = 1; i < s->n; i++) {
		if (s->records[s->index[i]].rr.ttl < ttl)
			ttl = s->records[s->index[i]].rr.ttl;
	}
	for (uint32_t i = 0; i < s->n; i++)
		s->records[s->index[i]].rr.ttl = ttl;
}

static uint8_t flag_of(uint16_t type, bool at_apex)
{
	switch (type) {
	case TYPE_CNAME:
		return NODE_CNAME;
	case TYPE_DNAME:
		return NODE_DNAME;
	case TYPE_ALIAS:
		return NODE_ALIAS;
	case TYPE_NS:
		return at_apex ? 0 : NODE_CUT;
	default:
		return 0;
	}
}

static void finish_node(struct zone_build *b, struct node *node, uint32_t *index)
{
	if (node->n > SMALL_SET)
		qsort_r(index, node->n, sizeof(*index), by_set, b->records);
	else
		sort_small(b->records, index, node->n);
	for (uint32_t i = 0, end; i < node->n; i = end) {
		struct set s = { b->records, index + i, 1 };
		const struct rr *first = &b->records[index[i]].rr;

		for (end = i + 1; end < node->n; end++) {
			if (set_key(&b->records[index[end]].rr) != set_key(first))
				break;
		}
		s.n = end - i;
		node->flags |= flag_of(first->type, node->parent == NODE_NONE);
		if (s.n > 1) {
			drop_duplicates(&s);
			level_ttl(&s);
		}
	}
}

/* Record indexes grouped by node, in the order of the file within each. */
static uint32_t *group_by_node(struct zone_build *b)
{
	uint32_t *index = grow(NULL, b->n + 1u, sizeof(*index));
	uint32_t first = 0;

	for (uint32_t i = 0; i < b->n_nodes; i++) {
		b->nodes[i].first = first;
		first += b->nodes[i].n;
		b->nodes[i].n = 0;
	}
	for (uint32_t i = 0; i < b->n; i++) {
		struct node *node = &b->nodes[b->records[i].node];

		index[node->first + node->n++] = i;
	}
	return index;
}

/* Copies the records that stay into the zone; at[i] becomes the place of record i. */
static void lay_out(
	struct zone_build *b, struct zone *z, const uint32_t *index, uint32_t *at)
{
	z->rr = arena_alloc_raw(b->a, b->n * sizeof(*z->rr));
	z->lines = arena_alloc_raw(b->a, b->n * sizeof(*z->lines));
	if (b->n_texts > 1)
		z->text_of = arena_alloc_raw(b->a, b->n * sizeof(*z->text_of));
	for (uint32_t i = 0; i < b->n_nodes; i++) {
		struct node *node = &b->nodes[i];
		uint32_t from = node->first, n = node->n;

		node->first = z->n_rr;
		for (uint32_t j = from; j < from + n; j++) {
			const struct record *r = &b->records[index[j]];

			at[index[j]] = r->dropped ? NODE_NONE : z->n_rr;
			if (r->dropped)
				continue;
			z->rr[z->n_rr] = r->rr;
			z->lines[z->n_rr] = r->line;
			if (z->text_of != NULL)
				z->text_of[z->n_rr] = r->text;
			z->n_rr++;
		}
		node->n = z->n_rr - node->first;
	}
}

/* The order of zone_each(): the apex, then as in the file. */
static void order_by_file(struct zone_build *b, struct zone *z, const uint32_t *at)
{
	uint32_t *order = grow(NULL, z->n_rr + 1u, sizeof(*order));
	bool plain = true;
	uint32_t n = 0;

	for (int others = 0; others < 2; others++) {
		for (uint32_t i = 0; i < b->n; i++) {
			if (at[i] == NODE_NONE || (b->records[i].node != 0) != others)
				continue;
			plain = plain && at[i] == n;
			order[n++] = at[i];
		}
	}
	if (!plain)
		z->by_file = arena_memdup(b->a, order, n * sizeof(*order));
	free(order);
}

/* What lies below a delegation or a DNAME (RFC 6672 2.4) is not served. */
static void mark_occluded(struct zone_build *b)
{
	for (uint32_t i = 1; i < b->n_nodes; i++) {
		uint8_t above = b->nodes[b->nodes[i].parent].flags;

		if ((above & (NODE_CUT | NODE_DNAME | NODE_OCCLUDED)) != 0)
			b->nodes[i].flags |= NODE_OCCLUDED;
	}
}

/* The slots in the form that they have for good. */
static void pack_slots(const struct zone_build *b, struct zone *z)
{
	z->mask = b->mask;
	z->index_mask = 1;
	while (z->index_mask < b->n_nodes)
		z->index_mask = z->index_mask << 1 | 1;
	z->slots = arena_alloc_raw(b->a, ((size_t)b->mask + 1) * sizeof(*z->slots));
	for (size_t i = 0; i <= b->mask; i++) {
		const struct slot *from = &b->slots[i];

		z->slots[i] = from->node == 0
				      ? 0
				      : (from->hash & ~z->index_mask) | from->node;
	}
}

static void copy_index(struct zone_build *b, struct zone *z)
{
	z->origin = b->origin;
	z->origin_len = name_len(b->origin);
	z->n_nodes = b->n_nodes;
	z->max_labels = b->max_labels;
	z->nodes = arena_memdup(b->a, b->nodes, b->n_nodes * sizeof(*b->nodes));
	z->texts = arena_memdup(b->a, b->texts, b->n_texts * sizeof(*b->texts));
	pack_slots(b, z);
}

struct zone *zone_build_finish(struct zone_build *b)
{
	struct zone *z = arena_alloc(b->a, sizeof(*z));
	uint32_t *index = group_by_node(b);
	uint32_t *at = grow(NULL, b->n + 1u, sizeof(*at));

	for (uint32_t i = 0; i < b->n_nodes; i++)
		finish_node(b, &b->nodes[i], index + b->nodes[i].first);
	lay_out(b, z, index, at);
	order_by_file(b, z, at);
	mark_occluded(b);
	copy_index(b, z);
	zone_find_chain(b->a, z);
	zone_find_conflicts(b->a, z);
	free(index);
	free(at);
	return z;
}
