#include "support/test.h"

#include <stdio.h>

#include "base/str.h"
#include "net/fetch.h"
#include "net/http.h"
#include "unit/net/talk.h"

/* A visitor and what it was told. */
struct visitor {
	struct talk t; /* its loop only */
	struct net_fetch *fetch;
	unsigned n;
	struct fetched got;
	char location[FETCH_HEAD_MAX + 1], why[128];
};

static void note(void *ctx, const struct fetched *reply)
{
	struct visitor *v = ctx;

	v->n++;
	v->got = *reply;
	snprintf(v->location, sizeof(v->location), "%s",
		reply->location == NULL ? "(none)" : reply->location);
	snprintf(v->why, sizeof(v->why), "%s", reply->why == NULL ? "" : reply->why);
}

static void ask(struct visitor *v, const struct endpoint *to, uint64_t timeout_us)
{
	v->n = 0;
	v->fetch =
		net_fetch(v->t.loop, to, "www.example.net", "/", timeout_us, note, v);
	assert_int_equal(v->n, 0); /* never at once */
}

/* ---- a web server of ours ---- */

static void handle_request(
	void *ctx, const struct http_request *rq, struct http_reply *ret)
{
	struct str *seen = ctx;

	str_printf(seen, "%s %s %s\n", rq->method, rq->target, rq->host);
	if (strcmp(rq->target, "/moved") == 0)
		*ret = (struct http_reply){ 301, "Moved Permanently",
			"http://other.example.net/", "moved\n" };
	else
		ret->text = "hello\n";
}

static void serve_and_ask(
	const char *at, const char *target, struct visitor *v, struct str *seen)
{
	struct http_options o = { endpoint(at), 0, handle_request, seen };
	const char *what = NULL;
	struct endpoint to;
	struct http *http;

	*v = (struct visitor){ .t.loop = net_loop_new() };
	http = http_new(v->t.loop, &o, &what);
	assert_non_null(http);
	to = http_at(http);
	net_fetch(v->t.loop, &to, "www.example.net:8080", target, PATIENCE_US, note, v);
	UNTIL(&v->t, v->n > 0);
	http_free(http);
	net_loop_free(v->t.loop);
}

static void a_page_is_fetched(void **state)
{
	struct str seen = STR_INIT;
	struct visitor v;

	(void)state;
	serve_and_ask("127.0.0.1", "/a?b", &v, &seen);
	assert_true(v.got.connected);
	assert_int_equal(v.got.status, 200);
	assert_string_equal(v.location, "(none)");
	assert_string_equal(seen.data, "GET /a?b www.example.net\n");
	str_clear(&seen);
}

static void a_redirect_says_where_to_over_ipv6(void **state)
{
	struct str seen = STR_INIT;
	struct visitor v;

	(void)state;
	serve_and_ask("::1", "/moved", &v, &seen);
	assert_int_equal(v.got.status, 301);
	assert_string_equal(v.location, "http://other.example.net/");
	str_clear(&seen);
}

/* ---- a server that sends what it is told ---- */

struct peer {
	struct endpoint at;
	int listens, fd;
};

static void peer_start(struct peer *p)
{
	struct endpoint at = endpoint("127.0.0.1");
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&at, &sa);

	p->fd = -1;
	p->listens = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(p->listens, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(p->listens, 8), 0);
	len = sizeof(sa);
	assert_int_equal(getsockname(p->listens, (struct sockaddr *)&sa, &len), 0);
	endpoint_from_sockaddr(&sa, &p->at);
}

/* Until the whole request is there. */
static void peer_accept(struct peer *p, struct visitor *v)
{
	struct str in = STR_INIT;
	char piece[512];

	UNTIL(&v->t, (p->fd = accept(p->listens, NULL, NULL)) >= 0);
	while (in.len < 4 || strcmp(in.data + in.len - 4, "\r\n\r\n") != 0) {
		ssize_t n = get_some(&v->t, p->fd, piece, sizeof(piece));

		assert_true(n > 0);
		str_put(&in, piece, (size_t)n);
	}
	str_clear(&in);
}

static void peer_end(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	close(p->listens);
}

#define NO_HTTP "what came is no HTTP/1 reply"
#define CLOSED "the connection was closed before a reply"
#define H "HTTP/1.1 "

