#include "server/update.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/octets.h"
#include "dns/reader.h"
#include "zone/sign.h"

/* ---- reading ---- */

/* Types that are no data: 0, OPT, and the range of RFC 6895 3.1. */
static bool is_meta(uint16_t type)
{
	return type == 0 || type == TYPE_OPT || (type >= 128 && type <= TYPE_ANY);
}

/* RDATA in class ANY says nothing, and in class NONE only what is to be deleted. Where
 * it has no business, that is found by the rule about it, so it is kept as it is. */
static int read_record(
	struct reader *in, bool is_update, uint16_t class, struct update_record *ret)
{
	struct reader_record r;
	bool has_data;

	if (reader_record(in, &r) != 0)
		return -1;
	has_data = r.class == class || (r.class == CLASS_NONE && is_update);
	ret->class = r.class;
	if (has_data && !is_meta(r.type))
		return reader_rdata_strict(in, &r, &ret->rr);
	ret->rr = (struct rr){ .owner = r.owner,
		.type = r.type,
		.ttl = r.ttl,
		.rdata = r.rdata,
		.rdlen = r.rdlen };
	return 0;
}

static int read_section(struct reader *in, bool is_update, uint16_t class, unsigned n,
	struct update_section *ret)
{
	/* Each takes eleven octets at least: a count without records gets no memory. */
	if (n > (size_t)(in->end - in->at) / 11)
		return -1;
	ret->records = arena_array(in->arena, n, sizeof(*ret->records));
	ret->n = n;
	for (unsigned i = 0; i < n; i++) {
		if (read_record(in, is_update, class, &ret->records[i]) != 0)
			return -1;
	}
	return 0;
}

/* RFC 2136 3.1.1: one zone, named by its SOA. */
static int read_zone_section(struct reader *in, unsigned n, struct update *ret)
{
	if (n != 1)
		return -1;
	ret->zone = reader_name(in);
	if (ret->zone == NULL || in->end - in->at < 4 || get16(in->at) != TYPE_SOA)
		return -1;
	ret->class = get16(in->at + 2);
	in->at += 4;
	return 0;
}

static int skip_additional(struct reader *in, unsigned n)
{
	struct reader_record r;

	for (; n > 0; n--) {
		if (reader_record(in, &r) != 0)
			return -1;
	}
	return in->at == in->end ? 0 : -1;
}

uint16_t update_read(
	struct arena *a, const uint8_t *message, size_t len, struct update *ret)
{
	struct reader in = { a, message, message + READER_HEADER_LEN, message + len };

	if (len < READER_HEADER_LEN ||
		read_zone_section(&in, get16(message + 4), ret) != 0 ||
		read_section(&in, false, ret->class, get16(message + 6),
			&ret->prerequisites) != 0 ||
		read_section(&in, true, ret->class, get16(message + 8),
			&ret->updates) != 0 ||
		skip_additional(&in, get16(message + 10)) != 0)
		return RCODE_FORMERR;
	return RCODE_NOERROR;
}

/* ---- prerequisites (RFC 2136 3.2) ---- */

struct work {
	struct arena *arena;
	const struct update *u;
	struct zone_edit *e;
	const struct name *origin;
	bool has_new_serial;
};

static unsigned count_type(const struct edit_node *node, uint16_t type)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < node->n; i++)
		n += node->list[i].rr.type == type;
	return n;
}

/* RFC 2136 2.4.4, 2.4.5: a name is in use when it has a record; an empty non-terminal
 * is not, and wildcards do not count. */
static bool is_there(struct work *w, const struct rr *rr)
{
	const struct edit_node *node = zone_edit_look(w->e, rr->owner);

	return rr->type == TYPE_ANY ? node->n > 0 : count_type(node, rr->type) > 0;
}

