#include "server/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "net/ask.h"
#include "net/loop.h"

/* Answers remembered; the one used longest ago goes. */
#define REMEMBERED_MAX 4096
#define BUCKETS 1024
/* Questions under way, a descriptor each. */
#define ASKED_MAX 200
/* Longer than an address set anybody serves; so much memory may an answer take. */
#define ANSWER_MAX 16384
#define CHAIN_MAX 32

/* Below the five seconds after which clients commonly ask again, so that they get a
 * SERVFAIL that they can see. */
#define PATIENCE_US UINT64_C(4000000)
/* RFC 9520 3.2: a failure is remembered for a second at least, five minutes at most. */
#define FAILURE_US UINT64_C(5000000)
/* RFC 2308 5: "one to three hours" have worked well for a "no". */
#define NEGATIVE_MAX_S 10800
#define POSITIVE_MAX_S 86400
/* Those who waited for an answer find it when their turn comes, whatever its TTL. */
#define KEPT_MIN_US UINT64_C(1000000)

struct entry {
	struct upstream *upstream;
	struct entry *in_bucket;     /* next */
	struct entry *older, *newer; /* by use; of those that were answered */
	uint32_t hash;
	uint16_t type;
	struct net_ask *ask; /* under way, or NULL */
	struct upstream_waiter *waiters;
	uint8_t *answer; /* a message, or NULL: it could not be had */
	size_t len;
	uint64_t came_us, until_us;
	uint8_t name[NAME_WIRE_MAX];
};

struct upstream {
	struct net_loop *loop;
	struct endpoint resolver;
	struct entry *buckets[BUCKETS];
	struct entry *oldest, *newest;
	unsigned remembered, under_way;
	uint64_t asked;
	struct arena *arena; /* of one answer */
	bool missed;
	uint16_t missed_type;
	uint8_t missed_name[NAME_WIRE_MAX];
};

struct upstream *upstream_new(struct net_loop *loop, const struct endpoint *resolver)
{
	struct upstream *u = calloc(1, sizeof(*u));

	if (u == NULL)
		bug("out of memory");
	u->loop = loop;
	u->resolver = *resolver;
	u->arena = arena_new();
	return u;
}

/* ---- memory ---- */

static struct entry **bucket_of(struct upstream *u, uint32_t hash)
{
	return &u->buckets[hash % BUCKETS];
}

static struct entry *find(struct upstream *u, const struct name *name, uint16_t type)
{
	uint32_t hash = name_hash(name);

	for (struct entry *e = *bucket_of(u, hash); e != NULL; e = e->in_bucket) {
		if (e->hash == hash && e->type == type &&
			name_equal(name_at(e->name), name))
			return e;
	}
	return NULL;
}

static void leave_order(struct upstream *u, struct entry *e)
{
	*(e->older != NULL ? &e->older->newer : &u->oldest) = e->newer;
	*(e->newer != NULL ? &e->newer->older : &u->newest) = e->older;
	e->older = e->newer = NULL;
}

static void enter_order(struct upstream *u, struct entry *e)
{
	e->older = u->newest;
	e->newer = NULL;
	*(u->newest != NULL ? &u->newest->newer : &u->oldest) = e;
	u->newest = e;
}

static void forget(struct upstream *u, struct entry *e)
{
	struct entry **at = bucket_of(u, e->hash);

	while (*at != e)
		at = &(*at)->in_bucket;
	*at = e->in_bucket;
	if (e->ask != NULL) {
		net_ask_cancel(e->ask);
		u->under_way--;
	} else {
		leave_order(u, e);
		u->remembered--;
	}
	free(e->answer);
	free(e);
}

void upstream_free(struct upstream *u)
{
	if (u == NULL)
		return;
	for (unsigned i = 0; i < BUCKETS; i++) {
		while (u->buckets[i] != NULL)
			forget(u, u->buckets[i]);
	}
	arena_free(u->arena);
	free(u);
}

static void note(struct upstream *u, const struct question *q)
{
	u->missed = true;
	u->missed_type = q->type;
	memcpy(u->missed_name, q->name, name_len(q->name));
}

static void age(struct msg *m, uint64_t seconds)
{
	struct section *s = &m->section[ANSWER];

	for (unsigned i = 0; i < s->n; i++)
		s->rr[i].ttl -=
			s->rr[i].ttl < seconds ? s->rr[i].ttl : (uint32_t)seconds;
}

static int recall(void *ctx, struct arena *a, const struct question *q, struct msg *ret)
{
	struct upstream *u = ctx;
	struct entry *e = find(u, q->name, q->type);
	uint64_t now = net_loop_now_us(u->loop);

	if (e == NULL || e->ask != NULL) {
		note(u, q);
		return -1;
	}
	if (now >= e->until_us) {
		forget(u, e);
		note(u, q);
		return -1;
	}
	leave_order(u, e);
	enter_order(u, e);
	if (e->answer == NULL || msg_decode(a, e->answer, e->len, ret) != 0)
		return -1;
	age(ret, (now - e->came_us) / 1000000);
	return 0;
}

struct server_upstream upstream_memory(struct upstream *u)
{
	return (struct server_upstream){ recall, u };
}

void upstream_begin(struct upstream *u)
{
	u->missed = false;
}

bool upstream_missed(const struct upstream *u)
{
	return u->missed;
}

uint64_t upstream_asked(const struct upstream *u)
{
	return u->asked;
}

/* ---- what a reply is worth ---- */

