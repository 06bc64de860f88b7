#include "support/test.h"

#include <pthread.h>

#include "unit/net/talk.h"

static const struct listener_options plain;
static const struct net_handler no_tap;

static void say(struct talk *t, int fd, int type, const char *text)
{
	if (type == SOCK_DGRAM)
		put(t, fd, text, strlen(text));
	else
		put_frame(t, fd, text, strlen(text));
}

static void expect(struct talk *t, int fd, int type, const char *text)
{
	char reply[64] = "";

	if (type == SOCK_STREAM) {
		expect_frame(t, fd, text);
		return;
	}
	assert_int_equal(get_some(t, fd, reply, sizeof(reply) - 1), strlen(text));
	assert_string_equal(reply, text);
}

static void answer(struct net_later *later, const char *text)
{
	net_answer(later, (const uint8_t *)text, strlen(text));
}

static const struct row {
	const char *name;
	int type;
	const char *at;
} rows[] = {
	{ "over UDP", SOCK_DGRAM, "127.0.0.1" },
	{ "over UDP to one of all addresses", SOCK_DGRAM, "0.0.0.0" },
	{ "over UDP to one of all IPv6 addresses", SOCK_DGRAM, "::" },
	{ "over TCP", SOCK_STREAM, "127.0.0.1" },
};

static int start(struct talk *t, const struct row *row)
{
	struct endpoint to;

	talk_start(t, (struct listener_options){ .at = endpoint(row->at) }, no_tap);
	to = endpoint(t->at.ip.family == 6 ? "::1" : "127.0.0.1");
	to.port = t->at.port;
	return client(&to, row->type);
}

static void end(struct talk *t, int fd)
{
	close(fd);
	talk_end(t);
}

/* ---- delays ---- */

static void a_delay_holds_up_nothing_else(void **state)
{
	const struct row *row = *state;
	struct talk t;
	uint64_t begin;
	int fd = start(&t, row);

	begin = clock_us();
	say(&t, fd, row->type, "delay");
	say(&t, fd, row->type, "echo");
	expect(&t, fd, row->type, "echo");
	expect(&t, fd, row->type, "delay");
	assert_true(clock_us() - begin >= DELAY_US);
	end(&t, fd);
}

static void a_delayed_reply_goes_with_the_listener(void **state)
{
	const struct row *row = *state;
	struct talk t;
	int fd = start(&t, row);

	say(&t, fd, row->type, "delay");
	UNTIL(&t, t.handled == 1);
	end(&t, fd);
}

