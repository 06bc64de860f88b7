/* Exchanges with the servers of a world over sockets: what comes back, in which virtual
 * time, and that nothing of one exchange gets into another. */
#include "run/loopback.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "mta/profile.h"
#include "net/endpoint.h"
#include "resolver/policy.h"
#include "run/drive.h"
#include "run/run.h"
#include "scenario/parse.h"
#include "support/test.h"

/* ---- a world and its network ---- */

struct net {
	struct arena *arena;
	const struct scenario *scenario;
	struct world world;
	struct loopback *loopback;
	struct server_state *states; /* of the first stage's servers */
};

/* Two providers; the second at an address of either family. */
static void write_world(struct str *s, const char *quirks, const char *more)
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
		"      customer MX 10 mail\n"
		"      flat CNAME shop.offsite.net.\n"
		"%s"
		"  - zone: offsite.net\n    at: [\"2001:db8::53\", 198.51.100.53]\n"
		"    data: |\n"
		"      $TTL 300\n"
		"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
		"      @ NS ns1\n"
		"      ns1 AAAA 2001:db8::53\n"
		"      shop A 198.51.100.7\n",
		quirks);
	for (unsigned i = 1; i <= 60; i++)
		str_printf(s,
			"      large TXT \"number %u of many, all of them long\"\n", i);
	str_printf(s,
		"hosts: [ { name: mail, at: 192.0.2.25, smtp: {} } ]\n"
		"addresses:\n"
		"  - address: user@customer.mywebservice.com\n"
		"    intended: mail\n"
		"    expect: { verdict: [delivered, misdelivered, rejected, deferred, "
		"bounced, unknown] }\n"
		"%s",
		more);
}

static const struct scenario *parse(
	struct arena *a, const char *quirks, const char *more)
{
	struct str text = STR_INIT;
	struct scenario *got = NULL;
	struct errs errs;
	unsigned n = 0;

	write_world(&text, quirks, more);
	errs_init(&errs, a);
	scenario_parse_text(a, "one.conf", arena_strdup(a, text.data), text.len,
		profile_set_new(a), &errs, &got, &n);
	errs_print(&errs, stdout, false);
	assert_int_equal(errs.n, 0);
	str_clear(&text);
	return got;
}

static void renew_states(struct net *n)
{
	const struct world_stage *stage = &n->world.stages[0];

	n->states = arena_array(n->arena, stage->n_servers, sizeof(*n->states));
	for (unsigned i = 0; i < stage->n_servers; i++)
		server_state_init(n->arena, &stage->servers[i], &n->states[i]);
}

static void net_start(struct net *n, const char *quirks)
{
	n->arena = arena_new();
	n->scenario = parse(n->arena, quirks, "");
	world_build(n->arena, n->scenario, &n->world);
	n->loopback = loopback_new();
	if (loopback_open(n->loopback, &n->world) != 0)
		fail_msg("%s", loopback_failure(n->loopback));
	renew_states(n);
}

static void net_end(struct net *n)
{
	loopback_free(n->loopback);
	arena_free(n->arena);
}

/* ---- one exchange ---- */

static struct ip ip(const char *text)
{
	struct ip ret;

	assert_int_equal(ip_from_text(text, &ret), 0);
	return ret;
}

static int no_provider(
	void *ctx, struct arena *a, const struct question *q, struct msg *ret)
{
	(void)ctx;
	(void)a;
	(void)q;
	(void)ret;
	return -1;
}

static void exchange(struct net *n, const char *at, bool tcp, const char *name,
	const char *type, struct reply *ret)
{
	static const struct server_upstream none = { no_provider, NULL };
	const struct question question = { name_literal(n->arena, name),
		(uint16_t)rrtype_from_text(type), CLASS_IN };
	const struct ip to = ip(at);
	struct msg query;
	struct loopback_query q = { .to = &to,
		.tcp = tcp,
		.query = &query,
		.server = (unsigned)world_server_at(&n->world.stages[0], &to),
		.upstream = &none };

	msg_init_query(&query, 4711, &question, false);
	q.state = &n->states[q.server];
	loopback_exchange(n->loopback, &q, ret);
}

/* "NOERROR aa tc 3", its number of answers, and delay and quirk; "nothing"; "garbage".
 */
