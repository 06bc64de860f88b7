/* A world in a netns of its own, and clients of it: this program's main thread, on the
 * client's side. What the emulated resolver says is held against a drive in memory. */
#include "run/lab-world.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "lab/netns.h"
#include "mta/profile.h"
#include "net/link.h"
#include "net/listen.h"
#include "net/loop.h"
#include "resolver/policy.h"
#include "run/drive.h"
#include "scenario/parse.h"
#include "support/test.h"
#include "support/zones.h"

/* Far beyond what any of these tests takes. */
#define PATIENCE_US UINT64_C(20000000)

#define SEED 7

/* Why there are no namespaces here, or "". */
static char no_namespaces[NETNS_WHY_MAX];

/* ---- a world ---- */

struct lab {
	struct arena *arena;
	struct world world;
	struct netns *ns;
	struct lab_world *lw;
	struct net_loop *loop; /* of the clients */
	char why[LAB_WHY_MAX];
};

static void write_scenario(struct str *s, const char *quirks, const char *more)
{
	str_printf(s,
		"scenario: one\ntitle: a world\ngroup: edges\nsource: RFC 1034\n"
		"resolvers: ideal\nclients: rfc5321\n"
		"servers:\n"
		"  - zone: mywebservice.com\n    at: 192.0.2.53\n    mode: flatten\n"
		"    data: |\n"
		"      $TTL 300\n"
		"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
		"      @ NS ns1\n"
		"      ns1 A 192.0.2.53\n"
		"      mail A 192.0.2.25\n"
		"      closed A 192.0.2.26\n"
		"      customer MX 10 mail\n"
		"      flat CNAME shop.offsite.net.\n"
		"%s"
		"  - zone: offsite.net\n    at: [\"2001:db8::53\", 198.51.100.53]\n"
		"    data: |\n"
		"      $TTL 300\n"
		"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
		"      @ NS ns1\n"
		"      ns1 AAAA 2001:db8::53\n"
		"      ns1 A 198.51.100.53\n"
		"      alias CNAME shop\n"
		"      shop A 198.51.100.7\n",
		quirks);
	for (unsigned i = 1; i <= 60; i++)
		str_printf(s,
			"      large TXT \"number %u of many, all of them long\"\n", i);
	str_printf(s,
		"hosts:\n"
		"  - { name: mail.mywebservice.com, smtp: { accepts: "
		"[customer.mywebservice.com] }, http: {} }\n"
		"  - { name: closed.mywebservice.com, smtp: { connection: refused } }\n"
		"  - { name: mx.sender.example.net, at: 203.0.113.10, smtp: {} }\n"
		"%s"
		"addresses:\n"
		"  - address: user@customer.mywebservice.com\n"
		"    intended: mail.mywebservice.com\n"
		"    expect: { verdict: [delivered, misdelivered, rejected, deferred, "
		"bounced, unknown] }\n",
		more);
}

static const struct scenario *parse(
	struct arena *a, const char *quirks, const char *more, const char *steps)
{
	struct str text = STR_INIT;
	struct scenario *got = NULL;
	struct errs errs;
	unsigned n = 0;

	write_scenario(&text, quirks, more);
	str_puts(&text, steps);
	errs_init(&errs, a);
	scenario_parse_text(a, "one.conf", arena_strdup(a, text.data), text.len,
		profile_set_new(a), &errs, &got, &n);
	errs_print(&errs, stdout, false);
	assert_int_equal(errs.n, 0);
	str_clear(&text);
	return got;
}

/* Stays on the client's side until the next test. */
static void make_netns(struct lab *lab)
{
	struct netns_options o = { 0 };

	o.n_world = lab_world_addresses(lab->arena, &lab->world, &o.world);
	if (no_namespaces[0] == '\0')
		lab->ns = netns_new(&o, lab->why);
	else
		memcpy(lab->why, no_namespaces, sizeof(no_namespaces));
	if (lab->ns == NULL) {
		print_message("skipped: %s\n", lab->why);
		arena_free(lab->arena);
		skip();
	}
	assert_int_equal(netns_enter(lab->ns, NETNS_CLIENT), 0);
}

static struct lab_world_options options(const struct lab *lab, const char *policy)
{
	return (struct lab_world_options){
		.world = &lab->world,
		.netns = lab->ns,
		.emulated = policy == NULL ? NULL : resolver_policy(policy),
		.seed = SEED,
	};
}

static void lab_start(
	struct lab *lab, const struct scenario *s, struct arena *a, const char *policy)
{
	struct lab_world_options o;

	*lab = (struct lab){ .arena = a };
	world_build(a, s, &lab->world);
	make_netns(lab);
	o = options(lab, policy);
	lab->lw = lab_world_new(&o, lab->why);
	if (lab->lw == NULL)
		fail_msg("%s", lab->why);
	lab->loop = net_loop_new();
}

static void start(struct lab *lab, const char *policy)
{
	struct arena *a = arena_new();

	lab_start(lab, parse(a, "", "", ""), a, policy);
}

static void end(struct lab *lab)
{
	net_loop_free(lab->loop);
	lab_world_free(lab->lw);
	netns_free(lab->ns);
	arena_free(lab->arena);
}

static struct lab_log log_of(struct lab *lab)
{
	struct lab_log ret;

	lab_world_log(lab->lw, lab->arena, &ret);
	return ret;
}