/* RFC 2136 3.2.1 to 3.2.4, in the order of the checks in 3.2.5. */
static uint16_t check_prerequisite(struct work *w, const struct update_record *p)
{
	const struct rr *rr = &p->rr;
	bool any = rr->type == TYPE_ANY;

	if (rr->ttl != 0)
		return RCODE_FORMERR;
	if (!name_is_under(rr->owner, w->origin))
		return RCODE_NOTZONE;
	if (is_meta(rr->type) && !(any && p->class != w->u->class))
		return RCODE_FORMERR;
	if (p->class == w->u->class)
		return RCODE_NOERROR; /* one of a set: see check_sets() */
	if ((p->class != CLASS_ANY && p->class != CLASS_NONE) || rr->rdlen != 0)
		return RCODE_FORMERR;
	if (p->class == CLASS_ANY && !is_there(w, rr))
		return any ? RCODE_NXDOMAIN : RCODE_NXRRSET;
	if (p->class == CLASS_NONE && is_there(w, rr))
		return any ? RCODE_YXDOMAIN : RCODE_YXRRSET;
	return RCODE_NOERROR;
}

static int by_set(const void *x, const void *y)
{
	const struct rr *a = *(const struct rr *const *)x;
	const struct rr *b = *(const struct rr *const *)y;
	int c = name_compare(a->owner, b->owner);

	return c != 0 ? c : (a->type > b->type) - (a->type < b->type);
}

/* The n prerequisites and the zone's RRset are the same set; TTLs do not count. */
static bool is_the_set(
	const struct edit_node *node, const struct rr *const *set, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bool found = false;

		for (uint32_t j = 0; j < node->n && !found; j++)
			found = rr_equal_data(&node->list[j].rr, set[i]);
		if (!found)
			return false;
	}
	for (uint32_t j = 0; j < node->n; j++) {
		bool found = node->list[j].rr.type != set[0]->type;

		for (unsigned i = 0; i < n && !found; i++)
			found = rr_equal_data(&node->list[j].rr, set[i]);
		if (!found)
			return false;
	}
	return true;
}

/* RFC 2136 2.4.2: RRsets that exist with these values and no others. */
static uint16_t check_sets(struct work *w)
{
	const struct update_section *s = &w->u->prerequisites;
	const struct rr **all = arena_array(w->arena, s->n + 1u, sizeof(*all));
	unsigned n = 0, end;

	for (unsigned i = 0; i < s->n; i++) {
		if (s->records[i].class == w->u->class)
			all[n++] = &s->records[i].rr;
	}
	qsort(all, n, sizeof(*all), by_set);
	for (unsigned i = 0; i < n; i = end) {
		for (end = i + 1; end < n && by_set(&all[i], &all[end]) == 0;)
			end++;
		if (!is_the_set(zone_edit_look(w->e, all[i]->owner), all + i, end - i))
			return RCODE_NXRRSET;
	}
	return RCODE_NOERROR;
}

static uint16_t check_prerequisites(struct work *w)
{
	const struct update_section *s = &w->u->prerequisites;

	for (unsigned i = 0; i < s->n; i++) {
		uint16_t rcode = check_prerequisite(w, &s->records[i]);

		if (rcode != RCODE_NOERROR)
			return rcode;
	}
	return check_sets(w);
}

/* ---- prescan (RFC 2136 3.4.1) ---- */

static uint16_t prescan_record(const struct work *w, const struct update_record *r)
{
	bool any = r->rr.type == TYPE_ANY;

	if (!name_is_under(r->rr.owner, w->origin))
		return RCODE_NOTZONE;
	if (r->class == w->u->class && !is_meta(r->rr.type))
		/* Ours alone, of master files: on the wire that number is another's. */
		return r->rr.type == TYPE_ALIAS ? RCODE_REFUSED : RCODE_NOERROR;
	if (r->class == w->u->class || r->rr.ttl != 0)
		return RCODE_FORMERR;
	if (r->class == CLASS_ANY)
		return r->rr.rdlen != 0 || (is_meta(r->rr.type) && !any)
			       ? RCODE_FORMERR
			       : RCODE_NOERROR;
	if (r->class == CLASS_NONE && !is_meta(r->rr.type))
		return RCODE_NOERROR;
	return RCODE_FORMERR;
}

