/* Conversations in lockstep, with a server that this test plays on sockets of its own.
 */
#include "net/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/loop.h"
#include "support/test.h"

/* Far beyond what any of these tests takes, and what one waits that is to end so. */
#define PATIENCE_US 20000000
#define SOON_US 1000

struct pair {
	struct net_loop *loop;
	struct net_link *link;
	int listening;
	int server; /* the other end */
};

static struct endpoint bound(int fd)
{
	const struct endpoint any = { { 4, { 127, 0, 0, 1 } }, 0 };
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&any, &sa);
	struct endpoint at;

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	endpoint_from_sockaddr(&sa, &at);
	return at;
}

static void pair_start(struct pair *p, bool tcp)
{
	struct endpoint at;

	p->loop = net_loop_new();
	p->listening = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	at = bound(p->listening);
	if (tcp)
		assert_int_equal(listen(p->listening, 1), 0);
	p->link = net_link_open(p->loop, &at, tcp);
	assert_non_null(p->link);
	p->server = tcp ? accept(p->listening, NULL, NULL) : -1;
}

static void pair_end(struct pair *p)
{
	net_link_close(p->link);
	if (p->server >= 0)
		close(p->server);
	close(p->listening);
	net_loop_free(p->loop);
}

/* "3 abc", or how errno names what went wrong. */
static const char *received(struct pair *p, size_t room, uint64_t us)
{
	static char text[128];
	uint8_t buf[64];
	ssize_t n = net_link_receive(p->link, buf, room, us);

	if (n < 0)
		return strerrorname_np(errno);
	snprintf(text, sizeof(text), "%zd %.*s", n, (int)n, (const char *)buf);
	return text;
}

static void a_datagram_goes_out_and_one_comes_back(void **state)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char buf[16];
	struct pair p;

	(void)state;
	pair_start(&p, false);
	assert_int_equal(net_link_send(p.link, (const uint8_t *)"query", 5), 0);
	assert_int_equal(recvfrom(p.listening, buf, sizeof(buf), 0,
				 (struct sockaddr *)&peer, &len),
		5);
	assert_memory_equal(buf, "query", 5);
	sendto(p.listening, "reply", 5, 0, (struct sockaddr *)&peer, len);
	assert_string_equal(received(&p, 64, PATIENCE_US), "5 reply");
	pair_end(&p);
}

static void a_datagram_longer_than_the_room_is_an_error(void **state)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char buf[16];
	struct pair p;

	(void)state;
	pair_start(&p, false);
	net_link_send(p.link, (const uint8_t *)"query", 5);
	recvfrom(p.listening, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);
	sendto(p.listening, "reply", 5, 0, (struct sockaddr *)&peer, len);
	sendto(p.listening, "reply", 5, 0, (struct sockaddr *)&peer, len);
	assert_string_equal(received(&p, 4, PATIENCE_US), "EMSGSIZE");
	assert_string_equal(received(&p, 5, PATIENCE_US), "5 reply");
	pair_end(&p);
}

/* RFC 5452 9.1: what comes from another address or port is no reply. */
static void a_datagram_from_elsewhere_does_not_arrive(void **state)
{
	int stranger = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char buf[16];
	struct pair p;

	(void)state;
	pair_start(&p, false);
	bound(stranger);
	net_link_send(p.link, (const uint8_t *)"query", 5);
	recvfrom(p.listening, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);
	sendto(stranger, "forged", 6, 0, (struct sockaddr *)&peer, len);
	sendto(p.listening, "reply", 5, 0, (struct sockaddr *)&peer, len);
	assert_string_equal(received(&p, 64, PATIENCE_US), "5 reply");
	assert_string_equal(received(&p, 64, SOON_US), "ETIMEDOUT");
	close(stranger);
	pair_end(&p);
}

