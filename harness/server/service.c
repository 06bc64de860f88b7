#include "server/service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <time.h>

#include "base/arena.h"
#include "base/bug.h"
#include "net/loop.h"
#include "server/chaos.h"
#include "server/plain.h"
#include "server/querylog.h"
#include "server/quirk.h"
#include "server/snapshot.h"
#include "server/transfer.h"
#include "server/update.h"
#include "server/updates.h"
#include "server/upstream.h"

#define HEADER_LEN 12
#define QR 0x80 /* of octet 2 */
#define UDP_MIN 512
#define UDP_MAX 1232 /* RFC 9715 3.2; server.c cuts answers there */
#define MESSAGE_MAX 65535

/* A request that waits is copied. What asks for addresses is far shorter, options and
 * all. */
#define WAITING_MAX 1024

/* Look-ups that one request may need one after another: an alias that leads outside
 * needs one. */
#define ROUNDS_MAX 4

/* Written by the worker's thread, read by any. */
struct counters {
	_Atomic uint64_t rcodes[SERVICE_RCODES];
	_Atomic uint64_t silent, transfers, upstream;
};

struct service_worker {
	struct service *service;
	struct net_loop *loop;
	unsigned index;
	struct arena *arena; /* of one message */
	struct tsig tsig;    /* of one message */
	struct upstream *upstream;
	struct waiting *waiting;     /* requests that wait for it */
	uint8_t *out;		     /* their replies */
	struct server_state *quirks; /* NULL: the snapshot counts */
	const char *last_quirk;	     /* that acted on the message answered last */
	_Alignas(64) struct counters counters;
};

struct service {
	struct service_options options;
	struct snapshots snapshots;
	struct updates updates;
	struct service_worker *workers;
	_Atomic(struct query_log *) log; /* or NULL */
};

/* Where a query came from and went to, and when; for the log. */
struct arrival {
	struct endpoint from, to;
	uint64_t t_us; /* since the epoch */
};