static uint16_t prescan(const struct work *w)
{
	for (unsigned i = 0; i < w->u->updates.n; i++) {
		uint16_t rcode = prescan_record(w, &w->u->updates.records[i]);

		if (rcode != RCODE_NOERROR)
			return rcode;
	}
	return RCODE_NOERROR;
}

/* ---- changes (RFC 2136 3.4.2) ---- */

static bool is_apex(const struct work *w, const struct rr *rr)
{
	return name_equal(rr->owner, w->origin);
}

static const struct rr *find_type(const struct edit_node *node, uint16_t type)
{
	for (uint32_t i = 0; i < node->n; i++) {
		if (node->list[i].rr.type == type)
			return &node->list[i].rr;
	}
	return NULL;
}

static bool has_data_beside_cname(const struct edit_node *node)
{
	for (uint32_t i = 0; i < node->n; i++) {
		uint16_t type = node->list[i].rr.type;

		if (type != TYPE_CNAME && !zone_type_may_join_cname(type))
			return true;
	}
	return false;
}

/* RFC 1982 3.2; two serials half the circle apart are not ordered. */
static bool serial_is_greater(uint32_t a, uint32_t b)
{
	return a != b && a - b < UINT32_C(0x80000000);
}

/* RFC 2136 3.4.2.2: what an update may not add is left out without a word. */
static bool is_ignored(const struct edit_node *node, const struct rr *rr)
{
	const struct rr *soa;

	if (rr->type == TYPE_CNAME)
		return has_data_beside_cname(node);
	if (!zone_type_may_join_cname(rr->type) && find_type(node, TYPE_CNAME) != NULL)
		return true;
	if (rr->type != TYPE_SOA)
		return false;
	soa = find_type(node, TYPE_SOA);
	return soa == NULL || !serial_is_greater(rr_soa_serial(rr), rr_soa_serial(soa));
}

#define WKS_KEY_LEN 5 /* address and protocol (RFC 1035 3.4.2) */

/* RFC 2136 3.4.2.2: the record that the new one stands in for. RFC 6672 5.2 says of
 * DNAME what 2136 says of CNAME. */
static bool replaces(const struct rr *rr, const struct rr *old)
{
	if (rr->type != old->type)
		return false;
	if (rr->type == TYPE_CNAME || rr->type == TYPE_DNAME || rr->type == TYPE_SOA)
		return true;
	if (rr->type == TYPE_WKS && rr->rdlen >= WKS_KEY_LEN &&
		old->rdlen >= WKS_KEY_LEN)
		return memcmp(rr->rdata, old->rdata, WKS_KEY_LEN) == 0;
	return rr_equal_data(rr, old);
}

/* RFC 2181 5.2: one TTL for the set; the newest is what the sender wants. The RRSIGs of
 * a name are not a set (RFC 4035 2.2). */
static void give_ttl(struct edit_node *node, const struct rr *rr)
{
	for (uint32_t i = 0; i < node->n && rr->type != TYPE_RRSIG; i++) {
		if (node->list[i].rr.type == rr->type)
			node->list[i].rr.ttl = rr->ttl;
	}
}

static void add(struct work *w, const struct rr *rr)
{
	struct edit_node *node = zone_edit_node(w->e, rr->owner);
	struct rr one = *rr;
	bool placed = false;

	if (is_ignored(node, rr))
		return;
	if (one.ttl > INT32_MAX)
		one.ttl = 0; /* RFC 2181 8 */
	for (uint32_t i = node->n; i > 0; i--) {
		struct rr *old = &node->list[i - 1].rr;

		if (!replaces(&one, old))
			continue;
		/* A zone as loaded may have two CNAMEs; an update leaves one. */
		if (placed) {
			zone_edit_remove(w->e, node, i - 1);
			continue;
		}
		one.owner = old->owner;
		*old = one;
		placed = true;
	}
	if (!placed)
		zone_edit_add(w->e, node, &one, (struct place){ 0 });
	give_ttl(node, &one);
	w->has_new_serial = w->has_new_serial || rr->type == TYPE_SOA;
}