/* Until so many mails are written down. */
static struct lab_log after_mails(struct lab *lab, size_t n)
{
	struct lab_log log = log_of(lab);

	while (log.n_mails < n) {
		if (lab_world_wait(lab->lw, log.moves, PATIENCE_US) == log.moves)
			fail_msg("%zu mails of %zu", log.n_mails, n);
		log = log_of(lab);
	}
	return log;
}

/* ---- its clients ---- */

static struct endpoint port_of(const char *ip, uint16_t port)
{
	struct endpoint e;

	assert_int_equal(endpoint_from_text(ip, port, &e), 0);
	return e;
}

static struct net_link *dial(struct lab *lab, const char *server, bool tcp)
{
	struct endpoint to = port_of(server, 53);
	struct net_link *k = net_link_open(lab->loop, &to, tcp);

	if (k == NULL)
		fail_msg("%s: %s", server, strerror(errno));
	return k;
}

/* "MX customer.mywebservice.com" */
static struct question question_of(struct arena *a, const char *text)
{
	char type[16], name[256];

	assert_int_equal(sscanf(text, "%15s %255s", type, name), 2);
	return (struct question){ name_literal(a, name), rrtype_from_text(type),
		CLASS_IN };
}

/* The reply's octets; 0 when none came within the time. */
static size_t exchange(struct lab *lab, const char *server, bool tcp,
	const uint8_t *query, size_t len, uint8_t reply[NET_TCP_ROOM], uint64_t us)
{
	struct net_link *k = dial(lab, server, tcp);
	ssize_t n;

	assert_int_equal(net_link_send(k, query, len), 0);
	n = net_link_receive(k, reply, NET_TCP_ROOM, us);
	net_link_close(k);
	return n < 0 ? 0 : (size_t)n;
}

static const struct msg *ask_with(
	struct lab *lab, const char *server, bool tcp, const struct msg *query)
{
	static uint8_t reply[NET_TCP_ROOM];
	struct msg *m = arena_alloc(lab->arena, sizeof(*m));
	uint8_t wire[512];
	size_t n = msg_encode(query, wire, sizeof(wire));

	n = exchange(lab, server, tcp, wire, n, reply, PATIENCE_US);
	assert_true(n > 0);
	assert_int_equal(msg_decode(lab->arena, reply, n, m), 0);
	assert_true(m->qr);
	assert_int_equal(m->id, query->id);
	return m;
}

static const struct msg *ask(
	struct lab *lab, const char *server, bool tcp, const char *question)
{
	static uint16_t id;
	struct question q = question_of(lab->arena, question);
	struct msg query;

	msg_init_query(&query, ++id, &q, true);
	return ask_with(lab, server, tcp, &query);
}

/* "NOERROR: MX 10 mail.mywebservice.com" */
static const char *in_words(struct arena *a, const struct msg *m)
{
	char rcode[RCODE_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	struct str s = STR_INIT;
	const char *ret;

	str_printf(&s, "%s%s", rcode_to_text(m->rcode, rcode), m->tc ? " tc" : "");
	for (unsigned i = 0; i < m->section[ANSWER].n; i++) {
		const struct rr *rr = &m->section[ANSWER].rr[i];

		str_printf(&s, "%s %s ", i == 0 ? ":" : ",",
			rrtype_to_text(rr->type, type));
		rr_put_rdata(&s, rr);
	}
	ret = arena_strdup(a, s.data);
	str_clear(&s);
	return ret;
}

static const char *asked(struct lab *lab, const char *server, const char *question)
{
	return in_words(lab->arena, ask(lab, server, false, question));
}

/* Sends all of it to a mail host and reads to the end; false when nobody is there. */
static bool say(const char *ip, const char *lines)
{
	const struct timeval patience = { PATIENCE_US / 1000000, 0 };
	struct endpoint to = port_of(ip, 25);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&to, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char got[4096];
	ssize_t n;

	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
		0);
	if (connect(fd, (struct sockaddr *)&sa, len) != 0) {
		assert_int_equal(errno, ECONNREFUSED);
		close(fd);
		return false;
	}
	assert_int_equal(
		send(fd, lines, strlen(lines), MSG_NOSIGNAL), (ssize_t)strlen(lines));
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, got, sizeof(got), 0)) > 0)
		;
	assert_int_equal(n, 0);
	close(fd);
	return true;
}

/* ---- the emulated resolver ---- */

static const char *const questions[] = { "MX customer.mywebservice.com",
	"A customer.mywebservice.com", "A mail.mywebservice.com",
	"AAAA mail.mywebservice.com", "A flat.mywebservice.com", "A alias.offsite.net",
	"MX alias.offsite.net", "TXT large.offsite.net", "MX nowhere.mywebservice.com",
	"MX nowhere.example.org", "ANY customer.mywebservice.com" };
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static const char *const policies[] = { "ideal", "bare", "unbound-1.17", "bind-9.18",
	"dnsmasq-2.90" };

static const char *answer_of(struct lab *lab, struct drive *d, const char *question)
{
	struct question q = question_of(lab->arena, question);

	return msg_as_lines(lab->arena, drive_ask(d, &q));
}

/* What travels in a message of its own is not part of the resolver's answer. */
static const char *lines_of(struct lab *lab, const struct msg *m)
{
	struct msg bare = *m;

	bare.has_edns = false;
	bare.udp_size = 512;
	return msg_as_lines(lab->arena, &bare);
}

