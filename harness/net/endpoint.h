/* endpoint.h - an address and a port. */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include <sys/socket.h>

#include "base/ip.h"

struct endpoint {
	struct ip ip;
	uint16_t port;
};

/* Longest text form, "[...]:65535", with its NUL. */
#define ENDPOINT_TEXT_MAX (IP_TEXT_MAX + 8)

/* "192.0.2.1", "192.0.2.1:53", "192.0.2.1@53" (as in NSD and Unbound), "::1",
 * "[::1]:53", "::1@53". Without a port it is `port`. 0, or -1 when text is none. */
int endpoint_from_text(const char *text, uint16_t port, struct endpoint *ret);

/* "192.0.2.1:53", "[::1]:53". Returns buf. */
const char *endpoint_to_text(const struct endpoint *e, char buf[ENDPOINT_TEXT_MAX]);

/* To and from the kernel's form; the length that goes with it. */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ret);
void endpoint_from_sockaddr(const struct sockaddr_storage *from, struct endpoint *ret);

#endif
