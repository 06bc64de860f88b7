#include "net/lines.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "base/bug.h"
#include "net/loop.h"
#include "net/port.h"

/* Enough for what comes in while another callback has its turn. */
#define BACKLOG 128

/* Unsent octets of one that does not read, before it is not read from. */
#define UNSENT_MAX (64u << 10)

/* Lines handed over before others have their turn. */
#define LINES_A_TURN 1000

/* For the peer to read our last words and to hang up. */
#define LINGER_US UINT64_C(2000000)

/* Without a descriptor for a new connection. */
#define ACCEPT_PAUSE_US UINT64_C(100000)

struct lines_conn {
	struct lines *server;
	LIST_ENTRY(lines_conn) link;
	struct bufferevent *bev;
	struct net_timer *timer; /* the next of its limits of time */
	void *state;
	struct endpoint peer, at;
	uint64_t born_us, used_us;
	size_t octets;
	bool over;   /* the peer has closed its side */
	bool ending; /* nothing is handed over any more */
	bool shut;   /* our side is closed */
};

struct lines {
	struct net_loop *loop;
	struct lines_options o;
	struct lines_handler handler;
	struct endpoint at;
	int fd;				/* of a port that drops; else -1 */
	struct evconnlistener *accepts; /* of any other */
	struct net_timer *pause;
	LIST_HEAD(, lines_conn) conns;
	unsigned n_conns;
	char *piece; /* line_max octets and the end of a line */
};

static void *allocate(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		bug("no memory for a connection");
	return p;
}

/* ---- a connection ---- */

static void conn_free(struct lines_conn *c)
{
	struct lines *s = c->server;

	s->handler.close(c->state);
	net_timer_cancel(c->timer);
	LIST_REMOVE(c, link);
	s->n_conns--;
	bufferevent_free(c->bev);
	free(c);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t end_of(const struct lines_conn *c)
{
	const struct lines_options *o = &c->server->o;

	return least(c->born_us + o->total_us,
		c->used_us + (c->ending ? LINGER_US : o->idle_us));
}

static void plan(struct lines_conn *c);

static void on_time(void *ctx)
{
	struct lines_conn *c = ctx;

	c->timer = NULL;
	if (net_loop_now_us(c->server->loop) >= end_of(c))
		conn_free(c);
	else
		plan(c);
}

static void plan(struct lines_conn *c)
{
	uint64_t now = net_loop_now_us(c->server->loop), end = end_of(c);

	net_timer_cancel(c->timer);
	c->timer =
		net_loop_after(c->server->loop, end > now ? end - now : 1, on_time, c);
}

/* Octets of the first line in the buffer with its end, or 0: none is complete. No line
 * is searched further than it may be long. */
static size_t line_length(
	const struct lines *s, struct evbuffer *in, enum line_end *end)
{
	size_t room = s->o.line_max + 2;
	ev_ssize_t got = evbuffer_copyout(in, s->piece, room);
	const char *lf = got <= 0 ? NULL : memchr(s->piece, '\n', (size_t)got);

	*end = LINE_GOES_ON;
	if (lf != NULL) {
		size_t n = (size_t)(lf - s->piece);

		*end = n > 0 && lf[-1] == '\r' ? LINE_CRLF : LINE_LF;
		if (n - (*end == LINE_CRLF) <= s->o.line_max)
			return n + 1;
		*end = LINE_GOES_ON;
	}
	return got == (ev_ssize_t)room ? s->o.line_max : 0;
}

/* True when one was handed over. */
static bool next_line(struct lines_conn *c)
{
	static const size_t ends[] = { [LINE_LF] = 1, [LINE_CRLF] = 2 };
	struct lines *s = c->server;
	struct evbuffer *in = bufferevent_get_input(c->bev);
	enum line_end end;
	size_t n = line_length(s, in, &end);

	if (n == 0)
		return false;
	evbuffer_drain(in, n);
	c->octets += n;
	c->used_us = net_loop_now_us(s->loop);
	s->handler.line(c->state, s->piece, n - ends[end], end);
	return true;
}

static size_t unsent(const struct lines_conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

/* The end, once all is sent: closing now would reset a connection with octets that we
 * have not read, and the peer would lose our last words (RFC 1122 4.2.2.13). */
static void finish(struct lines_conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);

	c->octets += evbuffer_get_length(in);
	evbuffer_drain(in, evbuffer_get_length(in));
	if (c->octets > c->server->o.octets_max || (c->over && unsent(c) == 0)) {
		conn_free(c);
		return;
	}
	if (!c->shut && unsent(c) == 0) {
		c->shut = true;
		shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	}
	plan(c);
}

/* After the lines of a turn: has the peer more to say, and do we read it? */
static void settle(struct lines_conn *c, bool more)
{
	bool full = unsent(c) >= UNSENT_MAX;

	if (c->octets > c->server->o.octets_max || (c->over && !full && !more))
		c->ending = true;
	if (!c->over && (c->ending || !full))
		bufferevent_enable(c->bev, EV_READ);
	else
		bufferevent_disable(c->bev, EV_READ);
	if (c->ending)
		finish(c);
	else if (more && !full)
		bufferevent_trigger(c->bev, EV_READ, BEV_OPT_DEFER_CALLBACKS);
}

/* Hands over what has come, as long as the peer takes the answers. */
static void pump(struct lines_conn *c)
{
	unsigned n = 0;

	while (!c->ending && unsent(c) < UNSENT_MAX && n < LINES_A_TURN && next_line(c))
		n++;
	settle(c, n == LINES_A_TURN);
}

static void on_read(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	pump(ctx);
}

/* All was sent. */
static void on_write(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	pump(ctx);
}

/* The peer's end: it may still read. A line that has not ended is none. */
static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct lines_conn *c = ctx;

	(void)bev;
	c->over |= (what & BEV_EVENT_EOF) != 0;
	if (what & BEV_EVENT_ERROR)
		conn_free(c);
	else if (what & BEV_EVENT_EOF)
		pump(c);
}

