/* listener.h - the parts of a listener, for udp.c, tcp.c, later.c and listen.c only. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "net/listen.h"

struct conn;

LIST_HEAD(laters, net_later);
TAILQ_HEAD(conns, conn);

/* Written by the loop's thread only, read by any. */
struct counters {
	_Atomic uint64_t udp_in, udp_out, udp_lost_out;
	_Atomic uint64_t tcp_in, tcp_out, tcp_connections, tcp_open;
	_Atomic uint64_t tcp_closed_idle, tcp_closed_for_room, tcp_refused;
	_Atomic uint64_t later_dropped;
};

/* One writer: no locked instruction is needed. */
static inline void count(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, old + n, memory_order_relaxed);
}

struct listener {
	struct net_loop *loop;
	struct net_handler handler;
	struct listener_options o; /* defaults filled in */
	struct endpoint at;
	struct counters counters;

	int udp_fd;
	struct event udp_ready;
	socklen_t peer_len; /* of the socket's family */
	bool any;	    /* on all addresses: each datagram says which it came to */

	int tcp_fd;
	int reserve_fd; /* given up to refuse a connection when no other is left */
	struct event tcp_ready, tcp_sweep;
	struct net_timer *tcp_pause;
	/* A connection is in `ages`, oldest first, and in one of the others, the one
	 * that has been in it longest first: `idle` owe nothing, `stuck` have output
	 * that the peer does not take, `busy` wait for an answer of ours. */
	struct conns ages, idle, stuck, busy;

	/* Taken requests and delayed replies of UDP, and taken requests of connections
	 * that are gone. The others are with their connections. */
	struct laters laters;
	unsigned n_laters; /* all of them */
};

/* The stream ends here, whether it was sent or not. */
static inline void stream_drop(struct net_stream *s)
{
	if (s->next != NULL && s->free != NULL)
		s->free(s->ctx);
	s->next = NULL;
}

/* ---- udp.c ---- */

/* Whom a datagram goes to, and from which of our addresses. */
struct udp_path {
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer;
	socklen_t len;
	struct ip local;
};

/* The socket is bound. */
void udp_start(struct listener *l);
void udp_stop(struct listener *l);

void udp_path_of(const struct net_request *rq, struct udp_path *ret);
void udp_local(const struct net_request *rq, struct endpoint *ret);
void udp_send_one(struct listener *l, const struct udp_path *path,
	const uint8_t *message, size_t len);

/* ---- tcp.c ---- */

/* The socket is bound and listens. */
void tcp_start(struct listener *l);
void tcp_stop(struct listener *l); /* closes all connections, too */

struct listener *conn_listener(const struct conn *c);
void conn_local(const struct conn *c, struct endpoint *ret);

/* One more request of it waits for conn_answer(); returns where it is listed. */
struct laters *conn_new_later(struct conn *c);

/* Sends a message that was waited for (none when len is 0) and then the stream, which
 * it takes over. May close the connection. */
void conn_answer(
	struct conn *c, const uint8_t *message, size_t len, struct net_stream *stream);

/* ---- later.c ---- */

struct net_later {
	struct listener *listener; /* NULL: gone */
	struct conn *conn;	   /* NULL: UDP, or gone */
	LIST_ENTRY(net_later) link;
	struct udp_path path; /* len 0: TCP */
	/* A reply with a delay. */
	struct net_timer *timer;
	struct net_stream stream;
	uint8_t *message;
	size_t len;
};

/* Sends the request's reply when its delay is over; takes its stream over. */
void later_delay(struct net_request *rq);

/* What was taken may still be answered, to no effect. */
void laters_of_a_closed_connection(struct laters *list, struct listener *l);
void laters_of_a_closed_listener(struct listener *l);

#endif
