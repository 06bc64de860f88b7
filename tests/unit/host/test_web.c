#include "support/test.h"

#include "base/str.h"
#include "host/web.h"
#include "unit/net/talk.h"

static const char *const sites[] = { "customer.example.net" };

#define LISTED .listens = true, .serves = sites, .n_serves = 1

static const struct row {
	const char *name;
	struct http_host http;
	const char *method, *host; /* Host: header, or NULL */
	const char *want;	   /* in the reply */
	const char *seen;
} rows[] = {
	{ "a host that lists no names serves any", { .listens = true }, "GET",
		"anything.example.org", "web.example.net serves anything.example.org\n",
		"GET anything.example.org 200" },
	{ "a listed name is served, its letter case ignored", { LISTED }, "GET",
		"Customer.EXAMPLE.net", " 200 OK\r\n", "GET Customer.EXAMPLE.net 200" },
	{ "a name with a port is served", { LISTED }, "GET",
		"customer.example.net:8080", " 200 OK\r\n",
		"GET customer.example.net 200" },
	{ "a name that is not listed has no site", { LISTED }, "GET",
		"www.customer.example.net", " 404 Not Found\r\n",
		"GET www.customer.example.net 404" },
	{ "a host that redirects does so",
		{ .listens = true, .redirect = "www.example.net" }, "GET",
		"example.net", "\r\nLocation: http://www.example.net/\r\n",
		"GET example.net 301" },
	{ "a listed name is redirected", { LISTED, .redirect = "www.example.net" },
		"GET", "customer.example.net", " 301 Moved Permanently\r\n",
		"GET customer.example.net 301" },
	{ "a name that is not listed is not redirected",
		{ LISTED, .redirect = "www.example.net" }, "GET", "example.org",
		" 404 Not Found\r\n", "GET example.org 404" },
	{ "HEAD is redirected, too", { .listens = true, .redirect = "www.example.net" },
		"HEAD", "example.net", "\r\nLocation: http://www.example.net/\r\n",
		"HEAD example.net 301" },
	{ "a request without a name is a bad one", { .listens = true }, "GET", NULL,
		" 400 Bad Request\r\n", "GET - 400" },
};

struct visited {
	struct talk t; /* its loop only */
	struct str seen;
	struct endpoint at;
};

static void write_down(void *ctx, const struct web_visit *v)
{
	struct visited *d = ctx;

	assert_string_equal(v->host, "web.example.net");
	assert_string_equal(v->target, "/page");
	assert_int_equal(v->at.port, d->at.port);
	assert_true(ip_is_loopback(&v->peer.ip));
	str_printf(&d->seen, "%s %s %d", v->method,
		v->url_host == NULL ? "-" : v->url_host, v->status);
}

static struct web *open_web(struct visited *d, const struct host *h, const char *at)
{
	struct endpoint e = endpoint(at);
	struct web_options o = { h, &e, 1, write_down, d };
	const char *what = NULL;
	struct web *w;

	*d = (struct visited){ .t.loop = net_loop_new(), .seen = STR_INIT };
	w = web_new(d->t.loop, &o, &what);
	if (w == NULL)
		fail_msg("%s: %s", what, strerror(errno));
	d->at = web_at(w, 0);
	return w;
}

static void close_web(struct visited *d, struct web *w)
{
	web_free(w);
	net_loop_free(d->t.loop);
	str_clear(&d->seen);
}

static void ask(struct visited *d, const struct row *row, struct str *ret)
{
	struct str in = STR_INIT;
	char piece[4096];
	ssize_t n;
	int fd = client(&d->at, SOCK_STREAM);

	str_printf(&in, "%s /page HTTP/1.1\r\nConnection: close\r\n", row->method);
	if (row->host != NULL)
		str_printf(&in, "Host: %s\r\n", row->host);
	str_puts(&in, "\r\n");
	put(&d->t, fd, in.data, in.len);
	while ((n = get_some(&d->t, fd, piece, sizeof(piece))) > 0)
		str_put(ret, piece, (size_t)n);
	close(fd);
	str_clear(&in);
}

static void web_answers(const struct row *row, const char *at)
{
	struct host host = { .name = "web.example.net", .http = row->http };
	struct str got = STR_INIT;
	struct visited d;
	struct web *w = open_web(&d, &host, at);

	ask(&d, row, &got);
	if (strstr(got.data, row->want) == NULL)
		assert_string_equal(got.data, row->want);
	assert_string_equal(d.seen.data, row->seen);
	str_clear(&got);
	close_web(&d, w);
}

static void over_ipv4(void **state)
{
	web_answers(*state, "127.0.0.1");
}

static void over_ipv6(void **state)
{
	web_answers(*state, "::1");
}

static void a_host_without_http_listens_nowhere(void **state)
{
	struct host host = { .name = "web.example.net" };
	struct visited d;
	struct web *w;

	(void)state;
	w = open_web(&d, &host, "127.0.0.1");
	assert_int_equal(d.at.ip.family, 0);
	close_web(&d, w);
}

static void an_address_that_is_taken_is_no_host(void **state)
{
	struct host host = { .name = "web.example.net", .http.listens = true };
	struct endpoint at[2] = { endpoint("127.0.0.1") };
	struct web_options o = { &host, at, 2 };
	const char *what = NULL;
	struct visited d;
	struct web *w;

	(void)state;
	w = open_web(&d, &host, "127.0.0.1");
	at[1] = d.at;
	assert_null(web_new(d.t.loop, &o, &what));
	assert_string_equal(what, "bind");
	assert_int_equal(errno, EADDRINUSE);
	close_web(&d, w);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, over_ipv4);
	TESTS_ADD_ROWS(rows, over_ipv6);
	TESTS_ADD(a_host_without_http_listens_nowhere);
	TESTS_ADD(an_address_that_is_taken_is_no_host);
	return tests_run("host-web");
}