static void the_front_says_what_the_emulation_says(void **state)
{
	for (size_t p = 0; p < sizeof(policies) / sizeof(policies[0]); p++) {
		const struct resolver_policy *policy = resolver_policy(policies[p]);
		struct drive d;
		struct lab lab;

		if (policy == NULL)
			fail_msg("no policy %s", policies[p]);
		start(&lab, policies[p]);
		drive_init(&d, lab.arena, &lab.world, policy, SEED, NULL);
		for (size_t i = 0; i < QUESTIONS; i++) {
			const char *want = answer_of(&lab, &d, questions[i]);
			const struct msg *got =
				ask(&lab, LAB_FRONT, i % 2 > 0, questions[i]);

			if (got->tc)
				got = ask(&lab, LAB_FRONT, true, questions[i]);
			assert_true(got->ra && got->rd && got->has_edns);
			assert_string_equal(lines_of(&lab, got), want);
		}
		end(&lab);
	}
	(void)state;
}

static void questions_are_written_down_with_their_answers(void **state)
{
	struct lab_log log;
	struct lab lab;

	(void)state;
	start(&lab, "ideal");
	for (size_t i = 0; i < QUESTIONS; i++)
		ask(&lab, LAB_FRONT, i % 2 == 0, questions[i]);
	ask(&lab, LAB_FRONT, false, "MX sender.example.net");
	log = log_of(&lab);
	assert_int_equal(log.n_questions, QUESTIONS + 1);
	assert_int_equal(log.moves, 2 * (QUESTIONS + 1));
	assert_false(log.cut);
	for (size_t i = 0; i < QUESTIONS; i++) {
		const struct lab_question *q = &log.questions[i];
		struct question want = question_of(lab.arena, questions[i]);

		assert_true(name_equal(q->question.name, want.name));
		assert_int_equal(q->question.type, want.type);
		assert_int_equal(q->tcp, i % 2 == 0);
		assert_false(q->ours || q->again);
		assert_true(i == 0 || q->t_us >= q[-1].t_us);
		assert_non_null(q->answer);
	}
	assert_true(log.questions[QUESTIONS].ours);
	assert_string_equal(in_words(lab.arena, log.questions[0].answer),
		"NOERROR: MX 10 mail.mywebservice.com");
	lab_world_forget(lab.lw);
	log = log_of(&lab);
	assert_int_equal(log.n_questions, 0);
	end(&lab);
}

static void a_repetition_is_known(void **state)
{
	struct question q;
	struct lab_log log;
	struct msg query;
	uint8_t wire[512], reply[4096];
	struct net_link *k;
	struct lab lab;
	size_t n;

	(void)state;
	start(&lab, "ideal");
	q = question_of(lab.arena, questions[0]);
	msg_init_query(&query, 1, &q, true);
	n = msg_encode(&query, wire, sizeof(wire));
	k = dial(&lab, LAB_FRONT, false);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(net_link_send(k, wire, n), 0);
		assert_true(net_link_receive(k, reply, sizeof(reply), PATIENCE_US) > 0);
	}
	net_link_close(k);
	log = log_of(&lab);
	assert_int_equal(log.n_questions, 2);
	assert_true(!log.questions[0].again && log.questions[1].again);
	end(&lab);
}

/* RFC 1035 4.2.1: 512 octets without EDNS. A TXT record here takes 47 or 48. */
static void what_is_too_large_for_a_datagram_is_truncated(void **state)
{
	static const struct {
		bool edns;
		uint16_t size;
		unsigned records;
	} sizes[] = { { false, 512, 10 }, { true, 512, 9 }, { true, 1232, 24 },
		{ true, 4096, 24 } };
	struct question q;
	struct msg query;
	struct lab lab;

	(void)state;
	start(&lab, "ideal");
	q = question_of(lab.arena, "TXT large.offsite.net");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct msg *m;

		msg_init_query(&query, (uint16_t)i, &q, true);
		query.has_edns = sizes[i].edns;
		query.udp_size = sizes[i].size;
		m = ask_with(&lab, LAB_FRONT, false, &query);
		assert_true(m->tc);
		assert_int_equal(m->has_edns, sizes[i].edns);
		assert_int_equal(m->section[ANSWER].n, sizes[i].records);
		m = ask_with(&lab, LAB_FRONT, true, &query);
		assert_false(m->tc);
		assert_int_equal(m->section[ANSWER].n, 60);
	}
	end(&lab);
}

static void a_question_comes_back_in_its_own_letters(void **state)
{
	const struct msg *m;
	struct lab lab;

	(void)state;
	start(&lab, "ideal");
	ask(&lab, LAB_FRONT, false, "MX customer.mywebservice.com");
	m = ask(&lab, LAB_FRONT, false, "MX cUSTomer.myWEBservice.com");
	assert_string_equal(
		name_text(lab.arena, m->question.name), "cUSTomer.myWEBservice.com");
	assert_int_equal(m->section[ANSWER].n, 1);
	end(&lab);
}

