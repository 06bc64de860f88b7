#include "support/test.h"

#include <stdlib.h>

#include "net/ask.h"
#include "net/loop.h"
#include "server/service.h"
#include "unit/server/build.h"

/* A service with aliases that lead outside, a resolver that says what a test wants, and
 * clients: on loopback sockets, on one loop. */
struct play {
	struct arena *arena;
	struct net_loop *loop;
	struct service *service;
	struct listener *ours, *resolver;
	const char *says; /* records of the resolver's answer, or NULL: nothing comes */
	uint16_t rcode;	  /* of the resolver's answer */
	unsigned asked;	  /* how often it was */
	bool asked_well;  /* each time for a target of ours, with RD */
	unsigned came;	  /* replies to clients */
	const char *got[8]; /* what they said */
};

#define ZONE                                                                           \
	APEX "a ALIAS www.elsewhere.org.\n"                                            \
	     "b ALIAS www.elsewhere.org.\n"                                            \
	     "c ALIAS other.elsewhere.org.\n"

static size_t resolve(struct play *p, const struct net_request *rq)
{
	struct place at = { "test", 1, 1 };
	struct arena *a = p->arena;
	struct msg query, reply;
	const struct rr *rr;
	struct errs errs;
	unsigned n;

	assert_int_equal(msg_decode(a, rq->in, rq->in_len, &query), 0);
	p->asked++;
	p->asked_well &=
		query.rd && query.has_question &&
		strstr(name_text(a, query.question.name), "elsewhere.org") != NULL;
	if (p->says == NULL)
		return 0;
	msg_init_reply(&reply, &query);
	reply.ra = true;
	reply.rcode = p->rcode;
	errs_init(&errs, a);
	assert_int_equal(zone_parse_records(a, p->says, at, &errs, &rr, &n), 0);
	for (unsigned i = 0; i < n; i++)
		msg_add(&reply, a, rr[i].type == TYPE_SOA ? AUTHORITY : ANSWER, &rr[i]);
	return msg_encode(&reply, rq->out, rq->room);
}

static void resolver_handle(void *ctx, struct net_request *rq, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		rq[i].out_len = resolve(ctx, &rq[i]);
}

static struct listener *listen_with(struct play *p, const struct net_handler *h)
{
	struct listener_options o = { 0 };
	const char *what = "";
	struct listener *l;

	ip_from_text("127.0.0.1", &o.at.ip);
	l = listener_new(p->loop, &o, h, &what);
	assert_non_null(l);
	return l;
}

static void play_begin(struct play *p, const char *says, uint16_t rcode)
{
	static struct endpoint upstream;
	struct service_options o = { .workers = 1, .upstream = &upstream };
	struct zone_text zone = { "example.net", "alias", ZONE };
	struct net_handler resolver = { .handle = resolver_handle, .ctx = p };
	struct net_handler ours = { .handle = service_handle };
	struct service_data data = { 0 };

	*p = (struct play){ .says = says, .rcode = rcode, .asked_well = true };
	p->arena = arena_new();
	p->loop = net_loop_new();
	p->resolver = listen_with(p, &resolver);
	upstream = listener_at(p->resolver);
	data.server = *build_server(p->arena, &zone, 1, NULL, 0);
	p->service = service_new(&o, &data);
	ours.ctx = service_worker(p->service, 0, p->loop);
	p->ours = listen_with(p, &ours);
}

static void play_end(struct play *p)
{
	listener_free(p->ours);
	listener_free(p->resolver);
	service_free(p->service);
	net_loop_free(p->loop);
	arena_free(p->arena);
}

static void take(void *ctx, const uint8_t *reply, size_t len)
{
	struct play *p = ctx;
	struct msg m;

	assert_non_null(reply);
	assert_int_equal(msg_decode(p->arena, reply, len, &m), 0);
	p->got[p->came++] = describe(p->arena, &m);
}

static struct net_ask *ask(struct play *p, const char *question)
{
	struct endpoint at = listener_at(p->ours);
	struct msg query = build_query(p->arena, question);
	uint8_t wire[512];
	size_t len = msg_encode(&query, wire, sizeof(wire));

	return net_ask(p->loop, &at, wire, len, 20000000, take, p);
}

static void await(struct play *p, unsigned replies)
{
	while (p->came < replies)
		net_loop_once(p->loop, 1000000);
}

