#include "mta/machine.h"

#include "base/arena.h"

bool searches_mx(const struct mta *m)
{
	enum search s = m->p->search;

	return s == SEARCH_MX || s == SEARCH_BOTH || s == SEARCH_DOMAIN;
}

bool searches_addresses(const struct mta *m)
{
	enum search s = m->p->search;

	return s == SEARCH_ADDRESSES || s == SEARCH_BOTH ||
	       (s == SEARCH_DOMAIN && m->implicit);
}

/* Is the name right below the domain of the client's host? */
static bool is_neighbour(const struct mta *m, const struct name *n)
{
	const struct mta_setting *s = m->setting;

	return s->n_self_names > 0 && !name_is_root(n) && name_labels(n) > 1 &&
	       name_labels(s->self_names[0]) > 1 &&
	       name_equal(name_parent(n), name_parent(s->self_names[0]));
}

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
	m->lookup.shortened = m->p->short_name && type != TYPE_MX &&
			      m->lookup.searches && is_neighbour(m, name);
}

/* sendmail takes its own domain off a name that failed, and looks for what is left
 * (conf.c shorten_hostname()); resolvers try a single label as it stands last. */
static bool last_as_it_stands(struct mta *m)
{
	struct lookup *l = &m->lookup;

	if (!l->searches || !l->shortened)
		return false;
	l->shortened = false;
	l->name = name_join(m->arena, l->base, 1, name_root);
	return l->name != NULL;
}

/* The name with the next suffix of the search list; false: there is no further one.
 * glibc goes on after any failure of the name as it stands, and reports that failure
 * when no suffix helped (resolv/res_query.c, __res_context_search). */
