#include "support/test.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "unit/net/talk.h"

static const struct listener_options plain;
static const struct net_handler no_tap;

/* ---- framing (RFC 1035 4.2.2, RFC 7766 8) ---- */

#define FRAME(text)                                                                    \
	{                                                                              \
		sizeof(text) - 1, text                                                 \
	}

static const struct row {
	const char *name;
	struct {
		size_t len;
		const char *text;
	} in[4];
	unsigned n;
	const char *want[4];
	bool ends;
} rows[] = {
	{ "a message is answered", { FRAME("echo") }, 1, { "echo" } },
	{ "a message of one octet is answered", { FRAME("e") }, 1, { "e" } },
	{ "messages in one piece are answered",
		{ FRAME("one"), FRAME("two"), FRAME("three") }, 3,
		{ "one", "two", "three" } },
	{ "a message without a reply is passed over", { FRAME("no"), FRAME("echo") }, 2,
		{ "echo" } },
	{ "a length of zero ends the connection", { FRAME("") }, 1, { NULL }, true },
	{ "what came before a length of zero is answered, what follows is not",
		{ FRAME("echo"), FRAME(""), FRAME("more") }, 3, { "echo" }, true },
};

static size_t write_frames(const struct row *row, uint8_t *out)
{
	size_t at = 0;

	for (unsigned i = 0; i < row->n; i++) {
		out[at++] = (uint8_t)(row->in[i].len >> 8);
		out[at++] = (uint8_t)row->in[i].len;
		memcpy(out + at, row->in[i].text, row->in[i].len);
		at += row->in[i].len;
	}
	return at;
}

static void expect_replies(struct talk *t, int fd, const struct row *row)
{
	for (unsigned i = 0; i < 4 && row->want[i] != NULL; i++)
		expect_frame(t, fd, row->want[i]);
	if (row->ends)
		expect_end(t, fd);
	else
		close(fd);
}

static void split_anywhere(void **state)
{
	const struct row *row = *state;
	uint8_t in[64];
	size_t len = write_frames(row, in);
	struct talk t;

	talk_start(&t, plain, no_tap);
	for (size_t split = 0; split <= len; split++) {
		int fd = client(&t.at, SOCK_STREAM);

		put(&t, fd, in, split);
		/* The first piece is read before the second is there. */
		UNTIL(&t, stats(&t).tcp_connections == split + 1);
		net_loop_once(t.loop, 0);
		send(fd, in + split, len - split, MSG_NOSIGNAL);
		expect_replies(&t, fd, row);
	}
	talk_end(&t);
}

static void octet_by_octet(void **state)
{
	const struct row *row = *state;
	uint8_t in[64];
	size_t len = write_frames(row, in);
	struct talk t;
	int fd;

	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	for (size_t i = 0; i < len; i++) {
		send(fd, in + i, 1, MSG_NOSIGNAL);
		net_loop_once(t.loop, 1000);
	}
	expect_replies(&t, fd, row);
	talk_end(&t);
}

static void the_largest_message_is_echoed(void **state)
{
	static uint8_t message[NET_TCP_ROOM], reply[NET_TCP_ROOM];
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(i * 31 + 'e');
	for (int i = 0; i < 3; i++) {
		put_frame(&t, fd, message, sizeof(message));
		assert_int_equal(get_frame(&t, fd, reply), sizeof(reply));
		assert_memory_equal(reply, message, sizeof(reply));
	}
	close(fd);
	talk_end(&t);
}

/* ---- much at once ---- */

static size_t fill(uint8_t *out, size_t n, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < n; i++) {
		out[i * (len + 2)] = 0;
		out[i * (len + 2) + 1] = (uint8_t)len;
		memcpy(out + i * (len + 2) + 2, text, len);
	}
	return n * (len + 2);
}

#define MANY 20000

