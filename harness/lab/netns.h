/* netns.h - two network namespaces out of which no packet can leave.
 *
 * `world` holds the addresses of a scenario, `client` addresses of its own; a veth pair
 * joins them. What the client sends to any other address arrives in `world` and is
 * dropped there without a word, as an address without a host is on the Internet. Two,
 * because a mail server takes every address of its own interfaces for itself.
 *
 * They have no names: file descriptors of this process and the processes inside hold
 * them, so that they are gone when those are, even after kill -9.
 *
 * Interfaces and routes are set by `ip -batch` of iproute2 rather than by rtnetlink:
 * two programs of a dozen lines that a reader can type himself, and its error messages
 * name the line that failed. */
#ifndef LAB_NETNS_H
#define LAB_NETNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ip.h"

/* The client's, unless the options name others. */
#define NETNS_CLIENT_V4 "203.0.113.10"
#define NETNS_CLIENT_V6 "2001:db8:ffff::10"

/* Room for a reason in words, with its NUL. */
#define NETNS_WHY_MAX 256

/* Addresses of one side. */
#define NETNS_ADDRS_MAX 4096

enum netns_side { NETNS_CLIENT, NETNS_WORLD };

struct netns;

struct netns_options {
	const struct ip *world; /* one may be there twice */
	size_t n_world;
	const struct ip *client; /* none: the two above; a family without one has the
				  * one above, unless it is left out */
	size_t n_client;
	bool no_ipv4, no_ipv6; /* families the client lacks */
};

/* To be called once, early, while the process has one thread: as another user than root
 * it becomes root of a user namespace of its own, in which that user is root, alone.
 * Namespaces can be made after it, from any thread. 0, or -1 and the reason. */
int netns_prepare(char why[NETNS_WHY_MAX]);

/* True when netns_prepare() had to make a user namespace: there is one uid then. */
bool netns_is_unprivileged(void);

/* NULL, and the reason in why, where it cannot be done here. Nothing is left behind
 * then. From any thread. */
struct netns *netns_new(const struct netns_options *o, char why[NETNS_WHY_MAX]);

/* Processes inside live on, and the namespaces with them. */
void netns_free(struct netns *ns);

/* Moves the calling thread into a side: what sockets it opens and what processes it
 * makes are there from then on. -1 with errno. */
int netns_enter(const struct netns *ns, enum netns_side side);

#endif
