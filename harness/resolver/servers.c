#include "resolver/machine.h"

#include "base/arena.h"
#include "base/lookup.h"

/* ---- where to ask ---- */

static struct cut *root_cut(struct resolver *r)
{
	unsigned n = r->hints->n < CUT_SERVERS_MAX ? r->hints->n : CUT_SERVERS_MAX;
	struct cut *c;

	if (r->root != NULL)
		return r->root;
	c = r->root = arena_alloc(r->arena, sizeof(*c));
	c->zone = name_root;
	c->n = c->room = n;
	c->servers = arena_array(r->arena, n, sizeof(*c->servers));
	for (unsigned i = 0; i < n; i++)
		c->servers[i].ip = r->hints->root[i];
	return c;
}

struct cut *servers_closest(
	struct resolver *r, const struct frame *f, const struct entry **ret_dname)
{
	bool wants_dname = r->policy->dname_below && frame_uses_cache(r, f);
	const struct name *n = f->sname;
	const struct entry *cut = NULL;

	*ret_dname = NULL;
	/* RFC 4035 3.1.4.1: the DS of a zone is its parent's data. */
	if (f->type == TYPE_DS && !name_is_root(n))
		n = name_parent(n);
	for (; !name_is_root(n) && (cut == NULL || wants_dname); n = name_parent(n)) {
		const struct node *node = cache_node(&r->cache, n);

		if (node == NULL)
			continue;
		if (cut == NULL)
			cut = node_entry(node, ENTRY_CUT, TYPE_NS, r->now_us);
		if (wants_dname && n != f->sname && *ret_dname == NULL) {
			const struct entry *d =
				node_answer(node, TYPE_DNAME, r->now_us);

			if (d != NULL && d->kind == ENTRY_DATA)
				*ret_dname = d;
		}
	}
	return cut != NULL ? cut->cut : root_cut(r);
}

void servers_enter(struct resolver *r, struct frame *f, struct cut *cut)
{
	f->cut = cut;
	f->pos = f->round = 0;
	f->bad = 0;
	f->tcp = false;
	f->glued = 0;
	while (f->glued < cut->n && cut->servers[f->glued].ip.family != 0)
		f->glued++;
	f->start = f->glued > 1 ? rng_below(&r->rng, f->glued) : 0;
	f->state = FRAME_SEND;
}

/* Servers with known addresses come first, from a random one on; then those whose
 * address has to be found. */
static unsigned current_server(const struct frame *f)
{
	return f->pos < f->glued ? (f->start + f->pos) % f->glued : f->pos;
}

void servers_mark_bad(struct frame *f)
{
	f->bad |= UINT32_C(1) << current_server(f);
	f->pos++;
	f->tcp = false;
}

/* A round is one try of each server. */
static void next_try(struct frame *f, unsigned tries)
{
	if (f->round + 1 >= tries) {
		servers_mark_bad(f);
		return;
	}
	f->pos++;
	f->tcp = false;
}

void servers_timeout(const struct resolver *r, struct frame *f)
{
	next_try(f, r->policy->one_timeout ? 1 : ROUNDS_MAX);
}

void servers_failure(const struct resolver *r, struct frame *f)
{
	next_try(f, r->policy->retries + 1);
}

/* ---- addresses of servers ---- */

static bool is_being_resolved(const struct resolver *r, const struct name *ns)
{
	for (unsigned i = 0; i <= r->depth; i++) {
		if (name_equal(r->frames[i]->qname, ns))
			return true;
	}
	return false;
}

static bool may_resolve(
	const struct resolver *r, const struct frame *f, const struct cut_server *s)
{
	return s->ns != NULL && s->failed != r->question && r->depth < DEPTH_MAX &&
	       r->subquestions < SUBQUESTIONS_MAX &&
	       /* Only the zone's own servers could tell. */
	       !name_is_under(s->ns, f->cut->zone) && !is_being_resolved(r, s->ns);
}

static void push_address_question(
	struct resolver *r, struct frame *below, unsigned server)
{
	struct frame *f = r->frames[r->depth + 1];

	if (f == NULL)
		f = r->frames[r->depth + 1] = arena_alloc_raw(r->arena, sizeof(*f));
	trace_add(r->trace, r->now_us, "servers", "needs the address of %s",
		name_text(r->trace->arena, below->cut->servers[server].ns));
	frame_init(f, below->cut->servers[server].ns, TYPE_A);
	f->parent_server = server;
	below->state = FRAME_WAIT;
	r->depth++;
	r->subquestions++;
}

static void add_address(struct cut *c, unsigned server, const struct rr *rr)
{
	struct cut_server *s = &c->servers[server];

	if (s->ip.family != 0) {
		if (c->n == c->room)
			return;
		s = &c->servers[c->n++];
		*s = (struct cut_server){ .ns = c->servers[server].ns };
	}
	s->ip = rr_ip(rr);
}

void servers_take_address(struct resolver *r, struct frame *f)
{
	struct frame *below = r->frames[r->depth - 1];
	struct cut_server *s = &below->cut->servers[f->parent_server];
	bool refused = r->policy->ns_never_alias && f->links > 0;

	if (f->rcode == RCODE_NOERROR && !refused) {
		for (unsigned i = 0; i < f->answer.n; i++) {
			if (f->answer.rr[i].type == f->type)
				add_address(
					below->cut, f->parent_server, &f->answer.rr[i]);
		}
	}
	if (s->ip.family == 0 && f->rcode == RCODE_NOERROR && f->type == TYPE_A) {
		unsigned server = f->parent_server;

		frame_init(f, f->qname, TYPE_AAAA);
		f->parent_server = server;
		return;
	}
	if (s->ip.family == 0)
		s->failed = r->question;
	r->depth--;
	below->state = FRAME_SEND;
}

