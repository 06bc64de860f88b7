#include "resolver/machine.h"

#include <string.h>

#include "base/arena.h"

struct resolver *resolver_new(struct arena *a, const struct resolver_policy *policy,
	const struct resolver_hints *hints, uint64_t seed, struct trace *trace)
{
	struct resolver *r = arena_alloc(a, sizeof(*r));

	r->arena = a;
	r->policy = policy;
	r->hints = hints;
	r->trace = trace;
	r->rng.state = seed;
	r->frames[0] = &r->first;
	r->done = true;
	cache_init(&r->cache, a, policy);
	return r;
}

unsigned resolver_exchanges(const struct resolver *r)
{
	return r->exchanges;
}

const struct msg *resolver_answer(const struct resolver *r)
{
	return &r->answer;
}

/* ---- frames ---- */

void frame_init(struct frame *f, const struct name *name, uint16_t type)
{
	*f = (struct frame){
		.qname = name,
		.sname = name,
		.type = type,
		.same_until_us = UINT64_MAX,
		.why = SHOWN_FAILURE,
	};
}

void frame_finish(struct frame *f, uint16_t rcode)
{
	f->rcode = rcode;
	f->state = FRAME_DONE;
}

bool frame_uses_cache(const struct resolver *r, const struct frame *f)
{
	return !r->policy->forwards || (f == &r->first && !f->went_upstream);
}

static void limit_sameness(struct frame *f, const struct entry *e, uint32_t age)
{
	uint64_t next = e->stored_us + (age + UINT64_C(1)) * 1000000;

	if (next < f->same_until_us)
		f->same_until_us = next;
	if (e->expires_us < f->same_until_us)
		f->same_until_us = e->expires_us;
}

/* To the answer that is being made, with the TTLs of now. */
static void add_aged(
	struct resolver *r, enum section_id id, const struct entry *e, uint32_t age)
{
	for (unsigned i = 0; i < e->n; i++) {
		struct rr rr = e->rr[i];
		uint32_t ttl = cache_ttl(&r->cache, rr.ttl);

		rr.ttl = ttl > age ? ttl - age : 0;
		msg_add(&r->answer, r->arena, id, &rr);
	}
}

void frame_emit(struct resolver *r, struct frame *f, const struct entry *e)
{
	uint32_t age = entry_age(e, r->now_us);
	struct msg *m = &r->answer; /* lends msg_add() a section */
	bool same = f->answer.n == 0;

	limit_sameness(f, e, age);
	for (unsigned i = 0; i < e->n && same; i++)
		same = age == 0 && cache_ttl(&r->cache, e->rr[i].ttl) == e->rr[i].ttl;
	if (same) {
		/* Written through only after msg_add() made a copy, as room is 0. */
		f->answer = (struct section){ .rr = (struct rr *)(uintptr_t)e->rr,
			.n = e->n };
		return;
	}
	m->section[ANSWER] = f->answer;
	add_aged(r, ANSWER, e, age);
	f->answer = m->section[ANSWER];
}

static bool is_in_chain(const struct frame *f, const struct name *name)
{
	if (name_equal(f->sname, name))
		return true;
	for (unsigned i = 0; i < f->answer.n; i++) {
		if (f->answer.rr[i].type == TYPE_CNAME &&
			name_equal(f->answer.rr[i].owner, name))
			return true;
	}
	return false;
}

bool frame_follow(
	struct resolver *r, struct frame *f, const struct name *target, bool counted)
{
	if (r->policy->no_chase && f == &r->first) {
		frame_finish(f, RCODE_NOERROR);
		return false;
	}
	/* The name is already in the chain, so following it again would loop. */
	if (is_in_chain(f, target)) {
		trace_add(r->trace, r->now_us, "alias",
			"%s is in the chain already: loop",
			name_text(r->trace->arena, target));
		f->why = SHOWN_LOOP;
		frame_finish(f, RCODE_SERVFAIL);
		return false;
	}
	if (!counted && ++f->links > r->policy->chain_max) {
		trace_add(r->trace, r->now_us, "alias", "more than %u aliases",
			r->policy->chain_max);
		f->why = SHOWN_LIMIT;
		frame_finish(
			f, r->policy->cuts_chains ? RCODE_NOERROR : RCODE_SERVFAIL);
		return false;
	}
	trace_add(r->trace, r->now_us, "alias", "%s stands for %s",
		name_text(r->trace->arena, f->sname),
		name_text(r->trace->arena, target));
	f->sname = target;
	f->state = FRAME_LOOKUP;
	return true;
}

