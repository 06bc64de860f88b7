/* loopback.h - the network of a run over real sockets.
 *
 * Every server of a world listens on the loopback interface, UDP and TCP, at a port
 * that the kernel picks, and answers with the code of `harness serve`; a portmap says
 * which of the world's addresses is where. Queries and replies are octets in datagrams
 * and TCP streams.
 *
 * Time stays virtual. Servers and who asks them share a thread, and so it is known what
 * a server decided: a query that it drops is a timeout at once, a reply that it holds
 * back is sent at once, with the delay told. Nothing waits for real time: only when the
 * kernel loses a message a limit ends the wait, and with it the run.
 *
 * One exchange at a time: each message that was sent is read before the next query
 * goes out, so that no reply is taken for another's. Whatever else finds its way to the
 * sockets is not answered, or was sent from elsewhere and does not arrive. */
#ifndef RUN_LOOPBACK_H
#define RUN_LOOPBACK_H

#include "run/world.h"

struct loopback;

/* One for each thread; it keeps what can be used for one world after another. */
struct loopback *loopback_new(void);
void loopback_free(struct loopback *lb);

/* Makes the servers of the world listen, in all of its stages; the world is borrowed
 * until loopback_close(). 0, or -1: loopback_failure() says why. */
int loopback_open(struct loopback *lb, const struct world *world);
void loopback_close(struct loopback *lb);

/* Where the server of the world at this address listens: false for none. For evidence
 * and tests. */
struct endpoint;
bool loopback_find(
	const struct loopback *lb, const struct ip *ip, struct endpoint *ret);

struct loopback_query {
	unsigned stage, server; /* whom it is for, */
	const struct ip *to;	/* at one of its addresses */
	bool tcp;
	const struct msg *query;
	struct server_state *state; /* whose quirks count */
	/* A look-up of a provider's, while its own server answers: how deep they are
	 * nested. Each depth has sockets of its own. */
	unsigned depth;
	const struct server_upstream *upstream;
};

/* One exchange. *ret is as server_respond() leaves it, the reply as `raw` octets, which
 * are valid until the next exchange of this depth. After a failure: dropped. */
void loopback_exchange(
	struct loopback *lb, const struct loopback_query *q, struct reply *ret);

/* Why there is no network any more, one line, or NULL when there is. What was exchanged
 * since is worthless; it stays so until the world is closed. */
const char *loopback_failure(const struct loopback *lb);

#endif