static const struct odd_row {
	const char *name;
	const char *query;
	size_t len;
	const char *want; /* rcode; NULL: silence */
} odd_rows[] = {
#define ODD(text) text, sizeof(text) - 1
	{ "a query without a question is a format error",
		ODD("\0\1\1\0\0\0\0\0\0\0\0\0"), "FORMERR" },
	{ "so is one that is cut off", ODD("\0\1\1\0\0\1\0\0\0\0\0\0\3net\0\0"),
		"FORMERR" },
	{ "an UPDATE is not implemented",
		ODD("\0\1\x28\0\0\1\0\0\0\0\0\0\3net\0\0\6\0\1"), "NOTIMP" },
	{ "another class is refused", ODD("\0\1\1\0\0\1\0\0\0\0\0\0\3net\0\0\1\0\3"),
		"REFUSED" },
	{ "EDNS of a later version is refused (RFC 6891 6.1.3)",
		ODD("\0\1\1\0\0\1\0\0\0\0\0\1\3net\0\0\1\0\1"
		    "\0\0\x29\4\xd0\0\1\0\0\0\0"),
		"BADVERS" },
	{ "a reply is not answered", ODD("\0\1\x81\0\0\1\0\0\0\0\0\0\3net\0\0\1\0\1"),
		NULL },
	{ "half a header is not answered", ODD("\0\1\1\0\0"), NULL },
};

static void an_odd_query(void **state)
{
	const struct odd_row *row = *state;
	uint8_t reply[NET_TCP_ROOM];
	char rcode[RCODE_TEXT_MAX];
	struct net_link *k;
	struct lab lab;
	struct msg m;
	ssize_t n;

	start(&lab, "ideal");
	k = dial(&lab, LAB_FRONT, false);
	assert_int_equal(net_link_send(k, (const uint8_t *)row->query, row->len), 0);
	if (row->want == NULL) {
		/* What comes is the answer to the next. */
		row = &odd_rows[0];
		assert_int_equal(
			net_link_send(k, (const uint8_t *)row->query, row->len), 0);
	}
	n = net_link_receive(k, reply, sizeof(reply), PATIENCE_US);
	assert_true(n > 0);
	assert_int_equal(msg_decode(lab.arena, reply, (size_t)n, &m), 0);
	assert_string_equal(rcode_to_text(m.rcode, rcode), row->want);
	net_link_close(k);
	end(&lab);
}

static void what_primes_the_cache_is_not_written_down(void **state)
{
	static const char before[] = "before: [A shop.offsite.net, wait 30s]\n";
	const struct resolver_policy *policy = resolver_policy("unbound-1.17");
	struct arena *a = arena_new();
	struct drive cold, warm;
	bool differs = false;
	struct lab lab;

	(void)state;
	lab_start(&lab, parse(a, "", "", before), a, "unbound-1.17");
	drive_init(&cold, a, &lab.world, policy, SEED, NULL);
	drive_init(&warm, a, &lab.world, policy, SEED, NULL);
	drive_prime(&warm);
	lab_world_prime(lab.lw);
	assert_int_equal(log_of(&lab).n_questions, 0);
	for (size_t i = 0; i < QUESTIONS; i++) {
		const char *want = answer_of(&lab, &warm, questions[i]);

		assert_string_equal(
			lines_of(&lab, ask(&lab, LAB_FRONT, true, questions[i])), want);
		if (strcmp(want, answer_of(&lab, &cold, questions[i])) != 0)
			differs = true;
	}
	assert_true(differs);
	end(&lab);
}

/* ---- the front itself ---- */

static const struct own_row {
	const char *name, *question, *want;
	bool ours;
} own_rows[] = {
	{ "the sender's mail host is known", "MX sender.example.net",
		"NOERROR: MX 10 notify.sender.example.net", true },
	{ "and has an address", "A notify.sender.example.net",
		"NOERROR: A 198.19.255.248", true },
	{ "the client's own name has its address", "A mx.sender.example.net",
		"NOERROR: A 203.0.113.10", true },
	{ "addresses have no names", "PTR 25.2.0.192.in-addr.arpa", "NXDOMAIN", true },
	{ "what a search list makes does not exist",
		"MX nowhere.example.org.sender.example.net", "NXDOMAIN", true },
	{ "the world is asked for its names", "A mail.mywebservice.com",
		"NOERROR: A 192.0.2.25", false },
};

static void is_answered(void **state)
{
	const struct own_row *row = *state;
	struct lab_log log;
	struct lab lab;

	start(&lab, "ideal");
	assert_string_equal(asked(&lab, LAB_FRONT, row->question), row->want);
	log = log_of(&lab);
	assert_int_equal(log.n_questions, 1);
	assert_int_equal(log.questions[0].ours, row->ours);
	assert_string_equal(in_words(lab.arena, log.questions[0].answer), row->want);
	end(&lab);
}

/* ---- name servers of the world ---- */

static const struct server_row {
	const char *name, *server, *question, *want;
} server_rows[] = {
	{ "a server answers at its address", "192.0.2.53",
		"MX customer.mywebservice.com",
		"NOERROR: MX 10 mail.mywebservice.com" },
	{ "and at an IPv6 address", "2001:db8::53", "A shop.offsite.net",
		"NOERROR: A 198.51.100.7" },
	{ "and at another", "198.51.100.53", "A shop.offsite.net",
		"NOERROR: A 198.51.100.7" },
	{ "for its own zones only", "198.51.100.53", "MX customer.mywebservice.com",
		"REFUSED" },
	{ "a provider looks up its target", "192.0.2.53", "A flat.mywebservice.com",
		"NOERROR: A 198.51.100.7" },
	{ "the root that was made delegates", "198.19.255.253", "NS .",
		"NOERROR: NS a.root" },
	{ "a resolver is there for those that forward", LAB_UPSTREAM,
		"A alias.offsite.net",
		"NOERROR: CNAME shop.offsite.net, A 198.51.100.7" },
	{ "it knows the names of the world only", LAB_UPSTREAM, "MX sender.example.net",
		"NXDOMAIN" },
};

