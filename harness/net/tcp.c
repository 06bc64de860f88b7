/* The TCP half of a listener (RFC 7766). */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/octets.h"
#include "net/frames.h"
#include "net/loop.h"

/* Some hundred queries. */
#define READ_ROOM 32768

/* Replies are packed until another might not fit. */
#define PACK_ROOM (2 * FRAME_MAX)

/* Packs a connection may send before others have their turn. */
#define PACKS_MAX 8

/* A connection with so many requests waiting is not read until one is answered. */
#define WAITING_MAX 100

/* A peer that leaves so much unread is cut off. Only answers to requests that waited
 * come to this: nothing else is made before the last was taken. */
#define UNSENT_MAX (1 << 20)

/* Connections taken in before others have their turn. */
#define ACCEPTS_MAX 16

/* Without a descriptor or memory to accept with, and nothing to give up for it. */
#define ACCEPT_PAUSE_US 100000

struct stream_entry {
	STAILQ_ENTRY(stream_entry) link;
	struct net_stream stream;
};

enum place { PLACE_IDLE, PLACE_STUCK, PLACE_BUSY };

struct conn {
	struct listener *listener;
	TAILQ_ENTRY(conn) by_age, by_use;
	enum place place;
	int fd;
	bool reading, writing; /* which events are added */
	bool input_over;       /* nothing more will be asked */
	bool more;	       /* stopped for the others' sake: there is more to make */
	bool in_use;	       /* a function up the stack has it: do not free */
	bool broken;	       /* to be closed by that function */
	uint64_t id, born_us, used_us;
	struct frames frames;
	uint8_t *unsent; /* what the socket did not take */
	size_t unsent_at, unsent_n;
	struct laters laters;
	unsigned n_waiting;
	STAILQ_HEAD(, stream_entry) streams;
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer;
	struct event readable, writable;
};

/* The buffers of a loop; connections use them in turn. */
struct tcp_buffers {
	struct sockaddr_storage peer; /* of the connection whose turn it is */
	uint8_t in[READ_ROOM];
	uint8_t out[PACK_ROOM];
};

/* Replies that are sent together, in the loop's out[]. */
struct pack {
	uint8_t *at;
	size_t n;
};

static struct tcp_buffers *buffers_of(const struct listener *l)
{
	return net_loop_memory(l->loop, NET_MEMORY_TCP, sizeof(struct tcp_buffers));
}

/* ---- the tap ---- */

static void endpoints(
	const struct conn *c, struct endpoint *ret_peer, struct endpoint *ret_local)
{
	struct sockaddr_storage peer = { .ss_family = 0 };

	memcpy(&peer, &c->peer, sizeof(c->peer));
	endpoint_from_sockaddr(&peer, ret_peer);
	conn_local(c, ret_local);
}

static void tap_out(const struct conn *c, const uint8_t *message, size_t len)
{
	const struct net_handler *h = &c->listener->handler;
	struct endpoint peer, local;

	if (h->tap == NULL)
		return;
	endpoints(c, &peer, &local);
	h->tap(h->ctx, &local, &peer, c->id, message, len);
}

static void tap_in(const struct conn *c, const uint8_t *message, size_t len)
{
	const struct net_handler *h = &c->listener->handler;
	struct endpoint peer, local;

	if (h->tap == NULL)
		return;
	endpoints(c, &peer, &local);
	h->tap(h->ctx, &peer, &local, c->id, message, len);
}

/* ---- lists and events ---- */

static struct conns *list_of(struct listener *l, enum place place)
{
	return place == PLACE_IDLE    ? &l->idle
	       : place == PLACE_STUCK ? &l->stuck
				      : &l->busy;
}

static enum place place_of(const struct conn *c)
{
	if (c->n_waiting > 0)
		return PLACE_BUSY;
	return c->unsent_n > 0 || c->more ? PLACE_STUCK : PLACE_IDLE;
}

/* It did something: it is the last of its list now. */
static void touch(struct conn *c)
{
	struct listener *l = c->listener;

	TAILQ_REMOVE(list_of(l, c->place), c, by_use);
	c->used_us = net_loop_now_us(l->loop);
	c->place = place_of(c);
	TAILQ_INSERT_TAIL(list_of(l, c->place), c, by_use);
}

