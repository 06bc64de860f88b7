#include "server/service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/bug.h"
#include "server/plain.h"
#include "server/upstream.h"
#include "server/worker.h"

/* ---- the service ---- */

static struct service_data with_options(
	const struct service *s, const struct service_data *data)
{
	struct service_data d = *data;

	d.server.minimal_any = s->options.minimal_any;
	return d;
}

struct service *service_new(
	const struct service_options *o, const struct service_data *data)
{
	struct service *s = calloc(1, sizeof(*s));
	size_t size = o->workers * sizeof(*s->workers);
	struct service_data d;

	if (s == NULL)
		bug("out of memory");
	s->options = *o;
	s->workers = aligned_alloc(_Alignof(struct service_worker), size);
	if (s->workers == NULL)
		bug("out of memory");
	memset(s->workers, 0, size);
	d = with_options(s, data);
	updates_init(&s->updates, o);
	updates_prepare(&s->updates, &d);
	snapshots_init(&s->snapshots, o->workers, &d);
	updates_ready(&s->updates);
	return s;
}

void service_replace(struct service *s, const struct service_data *data)
{
	struct service_data d = with_options(s, data);

	updates_prepare(&s->updates, &d);
	snapshots_replace(&s->snapshots, &d);
	updates_ready(&s->updates);
}

struct service_worker *service_worker(
	struct service *s, unsigned i, struct net_loop *loop)
{
	struct service_worker *w = &s->workers[i];

	w->service = s;
	w->loop = loop;
	w->index = i;
	w->arena = arena_new();
	if (loop != NULL && s->options.upstream != NULL) {
		w->upstream = upstream_new(loop, s->options.upstream);
		w->out = malloc(NET_TCP_ROOM);
		if (w->out == NULL)
			bug("out of memory");
	}
	return w;
}

void service_worker_count_quirks(struct service_worker *w, struct server_state *in)
{
	w->quirks = in;
}

const char *service_worker_last_quirk(const struct service_worker *w)
{
	return w->last_quirk;
}

/* ---- counting ---- */

/* One thread writes, so no locked instruction is needed. */
void worker_count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter,
		atomic_load_explicit(counter, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

void worker_count_job(struct service_worker *w, const struct job *j)
{
	unsigned rcode = j->rcode < SERVICE_RCODES ? j->rcode : SERVICE_RCODES - 1;

	worker_count(
		j->out_len == 0 ? &w->counters.silent : &w->counters.rcodes[rcode]);
}

void service_stats(const struct service *s, struct service_stats *ret)
{
	*ret = (struct service_stats){ 0 };
	for (unsigned i = 0; i < s->options.workers; i++) {
		const struct counters *c = &s->workers[i].counters;

		for (unsigned k = 0; k < SERVICE_RCODES; k++)
			ret->rcodes[k] += c->rcodes[k];
		ret->silent += c->silent;
		ret->transfers += c->transfers;
		ret->upstream += c->upstream;
	}
}

/* ---- the query log ---- */

void service_log_to(struct service *s, struct query_log *log)
{
	s->log = log;
}

struct query_log *worker_log(const struct service_worker *w)
{
	return atomic_load_explicit(&w->service->log, memory_order_acquire);
}

struct arrival arrival_of(const struct net_request *rq)
{
	struct arrival came;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	came.t_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	net_request_from(rq, &came.from);
	net_request_to(rq, &came.to);
	return came;
}

void log_job(struct query_log *log, const struct snapshot *snap, const struct job *j,
	const struct arrival *came)
{
	struct query_log_line line = {
		.t_us = came->t_us,
		.server = snap->data.server.name,
		.from = came->from,
		.to = came->to,
		.tcp = j->tcp,
		.query = j->in,
		.query_len = j->in_len,
		.reply = j->out,
		.reply_len = j->out_len,
		.quirk = quirk_name(&j->choice),
		.delay_us = j->choice.delay_us,
	};

	query_log_add(log, &line);
}

/* ---- requests ---- */

/* q: the request as query_read() has it, or NULL when it is none of that kind. */
static void handle_one(struct service_worker *w, struct snapshot *snap,
	const struct query *q, struct net_request *rq)
{
	struct query_log *log = worker_log(w);
	struct job j = {
		.in = rq->in,
		.in_len = rq->in_len,
		.tcp = rq->tcp,
		.out = rq->out,
		.room = rq->room,
	};
	struct arrival came;

	arena_reset(w->arena);
	if (q == NULL || !job_answer_plain(w, snap, q, &j)) {
		if (w->upstream != NULL)
			upstream_begin(w->upstream);
		job_answer(w, snap, &j);
		if (job_wait_for_upstream(w, snap, &j, rq))
			return;
		if (j.transfer != NULL)
			job_send_zone(w, snap, &j, rq);
		job_sign(&j);
	}
	rq->out_len = j.out_len;
	rq->delay_us = j.choice.delay_us;
	w->last_quirk = quirk_name(&j.choice);
	worker_count_job(w, &j);
	if (log != NULL) {
		came = arrival_of(rq);
		log_job(log, snap, &j, &came);
	}
}

void service_handle(void *worker, struct net_request *rq, unsigned n)
{
	struct service_worker *w = worker;
	struct snapshots *ss = &w->service->snapshots;
	struct snapshot *snap = snapshots_enter(ss, w->index);
	struct query queries[NET_BATCH_MAX], *plain[NET_BATCH_MAX];
	unsigned n_plain = 0;

	for (unsigned i = 0; i < n; i++) {
		plain[i] = NULL;
		if (query_read(rq[i].in, rq[i].in_len, &queries[n_plain]))
			plain[i] = &queries[n_plain++];
	}
	if (n_plain > 1)
		server_prefetch(&snap->data.server, queries, n_plain);
	for (unsigned i = 0; i < n; i++)
		handle_one(w, snap, plain[i], &rq[i]);
	snapshots_leave(ss, w->index);
}

size_t service_answer(struct service_worker *w, bool tcp, const uint8_t *in,
	size_t in_len, uint8_t *out, size_t room)
{
	struct snapshots *ss = &w->service->snapshots;
	struct snapshot *snap = snapshots_enter(ss, w->index);
	struct job j = {
		.in = in, .in_len = in_len, .tcp = tcp, .out = out, .room = room
	};
	struct query q;
	struct msg m;

	arena_reset(w->arena);
	if (w->upstream != NULL)
		upstream_begin(w->upstream);
	if (!query_read(in, in_len, &q) || !job_answer_plain(w, snap, &q, &j))
		job_answer(w, snap, &j);
	if (j.transfer != NULL) {
		msg_init_reply(&m, &j.query);
		m.rcode = RCODE_SERVFAIL;
		job_write(&j, &m);
	}
	job_sign(&j);
	snapshots_leave(ss, w->index);
	worker_count_job(w, &j);
	return j.out_len;
}

/* ---- the end ---- */

static void worker_clear(struct service_worker *w)
{
	if (w->service == NULL)
		return;
	upstream_free(w->upstream);
	waiting_drop(w);
	free(w->out);
	arena_free(w->arena);
}

void service_free(struct service *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->options.workers; i++)
		worker_clear(&s->workers[i]);
	snapshots_clear(&s->snapshots);
	updates_clear(&s->updates);
	free(s->workers);
	free(s);
}
