#include "run/lab-front.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/bug.h"
#include "net/ask.h"
#include "net/listen.h"
#include "run/drive.h"
#include "run/lab-book.h"
#include "run/lab-own.h"

#define HEADER_LEN 12
#define QR 0x80 /* of octet 2 */

/* A query that was handed on. */
struct waiting {
	LIST_ENTRY(waiting) link;
	struct lab_front *front;
	struct net_later *later;
	struct net_ask *ask;
	uint64_t question; /* in the book */
};

struct lab_front {
	struct lab_front_options o;
	struct listener *listener;
	struct arena *scratch; /* of one query */
	struct arena *arena;   /* of the emulated resolver */
	struct drive drive;
	LIST_HEAD(, waiting) waiting;
	unsigned n_waiting;
};

/* ---- the book ---- */

static uint64_t note_question(struct lab_front *f, const struct net_request *rq,
	const struct msg *query, bool ours)
{
	struct lab_came came = { .tcp = rq->tcp,
		.id = query->id,
		.question = query->question,
		.ours = ours };

	if (f->o.book == NULL || !query->has_question)
		return 0;
	net_request_from(rq, &came.from);
	return lab_book_question(f->o.book, &came);
}

static void note_answer(
	struct lab_front *f, uint64_t question, const uint8_t *message, size_t len)
{
	if (f->o.book != NULL && question != 0 && len > 0)
		lab_book_answer(f->o.book, question, message, len);
}

/* ---- emulated ---- */

static void resolve(struct lab_front *f, const struct question *q, struct msg *reply)
{
	const struct msg *answer;

	reply->ra = true;
	if (arena_footprint(f->arena) > LAB_FRONT_BYTES) {
		reply->rcode = RCODE_SERVFAIL;
		return;
	}
	answer = drive_ask(&f->drive, q);
	if (answer == NULL) {
		/* Real clients would wait as long in real time for nothing. */
		reply->rcode = RCODE_SERVFAIL;
		return;
	}
	reply->rcode = answer->rcode;
	reply->aa = answer->aa;
	memcpy(reply->section, answer->section, sizeof(reply->section));
}

/* What is no question that a resolver takes: its rcode, or NOERROR. */
static uint16_t refusal(const struct msg *query, bool read)
{
	if (query->opcode != OPCODE_QUERY)
		return RCODE_NOTIMP;
	if (!read || !query->has_question)
		return RCODE_FORMERR;
	if (query->has_edns && query->edns_version != 0)
		return RCODE_BADVERS; /* RFC 6891 6.1.3 */
	return query->question.class == CLASS_IN ? RCODE_NOERROR : RCODE_REFUSED;
}

static void send_reply(
	struct net_request *rq, const struct msg *query, const struct msg *reply)
{
	size_t limit = server_udp_limit(query->has_edns, query->udp_size);

	rq->out_len = msg_encode(
		reply, rq->out, rq->tcp || limit > rq->room ? rq->room : limit);
}

static void answer_emulated(
	struct lab_front *f, struct net_request *rq, const struct msg *query, bool read)
{
	uint64_t question = note_question(f, rq, query, false);
	struct msg reply;

	msg_init_reply(&reply, query);
	reply.rcode = refusal(query, read);
	if (reply.rcode == RCODE_NOERROR)
		resolve(f, &query->question, &reply);
	send_reply(rq, query, &reply);
	note_answer(f, question, rq->out, rq->out_len);
}

/* ---- handed on ---- */

static void stop_waiting(struct waiting *w, const uint8_t *message, size_t len)
{
	LIST_REMOVE(w, link);
	w->front->n_waiting--;
	net_answer(w->later, message, len);
	free(w);
}

static void on_reply(void *ctx, const uint8_t *reply, size_t len)
{
	struct waiting *w = ctx;

	note_answer(w->front, w->question, reply, len);
	stop_waiting(w, reply, len);
}