static const char *in_words(struct net *n, const struct reply *r)
{
	char rcode[RCODE_TEXT_MAX];
	struct msg m;

	if (r->dropped)
		return arena_printf(n->arena, "nothing%s%s", r->quirk ? ", " : "",
			r->quirk ? r->quirk : "");
	if (msg_decode(n->arena, r->raw, r->raw_len, &m) != 0)
		return arena_printf(n->arena, "garbage, %zu octets", r->raw_len);
	return arena_printf(n->arena, "%s%s%s%s %u%s%s%s",
		rcode_to_text(m.rcode, rcode), m.id == 4711 ? "" : " (another id)",
		m.aa ? " aa" : "", m.tc ? " tc" : "", m.section[ANSWER].n,
		r->delay_us == 0	  ? ""
		: r->delay_us == 60000000 ? " after a minute"
					  : " late",
		r->quirk ? ", " : "", r->quirk ? r->quirk : "");
}

static const char *asked(
	struct net *n, const char *at, bool tcp, const char *name, const char *type)
{
	struct reply r;

	exchange(n, at, tcp, name, type, &r);
	if (loopback_failure(n->loopback) != NULL)
		fail_msg("%s", loopback_failure(n->loopback));
	return in_words(n, &r);
}

#define CUSTOMER "customer.mywebservice.com"
#define OURS "192.0.2.53"
#define QUIRK(text) "    quirks: [ { quirk: " text ", type: MX } ]\n"

struct row {
	const char *name;
	const char *quirks;
	const char *at, *owner, *type;
	const char *udp, *tcp;
};

static const struct row rows[] = {
	{ "an answer comes back", "", OURS, CUSTOMER, "MX", "NOERROR aa 1",
		"NOERROR aa 1" },
	{ "a name that does not exist is said to", "", OURS, "no.mywebservice.com", "A",
		"NXDOMAIN aa 0", "NXDOMAIN aa 0" },
	{ "a server at an IPv6 address answers", "", "2001:db8::53", "shop.offsite.net",
		"A", "NOERROR aa 1", "NOERROR aa 1" },
	{ "it answers at its other address, too", "", "198.51.100.53",
		"shop.offsite.net", "A", "NOERROR aa 1", "NOERROR aa 1" },
	{ "a server answers for its own zones only", "", "198.51.100.53", CUSTOMER,
		"MX", "REFUSED 0", "REFUSED 0" },
	/* RFC 2181 9. 1232 octets (RFC 9715 3.2) are header, question and OPT, 46, and
	 * so many records of 47 or 48. */
	{ "what is too large for a datagram comes over TCP", "", "198.51.100.53",
		"large.offsite.net", "TXT", "NOERROR aa tc 24", "NOERROR aa 60" },
	{ "a scripted truncation leaves TCP alone", QUIRK("truncate"), OURS, CUSTOMER,
		"MX", "NOERROR aa tc 0, truncate", "NOERROR aa 1" },
	{ "a dropped query has no reply", QUIRK("drop"), OURS, CUSTOMER, "MX",
		"nothing, drop", "nothing, drop" },
	{ "a delay is told, and not waited for", QUIRK("delay, value: 60s"), OURS,
		CUSTOMER, "MX", "NOERROR aa 1 after a minute, delay",
		"NOERROR aa 1 after a minute, delay" },
	{ "another id comes back as it is", QUIRK("wrong-id"), OURS, CUSTOMER, "MX",
		"NOERROR (another id) aa 1, wrong-id",
		"NOERROR (another id) aa 1, wrong-id" },
	{ "so do octets that are no message", QUIRK("raw, value: \"0000 ff\""), OURS,
		CUSTOMER, "MX", "garbage, 3 octets", "garbage, 3 octets" },
	{ "a quirk leaves other questions alone", QUIRK("drop"), OURS,
		"mail.mywebservice.com", "A", "NOERROR aa 1", "NOERROR aa 1" },
	{ "a target that cannot be looked up is a failure", "", OURS,
		"flat.mywebservice.com", "A", "SERVFAIL 0", "SERVFAIL 0" },
};

static void check_row(void **state)
{
	const struct row *row = *state;
	struct net n;

	net_start(&n, row->quirks);
	assert_string_equal(asked(&n, row->at, false, row->owner, row->type), row->udp);
	assert_string_equal(asked(&n, row->at, true, row->owner, row->type), row->tcp);
	/* And nothing of it is left over. */
	assert_string_equal(
		asked(&n, OURS, false, "ns1.mywebservice.com", "A"), "NOERROR aa 1");
	net_end(&n);
}

/* ---- whose quirks count ---- */

