/* Questions to a resolver that this test plays, on a thread of its own: what goes out,
 * how often, and what is made of the replies. */
#include "run/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "net/listen.h"
#include "net/loop.h"
#include "support/test.h"

struct resolver {
	struct net_loop *loop;
	struct listener *listener;
	pthread_t thread;
	struct endpoint at;
	/* How it is. */
	bool no_recursion, no_edns, garbage;
	/* What it saw. */
	atomic_uint udp, tcp, without_rd, without_edns;
};

/* "large" is one record too many for a datagram, all else one address. */
static size_t answer(struct resolver *r, struct arena *a, const struct net_request *rq)
{
	static const uint8_t octets[200] = { [0] = 192, 0, 2, 25 };
	const struct name *large = name_literal(a, "large.example.net");
	struct rr rr = { .type = TYPE_A, .ttl = 60, .rdata = octets, .rdlen = 4 };
	struct msg query, m;

	assert_int_equal(msg_decode(a, rq->in, rq->in_len, &query), 0);
	atomic_fetch_add(rq->tcp ? &r->tcp : &r->udp, 1);
	atomic_fetch_add(&r->without_rd, !query.rd);
	atomic_fetch_add(&r->without_edns, !query.has_edns);
	msg_init_reply(&m, &query);
	m.ra = !r->no_recursion;
	if (r->no_edns && query.has_edns) {
		m.has_edns = false;
		m.rcode = RCODE_FORMERR;
		return msg_encode(&m, rq->out, 512);
	}
	rr.owner = query.question.name;
	if (name_equal(rr.owner, large)) {
		rr.type = 65280;
		rr.rdlen = sizeof(octets);
		for (int i = 0; i < 9; i++)
			msg_add(&m, a, ANSWER, &rr);
	}
	msg_add(&m, a, ANSWER, &rr);
	return msg_encode(&m, rq->out, rq->tcp ? rq->room : 1232);
}

static void handle(void *ctx, struct net_request *rq, unsigned n)
{
	struct arena *a = arena_new();
	struct resolver *r = ctx;

	for (unsigned i = 0; i < n; i++) {
		rq[i].out_len = answer(r, a, &rq[i]);
		/* Header and question are right; a record is announced and cut off. */
		if (r->garbage)
			rq[i].out_len = 12 + 17 + 4 + 3;
	}
	arena_free(a);
}

static void *serve(void *ctx)
{
	net_loop_run(((struct resolver *)ctx)->loop);
	return NULL;
}

