#include "net/ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/bug.h"
#include "net/frames.h"
#include "net/loop.h"

/* RFC 1035 4.1.1. */
#define HEADER 12
#define QR 0x80 /* of octet 2 */
#define OPCODE 0x78
#define TC 0x02
#define RCODE 0x0f /* of octet 3 */

/* A longer query might come in fragments, or not at all: what fits any IPv6 path, 1280
 * octets less the headers (DNS flag day 2020). */
#define UDP_QUERY_MAX 1232

/* Ports tried before the choice is left to the kernel. */
#define PORT_TRIES 8

/* Datagrams looked at before others have their turn. */
#define DATAGRAMS_MAX 16

struct net_ask {
	struct net_loop *loop;
	struct endpoint to;
	struct ip from;	 /* family 0: any */
	bool handing_on; /* net_hand_on() */
	int fd;
	struct event ready;
	struct net_timer *again, *end;
	uint8_t old_id[2];
	uint8_t *frame; /* the query behind its two octets of length */
	size_t len;	/* of the query */
	size_t sent;	/* of the frame, over TCP */
	struct frames frames;
	void (*done)(void *ctx, const uint8_t *reply, size_t len);
	void *ctx;
};

/* What a reply is read into; asks of a loop use it in turn. */
#define BUFFER_ROOM FRAME_MAX

static uint8_t *buffer_of(const struct net_ask *a)
{
	return net_loop_memory(a->loop, NET_MEMORY_ASK, BUFFER_ROOM);
}

/* ---- the end ---- */

static void hang_up(struct net_ask *a)
{
	if (a->fd < 0)
		return;
	event_del(&a->ready);
	close(a->fd);
	a->fd = -1;
}

void net_ask_cancel(struct net_ask *a)
{
	if (a == NULL)
		return;
	hang_up(a);
	net_timer_cancel(a->again);
	net_timer_cancel(a->end);
	frames_clear(&a->frames);
	free(a->frame);
	free(a);
}

/* The reply lies in the loop's buffer. */
static void finish(struct net_ask *a, const uint8_t *reply, size_t len)
{
	void (*done)(void *ctx, const uint8_t *reply, size_t len) = a->done;
	void *ctx = a->ctx;

	net_ask_cancel(a);
	done(ctx, reply, len);
}

/* The reply in the buffer is the one. */
static void answer(struct net_ask *a, size_t len)
{
	if (!a->handing_on)
		memcpy(buffer_of(a), a->old_id, 2);
	finish(a, buffer_of(a), len);
}

static void on_end(void *ctx)
{
	struct net_ask *a = ctx;

	a->end = NULL;
	finish(a, NULL, 0);
}

/* What failed at once is said later, as all else. */
static void give_up(struct net_ask *a)
{
	hang_up(a);
	net_timer_cancel(a->again);
	a->again = NULL;
	net_timer_cancel(a->end);
	a->end = net_loop_after(a->loop, 0, on_end, a);
}

/* ---- is it the reply? ---- */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* Octets of the name at p, which is not compressed in a question; 0 when it is none. */
static size_t name_size(const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at < n && p[at] != 0) {
		if (p[at] > 63)
			return 0;
		at += 1 + (size_t)p[at];
	}
	return at < n ? at + 1 : 0;
}

static bool same_name(const uint8_t *x, const uint8_t *y, size_t n)
{
	/* Length octets are below the letters. */
	for (size_t i = 0; i < n; i++) {
		if (lower(x[i]) != lower(y[i]))
			return false;
	}
	return true;
}

/* An error, or the answer to an UPDATE (RFC 2136 3.8), may come without the question.
 */
static bool may_lack_question(const uint8_t *reply)
{
	return (reply[3] & RCODE) != 0 || (reply[2] & OPCODE) != 0;
}

static bool same_question(
	const uint8_t *query, size_t query_len, const uint8_t *reply, size_t len)
{
	size_t name = name_size(query + HEADER, query_len - HEADER);

	if (reply[4] == 0 && reply[5] == 0 && may_lack_question(reply))
		return true;
	if (memcmp(reply + 4, query + 4, 2) != 0)
		return false;
	if (name == 0 || query_len < HEADER + name + 4)
		return true; /* the query has none to compare */
	return len >= HEADER + name + 4 &&
	       same_name(query + HEADER, reply + HEADER, name) &&
	       memcmp(query + HEADER + name, reply + HEADER + name, 4) == 0;
}