/* ---- the cache ---- */

static bool cname_answers(const struct resolver *r, uint16_t type)
{
	if (type == TYPE_ANY)
		return r->policy->any_cached == ANY_CACHED_COMMON ||
		       r->policy->cname == CNAME_ANSWERS_WHOLE_CHAINS;
	return type != TYPE_CNAME && r->policy->cname != CNAME_ANSWERS_SAME_TYPE;
}

static struct entry *pick(
	const struct resolver *r, const struct node *node, uint16_t type)
{
	struct entry *own = node_answer(node, type, r->now_us);
	struct entry *cname = NULL, *gone = NULL;

	if (r->policy->nxdomain_all)
		gone = node_answer(node, 0, r->now_us);
	if (gone != NULL && (own == NULL || (r->policy->nxdomain_wipes &&
						    own->order < gone->order)))
		own = gone;
	if (cname_answers(r, type))
		cname = node_answer(node, TYPE_CNAME, r->now_us);
	/* What says that there is no CNAME says nothing about the type. */
	if (cname == NULL || cname->kind != ENTRY_ALIAS)
		return own;
	if (own == NULL || r->policy->prefer == PREFER_CNAME)
		return cname;
	return r->policy->prefer == PREFER_OLDER && cname->order < own->order ? cname
									      : own;
}

static bool chain_is_whole(
	const struct resolver *r, const struct entry *e, uint16_t type)
{
	for (unsigned i = 0; i < r->policy->chain_max; i++) {
		if (e == NULL || e->kind != ENTRY_ALIAS || type == TYPE_CNAME)
			return e != NULL;
		e = pick(r, cache_node(&r->cache, rr_target(&e->rr[e->n - 1])), type);
	}
	return false;
}

/* What the cache has to say about the name the frame has come to. */
static struct entry *pick_for(const struct resolver *r, const struct frame *f)
{
	struct entry *e;

	if (!frame_uses_cache(r, f))
		return NULL;
	e = pick(r, cache_node(&r->cache, f->sname), f->type);
	if (r->policy->cname == CNAME_ANSWERS_WHOLE_CHAINS &&
		!chain_is_whole(r, e, f->type))
		return NULL;
	return e;
}

static void use_negative(struct resolver *r, struct frame *f, const struct entry *e)
{
	uint32_t age = entry_age(e, r->now_us);

	limit_sameness(f, e, age);
	f->soa = e->soa;
	if (f->soa != NULL && age > 0) {
		struct rr *aged = arena_memdup(r->arena, e->soa, sizeof(*aged));

		aged->ttl = aged->ttl > age ? aged->ttl - age : 0;
		f->soa = aged;
	}
	frame_finish(f, e->kind == ENTRY_NODATA	    ? RCODE_NOERROR
			: e->kind == ENTRY_NXDOMAIN ? RCODE_NXDOMAIN
						    : RCODE_SERVFAIL);
}

static void follow_cached(struct resolver *r, struct frame *f, const struct entry *e)
{
	if (r->policy->free_cached)
		f->links++;
	frame_follow(r, f, rr_target(&e->rr[e->n - 1]), r->policy->free_cached);
}

/* An alias with all that was known to come after it. */
static void use_whole_chain(struct resolver *r, struct frame *f, const struct entry *e)
{
	struct entry own = *e;

	if (f->type != TYPE_CNAME) {
		f->links += e->n - 1u;
		frame_emit(r, f, e);
		frame_follow(r, f, rr_target(&e->rr[e->n - 1]), false);
		return;
	}
	own.n = 1;
	while (own.rr->type != TYPE_CNAME)
		own.rr++;
	frame_emit(r, f, &own);
	frame_finish(f, RCODE_NOERROR);
}

static void use_entry(struct resolver *r, struct frame *f, const struct entry *e)
{
	trace_add(r->trace, r->now_us, "cache", "has %s of %s",
		e->kind == ENTRY_ALIAS	    ? "a CNAME"
		: e->kind == ENTRY_DATA	    ? "the records"
		: e->kind == ENTRY_SERVFAIL ? "a failure"
					    : "a negative answer",
		name_text(r->trace->arena, f->sname));
	if (e->kind != ENTRY_DATA && e->kind != ENTRY_ALIAS) {
		use_negative(r, f, e);
		return;
	}
	if (r->policy->one_ttl && e->kind == ENTRY_ALIAS) {
		use_whole_chain(r, f, e);
		return;
	}
	frame_emit(r, f, e);
	if (e->kind != ENTRY_ALIAS || f->type == TYPE_CNAME ||
		(f->type == TYPE_ANY && r->policy->any_cached == ANY_CACHED_COMMON)) {
		frame_finish(f, RCODE_NOERROR);
		return;
	}
	follow_cached(r, f, e);
}

