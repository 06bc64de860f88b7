#include "support/test.h"

#include <stdio.h>

#include "unit/net/talk.h"

static const struct listener_options plain;
static const struct net_handler no_tap;

static void exchange_udp(struct talk *t, const char *text)
{
	char reply[NET_UDP_ROOM + 1];
	int fd = client(&t->at, SOCK_DGRAM);
	ssize_t n;

	put(t, fd, text, strlen(text));
	n = get_some(t, fd, reply, NET_UDP_ROOM);
	assert_true(n >= 0);
	reply[n] = '\0';
	assert_string_equal(reply, text);
	close(fd);
}

static void exchange_tcp(struct talk *t, const char *text)
{
	int fd = client(&t->at, SOCK_STREAM);

	put_frame(t, fd, text, strlen(text));
	expect_frame(t, fd, text);
	close(fd);
}

/* ---- the tap ---- */

static char tapped[256];
static uint64_t tapped_conn;

static void note(void *ctx, const struct endpoint *from, const struct endpoint *to,
	uint64_t conn, const uint8_t *message, size_t len)
{
	struct talk *t = ctx;
	bool in = from->port != t->at.port || !ip_equal(&from->ip, &t->at.ip);
	size_t n = strlen(tapped);

	assert_int_equal((in ? to : from)->port, t->at.port);
	snprintf(tapped + n, sizeof(tapped) - n, "%s %s %.*s, ", in ? "in" : "out",
		conn == 0 ? "udp" : "tcp", message == NULL ? 3 : (int)len,
		message == NULL ? "end" : (const char *)message);
	tapped_conn = conn;
}

static void the_tap_sees_each_message_and_the_end_of_a_connection(void **state)
{
	static const struct net_handler tap = { .tap = note };
	uint64_t first;
	struct talk t;

	(void)state;
	tapped[0] = '\0';
	talk_start(&t, plain, tap);
	exchange_udp(&t, "echo");
	exchange_tcp(&t, "hello");
	UNTIL(&t, stats(&t).tcp_open == 0);
	assert_string_equal(tapped, "in udp echo, out udp echo, in tcp hello, "
				    "out tcp hello, in tcp end, ");
	first = tapped_conn;
	exchange_tcp(&t, "again");
	assert_true(tapped_conn != 0 && tapped_conn != first);
	talk_end(&t);
}

/* ---- addresses ---- */

static const struct row {
	const char *name;
	const char *at, *ask; /* ask: NULL when it is the same */
} rows[] = {
	{ "IPv4 is served", "127.0.0.1", NULL },
	{ "IPv6 is served", "::1", NULL },
	{ "any address of 127.0.0.0/8 is served", "127.9.8.7", NULL },
	{ "on all IPv4 addresses the one that was asked answers", "0.0.0.0",
		"127.0.0.2" },
	{ "on all IPv6 addresses the one that was asked answers", "::", "::1" },
};

static void both_protocols_are_answered_at(void **state)
{
	const struct row *row = *state;
	char buf[ENDPOINT_TEXT_MAX], want[ENDPOINT_TEXT_MAX];
	struct talk t;

	talk_start(&t, (struct listener_options){ .at = endpoint(row->at) }, no_tap);
	assert_true(t.at.port != 0);
	if (row->ask != NULL)
		t.at.ip = endpoint(row->ask).ip;
	endpoint_to_text(&t.at, want);
	exchange_udp(&t, "echo");
	assert_string_equal(endpoint_to_text(&t.to, buf), want);
	exchange_tcp(&t, "echo");
	assert_string_equal(endpoint_to_text(&t.to, buf), want);
	assert_true(t.tcp && t.from.port != 0);
	talk_end(&t);
}

static void a_port_in_use_is_an_error(void **state)
{
	struct listener_options o = plain;
	struct net_handler h = { .handle = handle };
	const char *what = NULL;
	struct talk t;

	(void)state;
	talk_start(&t, plain, no_tap);
	o.at = t.at;
	errno = 0;
	assert_null(listener_new(t.loop, &o, &h, &what));
	assert_int_equal(errno, EADDRINUSE);
	assert_string_equal(what, "bind");
	talk_end(&t);
}

static void a_port_in_use_for_tcp_alone_is_an_error(void **state)
{
	struct listener_options o = plain;
	struct net_handler h = { .handle = handle };
	const char *what = NULL;
	struct sockaddr_storage sa;
	struct talk t;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len;

	(void)state;
	talk_start(&t, plain, no_tap);
	/* Where nobody else's datagrams come from: the port is to be free for UDP. */
	o.at = endpoint("127.77.0.1");
	len = endpoint_to_sockaddr(&o.at, &sa);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	len = sizeof(sa);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	endpoint_from_sockaddr(&sa, &o.at);
	assert_null(listener_new(t.loop, &o, &h, &what));
	assert_int_equal(errno, EADDRINUSE);
	assert_string_equal(what, "listen on TCP at");
	close(fd);
	talk_end(&t);
}

