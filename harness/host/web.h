/* web.h - a web host of a world on real sockets: the page, the redirect or the refusal
 * that the visitor meets in memory (host/visitor.h). */
#ifndef HOST_WEB_H
#define HOST_WEB_H

#include "host/host.h"
#include "net/endpoint.h"

struct net_loop;
struct web;

/* A request that was answered. */
struct web_visit {
	uint64_t time_us; /* since 1970 */
	struct endpoint peer, at;
	const char *host;     /* the world's */
	const char *url_host; /* what it was asked for; NULL when it was not said */
	const char *method, *target;
	int status; /* 200, 301, 400 or 404 */
};

struct web_options {
	const struct host *host; /* borrowed until the end */
	const struct endpoint *at;
	unsigned n_at;
	/* The visit is valid until it returns; or NULL. */
	void (*record)(void *ctx, const struct web_visit *v);
	void *ctx;
};

/* Listens at each address. NULL with errno set, and then *ret_what is a static text. */
struct web *web_new(
	struct net_loop *l, const struct web_options *o, const char **ret_what);
void web_free(struct web *w);

/* Where it listens, for the i-th address; family 0 when the host has no web server. */
struct endpoint web_at(const struct web *w, unsigned i);

#endif