/* RFC 5452 9.1; addresses and ports are compared by the kernel. */
static bool is_reply(const struct net_ask *a, const uint8_t *reply, size_t len)
{
	const uint8_t *query = a->frame + 2;

	if (a->handing_on)
		return len > 0;
	return len >= HEADER && memcmp(reply, query, 2) == 0 && (reply[2] & QR) != 0 &&
	       ((reply[2] ^ query[2]) & OPCODE) == 0 &&
	       same_question(query, a->len, reply, len);
}

/* ---- sockets ---- */

static void fill_with_chance(void *out, size_t n)
{
	if (getrandom(out, n, 0) != (ssize_t)n)
		bug("no random numbers: %s", strerror(errno));
}

static bool bind_to(int fd, const struct ip *ip, uint16_t port)
{
	struct endpoint at = { *ip, port };
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&at, &sa);

	return bind(fd, (struct sockaddr *)&sa, len) == 0;
}

/* RFC 5452 9.2: a port nobody can guess, out of as many as there are. */
static bool bind_by_chance(int fd, const struct ip *ip)
{
	for (int i = 0; i < PORT_TRIES; i++) {
		uint16_t port;

		fill_with_chance(&port, sizeof(port));
		if (port >= 1024 && bind_to(fd, ip, port))
			return true;
	}
	return bind_to(fd, ip, 0);
}

static bool bind_from(const struct net_ask *a, int type)
{
	struct ip from = a->from;

	if (from.family == 0 && type == SOCK_STREAM)
		return true;
	if (from.family == 0)
		from.family = a->to.ip.family;
	return type == SOCK_DGRAM ? bind_by_chance(a->fd, &from)
				  : bind_to(a->fd, &from, 0);
}

/* A socket connected to the server, or about to be; errors come out when it is used. */
static bool dial(struct net_ask *a, int type)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&a->to, &sa);

	a->fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0)
		return false;
	if (bind_from(a, type) && (connect(a->fd, (struct sockaddr *)&sa, len) == 0 ||
					  errno == EINPROGRESS))
		return true;
	close(a->fd);
	a->fd = -1;
	return false;
}

static void watch(struct net_ask *a, short what, event_callback_fn fn)
{
	event_assign(&a->ready, net_loop_base(a->loop), a->fd,
		(short)(what | EV_PERSIST), fn, a);
	if (event_add(&a->ready, NULL) != 0)
		bug("no event for a question");
}

/* ---- TCP ---- */

/* False when the question has come to its end. */
static bool take_messages(struct net_ask *a)
{
	const uint8_t *message;
	size_t len;

	for (;;) {
		switch (frames_next(&a->frames, &message, &len)) {
		case FRAME_MORE:
			frames_keep(&a->frames);
			return true;
		case FRAME_END:
			finish(a, NULL, 0);
			return false;
		case FRAME_MESSAGE:
			if (!is_reply(a, message, len))
				break;
			memmove(buffer_of(a), message, len);
			answer(a, len);
			return false;
		}
	}
}

static void on_tcp_readable(evutil_socket_t fd, short what, void *arg)
{
	struct net_ask *a = arg;
	uint8_t *buffer = buffer_of(a);
	ssize_t n = recv(fd, buffer, BUFFER_ROOM, MSG_DONTWAIT);

	(void)what;
	if (n > 0) {
		frames_feed(&a->frames, buffer, (size_t)n);
		take_messages(a);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		finish(a, NULL, 0);
	}
}

static void on_tcp_writable(evutil_socket_t fd, short what, void *arg)
{
	struct net_ask *a = arg;
	size_t left = 2 + a->len - a->sent;
	ssize_t n = send(fd, a->frame + a->sent, left, MSG_DONTWAIT | MSG_NOSIGNAL);

	(void)what;
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(a, NULL, 0);
		return;
	}
	a->sent += (size_t)n;
	if ((size_t)n == left) {
		event_del(&a->ready);
		watch(a, EV_READ, on_tcp_readable);
	}
}

