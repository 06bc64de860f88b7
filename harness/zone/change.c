#include "zone/zone.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "zone/edit.h"
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

/* RFC 2136 3.4.2.3: the apex keeps its SOA and NS when the whole node is deleted. */
static bool is_kept(
	const struct zone_edit *e, const struct victim *v, const struct rr *rr)
{
	return v->type == 0 && (rr->type == TYPE_SOA || rr->type == TYPE_NS) &&
	       name_equal(v->owner, zone_edit_origin(e));
}

static void take_out(struct zone_edit *e, const struct victim *v)
{
	struct edit_node *node = zone_edit_node(e, v->owner);

	for (uint32_t i = node->n; i > 0; i--) {
		const struct rr *rr = &node->list[i - 1].rr;

		if ((v->type == 0 || v->type == rr->type) && !is_kept(e, v, rr))
			zone_edit_remove(e, node, i - 1);
	}
}

/* A zone has one SOA, so that adding one replaces it, too. */
static void put(struct zone_edit *e, enum zone_op op, const struct record_list *given)
{
	for (unsigned i = 0; i < given->n; i++) {
		const struct rr *rr = &given->rr[i];

		if (op == ZONE_SET || rr->type == TYPE_SOA)
			take_out(e, &(struct victim){ rr->owner, rr->type });
	}
	for (unsigned i = 0; i < given->n; i++)
		zone_edit_add(e, zone_edit_node(e, given->rr[i].owner), &given->rr[i],
			given->at[i]);
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
	struct damage none = { .mistakes = 0 };
	struct zone_edit *e = zone_edit_new(tmp, z);
	struct record_list given;
	struct victims victims;
	struct zone *changed;
	int rc = parse_change(tmp, z, op, &source, errs, &given, &victims);

	if (rc == 0) {
		for (size_t i = 0; i < victims.n; i++)
			take_out(e, &victims.list[i]);
		put(e, op, &given);
		if (!has_soa(&given))
			zone_edit_next_serial(e);
		changed = zone_edit_finish(a, e);
		rc = zone_check_apex(changed, &source, &none, errs);
		if (rc == 0)
			*ret = changed;
	}
	arena_free(tmp);
	return rc;
}
