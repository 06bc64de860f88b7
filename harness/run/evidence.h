/* evidence.h - what went over the network of a run: kept for each scenario, then
 * written as packets and as a query log, in a fixed order whatever the number of
 * threads.
 *
 * Addresses are the world's, servers are at port 53. The resolver is at 198.19.255.254
 * or 2001:2::fffe, from the ranges for tests of network devices (RFC 2544 C.2.2, RFC
 * 5180 8): no scenario's own addresses, and never anybody's. Providers look the targets
 * of flatten and alias up from .252 (2001:2::fffc) and downwards. */
#ifndef RUN_EVIDENCE_H
#define RUN_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "dns/msg.h"
#include "server/server.h"

struct arena;
struct capture;
struct query_log;

struct evidence;

/* Where it all goes; any may be NULL. Lives as long as the run. */
struct evidence_writer {
	struct capture *capture;
	struct query_log *log;
	uint64_t exchanges; /* so far: each has a port, a TCP one a connection */
};

struct evidence *evidence_new(struct arena *a);

/* What follows belongs to this case (borrowed). */
void evidence_begin(struct evidence *e, const char *case_id);

/* A query that was sent. Its `index` is for evidence_reply(): other queries may come
 * between (a provider's own). `server` is the name of who is there (borrowed), or NULL.
 * `depth` counts the providers from the client's resolver. */
size_t evidence_query(struct evidence *e, uint64_t t_us, unsigned depth,
	const char *server, const struct ip *to, bool tcp, const struct msg *query);

/* What the server made of it (NULL: there is none), when that is back, when whoever
 * asked stops waiting, and whether it was heard. */
void evidence_reply(struct evidence *e, size_t index, const struct reply *reply,
	uint64_t back_us, uint64_t over_us, bool heard);

/* Time of a virtual clock starts again with each case. */
void evidence_write(const struct evidence *e, struct evidence_writer *to);

#endif
