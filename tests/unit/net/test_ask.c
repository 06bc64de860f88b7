#include "support/test.h"

#include "net/ask.h"
#include "unit/net/talk.h"

/* Id 0x1234, RD, one question: MX of Mail.example. */
static const uint8_t query[] =
	"\x12\x34\x01\0\0\1\0\0\0\0\0\0\4Mail\7example\0\0\x0f\0\1";
#define QUERY_LEN (sizeof(query) - 1)

/* What the server does with the queries that come, one letter each. */
enum {
	ANSWER = 'a',
	NOTHING = 'n',
	TRUNCATED = 't',
	OTHER_ID = 'i',
	OTHER_NAME = 'o',
	OTHER_TYPE = 'T',
	OTHER_OPCODE = 'O',
	LOWER_CASE = 'l',
	NO_QR = 'Q',
	NO_QUESTION = 'q',	      /* NOERROR */
	ERROR_WITHOUT_QUESTION = 'e', /* REFUSED */
	HALF = 'h',
	LARGE = 'L', /* 65535 octets */
};

struct server {
	struct net_loop *loop;
	struct listener *listener;
	const char *udp, *tcp;
	unsigned n_udp, n_tcp;
	uint16_t ids[64], ports[64];
	unsigned n_seen;
	struct endpoint from; /* of the last */
	int stranger;	      /* a socket that answers first, when it is one */
};

static void answer(struct net_request *rq, char how)
{
	uint8_t *out = rq->out;

	memcpy(out, rq->in, rq->in_len);
	out[2] |= how == NO_QR ? 0 : 0x80;
	out[2] |= how == TRUNCATED ? 0x02 : 0;
	rq->out_len = rq->in_len;
	switch (how) {
	case NOTHING:
		rq->out_len = 0;
		break;
	case OTHER_ID:
		out[0] ^= 1;
		break;
	case OTHER_NAME:
		out[13] = 'N';
		break;
	case OTHER_TYPE:
		out[QUERY_LEN - 3] = 1;
		break;
	case OTHER_OPCODE:
		out[2] |= 4 << 3;
		break;
	case LOWER_CASE:
		out[13] = 'm';
		break;
	case ERROR_WITHOUT_QUESTION:
		out[3] |= 5;
		/* fall through */
	case NO_QUESTION:
		out[5] = 0;
		rq->out_len = 12;
		break;
	case HALF:
		rq->out_len = 11;
		break;
	case LARGE:
		rq->out_len = rq->room;
		memset(out + rq->in_len, 'x', rq->room - rq->in_len);
		break;
	}
}

static void mislead(struct server *s, const struct net_request *rq)
{
	struct endpoint to;
	struct sockaddr_storage sa;
	uint8_t reply[512];
	socklen_t len;

	net_request_from(rq, &to);
	len = endpoint_to_sockaddr(&to, &sa);
	memcpy(reply, rq->in, rq->in_len);
	reply[2] |= 0x80;
	sendto(s->stranger, reply, rq->in_len, 0, (struct sockaddr *)&sa, len);
}

static char next_of(const char *script, unsigned *n)
{
	char how = *script == '\0' ? NOTHING : script[*n];

	if (*script != '\0' && script[*n + 1] != '\0')
		++*n;
	return how;
}

static void serve(void *ctx, struct net_request *rq, unsigned n)
{
	struct server *s = ctx;

	for (unsigned i = 0; i < n; i++) {
		struct endpoint from;

		net_request_from(&rq[i], &from);
		s->from = from;
		if (s->n_seen < 64) {
			s->ids[s->n_seen] = (uint16_t)(rq[i].in[0] << 8 | rq[i].in[1]);
			s->ports[s->n_seen++] = from.port;
		}
		if (s->stranger > 0)
			mislead(s, &rq[i]);
		answer(&rq[i], rq->tcp ? next_of(s->tcp, &s->n_tcp)
				       : next_of(s->udp, &s->n_udp));
	}
}

static struct endpoint start(struct server *s, const char *udp, const char *tcp)
{
	struct listener_options o = { .at = endpoint("127.0.0.1") };
	struct net_handler h = { .handle = serve, .ctx = s };
	const char *what;

	*s = (struct server){ .loop = net_loop_new(), .udp = udp, .tcp = tcp };
	s->listener = listener_new(s->loop, &o, &h, &what);
	assert_non_null(s->listener);
	return listener_at(s->listener);
}

static void end(struct server *s)
{
	listener_free(s->listener);
	net_loop_free(s->loop);
}

struct outcome {
	unsigned calls;
	size_t len; /* 0: none came */
	uint8_t start[QUERY_LEN];
};

