/* resolver.h - an iterative resolver, by policy, without I/O.
 *
 * Ask it a question with resolver_ask(). Then, while resolver_want() says
 * RESOLVER_SEND, carry out the exchange it names any way you like and give it the reply
 * with resolver_feed() (NULL when none came in time). When it says RESOLVER_DONE,
 * resolver_answer() is the message the client gets. The cache stays for the next
 * question; time is passed in and never runs backwards. */
#ifndef RESOLVER_RESOLVER_H
#define RESOLVER_RESOLVER_H

#include "base/ip.h"
#include "base/trace.h"
#include "dns/msg.h"

struct arena;
struct resolver;
struct resolver_policy; /* policy.h: the rows */

/* Where resolution starts (RFC 9609): addresses of the root servers. Borrowed. */
struct resolver_hints {
	const struct ip *root;
	unsigned n;
};

/* Lives in a, with its cache; so do all messages it returns. Starts cold. */
struct resolver *resolver_new(struct arena *a, const struct resolver_policy *policy,
	const struct resolver_hints *hints, uint64_t seed, struct trace *trace);

/* Begins a new question (RD is implied). Ends any unfinished one. */
void resolver_ask(struct resolver *r, const struct question *q, uint64_t now_us);

enum resolver_want { RESOLVER_SEND, RESOLVER_DONE };

struct exchange {
	struct ip to;
	bool tcp;
	uint64_t timeout_us; /* then feed NULL */
	struct msg query;
};

/* Sets *ret only with RESOLVER_SEND. Calling it again without feeding says the same. */
enum resolver_want resolver_want(struct resolver *r, struct exchange *ret);

/* The reply to the last exchange, or NULL (nothing came, or it was no message). The
 * message is borrowed for the call only, its records until the arena goes. A reply with
 * the wrong id or question is ignored (RFC 5452 9.1) as if nothing had come. */
void resolver_feed(struct resolver *r, const struct msg *reply, uint64_t now_us);

/* The answer to the client's question; until the next resolver_ask(). Never NULL after
 * RESOLVER_DONE: a failed resolution is SERVFAIL. */
const struct msg *resolver_answer(const struct resolver *r);

/* What the resolver cost: exchanges of the current question. */
unsigned resolver_exchanges(const struct resolver *r);

#endif