static bool next_suffix(struct mta *m)
{
	struct lookup *l = &m->lookup;

	while (l->searches && l->suffix < m->setting->n_search) {
		const struct name *tail = m->setting->search[l->suffix++];
		unsigned labels = l->shortened ? 1 : name_labels(l->base);
		const struct name *n = name_join(m->arena, l->base, labels, tail);

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
	struct section records;	  /* where these stand */
	const struct name *owner; /* of these; NULL: all of the section count */
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

/* Do the name's own records count, or does its alias lead on? */
static bool takes_own(struct mta *m, const struct at_owner *o)
{
	if (o->wanted == 0)
		return false;
	/* Courier shuffles the records and takes the first that fits
	 * (rfc1035search.c:144-150). */
	if (o->aliases > 0 && m->p->random_answer)
		return rng_below(&m->rng, o->wanted + o->aliases) < o->wanted;
	return o->alias == NULL || m->p->stub->view != VIEW_ALIAS;
}

static void view_by_owner(
	struct mta *m, const struct section *an, uint16_t type, struct view *v)
{
	const struct name *at = m->lookup.name;

	/* A chain in one answer has no more hops than the answer has records. */
	for (unsigned i = 0; i <= an->n; i++) {
		struct at_owner o = records_at(m, an, type, at);

		if (takes_own(m, &o)) {
			v->wanted = true;
			v->owner = at;
			return;
		}
		if (o.alias == NULL || m->p->stub->view == VIEW_NAME)
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

static bool has_alias(const struct section *an)
{
	for (unsigned i = 0; i < an->n; i++) {
		if (an->rr[i].type == TYPE_CNAME)
			return true;
	}
	return false;
}

/* Copies the records of the type that one of two names owns (the second may be NULL).
 */
static void keep(struct section *to, const struct section *an, uint16_t type,
	const struct name *one, const struct name *other)
{
	for (unsigned i = 0; i < an->n; i++) {
		const struct rr *rr = &an->rr[i];

		if (rr->type == type &&
			(name_equal(rr->owner, one) ||
				(other != NULL && name_equal(rr->owner, other))))
			to->rr[to->n++] = *rr;
	}
}

/* One reading from the first record to the last, in which aliases move the name on.
 * Ruby takes records on the way, and only when there were none those of the last name
 * that stood before its alias (resolv.rb extract_resources); hickory takes those of the
 * first and of the last name, wherever they stand (caching_client.rs:255-370). */
static void view_in_order(
	struct mta *m, const struct section *an, uint16_t type, struct view *v)
{
	const struct name *name = m->lookup.name, *at = name;
	bool both = m->p->stub->view == VIEW_BOTH;
	struct section kept = {
		.rr = arena_alloc_raw(m->arena, an->n * sizeof(*kept.rr)),
	};

	for (unsigned i = 0; i < an->n; i++) {
		const struct rr *rr = &an->rr[i];

		if (!name_equal(rr->owner, at))
			continue;
		if (rr->type == TYPE_CNAME) {
			v->alias = at = rr_target(rr);
			v->hops++;
		} else if (rr->type == type && !both) {
			kept.rr[kept.n++] = *rr;
		}
	}
	if (both || kept.n == 0)
		keep(&kept, an, type, at, both ? name : NULL);
	v->wanted = kept.n > 0;
	v->records = kept;
}

static void view_answer(
	struct mta *m, const struct section *an, uint16_t type, struct view *v)
{
	const struct stub_row *s = m->p->stub;

	v->records = *an;
	if (!m->p->owner_check && !s->owner_check)
		view_any_owner(an, type, v);
	else if ((s->view == VIEW_ORDER || s->view == VIEW_BOTH) && has_alias(an))
		view_in_order(m, an, type, v);
	else
		view_by_owner(m, an, type, v);
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
		if (!l->has_first || (m->p->stub->last_counts && l->type == TYPE_MX)) {
			l->has_first = true;
			l->first = (uint8_t)o;
		}
		if (next_suffix(m) || last_as_it_stands(m)) {
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

/* Counts the aliases of an answer. True: there are more than the client, or its
 * library, follows. */
static bool is_too_long(struct mta *m, const struct view *v, struct found *f)
{
	const struct mta_profile *p = m->p;
	struct lookup *l = &m->lookup;

	l->chain = (uint16_t)(l->chain + v->hops);
	if (p->stub->hops_max > 0 && l->chain > p->stub->hops_max) {
		TRACE(m, "stub", "more aliases than its library follows (%u)",
			p->stub->hops_max);
		f->outcome = p->stub->too_long;
		f->loop = f->outcome == OUTCOME_NO_DATA;
		return true;
	}
	if (l->rounds == 0 || v->hops == 0)
		return false;
	if (p->hop_count == HOPS_ALL)
		f->loop = l->chain > l->rounds;
	else if (!v->wanted)
		f->loop = v->hops == HOPS_OVER || ++l->hops > l->rounds;
	if (f->loop) {
		TRACE(m, "cname-rounds", "more aliases than it follows (%u)",
			l->rounds);
		f->outcome = OUTCOME_NO_DATA;
	}
	return f->loop;
}

/* Neither the wanted type nor an alias came. */
static enum outcome nothing_wanted(
	const struct mta *m, const struct section *an, struct found *f)
{
	static const enum outcome foreign[] = {
		[FOREIGN_NOTHING] = OUTCOME_NO_DATA,
		[FOREIGN_SOFT] = OUTCOME_TRY_AGAIN,
		[FOREIGN_ABSENT] = OUTCOME_HOST_NOT_FOUND,
	};

	f->foreign = an->n > 0;
	return f->foreign ? foreign[m->p->foreign_answer] : OUTCOME_NO_DATA;
}

bool lookup_feed(struct mta *m, const struct msg *answer, struct found *f)
{
	const struct mta_profile *p = m->p;
	struct lookup *l = &m->lookup;
	enum outcome o = stub_outcome(p->stub, answer, l->type);
	const struct section *an = answer != NULL ? &answer->section[ANSWER] : NULL;
	struct view v = { 0 };

	*f = (struct found){ .answer = answer };
	if (is_over_limit(m, answer)) {
		TRACE(m, "answer-limit", "the answer is over %u octets",
			p->answer_limit);
		o = OUTCOME_TRY_AGAIN;
	}
	if (o == OUTCOME_NO_DATA && answer != NULL && answer->rcode == RCODE_NOERROR)
		o = nothing_wanted(m, an, f);
	if (o != OUTCOME_SUCCESS || an == NULL)
		return settle(m, f, o);
	view_answer(m, an, l->type, &v);
	f->records = v.records;
	f->owner = v.owner;
	if (is_too_long(m, &v, f))
		return true;
	if (v.wanted)
		return settle(m, f, OUTCOME_SUCCESS);
	f->alias_only = v.alias != NULL;
	if (v.alias != NULL && l->rounds > 0)
		return follow(m, v.alias);
	return settle(
		m, f, v.alias != NULL ? OUTCOME_SUCCESS : nothing_wanted(m, an, f));
}