static void pipelined_queries_are_all_answered(void **state)
{
	static uint8_t in[MANY * 6], out[MANY * 6];
	size_t len = fill(in, MANY, "echo"), sent = 0, got = 0;
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	while (got < len) {
		ssize_t k = send(fd, in + sent, len - sent, MSG_DONTWAIT);

		sent += k > 0 ? (size_t)k : 0;
		net_loop_once(t.loop, 1000);
		k = recv(fd, out + got, len - got, MSG_DONTWAIT);
		got += k > 0 ? (size_t)k : 0;
		assert_true(k != 0);
	}
	assert_memory_equal(in, out, len);
	assert_int_equal(stats(&t).tcp_in, MANY);
	assert_int_equal(stats(&t).tcp_out, MANY);
	close(fd);
	talk_end(&t);
}

/* 1000 queries ask for 64 MiB. */
#define GREEDY 1000

static void one_that_does_not_read_is_not_read_from(void **state)
{
	static uint8_t in[GREEDY * 3], reply[NET_TCP_ROOM];
	size_t len = fill(in, GREEDY, "b");
	unsigned handled;
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	put(&t, fd, in, len);
	UNTIL(&t, t.handled > 0);
	do {
		handled = t.handled;
		for (int i = 0; i < 10; i++)
			net_loop_once(t.loop, 1000);
	} while (t.handled != handled);
	assert_true(handled < GREEDY / 2);
	for (int i = 0; i < GREEDY; i++)
		assert_int_equal(get_frame(&t, fd, reply), NET_TCP_ROOM);
	assert_int_equal(t.handled, GREEDY);
	close(fd);
	talk_end(&t);
}

static void others_are_answered_while_one_is_greedy(void **state)
{
	static uint8_t in[GREEDY * 3];
	size_t len = fill(in, GREEDY, "b");
	struct talk t;
	int greedy, modest;

	(void)state;
	talk_start(&t, plain, no_tap);
	greedy = client(&t.at, SOCK_STREAM);
	put(&t, greedy, in, len);
	modest = client(&t.at, SOCK_STREAM);
	put_frame(&t, modest, "echo", 4);
	expect_frame(&t, modest, "echo");
	assert_true(t.handled < GREEDY);
	close(greedy);
	close(modest);
	UNTIL(&t, stats(&t).tcp_open == 0);
	talk_end(&t);
}

/* ---- the end of a connection ---- */

static void what_was_asked_before_a_half_close_is_answered(void **state)
{
	static const char *const texts[] = { "echo", "delay", "Stream" };
	struct talk t;

	(void)state;
	for (int i = 0; i < 3; i++) {
		int fd;

		talk_start(&t, plain, no_tap);
		t.stream_left = 1;
		t.stream_size = 1;
		fd = client(&t.at, SOCK_STREAM);
		put_frame(&t, fd, texts[i], strlen(texts[i]));
		shutdown(fd, SHUT_WR);
		expect_frame(&t, fd, i == 2 ? "\1" : texts[i]);
		expect_end(&t, fd);
		assert_int_equal(stats(&t).tcp_open, 0);
		talk_end(&t);
	}
}

static void a_piece_of_a_message_is_not_answered_at_the_end(void **state)
{
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	put(&t, fd, "\0\5echo", 6);
	shutdown(fd, SHUT_WR);
	expect_end(&t, fd);
	assert_int_equal(t.handled, 0);
	talk_end(&t);
}