static void set_event(struct event *e, bool *is, bool want)
{
	if (*is == want)
		return;
	*is = want;
	if ((want ? event_add(e, NULL) : event_del(e)) != 0)
		bug("cannot change an event of a connection");
}

static void drop_streams(struct conn *c)
{
	while (!STAILQ_EMPTY(&c->streams)) {
		struct stream_entry *s = STAILQ_FIRST(&c->streams);

		STAILQ_REMOVE_HEAD(&c->streams, link);
		stream_drop(&s->stream);
		free(s);
	}
}

static void conn_close(struct conn *c)
{
	struct listener *l = c->listener;

	tap_in(c, NULL, 0);
	set_event(&c->readable, &c->reading, false);
	set_event(&c->writable, &c->writing, false);
	close(c->fd);
	TAILQ_REMOVE(&l->ages, c, by_age);
	TAILQ_REMOVE(list_of(l, c->place), c, by_use);
	count(&l->counters.tcp_open, (uint64_t)-1);
	laters_of_a_closed_connection(&c->laters, l);
	drop_streams(c);
	frames_clear(&c->frames);
	free(c->unsent);
	free(c);
}

/* Closes the connection when it has come to its end, else waits for what it needs. */
static void settle(struct conn *c)
{
	bool stuck = c->unsent_n > 0 || c->more;

	if (c->in_use)
		return;
	if (c->broken || (c->input_over && !stuck && c->n_waiting == 0)) {
		conn_close(c);
		return;
	}
	set_event(&c->writable, &c->writing, stuck);
	set_event(&c->readable, &c->reading,
		!c->input_over && !stuck && c->n_waiting < WAITING_MAX);
}

/* ---- sending ---- */

static void keep_unsent(struct conn *c, const uint8_t *octets, size_t n)
{
	uint8_t *grown;

	if (n == 0 || c->broken)
		return;
	if (c->unsent_n + n > UNSENT_MAX) {
		c->broken = true;
		return;
	}
	if (c->unsent_at > 0)
		memmove(c->unsent, c->unsent + c->unsent_at, c->unsent_n);
	c->unsent_at = 0;
	grown = realloc(c->unsent, c->unsent_n + n);
	if (grown == NULL)
		bug("no memory for replies");
	c->unsent = grown;
	memcpy(c->unsent + c->unsent_n, octets, n);
	c->unsent_n += n;
}

