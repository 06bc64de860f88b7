/* fetch.h - one GET (HTTP/1.1), for what the head of the reply says: the visitor's side
 * of net/http.h. No TLS.
 *
 * Of the peer's octets no more than one head is kept and no page is read: the
 * connection is closed as soon as the final head is there. */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "net/endpoint.h"

struct net_loop;
struct net_fetch;

/* Octets of a reply's head, with interim replies (1xx) before it; browsers stop at some
 * hundred thousand. */
#define FETCH_HEAD_MAX 16384

/* Octets of a target: RFC 9112 3 asks for 8000 of the line it is in. */
#define FETCH_TARGET_MAX 8000

/* Valid during the call of done(). */
struct fetched {
	bool connected; /* somebody listens there */
	int status;	/* 200 to 999, or 101; 0: no reply, for the reason below */
	/* The field's value as the peer sent it, without control characters; NULL when
	 * it has none. Of several the first. */
	const char *location;
	const char *why; /* "Connection refused"; NULL when there is a status */
};

/* Connects from the thread's network namespace and asks for the target ("/") of that
 * host, which may have a port: it is the Host field. Both are copied; with an octet
 * that is no visible ASCII, or too long, they are not asked for, and `why` says so.
 * `done` runs on the loop, later, exactly once, unless it is cancelled before. The
 * time is that of the whole. */
struct net_fetch *net_fetch(struct net_loop *l, const struct endpoint *to,
	const char *host, const char *target, uint64_t timeout_us,
	void (*done)(void *ctx, const struct fetched *reply), void *ctx);

/* NULL is fine; not from done(), nor after it. */
void net_fetch_cancel(struct net_fetch *f);

#endif