static void a_server_answers(void **state)
{
	const struct server_row *row = *state;
	struct lab lab;

	start(&lab, "ideal");
	assert_string_equal(asked(&lab, row->server, row->question), row->want);
	assert_string_equal(
		in_words(lab.arena, ask(&lab, row->server, true, row->question)),
		row->want);
	/* Who asks there is not a client. */
	assert_int_equal(log_of(&lab).n_questions, 0);
	end(&lab);
}

#define QUIRK(text) "    quirks: [ { quirk: " text ", type: MX } ]\n"

static const char new_mx[] =
	"steps:\n"
	"  - at: 10s\n    title: MX moves\n"
	"    change: { zone: mywebservice.com, set: \"customer 300 MX 10 closed\" }\n"
	"  - at: 10m\n    title: the mail host moves\n"
	"    change: { zone: mywebservice.com, set: \"mail 300 A 192.0.2.27\" }\n"
	"  - at: 20m\n    title: the server fails once more\n"
	"    change: { server: mywebservice.com, quirks: [ { quirk: refused, count: 1 "
	"} ] }\n";

static void a_quirk_that_has_acted_stays_done(void **state)
{
	struct arena *a = arena_new();
	struct lab lab;

	(void)state;
	lab_start(&lab, parse(a, QUIRK("servfail, count: 1"), "", new_mx), a, "ideal");
	assert_string_equal(asked(&lab, "192.0.2.53", questions[0]), "SERVFAIL");
	assert_string_equal(asked(&lab, "192.0.2.53", questions[0]),
		"NOERROR: MX 10 mail.mywebservice.com");
	assert_int_equal(lab_world_enter(lab.lw, 1, lab.why), 0);
	assert_string_equal(asked(&lab, "192.0.2.53", questions[0]),
		"NOERROR: MX 10 closed.mywebservice.com");
	assert_int_equal(lab_world_enter(lab.lw, 3, lab.why), 0);
	assert_string_equal(asked(&lab, "192.0.2.53", questions[0]), "REFUSED");
	end(&lab);
}

/* TTL 300: at 10 s the resolver has the old MX, at 10 min it asks. */
static void the_emulated_resolver_s_clock_moves_with_the_world(void **state)
{
	struct arena *a = arena_new();
	struct lab lab;

	(void)state;
	lab_start(&lab, parse(a, "", "", new_mx), a, "unbound-1.17");
	assert_string_equal(asked(&lab, LAB_FRONT, questions[0]),
		"NOERROR: MX 10 mail.mywebservice.com");
	assert_int_equal(lab_world_enter(lab.lw, 1, lab.why), 0);
	assert_string_equal(asked(&lab, LAB_FRONT, questions[0]),
		"NOERROR: MX 10 mail.mywebservice.com");
	assert_int_equal(lab_world_enter(lab.lw, 2, lab.why), 0);
	assert_string_equal(asked(&lab, LAB_FRONT, questions[0]),
		"NOERROR: MX 10 closed.mywebservice.com");
	assert_string_equal(asked(&lab, LAB_UPSTREAM, questions[0]),
		"NOERROR: MX 10 closed.mywebservice.com");
	end(&lab);
}

/* ---- mail ---- */

#define MESSAGE(rcpt)                                                                  \
	"EHLO client\r\nMAIL FROM:<>\r\nRCPT TO:<" rcpt ">\r\nDATA\r\n"                \
	"Subject: x\r\n\r\nStatus: 5.1.1\r\n.\r\nQUIT\r\n"

static const char moved_mail[] =
	"steps:\n"
	"  - at: 10m\n    title: the mail host moves\n"
	"    change: { zone: mywebservice.com, set: \"mail 300 A 192.0.2.27\" "
	"}\n";

static void a_message_is_written_down(void **state)
{
	const struct lab_mail *m;
	struct lab_log log;
	struct lab lab;

	(void)state;
	start(&lab, "ideal");
	assert_true(say("192.0.2.25", MESSAGE("user@customer.mywebservice.com")));
	log = after_mails(&lab, 1);
	m = &log.mails[0];
	assert_string_equal(m->host, "mail.mywebservice.com");
	assert_false(m->notification);
	assert_string_equal(m->helo, "client");
	assert_string_equal(m->from, "");
	assert_int_equal(m->n_rcpts, 1);
	assert_string_equal(m->rcpts[0].address, "user@customer.mywebservice.com");
	assert_int_equal(m->rcpts[0].code, 250);
	assert_string_equal(m->headers, "Subject: x\n");
	assert_string_equal(sink_end_name(m->end), "taken");
	assert_int_equal(log.n_mails, 1);
	end(&lab);
}