static void local_end(struct lines_conn *c, evutil_socket_t fd)
{
	struct sockaddr_storage sa = { .ss_family = 0 };
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
		endpoint_from_sockaddr(&sa, &c->at);
	else
		c->at = c->server->at;
}

static void conn_new(
	struct lines *s, evutil_socket_t fd, struct sockaddr *peer, int len)
{
	struct lines_conn *c = allocate(sizeof(*c));
	struct sockaddr_storage sa = { .ss_family = 0 };

	c->server = s;
	memcpy(&sa, peer, (size_t)len < sizeof(sa) ? (size_t)len : sizeof(sa));
	endpoint_from_sockaddr(&sa, &c->peer);
	local_end(c, fd);
	c->born_us = c->used_us = net_loop_now_us(s->loop);
	c->bev = bufferevent_socket_new(
		net_loop_base(s->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL)
		bug("no memory for a connection");
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, 16 * s->o.line_max);
	LIST_INSERT_HEAD(&s->conns, c, link);
	s->n_conns++;
	c->state = s->handler.open(s->handler.ctx, c);
	plan(c);
	pump(c);
}

/* ---- the port ---- */

static void on_accept(struct evconnlistener *accepts, evutil_socket_t fd,
	struct sockaddr *peer, int len, void *ctx)
{
	struct lines *s = ctx;

	(void)accepts;
	if (s->n_conns >= s->o.conns_max)
		close(fd);
	else
		conn_new(s, fd, peer, len);
}

static void on_pause_over(void *ctx)
{
	struct lines *s = ctx;

	s->pause = NULL;
	evconnlistener_enable(s->accepts);
}

/* The waiting connection would wake us without end. */
static void on_accept_error(struct evconnlistener *accepts, void *ctx)
{
	struct lines *s = ctx;

	evconnlistener_disable(accepts);
	if (s->pause == NULL)
		s->pause = net_loop_after(s->loop, ACCEPT_PAUSE_US, on_pause_over, s);
}

/* socket(7) SO_ATTACH_FILTER: a filter that lets no octet of a segment through makes
 * the kernel drop it, the first one too. */
static int drop_all(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = { .len = 1, .filter = &none };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

static void listen_at(struct lines *s)
{
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;

	/* Backlog 0: it listens already. */
	s->accepts = evconnlistener_new(
		net_loop_base(s->loop), on_accept, s, flags, 0, s->fd);
	if (s->accepts == NULL)
		bug("no memory for a listener");
	evconnlistener_set_error_cb(s->accepts, on_accept_error);
	s->fd = -1;
}

/* So far from the end of the clock that sums do not wrap. */
#define LIMIT_MAX_US (UINT64_C(1) << 60)

static void fill_in_defaults(struct lines_options *o)
{
	if (o->line_max == 0)
		o->line_max = LINES_LINE_MAX;
	if (o->octets_max == 0)
		o->octets_max = LINES_OCTETS_MAX;
	if (o->conns_max == 0)
		o->conns_max = LINES_CONNS_MAX;
	o->idle_us = least(o->idle_us == 0 ? LINES_IDLE_US : o->idle_us, LIMIT_MAX_US);
	o->total_us =
		least(o->total_us == 0 ? LINES_TOTAL_US : o->total_us, LIMIT_MAX_US);
}

struct lines *lines_new(struct net_loop *l, const struct lines_options *o,
	const struct lines_handler *h, const char **ret_what)
{
	struct lines *s = allocate(sizeof(*s));

	s->loop = l;
	s->o = *o;
	s->handler = *h;
	fill_in_defaults(&s->o);
	LIST_INIT(&s->conns);
	s->fd = port_open(&s->o.at, BACKLOG, s->o.drops ? drop_all : NULL, &s->at);
	if (s->fd < 0) {
		*ret_what = "bind";
		free(s);
		return NULL;
	}
	s->piece = allocate(s->o.line_max + 2);
	if (!s->o.drops)
		listen_at(s);
	return s;
}

void lines_free(struct lines *s)
{
	if (s == NULL)
		return;
	/* The analyser does not follow LIST_REMOVE(): it takes the next for the last.
	 */
	while (!LIST_EMPTY(&s->conns)) {
		struct lines_conn *c = LIST_FIRST(&s->conns);

		conn_free(c); /* NOLINT(clang-analyzer-unix.Malloc) */
	}
	net_timer_cancel(s->pause);
	if (s->accepts != NULL)
		evconnlistener_free(s->accepts);
	if (s->fd >= 0)
		close(s->fd);
	free(s->piece);
	free(s);
}

struct endpoint lines_at(const struct lines *s)
{
	return s->at;
}

void lines_conn_peer(const struct lines_conn *c, struct endpoint *ret)
{
	*ret = c->peer;
}

void lines_conn_at(const struct lines_conn *c, struct endpoint *ret)
{
	*ret = c->at;
}

void lines_put(struct lines_conn *c, const char *data, size_t len)
{
	if (bufferevent_write(c->bev, data, len) != 0)
		bug("no memory for a reply");
}

void lines_end(struct lines_conn *c)
{
	c->ending = true;
}