/* One message, and what becomes of it. */
struct job {
	const uint8_t *in;
	size_t in_len;
	bool tcp;
	const struct quirk_choice *chosen; /* before; NULL: not yet */
	uint8_t *out;
	size_t room;
	/* The result. */
	size_t out_len; /* 0: nothing is sent */
	uint16_t rcode;
	struct quirk_choice choice;
	const struct zone *transfer; /* may be sent in place of the reply */
	struct msg query;	     /* as far as it could be read */
	enum tsig_verdict signature;
	struct tsig *tsig; /* the worker's, unless it is none, or malformed */
};

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
		w->out = malloc(MESSAGE_MAX);
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
static void count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter,
		atomic_load_explicit(counter, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

static void count_job(struct service_worker *w, const struct job *j)
{
	unsigned rcode = j->rcode < SERVICE_RCODES ? j->rcode : SERVICE_RCODES - 1;

	count(j->out_len == 0 ? &w->counters.silent : &w->counters.rcodes[rcode]);
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

static struct query_log *log_of(const struct service_worker *w)
{
	return atomic_load_explicit(&w->service->log, memory_order_acquire);
}

static struct arrival arrival_of(const struct net_request *rq)
{
	struct arrival came;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	came.t_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	net_request_from(rq, &came.from);
	net_request_to(rq, &came.to);
	return came;
}

static void log_job(struct query_log *log, const struct snapshot *snap,
	const struct job *j, const struct arrival *came)
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

/* ---- one message ---- */

static bool is_signed(const struct job *j)
{
	return j->signature == TSIG_GOOD || j->signature == TSIG_BAD;
}

/* Of the whole reply. */
static size_t whole_limit(const struct job *j)
{
	size_t limit = j->query.has_edns ? j->query.udp_size : UDP_MIN;

	if (j->tcp)
		return j->room;
	limit = limit < UDP_MIN ? UDP_MIN : limit > UDP_MAX ? UDP_MAX : limit;
	return limit < j->room ? limit : j->room;
}

/* Of what is written before it is signed. */
static size_t limit_of(const struct job *j)
{
	size_t limit = whole_limit(j), kept = is_signed(j) ? tsig_room(j->tsig) : 0;

	return limit > kept ? limit - kept : 0;
}

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

/* A reply that is long for names as large as they can be, and what they sign with, is
 * not sent at all: the client will come again by TCP. */
static void sign_reply(struct job *j)
{
	if (is_signed(j) && j->out_len > 0)
		j->out_len =
			tsig_sign(j->tsig, j->out, j->out_len, whole_limit(j), now_s());
}

static void write_reply(struct job *j, const struct msg *m)
{
	j->out_len = msg_encode(m, j->out, limit_of(j));
	j->rcode = m->rcode;
}

/* Has a header and cannot be read to its end. Of an opcode that we do not have nobody
 * knows how it is to be read. */
static void answer_malformed(struct job *j)
{
	uint8_t opcode = j->query.opcode;
	struct msg m;

	msg_init_reply(&m, &j->query);
	m.cd = false;
	m.rcode = opcode == OPCODE_QUERY || opcode == OPCODE_NOTIFY ||
				  opcode == OPCODE_UPDATE
			  ? RCODE_FORMERR
			  : RCODE_NOTIMP;
	write_reply(j, &m);
}

static bool answer_chaos(
	const struct service_worker *w, const struct snapshot *snap, struct job *j)
{
	const char *version = w->service->options.version;
	const char *identity = version == NULL ? NULL : snap->data.server.name;

	j->out_len = chaos_answer(&j->query, version, identity, j->out, limit_of(j));
	return j->out_len > 0;
}

/* RFC 2136. */
static void answer_update(struct service_worker *w, struct job *j)
{
	const struct tsig_key *key = NULL;
	const uint8_t *message = j->in;
	size_t len = j->in_len;

	if (j->signature == TSIG_GOOD) {
		uint8_t *stripped = arena_alloc_raw(w->arena, j->tsig->unsigned_len);

		tsig_strip(j->tsig, j->in, stripped);
		message = stripped;
		len = j->tsig->unsigned_len;
		key = j->tsig->key;
	}
	j->rcode = updates_apply(
		&w->service->updates, &w->service->snapshots, key, message, len);
	j->out_len = update_reply(j->in, j->in_len, j->rcode, j->out, limit_of(j));
}

/* RFC 8945 5.2: the signature comes before whatever is asked. True when that was the
 * end of it. */
static bool answer_signature(
	struct service_worker *w, const struct snapshot *snap, struct job *j)
{
	struct msg m;

	j->tsig = &w->tsig;
	j->signature =
		tsig_check(j->tsig, snap->data.server.keys, j->in, j->in_len, now_s());
	if (j->signature == TSIG_NONE || j->signature == TSIG_GOOD)
		return false;
	msg_init_reply(&m, &j->query);
	m.rcode = j->signature == TSIG_BAD ? RCODE_NOTAUTH : RCODE_FORMERR;
	write_reply(j, &m);
	return true;
}

/* Sends what a quirk put in place of a message; longer than the datagram can be it is
 * cut off, as is everything about it. */
static void write_raw(struct job *j, const struct reply *reply)
{
	j->signature = TSIG_NONE; /* nor is it signed */
	j->out_len = reply->raw_len < j->room ? reply->raw_len : j->room;
	memcpy(j->out, reply->raw, j->out_len);
	j->rcode = RCODE_NOERROR;
}

static const struct server_upstream *upstream_of(struct service_worker *w,
	const struct snapshot *snap, struct server_upstream *memory)
{
	if (w->upstream == NULL)
		return snap->data.upstream.lookup == NULL ? NULL : &snap->data.upstream;
	*memory = upstream_memory(w->upstream);
	return memory;
}

static struct quirk_choice choose_quirk(struct service_worker *w, struct snapshot *snap,
	enum proto proto, const struct msg *query)
{
	if (w->quirks == NULL || snap->data.server.n_quirks == 0)
		return snapshot_choose_quirk(snap, proto, query);
	return quirk_choose(&snap->data.server, w->quirks, proto, query);
}

static void respond(struct service_worker *w, struct snapshot *snap, struct job *j)
{
	enum proto proto = j->tcp ? PROTO_TCP : PROTO_UDP;
	struct server_upstream memory;
	struct reply reply;

	j->choice = j->chosen != NULL ? *j->chosen
				      : choose_quirk(w, snap, proto, &j->query);
	server_respond_as(w->arena, &snap->data.server, &j->choice,
		upstream_of(w, snap, &memory), proto, &j->query, &reply);
	if (reply.dropped)
		return;
	if (reply.raw != NULL)
		write_raw(j, &reply);
	else
		write_reply(j, &reply.msg);
	j->transfer = reply.transfer;
}

/* The fast path. */
static bool answer_plain(struct service_worker *w, struct snapshot *snap,
	const struct query *q, struct job *j)
{
	j->out_len = server_plain(w->arena, &snap->data.server,
		j->tcp ? PROTO_TCP : PROTO_UDP, q, j->out, j->room);
	if (j->out_len == 0)
		return false;
	j->rcode = j->out[3] & 0xf;
	return true;
}

/* From the octets of a query to those of its reply; the arena has been reset. Nothing
 * comes of what is too short for a header, or a reply itself: two servers would talk
 * for ever. */
static void answer_query(struct service_worker *w, struct snapshot *snap, struct job *j)
{
	if (j->in_len < HEADER_LEN || (j->in[2] & QR) != 0)
		return;
	if (msg_decode(w->arena, j->in, j->in_len, &j->query) != 0) {
		answer_malformed(j);
		return;
	}
	if (answer_signature(w, snap, j))
		return;
	if (j->query.opcode == OPCODE_UPDATE) {
		answer_update(w, j);
		return;
	}
	if (answer_chaos(w, snap, j))
		return;
	respond(w, snap, j);
}

/* ---- zone transfers ---- */

struct sending {
	struct service *service;
	struct snapshot *snap;
	struct transfer *transfer;
	bool is_signed;
	struct tsig tsig;
};

/* RFC 8945 5.3.1: each message is signed, though only the first and the last must be.
 */
static size_t sending_next(void *ctx, uint8_t *out)
{
	struct sending *s = ctx;
	size_t kept = s->is_signed ? tsig_room(&s->tsig) : 0;
	size_t len = transfer_next(s->transfer, out, NET_TCP_ROOM - kept);

	if (s->is_signed && len > 0)
		len = tsig_sign(&s->tsig, out, len, NET_TCP_ROOM, now_s());
	return len;
}

static void sending_free(void *ctx)
{
	struct sending *s = ctx;

	transfer_free(s->transfer);
	snapshot_let_go(&s->service->snapshots, s->snap);
	free(s);
}

static bool may_have_transfers(
	const struct service_worker *w, const struct net_request *rq)
{
	struct endpoint to;

	if (w->service->options.allow_transfer)
		return true;
	net_request_to(rq, &to);
	return ip_is_loopback(&to.ip);
}

static void start_stream(struct service_worker *w, struct snapshot *snap, struct job *j,
	struct net_request *rq, struct transfer *t)
{
	struct sending *s = malloc(sizeof(*s));

	if (s == NULL)
		bug("out of memory");
	*s = (struct sending){ w->service, snap, t, is_signed(j), { 0 } };
	if (s->is_signed)
		s->tsig = *j->tsig;
	snapshot_hold(snap);
	j->out_len = sending_next(s, j->out);
	j->signature = TSIG_NONE; /* it has its own */
	rq->stream = (struct net_stream){ sending_next, sending_free, s };
}

/* The first message is the reply, the others are sent when there is room for them. */
static void send_zone(struct service_worker *w, struct snapshot *snap, struct job *j,
	struct net_request *rq)
{
	struct transfer *t;

	if (!may_have_transfers(w, rq))
		return;
	t = transfer_new(j->transfer, &j->query, !j->tcp);
	j->rcode = RCODE_NOERROR;
	count(&w->counters.transfers);
	if (j->tcp) {
		start_stream(w, snap, j, rq, t);
		return;
	}
	j->out_len = transfer_next(t, j->out, limit_of(j));
	transfer_free(t);
}

/* ---- requests that wait for the upstream ---- */

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
	struct query_log *log = log_of(x->worker);

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
		count(&w->counters.upstream);
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
	answer_query(w, x->snap, &j);
	if (wait_again(x))
		return;
	sign_reply(&j);
	count_job(w, &j);
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

/* True when the request was taken: it is answered later. */
static bool wait_for_upstream(struct service_worker *w, struct snapshot *snap,
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
		sign_reply(j);
		count_job(w, j);
		finish(x, j);
	}
	return true;
}

/* ---- requests ---- */

/* q: the request as query_read() has it, or NULL when it is none of that kind. */
static void handle_one(struct service_worker *w, struct snapshot *snap,
	const struct query *q, struct net_request *rq)
{
	struct query_log *log = log_of(w);
	struct job j = {
		.in = rq->in,
		.in_len = rq->in_len,
		.tcp = rq->tcp,
		.out = rq->out,
		.room = rq->room,
	};
	struct arrival came;

	arena_reset(w->arena);
	if (q == NULL || !answer_plain(w, snap, q, &j)) {
		if (w->upstream != NULL)
			upstream_begin(w->upstream);
		answer_query(w, snap, &j);
		if (wait_for_upstream(w, snap, &j, rq))
			return;
		if (j.transfer != NULL)
			send_zone(w, snap, &j, rq);
		sign_reply(&j);
	}
	rq->out_len = j.out_len;
	rq->delay_us = j.choice.delay_us;
	w->last_quirk = quirk_name(&j.choice);
	count_job(w, &j);
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
	if (!query_read(in, in_len, &q) || !answer_plain(w, snap, &q, &j))
		answer_query(w, snap, &j);
	if (j.transfer != NULL) {
		msg_init_reply(&m, &j.query);
		m.rcode = RCODE_SERVFAIL;
		write_reply(&j, &m);
	}
	sign_reply(&j);
	snapshots_leave(ss, w->index);
	count_job(w, &j);
	return j.out_len;
}

/* ---- the end ---- */

static void worker_clear(struct service_worker *w)
{
	if (w->service == NULL)
		return;
	upstream_free(w->upstream);
	for (struct waiting *x = w->waiting, *next; x != NULL; x = next) {
		next = x->next;
		if (x->timer != NULL)
			net_timer_cancel(x->timer);
		net_answer(x->later, NULL, 0);
		waiting_free(x);
	}
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
