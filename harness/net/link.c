#include "net/link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/bug.h"
#include "net/loop.h"

struct net_link {
	struct net_loop *loop;
	int fd;
	bool tcp;
	bool watched; /* `readable` is with the loop */
	bool ready;
	struct event readable;
};

/* ---- opening and closing ---- */

/* Gone at once when it is closed: a connection for each exchange would leave thousands
 * waiting for a minute (RFC 9293 3.6.1), each with its port. */
static void linger_not(int fd)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };

	/* Without it there are more of them; nothing else. */
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) != 0)
		return;
}

/* A listener's kernel completes the handshake, whether its loop runs or not: connect()
 * does not wait for us. */
static int open_connected(const struct endpoint *to, bool tcp)
{
	int family = to->ip.family == 4 ? AF_INET : AF_INET6, saved;
	int fd = socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(to, &sa);

	if (fd < 0)
		return -1;
	if (tcp)
		linger_not(fd);
	if (connect(fd, (struct sockaddr *)&sa, len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

struct net_link *net_link_open(struct net_loop *l, const struct endpoint *to, bool tcp)
{
	int fd = open_connected(to, tcp);
	struct net_link *k;

	if (fd < 0)
		return NULL;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		bug("no memory for a connection");
	k->loop = l;
	k->fd = fd;
	k->tcp = tcp;
	return k;
}

void net_link_close(struct net_link *k)
{
	if (k == NULL)
		return;
	if (k->watched)
		event_del(&k->readable);
	close(k->fd);
	free(k);
}

/* ---- sending ---- */

int net_link_send(struct net_link *k, const uint8_t *message, size_t len)
{
	uint8_t length[2] = { (uint8_t)(len >> 8), (uint8_t)len };
	struct iovec iov[2] = { { length, sizeof(length) },
		{ (void *)(uintptr_t)message, len } };
	struct msghdr h = {
		.msg_iov = k->tcp ? iov : iov + 1,
		.msg_iovlen = k->tcp ? 2 : 1,
	};
	ssize_t n;

	do {
		n = sendmsg(k->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	/* In lockstep the socket's buffer is empty, and larger than any message. */
	if ((size_t)n != len + (k->tcp ? sizeof(length) : 0)) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

/* ---- receiving ---- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct net_link *k = arg;

	(void)fd;
	(void)what;
	k->ready = true;
}

/* What was sent on one machine has mostly arrived when it is looked for: only for the
 * rest the loop is told of the socket. */
static bool wait_readable(struct net_link *k, uint64_t us)
{
	k->ready = false;
	if (!k->watched) {
		event_assign(&k->readable, net_loop_base(k->loop), k->fd,
			EV_READ | EV_PERSIST, on_readable, k);
		if (event_add(&k->readable, NULL) != 0)
			bug("no event for a connection");
		k->watched = true;
	}
	return net_loop_until(k->loop, &k->ready, us);
}

/* What has come, without waiting. */
static ssize_t receive_some(struct net_link *k, struct iovec *iov, size_t n_iov)
{
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = n_iov };
	ssize_t n;

	do {
		n = recvmsg(k->fd, &h, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0 && (h.msg_flags & MSG_TRUNC) != 0) {
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}

static ssize_t receive_or_wait(
	struct net_link *k, struct iovec *iov, size_t n_iov, uint64_t us)
{
	ssize_t n = receive_some(k, iov, n_iov);

	while (n < 0 && errno == EAGAIN) {
		if (!wait_readable(k, us)) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = receive_some(k, iov, n_iov);
	}
	return n;
}

/* Length and message lie apart; `got` octets of both are there. */
static size_t rest_of_frame(
	uint8_t length[2], uint8_t *buf, size_t room, size_t got, struct iovec iov[2])
{
	if (got >= 2) {
		iov[0] = (struct iovec){ buf + got - 2, room + 2 - got };
		return 1;
	}
	iov[0] = (struct iovec){ length + got, 2 - got };
	iov[1] = (struct iovec){ buf, room };
	return 2;
}

static ssize_t receive_frame(struct net_link *k, uint8_t *buf, size_t room, uint64_t us)
{
	uint8_t length[2] = { 0 };
	size_t got = 0, want = 2;

	while (got < want) {
		struct iovec iov[2];
		size_t n_iov = rest_of_frame(length, buf, room, got, iov);
		ssize_t n = receive_or_wait(k, iov, n_iov, us);

		if (n == 0)
			errno = ECONNRESET;
		if (n <= 0)
			return -1;
		got += (size_t)n;
		want = got < 2 ? 2 : 2 + (size_t)(length[0] << 8 | length[1]);
		if (want > room + 2) {
			errno = EMSGSIZE;
			return -1;
		}
	}
	if (got > want) {
		errno = EPROTO;
		return -1;
	}
	return (ssize_t)(want - 2);
}

ssize_t net_link_receive(struct net_link *k, uint8_t *buf, size_t room, uint64_t us)
{
	struct iovec iov = { buf, room };

	return k->tcp ? receive_frame(k, buf, room, us)
		      : receive_or_wait(k, &iov, 1, us);
}
