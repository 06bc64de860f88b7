#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bug.h"
#include "net/loop.h"
#include "server/upstream.h"
#include "server/worker.h"

/* A request that waits is copied. What asks for addresses is far shorter, options and
 * all. */
#define WAITING_MAX 1024

/* Look-ups that one request may need one after another: an alias that leads outside
 * needs one. */
#define ROUNDS_MAX 4

struct waiting {
	struct service_worker *worker;
	struct waiting *next, *prev;
	struct snapshot *snap;
	struct net_later *later;
	struct net_timer *timer; /* while a reply is held back */
	struct upstream_waiter waiter;
	struct quirk_choice choice;
	struct arrival came;
	uint64_t since_us;
	unsigned rounds;
	bool tcp;
	uint8_t *reply; /* while it is held back */
	size_t reply_len;
	size_t in_len;
	uint8_t in[WAITING_MAX];
};

static void waiting_free(struct waiting *x)
{
	snapshot_let_go(&x->worker->service->snapshots, x->snap);
	free(x->reply);
	free(x);
}

static void answered(struct waiting *x)
{
	*(x->prev != NULL ? &x->prev->next : &x->worker->waiting) = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	waiting_free(x);
}

static void send_held_back(void *ctx)
{
	struct waiting *x = ctx;

	net_answer(x->later, x->reply, x->reply_len);
	answered(x);
}

/* What is left of a scripted delay still holds. */
static void finish(struct waiting *x, const struct job *j)
{
	uint64_t took = net_loop_now_us(x->worker->loop) - x->since_us;
	struct query_log *log = worker_log(x->worker);

	if (log != NULL)
		log_job(log, x->snap, j, &x->came);
	if (took >= x->choice.delay_us || j->out_len == 0) {
		net_answer(x->later, j->out, j->out_len);
		answered(x);
		return;
	}
	x->reply = malloc(j->out_len);
	if (x->reply == NULL)
		bug("out of memory");
	memcpy(x->reply, j->out, j->out_len);
	x->reply_len = j->out_len;
	x->timer = net_loop_after(
		x->worker->loop, x->choice.delay_us - took, send_held_back, x);
}

static bool wait_again(struct waiting *x)
{
	struct service_worker *w = x->worker;
	uint64_t had = upstream_asked(w->upstream);
	bool waits = x->rounds < ROUNDS_MAX && upstream_wait(w->upstream, &x->waiter);

	if (upstream_asked(w->upstream) > had)
		worker_count(&w->counters.upstream);
	x->rounds += waits;
	return waits;
}

static void answer_again(void *ctx)
{
	struct waiting *x = ctx;
	struct service_worker *w = x->worker;
	struct job j = {
		.in = x->in,
		.in_len = x->in_len,
		.tcp = x->tcp,
		.chosen = &x->choice,
		.out = w->out,
		.room = x->tcp ? NET_TCP_ROOM : NET_UDP_ROOM,
	};

	arena_reset(w->arena);
	upstream_begin(w->upstream);
	job_answer(w, x->snap, &j);
	if (wait_again(x))
		return;
	job_sign(&j);
	worker_count_job(w, &j);
	finish(x, &j);
}

static struct waiting *waiting_new(struct service_worker *w, struct snapshot *snap,
	const struct job *j, const struct net_request *rq, struct net_later *later)
{
	struct waiting *x = calloc(1, sizeof(*x));

	if (x == NULL)
		bug("out of memory");
	x->worker = w;
	x->snap = snap;
	snapshot_hold(snap);
	x->later = later;
	x->waiter = (struct upstream_waiter){ answer_again, x, NULL };
	x->choice = j->choice;
	x->came = arrival_of(rq);
	x->since_us = net_loop_now_us(w->loop);
	x->tcp = j->tcp;
	x->in_len = j->in_len;
	memcpy(x->in, j->in, j->in_len);
	x->next = w->waiting;
	if (x->next != NULL)
		x->next->prev = x;
	w->waiting = x;
	return x;
}

bool job_wait_for_upstream(struct service_worker *w, struct snapshot *snap,
	struct job *j, const struct net_request *rq)
{
	struct net_later *later;
	struct waiting *x;

	if (w->upstream == NULL || !upstream_missed(w->upstream) ||
		j->in_len > WAITING_MAX)
		return false;
	later = net_later(rq);
	if (later == NULL)
		return false;
	x = waiting_new(w, snap, j, rq, later);
	if (!wait_again(x)) {
		job_sign(j);
		worker_count_job(w, j);
		finish(x, j);
	}
	return true;
}

void waiting_drop(struct service_worker *w)
{
	for (struct waiting *x = w->waiting, *next; x != NULL; x = next) {
		next = x->next;
		if (x->timer != NULL)
			net_timer_cancel(x->timer);
		net_answer(x->later, NULL, 0);
		waiting_free(x);
	}
	w->waiting = NULL;
}