static const struct row {
	const char *name, *in;
	size_t len; /* 0: of the text */
	int status;
	const char *location, *why;
} rows[] = {
	{ "the head is enough, whatever the length says",
		H "200 OK\r\nContent-Length: 999999999999\r\n\r\nx", 0, 200, "(none)",
		"" },
	{ "lines may end with LF alone", H "404 Not Found\nA: b\n\n", 0, 404, "(none)",
		"" },
	{ "the reason may be empty", H "204 \r\n\r\n", 0, 204, "(none)", "" },
	{ "the reason may be missing", H "204\r\n\r\n", 0, 204, "(none)", "" },
	{ "an HTTP/1.0 reply is one", "HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n", 0,
		302, "/x", "" },
	{ "the field is found in any case, spaces around its value are not its own",
		H "301 M\r\nA: Location: /a\r\nlOCATION: \t /b c \t\r\nB: c\r\n\r\n", 0,
		301, "/b c", "" },
	{ "of several the first one counts",
		H "301 M\r\nLocation: /a\r\nLocation: /b\r\n\r\n", 0, 301, "/a", "" },
	{ "an empty value is a value", H "301 M\r\nLocation:\r\n\r\n", 0, 301, "", "" },
	{ "what is in the page is no field", H "301 M\r\n\r\nLocation: /a\r\n\r\n", 0,
		301, "(none)", "" },
	{ "a longer name is another field", H "301 M\r\nLocations: /a\r\n\r\n", 0, 301,
		"(none)", "" },
	{ "interim replies are passed over",
		H "100 Continue\r\n\r\n" H "103 Early Hints\r\nLocation: /a\r\n\r\n" H
		  "200 OK\r\n\r\n",
		0, 200, "(none)", "" },
	{ "101 is the last reply", H "101 Switching\r\n\r\n\1\2", 0, 101, "(none)",
		"" },
	{ "a value with a bare CR is not handed over",
		H "301 M\r\nLocation: /a\rX: b\r\n\r\n", 0, 301, "(none)", "" },
	{ "a value with an escape is not handed over",
		H "301 M\r\nLocation: /\033[2J\r\n\r\n", 0, 301, "(none)", "" },
	{ "HTTP/2 is none of ours", "HTTP/2 200\r\n\r\n", 0, 0, "(none)", NO_HTTP },
	{ "a mail server is no web server", "220 mail.example.net ESMTP\r\n\r\n", 0, 0,
		"(none)", NO_HTTP },
	{ "an empty line is no reply", "\r\n\r\n", 0, 0, "(none)", NO_HTTP },
	{ "a short first line is no reply", H "20\r\n\r\n", 0, 0, "(none)", NO_HTTP },
	{ "a status has three digits", H "2000 OK\r\n\r\n", 0, 0, "(none)", NO_HTTP },
	{ "a status has no letters", H "2x0 OK\r\n\r\n", 0, 0, "(none)", NO_HTTP },
	{ "a status is no less than 100", H "099 OK\r\n\r\n", 0, 0, "(none)", NO_HTTP },
	{ "NULs are no reply", H "200 OK\r\nA: \0\r\n\r\n", 25, 0, "(none)", NO_HTTP },
	{ "a head without an end is no reply", H "200 OK\r\nA: b\r\n", 0, 0, "(none)",
		CLOSED },
	{ "nothing is no reply", "", 0, 0, "(none)", CLOSED },
	{ "an interim reply alone is none", H "100 Continue\r\n\r\n", 0, 0, "(none)",
		CLOSED },
};

static void expect(const struct visitor *v, const struct row *row)
{
	assert_int_equal(v->n, 1);
	assert_true(v->got.connected);
	assert_int_equal(v->got.status, row->status);
	assert_string_equal(v->location, row->location);
	assert_string_equal(v->why, row->why);
}

