/* sink.h - a mail host of a world on real sockets: it takes mail and writes down what
 * came.
 *
 * It answers as host_smtp() does (host/host.h), which is what the emulated clients
 * meet: the same greetings, the same replies to RCPT, a closed port where nothing
 * listens, and a port that drops what comes where the host is silent. RFC 5321 with
 * PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531) and
 * ENHANCEDSTATUSCODES (RFC 2034); no STARTTLS. What is taken goes nowhere. */
#ifndef HOST_SINK_H
#define HOST_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/host.h"
#include "net/endpoint.h"

struct net_loop;
struct sink;

/* Octets of a message; the lab's are a few hundred. */
#define SINK_MESSAGE_MAX (10u << 20)

/* RFC 5321 4.5.3.1.8: at least 100. Refused ones count. */
#define SINK_RCPTS_MAX 100

/* Octets of a message's headers that are kept. */
#define SINK_HEADERS_MAX 16384

/* Octets of what comes after them that are kept. */
#define SINK_BODY_MAX 16384

struct sink_rcpt {
	const char *address;
	int code;	    /* our reply */
	const char *status; /* its enhanced code, or NULL */
};

/* How a transaction ended. */
enum sink_end {
	SINK_TAKEN,	/* the message was accepted */
	SINK_TOO_LARGE, /* and refused after its end */
	SINK_RESET,	/* RSET, or a new EHLO or HELO */
	SINK_QUIT,
	SINK_CLOSED, /* by us: a reply 421 */
	SINK_LOST,   /* the connection ended, or a limit of net/lines.h ended it */
};

/* From MAIL to its end; or a session without MAIL, then from is NULL. */
struct sink_message {
	uint64_t time_us; /* of its end, since 1970 */
	struct endpoint peer, at;
	const char *host; /* the world's */
	int greeting;	  /* our code */
	const char *helo; /* NULL when none came */
	bool esmtp;	  /* EHLO, not HELO */
	const char *from; /* "" is the null reverse-path */
	bool smtputf8;
	const struct sink_rcpt *rcpts; /* in order, refused ones too */
	unsigned n_rcpts;
	/* The first SINK_HEADERS_MAX octets of the lines up to the empty one, each
	 * ended by one '\n'; a NUL follows, and hostile ones may be inside. */
	const char *headers;
	size_t headers_len;
	/* The first SINK_BODY_MAX octets of the lines after the empty one, likewise. */
	const char *body;
	size_t body_len;
	size_t octets; /* of the message as RFC 1870 counts them */
	enum sink_end end;
};

const char *sink_end_name(enum sink_end end);

struct sink_options {
	const struct host *host; /* borrowed until the end */
	const struct endpoint *at;
	unsigned n_at;
	/* The message is valid until it returns. */
	void (*record)(void *ctx, const struct sink_message *m);
	/* Somebody has connected; or NULL. */
	void (*met)(void *ctx);
	/* RCPT is being answered; or NULL. The message so far, as for record(), whose
	 * last recipient it is; it has no end yet. */
	void (*offered)(void *ctx, const struct sink_message *m);
	void *ctx;
};

/* Listens at each address. NULL with errno set, and then *ret_what is a static text. */
struct sink *sink_new(
	struct net_loop *l, const struct sink_options *o, const char **ret_what);

/* Records what is under way as SINK_LOST. Not from record(). */
void sink_free(struct sink *s);

/* Where it listens, for the i-th address; family 0 when the host has no SMTP. */
struct endpoint sink_at(const struct sink *s, unsigned i);

#endif