/* How much the socket took. */
static size_t send_some(struct conn *c, struct iovec *iov, unsigned n)
{
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t k;

	if (c->broken || c->unsent_n > 0)
		return 0;
	do {
		k = sendmsg(c->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (k < 0 && errno == EINTR);
	if (k < 0 && errno != EAGAIN)
		c->broken = true;
	return k < 0 ? 0 : (size_t)k;
}

static void send_pack(struct conn *c, struct pack *p)
{
	struct iovec iov = { .iov_base = p->at, .iov_len = p->n };
	size_t k;

	if (p->n == 0)
		return;
	k = send_some(c, &iov, 1);
	keep_unsent(c, p->at + k, p->n - k);
	p->n = 0;
}

/* ---- making replies ---- */

/* The message lies at p->at + p->n + 2 already. */
static void pack_message(struct conn *c, struct pack *p, size_t len)
{
	uint8_t *frame = p->at + p->n;

	if (len > NET_TCP_ROOM)
		bug("a reply of %zu octets was written to %d", len, NET_TCP_ROOM);
	set16(frame, (unsigned)len);
	p->n += 2 + len;
	count(&c->listener->counters.tcp_out, 1);
	tap_out(c, frame + 2, len);
}

static void queue_stream(struct conn *c, struct net_stream *stream)
{
	struct stream_entry *s;

	if (stream->next == NULL)
		return;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		bug("no memory for a stream");
	s->stream = *stream;
	stream->next = NULL;
	STAILQ_INSERT_TAIL(&c->streams, s, link);
}

static void handle_message(
	struct conn *c, struct pack *p, const uint8_t *message, size_t len)
{
	struct listener *l = c->listener;
	struct net_request rq = {
		.in = message,
		.in_len = len,
		.peer = &buffers_of(l)->peer,
		.tcp = true,
		.out = p->at + p->n + 2,
		.room = NET_TCP_ROOM,
		.where = c,
	};

	count(&l->counters.tcp_in, 1);
	tap_in(c, message, len);
	l->handler.handle(l->handler.ctx, &rq, 1);
	if (rq.delay_us > 0 && (rq.out_len > 0 || rq.stream.next != NULL)) {
		later_delay(&rq);
		return;
	}
	if (rq.out_len > 0)
		pack_message(c, p, rq.out_len);
	queue_stream(c, &rq.stream);
}

static void next_of_stream(struct conn *c, struct pack *p)
{
	struct stream_entry *s = STAILQ_FIRST(&c->streams);
	size_t len = s->stream.next(s->stream.ctx, p->at + p->n + 2);

	if (len > 0) {
		pack_message(c, p, len);
		return;
	}
	STAILQ_REMOVE_HEAD(&c->streams, link);
	stream_drop(&s->stream);
	free(s);
}

/* Takes one step; false when there is nothing to do until something comes in. A stream
 * goes before the next message, so that there is at most one from the peer's input. */
static bool step(struct conn *c, struct pack *p)
{
	const uint8_t *message;
	size_t len;

	if (!STAILQ_EMPTY(&c->streams)) {
		next_of_stream(c, p);
		return true;
	}
	if (c->n_waiting >= WAITING_MAX)
		return false;
	switch (frames_next(&c->frames, &message, &len)) {
	case FRAME_MESSAGE:
		handle_message(c, p, message, len);
		return true;
	case FRAME_END:
		frames_clear(&c->frames);
		c->input_over = true;
		return false;
	case FRAME_MORE:
		break;
	}
	return false;
}

/* Makes replies and sends them, until there is nothing to do, or the peer does not take
 * them, or others want their turn. Pieces of a message do not count as use: a peer that
 * sends an octet now and then is idle. */
static void pump(struct conn *c)
{
	struct tcp_buffers *b = buffers_of(c->listener);
	struct pack p = { .at = b->out };
	unsigned steps = 0, packs = 0;
	bool more = true;

	memcpy(&b->peer, &c->peer, sizeof(c->peer));
	c->in_use = true;
	while (!c->broken && c->unsent_n == 0 && packs < PACKS_MAX &&
		(more = step(c, &p))) {
		steps++;
		if (p.n + FRAME_MAX > PACK_ROOM) {
			send_pack(c, &p);
			packs++;
		}
	}
	send_pack(c, &p);
	frames_keep(&c->frames);
	c->more = more;
	c->in_use = false;
	if (steps > 0 || c->place != place_of(c))
		touch(c);
}

/* ---- events of a connection ---- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	struct tcp_buffers *b = buffers_of(c->listener);
	ssize_t n = recv(fd, b->in, sizeof(b->in), MSG_DONTWAIT);

	(void)what;
	if (n > 0) {
		frames_feed(&c->frames, b->in, (size_t)n);
		pump(c);
	} else if (n == 0) {
		/* What it asked before it closed its side is still answered. */
		c->input_over = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		c->broken = true;
	}
	settle(c);
}

static void send_unsent(struct conn *c)
{
	struct iovec iov = { c->unsent + c->unsent_at, c->unsent_n };
	size_t n = c->unsent_n, k;

	c->unsent_n = 0;
	k = send_some(c, &iov, 1);
	c->unsent_n = n - k;
	c->unsent_at += k;
	if (c->unsent_n == 0) {
		free(c->unsent);
		c->unsent = NULL;
		c->unsent_at = 0;
	}
	if (k > 0)
		touch(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->unsent_n > 0)
		send_unsent(c);
	if (c->unsent_n == 0 && !c->broken)
		pump(c);
	settle(c);
}

struct listener *conn_listener(const struct conn *c)
{
	return c->listener;
}

