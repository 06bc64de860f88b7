/* live.h - a real resolver in place of an emulated one: what clients ask is asked of
 * it, and of nobody else.
 *
 * Each question is asked once, with RD and EDNS, whichever clients have it: all of them
 * see the same answer, however the resolver turns its records around, and it is not
 * asked what it has said already. */
#ifndef RUN_LIVE_H
#define RUN_LIVE_H

#include <stdbool.h>

#include "dns/msg.h"
#include "net/endpoint.h"

struct drive_outside;
struct live;

struct live *live_new(const struct endpoint *resolver);
void live_free(struct live *l);

/* "192.0.2.53:53". */
const char *live_name(const struct live *l);

/* The answer, which lives as long as l; NULL when none came within LIVE_PATIENCE_US,
 * UDP and TCP together, or when it cannot be read. Once the first question went
 * unanswered, or memory is full, nothing more is asked. */
const struct msg *live_ask(struct live *l, const struct question *q);

/* For a drive: as live_ask(), in virtual time: the same answers make the same records.
 */
const struct drive_outside *live_outside(const struct live *l);

/* Two tries of five seconds, as resolv.conf(5) has them. */
#define LIVE_PATIENCE_US UINT64_C(10000000)

/* Something was asked, and nothing was ever heard. */
bool live_is_silent(const struct live *l);

/* All that was heard was without RA (RFC 1035 4.1.1): a server of its own zones only.
 */
bool live_is_no_resolver(const struct live *l);

#endif
