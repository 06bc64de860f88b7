#include "dns/writer.h"

#include <string.h>

#include "base/octets.h"

/* An offset must fit 14 bits. */
#define OFFSET_MAX 0x3fff
/* A name that meets this many others on its way is written without a pointer: longer,
 * never wrong. */
#define PROBES_MAX 8

void writer_init(struct writer *w, uint8_t *buf, size_t limit)
{
	w->buf = buf;
	w->len = WRITER_HEADER_LEN;
	w->limit = limit;
	w->n_known = 0;
	w->has_slots = false;
}

bool writer_put(struct writer *w, const void *data, size_t n)
{
	if (w->limit - w->len < n)
		return false;
	if (n > 0)
		memcpy(w->buf + w->len, data, n);
	w->len += n;
	return true;
}

bool writer_put16(struct writer *w, unsigned v)
{
	if (w->limit - w->len < 2)
		return false;
	set16(w->buf + w->len, v);
	w->len += 2;
	return true;
}

void writer_cut(struct writer *w, size_t len)
{
	w->len = len;
}

/* ---- names by their memory ---- */

/* The offset where the name stands already, or 0. */
static unsigned find_known(const struct writer *w, const struct name *n)
{
	const uint8_t *p = name_wire(n);

	for (unsigned i = 0; i < w->n_known; i++) {
		const struct writer_known *k = &w->known[i];

		if (p >= k->from && p < k->split)
			return (unsigned)(k->at + (p - k->from));
		/* Where the tail goes on, nobody remembers. */
		if (p == k->split && k->tail != 0)
			return k->tail;
	}
	return 0;
}

static void add_known(struct writer *w, struct writer_known k)
{
	if (w->n_known < WRITER_KNOWN &&
		(size_t)k.at + (size_t)(k.split - k.from) <= OFFSET_MAX)
		w->known[w->n_known++] = k;
}

/* ---- few names: each is compared ---- */

/* Up to here comparing beats hashing. */
#define FEW 4

/* The longest tail of the name that stands in the message: where, and the first octet
 * of the name that is part of it. */
static unsigned compare_known(
	const struct writer *w, const struct name *n, const uint8_t **ret_from)
{
	unsigned best = 0, at = 0;

	for (unsigned i = 0; i < w->n_known; i++) {
		const struct writer_known *k = &w->known[i];
		const struct name *here, *there;
		unsigned common =
			name_common_suffix(n, name_at(k->from), &here, &there);
		const uint8_t *p;

		/* What lies inside the tail of a name is found in the name whose it is.
		 */
		if (common <= best || (p = name_wire(there)) > k->split)
			continue;
		best = common;
		at = p < k->split ? (unsigned)(k->at + (p - k->from)) : k->tail;
		*ret_from = name_wire(here);
	}
	return at;
}

/* ---- many names: by their labels ---- */

static uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* Of the label, and of what stands behind it. Both ends of a long label do: what is
 * found is compared. */
static uint64_t hash_label(const uint8_t *label, uint64_t rest)
{
	size_t n = label[0];
	uint64_t v = n;

	label++;
	if (n >= 8)
		v ^= load(label, 8) ^
		     (load(label + n - 8, 8) << 17 | load(label + n - 8, 8) >> 47);
	else if (n >= 4)
		v ^= load(label, 4) << 8 ^ load(label + n - 4, 4) << 32;
	else
		v ^= (uint64_t)label[0] << 8 ^ (uint64_t)label[n / 2] << 16 ^
		     (uint64_t)label[n - 1] << 24;
	rest = (rest ^ v) * UINT64_C(0xbf58476d1ce4e5b9);
	return rest ^ rest >> 32;
}

/* Where the name goes on behind the label at the offset; 0 is the root. */
static unsigned behind(const struct writer *w, unsigned at)
{
	const uint8_t *p = w->buf + at;

	p += 1 + *p;
	if (*p == 0)
		return 0;
	if ((*p & 0xc0) == 0xc0)
		return get16(p) & OFFSET_MAX;
	return (unsigned)(p - w->buf);
}