/* ---- what to ask ---- */

/* True when the cache already says what the minimised question would tell. */
static bool is_known(const struct resolver *r, const struct name *name, uint16_t type)
{
	const struct node *node = cache_node(&r->cache, name);

	if (node == NULL)
		return false;
	return node_answer(node, type, r->now_us) != NULL ||
	       node_answer(node, TYPE_CNAME, r->now_us) != NULL ||
	       node_answer(node, 0, r->now_us) != NULL;
}

static unsigned last_minimised(const struct resolver *r, const struct frame *f,
	unsigned cut_labels, unsigned labels)
{
	if (labels == 0)
		return 0;
	switch (r->policy->qmin) {
	case QMIN_A_FULL:
		return f->type == TYPE_A || f->type == TYPE_DS ? labels - 1 : labels;
	case QMIN_NS_ONE:
		return cut_labels + 1 < labels ? cut_labels + 1 : labels - 1;
	default:
		return labels - 1;
	}
}

/* RFC 9156 2.3: no zone is cut below a label that begins with an underscore. */
static bool next_has_underscore(const struct name *name, unsigned labels, unsigned all)
{
	const uint8_t *w;

	if (labels >= all)
		return false;
	w = name_wire(name_keep_labels(name, labels + 1));
	return w[0] > 0 && w[1] == '_';
}

static void choose_question(struct resolver *r, struct frame *f)
{
	unsigned cut = name_labels(f->cut->zone), all = name_labels(f->sname);
	unsigned last = last_minimised(r, f, cut, all);
	unsigned next = f->min_labels > cut ? f->min_labels : cut;
	bool is_ns = r->policy->qmin == QMIN_NS || r->policy->qmin == QMIN_NS_ONE;
	uint16_t type = is_ns ? TYPE_NS : TYPE_A;
	const struct name *name = f->sname;

	for (next++; next <= last; next++) {
		while (r->policy->qmin == QMIN_A &&
			next_has_underscore(f->sname, next, all))
			next++;
		if (next > last)
			break;
		name = name_keep_labels(f->sname, next);
		if (r->policy->qmin == QMIN_NS_ONE || !is_known(r, name, type))
			break;
	}
	f->minimised = next <= last && f->min_steps < r->policy->qmin_max;
	f->ask_name = f->minimised ? name : f->sname;
	f->ask_type = f->minimised ? type : f->type;
	/* Going on to longer names is take.c's decision: the next one is searched for
	 * from here on. */
	f->min_labels = f->minimised ? next - 1 : f->min_labels;
}

/* ---- sending ---- */

/* True when the current server can be asked; false with the frame's state changed. */
static bool next_server(struct resolver *r, struct frame *f)
{
	for (;; f->pos++) {
		const struct cut_server *s;

		if (f->pos >= f->cut->n) {
			if (f->cut->n == 0 || ++f->round >= TRIES_MAX)
				break;
			f->pos = 0;
		}
		s = &f->cut->servers[current_server(f)];
		if (s->ip.family != 0) {
			if ((f->bad >> current_server(f) & 1) == 0)
				return true;
		} else if (may_resolve(r, f, s)) {
			push_address_question(r, f, f->pos);
			return false;
		}
	}
	trace_add(r->trace, r->now_us, "servers", "no server of %s is left",
		name_text(r->trace->arena, f->cut->zone));
	if (f->minimised) {
		f->may_minimise = false;
		servers_enter(r, f, f->cut);
	} else {
		frame_finish(f, RCODE_SERVFAIL);
	}
	return false;
}

static void send_query(struct resolver *r, struct frame *f)
{
	struct exchange *x = &r->exchange;
	struct question q = { f->ask_name, f->ask_type, CLASS_IN };
	char ip[IP_TEXT_MAX], type[RRTYPE_TEXT_MAX];

	x->to = f->cut->servers[current_server(f)].ip;
	x->tcp = f->tcp;
	x->timeout_us = r->policy->patient && f->round + 1 == ROUNDS_MAX
				? TIMEOUT_PATIENT_US
				: TIMEOUT_FIRST_US << f->round;
	msg_init_query(&x->query, (uint16_t)(rng_next(&r->rng) >> 48), &q, false);
	if (f->no_edns) {
		x->query.has_edns = false;
		x->query.udp_size = 512;
	}
	x->query.dnssec_ok = x->query.has_edns && r->policy->asks_signatures;
	trace_add(r->trace, r->now_us, "ask", "%s %s of %s%s",
		rrtype_to_text(q.type, type), name_text(r->trace->arena, q.name),
		ip_to_text(&x->to, ip), f->tcp ? " over TCP" : "");
	f->state = FRAME_WAIT;
	r->waiting = true;
	r->exchanges++;
}

void servers_send(struct resolver *r, struct frame *f)
{
	f->minimised = false;
	if (f->may_minimise) {
		choose_question(r, f);
	} else {
		f->ask_name = f->sname;
		f->ask_type = f->type;
	}
	if (next_server(r, f))
		send_query(r, f);
}
