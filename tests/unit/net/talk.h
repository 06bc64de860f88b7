/* talk.h - both ends of a conversation in one thread: a listener whose handler does
 * what the first octet of a message says, and clients on sockets that wait by running
 * the loop. */
#ifndef TESTS_UNIT_NET_TALK_H
#define TESTS_UNIT_NET_TALK_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/listen.h"
#include "net/loop.h"

/* Far beyond what any of these tests takes. */
#define PATIENCE_US 20000000

#define DELAY_US 20000

struct talk {
	struct net_loop *loop;
	struct listener *listener;
	struct endpoint at;
	/* What the handler did. */
	unsigned handled, largest_batch;
	size_t stream_left, stream_size; /* of the messages of an 's' */
	unsigned streams_freed;
	struct net_later *taken[4 * NET_BATCH_MAX];
	unsigned n_taken, n_not_taken;
	struct endpoint from, to;
	bool tcp;
};

static inline uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- the listener ---- */

static size_t next_of_stream(void *ctx, uint8_t *out)
{
	struct talk *t = ctx;

	if (t->stream_left == 0)
		return 0;
	memset(out, 's', t->stream_size);
	out[0] = (uint8_t)t->stream_left--;
	return t->stream_size;
}

static void free_stream(void *ctx)
{
	((struct talk *)ctx)->streams_freed++;
}

static void take(struct talk *t, struct net_request *rq)
{
	struct net_later *later = net_later(rq);

	if (later != NULL && t->n_taken < sizeof(t->taken) / sizeof(t->taken[0]))
		t->taken[t->n_taken++] = later;
	else if (later == NULL)
		t->n_not_taken++;
}

static void echo(struct net_request *rq)
{
	rq->out_len = rq->in_len < rq->room ? rq->in_len : rq->room;
	memcpy(rq->out, rq->in, rq->out_len);
}

static void handle_one(struct talk *t, struct net_request *rq)
{
	t->handled++;
	t->tcp = rq->tcp;
	net_request_from(rq, &t->from);
	net_request_to(rq, &t->to);
	switch (rq->in_len == 0 ? 0 : rq->in[0]) {
	case 'n': /* no reply */
		break;
	case 'd': /* a delay */
		echo(rq);
		rq->delay_us = DELAY_US;
		break;
	case 'l': /* later, or never */
		take(t, rq);
		break;
	case 's': /* a reply and a stream */
		echo(rq);
		rq->stream = (struct net_stream){ next_of_stream, free_stream, t };
		break;
	case 'S': /* the same after a delay */
		rq->stream = (struct net_stream){ next_of_stream, free_stream, t };
		rq->delay_us = DELAY_US;
		break;
	case 'b': /* as much as fits */
		rq->out_len = rq->room;
		memset(rq->out, 'b', rq->room);
		break;
	default:
		echo(rq);
		break;
	}
}

static void handle(void *ctx, struct net_request *rq, unsigned n)
{
	struct talk *t = ctx;

	if (n > t->largest_batch)
		t->largest_batch = n;
	for (unsigned i = 0; i < n; i++)
		handle_one(t, &rq[i]);
}

static inline struct endpoint endpoint(const char *text)
{
	struct endpoint e;

	assert_int_equal(endpoint_from_text(text, 0, &e), 0);
	return e;
}

static inline void talk_start(
	struct talk *t, struct listener_options o, struct net_handler h)
{
	const char *what = NULL;

	*t = (struct talk){ .loop = net_loop_new() };
	if (o.at.ip.family == 0)
		o.at = endpoint("127.0.0.1");
	h.handle = handle;
	h.ctx = t;
	t->listener = listener_new(t->loop, &o, &h, &what);
	if (t->listener == NULL)
		fail_msg("%s: %s", what, strerror(errno));
	t->at = listener_at(t->listener);
}

static inline void talk_end(struct talk *t)
{
	listener_free(t->listener);
	net_loop_free(t->loop);
}

static inline struct listener_stats stats(const struct talk *t)
{
	struct listener_stats s;

	listener_stats(t->listener, &s);
	return s;
}

/* Runs the loop until the claim is true. */
#define UNTIL(t, claim)                                                                \
	do {                                                                           \
		uint64_t end_ = clock_us() + PATIENCE_US;                              \
		while (!(claim)) {                                                     \
			if (clock_us() > end_)                                         \
				fail_msg("in vain: %s", #claim);                       \
			net_loop_once((t)->loop, 1000);                                \
		}                                                                      \
	} while (0)

/* ---- its clients ---- */

static inline int client(const struct endpoint *to, int type)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(to, &sa);
	int fd = socket(sa.ss_family, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static inline void put(struct talk *t, int fd, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t end = clock_us() + PATIENCE_US;

	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		assert_true(k >= 0 || errno == EAGAIN);
		assert_true(clock_us() < end);
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
		if (n > 0)
			net_loop_once(t->loop, 1000);
	}
}

/* What one recv() gives: 0 at the end, -1 when the connection was reset. */
static inline ssize_t get_some(struct talk *t, int fd, void *data, size_t room)
{
	uint64_t end = clock_us() + PATIENCE_US;

	for (;;) {
		ssize_t k = recv(fd, data, room, MSG_DONTWAIT);

		if (k >= 0 || errno != EAGAIN)
			return k;
		if (clock_us() > end)
			fail_msg("nothing comes");
		net_loop_once(t->loop, 1000);
	}
}

static inline void get(struct talk *t, int fd, void *data, size_t n)
{
	uint8_t *p = data;

	while (n > 0) {
		ssize_t k = get_some(t, fd, p, n);

		assert_true(k > 0);
		p += k;
		n -= (size_t)k;
	}
}

static inline void put_frame(struct talk *t, int fd, const void *message, size_t len)
{
	uint8_t length[2] = { (uint8_t)(len >> 8), (uint8_t)len };

	put(t, fd, length, 2);
	put(t, fd, message, len);
}

/* The message's length. */
static inline size_t get_frame(struct talk *t, int fd, uint8_t message[NET_TCP_ROOM])
{
	uint8_t length[2];
	size_t len;

	get(t, fd, length, 2);
	len = (size_t)length[0] << 8 | length[1];
	get(t, fd, message, len);
	return len;
}

static inline void expect_frame(struct talk *t, int fd, const char *want)
{
	static uint8_t message[NET_TCP_ROOM + 1];

	message[get_frame(t, fd, message)] = '\0';
	assert_string_equal((char *)message, want);
}

static inline void expect_end(struct talk *t, int fd)
{
	char octet;

	assert_int_equal(get_some(t, fd, &octet, 1), 0);
	close(fd);
}

#endif
