/* lines.h - a TCP server for protocols of lines, as SMTP is.
 *
 * It hands over lines one after another and sends what the handler puts: what they mean
 * is not its business. A line ends with LF; a CR right before it belongs to the end.
 * Every other octet, NUL and bare CR too, is part of the line.
 *
 * What a peer can make grow has a limit: octets of a line before they are handed over,
 * octets of a connection, its time, the time between two lines, connections, and what
 * is sent to one that does not read (it is not read from either). */
#ifndef NET_LINES_H
#define NET_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

struct net_loop;
struct lines;
struct lines_conn;

struct lines_options {
	struct endpoint at; /* port 0: the kernel picks one */
	/* Lets nobody in and refuses nobody: what comes to the port is dropped, so that
	 * a client's connection times out. */
	bool drops;
	/* 0: the limits below. */
	size_t line_max, octets_max;
	unsigned conns_max;
	uint64_t idle_us, total_us;
};

#define LINES_LINE_MAX 1000		    /* RFC 5321 4.5.3.1.6 */
#define LINES_OCTETS_MAX (64u << 20)	    /* some messages of the largest size */
#define LINES_CONNS_MAX 1000		    /* of one port */
#define LINES_IDLE_US UINT64_C(300000000)   /* RFC 5321 4.5.3.2.7: five minutes */
#define LINES_TOTAL_US UINT64_C(3600000000) /* nobody needs one for ever */

/* How the line ends. Of one that is longer than line_max the pieces come one by one,
 * all but the last with LINE_GOES_ON. */
enum line_end { LINE_GOES_ON, LINE_LF, LINE_CRLF };

struct lines_handler {
	/* Somebody is there; what it returns is the `state` of the other two. */
	void *(*open)(void *ctx, struct lines_conn *c);
	/* The text is valid until it returns, and not terminated. */
	void (*line)(void *state, const char *text, size_t len, enum line_end end);
	/* The last call of a connection, whoever ended it. */
	void (*close)(void *state);
	void *ctx;
};

/* Binds and listens. NULL with errno set, and then *ret_what is a static text: "bind".
 * The handler is copied. */
struct lines *lines_new(struct net_loop *l, const struct lines_options *o,
	const struct lines_handler *h, const char **ret_what);

/* Closes all connections; their close() is called. Not from a handler. */
void lines_free(struct lines *s);

/* Where it listens; the port is the real one. */
struct endpoint lines_at(const struct lines *s);

/* For the handler: the two ends. */
void lines_conn_peer(const struct lines_conn *c, struct endpoint *ret);
void lines_conn_at(const struct lines_conn *c, struct endpoint *ret);

/* To be sent. */
void lines_put(struct lines_conn *c, const char *data, size_t len);

/* No further line is handed over; what was put is still sent. */
void lines_end(struct lines_conn *c);

#endif
