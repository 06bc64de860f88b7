/* visitor.h - the web side: where does http://NAME/ end?
 *
 * A machine without I/O, as a browser would: resolve AAAA and A, connect to the first
 * address that answers (RFC 8305, simplified to IPv6 first, then IPv4), follow HTTP
 * redirects of the world's web hosts up to VISITOR_REDIRECTS_MAX. */
#ifndef HOST_VISITOR_H
#define HOST_VISITOR_H

#include "base/trace.h"
#include "dns/msg.h"
#include "host/host.h"

struct visitor;

#define VISITOR_REDIRECTS_MAX 20 /* Fetch standard: HTTP-redirect fetch, step 7 */

/* Addresses of one name that are tried: more would make a hostile answer costly. */
#define VISITOR_ADDRESSES_MAX 64

enum visitor_want {
	VISITOR_DONE,  /* the result stands */
	VISITOR_ASK,   /* a question to the resolver: visitor_answer() */
	VISITOR_FETCH, /* a page: visitor_reply() */
};

/* http://HOST/ at this address, port 80. */
struct visitor_page {
	struct ip ip;
	const char *host; /* the Host: field; in the visitor's arena */
};

/* Copied, but for the host. */
struct visitor_reply {
	bool connected;	      /* somebody listens there */
	int status;	      /* 0: connected, and no reply came */
	const char *location; /* the field, or NULL */
	const char *host;     /* the world's host there, borrowed; NULL: nobody's */
};

/* url_host is a name (U-labels are converted, UTS 46) or an address literal, IPv6 in
 * brackets; borrowed. */
struct visitor *visitor_new(struct arena *a, const char *url_host, struct trace *trace);

/* Sets *ret_q or *ret_page, when it wants one. */
enum visitor_want visitor_want(
	const struct visitor *v, struct question *ret_q, struct visitor_page *ret_page);

/* The resolver's message, or NULL when none came. All addresses in its answer section
 * count, whatever their owner: getaddrinfo of glibc (resolv/nss_dns/dns-host.c) follows
 * the aliases in the message as they come. */
void visitor_answer(struct visitor *v, const struct msg *answer, uint64_t now_us);

void visitor_reply(struct visitor *v, const struct visitor_reply *reply);

/* What the world's hosts reply, without a network: as host/web.h does. In a. */
void visitor_meet(struct arena *a, const struct hosts *hosts,
	const struct visitor_page *page, struct visitor_reply *ret);

struct visit {
	bool reached;	  /* a web host served the page */
	struct ip ip;	  /* of the host that served it; family 0 when not reached */
	const char *host; /* the world's host there; NULL when not reached */
	const char *url_host; /* the name in the address bar at the end */
	unsigned redirects;
	const char *reason; /* when not reached */
};

/* Valid once visitor_want() has said VISITOR_DONE; lives in the visitor's arena. */
const struct visit *visitor_result(const struct visitor *v);

#endif
