/* upstream.h - inside server: targets outside our zones, asked of a resolver and
 * remembered. One a worker, used on its thread only.
 *
 * Answering does not wait: a look-up that is not in memory fails and is noted; who
 * answers may then wait for it and answer once more from the start. */
#ifndef SERVER_UPSTREAM_H
#define SERVER_UPSTREAM_H

#include "net/endpoint.h"
#include "server/server.h"

struct net_loop;
struct upstream;

struct upstream_waiter {
	void (*done)(void *ctx);
	void *ctx;
	struct upstream_waiter *next;
};

struct upstream *upstream_new(struct net_loop *loop, const struct endpoint *resolver);

/* Waiters are forgotten. */
void upstream_free(struct upstream *u);

/* What answering is given. */
struct server_upstream upstream_memory(struct upstream *u);

/* Forgets what was noted; then, has anything been noted since? */
void upstream_begin(struct upstream *u);
bool upstream_missed(const struct upstream *u);

/* Asks what was noted since upstream_begin(), or joins those who wait for the same; the
 * waiter (the caller's, until then) is called later, once, whatever comes. False when
 * nothing was noted, or too much is being asked. */
bool upstream_wait(struct upstream *u, struct upstream_waiter *w);

/* Questions sent so far. */
uint64_t upstream_asked(const struct upstream *u);

#endif
