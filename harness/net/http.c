#include "net/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "base/bug.h"
#include "net/loop.h"
#include "net/port.h"

/* Enough for what comes in while another callback has its turn. */
#define BACKLOG 128

/* New connections in a tick; more have to wait for the next. With evhttp's time limit
 * it keeps down how many there are: evhttp itself counts none. */
#define TICK_US UINT64_C(1000000)
#define CONNS_A_TICK 200

struct http {
	struct net_loop *loop;
	struct http_options o;
	struct endpoint at;
	struct evhttp *evhttp;
	struct evconnlistener *accepts; /* evhttp's */
	struct net_timer *tick;
	unsigned n_conns; /* in this tick */
};

/* ---- requests ---- */

static void two_ends(struct evhttp_request *rq, struct http_request *ret)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(rq);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(conn);
	struct sockaddr_storage sa = { .ss_family = 0 };
	socklen_t len = sizeof(sa);
	int fd = bufferevent_getfd(bev);

	if (getpeername(fd, (struct sockaddr *)&sa, &len) == 0)
		endpoint_from_sockaddr(&sa, &ret->peer);
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
		endpoint_from_sockaddr(&sa, &ret->at);
}

static void add_header(struct evhttp_request *rq, const char *name, const char *value)
{
	/* It fails for a value with a line break, which must not get out. */
	(void)evhttp_add_header(evhttp_request_get_output_headers(rq), name, value);
}

static void send_reply(struct evhttp_request *rq, const struct http_reply *r, bool head)
{
	struct evbuffer *body = evbuffer_new();
	char length[24];

	if (body == NULL)
		bug("no memory for a page");
	if (r->location != NULL)
		add_header(rq, "Location", r->location);
	add_header(rq, "Content-Type", "text/plain; charset=utf-8");
	/* RFC 9110 9.3.2: HEAD has the headers of GET and no page. */
	snprintf(length, sizeof(length), "%zu", strlen(r->text));
	add_header(rq, "Content-Length", length);
	if (!head)
		evbuffer_add(body, r->text, strlen(r->text));
	evhttp_send_reply(rq, r->status, r->reason, body);
	evbuffer_free(body);
}

static void on_request(struct evhttp_request *rq, void *ctx)
{
	struct http *h = ctx;
	bool head = evhttp_request_get_command(rq) == EVHTTP_REQ_HEAD;
	struct http_request request = {
		.method = head ? "HEAD" : "GET",
		.target = evhttp_request_get_uri(rq),
		.host = evhttp_request_get_host(rq),
	};
	struct http_reply reply = { .status = 200, .reason = "OK", .text = "" };

	two_ends(rq, &request);
	h->o.handle(h->o.ctx, &request, &reply);
	send_reply(rq, &reply, head);
}

/* ---- the port ---- */

/* Goes on after on_accept_error() and at_connection(). evhttp keeps the listener's
 * context for itself, so that the former cannot know whose timer to start. */
static void on_tick(void *ctx)
{
	struct http *h = ctx;

	h->n_conns = 0;
	evconnlistener_enable(h->accepts);
	h->tick = net_loop_after(h->loop, TICK_US, on_tick, h);
}

/* No descriptor is left: the waiting connection would wake us without end. */
static void on_accept_error(struct evconnlistener *accepts, void *ctx)
{
	(void)ctx;
	evconnlistener_disable(accepts);
}

static struct bufferevent *at_connection(struct event_base *base, void *ctx)
{
	struct http *h = ctx;

	if (++h->n_conns == CONNS_A_TICK)
		evconnlistener_disable(h->accepts);
	return bufferevent_socket_new(base, -1, 0);
}

static void listen_at(struct http *h, int fd)
{
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;

	/* Backlog 0: it listens already. The callback is set by evhttp. */
	h->accepts =
		evconnlistener_new(net_loop_base(h->loop), NULL, NULL, flags, 0, fd);
	h->evhttp = evhttp_new(net_loop_base(h->loop));
	if (h->accepts == NULL || h->evhttp == NULL ||
		evhttp_bind_listener(h->evhttp, h->accepts) == NULL)
		bug("no memory for a web server");
	evconnlistener_set_error_cb(h->accepts, on_accept_error);
	evhttp_set_bevcb(h->evhttp, at_connection, h);
	evhttp_set_max_headers_size(h->evhttp, HTTP_HEAD_MAX);
	evhttp_set_max_body_size(h->evhttp, HTTP_BODY_MAX);
	evhttp_set_timeout(
		h->evhttp, h->o.timeout_s == 0 ? HTTP_TIMEOUT_S : (int)h->o.timeout_s);
	evhttp_set_allowed_methods(h->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_gencb(h->evhttp, on_request, h);
	on_tick(h);
}

struct http *http_new(
	struct net_loop *l, const struct http_options *o, const char **ret_what)
{
	struct http *h = calloc(1, sizeof(*h));
	int fd;

	if (h == NULL)
		bug("no memory for a web server");
	h->loop = l;
	h->o = *o;
	fd = port_open(&o->at, BACKLOG, NULL, &h->at);
	if (fd < 0) {
		*ret_what = "bind";
		free(h);
		return NULL;
	}
	listen_at(h, fd);
	return h;
}

void http_free(struct http *h)
{
	if (h == NULL)
		return;
	net_timer_cancel(h->tick);
	evhttp_free(h->evhttp);
	free(h);
}

struct endpoint http_at(const struct http *h)
{
	return h->at;
}
