#include "run/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "net/ask.h"
#include "net/loop.h"
#include "run/drive.h"

#define BUCKETS 1024 /* a power of two */

/* A resolver that leads clients on and on, with the longest of answers, ends here. What
 * is asked of a well-behaved one takes kilobytes. */
#define MEMORY_MAX ((size_t)64 << 20)

struct known {
	struct known *next; /* in its bucket */
	struct question question;
	const struct msg *answer; /* or NULL */
};

struct live {
	struct arena *arena;
	struct net_loop *loop;
	struct endpoint at;
	char name[ENDPOINT_TEXT_MAX];
	struct known *buckets[BUCKETS];
	bool asked, heard, recursion;
	/* The question under way. */
	bool done;
	struct msg *came;
	struct drive_outside outside;
};

static const struct msg *ask_for_drive(
	void *ctx, struct arena *a, const struct question *q, uint64_t *ret_took_us)
{
	const struct msg *answer = live_ask(ctx, q);

	(void)a;
	*ret_took_us = answer == NULL ? LIVE_PATIENCE_US : DRIVE_ROUND_TRIP_US;
	return answer;
}

const struct drive_outside *live_outside(const struct live *l)
{
	return &l->outside;
}

struct live *live_new(const struct endpoint *resolver)
{
	struct live *l = calloc(1, sizeof(*l));

	if (l == NULL)
		bug("out of memory");
	l->arena = arena_new();
	l->loop = net_loop_new();
	l->at = *resolver;
	endpoint_to_text(resolver, l->name);
	l->outside = (struct drive_outside){ .ask = ask_for_drive, .ctx = l };
	return l;
}

void live_free(struct live *l)
{
	if (l == NULL)
		return;
	net_loop_free(l->loop);
	arena_free(l->arena);
	free(l);
}

const char *live_name(const struct live *l)
{
	return l->name;
}

bool live_is_silent(const struct live *l)
{
	return l->asked && !l->heard;
}

bool live_is_no_resolver(const struct live *l)
{
	return l->heard && !l->recursion;
}

/* ---- one question ---- */

static void on_reply(void *ctx, const uint8_t *reply, size_t len)
{
	struct live *l = ctx;
	struct msg m;

	l->done = true;
	if (reply == NULL)
		return;
	l->heard = true;
	if (msg_decode(l->arena, reply, len, &m) != 0)
		return;
	l->recursion = l->recursion || m.ra;
	l->came = arena_memdup(l->arena, &m, sizeof(m));
}

static const struct msg *ask_once(struct live *l, const struct msg *query)
{
	uint8_t wire[EDNS_PAYLOAD];
	size_t len = msg_encode(query, wire, sizeof(wire));
	struct net_ask *ask;

	l->asked = true;
	l->done = false;
	l->came = NULL;
	ask = net_ask(l->loop, &l->at, wire, len, LIVE_PATIENCE_US, on_reply, l);
	/* It ends by itself; twice its time is for a clock that jumps. */
	if (!net_loop_until(l->loop, &l->done, 2 * LIVE_PATIENCE_US))
		net_ask_cancel(ask);
	return l->came;
}

static const struct msg *ask(struct live *l, const struct question *q)
{
	const struct msg *answer;
	struct msg query;

	if (live_is_silent(l) || arena_footprint(l->arena) > MEMORY_MAX)
		return NULL;
	msg_init_query(&query, 0, q, true);
	answer = ask_once(l, &query);
	/* RFC 6891 7: who does not know EDNS says FORMERR, without it. */
	if (answer != NULL && answer->rcode == RCODE_FORMERR && !answer->has_edns) {
		query.has_edns = false;
		answer = ask_once(l, &query);
	}
	return answer;
}

/* ---- what was asked before ---- */

static bool is_same(const struct question *a, const struct question *b)
{
	return a->type == b->type && a->class == b->class &&
	       name_equal(a->name, b->name);
}

const struct msg *live_ask(struct live *l, const struct question *q)
{
	struct known **bucket =
		&l->buckets[(name_hash(q->name) + q->type) & (BUCKETS - 1)];
	struct known *k = *bucket;

	while (k != NULL && !is_same(&k->question, q))
		k = k->next;
	if (k != NULL)
		return k->answer;
	k = arena_alloc(l->arena, sizeof(*k));
	k->question = *q;
	k->question.name = name_copy(l->arena, q->name);
	k->answer = ask(l, q);
	k->next = *bucket;
	*bucket = k;
	return k->answer;
}
