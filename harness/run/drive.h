/* drive.h - the pump: one resolver's questions carried to the servers of a world, in
 * virtual time: in memory, or over sockets. */
#ifndef RUN_DRIVE_H
#define RUN_DRIVE_H

#include "base/trace.h"
#include "run/world.h"

struct arena;
struct evidence;
struct loopback;
struct resolver_policy;
struct visitor_page;
struct visitor_reply;

/* A resolver that is somewhere else: it is asked in place of the emulated one and of
 * the world. All but ask() may be NULL. */
struct drive_outside {
	/* The answer, until a goes at least, or NULL when none comes; *ret_took_us is
	 * what that takes of the drive's clock. */
	const struct msg *(*ask)(void *ctx, struct arena *a, const struct question *q,
		uint64_t *ret_took_us);
	/* Time passes there. */
	void (*wait)(void *ctx, uint64_t us);
	/* The world enters this stage, whose time has come. */
	void (*enter)(void *ctx, unsigned stage);
	/* A web host out there; what it says lives in a. NULL: the world's, in memory.
	 */
	void (*fetch)(void *ctx, struct arena *a, const struct visitor_page *page,
		struct visitor_reply *ret);
	/* Primes its own cache; NULL: it is asked what `before` says. */
	void (*prime)(void *ctx);
	void *ctx;
};

/* What is chance, said from outside. */
struct drive_arrange {
	/* May put the records of an answer in another order, before the client sees it:
	 * the order in which a set of records comes is the resolver's free choice (RFC
	 * 2181 5). */
	const struct msg *(*arrange)(void *ctx, struct arena *a,
		const struct question *q, const struct msg *answer);
	/* Of the client (struct mta_setting); NULL: its own chance. */
	bool (*turn)(void *ctx, const struct name *host, unsigned *ret);
	void *ctx;
};

/* An ALIAS whose target is an ALIAS of another provider, and so on: more than anybody
 * publishes, and a loop of them must end. */
#define DRIVE_DEPTH_MAX 4

/* A round trip between a resolver and a server somewhere else. Only its order of
 * magnitude matters: far below every timeout, far above zero. */
#define DRIVE_ROUND_TRIP_US 10000

/* What clients wait for an answer: resolv.conf(5) has two tries of five seconds; with
 * what the tries themselves take, so that a resolver that gives up after ten (BIND
 * resolver-query-timeout, Knot Resolver) is still heard. */
#define DRIVE_PATIENCE_US UINT64_C(11000000)

struct drive {
	struct arena *arena;
	const struct world *world;
	unsigned stage;
	uint64_t now_us;
	struct server_state *states; /* per server of the stage */
	struct resolver *resolver;
	struct server_upstream upstream;
	unsigned depth;		   /* of lookups made for flatten and alias */
	struct loopback *loopback; /* the world is open there; NULL: in memory */
	const struct drive_outside *outside; /* NULL: the resolver is in here */
	bool wire; /* messages travel as octets in memory, too */
	const struct drive_arrange *arrange; /* of a client's answers, or NULL */
	struct evidence *evidence;	     /* NULL: none is wanted */
	/* What the asking drive's clock stands at, while this one asks for it: such
	 * look-ups take no time there. NULL: its own clock counts. */
	const uint64_t *clock_us;
};

/* A cold resolver in the first stage of the world. d is the caller's, what it needs
 * lives in a. */
void drive_init(struct drive *d, struct arena *a, const struct world *world,
	const struct resolver_policy *policy, uint64_t seed, struct trace *trace);

/* Moves on to a later stage, at its time or later. */
void drive_enter(struct drive *d, unsigned stage);

/* One question to the resolver, carried through; the clock moves on by what it took.
 * NULL when none came within the client's patience. */
const struct msg *drive_ask(struct drive *d, const struct question *q);

/* What the web host of the stage says; in a. It takes no time. */
void drive_fetch(const struct drive *d, struct arena *a,
	const struct visitor_page *page, struct visitor_reply *ret);

/* A provider's own look-up of a target, for a server that is asked over real sockets:
 * by a resolver that starts cold, in memory. As `lookup` of a server_upstream. */
int drive_look_up(struct arena *a, const struct world *world, unsigned stage,
	const struct question *q, struct msg *ret);

/* The questions and waits that prime the cache in the current stage. */
void drive_prime(struct drive *d);

#endif