static void over_tcp_a_length_goes_before_the_message(void **state)
{
	struct pair p;
	char buf[16];

	(void)state;
	pair_start(&p, true);
	assert_int_equal(net_link_send(p.link, (const uint8_t *)"query", 5), 0);
	assert_int_equal(recv(p.server, buf, sizeof(buf), 0), 7);
	assert_memory_equal(buf, "\0\5query", 7);
	pair_end(&p);
}

/* What the server sends, as the loop runs: one piece each time it has a turn. */
struct pieces {
	struct net_loop *loop;
	int fd;
	const char *at;
	size_t n, size;
};

static void send_piece(void *ctx)
{
	struct pieces *p = ctx;
	size_t n = p->n < p->size ? p->n : p->size;

	assert_int_equal(send(p->fd, p->at, n, MSG_NOSIGNAL), n);
	p->at += n;
	p->n -= n;
	if (p->n > 0)
		net_loop_call(p->loop, send_piece, p);
}

struct row {
	const char *name;
	const char *sent;
	size_t n;
	size_t room;
	const char *want;
};

static const struct row rows[] = {
	{ "a message is its octets without the length", "\0\3abc", 5, 64, "3 abc" },
	{ "a message may be empty", "\0\0", 2, 64, "0 " },
	{ "a message that just fits is taken", "\0\3abc", 5, 3, "3 abc" },
	{ "a message longer than the room is an error", "\0\4abcd", 6, 3, "EMSGSIZE" },
	{ "so is a length alone that says so", "\xff\xff", 2, 3, "EMSGSIZE" },
	{ "octets behind the message are an error", "\0\3abc\0", 6, 64, "EPROTO" },
	{ "half a message is waited for in vain", "\0\3ab", 4, 64, "ETIMEDOUT" },
	{ "half a length is waited for in vain", "\0", 1, 64, "ETIMEDOUT" },
};

static bool is_error(const struct row *row)
{
	return row->want[0] == 'E';
}

static void check_row(void **state)
{
	const struct row *row = *state;
	struct pair p;

	pair_start(&p, true);
	assert_int_equal(send(p.server, row->sent, row->n, 0), row->n);
	assert_string_equal(
		received(&p, row->room, is_error(row) ? SOON_US : PATIENCE_US),
		row->want);
	pair_end(&p);
}

static void a_message_may_come_octet_by_octet(void **state)
{
	struct pair p;
	struct pieces pieces;

	(void)state;
	pair_start(&p, true);
	pieces = (struct pieces){ p.loop, p.server, "\0\5abcde", 7, 1 };
	net_loop_call(p.loop, send_piece, &pieces);
	assert_string_equal(received(&p, 64, PATIENCE_US), "5 abcde");
	pair_end(&p);
}

static void a_server_that_closes_in_the_middle_is_an_error(void **state)
{
	struct pair p;

	(void)state;
	pair_start(&p, true);
	assert_int_equal(send(p.server, "\0\3a", 3, 0), 3);
	shutdown(p.server, SHUT_WR);
	assert_string_equal(received(&p, 64, PATIENCE_US), "ECONNRESET");
	pair_end(&p);
}

static void where_nobody_listens_there_is_no_connection(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct endpoint at = bound(fd);
	struct net_loop *l = net_loop_new();

	(void)state;
	assert_null(net_link_open(l, &at, true));
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	net_loop_free(l);
}

int main(void)
{
	TESTS_ADD(a_datagram_goes_out_and_one_comes_back);
	TESTS_ADD(a_datagram_longer_than_the_room_is_an_error);
	TESTS_ADD(a_datagram_from_elsewhere_does_not_arrive);
	TESTS_ADD(over_tcp_a_length_goes_before_the_message);
	TESTS_ADD_ROWS(rows, check_row);
	TESTS_ADD(a_message_may_come_octet_by_octet);
	TESTS_ADD(a_server_that_closes_in_the_middle_is_an_error);
	TESTS_ADD(where_nobody_listens_there_is_no_connection);
	return tests_run("net-link");
}
