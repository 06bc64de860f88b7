#include "net/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <unistd.h>

static int open_at(int fd, const struct endpoint *at, int backlog,
	int (*before)(int fd), struct endpoint *ret_at)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(at, &sa);
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		(sa.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
						     &on, sizeof(on)) != 0) ||
		bind(fd, (struct sockaddr *)&sa, len) != 0)
		return -1;
	if (before != NULL && before(fd) != 0)
		return -1;
	len = sizeof(sa);
	if (listen(fd, backlog) != 0 ||
		getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return -1;
	endpoint_from_sockaddr(&sa, ret_at);
	return 0;
}

int port_open(const struct endpoint *at, int backlog, int (*before)(int fd),
	struct endpoint *ret_at)
{
	int family = at->ip.family == 4 ? AF_INET : AF_INET6, saved;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || open_at(fd, at, backlog, before, ret_at) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}
