#include "support/test.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/str.h"
#include "net/lines.h"
#include "unit/net/talk.h"

/* A handler that writes down what comes: "text|" for CRLF, "text/" for LF, "text+" for
 * a piece; it answers each whole line with its length and ends at "quit". */
struct lined {
	struct talk t; /* its loop only */
	struct lines *lines;
	struct endpoint at;
	struct lines_conn *conn;
	struct endpoint peer, own;
	struct str seen;
	unsigned opened, closed, answered;
	size_t flood; /* octets of an answer, when set */
};

static void *on_open(void *ctx, struct lines_conn *c)
{
	struct lined *d = ctx;

	d->opened++;
	d->conn = c;
	lines_conn_peer(c, &d->peer);
	lines_conn_at(c, &d->own);
	return d;
}

static void answer(struct lined *d, size_t len)
{
	struct str s = STR_INIT;

	if (d->flood > 0)
		memset(str_room(&s, d->flood), 'x', d->flood), str_took(&s, d->flood);
	else
		str_printf(&s, "%zu\n", len);
	lines_put(d->conn, s.data, s.len);
	str_clear(&s);
	d->answered++;
}

static void on_line(void *state, const char *text, size_t len, enum line_end end)
{
	static const char ends[] = { '+', '/', '|' };
	struct lined *d = state;

	if (d->seen.len < 200000)
		str_put(&d->seen, text, len);
	str_putc(&d->seen, ends[end]);
	if (end != LINE_GOES_ON)
		answer(d, len);
	if (len == 4 && memcmp(text, "quit", 4) == 0)
		lines_end(d->conn);
}

static void on_close(void *state)
{
	((struct lined *)state)->closed++;
}

static struct lines *open_lines(struct lined *d, struct lines_options o)
{
	struct lines_handler h = { on_open, on_line, on_close, d };
	const char *what = NULL;
	struct lines *s;

	if (o.at.ip.family == 0)
		o.at = endpoint("127.0.0.1");
	s = lines_new(d->t.loop, &o, &h, &what);
	if (s == NULL)
		fail_msg("%s: %s", what, strerror(errno));
	return s;
}

static void lined_start(struct lined *d, struct lines_options o)
{
	*d = (struct lined){ .t.loop = net_loop_new(), .seen = STR_INIT };
	d->lines = open_lines(d, o);
	d->at = lines_at(d->lines);
}

static void lined_end(struct lined *d)
{
	lines_free(d->lines);
	net_loop_free(d->t.loop);
	str_clear(&d->seen);
	assert_int_equal(d->opened, d->closed);
}

static const struct lines_options plain, short_lines = { .line_max = 4 };

/* ---- what a line is ---- */

#define IN(text) text, sizeof(text) - 1

static const struct row {
	const char *name;
	const char *in;
	size_t in_len;
	const char *want;
	size_t want_len;
} rows[] = {
	{ "a line ends with CRLF", IN("one\r\n"), IN("one|") },
	{ "a line ends with LF", IN("one\n"), IN("one/") },
	{ "an empty line is a line", IN("\r\n\n"), IN("|/") },
	{ "lines in one piece are lines", IN("a\r\nb\r\nc\r\n"), IN("a|b|c|") },
	{ "a bare CR is an octet of the line", IN("a\rb\r\n"), IN("a\rb|") },
	{ "of two CR the last belongs to the end", IN("a\r\r\n"), IN("a\r|") },
	{ "a NUL is an octet of the line", IN("a\0b\r\n"), IN("a\0b|") },
	{ "a line of just under the limit is whole", IN("abc\r\n"), IN("abc|") },
	{ "a line of the limit is whole", IN("abcd\r\n"), IN("abcd|") },
	{ "a line of the limit with LF is whole", IN("abcd\n"), IN("abcd/") },
	{ "a line of one octet more comes in two pieces", IN("abcde\r\n"),
		IN("abcd+e|") },
	{ "so it does with LF", IN("abcde\n"), IN("abcd+e/") },
	{ "a line of twice the limit comes in two pieces", IN("abcdefgh\r\n"),
		IN("abcd+efgh|") },
	{ "the line after a long one is a line", IN("abcdefghi\r\nx\r\n"),
		IN("abcd+efgh+i|x|") },
	{ "a line that has not ended is none", IN("one\r\nabc"), IN("one|") },
	{ "nothing is handed over after the end", IN("quit\r\nmore\r\n"), IN("quit|") },
};

static void expect_seen(struct lined *d, const struct row *row)
{
	UNTIL(&d->t, d->closed == 1);
	assert_int_equal(d->seen.len, row->want_len);
	assert_memory_equal(d->seen.data, row->want, row->want_len);
}

static void in_one_piece(void **state)
{
	const struct row *row = *state;
	struct lined d;
	int fd;

	lined_start(&d, short_lines);
	fd = client(&d.at, SOCK_STREAM);
	put(&d.t, fd, row->in, row->in_len);
	shutdown(fd, SHUT_WR);
	expect_seen(&d, row);
	close(fd);
	lined_end(&d);
}