/* Sends the row at once, or octet by octet, and closes. */
static void tell(const struct row *row, bool split)
{
	size_t len = row->len == 0 ? strlen(row->in) : row->len;
	struct visitor v = { .t.loop = net_loop_new() };
	struct peer p;

	peer_start(&p);
	ask(&v, &p.at, PATIENCE_US);
	peer_accept(&p, &v);
	for (size_t at = 0; at < len && v.n == 0; at += split ? 1 : len) {
		put(&v.t, p.fd, row->in + at, split ? 1 : len);
		net_loop_once(v.t.loop, 0);
	}
	shutdown(p.fd, SHUT_WR);
	UNTIL(&v.t, v.n > 0);
	expect(&v, row);
	peer_end(&p);
	net_loop_free(v.t.loop);
}

static void is_understood(void **state)
{
	tell(*state, false);
	tell(*state, true);
}

/* Sends the beginning and then one octet on and on. */
static const struct hostile_row {
	const char *name, *begin;
	char octet;
} hostile_rows[] = {
	{ "a first line without an end is cut off", H "200 ", 'x' },
	{ "a field without an end is cut off", H "200 OK\r\nLocation: /", 'x' },
	{ "NULs without an end are cut off", "", '\0' },
	{ "bare CRs without an end are cut off", H "200 OK\r\n", '\r' },
};

static void is_cut_off(void **state)
{
	const struct hostile_row *row = *state;
	struct visitor v = { .t.loop = net_loop_new() };
	char piece[4096];
	struct peer p;

	memset(piece, row->octet, sizeof(piece));
	peer_start(&p);
	ask(&v, &p.at, PATIENCE_US);
	peer_accept(&p, &v);
	put(&v.t, p.fd, row->begin, strlen(row->begin));
	UNTIL(&v.t, (send(p.fd, piece, sizeof(piece), MSG_DONTWAIT | MSG_NOSIGNAL),
			    v.n > 0));
	assert_int_equal(v.got.status, 0);
	assert_string_equal(v.why, "the head of the reply is too long");
	peer_end(&p);
	net_loop_free(v.t.loop);
}

static void interim_replies_without_end_are_cut_off(void **state)
{
	static const char interim[] = H "100 Continue\r\n\r\n";
	struct visitor v = { .t.loop = net_loop_new() };
	struct peer p;

	(void)state;
	peer_start(&p);
	ask(&v, &p.at, PATIENCE_US);
	peer_accept(&p, &v);
	UNTIL(&v.t,
		(send(p.fd, interim, sizeof(interim) - 1, MSG_DONTWAIT | MSG_NOSIGNAL),
			v.n > 0));
	assert_string_equal(v.why, "the head of the reply is too long");
	peer_end(&p);
	net_loop_free(v.t.loop);
}

/* The limit: a head of so many octets is taken, one of one more is not. */
static int status_of_a_head_of(size_t len)
{
	static char head[FETCH_HEAD_MAX + 2];
	struct row row = { .in = head, .len = len };
	struct visitor v = { .t.loop = net_loop_new() };
	struct peer p;

	memset(head, 'x', len);
	memcpy(head, H "200 ", 13);
	memcpy(head + len - 4, "\r\n\r\n", 4);
	peer_start(&p);
	ask(&v, &p.at, PATIENCE_US);
	peer_accept(&p, &v);
	put(&v.t, p.fd, row.in, row.len);
	UNTIL(&v.t, v.n > 0);
	peer_end(&p);
	net_loop_free(v.t.loop);
	return v.got.status;
}

static void a_head_may_be_as_long_as_the_limit(void **state)
{
	(void)state;
	assert_int_equal(status_of_a_head_of(FETCH_HEAD_MAX - 1), 200);
	assert_int_equal(status_of_a_head_of(FETCH_HEAD_MAX), 200);
	assert_int_equal(status_of_a_head_of(FETCH_HEAD_MAX + 1), 0);
}

/* ---- connections ---- */

static void where_nobody_listens_there_is_no_connection(void **state)
{
	struct visitor v = { .t.loop = net_loop_new() };
	struct peer p;

	(void)state;
	peer_start(&p);
	peer_end(&p);
	ask(&v, &p.at, PATIENCE_US);
	UNTIL(&v.t, v.n > 0);
	assert_false(v.got.connected);
	assert_int_equal(v.got.status, 0);
	assert_string_equal(v.why, "Connection refused");
	net_loop_free(v.t.loop);
}