static void a_reset_connection_is_forgotten(void **state)
{
	struct linger now = { .l_onoff = 1 };
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	put_frame(&t, fd, "later", 5);
	UNTIL(&t, t.n_taken == 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	UNTIL(&t, stats(&t).tcp_open == 0);
	net_answer(t.taken[0], (const uint8_t *)"late", 4);
	assert_int_equal(stats(&t).tcp_out, 0);
	talk_end(&t);
}

#define SHORT_US 30000

static void an_idle_connection_is_closed(void **state)
{
	struct talk t;
	int quiet, dripping;
	uint64_t begin;

	(void)state;
	talk_start(&t, (struct listener_options){ .tcp_idle_us = SHORT_US }, no_tap);
	begin = clock_us();
	quiet = client(&t.at, SOCK_STREAM);
	dripping = client(&t.at, SOCK_STREAM);
	while (stats(&t).tcp_closed_idle < 2 && clock_us() < begin + PATIENCE_US) {
		send(dripping, "\1", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		net_loop_once(t.loop, 1000);
	}
	assert_true(clock_us() - begin >= SHORT_US);
	expect_end(&t, quiet);
	close(dripping);
	assert_int_equal(stats(&t).tcp_open, 0);
	talk_end(&t);
}

/* True of every close, however late this process gets its turn: it comes no sooner than
 * so long after a query that was answered. */
static void one_that_asks_is_not_idle(void **state)
{
	struct talk t;
	uint64_t begin, answered = 0;
	char reply[16];
	ssize_t n = 1;
	int fd;

	(void)state;
	talk_start(&t, (struct listener_options){ .tcp_idle_us = SHORT_US }, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	begin = clock_us();
	while (n > 0) {
		uint64_t now = clock_us();

		if (now - begin < 3 * SHORT_US)
			send(fd, "\0\4echo", 6, MSG_NOSIGNAL);
		n = get_some(&t, fd, reply, sizeof(reply));
		answered = n > 0 ? now : answered;
	}
	assert_true(answered > 0 && clock_us() - answered >= SHORT_US);
	assert_int_equal(stats(&t).tcp_closed_idle, 1);
	close(fd);
	talk_end(&t);
}

static void one_that_waits_for_us_is_not_idle(void **state)
{
	struct talk t;
	uint64_t begin;
	int fd;

	(void)state;
	talk_start(&t, (struct listener_options){ .tcp_idle_us = SHORT_US }, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	put_frame(&t, fd, "later", 5);
	begin = clock_us();
	UNTIL(&t, clock_us() - begin > 3 * SHORT_US);
	assert_int_equal(stats(&t).tcp_open, 1);
	net_answer(t.taken[0], (const uint8_t *)"late", 4);
	expect_frame(&t, fd, "late");
	expect_end(&t, fd);
	talk_end(&t);
}

static void one_that_does_not_read_is_closed(void **state)
{
	static uint8_t in[GREEDY * 3];
	size_t len = fill(in, GREEDY, "b");
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, (struct listener_options){ .tcp_idle_us = SHORT_US }, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	put(&t, fd, in, len);
	UNTIL(&t, stats(&t).tcp_closed_idle == 1);
	close(fd);
	talk_end(&t);
}

static void a_busy_connection_ends_when_its_time_is_up(void **state)
{
	struct talk t;
	uint64_t begin;
	ssize_t n = 1;
	int fd;

	(void)state;
	talk_start(&t, (struct listener_options){ .tcp_total_us = SHORT_US }, no_tap);
	begin = clock_us();
	fd = client(&t.at, SOCK_STREAM);
	while (n > 0) {
		char reply[64];

		send(fd, "\0\4echo", 6, MSG_NOSIGNAL);
		n = get_some(&t, fd, reply, sizeof(reply));
	}
	assert_true(clock_us() - begin >= SHORT_US);
	assert_int_equal(stats(&t).tcp_open, 0);
	close(fd);
	talk_end(&t);
}

/* ---- many connections ---- */

static void at_the_cap_the_one_idle_longest_goes(void **state)
{
	struct talk t;
	int fd[3];

	(void)state;
	talk_start(&t, (struct listener_options){ .tcp_max = 2 }, no_tap);
	for (int i = 0; i < 2; i++) {
		fd[i] = client(&t.at, SOCK_STREAM);
		put_frame(&t, fd[i], "echo", 4);
		expect_frame(&t, fd[i], "echo");
	}
	put_frame(&t, fd[0], "echo", 4);
	expect_frame(&t, fd[0], "echo");
	assert_int_equal(stats(&t).tcp_closed_for_room, 0);
	fd[2] = client(&t.at, SOCK_STREAM);
	put_frame(&t, fd[2], "echo", 4);
	expect_frame(&t, fd[2], "echo");
	expect_end(&t, fd[1]);
	put_frame(&t, fd[0], "echo", 4);
	expect_frame(&t, fd[0], "echo");
	assert_int_equal(stats(&t).tcp_closed_for_room, 1);
	assert_int_equal(stats(&t).tcp_open, 2);
	close(fd[0]);
	close(fd[2]);
	talk_end(&t);
}

static void at_the_cap_a_busy_one_stays(void **state)
{
	struct talk t;
	int busy, refused;

	(void)state;
	talk_start(&t, (struct listener_options){ .tcp_max = 1 }, no_tap);
	busy = client(&t.at, SOCK_STREAM);
	put_frame(&t, busy, "later", 5);
	UNTIL(&t, t.n_taken == 1);
	refused = client(&t.at, SOCK_STREAM);
	expect_end(&t, refused);
	assert_int_equal(stats(&t).tcp_refused, 1);
	net_answer(t.taken[0], (const uint8_t *)"late", 4);
	expect_frame(&t, busy, "late");
	close(busy);
	talk_end(&t);
}

/* From here on the process can open no descriptor more than it has; returns the limit
 * as it was. */
static struct rlimit no_more_descriptors(void)
{
	struct rlimit was, now;
	int lowest = open("/dev/null", O_RDONLY);

	close(lowest);
	getrlimit(RLIMIT_NOFILE, &was);
	now = was;
	now.rlim_cur = (rlim_t)lowest;
	setrlimit(RLIMIT_NOFILE, &now);
	return was;
}

static void without_descriptors_the_one_idle_longest_goes(void **state)
{
	struct rlimit was;
	struct talk t;
	int old, new;

	(void)state;
	talk_start(&t, plain, no_tap);
	old = client(&t.at, SOCK_STREAM);
	put_frame(&t, old, "echo", 4);
	expect_frame(&t, old, "echo");
	new = client(&t.at, SOCK_STREAM);
	was = no_more_descriptors();
	put_frame(&t, new, "echo", 4);
	expect_frame(&t, new, "echo");
	setrlimit(RLIMIT_NOFILE, &was);
	expect_end(&t, old);
	assert_int_equal(stats(&t).tcp_closed_for_room, 1);
	close(new);
	talk_end(&t);
}

static void without_descriptors_a_busy_one_stays_and_the_new_is_refused(void **state)
{
	struct rlimit was;
	struct talk t;
	int busy, refused;

	(void)state;
	talk_start(&t, plain, no_tap);
	busy = client(&t.at, SOCK_STREAM);
	put_frame(&t, busy, "later", 5);
	UNTIL(&t, t.n_taken == 1);
	refused = client(&t.at, SOCK_STREAM);
	was = no_more_descriptors();
	assert_int_equal(get_some(&t, refused, &(char){ 0 }, 1), 0);
	setrlimit(RLIMIT_NOFILE, &was);
	close(refused);
	assert_int_equal(stats(&t).tcp_refused, 1);
	net_answer(t.taken[0], (const uint8_t *)"late", 4);
	expect_frame(&t, busy, "late");
	close(busy);
	talk_end(&t);
}

#define CROWD 200

static void two_hundred_connections_are_served(void **state)
{
	struct talk t;
	int fd[CROWD];

	(void)state;
	talk_start(&t, plain, no_tap);
	for (int i = 0; i < CROWD; i++)
		fd[i] = client(&t.at, SOCK_STREAM);
	for (int i = 0; i < CROWD; i++) {
		put_frame(&t, fd[i], "one", 3);
		put_frame(&t, fd[i], "two", 3);
	}
	for (int i = 0; i < CROWD; i++) {
		expect_frame(&t, fd[i], "one");
		expect_frame(&t, fd[i], "two");
		close(fd[i]);
	}
	UNTIL(&t, stats(&t).tcp_open == 0);
	assert_int_equal(stats(&t).tcp_connections, CROWD);
	talk_end(&t);
}

/* ---- streams ---- */

/* Far more than the socket takes at once. */
#define STREAM_MESSAGES 200

static void a_stream_follows_its_reply_and_makes_others_wait(void **state)
{
	static uint8_t message[NET_TCP_ROOM];
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	t.stream_left = STREAM_MESSAGES;
	t.stream_size = NET_TCP_ROOM;
	fd = client(&t.at, SOCK_STREAM);
	put_frame(&t, fd, "stream", 6);
	put_frame(&t, fd, "echo", 4);
	expect_frame(&t, fd, "stream");
	assert_true(t.stream_left > STREAM_MESSAGES / 2);
	for (int i = STREAM_MESSAGES; i > 0; i--) {
		assert_int_equal(get_frame(&t, fd, message), NET_TCP_ROOM);
		assert_int_equal(message[0], (uint8_t)i);
	}
	expect_frame(&t, fd, "echo");
	assert_int_equal(t.streams_freed, 1);
	close(fd);
	talk_end(&t);
}

static void a_stream_is_freed_when_the_peer_goes(void **state)
{
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	t.stream_left = STREAM_MESSAGES;
	t.stream_size = NET_TCP_ROOM;
	fd = client(&t.at, SOCK_STREAM);
	put_frame(&t, fd, "stream", 6);
	expect_frame(&t, fd, "stream");
	close(fd);
	UNTIL(&t, t.streams_freed == 1);
	talk_end(&t);
}

static void a_stream_is_freed_with_the_listener(void **state)
{
	static const char *const texts[] = { "stream", "Stream" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct talk t;
		int fd;

		talk_start(&t, plain, no_tap);
		t.stream_left = STREAM_MESSAGES;
		t.stream_size = NET_TCP_ROOM;
		fd = client(&t.at, SOCK_STREAM);
		put_frame(&t, fd, texts[i], 6);
		UNTIL(&t, t.handled == 1);
		listener_free(t.listener);
		assert_int_equal(t.streams_freed, 1);
		t.listener = NULL;
		close(fd);
		talk_end(&t);
	}
}

static void a_stream_over_udp_is_only_freed(void **state)
{
	char reply[16];
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	t.stream_left = 1;
	t.stream_size = 1;
	fd = client(&t.at, SOCK_DGRAM);
	put(&t, fd, "stream", 6);
	assert_int_equal(get_some(&t, fd, reply, sizeof(reply)), 6);
	assert_int_equal(t.streams_freed, 1);
	assert_int_equal(t.stream_left, 1);
	close(fd);
	talk_end(&t);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, split_anywhere);
	TESTS_ADD_ROWS(rows, octet_by_octet);
	TESTS_ADD(the_largest_message_is_echoed);
	TESTS_ADD(pipelined_queries_are_all_answered);
	TESTS_ADD(one_that_does_not_read_is_not_read_from);
	TESTS_ADD(others_are_answered_while_one_is_greedy);
	TESTS_ADD(what_was_asked_before_a_half_close_is_answered);
	TESTS_ADD(a_piece_of_a_message_is_not_answered_at_the_end);
	TESTS_ADD(a_reset_connection_is_forgotten);
	TESTS_ADD(an_idle_connection_is_closed);
	TESTS_ADD(one_that_asks_is_not_idle);
	TESTS_ADD(one_that_waits_for_us_is_not_idle);
	TESTS_ADD(one_that_does_not_read_is_closed);
	TESTS_ADD(a_busy_connection_ends_when_its_time_is_up);
	TESTS_ADD(at_the_cap_the_one_idle_longest_goes);
	TESTS_ADD(at_the_cap_a_busy_one_stays);
	TESTS_ADD(without_descriptors_the_one_idle_longest_goes);
	TESTS_ADD(without_descriptors_a_busy_one_stays_and_the_new_is_refused);
	TESTS_ADD(two_hundred_connections_are_served);
	TESTS_ADD(a_stream_follows_its_reply_and_makes_others_wait);
	TESTS_ADD(a_stream_is_freed_when_the_peer_goes);
	TESTS_ADD(a_stream_is_freed_with_the_listener);
	TESTS_ADD(a_stream_over_udp_is_only_freed);
	return tests_run("net-tcp");
}