void conn_local(const struct conn *c, struct endpoint *ret)
{
	struct sockaddr_storage local = { .ss_family = 0 };
	socklen_t len = sizeof(local);

	*ret = c->listener->at;
	if (c->listener->any &&
		getsockname(c->fd, (struct sockaddr *)&local, &len) == 0)
		endpoint_from_sockaddr(&local, ret);
}

struct laters *conn_new_later(struct conn *c)
{
	c->n_waiting++;
	return &c->laters;
}

void conn_answer(
	struct conn *c, const uint8_t *message, size_t len, struct net_stream *stream)
{
	uint8_t length[2];
	struct iovec iov[2] = { { length, 2 }, { (void *)(uintptr_t)message, len } };
	size_t k;

	if (c->n_waiting-- == WAITING_MAX)
		c->more = true;
	if (len > NET_TCP_ROOM)
		bug("an answer of %zu octets", len);
	if (len > 0) {
		set16(length, (unsigned)len);
		k = send_some(c, iov, 2);
		if (k < 2)
			keep_unsent(c, length + k, 2 - k);
		k = k < 2 ? 0 : k - 2;
		keep_unsent(c, message + k, len - k);
		count(&c->listener->counters.tcp_out, 1);
		tap_out(c, message, len);
	}
	if (stream->next != NULL) {
		queue_stream(c, stream);
		c->more = true;
	}
	touch(c);
	settle(c);
}

/* ---- limits of time ---- */

static bool is_over(uint64_t since, uint64_t limit, uint64_t now)
{
	return now - since >= limit;
}

static void close_idle(struct listener *l, struct conns *list, uint64_t now)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(list)) != NULL &&
		is_over(c->used_us, l->o.tcp_idle_us, now)) {
		count(&l->counters.tcp_closed_idle, 1);
		conn_close(c);
	}
}

static void close_old(struct listener *l, uint64_t now)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&l->ages)) != NULL &&
		is_over(c->born_us, l->o.tcp_total_us, now))
		conn_close(c);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Until the first of the list is over. */
static uint64_t left_of(const struct conns *list, uint64_t limit, uint64_t now)
{
	const struct conn *c = TAILQ_FIRST(list);
	uint64_t end = c == NULL ? now + limit : c->used_us + limit;

	return end > now ? end - now : 1;
}

/* One timer for all connections. It comes at least once in the time that one may be
 * idle, for a busy one may become idle at any time. */
static void plan_sweep(struct listener *l, uint64_t now)
{
	const struct conn *oldest = TAILQ_FIRST(&l->ages);
	uint64_t us = least(left_of(&l->idle, l->o.tcp_idle_us, now),
		left_of(&l->stuck, l->o.tcp_idle_us, now));
	struct timeval tv;

	if (oldest == NULL)
		return;
	us = least(us, oldest->born_us + l->o.tcp_total_us - now);
	tv.tv_sec = (time_t)(us / 1000000);
	tv.tv_usec = (suseconds_t)(us % 1000000);
	if (event_add(&l->tcp_sweep, &tv) != 0)
		bug("no room for a timer");
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	uint64_t now = net_loop_now_us(l->loop);

	(void)fd;
	(void)what;
	close_idle(l, &l->idle, now);
	close_idle(l, &l->stuck, now);
	close_old(l, now);
	plan_sweep(l, now);
}

/* ---- accepting ---- */

static _Atomic uint64_t conn_ids;