static void quirks_count_for_each_case_by_itself(void **state)
{
	struct net n;

	(void)state;
	net_start(&n, QUIRK("servfail, count: 1"));
	for (int i = 0; i < 3; i++) {
		renew_states(&n);
		assert_string_equal(
			asked(&n, OURS, false, CUSTOMER, "MX"), "SERVFAIL 0, servfail");
		assert_string_equal(
			asked(&n, OURS, false, CUSTOMER, "MX"), "NOERROR aa 1");
	}
	net_end(&n);
}

/* ---- strangers ---- */

static int stranger(const struct endpoint *to)
{
	int fd = socket(to->ip.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(to, &sa);

	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

/* The same octets as ours, but for the id; and one that would use a quirk up. */
static void a_query_of_another_program_is_not_answered(void **state)
{
	struct ip at = ip(OURS);
	struct endpoint to;
	uint8_t wire[512];
	struct msg query;
	struct net n;
	int fd;

	(void)state;
	net_start(&n, QUIRK("servfail, count: 1"));
	assert_true(loopback_find(n.loopback, &at, &to));
	assert_true(ip_is_loopback(&to.ip));
	fd = stranger(&to);
	msg_init_query(&query, 1,
		&(struct question){
			name_literal(n.arena, CUSTOMER), TYPE_MX, CLASS_IN },
		false);
	assert_true(send(fd, wire, msg_encode(&query, wire, sizeof(wire)), 0) > 0);
	assert_string_equal(
		asked(&n, OURS, false, CUSTOMER, "MX"), "SERVFAIL 0, servfail");
	assert_string_equal(asked(&n, OURS, false, CUSTOMER, "MX"), "NOERROR aa 1");
	assert_int_equal(recv(fd, wire, sizeof(wire), MSG_DONTWAIT), -1);
	close(fd);
	net_end(&n);
}

static void a_world_that_is_closed_listens_no_more(void **state)
{
	struct ip at = ip(OURS), other = ip("192.0.2.99");
	struct endpoint to;
	struct net n;
	int fd;

	(void)state;
	net_start(&n, "");
	assert_false(loopback_find(n.loopback, &other, &to));
	assert_true(loopback_find(n.loopback, &at, &to));
	loopback_close(n.loopback);
	fd = stranger(&to);
	send(fd, "?", 1, 0);
	assert_int_equal(send(fd, "?", 1, 0), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	assert_int_equal(loopback_open(n.loopback, &n.world), 0);
	assert_string_equal(asked(&n, OURS, false, CUSTOMER, "MX"), "NOERROR aa 1");
	net_end(&n);
}

/* ---- a resolver in virtual time ---- */

struct timed {
	const char *name;
	const char *quirks;
	const char *rcode;
	const char *time; /* what the answer took */
};

/* The resolver asks the root and then the zone's server, a round trip of 10 ms each. It
 * waits 800 ms for the first reply (resolver/machine.h), twice as long for the next. */
static const struct timed timed[] = {
	{ "two round trips are 20 ms", "", "NOERROR", "20 ms" },
	{ "TCP is one more", QUIRK("truncate"), "NOERROR", "30 ms" },
	{ "a delay below the timeout is waited for", QUIRK("delay, value: 500ms"),
		"NOERROR", "520 ms" },
	{ "a reply after the timeout is not heard, the next is",
		QUIRK("delay, value: 30s, count: 1"), "NOERROR", "820 ms" },
	{ "a dropped query costs its timeout", QUIRK("drop, count: 1"), "NOERROR",
		"820 ms" },
	{ "a reply with another id is not heard, the next is",
		QUIRK("wrong-id, count: 1"), "NOERROR", "30 ms" },
	{ "octets that are no message are waited through",
		QUIRK("raw, value: \"0000 ff\", count: 1"), "NOERROR", "820 ms" },
};

static void check_timed(void **state)
{
	const struct timed *row = *state;
	char text[32], rcode[RCODE_TEXT_MAX];
	const struct msg *answer;
	struct question q;
	struct drive d;
	struct net n;

	net_start(&n, row->quirks);
	q = (struct question){ name_literal(n.arena, CUSTOMER), TYPE_MX, CLASS_IN };
	drive_init(&d, n.arena, &n.world, resolver_policy("ideal"), 1, NULL);
	d.loopback = n.loopback;
	answer = drive_ask(&d, &q);
	assert_null(loopback_failure(n.loopback));
	assert_string_equal(rcode_to_text(answer->rcode, rcode), row->rcode);
	snprintf(text, sizeof(text), "%llu ms", (unsigned long long)(d.now_us / 1000));
	assert_string_equal(text, row->time);
	net_end(&n);
}

/* The provider's resolver asks over sockets, too, while its server answers. */
static void a_provider_looks_the_target_up(void **state)
{
	char addr[IP_TEXT_MAX] = "-";
	const struct section *s;
	struct question q;
	struct drive d;
	struct ip got;
	struct net n;

	(void)state;
	net_start(&n, "");
	q = (struct question){ name_literal(n.arena, "flat.mywebservice.com"), TYPE_A,
		CLASS_IN };
	drive_init(&d, n.arena, &n.world, resolver_policy("ideal"), 1, NULL);
	d.loopback = n.loopback;
	s = &drive_ask(&d, &q)->section[ANSWER];
	assert_null(loopback_failure(n.loopback));
	assert_int_equal(s->n, 1);
	got = ip_from_bytes(s->rr[0].rdata, 4);
	assert_string_equal(ip_to_text(&got, addr), "198.51.100.7");
	net_end(&n);
}

/* ---- whole runs ---- */

struct lines {
	struct str text;
	unsigned n;
};

static void note(void *ctx, const struct record *r)
{
	struct lines *l = ctx;

	l->n++;
	str_printf(&l->text, "%s %s", r->network, verdict_name(r->outcome.verdict));
	for (unsigned i = 0; i < r->n_steps; i++)
		str_printf(&l->text, " %s", verdict_name(r->steps[i].verdict));
}

static enum run_end run(struct arena *a, const struct scenario *s, struct lines *lines,
	struct errs *errs)
{
	const struct run_options options = { .network = NETWORK_LOOPBACK, .jobs = 1 };
	const struct run_sink sink = { NULL, note, lines };
	struct run_totals totals;

	*lines = (struct lines){ .text = STR_INIT };
	errs_init(errs, a);
	return run_scenarios(&s, 1, profile_set_new(a), &options, &sink, &totals, errs);
}

/* The same addresses, other zones behind them. */
static void each_step_has_its_own_servers(void **state)
{
	struct arena *a = arena_new();
	const struct scenario *s = parse(a, "",
		"steps:\n"
		"  - at: 10m\n"
		"    change: { zone: mywebservice.com, delete: customer MX }\n"
		"    expect: { verdict: [delivered, misdelivered, rejected, deferred, "
		"bounced, unknown] }\n");
	struct lines lines;
	struct errs errs;

	(void)state;
	assert_int_equal(run(a, s, &lines, &errs), RUN_DONE);
	/* RFC 5321 5.1: neither MX nor address is left. */
	assert_string_equal(lines.text.data, "loopback delivered bounced");
	str_clear(&lines.text);
	arena_free(a);
}

/* ---- without descriptors ---- */

/* From here on the process can open `n` more. */
static struct rlimit descriptors_left(unsigned n)
{
	int lowest = open("/dev/null", O_RDONLY);
	struct rlimit was, now;

	close(lowest);
	getrlimit(RLIMIT_NOFILE, &was);
	now = was;
	now.rlim_cur = (rlim_t)lowest + n;
	setrlimit(RLIMIT_NOFILE, &now);
	return was;
}

/* However few there are, the run ends, says why in one line, and gives no records. */
static void a_run_without_descriptors_says_so(void **state)
{
	struct arena *a = arena_new();
	const struct scenario *s = parse(a, QUIRK("truncate"), "");
	enum run_end end = RUN_BROKEN;
	struct lines lines;
	struct errs errs;

	(void)state;
	for (unsigned left = 0; end == RUN_BROKEN; left++) {
		struct rlimit was = descriptors_left(left);

		end = run(a, s, &lines, &errs);
		setrlimit(RLIMIT_NOFILE, &was);
		assert_true(left < 100);
		assert_true(end != RUN_MISTAKES);
		assert_int_equal(lines.n, end == RUN_DONE ? 1 : 0);
		assert_int_equal(errs.n, end == RUN_DONE ? 0 : 1);
		if (end == RUN_BROKEN) {
			assert_non_null(strstr(errs.list[0].text, "loopback"));
			assert_null(strchr(errs.list[0].text, '\n'));
		}
		str_clear(&lines.text);
	}
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, check_row);
	TESTS_ADD(quirks_count_for_each_case_by_itself);
	TESTS_ADD(a_query_of_another_program_is_not_answered);
	TESTS_ADD(a_world_that_is_closed_listens_no_more);
	TESTS_ADD_ROWS(timed, check_timed);
	TESTS_ADD(a_provider_looks_the_target_up);
	TESTS_ADD(each_step_has_its_own_servers);
	TESTS_ADD(a_run_without_descriptors_says_so);
	return tests_run("run-loopback");
}
