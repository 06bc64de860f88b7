/* lab-own.h - inside run: what the clients' name server of the lab says itself, so that
 * no resolver is asked about the sender. Pure: no sockets, no clock.
 *
 * The names it knows: the sender's domain (unless the scenario names the sender), the
 * client's domain, which is that of its first own name, and what is below the two;
 * the client's own names; the reverse tree.
 *
 * Where a zone of the world has something to say, the world says it. The rules, the
 * first that fits counts:
 *
 *   1. the domain of a recipient, and below it       the world: it is the subject
 *   2. `notify.` of the sender's domain              A LAB_SENDER_HOST
 *   3. MX of the sender's domain                     `notify.` of it: also where a zone
 *      of the world has that domain, as notifications have to come here;
 *      TXT of its `_mta-sts`, which they ask, too    NXDOMAIN
 *   4. an own name of the client that no zone has    its addresses
 *      records at
 *   5. below an entry of the scenario's search list, the world
 *      or inside a zone of the world (the root is none)
 *   6. inside one of the two domains, or the         NODATA where something is at or
 *      reverse tree; `notify.` alone, as senders     below the name, else NXDOMAIN
 *      cut their own domain off
 *   7. anything else                                 the world */
#ifndef RUN_LAB_OWN_H
#define RUN_LAB_OWN_H

#include <stdbool.h>

#include "dns/msg.h"
#include "run/world.h"

struct arena;
struct lab_own;

/* In a; the world is borrowed. */
struct lab_own *lab_own_new(struct arena *a, const struct world *world);

/* The world is in this stage. */
void lab_own_enter(struct lab_own *o, unsigned stage);

/* False when the world is to be asked. Else ret, which is from msg_init_reply(), has
 * the answer; its records live in a, or as long as o. */
bool lab_own_answer(const struct lab_own *o, struct arena *a, const struct question *q,
	struct msg *ret);

/* True for the addresses that the client's host has, as netns_new() has them with the
 * scenario's `self`, and for those it would have of a family that it lacks. */
bool lab_own_is_client(const struct lab_own *o, const struct ip *ip);

#endif