static const struct rr *find_rr(
	const struct msg *m, const struct name *owner, uint16_t type)
{
	const struct section *s = &m->section[ANSWER];

	for (unsigned i = 0; i < s->n; i++) {
		if (s->rr[i].type == type && name_equal(s->rr[i].owner, owner))
			return &s->rr[i];
	}
	return NULL;
}

/* Adds the chain from the name, and what it leads to; the rest of the reply is nobody's
 * answer. Lowers the TTL. True when it leads to records of the type. */
static bool take_chain(
	struct arena *a, const struct msg *reply, struct msg *to, uint32_t *ttl)
{
	const struct name *end = to->question.name;
	const struct section *s = &reply->section[ANSWER];
	const struct rr *cname;

	for (int i = 0; i < CHAIN_MAX; i++) {
		cname = find_rr(reply, end, TYPE_CNAME);
		if (cname == NULL)
			break;
		msg_add(to, a, ANSWER, cname);
		*ttl = cname->ttl < *ttl ? cname->ttl : *ttl;
		end = rr_target(cname);
	}
	for (unsigned i = 0; i < s->n; i++) {
		if (s->rr[i].type != to->question.type ||
			!name_equal(s->rr[i].owner, end))
			continue;
		msg_add(to, a, ANSWER, &s->rr[i]);
		*ttl = s->rr[i].ttl < *ttl ? s->rr[i].ttl : *ttl;
	}
	return find_rr(to, end, to->question.type) != NULL;
}

/* RFC 2308 5: as long as the SOA says; without one a "no" is not to be remembered, but
 * those who waited are to have it. */
static uint32_t negative_ttl(const struct msg *reply)
{
	const struct section *s = &reply->section[AUTHORITY];

	for (unsigned i = 0; i < s->n; i++) {
		const struct rr *soa = &s->rr[i];
		uint32_t ttl;

		if (soa->type != TYPE_SOA)
			continue;
		ttl = soa->ttl < rr_soa_minimum(soa) ? soa->ttl : rr_soa_minimum(soa);
		return ttl < NEGATIVE_MAX_S ? ttl : NEGATIVE_MAX_S;
	}
	return 0;
}

/* Keeps of the reply what can be answered from. -1 when there is nothing. */
static int keep(struct entry *e, struct arena *a, const struct msg *reply)
{
	uint32_t ttl = POSITIVE_MAX_S, negative = negative_ttl(reply);
	uint8_t wire[ANSWER_MAX];
	struct msg kept = {
		.qr = true,
		.rcode = reply->rcode,
		.has_question = true,
		.question = { name_at(e->name), e->type, CLASS_IN },
	};
	size_t len;

	if (!take_chain(a, reply, &kept, &ttl) && negative < ttl)
		ttl = negative;
	len = msg_encode(&kept, wire, sizeof(wire));
	if (len == 0 || (wire[2] & 2) != 0)
		return -1;
	e->answer = malloc(len);
	if (e->answer == NULL)
		bug("out of memory");
	memcpy(e->answer, wire, len);
	e->len = len;
	e->until_us = e->came_us + ttl * UINT64_C(1000000);
	return 0;
}

/* ---- asking ---- */

static void settle(struct entry *e, const uint8_t *wire, size_t len)
{
	struct upstream *u = e->upstream;
	struct msg reply;

	e->came_us = net_loop_now_us(u->loop);
	arena_reset(u->arena);
	if (wire == NULL || msg_decode(u->arena, wire, len, &reply) != 0 || reply.tc ||
		(reply.rcode != RCODE_NOERROR && reply.rcode != RCODE_NXDOMAIN) ||
		keep(e, u->arena, &reply) != 0)
		e->until_us = e->came_us + FAILURE_US;
	if (e->until_us < e->came_us + KEPT_MIN_US)
		e->until_us = e->came_us + KEPT_MIN_US;
}

static void came(void *ctx, const uint8_t *wire, size_t len)
{
	struct entry *e = ctx;
	struct upstream *u = e->upstream;
	struct upstream_waiter *w = e->waiters, *next;

	e->ask = NULL;
	e->waiters = NULL;
	u->under_way--;
	settle(e, wire, len);
	enter_order(u, e);
	/* Never the one that came just now: it is the newest. */
	if (++u->remembered > REMEMBERED_MAX)
		forget(u, u->oldest);
	for (; w != NULL; w = next) {
		next = w->next;
		w->done(w->ctx);
	}
}

static struct entry *ask(struct upstream *u)
{
	struct question q = { name_at(u->missed_name), u->missed_type, CLASS_IN };
	struct entry *e = calloc(1, sizeof(*e)), **bucket;
	uint8_t wire[512];
	struct msg query;

	if (e == NULL)
		bug("out of memory");
	e->upstream = u;
	e->hash = name_hash(q.name);
	e->type = q.type;
	memcpy(e->name, u->missed_name, name_len(q.name));
	bucket = bucket_of(u, e->hash);
	e->in_bucket = *bucket;
	*bucket = e;
	msg_init_query(&query, 0, &q, true);
	e->ask = net_ask(u->loop, &u->resolver, wire,
		msg_encode(&query, wire, sizeof(wire)), PATIENCE_US, came, e);
	u->under_way++;
	u->asked++;
	return e;
}

bool upstream_wait(struct upstream *u, struct upstream_waiter *w)
{
	struct entry *e;

	if (!u->missed)
		return false;
	e = find(u, name_at(u->missed_name), u->missed_type);
	if (e == NULL && u->under_way >= ASKED_MAX)
		return false;
	if (e == NULL)
		e = ask(u);
	if (e->ask == NULL)
		return false;
	w->next = e->waiters;
	e->waiters = w;
	return true;
}