/* Unbound 1.17.1 services/cache/dns.c (fill_any): the types it looks for. */
static bool is_common(uint16_t type)
{
	return type == TYPE_A || type == TYPE_AAAA || type == TYPE_MX ||
	       type == TYPE_SOA || type == TYPE_NS || type == TYPE_DNAME;
}

static bool counts_for_any(const struct resolver *r, const struct entry *e)
{
	if (e->kind != ENTRY_DATA && e->kind != ENTRY_ALIAS)
		return false;
	return e->type != TYPE_ANY && r->now_us < e->expires_us &&
	       (r->policy->any_cached == ANY_CACHED_ALL || is_common(e->type));
}

/* Every record set that is cached of the name. False when there is none, or when the
 * name is known to be missing. */
static bool use_all(struct resolver *r, struct frame *f)
{
	const struct node *node = cache_node(&r->cache, f->sname);
	const struct entry *cname = NULL;
	bool any = false;

	if (node == NULL)
		return false;
	if (r->policy->nxdomain_wipes && node_answer(node, 0, r->now_us) != NULL)
		return false;
	if (r->policy->any_follows)
		cname = node_answer(node, TYPE_CNAME, r->now_us);
	if (cname != NULL && cname->kind == ENTRY_ALIAS) {
		frame_emit(r, f, cname);
		follow_cached(r, f, cname);
		return true;
	}
	for (const struct entry *e = node->entries; e != NULL; e = e->next) {
		if (!counts_for_any(r, e))
			continue;
		frame_emit(r, f, e);
		any = true;
	}
	if (any)
		frame_finish(f, RCODE_NOERROR);
	return any;
}

/* RFC 6761 6.3: resolvers know the addresses of localhost and of names below it. */
static bool use_localhost(struct resolver *r, struct frame *f)
{
	static const uint8_t localhost[] = "\x09localhost";
	static const uint8_t ipv4[4] = { 127, 0, 0, 1 };
	static const uint8_t ipv6[16] = { [15] = 1 };
	bool is_a = f->type == TYPE_A;
	struct rr rr = {
		.owner = f->sname,
		.rdata = is_a ? ipv4 : ipv6,
		.ttl = r->policy->localhost_ttl,
		.type = f->type,
		.rdlen = is_a ? sizeof(ipv4) : sizeof(ipv6),
	};
	struct entry e = { .stored_us = r->now_us, .expires_us = UINT64_MAX, .n = 1 };

	if (!name_is_under(f->sname, name_at(localhost)))
		return false;
	e.rr = arena_memdup(r->arena, &rr, sizeof(rr));
	if (is_a || f->type == TYPE_AAAA)
		frame_emit(r, f, &e);
	frame_finish(f, RCODE_NOERROR);
	return true;
}

static void look_up(struct resolver *r, struct frame *f)
{
	const struct entry *e, *dname = NULL;
	bool any_cached = f->type == TYPE_ANY && frame_uses_cache(r, f) &&
			  r->policy->any_cached != ANY_CACHED_NOTHING;
	struct cut *cut;

	if (r->policy->knows_localhost && use_localhost(r, f))
		return;
	if (any_cached && r->policy->any_cached == ANY_CACHED_ALL && use_all(r, f))
		return;
	e = pick_for(r, f);
	if (e != NULL) {
		use_entry(r, f, e);
		return;
	}
	if (any_cached && use_all(r, f))
		return;
	cut = servers_closest(r, f, &dname);
	if (dname != NULL) {
		uint32_t age = entry_age(dname, r->now_us);
		const struct name *target = take_dname(r, f, dname->rr, NULL, age);

		limit_sameness(f, dname, age);
		if (target != NULL)
			frame_follow(r, f, target, false);
		return;
	}
	if (!f->went_upstream) {
		f->went_upstream = true;
		f->upstream_name = f->sname;
		f->n_cached = f->answer.n;
	}
	f->may_minimise = r->policy->qmin != QMIN_NONE;
	f->min_labels = f->min_steps = 0;
	f->no_edns = false;
	servers_enter(r, f, cut);
}

/* ---- the client's answer ---- */