static void octet_by_octet(void **state)
{
	const struct row *row = *state;
	struct lined d;
	int fd;

	lined_start(&d, short_lines);
	fd = client(&d.at, SOCK_STREAM);
	for (size_t i = 0; i < row->in_len; i++) {
		send(fd, row->in + i, 1, MSG_NOSIGNAL);
		net_loop_once(d.t.loop, 1000);
	}
	shutdown(fd, SHUT_WR);
	expect_seen(&d, row);
	close(fd);
	lined_end(&d);
}

/* ---- the two ends ---- */

static const struct ends_row {
	const char *name, *at;
} ends_rows[] = {
	{ "the ends of an IPv4 connection are known", "127.0.0.1" },
	{ "the ends of an IPv6 connection are known", "::1" },
};

static void ends_are_known(void **state)
{
	const struct ends_row *row = *state;
	struct lines_options o = { .at = endpoint(row->at) };
	char text[IP_TEXT_MAX];
	struct lined d;
	int fd;

	lined_start(&d, o);
	fd = client(&d.at, SOCK_STREAM);
	UNTIL(&d.t, d.opened == 1);
	assert_string_equal(ip_to_text(&d.own.ip, text), row->at);
	assert_int_equal(d.own.port, d.at.port);
	assert_string_equal(ip_to_text(&d.peer.ip, text), row->at);
	assert_true(d.peer.port != 0 && d.peer.port != d.at.port);
	close(fd);
	lined_end(&d);
}

static void the_address_of_another_is_not_taken(void **state)
{
	struct lines_handler h = { on_open, on_line, on_close, NULL };
	struct lines_options o = { 0 };
	const char *what = NULL;
	struct lined d;

	(void)state;
	lined_start(&d, plain);
	o.at = d.at;
	assert_null(lines_new(d.t.loop, &o, &h, &what));
	assert_string_equal(what, "bind");
	assert_int_equal(errno, EADDRINUSE);
	lined_end(&d);
}

/* The kernel answers nothing, so the connection neither stands nor fails. That an open
 * port was reached meanwhile shows that it had the time to. */
static void a_port_that_drops_leaves_the_client_waiting(void **state)
{
	struct lines_options o = { .drops = true };
	struct sockaddr_storage sa;
	struct tcp_info info;
	socklen_t len = sizeof(info);
	struct lines *open;
	struct endpoint at;
	struct lined d;
	int fd, other;

	(void)state;
	lined_start(&d, o);
	open = open_lines(&d, plain);
	at = lines_at(open);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&sa, endpoint_to_sockaddr(&d.at, &sa)),
		-1);
	assert_int_equal(errno, EINPROGRESS);
	other = client(&at, SOCK_STREAM);
	UNTIL(&d.t, d.opened == 1);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_state, TCP_SYN_SENT);
	close(fd);
	close(other);
	lines_free(open);
	lined_end(&d);
}

/* ---- limits ---- */

#define SHORT_US 30000