static void a_notification_has_its_body(void **state)
{
	const struct lab_mail *m;
	struct lab_log log;
	struct lab lab;

	(void)state;
	start(&lab, "ideal");
	assert_true(say(LAB_SENDER_HOST, MESSAGE("sender@sender.example.net")));
	log = after_mails(&lab, 1);
	m = &log.mails[0];
	assert_null(m->host);
	assert_true(m->notification);
	assert_string_equal(m->body, "Status: 5.1.1\n");
	end(&lab);
}

static void a_connection_without_a_message_moves(void **state)
{
	struct lab_log log;
	struct lab lab;

	(void)state;
	start(&lab, "ideal");
	assert_true(say("192.0.2.25", "QUIT\r\n"));
	log = after_mails(&lab, 1);
	assert_null(log.mails[0].from);
	assert_int_equal(log.moves, 2); /* its beginning and its end */
	end(&lab);
}

/* With the client still there; notifications are none. */
static void a_refusal_is_known_at_once(void **state)
{
	static const char refused[] =
		"EHLO client\r\nMAIL FROM:<>\r\nRCPT TO:<user@elsewhere.example>\r\n";
	struct endpoint to = port_of("192.0.2.25", 25);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&to, &sa);
	struct lab_log log;
	struct lab lab;
	int fd;

	(void)state;
	start(&lab, "ideal");
	assert_true(say(LAB_SENDER_HOST, MESSAGE("sender@sender.example.net")));
	log = after_mails(&lab, 1);
	assert_true(log.offer == NULL && log.n_met == 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(send(fd, refused, strlen(refused), MSG_NOSIGNAL),
		(ssize_t)strlen(refused));
	for (; log.offer == NULL; log = log_of(&lab))
		assert_int_not_equal(
			lab_world_wait(lab.lw, log.moves, PATIENCE_US), log.moves);
	assert_int_equal(log.offer->rcpts[0].code, 550);
	assert_string_equal(log.offer->host, "mail.mywebservice.com");
	assert_int_equal(log.n_mails, 1);
	assert_int_equal(log.n_met, 1);
	close(fd);
	end(&lab);
}

/* mx.sender.example.net is at the client's address. */
static void a_host_of_the_client_is_opened_on_its_side(void **state)
{
	struct arena *a = arena_new();
	struct lab_log log;
	struct lab lab;

	(void)state;
	lab_start(&lab, parse(a, "", "", moved_mail), a, "ideal");
	assert_false(say("203.0.113.10", "QUIT\r\n"));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lab_world_open_own(lab.lw, lab.why), 0);
		assert_true(say("203.0.113.10", "QUIT\r\n"));
	}
	log = after_mails(&lab, 2);
	assert_string_equal(log.mails[0].host, "mx.sender.example.net");
	assert_int_equal(log.n_met, 2);
	/* What comes next is opened on the world's side again. */
	assert_int_equal(lab_world_enter(lab.lw, 1, lab.why), 0);
	assert_true(say("192.0.2.27", "QUIT\r\n"));
	lab_world_close_own(lab.lw);
	assert_false(say("203.0.113.10", "QUIT\r\n"));
	end(&lab);
}

static void a_mail_server_s_own_port_is_left_to_it(void **state)
{
	struct endpoint at = port_of("203.0.113.10", 25);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&at, &sa);
	struct lab lab;
	int fd, one;

	(void)state;
	start(&lab, "ideal");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(lab_world_open_own(lab.lw, lab.why), 0);
	one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(one, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(log_of(&lab).n_met, 0);
	close(one);
	close(fd);
	end(&lab);
}

static void a_closed_port_refuses(void **state)
{
	struct lab lab;

	(void)state;
	start(&lab, "ideal");
	assert_false(say("192.0.2.26", "QUIT\r\n"));
	end(&lab);
}

static void hosts_move_with_the_world(void **state)
{
	struct arena *a = arena_new();
	struct lab_log log;
	struct lab lab;

	(void)state;
	lab_start(&lab, parse(a, "", "", moved_mail), a, "ideal");
	assert_true(say("192.0.2.25", "QUIT\r\n"));
	assert_false(say("192.0.2.27", "QUIT\r\n"));
	assert_int_equal(lab_world_enter(lab.lw, 1, lab.why), 0);
	assert_false(say("192.0.2.25", "QUIT\r\n"));
	assert_true(say("192.0.2.27", "QUIT\r\n"));
	log = after_mails(&lab, 2);
	assert_string_equal(log.mails[1].host, "mail.mywebservice.com");
	end(&lab);
}

/* A host that the step leaves alone keeps its connections. */
static void a_session_outlives_a_stage(void **state)
{
	struct arena *a = arena_new();
	struct endpoint to = port_of("192.0.2.25", 25);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&to, &sa);
	struct lab_log log;
	struct lab lab;
	char byte;
	int fd;

	(void)state;
	lab_start(&lab, parse(a, "", "", new_mx), a, "ideal");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(recv(fd, &byte, 1, 0), 1); /* the greeting */
	assert_int_equal(lab_world_enter(lab.lw, 1, lab.why), 0);
	assert_int_equal(log_of(&lab).n_mails, 0);
	assert_int_equal(send(fd, "QUIT\r\n", 6, MSG_NOSIGNAL), 6);
	log = after_mails(&lab, 1);
	assert_string_equal(sink_end_name(log.mails[0].end), "quit");
	close(fd);
	end(&lab);
}