static uint32_t answer_ttl(const struct resolver *r, const struct msg *m)
{
	uint32_t ttl = r->policy->ttl_max;

	if (m->rcode == RCODE_SERVFAIL)
		return r->policy->servfail_ttl;
	/* RFC 2308 5: without a SOA nobody knows how long it holds. */
	if (m->section[ANSWER].n == 0 && m->section[AUTHORITY].n == 0)
		return 0;
	for (int id = ANSWER; id <= AUTHORITY; id++) {
		for (unsigned i = 0; i < m->section[id].n; i++) {
			if (m->section[id].rr[i].ttl < ttl)
				ttl = m->section[id].rr[i].ttl;
		}
	}
	return ttl;
}

static const struct msg *keep_answer(struct resolver *r)
{
	return arena_memdup(r->arena, &r->answer, sizeof(r->answer));
}

/* A failure is remembered as such, so that a client that tries again at once does not
 * set off the whole search again (RFC 9520 3.2). */
static void remember_answer(struct resolver *r, const struct frame *f)
{
	const struct resolver_policy *p = r->policy;
	struct entry *e;

	if (p->packet_cache) {
		e = cache_put(&r->cache, f->qname, ENTRY_PACKET, f->type,
			answer_ttl(r, &r->answer), r->now_us);
		e->msg = keep_answer(r);
	} else if (f->rcode == RCODE_SERVFAIL && p->servfail_ttl > 0 &&
		   r->exchanges > 0 && (f->why & p->shown) == 0) {
		e = cache_put(&r->cache, f->qname, ENTRY_SERVFAIL, f->type,
			p->servfail_ttl, r->now_us);
		e->soa = NULL;
	}
}

/* The next time the client asks the same and nothing has changed, the same message is
 * the answer. */
static void remember_memo(struct resolver *r, const struct frame *f)
{
	struct node *node;
	struct entry *e;

	if (r->exchanges > 0 || r->trace != NULL || f->same_until_us <= r->now_us)
		return;
	node = cache_node(&r->cache, f->qname);
	if (node == NULL)
		return;
	e = cache_put_memo(&r->cache, node, f->type);
	e->stored_us = r->now_us;
	e->expires_us = f->same_until_us;
	e->order = r->cache.order;
	e->msg = keep_answer(r);
}

static void start_answer(struct resolver *r, const struct question *q)
{
	r->answer = (struct msg){
		.qr = true,
		.rd = true,
		.ra = true,
		.has_question = true,
		.udp_size = 512,
		.question = { r->first.qname, q->type, q->class },
	};
}

/* An entry that this question brought: `n` records, none of which outlives `ttl`. */
static void limit_entry(struct resolver *r, struct entry *e, const struct rr *from,
	unsigned n, uint32_t ttl)
{
	struct rr *rr = arena_memdup(r->arena, from, n * sizeof(*rr));

	for (unsigned i = 0; i < n; i++)
		rr[i].ttl = rr[i].ttl < ttl ? rr[i].ttl : ttl;
	e->rr = rr;
	e->n = (uint16_t)n;
	if (e->expires_us > e->stored_us + ttl * UINT64_C(1000000))
		e->expires_us = e->stored_us + ttl * UINT64_C(1000000);
}

/* What is kept under the name that was asked for is the whole answer, aliases and all;
 * names further down the chain have entries of their own beside it. */
static void share_ttl(struct resolver *r, const struct frame *f)
{
	const struct rr *rr = f->answer.rr + f->n_cached;
	unsigned n = f->answer.n - f->n_cached, links = 0;
	const struct node *node = cache_node(&r->cache, f->upstream_name);
	uint32_t ttl = f->soa != NULL ? f->soa->ttl : UINT32_MAX;

	for (unsigned i = 0; i < n; i++)
		ttl = rr[i].ttl < ttl ? rr[i].ttl : ttl;
	while (links < n &&
		(rr[links].type == TYPE_CNAME || rr[links].type == TYPE_DNAME))
		links++;
	for (struct entry *e = node == NULL ? NULL : node->entries; e != NULL;
		e = e->next) {
		if (e->order <= r->asked_order)
			continue;
		if (e->kind == ENTRY_ALIAS && links > 0)
			limit_entry(r, e, rr, links, ttl);
		else if (e->kind == ENTRY_DATA)
			limit_entry(r, e, e->rr, e->n, ttl);
	}
}

static bool is_added(const struct msg *m, const struct name *host, uint16_t type)
{
	const struct section *s = &m->section[ADDITIONAL];

	for (unsigned i = 0; i < s->n; i++) {
		if (s->rr[i].type == type && name_equal(s->rr[i].owner, host))
			return true;
	}
	return false;
}