static void one_that_sends_no_line_is_closed(void **state)
{
	struct lined d;
	uint64_t begin;
	int quiet, dripping;

	(void)state;
	lined_start(&d, (struct lines_options){ .idle_us = SHORT_US });
	begin = clock_us();
	quiet = client(&d.at, SOCK_STREAM);
	dripping = client(&d.at, SOCK_STREAM);
	while (d.closed < 2 && clock_us() < begin + PATIENCE_US) {
		send(dripping, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		net_loop_once(d.t.loop, 1000);
	}
	assert_true(clock_us() - begin >= SHORT_US);
	expect_end(&d.t, quiet);
	close(dripping);
	lined_end(&d);
}

static void nobody_stays_longer_than_allowed(void **state)
{
	struct lined d;
	uint64_t begin;
	int fd;

	(void)state;
	lined_start(&d, (struct lines_options){ .total_us = SHORT_US });
	begin = clock_us();
	fd = client(&d.at, SOCK_STREAM);
	while (d.closed == 0 && clock_us() < begin + PATIENCE_US) {
		send(fd, "x\n", 2, MSG_DONTWAIT | MSG_NOSIGNAL);
		net_loop_once(d.t.loop, 1000);
	}
	assert_true(clock_us() - begin >= SHORT_US);
	close(fd);
	lined_end(&d);
}

static void one_too_many_is_closed_at_once(void **state)
{
	struct lined d;
	int a, b, c;

	(void)state;
	lined_start(&d, (struct lines_options){ .conns_max = 2 });
	a = client(&d.at, SOCK_STREAM);
	b = client(&d.at, SOCK_STREAM);
	c = client(&d.at, SOCK_STREAM);
	expect_end(&d.t, c);
	assert_int_equal(d.opened, 2);
	close(a);
	UNTIL(&d.t, d.closed == 1);
	c = client(&d.at, SOCK_STREAM);
	UNTIL(&d.t, d.opened == 3);
	close(b);
	close(c);
	lined_end(&d);
}

static void expect_closed_for(struct lines_options o, char octet)
{
	static char flood[1 << 20];
	uint64_t end = clock_us() + PATIENCE_US;
	struct lined d;
	int fd;

	memset(flood, octet, sizeof(flood));
	lined_start(&d, o);
	fd = client(&d.at, SOCK_STREAM);
	while (d.closed == 0 && clock_us() < end) {
		send(fd, flood, sizeof(flood), MSG_DONTWAIT | MSG_NOSIGNAL);
		net_loop_once(d.t.loop, 1000);
		while (recv(fd, flood + 1, 4096, MSG_DONTWAIT) > 0)
			;
		memset(flood, octet, sizeof(flood));
	}
	assert_int_equal(d.closed, 1);
	assert_true(d.seen.len <= 2 * o.octets_max);
	close(fd);
	lined_end(&d);
}

static void a_flood_of_lines_is_closed(void **state)
{
	(void)state;
	expect_closed_for((struct lines_options){ .octets_max = 65536 }, '\n');
}

static void a_flood_without_a_line_is_closed(void **state)
{
	(void)state;
	expect_closed_for((struct lines_options){ .octets_max = 65536 }, 'x');
}

#define GREEDY 1000

static void one_that_does_not_read_is_not_read_from(void **state)
{
	static char in[GREEDY * 2], out[65536];
	unsigned answered;
	struct lined d;
	int fd;

	(void)state;
	lined_start(&d, plain);
	d.flood = sizeof(out);
	fd = client(&d.at, SOCK_STREAM);
	for (int i = 0; i < GREEDY; i++)
		memcpy(in + 2L * i, "x\n", 2);
	put(&d.t, fd, in, sizeof(in));
	UNTIL(&d.t, d.answered > 0);
	do {
		answered = d.answered;
		for (int i = 0; i < 10; i++)
			net_loop_once(d.t.loop, 1000);
	} while (d.answered != answered);
	assert_true(answered < GREEDY / 2);
	for (int i = 0; i < GREEDY; i++)
		get(&d.t, fd, out, sizeof(out));
	assert_int_equal(d.answered, GREEDY);
	close(fd);
	lined_end(&d);
}

static void the_last_words_are_read_though_more_was_sent(void **state)
{
	static char more[65536];
	struct lined d;
	int fd;

	(void)state;
	lined_start(&d, plain);
	fd = client(&d.at, SOCK_STREAM);
	put(&d.t, fd, "quit\r\n", 6);
	put(&d.t, fd, more, sizeof(more));
	get(&d.t, fd, more, 2);
	assert_memory_equal(more, "4\n", 2);
	expect_end(&d.t, fd);
	UNTIL(&d.t, d.closed == 1);
	lined_end(&d);
}

static void what_was_asked_before_a_half_close_is_answered(void **state)
{
	struct lined d;
	char out[4];
	int fd;

	(void)state;
	lined_start(&d, plain);
	fd = client(&d.at, SOCK_STREAM);
	put(&d.t, fd, "a\nbc\n", 5);
	shutdown(fd, SHUT_WR);
	get(&d.t, fd, out, 4);
	assert_memory_equal(out, "1\n2\n", 4);
	expect_end(&d.t, fd);
	lined_end(&d);
}

static void many_pipelined_lines_are_all_answered(void **state)
{
	static char in[20000], out[20000];
	struct lined d;
	int fd;

	(void)state;
	lined_start(&d, plain);
	memset(in, '\n', sizeof(in) / 2);
	fd = client(&d.at, SOCK_STREAM);
	put(&d.t, fd, in, sizeof(in) / 2);
	get(&d.t, fd, out, sizeof(out));
	assert_int_equal(d.answered, sizeof(in) / 2);
	close(fd);
	lined_end(&d);
}

static void many_lines_before_a_half_close_are_all_answered(void **state)
{
	static char in[10000], out[20000];
	struct lined d;
	int fd;

	(void)state;
	lined_start(&d, plain);
	memset(in, '\n', sizeof(in));
	fd = client(&d.at, SOCK_STREAM);
	send(fd, in, sizeof(in), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	get(&d.t, fd, out, sizeof(out));
	expect_end(&d.t, fd);
	assert_int_equal(d.answered, sizeof(in));
	lined_end(&d);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, in_one_piece);
	TESTS_ADD_ROWS(rows, octet_by_octet);
	TESTS_ADD_ROWS(ends_rows, ends_are_known);
	TESTS_ADD(the_address_of_another_is_not_taken);
	TESTS_ADD(a_port_that_drops_leaves_the_client_waiting);
	TESTS_ADD(one_that_sends_no_line_is_closed);
	TESTS_ADD(nobody_stays_longer_than_allowed);
	TESTS_ADD(one_too_many_is_closed_at_once);
	TESTS_ADD(a_flood_of_lines_is_closed);
	TESTS_ADD(a_flood_without_a_line_is_closed);
	TESTS_ADD(one_that_does_not_read_is_not_read_from);
	TESTS_ADD(the_last_words_are_read_though_more_was_sent);
	TESTS_ADD(what_was_asked_before_a_half_close_is_answered);
	TESTS_ADD(many_pipelined_lines_are_all_answered);
	TESTS_ADD(many_lines_before_a_half_close_are_all_answered);
	return tests_run("net-lines");
}
