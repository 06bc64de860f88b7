/* pipeline PORT QUERIES CONNECTIONS EACH - opens so many TCP connections to 127.0.0.1,
 * asks so many questions on each without waiting for answers, reads until all have
 * come, and prints
 *
 *   ASKED ANSWERED WRONG SECONDS
 *
 * An answer counts once, and only on the connection that asked (id and question). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "support/queries.h"

#define CONNECTIONS_MAX 1000
#define EACH_MAX 10000
#define QUIET_MS 3000 /* so long without anything: no more will come */
#define TOTAL_S 30
#define READ_ROOM (2 + 65535)

struct connection {
	int fd;
	unsigned number;
	uint8_t *out; /* all its questions, framed */
	size_t out_len, sent;
	uint8_t in[READ_ROOM];
	size_t in_len;
	bool *answered;
};

static struct queries queries;
static unsigned each;
static unsigned long n_answered, n_wrong;

static const struct query *query_of(const struct connection *c, unsigned i)
{
	return &queries.list[((size_t)c->number * each + i) % queries.n];
}

static void write_questions(struct arena *a, struct connection *c)
{
	c->out = arena_array(a, each, 2 + QUERY_MAX);
	c->answered = arena_array(a, each, sizeof(bool));
	for (unsigned i = 0; i < each; i++) {
		uint8_t *at = c->out + c->out_len;
		size_t len = query_put(query_of(c, i), (uint16_t)i, at + 2);

		at[0] = (uint8_t)(len >> 8);
		at[1] = (uint8_t)len;
		c->out_len += 2 + len;
	}
}

static void open_connection(int epoll, struct connection *c, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.ptr = c };

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0 ||
		(connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
			errno != EINPROGRESS) ||
		epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
		perror("pipeline");
		exit(1);
	}
}

static void drop(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void send_more(int epoll, struct connection *c)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	ssize_t k = send(c->fd, c->out + c->sent, c->out_len - c->sent, MSG_NOSIGNAL);

	if (k > 0)
		c->sent += (size_t)k;
	else if (k < 0 && errno != EAGAIN)
		drop(c);
	if (c->fd >= 0 && c->sent == c->out_len)
		epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e);
}

static void take(struct connection *c, const uint8_t *reply, size_t len)
{
	unsigned id = len >= 12 ? (unsigned)reply[0] << 8 | reply[1] : EACH_MAX;

	if (id >= each || c->answered[id] ||
		!query_answered_by(query_of(c, id), (uint16_t)id, reply, len)) {
		n_wrong++;
		return;
	}
	c->answered[id] = true;
	n_answered++;
}

static void read_more(struct connection *c)
{
	ssize_t k = recv(c->fd, c->in + c->in_len, READ_ROOM - c->in_len, 0);
	size_t used = 0;

	if (k < 0 && errno == EAGAIN)
		return;
	if (k <= 0) {
		drop(c);
		return;
	}
	c->in_len += (size_t)k;
	while (c->in_len - used >= 2) {
		size_t len = (size_t)c->in[used] << 8 | c->in[used + 1];

		if (c->in_len - used - 2 < len)
			break;
		take(c, c->in + used + 2, len);
		used += 2 + len;
	}
	memmove(c->in, c->in + used, c->in_len - used);
	c->in_len -= used;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	unsigned n = argc == 5 ? (unsigned)atoi(argv[3]) : 0;
	struct arena *a = arena_new();
	struct epoll_event events[64];
	struct connection *list;
	int epoll = epoll_create1(0), k;
	double start, last;

	each = argc == 5 ? (unsigned)atoi(argv[4]) : 0;
	if (n < 1 || n > CONNECTIONS_MAX || each < 1 || each > EACH_MAX) {
		fprintf(stderr, "usage: pipeline PORT QUERIES CONNECTIONS EACH\n");
		return 2;
	}
	queries_read(a, argv[2], &queries);
	list = arena_array(a, n, sizeof(*list));
	start = last = now_s();
	for (unsigned i = 0; i < n; i++) {
		list[i].number = i;
		write_questions(a, &list[i]);
		open_connection(epoll, &list[i], argv[1]);
	}
	while (n_answered < (unsigned long)n * each && last - start < TOTAL_S &&
		(k = epoll_wait(epoll, events, 64, QUIET_MS)) > 0) {
		for (int i = 0; i < k; i++) {
			struct connection *c = events[i].data.ptr;

			if (events[i].events & EPOLLOUT)
				send_more(epoll, c);
			if (c->fd >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
				read_more(c);
		}
		last = now_s();
	}
	printf("%lu %lu %lu %.3f\n", (unsigned long)n * each, n_answered, n_wrong,
		last - start);
	for (unsigned i = 0; i < n; i++)
		drop(&list[i]);
	arena_free(a);
	return 0;
}