/* The slot of the suffix: of one that is written, or a free one; NULL when neither is
 * near. `rest` is where its tail stands. */
static uint16_t *find_slot(
	struct writer *w, uint64_t hash, const uint8_t *label, unsigned rest)
{
	unsigned at = hash % WRITER_SLOTS;

	for (unsigned i = 0; i < PROBES_MAX; i++, at = (at + 1) % WRITER_SLOTS) {
		uint16_t *slot = &w->slot[at];

		if (*slot == 0 || (memcmp(w->buf + *slot, label, 1u + label[0]) == 0 &&
					  behind(w, *slot) == rest))
			return slot;
	}
	return NULL;
}

/* The labels of a name, first label first. */
static unsigned split_name(
	const struct name *n, const uint8_t *labels[NAME_LABELS_MAX + 1])
{
	const uint8_t *p = name_wire(n);
	unsigned count = 0;

	while (*p != 0) {
		labels[count++] = p;
		p += 1 + *p;
	}
	labels[count] = p;
	return count;
}

/* Remembers the suffixes that begin in the literal part of a name. */
static void add_slots(struct writer *w, const struct writer_known *k)
{
	const uint8_t *labels[NAME_LABELS_MAX + 1];
	unsigned count = split_name(name_at(k->from), labels), rest = 0;
	uint64_t hash = 0;

	while (count-- > 0) {
		uint16_t *slot;

		hash = hash_label(labels[count], hash);
		if (labels[count] >= k->split) {
			rest = k->tail;
			continue;
		}
		slot = find_slot(w, hash, labels[count], rest);
		rest = k->at + (unsigned)(labels[count] - k->from);
		if (slot != NULL && *slot == 0)
			*slot = (uint16_t)rest;
	}
}

/* What was written before there were many. */
static void fill_slots(struct writer *w)
{
	memset(w->slot, 0, sizeof(w->slot));
	w->has_slots = true;
	for (unsigned i = 0; i < w->n_known; i++)
		add_slots(w, &w->known[i]);
}

/* The labels of a name that is being written; of them the first `own` have no
 * counterpart in the message, the others stand at `tail`. */
struct new_name {
	const uint8_t *labels[NAME_LABELS_MAX + 1];
	unsigned count, own, tail;
	uint64_t hash;	/* of the last label without a counterpart */
	uint16_t *slot; /* for it, or NULL */
};

static void find_tail(struct writer *w, const struct name *n, struct new_name *ret)
{
	ret->own = ret->count = split_name(n, ret->labels);
	ret->tail = 0;
	ret->hash = 0;
	ret->slot = NULL;
	for (; ret->own > 0; ret->own--) {
		const uint8_t *label = ret->labels[ret->own - 1];

		ret->hash = hash_label(label, ret->hash);
		ret->slot = find_slot(w, ret->hash, label, ret->tail);
		if (ret->slot == NULL || *ret->slot == 0)
			return;
		ret->tail = *ret->slot;
	}
}

/* Remembers the suffixes that were new, shortest first; the name stands at `at`. */
static void add_new_slots(struct writer *w, struct new_name *n, unsigned at)
{
	unsigned rest = n->tail;

	for (unsigned i = n->own; i-- > 0;) {
		unsigned here = at + (unsigned)(n->labels[i] - n->labels[0]);

		if (i + 1 < n->own) {
			n->hash = hash_label(n->labels[i], n->hash);
			n->slot = find_slot(w, n->hash, n->labels[i], rest);
		}
		if (n->slot != NULL && *n->slot == 0)
			*n->slot = (uint16_t)here;
		rest = here;
	}
}

