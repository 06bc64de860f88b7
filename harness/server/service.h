/* service.h - a server that serves: messages in, messages out, on real sockets.
 *
 * A service is what a program runs: a `struct server` (server.h), whose zones change
 * while it answers, with the parts of the protocol that need more than one message or
 * a memory: UPDATE, transfers, NOTIFY, upstream look-ups.
 *
 * Threads: each has a service_worker and answers from a snapshot of the server, without
 * a lock. Who changes zones makes a new snapshot; the old one goes when no worker reads
 * it any more. */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "net/listen.h"
#include "server/server.h"

struct service;
struct service_worker;
struct net_loop;
struct journal;

/* A description and the memory it lives in; the service owns both from then on. */
struct service_data {
	struct server server; /* prepared */
	/* For targets outside the server's zones, when the options name no upstream;
	 * called from all workers. May be left out. */
	struct server_upstream upstream;
	/* Dropped with the snapshot: an arena, or what several services share. */
	void (*release)(void *memory);
	void *memory;
};

/* What it is called with; texts and keys are borrowed. */
struct service_options {
	/* Answers version.bind and version.server in CH, and the server's name answers
	 * hostname.bind and id.server (RFC 4892); NULL: none of them. */
	const char *version;
	bool minimal_any; /* RFC 8482 4.1 over UDP */
	/* Zone transfers from other addresses of ours than loopback ones. */
	bool allow_transfer;
	const struct endpoint *upstream; /* a resolver; NULL: none is asked */
	/* Updates are written to it, and done again when zones are loaded; NULL: they
	 * are lost at the end, and at service_replace(). */
	struct journal *journal;
	/* Told what went wrong with the journal; from any worker's thread. */
	void (*tell)(void *ctx, const char *text);
	void *tell_ctx;
	unsigned workers;
};

struct query_log;

struct service *service_new(
	const struct service_options *o, const struct service_data *data);

/* After the workers' loops have ended. */
void service_free(struct service *s);

/* Serves this from now on (SIGHUP). */
void service_replace(struct service *s, const struct service_data *data);

/* i counts from 0. The worker is what listeners of that thread get as ctx. Without a
 * loop no upstream is asked. */
struct service_worker *service_worker(
	struct service *s, unsigned i, struct net_loop *loop);

/* The handler's function: ctx is the worker. */
void service_handle(void *worker, struct net_request *rq, unsigned n);

/* What this worker answers from now on counts for quirks in `in` (borrowed), not with
 * what the other workers answer: a case of a run has counts of its own. */
void service_worker_count_quirks(struct service_worker *w, struct server_state *in);

/* Of the message that was answered last and did not wait for an upstream: the quirk
 * that acted, or NULL. */
const char *service_worker_last_quirk(const struct service_worker *w);

/* From now on what is answered is logged (borrowed until service_free()); from any
 * thread. */
void service_log_to(struct service *s, struct query_log *log);

/* What was answered so far, by all workers; from any thread. */
#define SERVICE_RCODES 24 /* RCODEs from here on are counted as the last */
struct service_stats {
	uint64_t rcodes[SERVICE_RCODES];
	uint64_t silent;    /* messages that got no reply: no message, or a quirk */
	uint64_t transfers; /* begun */
	uint64_t upstream;  /* questions to the upstream */
};
void service_stats(const struct service *s, struct service_stats *ret);

/* Answers one message; the length of the reply, 0 for none. Without sockets, for tests
 * and fuzzers: what would be answered later, or as a stream, is answered SERVFAIL. */
size_t service_answer(struct service_worker *w, bool tcp, const uint8_t *in,
	size_t in_len, uint8_t *out, size_t room);

#endif
