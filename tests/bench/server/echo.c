/* echo PORT - the limit: sends every DNS message back as its own answer (QR and AA
 * set), UDP and TCP, with as few system calls as a name server could do with. No server
 * that reads what it is asked can cost less. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define ROOM 1500
#define TCP_ROOM (2 * (2 + 65535))
#define CONNECTIONS_MAX 1024

/* What was read of a connection and makes no whole message yet. */
struct connection {
	uint8_t *buf;
	size_t len;
};

static struct connection connections[CONNECTIONS_MAX]; /* by descriptor */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int bound(int type, const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	const int on = 1, room = 4 << 20;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		fail("echo: bind");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (type == SOCK_STREAM && listen(fd, 512) != 0)
		fail("echo: listen");
	return fd;
}

static void make_reply(uint8_t *message)
{
	message[2] |= 0x84;
}

static void serve_udp(int fd)
{
	static uint8_t buf[BATCH][ROOM];
	static struct sockaddr_in from[BATCH];
	static struct iovec iov[BATCH];
	static struct mmsghdr mm[BATCH];
	int n;

	for (unsigned i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ buf[i], ROOM };
		mm[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i],
			.msg_iovlen = 1 };
	}
	n = recvmmsg(fd, mm, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		iov[i].iov_len = mm[i].msg_len;
		if (mm[i].msg_len >= 12)
			make_reply(buf[i]);
	}
	for (int sent = 0, k; sent < n; sent += k)
		if ((k = sendmmsg(fd, mm + sent, (unsigned)(n - sent), 0)) <= 0)
			break;
}

static void close_connection(int fd)
{
	free(connections[fd].buf);
	connections[fd] = (struct connection){ 0 };
	close(fd);
}

static void accept_all(int epoll, int listener)
{
	const int on = 1;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

		if (fd >= CONNECTIONS_MAX ||
			epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		connections[fd].buf = malloc(TCP_ROOM);
		if (connections[fd].buf == NULL)
			fail("echo");
	}
}

/* A client that does not read holds us up: the measuring ones read. */
static int send_all(int fd, const uint8_t *buf, size_t len)
{
	for (size_t sent = 0; sent < len;) {
		ssize_t k = send(fd, buf + sent, len - sent, MSG_NOSIGNAL);

		if (k > 0)
			sent += (size_t)k;
		else if (k < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
	}
	return 0;
}

static void serve_tcp(int fd)
{
	struct connection *c = &connections[fd];
	ssize_t k = recv(fd, c->buf + c->len, TCP_ROOM - c->len, 0);
	size_t whole = 0;

	if (k < 0 && errno == EAGAIN)
		return;
	if (k <= 0) {
		close_connection(fd);
		return;
	}
	c->len += (size_t)k;
	while (c->len - whole >= 2) {
		size_t len = (size_t)c->buf[whole] << 8 | c->buf[whole + 1];

		if (c->len - whole - 2 < len)
			break;
		if (len >= 12)
			make_reply(c->buf + whole + 2);
		whole += 2 + len;
	}
	if (send_all(fd, c->buf, whole) != 0) {
		close_connection(fd);
		return;
	}
	memmove(c->buf, c->buf + whole, c->len - whole);
	c->len -= whole;
}

int main(int argc, char **argv)
{
	struct epoll_event events[BATCH];
	int epoll = epoll_create1(0);
	int udp, tcp;

	if (argc != 2) {
		fprintf(stderr, "usage: echo PORT\n");
		return 2;
	}
	udp = bound(SOCK_DGRAM, argv[1]);
	tcp = bound(SOCK_STREAM, argv[1]);
	for (int i = 0; i < 2; i++) {
		int fd = i == 0 ? udp : tcp;
		struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
			fail("echo: epoll");
	}
	for (;;) {
		int n = epoll_wait(epoll, events, BATCH, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == udp)
				serve_udp(fd);
			else if (fd == tcp)
				accept_all(epoll, tcp);
			else
				serve_tcp(fd);
		}
	}
}