/* RFC 2136 3.4.2.3: an RRset, or all of a name; the apex keeps its SOA and NS. */
static void delete_sets(struct work *w, const struct rr *rr)
{
	struct edit_node *node = zone_edit_node(w->e, rr->owner);
	bool apex = is_apex(w, rr);

	for (uint32_t i = node->n; i > 0; i--) {
		uint16_t type = node->list[i - 1].rr.type;

		if (rr->type != TYPE_ANY && rr->type != type)
			continue;
		if (!apex || (type != TYPE_SOA && type != TYPE_NS))
			zone_edit_remove(w->e, node, i - 1);
	}
}

/* RFC 2136 3.4.2.4: one record; not the SOA, and not the last NS of the zone. */
static void delete_record(struct work *w, const struct rr *rr)
{
	struct edit_node *node = zone_edit_node(w->e, rr->owner);

	if (rr->type == TYPE_SOA)
		return;
	if (rr->type == TYPE_NS && is_apex(w, rr) && count_type(node, TYPE_NS) == 1)
		return;
	for (uint32_t i = node->n; i > 0; i--) {
		if (rr_equal_data(&node->list[i - 1].rr, rr))
			zone_edit_remove(w->e, node, i - 1);
	}
}

static void change(struct work *w, const struct update_record *r)
{
	if (r->class == CLASS_ANY)
		delete_sets(w, &r->rr);
	else if (r->class == CLASS_NONE)
		delete_record(w, &r->rr);
	else
		add(w, &r->rr);
}

static bool is_too_large(const struct work *w, const struct update_record *r)
{
	return r->class == w->u->class &&
	       (zone_edit_records(w->e) > UPDATE_ZONE_MAX ||
		       zone_edit_look(w->e, r->rr.owner)->n > UPDATE_NAME_MAX);
}

static uint16_t change_all(struct work *w)
{
	for (unsigned i = 0; i < w->u->updates.n; i++) {
		const struct update_record *r = &w->u->updates.records[i];

		change(w, r);
		if (is_too_large(w, r)) {
			zone_edit_undo(w->e);
			return RCODE_REFUSED;
		}
	}
	/* RFC 2136 3.6. */
	if (!w->has_new_serial && zone_edit_differs(w->e))
		zone_edit_next_serial(w->e);
	return RCODE_NOERROR;
}

uint16_t update_apply(struct arena *a, const struct update *u, struct zone_edit *e)
{
	struct work w = { .arena = a, .u = u, .e = e, .origin = zone_edit_origin(e) };
	uint16_t rcode;

	zone_edit_begin(e);
	if (u->class != CLASS_IN || !name_equal(u->zone, w.origin))
		return RCODE_NOTAUTH;
	rcode = check_prerequisites(&w);
	if (rcode == RCODE_NOERROR)
		rcode = prescan(&w);
	if (rcode == RCODE_NOERROR)
		rcode = change_all(&w);
	return rcode;
}

bool update_is_possible(const struct zone *z)
{
	return !zone_is_signed_by_others(z);
}

struct zone *update_finish(
	struct arena *a, const struct zone *z, const struct zone_edit *e)
{
	struct zone *changed;
	struct arena *tmp;

	if (!zone_is_signed(z))
		return zone_edit_finish(a, e);
	tmp = arena_new();
	changed = zone_sign(a, zone_edit_finish(tmp, e), SIGN_PERIOD, NULL);
	arena_free(tmp);
	return changed;
}

uint16_t update_zone(struct arena *a, const struct zone *z, const uint8_t *message,
	size_t len, struct zone **ret_zone)
{
	struct arena *tmp = arena_new();
	struct zone_edit *e = zone_edit_new(tmp, z);
	struct update u;
	uint16_t rcode = update_read(tmp, message, len, &u);

	if (rcode == RCODE_NOERROR && !update_is_possible(z))
		rcode = RCODE_REFUSED;
	if (rcode == RCODE_NOERROR)
		rcode = update_apply(tmp, &u, e);
	if (rcode == RCODE_NOERROR)
		*ret_zone = zone_edit_differs(e) ? update_finish(a, z, e) : NULL;
	arena_free(tmp);
	return rcode;
}
