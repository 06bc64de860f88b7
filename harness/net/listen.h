/* listen.h - DNS messages in and out of sockets, UDP and TCP.
 *
 * A listener owns a UDP and a TCP socket at one endpoint and hands whole messages to a
 * handler, which writes the replies in place. What the messages say is not its
 * business.
 *
 * UDP: recvmmsg() and sendmmsg(), as many messages at a time as have come
 * (NET_BATCH_MAX). What the kernel has no room to send is dropped and counted, as on a
 * real network.
 *
 * TCP (RFC 7766): two octets of length before each message, split anywhere; many
 * messages in flight on a connection, answered in any order; replies made together are
 * sent together. A connection ends when it is idle, when its time is up, when a length
 * of zero comes, or when it is the one idle longest and another wants in at the cap
 * (or no descriptor is left). One that does not read what it is sent is not read from
 * either. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

struct net_loop;
struct listener;
struct net_later;

#define NET_BATCH_MAX 64
#define NET_UDP_ROOM 4096 /* of a UDP reply; longer queries than this are cut off */
#define NET_TCP_ROOM 65535

/* Several messages one after another, as a zone transfer is; TCP only. The listener
 * asks for the next when there is room to send it, so nothing piles up. */
struct net_stream {
	/* Writes the next message to out (NET_TCP_ROOM octets): its length, or 0 after
	 * the last. */
	size_t (*next)(void *ctx, uint8_t *out);
	void (*free)(void *ctx); /* called once, whatever happened */
	void *ctx;
};

/* A message that came in, and what the handler makes of it. */
struct net_request {
	const uint8_t *in; /* until the handler returns */
	size_t in_len;
	const struct sockaddr_storage *peer; /* as net_request_from() reads it */
	bool tcp;
	uint8_t *out; /* the reply goes here */
	size_t room;  /* NET_UDP_ROOM or NET_TCP_ROOM */
	/* The handler sets what differs from zero. */
	size_t out_len;	   /* 0: no reply (unless it took the request: net_later()) */
	uint64_t delay_us; /* before it is sent; holds up nothing else */
	struct net_stream stream; /* next != NULL: sent after the reply */
	/* The listener's own. */
	void *where;
};

struct net_handler {
	/* n is 1 for TCP. `loop` is whose thread it runs on. */
	void (*handle)(void *ctx, struct net_request *rq, unsigned n);
	/* Sees every message as it goes over the wire, when set; conn is 0 for UDP,
	 * else a number that no other connection of the process has. With message
	 * NULL: the connection was closed. */
	void (*tap)(void *ctx, const struct endpoint *from, const struct endpoint *to,
		uint64_t conn, const uint8_t *message, size_t len);
	void *ctx;
};

struct listener_options {
	struct endpoint at; /* port 0: the kernel picks one, the same for UDP and TCP */
	bool reuse_port;    /* other listeners of the process share the endpoint */
	unsigned tcp_max;   /* connections; 0: NET_TCP_MAX */
	uint64_t tcp_idle_us, tcp_total_us; /* 0: NET_TCP_IDLE_US, NET_TCP_TOTAL_US */
};

#define NET_TCP_MAX 1000
#define NET_TCP_IDLE_US UINT64_C(10000000)    /* RFC 7766 6.2.3: a few seconds */
#define NET_TCP_TOTAL_US UINT64_C(3600000000) /* nobody needs one for ever */

/* Binds and listens; answers begin when the loop runs. NULL with errno set, and then
 * *ret_what is a static text, "bind" or "listen on TCP at". The handler is copied. */
struct listener *listener_new(struct net_loop *l, const struct listener_options *o,
	const struct net_handler *h, const char **ret_what);

/* Closes sockets and connections; requests taken by net_later() may still be answered,
 * to no effect. */
void listener_free(struct listener *l);

/* Where it listens; the port is the real one. */
struct endpoint listener_at(const struct listener *l);

/* The peer of a request, and the listener's own endpoint. */
void net_request_from(const struct net_request *rq, struct endpoint *ret);
void net_request_to(const struct net_request *rq, struct endpoint *ret);

/* Called in the handler: takes the request over, to be answered later on the same
 * thread with net_answer(), exactly once. NULL when NET_LATER_MAX are waiting already.
 */
struct net_later *net_later(const struct net_request *rq);
#define NET_LATER_MAX 10000 /* a listener; also of replies with a delay */

/* len 0: no reply. */
void net_answer(struct net_later *later, const uint8_t *message, size_t len);

/* Since the start; may be read from any thread. */
struct listener_stats {
	uint64_t udp_in, udp_out;
	uint64_t udp_lost_in;  /* dropped by the kernel: its buffer was full */
	uint64_t udp_lost_out; /* could not be sent */
	uint64_t tcp_in, tcp_out;
	uint64_t tcp_connections; /* accepted */
	uint64_t tcp_open;
	uint64_t tcp_closed_idle, tcp_closed_for_room, tcp_refused;
	uint64_t later_dropped;
};
void listener_stats(const struct listener *l, struct listener_stats *ret);

#endif