/* So many octets of the name, then a pointer to the tail, or the root. */
static bool put_split(struct writer *w, const uint8_t *from, size_t own, unsigned tail)
{
	size_t at = w->len;

	if (!writer_put(w, from, own))
		return false;
	if (tail == 0 ? !writer_put(w, name_root, 1) : !writer_put16(w, 0xc000u | tail))
		return false;
	if (at + own <= OFFSET_MAX)
		add_known(w, (struct writer_known){
				     from, from + own, (uint16_t)at, (uint16_t)tail });
	return true;
}

static bool put_among_few(struct writer *w, const struct name *name)
{
	const uint8_t *from = name_wire(name), *rest = NULL;
	unsigned tail = compare_known(w, name, &rest);
	size_t own = rest == NULL ? name_len(name) - 1 : (size_t)(rest - from);

	return put_split(w, from, own, tail);
}

static bool put_among_many(struct writer *w, const struct name *name)
{
	size_t at = w->len, own;
	struct new_name n;

	if (!w->has_slots)
		fill_slots(w);
	find_tail(w, name, &n);
	own = (size_t)(n.labels[n.own] - n.labels[0]);
	if (!put_split(w, n.labels[0], own, n.tail))
		return false;
	if (at + own <= OFFSET_MAX)
		add_new_slots(w, &n, (unsigned)at);
	return true;
}

static bool put_name(struct writer *w, const struct name *n)
{
	unsigned at;

	if (name_is_root(n))
		return writer_put(w, n, 1);
	at = find_known(w, n);
	if (at != 0)
		return writer_put16(w, 0xc000u | at);
	return w->n_known <= FEW ? put_among_few(w, n) : put_among_many(w, n);
}

/* ---- records ---- */

bool writer_question(
	struct writer *w, const struct name *name, uint16_t type, uint16_t class)
{
	size_t n = name_len(name);
	uint8_t *p = w->buf + w->len;

	if (w->limit - w->len < n + 4)
		return false;
	memcpy(p, name, n);
	set16(p + n, type);
	set16(p + n + 2, class);
	/* The root is no name to point at. */
	if (n > 1)
		add_known(w, (struct writer_known){ name_wire(name),
				     name_wire(name) + n - 1, (uint16_t)w->len, 0 });
	w->len += n + 4;
	return true;
}

bool writer_rdata_layout(uint16_t type, unsigned *skip, unsigned *names)
{
	*skip = 0;
	*names = 1;
	switch (type) {
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME:
		return true;
	case TYPE_MX:
		*skip = 2;
		return true;
	case TYPE_SRV:
		*skip = 6;
		return true;
	case TYPE_SOA:
		*names = 2;
		return true;
	default:
		return false;
	}
}

static bool put_rdata(
	struct writer *w, uint16_t type, const uint8_t *rdata, uint16_t rdlen)
{
	const uint8_t *p = rdata;
	unsigned skip, names;

	/* RFC 3597 4: only the types of RFC 1035 may be compressed. */
	if (type == TYPE_DNAME || type == TYPE_SRV ||
		!writer_rdata_layout(type, &skip, &names))
		return writer_put(w, rdata, rdlen);
	if (!writer_put(w, p, skip))
		return false;
	p += skip;
	for (unsigned i = 0; i < names; i++) {
		if (!put_name(w, name_at(p)))
			return false;
		p += name_len(name_at(p));
	}
	return writer_put(w, p, (size_t)(rdata + rdlen - p));
}

bool writer_record(struct writer *w, const struct name *owner, uint16_t type,
	uint32_t ttl, const uint8_t *rdata, uint16_t rdlen)
{
	uint8_t *p;
	size_t from;

	if (!put_name(w, owner) || w->limit - w->len < 10)
		return false;
	p = w->buf + w->len;
	set16(p, type);
	set16(p + 2, CLASS_IN);
	set16(p + 4, ttl >> 16);
	set16(p + 6, ttl & 0xffff);
	w->len += 10;
	from = w->len;
	if (!put_rdata(w, type, rdata, rdlen))
		return false;
	set16(p + 8, (unsigned)(w->len - from));
	return true;
}
