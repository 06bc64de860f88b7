#include "zone/zone.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "zone/lex.h"
#include "zone/load.h"
#include "zone/store.h"

/* ---- owners and types to delete ---- */

/* One line of a ZONE_DELETE; type 0 is the whole node. */
struct victim {
	const struct name *owner;
	uint16_t type;
};

struct victims {
	struct victim *list;
	size_t n, room;
};

/* The i-th word of a line, as text; NULL when there is none. */
static char *word(
	struct arena *a, const char *line, size_t len, unsigned i, size_t *ret_at)
{
	size_t at = 0;

	for (;; i--) {
		size_t n;

		while (at < len && strchr(" \t\r", line[at]) != NULL)
			at++;
		for (n = 0; at + n < len; n++) {
			if (strchr(" \t\r;", line[at + n]) != NULL)
				break;
		}
		if (n == 0)
			return NULL;
		*ret_at = at;
		if (i == 0)
			return arena_strndup(a, line + at, n);
		at += n;
	}
}

struct line {
	struct input in;
	const char *text;
	size_t len;
};

static int parse_victim(struct arena *a, const struct line *l, struct victim *ret)
{
	const struct zone_source *s = l->in.source;
	size_t start = (size_t)(l->text - l->in.text), at = 0;
	const char *owner = word(a, l->text, l->len, 0, &at), *type, *why;

	ret->owner = name_from_text(a, owner, s->origin, &why);
	ret->type = 0;
	if (ret->owner == NULL) {
		input_mistake(&l->in, start + at, "\"%.80s\": %s", owner, why);
		return -1;
	}
	if (!name_is_under(ret->owner, s->origin)) {
		input_mistake(&l->in, start + at, "%.200s is outside the zone", owner);
		return -1;
	}
	type = word(a, l->text, l->len, 1, &at);
	if (type == NULL)
		return 0;
	ret->type = rrtype_from_text(type);
	if (ret->type == 0) {
		input_unknown_type(&l->in, start + at, type);
		return -1;
	}
	if (word(a, l->text, l->len, 2, &at) != NULL) {
		input_mistake(
			&l->in, start + at, "only an owner and a type stand here");
		return -1;
	}
	return 0;
}

static void add_victim(struct arena *a, struct victims *v, struct victim one)
{
	if (v->n == v->room) {
		struct victim *old = v->list;

		v->room = v->n == 0 ? 4 : v->n * 2;
		v->list = arena_array(a, v->room, sizeof(*v->list));
		if (v->n > 0)
			memcpy(v->list, old, v->n * sizeof(*old));
	}
	v->list[v->n++] = one;
}

static int parse_victims(struct arena *a, const struct zone_source *s,
	struct errs *errs, struct victims *ret)
{
	struct damage damage = { .mistakes = 0 };
	struct line l = {
		.in = { .source = s,
			.errs = errs,
			.damage = &damage,
			.text = s->text,
			.len = s->len,
			.next_line = 1 },
	};

	for (size_t at = 0; at < s->len; at += l.len + 1) {
		const char *end = memchr(s->text + at, '\n', s->len - at);
		struct victim one;
		size_t first;

		l.text = s->text + at;
		l.len = end == NULL ? s->len - at : (size_t)(end - l.text);
		if (word(a, l.text, l.len, 0, &first) != NULL &&
			parse_victim(a, &l, &one) == 0)
			add_victim(a, ret, one);
	}
	return damage.mistakes == 0 ? 0 : -1;
}

/* ---- the changed zone ---- */

struct change {
	struct zone_build *build;
	const struct zone *z;
	enum zone_op op;
	const struct record_list *given;
	const struct victims *victims;
	bool soa_given;
};

/* RFC 2136 3.4.2.3: the apex keeps its SOA and NS when the whole node is deleted. */
static bool is_victim(const struct change *c, const struct rr *rr)
{
	for (size_t i = 0; i < c->victims->n; i++) {
		const struct victim *v = &c->victims->list[i];

		if ((v->type != 0 && v->type != rr->type) ||
			!name_equal(v->owner, rr->owner))
			continue;
		if (v->type == 0 && (rr->type == TYPE_SOA || rr->type == TYPE_NS) &&
			name_equal(rr->owner, zone_origin(c->z)))
			continue;
		return true;
	}
	return false;
}

