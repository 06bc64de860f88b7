/* worker.h - inside server: what the files of the service share.
 *
 * service.c takes requests in and keeps the books; job.c makes a reply of a message;
 * sending.c streams zones; waiting.c keeps what the upstream has to be asked for. */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <stdatomic.h>

#include "dns/query.h"
#include "dns/tsig.h"
#include "server/querylog.h"
#include "server/quirk.h"
#include "server/service.h"
#include "server/snapshot.h"
#include "server/updates.h"

struct upstream;
struct waiting;

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

/* ---- service.c ---- */

void worker_count(_Atomic uint64_t *counter);
void worker_count_job(struct service_worker *w, const struct job *j);

/* The log, or NULL. */
struct query_log *worker_log(const struct service_worker *w);
struct arrival arrival_of(const struct net_request *rq);
void log_job(struct query_log *log, const struct snapshot *snap, const struct job *j,
	const struct arrival *came);

/* ---- job.c ---- */

/* The fast path: false when the question is none for it. */
bool job_answer_plain(struct service_worker *w, struct snapshot *snap,
	const struct query *q, struct job *j);

/* From the octets of a query to those of its reply; the arena has been reset. Nothing
 * comes of what is too short for a header, or a reply itself: two servers would talk
 * for ever. */
void job_answer(struct service_worker *w, struct snapshot *snap, struct job *j);

/* Signs the reply to a signed query; the last thing that is done to it. */
void job_sign(struct job *j);

bool job_is_signed(const struct job *j);

/* Octets that the reply may have before it is signed. */
size_t job_limit(const struct job *j);

void job_write(struct job *j, const struct msg *m);

/* Seconds since the epoch, as signatures have them. */
uint64_t job_now_s(void);

/* ---- sending.c ---- */

/* Makes the reply the first message of j->transfer, if the client may have it; the
 * others are sent when there is room for them. */
void job_send_zone(struct service_worker *w, struct snapshot *snap, struct job *j,
	struct net_request *rq);

/* ---- waiting.c ---- */

/* True when the request was taken: it is answered later. */
bool job_wait_for_upstream(struct service_worker *w, struct snapshot *snap,
	struct job *j, const struct net_request *rq);

/* Answers none of those that wait, at the end. */
void waiting_drop(struct service_worker *w);

#endif