static void hand_on(
	struct lab_front *f, struct net_request *rq, const struct msg *query)
{
	uint64_t question = note_question(f, rq, query, false);
	struct net_later *later =
		f->n_waiting < LAB_FRONT_WAITING_MAX ? net_later(rq) : NULL;
	struct waiting *w;

	if (later == NULL)
		return;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		bug("no memory for a query");
	w->front = f;
	w->later = later;
	w->question = question;
	LIST_INSERT_HEAD(&f->waiting, w, link);
	f->n_waiting++;
	w->ask = net_hand_on(f->o.loop, &f->o.at.ip, &f->o.to, rq->tcp, rq->in,
		rq->in_len, LAB_FRONT_PATIENCE_US, on_reply, w);
}

/* ---- queries ---- */

/* True when the query was one for ourselves. */
static bool answer_own(
	struct lab_front *f, struct net_request *rq, const struct msg *query, bool read)
{
	struct msg reply;
	uint64_t question;

	if (f->o.own == NULL || refusal(query, read) != RCODE_NOERROR)
		return false;
	msg_init_reply(&reply, query);
	reply.ra = true;
	if (!lab_own_answer(f->o.own, f->scratch, &query->question, &reply))
		return false;
	question = note_question(f, rq, query, true);
	send_reply(rq, query, &reply);
	note_answer(f, question, rq->out, rq->out_len);
	return true;
}

static void handle_one(struct lab_front *f, struct net_request *rq)
{
	struct msg query;
	bool read;

	/* Whoever answers replies talks for ever. */
	if (rq->in_len < HEADER_LEN || (rq->in[2] & QR) != 0)
		return;
	arena_reset(f->scratch);
	read = msg_decode(f->scratch, rq->in, rq->in_len, &query) == 0;
	if (answer_own(f, rq, &query, read))
		return;
	if (f->o.emulated != NULL)
		answer_emulated(f, rq, &query, read);
	else
		hand_on(f, rq, &query);
}

static void handle(void *ctx, struct net_request *rq, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		handle_one(ctx, &rq[i]);
}

/* ---- from beginning to end ---- */

struct lab_front *lab_front_new(
	const struct lab_front_options *o, const char **ret_what)
{
	struct lab_front *f = calloc(1, sizeof(*f));
	const struct listener_options lo = { .at = o->at };
	const struct net_handler handler = { .handle = handle, .ctx = f };
	struct listener *l;

	if (f == NULL)
		bug("no memory for a name server");
	l = listener_new(o->loop, &lo, &handler, ret_what);
	if (l == NULL) {
		free(f);
		return NULL;
	}
	f->o = *o;
	f->listener = l;
	f->scratch = arena_new();
	f->arena = arena_new();
	LIST_INIT(&f->waiting);
	if (o->emulated != NULL)
		drive_init(&f->drive, f->arena, o->world, o->emulated, o->seed, NULL);
	return f;
}

void lab_front_restart(struct lab_front *f)
{
	if (f->o.emulated == NULL)
		return;
	arena_reset(f->arena);
	drive_init(&f->drive, f->arena, f->o.world, f->o.emulated, f->o.seed, NULL);
}

/* The analyser does not follow LIST_REMOVE(): it takes the next for the last. */
void lab_front_free(struct lab_front *f)
{
	struct waiting *w;

	if (f == NULL)
		return;
	while ((w = LIST_FIRST(&f->waiting)) != NULL) {
		net_ask_cancel(w->ask); /* NOLINT(clang-analyzer-unix.Malloc) */
		stop_waiting(w, NULL, 0);
	}
	listener_free(f->listener);
	arena_free(f->arena);
	arena_free(f->scratch);
	free(f);
}

void lab_front_enter(struct lab_front *f, unsigned stage)
{
	if (f->o.emulated != NULL && stage > f->drive.stage)
		drive_enter(&f->drive, stage);
}

void lab_front_prime(struct lab_front *f)
{
	if (f->o.emulated != NULL)
		drive_prime(&f->drive);
}
