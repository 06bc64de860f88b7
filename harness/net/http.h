/* http.h - a small web server (libevent's evhttp): GET and HEAD, a reply at once.
 *
 * Limits: octets of a head and of a body that comes with it, time without progress, and
 * pauses when the process has no descriptor left. Any other method is answered with 501
 * (RFC 9110 15.6.2) and does not reach the handler. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

struct net_loop;
struct http;

#define HTTP_HEAD_MAX 16384 /* octets; RFC 9112 3 asks for 8000 of the first line */
#define HTTP_BODY_MAX 4096  /* of a request; nobody wants it */
#define HTTP_TIMEOUT_S 10

/* Valid until the handler returns. */
struct http_request {
	struct endpoint peer, at;
	const char *method; /* GET or HEAD */
	const char *target; /* as it came: "/index.html" */
	const char *host;   /* of the target, else the Host: header; no port; or NULL */
};

/* The texts are copied. */
struct http_reply {
	int status;
	const char *reason;
	const char *location; /* or NULL */
	const char *text;     /* the page, plain text */
};

struct http_options {
	struct endpoint at; /* port 0: the kernel picks one */
	unsigned timeout_s; /* 0: HTTP_TIMEOUT_S */
	void (*handle)(
		void *ctx, const struct http_request *rq, struct http_reply *ret);
	void *ctx;
};

/* Binds and listens. NULL with errno set, and then *ret_what is a static text: "bind".
 */
struct http *http_new(
	struct net_loop *l, const struct http_options *o, const char **ret_what);

/* Closes all connections. Not from a handler. */
void http_free(struct http *h);

/* Where it listens; the port is the real one. */
struct endpoint http_at(const struct http *h);

#endif
