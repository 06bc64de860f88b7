#include "support/test.h"

#include "base/str.h"
#include "net/http.h"
#include "unit/net/talk.h"

struct site {
	struct talk t; /* its loop only */
	struct http *http;
	struct endpoint at;
	unsigned n;
	struct str seen; /* method, target, host of each request */
	char peer[IP_TEXT_MAX];
};

static void handle_request(
	void *ctx, const struct http_request *rq, struct http_reply *ret)
{
	struct site *s = ctx;

	s->n++;
	ip_to_text(&rq->peer.ip, s->peer);
	assert_int_equal(rq->at.port, s->at.port);
	str_printf(&s->seen, "%s %s %s\n", rq->method, rq->target,
		rq->host == NULL ? "-" : rq->host);
	if (strcmp(rq->target, "/moved") == 0)
		*ret = (struct http_reply){ 301, "Moved Permanently",
			"http://www.example.net/", "moved\n" };
	else if (strcmp(rq->target, "/none") == 0)
		*ret = (struct http_reply){ 404, "Not Found", NULL, "none\n" };
	else
		ret->text = "hello\n";
}

static void site_start(struct site *s, const char *at, unsigned timeout_s)
{
	struct http_options o = { endpoint(at), timeout_s, handle_request, s };
	const char *what = NULL;

	*s = (struct site){ .t.loop = net_loop_new(), .seen = STR_INIT };
	s->http = http_new(s->t.loop, &o, &what);
	if (s->http == NULL)
		fail_msg("%s: %s", what, strerror(errno));
	s->at = http_at(s->http);
}

static void site_end(struct site *s)
{
	http_free(s->http);
	net_loop_free(s->t.loop);
	str_clear(&s->seen);
}

/* All that comes until the end. */
static void read_all(struct site *s, int fd, struct str *ret)
{
	char piece[4096];
	ssize_t n;

	while ((n = get_some(&s->t, fd, piece, sizeof(piece))) > 0)
		str_put(ret, piece, (size_t)n);
	close(fd);
}

#define HTTP(first)                                                                    \
	first " HTTP/1.1\r\nHost: www.example.net\r\nConnection: close\r\n\r\n"

static const struct row {
	const char *name, *in;
	const char *want;     /* how the reply begins */
	const char *contains; /* and what it has in it */
	const char *lacks;
	const char *seen;
} rows[] = {
	{ "GET has a page", HTTP("GET /"), "HTTP/1.1 200 OK\r\n", "\r\n\r\nhello\n",
		NULL, "GET / www.example.net\n" },
	{ "GET has the page's length", HTTP("GET /"), "HTTP/1.1 200 OK\r\n",
		"Content-Length: 6\r\n", NULL, "GET / www.example.net\n" },
	{ "HEAD has the length of the page and no page", HTTP("HEAD /"),
		"HTTP/1.1 200 OK\r\n", "Content-Length: 6\r\n", "hello",
		"HEAD / www.example.net\n" },
	{ "a redirect has its Location", HTTP("GET /moved"),
		"HTTP/1.1 301 Moved Permanently\r\n",
		"Location: http://www.example.net/\r\n", NULL,
		"GET /moved www.example.net\n" },
	{ "what is not there is 404", HTTP("GET /none"), "HTTP/1.1 404 Not Found\r\n",
		"none\n", "Location", "GET /none www.example.net\n" },
	{ "the port is no part of the host",
		"GET / HTTP/1.1\r\nHost: www.example.net:8080\r\nConnection: "
		"close\r\n\r\n",
		"HTTP/1.1 200 OK\r\n", "hello", NULL, "GET / www.example.net\n" },
	{ "HTTP/1.0 without a Host has none", "GET / HTTP/1.0\r\n\r\n",
		"HTTP/1.0 200 OK\r\n", "hello", NULL, "GET / -\n" },
	{ "another method is not implemented", HTTP("DELETE /"), "HTTP/1.1 501 ", "",
		"hello", "" },
	{ "what is no HTTP is a bad request", "EHLO client.example.net\r\n\r\n",
		"HTTP/1.1 400 ", "", "hello", "" },
};

static void is_answered(void **state)
{
	const struct row *row = *state;
	struct str got = STR_INIT;
	struct site s;
	int fd;

	site_start(&s, "127.0.0.1", 0);
	fd = client(&s.at, SOCK_STREAM);
	put(&s.t, fd, row->in, strlen(row->in));
	read_all(&s, fd, &got);
	if (strncmp(got.data, row->want, strlen(row->want)) != 0)
		assert_string_equal(got.data, row->want);
	assert_non_null(strstr(got.data, row->contains));
	if (row->lacks != NULL)
		assert_null(strstr(got.data, row->lacks));
	assert_string_equal(s.seen.data, row->seen);
	str_clear(&got);
	site_end(&s);
}

static void a_visitor_over_ipv6_is_answered(void **state)
{
	struct str got = STR_INIT;
	struct site s;
	int fd;

	(void)state;
	site_start(&s, "::1", 0);
	fd = client(&s.at, SOCK_STREAM);
	put(&s.t, fd, rows[0].in, strlen(rows[0].in));
	read_all(&s, fd, &got);
	assert_non_null(strstr(got.data, "hello"));
	assert_string_equal(s.peer, "::1");
	str_clear(&got);
	site_end(&s);
}

static void the_address_of_another_is_not_taken(void **state)
{
	const char *what = NULL;
	struct http_options o;
	struct site s;

	(void)state;
	site_start(&s, "127.0.0.1", 0);
	o = (struct http_options){ s.at, 0, handle_request, &s };
	assert_null(http_new(s.t.loop, &o, &what));
	assert_string_equal(what, "bind");
	assert_int_equal(errno, EADDRINUSE);
	site_end(&s);
}

/* A head without an end, and one of NULs, are cut off; nobody sees them. */
static const struct hostile_row {
	const char *name, *begin;
	char octet;
} hostile_rows[] = {
	{ "a first line without an end is refused", "GET /", 'x' },
	{ "a header without an end is refused", "GET / HTTP/1.1\r\nHost: ", 'x' },
	{ "NULs without an end are refused", "", '\0' },
	{ "bare CRs without an end are refused", "GET / HTTP/1.1\r\n", '\r' },
};

static void is_refused(void **state)
{
	const struct hostile_row *row = *state;
	uint64_t end = clock_us() + PATIENCE_US;
	char piece[4096], in[4096];
	struct site s;
	ssize_t n = 1;
	int fd;

	site_start(&s, "127.0.0.1", 0);
	memset(piece, row->octet, sizeof(piece));
	fd = client(&s.at, SOCK_STREAM);
	put(&s.t, fd, row->begin, strlen(row->begin));
	for (size_t sent = 0; n != 0 && clock_us() < end;) {
		if (sent < 4 * HTTP_HEAD_MAX) {
			ssize_t k = send(
				fd, piece, sizeof(piece), MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += k > 0 ? (size_t)k : 0;
			if (k < 0 && errno != EAGAIN)
				break;
		}
		net_loop_once(s.t.loop, 1000);
		n = recv(fd, in, sizeof(in), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			break;
	}
	assert_true(clock_us() < end);
	assert_int_equal(s.n, 0);
	close(fd);
	site_end(&s);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, is_answered);
	TESTS_ADD_ROWS(hostile_rows, is_refused);
	TESTS_ADD(a_visitor_over_ipv6_is_answered);
	TESTS_ADD(the_address_of_another_is_not_taken);
	return tests_run("net-http");
}
