/* link.h - a socket connected to one server, for a conversation in lockstep: a message
 * goes out, and whoever waits for what comes back runs the loop meanwhile. So both ends
 * may live in one thread.
 *
 * The socket is connected, over UDP, too: nothing arrives but from that server. */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/endpoint.h"

struct net_loop;
struct net_link;

/* NULL with errno set. */
struct net_link *net_link_open(struct net_loop *l, const struct endpoint *to, bool tcp);
void net_link_close(struct net_link *k);

/* One message, over TCP in its frame (RFC 1035 4.2.2). 0, or -1 with errno set. */
int net_link_send(struct net_link *k, const uint8_t *message, size_t len);

/* The next message, whole: its length, which over UDP may be 0. -1 with errno set:
 * ETIMEDOUT after so long in real time, ECONNRESET when the server closed, EMSGSIZE
 * when it is longer than `room`, EPROTO when more came than one message over TCP. */
ssize_t net_link_receive(struct net_link *k, uint8_t *buf, size_t room, uint64_t us);

#endif
