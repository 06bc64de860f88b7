/* plain.h - the fast path: a plain question to a server that has no surprise for it,
 * answered from octets to octets.
 *
 * The reply is, octet for octet, what server_respond() and msg_encode() make of the
 * same query; tests hold the two against each other. */
#ifndef SERVER_PLAIN_H
#define SERVER_PLAIN_H

#include "dns/query.h"
#include "server/server.h"

/* Octets of the reply, written to `out`; 0 when the question needs server_respond(): a
 * quirk may act on it, a zone of the server flattens or is refused, it is of a class or
 * type that has rules of its own. `out` has room for 512 octets or more; a reply over
 * UDP is never longer than the query allows. `a` is for what an answer seldom needs. */
size_t server_plain(struct arena *a, const struct server *s, enum proto proto,
	const struct query *q, uint8_t *out, size_t room);

/* Brings memory that server_plain() will read for these queries near, all at once: a
 * large zone's names lie far apart. */
void server_prefetch(const struct server *s, const struct query *q, unsigned n);

#endif
