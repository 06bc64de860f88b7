/* port.h - inside net: a TCP port that listens. */
#ifndef NET_PORT_H
#define NET_PORT_H

#include "net/endpoint.h"

/* A socket, not blocking, that is bound and listens at `at`; *ret_at has the real port.
 * `before` is called before it listens, so that nobody slips in; it may be NULL, and
 * says no with -1. Returns -1 with errno set. */
int port_open(const struct endpoint *at, int backlog, int (*before)(int fd),
	struct endpoint *ret_at);

#endif