/* With what is left of the time. */
static void go_to_tcp(struct net_ask *a)
{
	hang_up(a);
	net_timer_cancel(a->again);
	a->again = NULL;
	if (dial(a, SOCK_STREAM))
		watch(a, EV_WRITE, on_tcp_writable);
	else
		give_up(a);
}

/* ---- UDP ---- */

/* False when the question has come to its end, or left UDP. */
static bool take_datagram(struct net_ask *a)
{
	uint8_t *buffer = buffer_of(a);
	ssize_t n = recv(a->fd, buffer, BUFFER_ROOM, MSG_DONTWAIT);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish(a, NULL, 0); /* ECONNREFUSED, say */
		return false;
	}
	if (!is_reply(a, buffer, (size_t)n))
		return true;
	/* RFC 2181 9: what is truncated is asked for again. */
	if (!a->handing_on && (buffer[2] & TC) != 0) {
		go_to_tcp(a);
		return false;
	}
	answer(a, (size_t)n);
	return false;
}

static void on_datagram(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	for (int i = 0; i < DATAGRAMS_MAX; i++) {
		if (!take_datagram(arg))
			return;
	}
}

static bool send_datagram(struct net_ask *a)
{
	/* A full buffer is a loss like others: there is a second time. */
	return send(a->fd, a->frame + 2, a->len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
	       errno == EAGAIN || errno == ENOBUFS;
}

static void on_again(void *ctx)
{
	struct net_ask *a = ctx;

	a->again = NULL;
	if (!send_datagram(a))
		give_up(a);
}

static void begin(struct net_ask *a, bool tcp, uint64_t timeout_us)
{
	if (tcp) {
		go_to_tcp(a);
		return;
	}
	if (!dial(a, SOCK_DGRAM)) {
		give_up(a);
		return;
	}
	watch(a, EV_READ, on_datagram);
	if (!a->handing_on)
		a->again = net_loop_after(a->loop, timeout_us / 2, on_again, a);
	if (!send_datagram(a))
		give_up(a);
}

static void copy_query(struct net_ask *a, const uint8_t *query, size_t len)
{
	a->len = len;
	a->frame = malloc(2 + len);
	if (a->frame == NULL)
		bug("no memory for a question");
	a->frame[0] = (uint8_t)(len >> 8);
	a->frame[1] = (uint8_t)len;
	memcpy(a->frame + 2, query, len);
	memcpy(a->old_id, query, 2);
	if (!a->handing_on)
		fill_with_chance(a->frame + 2, 2);
}

static struct net_ask *ask_new(struct net_loop *l, const struct endpoint *to,
	uint64_t timeout_us, void (*done)(void *ctx, const uint8_t *reply, size_t len),
	void *ctx)
{
	struct net_ask *a = calloc(1, sizeof(*a));

	if (a == NULL)
		bug("no memory for a question");
	a->loop = l;
	a->to = *to;
	a->fd = -1;
	a->done = done;
	a->ctx = ctx;
	a->end = net_loop_after(l, timeout_us, on_end, a);
	return a;
}

static void check_length(size_t len)
{
	if (len < HEADER || len > FRAME_MAX - 2)
		bug("a query of %zu octets", len);
}

struct net_ask *net_ask(struct net_loop *l, const struct endpoint *to,
	const uint8_t *query, size_t len, uint64_t timeout_us,
	void (*done)(void *ctx, const uint8_t *reply, size_t len), void *ctx)
{
	struct net_ask *a;

	check_length(len);
	a = ask_new(l, to, timeout_us, done, ctx);
	copy_query(a, query, len);
	begin(a, len > UDP_QUERY_MAX, timeout_us);
	return a;
}

struct net_ask *net_hand_on(struct net_loop *l, const struct ip *from,
	const struct endpoint *to, bool tcp, const uint8_t *query, size_t len,
	uint64_t timeout_us, void (*done)(void *ctx, const uint8_t *reply, size_t len),
	void *ctx)
{
	struct net_ask *a;

	check_length(len);
	a = ask_new(l, to, timeout_us, done, ctx);
	a->handing_on = true;
	if (from != NULL)
		a->from = *from;
	copy_query(a, query, len);
	begin(a, tcp, timeout_us);
	return a;
}
