#include "net/listen.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bug.h"
#include "net/listener.h"

/* Enough for what comes in while another callback has its turn. */
#define SOCKET_BUFFER (4 << 20)

/* Ports tried until one is free for UDP and for TCP. */
#define PORT_TRIES 64

/* RFC 7766 asks for many connections at a time; the kernel has the last word. */
#define BACKLOG 1024

static void set(int fd, int level, int option, int value)
{
	/* Each of these makes a good socket better; none is worth failing for. */
	if (setsockopt(fd, level, option, &value, sizeof(value)) != 0)
		return;
}

static int socket_new(const struct endpoint *at, int type)
{
	int family = at->ip.family == 4 ? AF_INET : AF_INET6;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	return fd;
}

/* A port that the kernel picks must be ours alone, so that only what is made after may
 * share it. */
static int bind_at(int fd, const struct endpoint *at, bool reuse_port)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(at, &sa);

	if (reuse_port && at->port != 0)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, (struct sockaddr *)&sa, len) != 0)
		return -1;
	if (reuse_port)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return 0;
}

static int close_with_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static int open_udp(const struct endpoint *at, bool reuse_port, struct endpoint *ret_at)
{
	struct sockaddr_storage sa = { .ss_family = 0 };
	socklen_t len = sizeof(sa);
	int fd = socket_new(at, SOCK_DGRAM);

	if (fd < 0)
		return -1;
	/* As far as the system's limit; root may go beyond. */
	set(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	set(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER);
	set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER);
	/* RFC 9715 3.1: "don't fragment", and no belief in what anybody says about the
	 * path. It also spares the kernel a number for each datagram. */
	if (at->ip.family == 4)
		set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	else
		set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
	if (bind_at(fd, at, reuse_port) != 0 ||
		getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return close_with_errno(fd);
	endpoint_from_sockaddr(&sa, ret_at);
	return fd;
}

static int open_tcp(const struct endpoint *at, bool reuse_port)
{
	int fd = socket_new(at, SOCK_STREAM);

	if (fd < 0)
		return -1;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	/* Connections inherit it. Replies are packed by us: waiting for more to send
	 * (RFC 896) would only make them late. */
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (bind_at(fd, at, reuse_port) != 0 || listen(fd, BACKLOG) != 0)
		return close_with_errno(fd);
	return fd;
}

/* Both sockets at one port. */
static int open_pair(struct listener *l, const char **ret_what)
{
	l->udp_fd = open_udp(&l->o.at, l->o.reuse_port, &l->at);
	if (l->udp_fd < 0) {
		*ret_what = "bind";
		return -1;
	}
	l->tcp_fd = open_tcp(&l->at, l->o.reuse_port);
	if (l->tcp_fd < 0) {
		*ret_what = "listen on TCP at";
		return close_with_errno(l->udp_fd);
	}
	return 0;
}

static int open_sockets(struct listener *l, const char **ret_what)
{
	unsigned tries = l->o.at.port == 0 ? PORT_TRIES : 1;
	int rc = -1;

	for (unsigned i = 0; i < tries && rc != 0; i++) {
		rc = open_pair(l, ret_what);
		if (rc != 0 && errno != EADDRINUSE)
			break;
	}
	return rc;
}

/* So far from the end of the clock that sums do not wrap. */
#define LIMIT_MAX_US (UINT64_C(1) << 60)

static uint64_t limit(uint64_t us, uint64_t otherwise)
{
	if (us == 0)
		return otherwise;
	return us < LIMIT_MAX_US ? us : LIMIT_MAX_US;
}

static void fill_in_defaults(struct listener_options *o)
{
	if (o->tcp_max == 0)
		o->tcp_max = NET_TCP_MAX;
	o->tcp_idle_us = limit(o->tcp_idle_us, NET_TCP_IDLE_US);
	o->tcp_total_us = limit(o->tcp_total_us, NET_TCP_TOTAL_US);
}

struct listener *listener_new(struct net_loop *loop, const struct listener_options *o,
	const struct net_handler *h, const char **ret_what)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		bug("no memory for a listener");
	l->loop = loop;
	l->handler = *h;
	l->o = *o;
	fill_in_defaults(&l->o);
	LIST_INIT(&l->laters);
	if (open_sockets(l, ret_what) != 0) {
		free(l);
		return NULL;
	}
	udp_start(l);
	tcp_start(l);
	return l;
}

void listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	tcp_stop(l);
	udp_stop(l);
	laters_of_a_closed_listener(l);
	free(l);
}

struct endpoint listener_at(const struct listener *l)
{
	return l->at;
}

void net_request_from(const struct net_request *rq, struct endpoint *ret)
{
	endpoint_from_sockaddr(rq->peer, ret);
}

void net_request_to(const struct net_request *rq, struct endpoint *ret)
{
	if (rq->tcp)
		conn_local(rq->where, ret);
	else
		udp_local(rq, ret);
}

/* The kernel counts what its buffer had no room for, so that no message has to. */
static uint64_t lost_in(const struct listener *l)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(l->udp_fd, SOL_SOCKET, SO_MEMINFO, info, &len) != 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

void listener_stats(const struct listener *l, struct listener_stats *ret)
{
	const struct counters *c = &l->counters;

	*ret = (struct listener_stats){
		.udp_in = c->udp_in,
		.udp_out = c->udp_out,
		.udp_lost_in = lost_in(l),
		.udp_lost_out = c->udp_lost_out,
		.tcp_in = c->tcp_in,
		.tcp_out = c->tcp_out,
		.tcp_connections = c->tcp_connections,
		.tcp_open = c->tcp_open,
		.tcp_closed_idle = c->tcp_closed_idle,
		.tcp_closed_for_room = c->tcp_closed_for_room,
		.tcp_refused = c->tcp_refused,
		.later_dropped = c->later_dropped,
	};
}