static void note(void *ctx, const uint8_t *reply, size_t len)
{
	struct outcome *o = ctx;

	o->calls++;
	assert_int_equal(reply == NULL, len == 0);
	o->len = len;
	memcpy(o->start, reply == NULL ? (const uint8_t *)"" : reply,
		len < QUERY_LEN ? len : QUERY_LEN);
}

#define LONG_US 20000000
#define SHORT_US 20000
#define TWICE_US 400000

static const struct row {
	const char *name;
	const char *udp, *tcp;
	uint64_t timeout_us;
	size_t want; /* length of the reply */
} rows[] = {
	{ "a reply comes back", "a", "", LONG_US, QUERY_LEN },
	{ "letter case is no difference (RFC 4343)", "l", "", LONG_US, QUERY_LEN },
	{ "a lost query is sent again", "na", "", TWICE_US, QUERY_LEN },
	{ "nothing is nothing", "n", "", SHORT_US, 0 },
	{ "another id is no reply (RFC 5452 9.1)", "i", "", SHORT_US, 0 },
	{ "another name is no reply", "o", "", SHORT_US, 0 },
	{ "another type is no reply", "T", "", SHORT_US, 0 },
	{ "another opcode is no reply", "O", "", SHORT_US, 0 },
	{ "a query is no reply", "Q", "", SHORT_US, 0 },
	{ "half a header is no reply", "h", "", SHORT_US, 0 },
	{ "no error without a question is no reply", "q", "", SHORT_US, 0 },
	{ "an error may lack the question", "e", "", LONG_US, 12 },
	{ "the reply may come after what is none", "ia", "", TWICE_US, QUERY_LEN },
	{ "TC is asked again over TCP (RFC 2181 9)", "t", "a", LONG_US, QUERY_LEN },
	{ "the longest message comes over TCP", "t", "L", LONG_US, 65535 },
	{ "silence over TCP is nothing", "t", "n", SHORT_US, 0 },
	{ "another id over TCP is no reply", "t", "i", SHORT_US, 0 },
	{ "TC of another id is no reason for TCP", "ia", "n", TWICE_US, QUERY_LEN },
};

static void one_question(void **state)
{
	const struct row *row = *state;
	struct outcome got = { 0 };
	uint64_t begin = clock_us();
	struct server s;
	struct endpoint to = start(&s, row->udp, row->tcp);

	net_ask(s.loop, &to, query, QUERY_LEN, row->timeout_us, note, &got);
	assert_int_equal(got.calls, 0);
	UNTIL(&s, got.calls > 0);
	assert_int_equal(got.len, row->want);
	if (row->want == 0)
		assert_true(clock_us() - begin >= row->timeout_us);
	else
		assert_memory_equal(got.start, query, 2);
	/* Late replies find nobody. */
	for (int i = 0; i < 5; i++)
		net_loop_once(s.loop, 1000);
	assert_int_equal(got.calls, 1);
	end(&s);
}

static void a_reply_from_elsewhere_is_none(void **state)
{
	struct outcome got = { 0 };
	struct server s;
	struct endpoint to = start(&s, "n", "");

	(void)state;
	s.stranger = socket(AF_INET, SOCK_DGRAM, 0);
	net_ask(s.loop, &to, query, QUERY_LEN, SHORT_US, note, &got);
	UNTIL(&s, got.calls > 0);
	assert_int_equal(s.n_seen, 2);
	assert_int_equal(got.len, 0);
	close(s.stranger);
	end(&s);
}

static void nobody_there_is_known_at_once(void **state)
{
	struct outcome got = { 0 };
	uint64_t begin = clock_us();
	struct server s;
	struct endpoint to = start(&s, "a", "");

	(void)state;
	listener_free(s.listener);
	s.listener = NULL;
	net_ask(s.loop, &to, query, QUERY_LEN, 2 * PATIENCE_US, note, &got);
	assert_int_equal(got.calls, 0);
	UNTIL(&s, got.calls > 0);
	assert_int_equal(got.len, 0);
	assert_true(clock_us() - begin < PATIENCE_US);
	end(&s);
}

static void a_cancelled_question_is_silent(void **state)
{
	static const char *const udp[] = { "a", "n", "t" };
	struct outcome got = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct server s;
		struct endpoint to = start(&s, udp[i], "n");
		struct net_ask *a =
			net_ask(s.loop, &to, query, QUERY_LEN, SHORT_US, note, &got);

		UNTIL(&s, s.n_seen == (i == 2 ? 2 : 1));
		net_ask_cancel(a);
		for (uint64_t begin = clock_us(); clock_us() - begin < 2 * SHORT_US;)
			net_loop_once(s.loop, 1000);
		assert_int_equal(got.calls, 0);
		end(&s);
	}
	net_ask_cancel(NULL);
}