static void conn_new(struct listener *l, int fd, const struct sockaddr_storage *peer)
{
	struct event_base *base = net_loop_base(l->loop);
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		bug("no memory for a connection");
	c->listener = l;
	c->fd = fd;
	c->id = atomic_fetch_add(&conn_ids, 1) + 1;
	c->born_us = c->used_us = net_loop_now_us(l->loop);
	memcpy(&c->peer, peer, sizeof(c->peer));
	LIST_INIT(&c->laters);
	STAILQ_INIT(&c->streams);
	event_assign(&c->readable, base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	TAILQ_INSERT_TAIL(&l->ages, c, by_age);
	TAILQ_INSERT_TAIL(&l->idle, c, by_use);
	count(&l->counters.tcp_connections, 1);
	count(&l->counters.tcp_open, 1);
	if (!event_pending(&l->tcp_sweep, EV_TIMEOUT, NULL))
		plan_sweep(l, c->born_us);
	settle(c);
}

/* RFC 7766 6.2.3: a server short of room closes what is idle. */
static bool make_room(struct listener *l)
{
	struct conn *c = TAILQ_FIRST(&l->idle);

	if (c == NULL || c->in_use)
		return false;
	count(&l->counters.tcp_closed_for_room, 1);
	conn_close(c);
	return true;
}

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_pause_over(void *ctx)
{
	struct listener *l = ctx;

	l->tcp_pause = NULL;
	if (l->reserve_fd < 0)
		l->reserve_fd = open_reserve();
	event_add(&l->tcp_ready, NULL);
}

/* The waiting connection would wake us without end. */
static void pause_accepting(struct listener *l)
{
	event_del(&l->tcp_ready);
	l->tcp_pause = net_loop_after(l->loop, ACCEPT_PAUSE_US, on_pause_over, l);
}

/* No descriptor is left, and no connection to close: the reserve is lent to the new one
 * for as long as it takes to refuse it. */
static bool refuse_with_reserve(struct listener *l)
{
	int fd;

	if (l->reserve_fd < 0)
		return false;
	close(l->reserve_fd);
	fd = accept4(l->tcp_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		count(&l->counters.tcp_refused, 1);
		close(fd);
	}
	l->reserve_fd = open_reserve();
	return fd >= 0;
}

/* accept4() wants a descriptor before it looks whether anybody is waiting. */
static bool is_waiting(int listening)
{
	struct pollfd p = { .fd = listening, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* What accept4() said; true when it is worth another try. */
static bool after_failure(struct listener *l, int error)
{
	switch (error) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
		if (!is_waiting(l->tcp_fd))
			return false;
		if (make_room(l) || refuse_with_reserve(l))
			return true;
		pause_accepting(l);
		return false;
	case ENOMEM:
	case ENOBUFS:
		pause_accepting(l);
		return false;
	default:
		/* accept(2): the new connection failed already; the next may not. */
		return true;
	}
}

static void take_in(struct listener *l, int fd, const struct sockaddr_storage *peer)
{
	if (atomic_load(&l->counters.tcp_open) >= l->o.tcp_max && !make_room(l)) {
		count(&l->counters.tcp_refused, 1);
		close(fd);
		return;
	}
	conn_new(l, fd, peer);
}

static void on_ready(evutil_socket_t listening, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage peer = { .ss_family = 0 };
		socklen_t len = sizeof(peer);
		int fd = accept4(listening, (struct sockaddr *)&peer, &len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			take_in(l, fd, &peer);
		else if (!after_failure(l, errno))
			break;
	}
}

void tcp_start(struct listener *l)
{
	struct event_base *base = net_loop_base(l->loop);

	TAILQ_INIT(&l->ages);
	TAILQ_INIT(&l->idle);
	TAILQ_INIT(&l->stuck);
	TAILQ_INIT(&l->busy);
	l->reserve_fd = open_reserve();
	buffers_of(l);
	event_assign(&l->tcp_ready, base, l->tcp_fd, EV_READ | EV_PERSIST, on_ready, l);
	event_assign(&l->tcp_sweep, base, -1, 0, on_sweep, l);
	if (event_add(&l->tcp_ready, NULL) != 0)
		bug("no event for a TCP socket");
}

void tcp_stop(struct listener *l)
{
	net_timer_cancel(l->tcp_pause);
	event_del(&l->tcp_ready);
	event_del(&l->tcp_sweep);
	close(l->tcp_fd);
	if (l->reserve_fd >= 0)
		close(l->reserve_fd);
	/* The analyser does not follow TAILQ_REMOVE(): it takes the next for the last.
	 */
	while (!TAILQ_EMPTY(&l->ages)) {
		struct conn *c = TAILQ_FIRST(&l->ages);

		conn_close(c); /* NOLINT(clang-analyzer-unix.Malloc) */
	}
}
