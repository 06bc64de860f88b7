/* answers.h - a client's resolver and mail hosts, written as short text.
 *
 *   "MX c NOERROR: c CNAME t, t MX 10 m; A m: m A 192.0.2.25; AAAA m SERVFAIL"
 *
 * Entries are separated by semicolons: type, name, rcode (NOERROR when left out), then
 * records after a colon, separated by commas: owner, optional TTL, type, RDATA; those
 * after "| " are additional. The rcode `timeout` is no answer at all. A question
 * without an entry gets NODATA when some entry or record names it, else NXDOMAIN. `try
 * HOST WHAT` says how a host reacts: refused, silent, an address' greeting (g421), its
 * reply to RCPT (r450, r550). Others accept. */
#ifndef TESTS_SUPPORT_ANSWERS_H
#define TESTS_SUPPORT_ANSWERS_H

#include "mta/mta.h"

struct arena;

/* The answer to the question, or NULL: nothing comes. Lives in the arena. */
const struct msg *answers_find(
	struct arena *a, const char *script, const struct question *q);

/* Runs the client to its end. Returns its questions, "MX c, A m, AAAA m"; attempts are
 * part of it as "try 192.0.2.25" when with_tries. */
const char *answers_run(
	struct arena *a, struct mta *m, const char *script, bool with_tries);

/* "delivered m 192.0.2.25 2.0.0", "bounced 5.1.2", "deferred -", ... */
const char *answers_result(struct arena *a, const struct mta_result *r);

/* "10 m 192.0.2.25 2001:db8::25, 20 n", or "bounce 5.1.2". */
const char *answers_route(struct arena *a, const struct route *route);

#endif