static void a_web_visit_moves(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: "
				  "close\r\n\r\n";
	struct endpoint to = port_of("192.0.2.25", 80);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&to, &sa);
	struct lab lab;
	int fd;

	(void)state;
	start(&lab, "ideal");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(
		send(fd, get, sizeof(get) - 1, MSG_NOSIGNAL), (ssize_t)sizeof(get) - 1);
	assert_int_equal(lab_world_wait(lab.lw, 0, PATIENCE_US), 1);
	close(fd);
	end(&lab);
}

/* ---- a real resolver ---- */

/* It says yes to all, in octets that no encoder of ours makes, and remembers what came;
 * in the world, in a thread of its own. */
struct real {
	const struct netns *ns;
	struct net_loop *loop;
	struct listener *listener;
	pthread_t thread;
	bool silent;
	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool ready;
	uint8_t came[512];
	size_t came_len;
	bool tcp;
	unsigned n;
	struct endpoint from;
};

static void serve(void *ctx, struct net_request *rq, unsigned n)
{
	struct real *r = ctx;

	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < n; i++) {
		r->came_len =
			rq[i].in_len < sizeof(r->came) ? rq[i].in_len : sizeof(r->came);
		memcpy(r->came, rq[i].in, r->came_len);
		r->tcp = rq[i].tcp;
		r->n++;
		net_request_from(&rq[i], &r->from);
		if (r->silent)
			continue;
		memcpy(rq[i].out, rq[i].in, rq[i].in_len);
		rq[i].out[2] |= 0x80; /* QR */
		rq[i].out[3] |= 0xe0; /* RA, Z and AD */
		rq[i].out_len = rq[i].in_len;
	}
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
}

static void *be_real(void *ctx)
{
	struct real *r = ctx;
	struct listener_options o = { .at = port_of(LAB_RESOLVER, 53) };
	struct net_handler h = { .handle = serve, .ctx = r };
	const char *what;

	if (netns_enter(r->ns, NETNS_WORLD) == 0)
		r->listener = listener_new(r->loop, &o, &h, &what);
	pthread_mutex_lock(&r->lock);
	r->ready = true;
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
	net_loop_run(r->loop);
	listener_free(r->listener);
	return NULL;
}

static void real_start(struct real *r, const struct netns *ns, bool silent)
{
	*r = (struct real){ .ns = ns, .loop = net_loop_new(), .silent = silent };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->moved, NULL);
	assert_int_equal(pthread_create(&r->thread, NULL, be_real, r), 0);
	pthread_mutex_lock(&r->lock);
	while (!r->ready)
		pthread_cond_wait(&r->moved, &r->lock);
	pthread_mutex_unlock(&r->lock);
	assert_non_null(r->listener);
}

static void real_end(struct real *r)
{
	net_loop_stop(r->loop);
	pthread_join(r->thread, NULL);
	net_loop_free(r->loop);
	pthread_cond_destroy(&r->moved);
	pthread_mutex_destroy(&r->lock);
}

/* id 0xabcd, RD and CD; EDNS with an option that nobody knows. */
static const uint8_t strange[] = "\xab\xcd\1\x10\0\1\0\0\0\0\0\1\4Shop\7ofFsite\3net\0"
				 "\0\1\0\1\0\0\x29\4\xd0\0\0\x80\0\0\6\xff\xf0\0\2hi";
#define STRANGE_LEN (sizeof(strange) - 1)

static void octets_are_handed_on_unchanged(void **state)
{
	for (int tcp = 0; tcp < 2; tcp++) {
		static uint8_t reply[NET_TCP_ROOM];
		struct endpoint front = port_of(LAB_FRONT, 53);
		uint8_t want[STRANGE_LEN];
		struct lab_log log;
		struct real r;
		struct lab lab;

		start(&lab, NULL);
		real_start(&r, lab.ns, false);
		memcpy(want, strange, STRANGE_LEN);
		want[2] |= 0x80;
		want[3] |= 0xe0;
		assert_int_equal(exchange(&lab, LAB_FRONT, tcp, strange, STRANGE_LEN,
					 reply, PATIENCE_US),
			STRANGE_LEN);
		assert_memory_equal(reply, want, STRANGE_LEN);
		real_end(&r);
		assert_int_equal(r.n, 1);
		assert_int_equal(r.tcp, tcp);
		assert_int_equal(r.came_len, STRANGE_LEN);
		assert_memory_equal(r.came, strange, STRANGE_LEN);
		assert_true(ip_equal(&r.from.ip, &front.ip));
		log = log_of(&lab);
		assert_int_equal(log.n_questions, 1);
		assert_true(log.questions[0].answer->ad);
		assert_string_equal(
			name_text(lab.arena, log.questions[0].question.name),
			"Shop.ofFsite.net");
		end(&lab);
	}
	(void)state;
}

static void what_is_ours_is_not_handed_on(void **state)
{
	struct real r;
	struct lab lab;

	(void)state;
	start(&lab, NULL);
	real_start(&r, lab.ns, false);
	assert_string_equal(asked(&lab, LAB_FRONT, "MX sender.example.net"),
		"NOERROR: MX 10 notify.sender.example.net");
	real_end(&r);
	assert_int_equal(r.n, 0);
	assert_true(log_of(&lab).questions[0].ours);
	end(&lab);
}

