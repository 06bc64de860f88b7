/* lab-front.h - inside run: a name server of the lab that clients ask, UDP and TCP:
 * a resolver to them, emulated or handed on to a real one. Used on its loop's thread
 * only. */
#ifndef RUN_LAB_FRONT_H
#define RUN_LAB_FRONT_H

#include "net/endpoint.h"
#include "run/world.h"

struct lab_book;
struct lab_front;
struct lab_own;
struct net_loop;
struct resolver_policy;

/* All is borrowed until the end. */
struct lab_front_options {
	struct net_loop *loop;
	const struct world *world;
	struct endpoint at;
	const struct resolver_policy *emulated; /* NULL: handed on */
	uint64_t seed;				/* of the emulated one */
	struct endpoint to;	   /* where they are handed on to, from `at` */
	const struct lab_own *own; /* answered in here; NULL: nothing is */
	struct lab_book *book;	   /* NULL: nothing is written down */
};

/* A query that is handed on waits so long for its reply: longer than clients do. */
#define LAB_FRONT_PATIENCE_US UINT64_C(30000000)

/* Queries that wait; more are dropped, as by a resolver that has too much to do. */
#define LAB_FRONT_WAITING_MAX 256

/* An emulated resolver whose memory has grown to this says SERVFAIL to all that comes.
 */
#define LAB_FRONT_BYTES ((size_t)64 << 20)

/* NULL with errno set, and then *ret_what is a static text. */
struct lab_front *lab_front_new(
	const struct lab_front_options *o, const char **ret_what);
void lab_front_free(struct lab_front *f);

/* The emulated resolver is a fresh one, in the first stage. */
void lab_front_restart(struct lab_front *f);

/* The emulated resolver's world and clock; nothing to do for a real one. */
void lab_front_enter(struct lab_front *f, unsigned stage);
void lab_front_prime(struct lab_front *f);

#endif