static void a_long_query_goes_by_tcp(void **state)
{
	static uint8_t longer[1233];
	struct outcome got = { 0 };
	struct server s;
	struct endpoint to = start(&s, "a", "a");

	(void)state;
	memcpy(longer, query, QUERY_LEN);
	for (size_t len = 1232; len <= 1233; len++) {
		unsigned before = got.calls;
		struct listener_stats n;

		net_ask(s.loop, &to, longer, len, LONG_US, note, &got);
		UNTIL(&s, got.calls > before);
		assert_int_equal(got.len, len);
		listener_stats(s.listener, &n);
		assert_int_equal(n.udp_in, 1);
		assert_int_equal(n.tcp_in, len - 1232);
	}
	end(&s);
}

#define MANY 16

/* 2^-240 that chance gives the same id to all, and less for the ports. */
static void ids_and_ports_cannot_be_guessed(void **state)
{
	struct outcome got = { 0 };
	struct server s;
	struct endpoint to = start(&s, "a", "");
	bool other_id = false, other_port = false, in_order = true;

	(void)state;
	for (int i = 0; i < MANY; i++)
		net_ask(s.loop, &to, query, QUERY_LEN, LONG_US, note, &got);
	UNTIL(&s, got.calls == MANY);
	for (int i = 1; i < MANY; i++) {
		other_id = other_id || s.ids[i] != s.ids[0];
		other_port = other_port || s.ports[i] != s.ports[0];
		in_order = in_order && s.ports[i] > s.ports[i - 1];
	}
	assert_true(other_id && other_port && !in_order);
	end(&s);
}

/* What the server answers is what comes back, and it is asked once. */
static const struct hand_row {
	const char *name;
	const char *udp, *tcp;
	bool over_tcp;
	uint64_t timeout_us;
	size_t want;
	uint8_t want_id; /* first octet */
} hand_rows[] = {
	{ "what is handed on is answered", "a", "", false, LONG_US, QUERY_LEN, 0x12 },
	{ "another id comes back as it is", "i", "a", false, LONG_US, QUERY_LEN, 0x13 },
	{ "another name comes back as it is", "o", "a", false, LONG_US, QUERY_LEN,
		0x12 },
	{ "half a header comes back as it is", "h", "a", false, LONG_US, 11, 0x12 },
	{ "TC comes back, TCP is the client's business", "t", "a", false, LONG_US,
		QUERY_LEN, 0x12 },
	{ "what came by TCP goes by TCP", "", "L", true, LONG_US, 65535, 0x12 },
	{ "another id over TCP comes back as it is", "", "i", true, LONG_US, QUERY_LEN,
		0x13 },
	{ "a lost query is not sent again", "na", "", false, SHORT_US, 0 },
	{ "silence over TCP is silence", "", "n", true, SHORT_US, 0 },
};

static void one_query_is_handed_on(void **state)
{
	const struct hand_row *row = *state;
	struct outcome got = { 0 };
	struct server s;
	struct endpoint to = start(&s, row->udp, row->tcp);
	struct endpoint from = endpoint("127.0.0.2");

	net_hand_on(s.loop, &from.ip, &to, row->over_tcp, query, QUERY_LEN,
		row->timeout_us, note, &got);
	UNTIL(&s, got.calls > 0);
	assert_int_equal(got.len, row->want);
	if (row->want > 0)
		assert_int_equal(got.start[0], row->want_id);
	assert_int_equal(s.n_seen, 1);
	assert_int_equal(s.ids[0], 0x1234);
	assert_true(ip_equal(&s.from.ip, &from.ip));
	end(&s);
}

static void from_an_address_that_is_not_ours_nothing_is_sent(void **state)
{
	struct endpoint from = endpoint("192.0.2.1");
	struct outcome got = { 0 };
	struct server s;
	struct endpoint to = start(&s, "a", "a");

	(void)state;
	for (int tcp = 0; tcp < 2; tcp++)
		net_hand_on(s.loop, &from.ip, &to, tcp, query, QUERY_LEN, LONG_US, note,
			&got);
	UNTIL(&s, got.calls == 2);
	assert_int_equal(got.len, 0);
	assert_int_equal(s.n_seen, 0);
	end(&s);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, one_question);
	TESTS_ADD(a_reply_from_elsewhere_is_none);
	TESTS_ADD(nobody_there_is_known_at_once);
	TESTS_ADD(a_cancelled_question_is_silent);
	TESTS_ADD(a_long_query_goes_by_tcp);
	TESTS_ADD(ids_and_ports_cannot_be_guessed);
	TESTS_ADD_ROWS(hand_rows, one_query_is_handed_on);
	TESTS_ADD(from_an_address_that_is_not_ours_nothing_is_sent);
	return tests_run("net-ask");
}