static void start(struct resolver *r)
{
	const struct listener_options o = { .at = { { 4, { 127, 0, 0, 1 } }, 0 } };
	const struct net_handler h = { .handle = handle, .ctx = r };
	const char *what;

	r->loop = net_loop_new();
	r->listener = listener_new(r->loop, &o, &h, &what);
	assert_non_null(r->listener);
	r->at = listener_at(r->listener);
	assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

static void stop(struct resolver *r)
{
	net_loop_stop(r->loop);
	pthread_join(r->thread, NULL);
	listener_free(r->listener);
	net_loop_free(r->loop);
}

/* "NOERROR 1", the records of its answer, or "nothing". */
static const char *asked(struct live *l, const char *name, const char *type)
{
	static char text[64];
	struct arena *a = arena_new();
	const struct question q = { name_literal(a, name), rrtype_from_text(type),
		CLASS_IN };
	const struct msg *m = live_ask(l, &q);
	char rcode[RCODE_TEXT_MAX];

	/* What was asked with may go. */
	arena_free(a);
	if (m == NULL)
		return "nothing";
	snprintf(text, sizeof(text), "%s %u", rcode_to_text(m->rcode, rcode),
		m->section[ANSWER].n);
	return text;
}

static void a_question_is_asked_once(void **state)
{
	struct resolver r = { .at.port = 0 };
	struct live *l;

	(void)state;
	start(&r);
	l = live_new(&r.at);
	assert_string_equal(asked(l, "mail.example.net", "A"), "NOERROR 1");
	assert_string_equal(asked(l, "mail.example.net", "A"), "NOERROR 1");
	assert_string_equal(asked(l, "MAIL.example.net", "A"), "NOERROR 1");
	assert_int_equal(r.udp, 1);
	assert_string_equal(asked(l, "mail.example.net", "AAAA"), "NOERROR 1");
	assert_string_equal(asked(l, "mail.example.net", "TYPE1025"), "NOERROR 1");
	assert_string_equal(asked(l, "b.example.net", "A"), "NOERROR 1");
	assert_int_equal(r.udp, 4);
	assert_int_equal(r.tcp, 0);
	assert_false(live_is_silent(l));
	live_free(l);
	stop(&r);
}

/* RFC 1035 4.1.1: RD asks for a look-up; RFC 6891 6.2.3 for large datagrams. */
static void it_is_asked_as_a_resolver(void **state)
{
	struct resolver r = { .at.port = 0 };
	struct live *l;

	(void)state;
	start(&r);
	l = live_new(&r.at);
	asked(l, "mail.example.net", "A");
	assert_int_equal(r.without_rd, 0);
	assert_int_equal(r.without_edns, 0);
	assert_false(live_is_no_resolver(l));
	live_free(l);
	stop(&r);
}

static void who_does_not_know_edns_is_asked_without(void **state)
{
	struct resolver r = { .no_edns = true };
	struct live *l;

	(void)state;
	start(&r);
	l = live_new(&r.at);
	assert_string_equal(asked(l, "mail.example.net", "A"), "NOERROR 1");
	assert_int_equal(r.without_edns, 1);
	live_free(l);
	stop(&r);
}

static void what_is_truncated_is_asked_over_tcp(void **state)
{
	struct resolver r = { .at.port = 0 };
	struct live *l;

	(void)state;
	start(&r);
	l = live_new(&r.at);
	assert_string_equal(asked(l, "large.example.net", "A"), "NOERROR 10");
	assert_int_equal(r.udp, 1);
	assert_int_equal(r.tcp, 1);
	live_free(l);
	stop(&r);
}

static void a_reply_that_cannot_be_read_is_none(void **state)
{
	struct resolver r = { .garbage = true };
	struct live *l;

	(void)state;
	start(&r);
	l = live_new(&r.at);
	assert_string_equal(asked(l, "name.example.net", "A"), "nothing");
	assert_string_equal(asked(l, "name.example.net", "A"), "nothing");
	assert_int_equal(r.udp, 1);
	/* Somebody is there, so the next question is asked. */
	assert_false(live_is_silent(l));
	assert_string_equal(asked(l, "nama.example.net", "A"), "nothing");
	assert_int_equal(r.udp, 2);
	live_free(l);
	stop(&r);
}

static void a_server_without_recursion_is_noticed(void **state)
{
	struct resolver r = { .no_recursion = true };
	struct live *l;

	(void)state;
	start(&r);
	l = live_new(&r.at);
	assert_false(live_is_no_resolver(l));
	assert_string_equal(asked(l, "mail.example.net", "A"), "NOERROR 1");
	assert_true(live_is_no_resolver(l));
	live_free(l);
	stop(&r);
}

static void where_nobody_is_nothing_more_is_asked(void **state)
{
	struct resolver r = { .at.port = 0 };
	char name[ENDPOINT_TEXT_MAX];
	struct live *l;

	(void)state;
	start(&r);
	stop(&r);
	l = live_new(&r.at);
	assert_string_equal(live_name(l), endpoint_to_text(&r.at, name));
	assert_false(live_is_silent(l));
	assert_string_equal(asked(l, "mail.example.net", "A"), "nothing");
	assert_true(live_is_silent(l));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d.example.net", i);
		assert_string_equal(asked(l, name, "A"), "nothing");
	}
	live_free(l);
}

int main(void)
{
	TESTS_ADD(a_question_is_asked_once);
	TESTS_ADD(it_is_asked_as_a_resolver);
	TESTS_ADD(who_does_not_know_edns_is_asked_without);
	TESTS_ADD(what_is_truncated_is_asked_over_tcp);
	TESTS_ADD(a_reply_that_cannot_be_read_is_none);
	TESTS_ADD(a_server_without_recursion_is_noticed);
	TESTS_ADD(where_nobody_is_nothing_more_is_asked);
	return tests_run("run-live");
}
