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

/* A description and the memory it lives in; the service owns both from then on. */
struct service_data {
	struct server server; /* prepared */
	/* Dropped with the snapshot: an arena, or what several services share. */
	void (*release)(void *memory);
	void *memory;
};

/* What it is called with; texts and keys are borrowed. */
struct service_options {
	const char
		*version; /* answers version.bind and version.server in CH; NULL: not */
	bool minimal_any; /* RFC 8482 4.2 over UDP */
	unsigned workers;
};

struct service *service_new(
	const struct service_options *o, const struct service_data *data);

/* After the workers' loops have ended. */
void service_free(struct service *s);

/* Serves this from now on (SIGHUP). */
void service_replace(struct service *s, const struct service_data *data);

/* i counts from 0. The worker is what listeners of that thread get as ctx. */
struct service_worker *service_worker(
	struct service *s, unsigned i, struct net_loop *loop);

/* The handler's function: ctx is the worker. */
void service_handle(void *worker, struct net_request *rq, unsigned n);

/* Answers one message; the length of the reply, 0 for none. Without sockets, for tests
 * and fuzzers: what would be answered later, or as a stream, is answered SERVFAIL. */
size_t service_answer(struct service_worker *w, bool tcp, const uint8_t *in,
	size_t in_len, uint8_t *out, size_t room);

#endif