static void add_addresses(
	struct resolver *r, struct frame *f, const struct name *host, uint16_t type)
{
	const struct node *node = cache_node(&r->cache, host);
	const struct entry *e = node_answer(node, type, r->now_us);
	uint32_t age;

	if (e == NULL)
		e = node_entry(node, ENTRY_ALONG, type, r->now_us);
	if (e == NULL || (e->kind != ENTRY_DATA && e->kind != ENTRY_ALONG) ||
		is_added(&r->answer, host, type))
		return;
	age = entry_age(e, r->now_us);
	limit_sameness(f, e, age);
	add_aged(r, ADDITIONAL, e, age);
}

/* Hosts whose addresses go along with an answer that names them: with more, none. BIND
 * 9.18 DNS_RDATASET_MAXADDITIONAL (CVE-2024-11187). */
#define ADDITIONAL_HOSTS_MAX 13

static unsigned count_exchanges(const struct section *answer)
{
	unsigned n = 0;

	for (unsigned i = 0; i < answer->n; i++)
		n += answer->rr[i].type == TYPE_MX;
	return n;
}

/* RFC 1035 3.3.9, as far as the cache has them. */
static void add_additional(struct resolver *r, struct frame *f)
{
	if (count_exchanges(&f->answer) > ADDITIONAL_HOSTS_MAX)
		return;
	for (unsigned i = 0; i < f->answer.n; i++) {
		const struct rr *rr = &f->answer.rr[i];

		if (rr->type != TYPE_MX)
			continue;
		add_addresses(r, f, rr_target(rr), TYPE_A);
		add_addresses(r, f, rr_target(rr), TYPE_AAAA);
	}
}

static void finish_answer(struct resolver *r, struct frame *f)
{
	struct msg *m = &r->answer;

	r->done = true;
	m->rcode = f->rcode;
	m->section[ANSWER] = (struct section){ 0 };
	if (f->rcode != RCODE_SERVFAIL || (f->why & r->policy->shown) != 0) {
		m->section[ANSWER] = f->answer;
		if (f->soa != NULL)
			m->section[AUTHORITY] =
				(struct section){ .rr = (struct rr *)(uintptr_t)f->soa,
					.n = 1 };
	}
	if (r->policy->additional && f->rcode == RCODE_NOERROR)
		add_additional(r, f);
	if (r->policy->one_ttl && f->went_upstream)
		share_ttl(r, f);
	remember_answer(r, f);
	remember_memo(r, f);
}

static void age_section(struct resolver *r, struct section *s, uint32_t age)
{
	if (s->n == 0 || age == 0)
		return;
	s->rr = arena_memdup(r->arena, s->rr, s->n * sizeof(*s->rr));
	s->room = 0;
	for (unsigned i = 0; i < s->n; i++)
		s->rr[i].ttl = s->rr[i].ttl > age ? s->rr[i].ttl - age : 0;
}

static void use_message(
	struct resolver *r, const struct question *q, const struct msg *m, uint32_t age)
{
	r->answer = *m;
	r->answer.question = *q;
	age_section(r, &r->answer.section[ANSWER], age);
	age_section(r, &r->answer.section[AUTHORITY], age);
	age_section(r, &r->answer.section[ADDITIONAL], age);
	r->done = true;
}

/* True when a finished answer was found. */
static bool answer_again(struct resolver *r, const struct question *q)
{
	const struct node *node = cache_node(&r->cache, q->name);
	const struct entry *e = NULL;

	if (node != NULL && r->trace == NULL)
		e = node_entry(node, ENTRY_MEMO, q->type, r->now_us);
	if (e != NULL && e->order == r->cache.order) {
		use_message(r, q, e->msg, 0);
		return true;
	}
	if (node == NULL || !r->policy->packet_cache)
		return false;
	e = node_entry(node, ENTRY_PACKET, q->type, r->now_us);
	if (e == NULL)
		return false;
	trace_add(r->trace, r->now_us, "cache", "has this answer");
	use_message(r, q, e->msg, entry_age(e, r->now_us));
	limit_sameness(&r->first, e, entry_age(e, r->now_us));
	remember_memo(r, &r->first);
	return true;
}

/* ---- the machine ---- */

static void give_up(struct resolver *r)
{
	trace_add(r->trace, r->now_us, "limit", "gives up after %u exchanges",
		r->exchanges);
	r->depth = 0;
	frame_finish(&r->first, RCODE_SERVFAIL);
}

