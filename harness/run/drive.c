#include "run/drive.h"

#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "host/visitor.h"
#include "resolver/policy.h"
#include "run/evidence.h"
#include "run/loopback.h"

static int upstream_lookup(
	void *ctx, struct arena *a, const struct question *q, struct msg *ret)
{
	const struct drive *asking = ctx;
	const struct msg *answer;
	struct drive own;

	if (asking->depth >= DRIVE_DEPTH_MAX)
		return -1;
	drive_init(&own, a, asking->world, resolver_policy("ideal"), 0, NULL);
	own.depth = asking->depth + 1;
	own.loopback = asking->loopback;
	own.wire = asking->wire;
	own.evidence = asking->evidence;
	own.clock_us = asking->clock_us != NULL ? asking->clock_us : &asking->now_us;
	if (asking->stage > 0)
		drive_enter(&own, asking->stage);
	answer = drive_ask(&own, q);
	if (answer == NULL)
		return -1;
	*ret = *answer;
	return ret->rcode == RCODE_SERVFAIL ? -1 : 0;
}

int drive_look_up(struct arena *a, const struct world *world, unsigned stage,
	const struct question *q, struct msg *ret)
{
	struct drive asking = { .arena = a, .world = world, .stage = stage };

	return upstream_lookup(&asking, a, q, ret);
}

static struct server_state *new_states(struct drive *d)
{
	const struct world_stage *stage = &d->world->stages[d->stage];
	struct server_state *states =
		arena_array(d->arena, stage->n_servers, sizeof(*states));

	for (unsigned i = 0; i < stage->n_servers; i++)
		server_state_init(d->arena, &stage->servers[i], &states[i]);
	return states;
}

void drive_init(struct drive *d, struct arena *a, const struct world *world,
	const struct resolver_policy *policy, uint64_t seed, struct trace *trace)
{
	*d = (struct drive){ .arena = a, .world = world };
	d->upstream = (struct server_upstream){ upstream_lookup, d };
	d->states = new_states(d);
	d->resolver = resolver_new(a, policy, &world->hints, seed, trace);
}

void drive_enter(struct drive *d, unsigned stage)
{
	const struct world_stage *from = &d->world->stages[d->stage];
	const struct world_stage *to = &d->world->stages[stage];
	struct server_state *old = d->states;

	d->stage = stage;
	if (d->now_us < to->at_us)
		d->now_us = to->at_us;
	d->states = new_states(d);
	/* A quirk that has done its work stays done, unless the step replaced it. */
	for (unsigned i = 0; i < to->n_servers && i < from->n_servers; i++) {
		if (to->servers[i].quirks == from->servers[i].quirks)
			d->states[i] = old[i];
	}
	if (d->outside != NULL && d->outside->enter != NULL)
		d->outside->enter(d->outside->ctx, stage);
}

/* The message as it comes out at the other end of a real network. */
static void through_wire(struct arena *a, struct msg *m, size_t limit)
{
	uint8_t *buf = arena_alloc_raw(a, limit);
	size_t n = msg_encode(m, buf, limit);

	if (n == 0 || msg_decode(a, buf, n, m) != 0)
		bug("a message of ours is none on the wire");
}

static void ask_over_sockets(
	struct drive *d, unsigned at, const struct exchange *x, struct reply *reply)
{
	const struct loopback_query q = {
		.stage = d->stage,
		.server = at,
		.to = &x->to,
		.tcp = x->tcp,
		.query = &x->query,
		.state = &d->states[at],
		.depth = d->depth,
		.upstream = &d->upstream,
	};

	loopback_exchange(d->loopback, &q, reply);
}

static void ask_in_memory(
	struct drive *d, unsigned at, const struct exchange *x, struct reply *reply)
{
	const struct server *server = &d->world->stages[d->stage].servers[at];
	enum proto proto = x->tcp ? PROTO_TCP : PROTO_UDP;
	struct msg query = x->query;

	if (d->wire)
		through_wire(d->arena, &query, UINT16_MAX);
	server_respond(
		d->arena, server, &d->states[at], &d->upstream, proto, &query, reply);
	if (d->wire && !reply->dropped && reply->raw == NULL)
		through_wire(d->arena, &reply->msg, UINT16_MAX);
}

