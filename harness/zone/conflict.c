#include "zone/store.h"

#include "base/arena.h"

/* What may stand beside a CNAME: RFC 4035 2.5 for RRSIG and NSEC, RFC 2181 10.1 and RFC
 * 2535 2.3.5 for their predecessors KEY, SIG and NXT. */
bool zone_type_may_join_cname(uint16_t type)
{
	return type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_KEY ||
	       type == TYPE_SIG || type == TYPE_NXT;
}

struct finder {
	struct arena *a;
	struct zone *z;
	size_t room;
};

static void add(
	struct finder *f, uint32_t i, uint32_t j, const char *rule, const char *text)
{
	struct zone *z = f->z;

	if (z->n_conflicts == f->room) {
		size_t room = f->room == 0 ? 4 : f->room * 2;
		struct zone_conflict *list = arena_array(f->a, room, sizeof(*list));

		if (z->n_conflicts > 0)
			memcpy(list, z->conflicts, z->n_conflicts * sizeof(*list));
		z->conflicts = list;
		f->room = room;
	}
	z->conflicts[z->n_conflicts++] = (struct zone_conflict){
		.owner = z->rr[i].owner,
		.type = z->rr[j].type,
		.first = zone_place(z, i),
		.second = zone_place(z, j),
		.rule = rule,
		.text = text,
	};
}

static void second_of_its_type(struct finder *f, uint32_t first, uint32_t other)
{
	char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	const struct rr *rr = &f->z->rr[first];
	const char *rule = rr->type == TYPE_CNAME ? "RFC 2181 10.1" : "RFC 6672 2.4";

	add(f, first, other, rule,
		arena_printf(f->a, "two %s records at %s",
			rrtype_to_text(rr->type, type),
			name_to_text(rr->owner, owner)));
}

static void no_such_type(struct finder *f, uint32_t i)
{
	char owner[NAME_TEXT_MAX];

	add(f, i, i, "RFC 1035 3.2.2",
		arena_printf(f->a, "ALIAS at %s: there is no such record type",
			name_to_text(f->z->rr[i].owner, owner)));
}

static void beside_cname(struct finder *f, uint32_t cname, uint32_t other)
{
	char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	const struct rr *rr = &f->z->rr[other];

	add(f, cname, other, "RFC 1034 3.6.2",
		arena_printf(f->a, "CNAME and %s at %s", rrtype_to_text(rr->type, type),
			name_to_text(rr->owner, owner)));
}

static void look_at(struct finder *f, const struct node *node)
{
	const struct zone *z = f->z;
	struct rrset cnames = zone_node_rrset(z, node, TYPE_CNAME);
	uint32_t first_of_type = node->first;

	for (uint32_t i = node->first; i < node->first + node->n; i++) {
		uint16_t type = z->rr[i].type;
		bool repeated = i > node->first && z->rr[i - 1].type == type;

		if (!repeated)
			first_of_type = i;
		if (repeated && (type == TYPE_CNAME || type == TYPE_DNAME))
			second_of_its_type(f, first_of_type, i);
		else if (!repeated && type == TYPE_ALIAS)
			no_such_type(f, i);
		else if (!repeated && cnames.n > 0 && type != TYPE_CNAME &&
			 !zone_type_may_join_cname(type))
			beside_cname(f, (uint32_t)(cnames.rr - z->rr), i);
	}
}

void zone_find_conflicts(struct arena *a, struct zone *z)
{
	struct finder f = { .a = a, .z = z };

	for (uint32_t i = 0; i < z->n_nodes; i++) {
		if ((z->nodes[i].flags & (NODE_CNAME | NODE_DNAME | NODE_ALIAS)) != 0)
			look_at(&f, &z->nodes[i]);
	}
}
