#include "zone/store.h"

#include "base/arena.h"
#include "zone/load.h"

struct checker {
	const struct zone *z;
	const struct zone_source *source;
	struct errs *errs;
	int rc;
};

static bool in_source(const struct checker *c, struct place at)
{
	const char *file = c->source->at.file;

	return at.line > 0 &&
	       (at.file == NULL || file == NULL ? at.file == file
						: strcmp(at.file, file) == 0);
}

/* A mistake at the record. Only the source's own text is still there to quote. */
static void blame(struct checker *c, uint32_t record, const char *text)
{
	struct place at = zone_place(c->z, record);
	struct err *e;

	if (at.file != NULL)
		at.file = arena_strdup(c->errs->arena, at.file);
	e = errs_add(c->errs, at, "%s", text);
	if (c->source->whole != NULL && in_source(c, at))
		err_source(c->errs, e, c->source->whole, c->source->whole_len);
	c->rc = -1;
}

static void missing(struct checker *c, const char *text)
{
	char origin[NAME_TEXT_MAX];

	errs_add(c->errs, c->source->at, "the zone %s has no %s",
		name_to_text(c->z->origin, origin), text);
	c->rc = -1;
}

static void look_for_stray_soa(struct checker *c)
{
	const struct zone *z = c->z;
	char owner[NAME_TEXT_MAX];

	for (uint32_t i = z->nodes[0].first + z->nodes[0].n; i < z->n_rr; i++) {
		if (z->rr[i].type == TYPE_SOA)
			blame(c, i,
				arena_printf(c->errs->arena,
					"SOA at %s, which is not the zone's apex",
					name_to_text(z->rr[i].owner, owner)));
	}
}

int zone_check_apex(const struct zone *z, const struct zone_source *source,
	const struct damage *damage, struct errs *errs)
{
	struct checker c = { .z = z, .source = source, .errs = errs };
	struct rrset soa = zone_node_rrset(z, &z->nodes[0], TYPE_SOA);

	if (z->n_rr == 0 && damage->mistakes == 0) {
		missing(&c, "records; the first is its SOA (RFC 1035 5.2)");
		return c.rc;
	}
	if (soa.n == 0 && !damage->soa)
		missing(&c, "SOA record (RFC 1035 5.2)");
	for (unsigned i = 1; i < soa.n; i++)
		blame(&c, (uint32_t)(soa.rr - z->rr) + i,
			"a second SOA record (RFC 1035 5.2)");
	if (zone_node_rrset(z, &z->nodes[0], TYPE_NS).n == 0 && !damage->ns)
		missing(&c, "NS record at its apex (RFC 1034 4.2.1)");
	look_for_stray_soa(&c);
	return c.rc;
}