static void listeners_of_a_process_can_share_a_port(void **state)
{
	struct listener_options o = { .reuse_port = true };
	struct net_handler h = { .handle = handle };
	const char *what;
	struct listener *other;
	struct listener_stats s;
	struct talk t;

	(void)state;
	talk_start(&t, o, no_tap);
	o.at = t.at;
	h.ctx = &t;
	other = listener_new(t.loop, &o, &h, &what);
	assert_non_null(other);
	/* The kernel chooses by a hash of the client's port: 2^-64 that it never
	 * chooses one of them. */
	for (int i = 0; i < 64; i++) {
		exchange_udp(&t, "echo");
		exchange_tcp(&t, "echo");
	}
	listener_stats(other, &s);
	assert_true(s.udp_in > 0 && s.udp_in < 64);
	assert_true(s.tcp_connections > 0 && s.tcp_connections < 64);
	assert_int_equal(stats(&t).udp_in + s.udp_in, 64);
	listener_free(other);
	talk_end(&t);
}

/* ---- UDP ---- */

static void datagrams_that_wait_are_handled_together(void **state)
{
	char reply[8];
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_DGRAM);
	for (int i = 0; i < NET_BATCH_MAX + 1; i++)
		assert_int_equal(send(fd, "echo", 4, 0), 4);
	for (int i = 0; i < NET_BATCH_MAX + 1; i++)
		assert_int_equal(get_some(&t, fd, reply, sizeof(reply)), 4);
	assert_int_equal(t.largest_batch, NET_BATCH_MAX);
	assert_int_equal(stats(&t).udp_in, NET_BATCH_MAX + 1);
	assert_int_equal(stats(&t).udp_out, NET_BATCH_MAX + 1);
	close(fd);
	talk_end(&t);
}

static void the_largest_datagram_is_answered(void **state)
{
	static uint8_t message[NET_UDP_ROOM + 100], reply[NET_UDP_ROOM + 100];
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_DGRAM);
	memset(message, 'x', sizeof(message));
	for (size_t len = NET_UDP_ROOM - 1; len <= NET_UDP_ROOM + 1; len++) {
		size_t want = len < NET_UDP_ROOM ? len : NET_UDP_ROOM;

		put(&t, fd, message, len);
		assert_int_equal(get_some(&t, fd, reply, sizeof(reply)), want);
		assert_memory_equal(reply, message, want);
	}
	close(fd);
	talk_end(&t);
}

static void a_request_without_a_reply_does_not_shift_the_others(void **state)
{
	char reply[8];
	struct talk t;
	int fd[3];

	(void)state;
	talk_start(&t, plain, no_tap);
	for (int i = 0; i < 3; i++) {
		fd[i] = client(&t.at, SOCK_DGRAM);
		assert_int_equal(send(fd[i], i == 1 ? "none" : "echo", 4, 0), 4);
	}
	assert_int_equal(get_some(&t, fd[2], reply, sizeof(reply)), 4);
	assert_int_equal(get_some(&t, fd[0], reply, sizeof(reply)), 4);
	assert_int_equal(recv(fd[1], reply, sizeof(reply), MSG_DONTWAIT), -1);
	assert_int_equal(stats(&t).udp_in, 3);
	assert_int_equal(stats(&t).udp_out, 2);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	talk_end(&t);
}

static void what_the_kernel_had_no_room_for_is_counted(void **state)
{
	static uint8_t message[NET_UDP_ROOM];
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_DGRAM);
	for (int i = 0; i < 5000; i++)
		send(fd, message, sizeof(message), MSG_DONTWAIT);
	assert_true(stats(&t).udp_lost_in > 0);
	close(fd);
	talk_end(&t);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, both_protocols_are_answered_at);
	TESTS_ADD(a_port_in_use_is_an_error);
	TESTS_ADD(a_port_in_use_for_tcp_alone_is_an_error);
	TESTS_ADD(listeners_of_a_process_can_share_a_port);
	TESTS_ADD(datagrams_that_wait_are_handled_together);
	TESTS_ADD(the_largest_datagram_is_answered);
	TESTS_ADD(a_request_without_a_reply_does_not_shift_the_others);
	TESTS_ADD(what_the_kernel_had_no_room_for_is_counted);
	TESTS_ADD(the_tap_sees_each_message_and_the_end_of_a_connection);
	return tests_run("net-listen");
}
