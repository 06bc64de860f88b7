#include "resolver/scrub.h"

#include "base/arena.h"

static unsigned section_length(const struct section *s)
{
	return s->n < SCRUB_RECORDS_MAX ? s->n : SCRUB_RECORDS_MAX;
}

/* One record joins the set: borrowed as long as the set lies in one piece. */
static void put_own(struct arena *a, struct section *own, const struct rr *rr)
{
	struct msg m;

	if (own->n == 0) {
		/* Written through only after msg_add() made a copy, as room is 0. */
		*own = (struct section){ .rr = (struct rr *)(uintptr_t)rr, .n = 1 };
		return;
	}
	if (own->room == 0 && own->rr + own->n == rr) {
		own->n++;
		return;
	}
	m.section[ANSWER] = *own;
	msg_add(&m, a, ANSWER, rr);
	*own = m.section[ANSWER];
}

void scrub_answer(struct arena *a, const struct msg *m, const struct name *zone,
	const struct name *name, uint16_t type, struct at_name *ret)
{
	const struct section *s = &m->section[ANSWER];
	unsigned n = section_length(s);

	*ret = (struct at_name){ .own = { 0 } };
	if (n == 0 || !name_is_under(name, zone))
		return;
	for (unsigned i = 0; i < n; i++) {
		const struct rr *rr = &s->rr[i];

		if (rr->type == type || type == TYPE_ANY) {
			if (!name_equal(rr->owner, name))
				continue;
			ret->own_first = ret->own_first || ret->cname == NULL;
			put_own(a, &ret->own, rr);
		} else if (rr->type == TYPE_CNAME) {
			if (ret->cname == NULL && name_equal(rr->owner, name))
				ret->cname = rr;
		} else if (rr->type == TYPE_DNAME && ret->dname == NULL) {
			if (scrub_goes_down(name, rr->owner) &&
				name_is_under(rr->owner, zone))
				ret->dname = rr;
		}
	}
}

const struct rr *scrub_soa(
	const struct msg *m, const struct name *zone, const struct name *name)
{
	const struct section *s = &m->section[AUTHORITY];

	for (unsigned i = 0; i < section_length(s); i++) {
		const struct rr *rr = &s->rr[i];

		if (rr->type == TYPE_SOA && name_is_under(name, rr->owner) &&
			name_is_under(rr->owner, zone))
			return rr;
	}
	return NULL;
}

const struct name *scrub_ns_owner(const struct msg *m, const struct name *name)
{
	const struct section *s = &m->section[AUTHORITY];

	for (unsigned i = 0; i < section_length(s); i++) {
		if (s->rr[i].type == TYPE_NS && name_is_under(name, s->rr[i].owner))
			return s->rr[i].owner;
	}
	return NULL;
}

bool scrub_goes_down(const struct name *owner, const struct name *zone)
{
	return name_len(owner) > name_len(zone) && name_is_under(owner, zone);
}