static bool is_replaced(const struct change *c, const struct rr *rr)
{
	if (rr->type == TYPE_SOA && c->soa_given)
		return true;
	for (unsigned i = 0; c->op == ZONE_SET && i < c->given->n; i++) {
		if (c->given->rr[i].type == rr->type &&
			name_equal(c->given->rr[i].owner, rr->owner))
			return true;
	}
	return false;
}

/* RFC 1982 3.1. */
static void put_next_serial(uint8_t *rdata, uint16_t rdlen, uint32_t serial)
{
	uint8_t *p = rdata + rdlen - 20;

	serial++;
	p[0] = (uint8_t)(serial >> 24);
	p[1] = (uint8_t)(serial >> 16);
	p[2] = (uint8_t)(serial >> 8);
	p[3] = (uint8_t)serial;
}

static void add_soa(struct change *c, const struct rr *soa, struct place at)
{
	uint8_t rdata[2 * NAME_WIRE_MAX + 20];
	struct rr rr = *soa;

	memcpy(rdata, soa->rdata, soa->rdlen);
	put_next_serial(rdata, soa->rdlen, rr_soa_serial(soa));
	rr.rdata = rdata;
	zone_build_add(c->build, &rr, at);
}

static void copy_records(struct change *c)
{
	const struct zone *z = c->z;

	for (uint32_t i = 0; i < z->n_rr; i++) {
		uint32_t at = z->by_file == NULL ? i : z->by_file[i];
		const struct rr *rr = &z->rr[at];

		if (is_victim(c, rr) || is_replaced(c, rr))
			continue;
		if (rr->type == TYPE_SOA && !c->soa_given)
			add_soa(c, rr, zone_place(z, at));
		else
			zone_build_add(c->build, rr, zone_place(z, at));
	}
	for (unsigned i = 0; i < c->given->n; i++)
		zone_build_add(c->build, &c->given->rr[i], c->given->at[i]);
}

static bool has_soa(const struct record_list *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		if (l->rr[i].type == TYPE_SOA)
			return true;
	}
	return false;
}

static uint32_t apex_ttl(const struct zone *z)
{
	struct rrset soa = zone_node_rrset(z, z->nodes, TYPE_SOA);

	return soa.n > 0 ? soa.rr->ttl : LOAD_DEFAULT_TTL;
}

static int parse_change(struct arena *tmp, const struct zone *z, enum zone_op op,
	const struct zone_source *source, struct errs *errs,
	struct record_list *ret_given, struct victims *ret_victims)
{
	*ret_given = (struct record_list){ .n = 0 };
	*ret_victims = (struct victims){ .n = 0 };
	if (op == ZONE_DELETE)
		return parse_victims(tmp, source, errs, ret_victims);
	return load_records(tmp, source, apex_ttl(z), errs, ret_given);
}

int zone_change(struct arena *a, const struct zone *z, enum zone_op op,
	const char *text, struct place at, struct errs *errs, struct zone **ret)
{
	struct zone_source source = {
		.origin = z->origin, .text = text, .len = strlen(text), .at = at
	};
	struct arena *tmp = arena_new();
	struct change c = { .z = z, .op = op };
	struct damage none = { .mistakes = 0 };
	struct record_list given;
	struct victims victims;
	struct zone *changed;
	int rc = parse_change(tmp, z, op, &source, errs, &given, &victims);

	if (rc == 0) {
		c.given = &given;
		c.victims = &victims;
		c.soa_given = has_soa(&given);
		c.build = zone_build_new(a, z->origin, z->n_rr * 64u + source.len);
		copy_records(&c);
		changed = zone_build_finish(c.build);
		zone_build_free(c.build);
		rc = zone_check_apex(changed, &source, &none, errs);
		if (rc == 0)
			*ret = changed;
	}
	arena_free(tmp);
	return rc;
}