static void an_address_that_cannot_be_reached_is_told_later(void **state)
{
	struct visitor v = { .t.loop = net_loop_new() };
	/* RFC 919 7: not for TCP; connect() fails at once. */
	struct endpoint to = endpoint("255.255.255.255");

	(void)state;
	to.port = 80;
	ask(&v, &to, PATIENCE_US);
	UNTIL(&v.t, v.n > 0);
	assert_false(v.got.connected);
	assert_string_not_equal(v.why, "");
	net_loop_free(v.t.loop);
}

static void a_silent_server_has_its_time(void **state)
{
	struct visitor v = { .t.loop = net_loop_new() };
	uint64_t begin = clock_us();
	struct peer p;

	(void)state;
	peer_start(&p);
	ask(&v, &p.at, DELAY_US);
	UNTIL(&v.t, v.n > 0);
	assert_true(clock_us() - begin >= DELAY_US);
	assert_true(v.got.connected);
	assert_string_equal(v.why, "no reply in time");
	peer_end(&p);
	net_loop_free(v.t.loop);
}

static void one_that_is_cancelled_is_not_told(void **state)
{
	struct visitor v = { .t.loop = net_loop_new() };
	struct peer p;
	char octet;

	(void)state;
	peer_start(&p);
	ask(&v, &p.at, PATIENCE_US);
	peer_accept(&p, &v);
	net_fetch_cancel(v.fetch);
	net_fetch_cancel(NULL);
	assert_int_equal(get_some(&v.t, p.fd, &octet, 1), 0);
	assert_int_equal(v.n, 0);
	peer_end(&p);
	net_loop_free(v.t.loop);
}

static const struct bad_row {
	const char *name, *host, *target;
} bad_rows[] = {
	{ "a name with a line break is not asked for", "a\r\nX: b", "/" },
	{ "a name with a space is not asked for", "a b", "/" },
	{ "a name with U-labels is not asked for",
		"b\xc3\xbc"
		"cher.example.net",
		"/" },
	{ "no name is not asked for", "", "/" },
	{ "a target with a line break is not asked for", "a", "/\r\n\r\nGET /" },
	{ "a target with a space is not asked for", "a", "/ HTTP/1.1" },
	{ "no target is not asked for", "a", "" },
};

static void is_not_asked_for(void **state)
{
	const struct bad_row *row = *state;
	struct visitor v = { .t.loop = net_loop_new() };
	struct peer p;

	peer_start(&p);
	net_fetch(v.t.loop, &p.at, row->host, row->target, PATIENCE_US, note, &v);
	assert_int_equal(v.n, 0);
	UNTIL(&v.t, v.n > 0);
	assert_false(v.got.connected);
	assert_string_equal(
		v.why, "the name or the target has octets that no request can have");
	assert_int_equal(accept(p.listens, NULL, NULL), -1);
	peer_end(&p);
	net_loop_free(v.t.loop);
}

static void a_target_may_be_as_long_as_the_limit(void **state)
{
	static char target[FETCH_TARGET_MAX + 2];
	struct str seen = STR_INIT;
	struct visitor v;

	(void)state;
	memset(target, '/', FETCH_TARGET_MAX);
	serve_and_ask("127.0.0.1", target, &v, &seen);
	assert_int_equal(v.got.status, 200);
	target[FETCH_TARGET_MAX] = '/';
	serve_and_ask("127.0.0.1", target, &v, &seen);
	assert_int_equal(v.got.status, 0);
	str_clear(&seen);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, is_understood);
	TESTS_ADD_ROWS(hostile_rows, is_cut_off);
	TESTS_ADD_ROWS(bad_rows, is_not_asked_for);
	TESTS_ADD(a_page_is_fetched);
	TESTS_ADD(a_redirect_says_where_to_over_ipv6);
	TESTS_ADD(interim_replies_without_end_are_cut_off);
	TESTS_ADD(a_head_may_be_as_long_as_the_limit);
	TESTS_ADD(where_nobody_listens_there_is_no_connection);
	TESTS_ADD(an_address_that_cannot_be_reached_is_told_later);
	TESTS_ADD(a_silent_server_has_its_time);
	TESTS_ADD(one_that_is_cancelled_is_not_told);
	TESTS_ADD(a_target_may_be_as_long_as_the_limit);
	return tests_run("net-fetch");
}
