/* netns.h - two network namespaces out of which no packet can leave.
 *
 * `world` holds the addresses of a scenario, `client` an address of its own and routes
 * to those; a veth pair joins them, and every other destination is unreachable. Two,
 * because a mail server takes every address of its own interfaces for itself.
 *
 * They have no names: file descriptors of this process and the processes inside hold
 * them, so that they are gone when those are, even after kill -9. As another user than
 * root they belong to a user namespace in which that user is root, alone.
 *
 * Interfaces and routes are set by `ip -batch` of iproute2 rather than by rtnetlink:
 * two programs of a dozen lines that a reader can type himself, and its error messages
 * name the line that failed. */
#ifndef LAB_NETNS_H
#define LAB_NETNS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/ip.h"

#define NETNS_CLIENT_V4 "203.0.113.10"
#define NETNS_CLIENT_V6 "2001:db8:ffff::10"

/* Room for a reason in words, with its NUL. */
#define NETNS_WHY_MAX 256

enum netns_side { NETNS_CLIENT, NETNS_WORLD };

struct netns;

/* The addresses of the world, at most NETNS_ADDRS_MAX; one may be there twice. NULL,
 * and the reason in why, where it cannot be done here. Nothing is left behind then. */
#define NETNS_ADDRS_MAX 4096
struct netns *netns_new(const struct ip *world, size_t n, char why[NETNS_WHY_MAX]);

/* Processes inside live on, and the namespaces with them. */
void netns_free(struct netns *ns);

/* Moves the calling process, which must have one thread, into a side. -1 with errno.
 * There is no way back from a user namespace: call it in a child. */
int netns_enter(const struct netns *ns, enum netns_side side);

/* Runs fn in a child on that side; what it returns is the child's exit status (125 when
 * it could not get there). The child is killed when the thread that called this ends.
 * Returns its pid, which the caller waits for; -1 with errno. */
pid_t netns_spawn(
	const struct netns *ns, enum netns_side side, int (*fn)(void *ctx), void *ctx);
#define NETNS_NOT_THERE 125

#endif