/* The world ends while the client still waits, over either transport. */
static void a_silent_resolver_is_silence(void **state)
{
	struct net_link *links[2];
	struct lab_log log;
	struct real r;
	struct lab lab;

	(void)state;
	start(&lab, NULL);
	real_start(&r, lab.ns, true);
	for (int tcp = 0; tcp < 2; tcp++) {
		links[tcp] = dial(&lab, LAB_FRONT, tcp);
		assert_int_equal(net_link_send(links[tcp], strange, STRANGE_LEN), 0);
	}
	pthread_mutex_lock(&r.lock);
	while (r.n < 2)
		pthread_cond_wait(&r.moved, &r.lock);
	pthread_mutex_unlock(&r.lock);
	log = log_of(&lab);
	assert_int_equal(log.n_questions, 2);
	for (int i = 0; i < 2; i++)
		assert_null(log.questions[i].answer);
	assert_int_equal(log.moves, 2);
	lab_world_free(lab.lw);
	lab.lw = NULL;
	for (int i = 0; i < 2; i++)
		net_link_close(links[i]);
	real_end(&r);
	end(&lab);
}

static void where_no_resolver_is_nothing_is_answered(void **state)
{
	static uint8_t reply[NET_TCP_ROOM];
	struct lab lab;

	(void)state;
	start(&lab, NULL);
	assert_int_equal(exchange(&lab, LAB_FRONT, false, strange, STRANGE_LEN, reply,
				 UINT64_C(50000)),
		0);
	assert_int_equal(log_of(&lab).n_questions, 1);
	assert_null(log_of(&lab).questions[0].answer);
	end(&lab);
}

/* ---- the world ---- */

static bool has(const struct ip *list, size_t n, const char *text)
{
	struct endpoint e = port_of(text, 0);

	for (size_t i = 0; i < n; i++) {
		if (ip_equal(&list[i], &e.ip))
			return true;
	}
	return false;
}

static void the_addresses_are_those_of_all_stages_but_the_client_s(void **state)
{
	static const char *const want[] = { LAB_FRONT, LAB_RESOLVER, LAB_UPSTREAM,
		LAB_SENDER_HOST, "192.0.2.53", "2001:db8::53", "198.51.100.53",
		"198.19.255.253", "192.0.2.25", "192.0.2.26", "192.0.2.27" };
	struct arena *a = arena_new();
	const struct ip *got;
	struct world world;
	size_t n;

	(void)state;
	world_build(a, parse(a, "", "", new_mx), &world);
	n = lab_world_addresses(a, &world, &got);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_true(has(got, n, want[i]));
	assert_false(has(got, n, "203.0.113.10"));
	assert_int_equal(n, sizeof(want) / sizeof(want[0]));
	arena_free(a);
}

static void a_port_that_is_taken_is_told(void **state)
{
	struct lab_world_options o;
	struct lab lab;

	(void)state;
	start(&lab, "ideal");
	o = options(&lab, "ideal");
	assert_null(lab_world_new(&o, lab.why));
	assert_non_null(strstr(lab.why, "cannot bind "));
	assert_non_null(strstr(lab.why, ":53: Address already in use"));
	/* The first one is as it was. */
	assert_string_equal(asked(&lab, LAB_FRONT, questions[0]),
		"NOERROR: MX 10 mail.mywebservice.com");
	end(&lab);
}

int main(void)
{
	if (netns_prepare(no_namespaces) == 0)
		no_namespaces[0] = '\0';
	TESTS_ADD(the_front_says_what_the_emulation_says);
	TESTS_ADD(questions_are_written_down_with_their_answers);
	TESTS_ADD(a_repetition_is_known);
	TESTS_ADD(what_is_too_large_for_a_datagram_is_truncated);
	TESTS_ADD(a_question_comes_back_in_its_own_letters);
	TESTS_ADD_ROWS(odd_rows, an_odd_query);
	TESTS_ADD(what_primes_the_cache_is_not_written_down);
	TESTS_ADD_ROWS(own_rows, is_answered);
	TESTS_ADD_ROWS(server_rows, a_server_answers);
	TESTS_ADD(a_quirk_that_has_acted_stays_done);
	TESTS_ADD(the_emulated_resolver_s_clock_moves_with_the_world);
	TESTS_ADD(a_message_is_written_down);
	TESTS_ADD(a_notification_has_its_body);
	TESTS_ADD(a_connection_without_a_message_moves);
	TESTS_ADD(a_refusal_is_known_at_once);
	TESTS_ADD(a_host_of_the_client_is_opened_on_its_side);
	TESTS_ADD(a_mail_server_s_own_port_is_left_to_it);
	TESTS_ADD(a_closed_port_refuses);
	TESTS_ADD(hosts_move_with_the_world);
	TESTS_ADD(a_session_outlives_a_stage);
	TESTS_ADD(a_web_visit_moves);
	TESTS_ADD(octets_are_handed_on_unchanged);
	TESTS_ADD(what_is_ours_is_not_handed_on);
	TESTS_ADD(a_silent_resolver_is_silence);
	TESTS_ADD(where_no_resolver_is_nothing_is_answered);
	TESTS_ADD(the_addresses_are_those_of_all_stages_but_the_client_s);
	TESTS_ADD(a_port_that_is_taken_is_told);
	return tests_run("run-lab-world");
}
