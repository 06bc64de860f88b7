#include "mta/machine.h"

#include "base/arena.h"

void lookup_begin(struct mta *m, const struct name *name, uint16_t type,
	unsigned rounds, bool searches)
{
	m->lookup = (struct lookup){
		.name = name,
		.base = name,
		.type = type,
		.rounds = (uint16_t)rounds,
		.searches = searches && m->setting->n_search > 0 && !name_is_root(name),
	};
}

/* The name with the next suffix of the search list; false: there is no further one.
 * glibc goes on after any failure of the name as it stands, and reports that failure
 * when no suffix helped (resolv/res_query.c, __res_context_search). */
static bool next_suffix(struct mta *m)
{
	struct lookup *l = &m->lookup;

	while (l->searches && l->suffix < m->setting->n_search) {
		const struct name *tail = m->setting->search[l->suffix++];
		const struct name *n =
			name_join(m->arena, l->base, name_labels(l->base), tail);

		if (n != NULL) {
			l->name = n;
			return true;
		}
	}
	return false;
}

/* What an answer holds for a name. */
struct view {
	bool wanted;		  /* records of the type */
	const struct name *owner; /* of these; NULL: anybody's count */
	const struct name *alias; /* else: where it leads, or NULL */
	unsigned hops;		  /* inside the answer */
};

/* Without an owner check every record counts, and of several aliases the last is
 * followed (Postfix dns/dns_lookup.c:1176, Exim src/dns.c:1078). */
static void view_any_owner(const struct section *an, uint16_t type, struct view *v)
{
	for (unsigned i = 0; i < an->n; i++) {
		const struct rr *rr = &an->rr[i];

		if (rr->type == type) {
			v->wanted = true;
		} else if (rr->type == TYPE_CNAME) {
			v->alias = rr_target(rr);
			v->hops = 1;
		}
	}
}

/* Records of one owner: how many are wanted, how many are aliases, and one of these. */
struct at_owner {
	unsigned wanted, aliases;
	const struct rr *alias;
};

static struct at_owner records_at(const struct mta *m, const struct section *an,
	uint16_t type, const struct name *owner)
{
	struct at_owner at = { 0 };

	for (unsigned i = 0; i < an->n; i++) {
		const struct rr *rr = &an->rr[i];

		if (rr->type == type && name_equal(rr->owner, owner)) {
			at.wanted++;
		} else if (rr->type == TYPE_CNAME && name_equal(rr->owner, owner)) {
			at.aliases++;
			if (at.alias == NULL)
				at.alias = rr;
		} else if (rr->type == TYPE_DNAME && m->p->stub->follow_dname &&
			   at.alias == NULL && name_is_under(owner, rr->owner) &&
			   !name_equal(owner, rr->owner)) {
			at.alias = rr;
		}
	}
	return at;
}

static void view_by_owner(
	struct mta *m, const struct section *an, uint16_t type, struct view *v)
{
	const struct name *at = m->lookup.name;

	/* A chain in one answer has no more hops than the answer has records. */
	for (unsigned i = 0; i <= an->n; i++) {
		struct at_owner o = records_at(m, an, type, at);
		bool take = o.wanted > 0;

		/* Courier shuffles the records and takes the first that fits
		 * (rfc1035search.c:144-150). */
		if (take && o.aliases > 0 && m->p->random_answer)
			take = rng_below(&m->rng, o.wanted + o.aliases) < o.wanted;
		if (take) {
			v->wanted = true;
			v->owner = at;
			return;
		}
		if (o.alias == NULL)
			return;
		if (o.alias->type == TYPE_DNAME)
			at = name_replace_suffix(
				m->arena, at, o.alias->owner, rr_target(o.alias));
		else
			at = rr_target(o.alias);
		if (at == NULL)
			return;
		v->alias = at;
		v->hops++;
	}
	/* Round and round inside the answer. */
	v->hops = HOPS_OVER;
}

/* qmail's buffer: the header, the question and the answer section must fit; what the
 * other sections hold is cut off without harm (qmail-1.03 dns.c:24,55). */
static bool is_over_limit(const struct mta *m, const struct msg *answer)
{
	struct msg bare;

	if (m->p->answer_limit == 0 || answer == NULL)
		return false;
	bare = *answer;
	bare.has_edns = false;
	bare.section[AUTHORITY].n = 0;
	bare.section[ADDITIONAL].n = 0;
	return msg_size(&bare) > m->p->answer_limit;
}

static bool settle(struct mta *m, struct found *f, enum outcome o)
{
	struct lookup *l = &m->lookup;

	if (o != OUTCOME_SUCCESS) {
		if (!l->has_first) {
			l->has_first = true;
			l->first = (uint8_t)o;
		}
		if (next_suffix(m)) {
			TRACE(m, "search-list", "%s: trying %s",
				outcome_name((enum outcome)l->first),
				name_text(m->arena, l->name));
			return false;
		}
		o = (enum outcome)l->first;
	}
	f->outcome = o;
	return true;
}

static bool follow(struct mta *m, const struct name *to)
{
	struct lookup *l = &m->lookup;

	TRACE(m, "R3", "CNAME found: asking again for %s", name_text(m->arena, to));
	l->name = l->base = to;
	l->suffix = 0;
	l->has_first = false;
	return false;
}

bool lookup_feed(struct mta *m, const struct msg *answer, struct found *f)
{
	const struct mta_profile *p = m->p;
	struct lookup *l = &m->lookup;
	enum outcome o = stub_outcome(p->stub, answer, l->type);
	struct view v = { 0 };

	*f = (struct found){ .answer = answer };
	if (is_over_limit(m, answer)) {
		TRACE(m, "answer-limit", "the answer is over %u octets",
			p->answer_limit);
		o = OUTCOME_TRY_AGAIN;
	}
	if (o != OUTCOME_SUCCESS)
		return settle(m, f, o);
	if (p->owner_check || p->stub->owner_check)
		view_by_owner(m, &answer->section[ANSWER], l->type, &v);
	else
		view_any_owner(&answer->section[ANSWER], l->type, &v);
	f->owner = v.owner;
	if (p->hop_count == HOPS_ALL && l->rounds > 0 && v.hops > 0) {
		l->hops = (uint16_t)(l->hops + v.hops);
		f->loop = l->hops > l->rounds;
	} else if (!v.wanted && v.alias != NULL && l->rounds > 0) {
		f->loop = v.hops == HOPS_OVER || ++l->hops > l->rounds;
	}
	if (f->loop) {
		TRACE(m, "cname-rounds", "more aliases than it follows (%u)",
			l->rounds);
		f->outcome = OUTCOME_NO_DATA;
		return true;
	}
	if (v.wanted)
		return settle(m, f, OUTCOME_SUCCESS);
	f->alias_only = v.alias != NULL;
	if (v.alias != NULL && l->rounds > 0)
		return follow(m, v.alias);
	return settle(m, f, v.alias != NULL ? OUTCOME_SUCCESS : OUTCOME_NO_DATA);
}
