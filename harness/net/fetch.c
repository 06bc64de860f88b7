#include "net/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/util.h>

#include "base/bug.h"
#include "net/loop.h"

struct net_fetch {
	struct net_loop *loop;
	struct bufferevent *bev;
	struct net_timer *timer; /* its end, or the end of what could not begin */
	void (*done)(void *ctx, const struct fetched *reply);
	void *ctx;
	struct fetched reply;
	size_t len, begin;	     /* what has come, and where the last head begins */
	char in[FETCH_HEAD_MAX + 1]; /* room for a NUL */
};

void net_fetch_cancel(struct net_fetch *f)
{
	if (f == NULL)
		return;
	net_timer_cancel(f->timer);
	if (f->bev != NULL)
		bufferevent_free(f->bev);
	free(f);
}

/* It is gone when this returns. */
static void finish(struct net_fetch *f, const char *why)
{
	f->reply.why = why;
	f->done(f->ctx, &f->reply);
	net_fetch_cancel(f);
}

/* ---- the head of a reply ---- */

/* RFC 9112 4: "HTTP/1.1 200 OK". 0: this is none. */
static int status_of(const char *head)
{
	int status = 0;

	if (strncmp(head, "HTTP/1.", 7) != 0 || head[7] < '0' || head[7] > '9' ||
		head[8] != ' ')
		return 0;
	for (int i = 9; i < 12; i++) {
		if (head[i] < '0' || head[i] > '9')
			return 0;
		status = 10 * status + head[i] - '0';
	}
	/* The reason may be empty; some leave out the space before it. */
	return status >= 100 && strchr(" \r\n", head[12]) != NULL ? status : 0;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == '\177')
			return true;
	}
	return false;
}

/* The field's value, cut out of the head in place. */
static char *value_of(char *line, char *end)
{
	while (*line == ' ' || *line == '\t')
		line++;
	while (end > line && strchr(" \t\r", end[-1]) != NULL)
		end--;
	*end = '\0';
	return line;
}

static const char *location_in(char *head)
{
	static const char name[] = "Location:";
	char *line = head;

	while ((line = strchr(line, '\n')) != NULL) {
		char *value, *end = strchr(++line, '\n');

		if (end == NULL || strncasecmp(line, name, sizeof(name) - 1) != 0)
			continue;
		value = value_of(line + sizeof(name) - 1, end);
		return has_control(value) ? NULL : value;
	}
	return NULL;
}

/* Octets up to the end of the empty line that ends a head, or 0: it has not come. */
static size_t head_length(const char *head, size_t len)
{
	const char *at = head, *end = head + len;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		if (end - at >= 1 && at[0] == '\n')
			return (size_t)(at + 1 - head);
		if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
			return (size_t)(at + 2 - head);
	}
	return 0;
}

/* RFC 9110 15.2: any number of interim replies may come first. 101 is none of them:
 * what follows it is not HTTP any more. */
static bool is_interim(int status)
{
	return status < 200 && status != 101;
}

/* A head of n octets has come. False: it was the last, or none, and f is gone. */
static bool take_head(struct net_fetch *f, size_t n)
{
	char *head = f->in + f->begin, after = head[n];
	int status;

	head[n] = '\0';
	status = memchr(head, '\0', n) == NULL ? status_of(head) : 0;
	if (status == 0) {
		finish(f, "what came is no HTTP/1 reply");
		return false;
	}
	if (!is_interim(status)) {
		f->reply.status = status;
		f->reply.location = location_in(head);
		finish(f, NULL);
		return false;
	}
	head[n] = after;
	f->begin += n;
	return true;
}

/* ---- the connection ---- */

static void on_read(struct bufferevent *bev, void *ctx)
{
	struct net_fetch *f = ctx;
	size_t n;

	f->len += bufferevent_read(bev, f->in + f->len, FETCH_HEAD_MAX - f->len);
	while ((n = head_length(f->in + f->begin, f->len - f->begin)) > 0) {
		if (!take_head(f, n))
			return;
	}
	if (f->len == FETCH_HEAD_MAX)
		finish(f, "the head of the reply is too long");
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct net_fetch *f = ctx;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		f->reply.connected = true;
	else if (what & BEV_EVENT_ERROR)
		finish(f, strerror(errno));
	else
		finish(f, "the connection was closed before a reply");
}

static void on_time(void *ctx)
{
	struct net_fetch *f = ctx;

	f->timer = NULL;
	finish(f, f->reply.connected ? "no reply in time" : "no connection in time");
}

/* What could not begin ends later, as all do. */
static void on_refusal(void *ctx)
{
	struct net_fetch *f = ctx;

	f->timer = NULL;
	finish(f, f->reply.why);
}

static void refuse(struct net_fetch *f, const char *why)
{
	f->reply.why = why;
	f->timer = net_loop_after(f->loop, 0, on_refusal, f);
}

static void begin(struct net_fetch *f, const struct endpoint *to, const char *host,
	const char *target, uint64_t timeout_us)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(to, &sa);

	f->bev = bufferevent_socket_new(
		net_loop_base(f->loop), -1, BEV_OPT_CLOSE_ON_FREE);
	if (f->bev == NULL)
		bug("no memory for a request");
	bufferevent_setwatermark(f->bev, EV_READ, 0, FETCH_HEAD_MAX);
	evbuffer_add_printf(bufferevent_get_output(f->bev),
		"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: harness/" VERSION
		"\r\nAccept: */*\r\nConnection: close\r\n\r\n",
		target, host);
	if (bufferevent_socket_connect(f->bev, (struct sockaddr *)&sa, (int)len) != 0) {
		refuse(f, strerror(errno));
		return;
	}
	/* Not before: some releases report what fails at once here, too. */
	bufferevent_setcb(f->bev, on_read, NULL, on_event, f);
	bufferevent_enable(f->bev, EV_READ | EV_WRITE);
	f->timer = net_loop_after(f->loop, timeout_us, on_time, f);
}

/* One that is not would end its line, or the whole head, where the text wants. */
static bool is_visible(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > FETCH_TARGET_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	}
	return true;
}

struct net_fetch *net_fetch(struct net_loop *l, const struct endpoint *to,
	const char *host, const char *target, uint64_t timeout_us,
	void (*done)(void *ctx, const struct fetched *reply), void *ctx)
{
	struct net_fetch *f = calloc(1, sizeof(*f));

	if (f == NULL)
		bug("no memory for a request");
	f->loop = l;
	f->done = done;
	f->ctx = ctx;
	if (is_visible(host) && is_visible(target))
		begin(f, to, host, target, timeout_us);
	else
		refuse(f, "the name or the target has octets that no request can have");
	return f;
}