static void step(struct resolver *r)
{
	struct frame *f = top_frame(r);

	switch (f->state) {
	case FRAME_LOOKUP:
		look_up(r, f);
		break;
	case FRAME_SEND:
		if (r->exchanges >= EXCHANGES_MAX ||
			r->now_us - r->asked_us >= QUESTION_TIME_MAX_US)
			give_up(r);
		else
			servers_send(r, f);
		break;
	case FRAME_WAIT:
		break;
	case FRAME_DONE:
		if (f == &r->first)
			finish_answer(r, f);
		else
			servers_take_address(r, f);
		break;
	}
}

static void run(struct resolver *r)
{
	while (!r->waiting && !r->done)
		step(r);
}

void resolver_ask(struct resolver *r, const struct question *q, uint64_t now_us)
{
	r->now_us = r->asked_us = now_us;
	r->asked_order = r->cache.order;
	r->question++;
	r->exchanges = r->subquestions = r->depth = 0;
	r->waiting = r->done = false;
	frame_init(&r->first, q->name, q->type);
	if (answer_again(r, q))
		return;
	/* The client's name is borrowed for the call only; parts of it will be cached
	 * and asked. */
	r->first.qname = r->first.sname = name_copy(r->arena, q->name);
	start_answer(r, q);
	/* All our data is of class IN; AXFR and IXFR are not for resolvers. */
	if (q->class != CLASS_IN || q->type == TYPE_AXFR) {
		r->answer.rcode = RCODE_NOTIMP;
		r->done = true;
		return;
	}
	if (q->type == TYPE_ANY && r->policy->any == ANY_REFUSED)
		frame_finish(&r->first, RCODE_SERVFAIL);
	run(r);
}

enum resolver_want resolver_want(struct resolver *r, struct exchange *ret)
{
	if (!r->waiting)
		return RESOLVER_DONE;
	*ret = r->exchange;
	return RESOLVER_SEND;
}

/* RFC 5452 9.1: id and question must be the ones that were sent; the address is the
 * driver's business. */
static bool is_reply_to(const struct msg *reply, const struct msg *query)
{
	return reply->qr && reply->opcode == OPCODE_QUERY && reply->id == query->id &&
	       reply->has_question && reply->question.type == query->question.type &&
	       reply->question.class == query->question.class &&
	       name_equal(reply->question.name, query->question.name);
}

static void feed_rcode(struct resolver *r, struct frame *f, uint16_t rcode)
{
	/* RFC 6891 7: old servers answer like this to what they do not know. */
	bool of_kind = rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP ||
		       rcode == RCODE_BADVERS;
	bool blames_edns =
		of_kind && !(rcode == RCODE_NOTIMP && r->policy->notimp_fails);
	char text[RCODE_TEXT_MAX];

	trace_add(r->trace, r->now_us, "reply", "%s", rcode_to_text(rcode, text));
	if (blames_edns && !f->no_edns) {
		f->no_edns = true;
		return;
	}
	/* About the question, not a passing trouble. */
	if (of_kind && r->policy->notimp_fails && !f->minimised)
		servers_mark_bad(f);
	else if (!f->minimised || f->round < r->policy->retries)
		servers_failure(r, f);
	f->no_edns = false;
	if (f->minimised)
		f->may_minimise = false; /* RFC 9156 2.3 step 6: relaxed */
}

static void feed_reply(struct resolver *r, struct frame *f, const struct msg *m)
{
	if (m->tc) {
		/* A reply over TCP that is still truncated helps nobody. */
		if (f->tcp)
			servers_mark_bad(f);
		else
			f->tcp = true;
		return;
	}
	if (m->rcode == RCODE_NOERROR || m->rcode == RCODE_NXDOMAIN ||
		m->rcode == RCODE_YXDOMAIN)
		take_reply(r, f, m);
	else
		feed_rcode(r, f, m->rcode);
}

void resolver_feed(struct resolver *r, const struct msg *reply, uint64_t now_us)
{
	struct frame *f = top_frame(r);

	if (!r->waiting)
		return;
	r->waiting = false;
	if (now_us > r->now_us)
		r->now_us = now_us;
	f->state = FRAME_SEND;
	if (reply == NULL || !is_reply_to(reply, &r->exchange.query)) {
		trace_add(r->trace, r->now_us, "reply", "none");
		servers_timeout(r, f);
	} else {
		feed_reply(r, f, reply);
	}
	run(r);
}