static void a_delayed_reply_to_nobody_is_dropped(void **state)
{
	struct linger now = { .l_onoff = 1 };
	const struct row *row = *state;
	uint64_t begin;
	struct talk t;
	int fd = start(&t, row);

	say(&t, fd, row->type, "delay");
	UNTIL(&t, t.handled == 1);
	/* A connection is reset; only half closed it would be answered. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	begin = clock_us();
	UNTIL(&t, clock_us() - begin > 2 * DELAY_US);
	assert_int_equal(stats(&t).tcp_out, 0);
	assert_int_equal(stats(&t).tcp_open, 0);
	talk_end(&t);
}

/* ---- taken requests ---- */

static void a_taken_request_is_answered_later(void **state)
{
	const struct row *row = *state;
	struct talk t;
	int fd = start(&t, row);

	say(&t, fd, row->type, "later 1");
	say(&t, fd, row->type, "later 2");
	say(&t, fd, row->type, "echo");
	expect(&t, fd, row->type, "echo");
	answer(t.taken[1], "second");
	expect(&t, fd, row->type, "second");
	answer(t.taken[0], "first");
	expect(&t, fd, row->type, "first");
	end(&t, fd);
}

static void a_taken_request_may_get_no_answer(void **state)
{
	const struct row *row = *state;
	struct talk t;
	int fd = start(&t, row);

	say(&t, fd, row->type, "later");
	UNTIL(&t, t.n_taken == 1);
	net_answer(t.taken[0], NULL, 0);
	say(&t, fd, row->type, "echo");
	expect(&t, fd, row->type, "echo");
	end(&t, fd);
}

static void a_taken_request_outlives_the_listener(void **state)
{
	const struct row *row = *state;
	struct talk t;
	int fd = start(&t, row);

	say(&t, fd, row->type, "later");
	UNTIL(&t, t.n_taken == 1);
	talk_end(&t);
	answer(t.taken[0], "too late");
	close(fd);
}

static void at_most_so_many_wait(void **state)
{
	const struct row *row = *state;
	struct net_later *all[NET_LATER_MAX];
	struct talk t;
	int fd = start(&t, row);
	unsigned n = 0;

	if (row->type == SOCK_STREAM) {
		end(&t, fd);
		return;
	}
	while (n < NET_LATER_MAX) {
		unsigned burst = NET_BATCH_MAX < NET_LATER_MAX - n ? NET_BATCH_MAX
								   : NET_LATER_MAX - n;

		t.n_taken = 0;
		for (unsigned i = 0; i < burst; i++)
			put(&t, fd, "later", 5);
		UNTIL(&t, t.n_taken == burst);
		memcpy(all + n, t.taken, burst * sizeof(all[0]));
		n += burst;
	}
	put(&t, fd, "later", 5);
	put(&t, fd, "delay", 5);
	UNTIL(&t, t.handled == NET_LATER_MAX + 2);
	assert_int_equal(t.n_not_taken, 1);
	assert_int_equal(stats(&t).later_dropped, 2);
	net_answer(all[0], NULL, 0);
	t.n_taken = 0;
	put(&t, fd, "later", 5);
	UNTIL(&t, t.n_taken == 1);
	all[0] = t.taken[0];
	for (unsigned i = 0; i < NET_LATER_MAX; i++)
		net_answer(all[i], NULL, 0);
	end(&t, fd);
}

/* Runs the loop until it takes no more. */
static unsigned take_all(struct talk *t)
{
	unsigned taken;

	UNTIL(t, t->n_taken > 0);
	do {
		taken = t->n_taken;
		for (int i = 0; i < 10; i++)
			net_loop_once(t->loop, 1000);
	} while (t->n_taken != taken);
	return taken;
}

/* A peer may not fill our memory with what waits for it. */
static void a_connection_with_many_waiting_is_not_read(void **state)
{
	struct talk t;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = client(&t.at, SOCK_STREAM);
	for (int i = 0; i < 150; i++)
		put_frame(&t, fd, "later", 5);
	assert_true(take_all(&t) < 150);
	for (unsigned i = 0; i < 150; i++) {
		UNTIL(&t, i < t.n_taken);
		answer(t.taken[i], "late");
		expect_frame(&t, fd, "late");
	}
	end(&t, fd);
}

/* As many megabytes of answers as may wait: more than the kernel holds of them. */
static void one_that_never_reads_its_late_answers_is_cut_off(void **state)
{
	static uint8_t message[NET_TCP_ROOM];
	int small = 4096;
	struct sockaddr_storage sa;
	struct talk t;
	socklen_t len;
	unsigned n;
	int fd;

	(void)state;
	talk_start(&t, plain, no_tap);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	len = endpoint_to_sockaddr(&t.at, &sa);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	for (int i = 0; i < 150; i++)
		put_frame(&t, fd, "later", 5);
	n = take_all(&t);
	for (unsigned i = 0; i < n; i++)
		net_answer(t.taken[i], message, sizeof(message));
	assert_int_equal(stats(&t).tcp_open, 0);
	end(&t, fd);
}

/* ---- the tap ---- */

struct seen {
	unsigned in, out, closed;
	uint64_t conn;
	struct endpoint client, server;
};

static struct seen seen;

static void look(void *ctx, const struct endpoint *from, const struct endpoint *to,
	uint64_t conn, const uint8_t *message, size_t len)
{
	const struct talk *t = ctx;

	if (message == NULL) {
		assert_true(conn != 0 && conn == seen.conn);
		seen.closed++;
		return;
	}
	assert_true(len == 4 || len == 5);
	assert_true(memcmp(message, "echo", 4) == 0 ||
		    memcmp(message, "dela", 4) == 0 || memcmp(message, "late", 4) == 0);
	if (to->port == t->at.port) {
		seen.in++;
		seen.client = *from;
		seen.server = *to;
	} else {
		seen.out++;
		assert_int_equal(to->port, seen.client.port);
		assert_int_equal(from->port, t->at.port);
		assert_true(ip_equal(&from->ip, &seen.server.ip));
	}
	seen.conn = conn;
}

static void the_tap_sees_each_message(void **state)
{
	const struct row *row = *state;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct endpoint mine, to;
	struct talk t;
	int fd;

	seen = (struct seen){ 0 };
	talk_start(&t, (struct listener_options){ .at = endpoint(row->at) },
		(struct net_handler){ .tap = look });
	to = endpoint(t.at.ip.family == 6 ? "::1" : "127.0.0.1");
	to.port = t.at.port;
	fd = client(&to, row->type);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	endpoint_from_sockaddr(&sa, &mine);
	say(&t, fd, row->type, "echo");
	expect(&t, fd, row->type, "echo");
	say(&t, fd, row->type, "delay");
	expect(&t, fd, row->type, "delay");
	say(&t, fd, row->type, "later");
	UNTIL(&t, t.n_taken == 1);
	answer(t.taken[0], "late");
	assert_int_equal(seen.in, 3);
	assert_int_equal(seen.out, 3);
	assert_int_equal(seen.client.port, mine.port);
	assert_true(ip_equal(&seen.client.ip, &mine.ip));
	assert_true(ip_equal(&seen.server.ip, &to.ip));
	assert_true((seen.conn != 0) == (row->type == SOCK_STREAM));
	end(&t, fd);
	assert_int_equal(seen.closed, row->type == SOCK_STREAM ? 1 : 0);
}

/* ---- two loops ---- */

#define QUERIES 300

static void *run(void *loop)
{
	net_loop_run(loop);
	return NULL;
}

static void mirror(void *ctx, struct net_request *rq, unsigned n)
{
	(void)ctx;
	for (unsigned i = 0; i < n; i++)
		echo(&rq[i]);
}

static uint64_t answered(struct listener *const l[2])
{
	struct listener_stats one, other;

	listener_stats(l[0], &one);
	listener_stats(l[1], &other);
	return one.udp_out + other.udp_out + one.tcp_out + other.tcp_out;
}

static void ask_blocking(const struct endpoint *at)
{
	struct timeval patience = { .tv_sec = PATIENCE_US / 1000000 };
	char reply[16];
	int udp = client(at, SOCK_DGRAM), tcp = client(at, SOCK_STREAM);

	setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(tcp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(send(udp, "echo", 4, 0), 4);
	assert_int_equal(recv(udp, reply, sizeof(reply), 0), 4);
	assert_int_equal(send(tcp, "\0\4echo", 6, 0), 6);
	assert_int_equal(recv(tcp, reply, 6, MSG_WAITALL), 6);
	close(udp);
	close(tcp);
}

static void two_loops_share_a_port(void **state)
{
	struct listener_options o = { .at = endpoint("127.0.0.1"), .reuse_port = true };
	struct net_handler h = { .handle = mirror };
	struct net_loop *loop[2];
	struct listener *l[2];
	pthread_t thread[2];
	const char *what;

	(void)state;
	for (int i = 0; i < 2; i++) {
		loop[i] = net_loop_new();
		l[i] = listener_new(loop[i], &o, &h, &what);
		assert_non_null(l[i]);
		o.at = listener_at(l[i]);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, run, loop[i]);
	for (uint64_t i = 0; i < QUERIES; i++) {
		ask_blocking(&o.at);
		assert_true(answered(l) >= 2 * i);
	}
	for (int i = 0; i < 2; i++) {
		net_loop_stop(loop[i]);
		pthread_join(thread[i], NULL);
	}
	assert_int_equal(answered(l), 2 * QUERIES);
	for (int i = 0; i < 2; i++) {
		listener_free(l[i]);
		net_loop_free(loop[i]);
	}
}

int main(void)
{
	TESTS_ADD_ROWS(rows, a_delay_holds_up_nothing_else);
	TESTS_ADD_ROWS(rows, a_delayed_reply_goes_with_the_listener);
	TESTS_ADD_ROWS(rows, a_delayed_reply_to_nobody_is_dropped);
	TESTS_ADD_ROWS(rows, a_taken_request_is_answered_later);
	TESTS_ADD_ROWS(rows, a_taken_request_may_get_no_answer);
	TESTS_ADD_ROWS(rows, a_taken_request_outlives_the_listener);
	TESTS_ADD_ROWS(rows, at_most_so_many_wait);
	TESTS_ADD(a_connection_with_many_waiting_is_not_read);
	TESTS_ADD(one_that_never_reads_its_late_answers_is_cut_off);
	TESTS_ADD_ROWS(rows, the_tap_sees_each_message);
	TESTS_ADD(two_loops_share_a_port);
	return tests_run("net-later");
}