static void ask_server(
	struct drive *d, unsigned at, const struct exchange *x, struct reply *reply)
{
	if (d->loopback != NULL)
		ask_over_sockets(d, at, x, reply);
	else
		ask_in_memory(d, at, x, reply);
}

/* ---- evidence ---- */

static uint64_t clock_of(const struct drive *d)
{
	/* Between the query to the provider and its reply. */
	return d->clock_us == NULL ? d->now_us : *d->clock_us + DRIVE_ROUND_TRIP_US / 2;
}

static size_t note_query(struct drive *d, const struct exchange *x, int at)
{
	const struct server *servers = d->world->stages[d->stage].servers;

	if (d->evidence == NULL)
		return 0;
	return evidence_query(d->evidence, clock_of(d), d->depth,
		at < 0 ? NULL : servers[at].name, &x->to, x->tcp, &x->query);
}

static void note_reply(struct drive *d, size_t index, const struct exchange *x,
	const struct reply *reply, bool heard)
{
	uint64_t back = clock_of(d), over = back;

	if (d->evidence == NULL)
		return;
	if (d->clock_us == NULL) {
		back += reply == NULL ? 0 : reply->delay_us + DRIVE_ROUND_TRIP_US;
		over += x->timeout_us;
	}
	evidence_reply(d->evidence, index, reply, back, heard ? back : over, heard);
}

/* ---- one exchange ---- */

/* The reply to one exchange, or NULL when none came within its time. */
static const struct msg *carry(
	struct drive *d, const struct exchange *x, struct reply *reply)
{
	int at = world_server_at(&d->world->stages[d->stage], &x->to);
	size_t index = note_query(d, x, at);
	uint64_t took;

	if (at >= 0)
		ask_server(d, (unsigned)at, x, reply);
	took = at < 0 || reply->dropped ? x->timeout_us
					: reply->delay_us + DRIVE_ROUND_TRIP_US;
	note_reply(d, index, x, at < 0 ? NULL : reply, took < x->timeout_us);
	if (took >= x->timeout_us) {
		d->now_us += x->timeout_us;
		return NULL;
	}
	if (reply->raw != NULL &&
		msg_decode(d->arena, reply->raw, reply->raw_len, &reply->msg) != 0) {
		/* Not a message: a resolver drops it and goes on waiting. */
		d->now_us += x->timeout_us;
		return NULL;
	}
	d->now_us += took;
	return &reply->msg;
}

static const struct msg *ask_outside(struct drive *d, const struct question *q)
{
	uint64_t took = 0;
	const struct msg *answer = d->outside->ask(d->outside->ctx, d->arena, q, &took);

	d->now_us += took;
	return answer;
}

const struct msg *drive_ask(struct drive *d, const struct question *q)
{
	struct exchange x;
	struct reply reply;
	uint64_t until;

	if (d->outside != NULL)
		return ask_outside(d, q);
	until = d->now_us + DRIVE_PATIENCE_US;
	resolver_ask(d->resolver, q, d->now_us);
	while (resolver_want(d->resolver, &x) == RESOLVER_SEND) {
		const struct msg *came;

		if (d->now_us >= until)
			return NULL;
		if (x.timeout_us > until - d->now_us)
			x.timeout_us = until - d->now_us;
		came = carry(d, &x, &reply);
		resolver_feed(d->resolver, came, d->now_us);
	}
	return resolver_answer(d->resolver);
}

void drive_fetch(const struct drive *d, struct arena *a,
	const struct visitor_page *page, struct visitor_reply *ret)
{
	if (d->outside != NULL && d->outside->fetch != NULL)
		d->outside->fetch(d->outside->ctx, a, page, ret);
	else
		visitor_meet(a, &d->world->stages[d->stage].hosts, page, ret);
}

static void wait(struct drive *d, uint64_t us)
{
	d->now_us += us;
	if (d->outside != NULL && d->outside->wait != NULL)
		d->outside->wait(d->outside->ctx, us);
}

void drive_prime(struct drive *d)
{
	const struct stage *stage = &d->world->scenario->stages[d->stage];

	if (d->outside != NULL && d->outside->prime != NULL) {
		d->outside->prime(d->outside->ctx);
		return;
	}
	for (unsigned i = 0; i < stage->n_before; i++) {
		const struct before *b = &stage->before[i];

		if (b->question.name == NULL)
			wait(d, b->wait_us);
		else
			drive_ask(d, &b->question);
	}
}
