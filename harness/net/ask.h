/* ask.h - one question to a server somewhere else: UDP, then TCP when it says TC; or a
 * client's query handed on as it is. */
#ifndef NET_ASK_H
#define NET_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

struct net_loop;
struct net_ask;

/* Sends the query (copied; its id is replaced by a random one) from a port of its own
 * and calls done with the reply, whose id is the query's again, or with NULL when none
 * came in time, or the host refused. A datagram from elsewhere, with another id or
 * another question, is not the reply (RFC 5452 9.1). `done` runs on the loop, later,
 * exactly once, unless it is cancelled before; the message is valid during the call.
 * UDP is tried twice, half of the time each; a query too long for it goes over TCP at
 * once. `len` is at least that of a header, 12, and at most 65535. */
struct net_ask *net_ask(struct net_loop *l, const struct endpoint *to,
	const uint8_t *query, size_t len, uint64_t timeout_us,
	void (*done)(void *ctx, const uint8_t *reply, size_t len), void *ctx);
void net_ask_cancel(struct net_ask *a);

/* For who hands on a client's query: it goes out octet by octet, once, from this
 * address (NULL: the kernel's choice), over the transport that the client chose; and
 * what the server sends first is the reply, whatever it says. All else is as above. */
struct net_ask *net_hand_on(struct net_loop *l, const struct ip *from,
	const struct endpoint *to, bool tcp, const uint8_t *query, size_t len,
	uint64_t timeout_us, void (*done)(void *ctx, const uint8_t *reply, size_t len),
	void *ctx);

#endif