#define WWW_A "www.elsewhere.org. 300 A 192.0.2.7\n"
#define SOA "elsewhere.org. 300 SOA ns. mail. 1 1 1 1 30\n"

/* What an ALIAS to the outside comes to (alias.h), by what the resolver says. */
static const struct row {
	const char *name;
	const char *says;
	uint16_t rcode;
	const char *want;
} rows[] = {
	{ "the target's address stands at the owner", WWW_A, RCODE_NOERROR,
		"NOERROR aa: a.example.net 300 A 192.0.2.7" },
	{ "the TTL is the lowest of the chain",
		"www.elsewhere.org. 20 CNAME x.example.com.\n"
		"x.example.com. 40 A 192.0.2.8\n",
		RCODE_NOERROR, "NOERROR aa: a.example.net 20 A 192.0.2.8" },
	{ "an address that the chain does not lead to is not taken",
		"evil.example.com. 40 A 192.0.2.66\n" WWW_A, RCODE_NOERROR,
		"NOERROR aa: a.example.net 300 A 192.0.2.7" },
	{ "a target without addresses is no data", SOA, RCODE_NOERROR,
		"NOERROR aa; example.net 60 SOA" },
	{ "a target that does not exist is no data", SOA, RCODE_NXDOMAIN,
		"NOERROR aa; example.net 60 SOA" },
	{ "a resolver that fails is SERVFAIL", "", RCODE_SERVFAIL, "SERVFAIL" },
	{ "a resolver that refuses is SERVFAIL", "", RCODE_REFUSED, "SERVFAIL" },
};

static void alias_gets(void **state)
{
	const struct row *row = *state;
	struct play p;

	play_begin(&p, row->says, row->rcode);
	ask(&p, "A a.example.net");
	await(&p, 1);
	assert_string_equal(p.got[0], row->want);
	assert_true(p.asked_well);
	/* Remembered: good, bad, or failed (RFC 2308 7.1, RFC 9520). */
	assert_int_equal(p.asked, 1);
	ask(&p, "A a.example.net");
	await(&p, 2);
	assert_string_equal(p.got[1], row->want);
	assert_int_equal(p.asked, 1);
	play_end(&p);
}

static void those_who_wait_for_one_target_share_the_question(void **state)
{
	struct play p;

	(void)state;
	play_begin(&p, WWW_A, RCODE_NOERROR);
	ask(&p, "A a.example.net");
	ask(&p, "A b.example.net");
	ask(&p, "A a.example.net");
	await(&p, 3);
	assert_int_equal(p.asked, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(strstr(p.got[i], "300 A 192.0.2.7"));
	play_end(&p);
}

static void what_needs_no_target_does_not_wait(void **state)
{
	struct net_ask *waits;
	struct play p;

	(void)state;
	play_begin(&p, NULL, RCODE_NOERROR);
	waits = ask(&p, "A a.example.net");
	ask(&p, "A ns1.example.net");
	await(&p, 1);
	assert_string_equal(p.got[0], "NOERROR aa: ns1.example.net 300 A 192.0.2.53");
	/* The other waits still: its request goes with the service. */
	net_ask_cancel(waits);
	play_end(&p);
}

static void a_ttl_of_zero_is_enough_for_who_waited(void **state)
{
	struct play p;

	(void)state;
	play_begin(&p, "www.elsewhere.org. 0 A 192.0.2.7\n", RCODE_NOERROR);
	ask(&p, "A a.example.net");
	await(&p, 1);
	assert_string_equal(p.got[0], "NOERROR aa: a.example.net 0 A 192.0.2.7");
	play_end(&p);
}

static void other_targets_and_types_are_other_questions(void **state)
{
	struct play p;

	(void)state;
	play_begin(&p, SOA, RCODE_NOERROR);
	ask(&p, "A a.example.net");
	ask(&p, "AAAA a.example.net");
	ask(&p, "A c.example.net");
	await(&p, 3);
	assert_int_equal(p.asked, 3);
	play_end(&p);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, alias_gets);
	TESTS_ADD(those_who_wait_for_one_target_share_the_question);
	TESTS_ADD(what_needs_no_target_does_not_wait);
	TESTS_ADD(a_ttl_of_zero_is_enough_for_who_waited);
	TESTS_ADD(other_targets_and_types_are_other_questions);
	return tests_run("server-upstream");
}
