/* fuzz_answer.c - a question to a stranger's zone: "MX name" in the first line, master
 * file after it. What is answered can be written and reads the same, says nothing
 * twice, belongs to the zone, and fits the datagram of every mode's server. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "server/server.h"
#include "zone/sign.h"

#define MESSAGE_MAX 65535

/* Looking for repeats is n^2. */
#define RECORDS_COMPARED 300

/* A signature takes longer than all the rest. */
#define RECORDS_SIGNED 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const struct msg *m, const char *why)
{
	struct str s = STR_INIT;

	msg_put_text(&s, m);
	fprintf(stderr, "%s:\n%s\n", why, s.data);
	abort();
}

static void check_wire(struct arena *a, const struct msg *m)
{
	static uint8_t wire[MESSAGE_MAX];
	size_t len = msg_encode(m, wire, sizeof(wire));
	struct str one = STR_INIT, other = STR_INIT;
	struct msg again;

	if (len == 0 || msg_decode(a, wire, len, &again) != 0)
		fail(m, "cannot be written or read");
	if (msg_size(m) <= MESSAGE_MAX) {
		msg_put_text(&one, m);
		msg_put_text(&other, &again);
		if (strcmp(one.data, other.data) != 0)
			fail(&again, "reads differently");
	}
	str_clear(&one);
	str_clear(&other);
}

static bool same_record(const struct rr *x, const struct rr *y)
{
	return x->type == y->type && name_equal(x->owner, y->owner) &&
	       rr_equal_data(x, y);
}

static void check_section(
	const struct msg *m, const struct section *s, const struct name *origin)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (!name_is_under(s->rr[i].owner, origin))
			fail(m, "a record of another zone");
		if (s->rr[i].type == TYPE_ALIAS)
			fail(m, "an ALIAS is shown");
		for (unsigned k = 0; k < i && s->n < RECORDS_COMPARED; k++) {
			if (same_record(&s->rr[i], &s->rr[k]))
				fail(m, "a record twice");
		}
	}
}

/* RFC 2308 2.1: the name that does not exist has nothing, and the SOA says so. */
static void check_nxdomain(const struct msg *m, const struct zone *z)
{
	const struct question *q = &m->question;

	if (m->rcode != RCODE_NXDOMAIN)
		return;
	if (m->section[AUTHORITY].n != 1 ||
		m->section[AUTHORITY].rr[0].type != TYPE_SOA)
		fail(m, "NXDOMAIN without the SOA");
	if (m->section[ANSWER].n == 0 && zone_rrset(z, q->name, q->type).n > 0)
		fail(m, "NXDOMAIN of what is there");
}

static void ask_zone(struct arena *a, const struct zone *z, const struct msg *query)
{
	for (int beside = BESIDE_CNAME_WINS; beside <= BESIDE_BOTH_MX_FIRST; beside++) {
		const struct answer_zone one = { .zone = z,
			.rules.beside = (enum beside_cname)beside };
		const struct answer_zones zones = { .zones = &one, .n = 1 };
		struct msg reply;

		msg_init_reply(&reply, query);
		zone_answer(a, &zones, query, &reply);
		for (int id = ANSWER; id <= ADDITIONAL; id++)
			check_section(&reply, &reply.section[id], zone_origin(z));
		check_nxdomain(&reply, z);
		check_wire(a, &reply);
	}
}

static void ask_server(struct arena *a, const struct zone *z,
	const struct server_mode *mode, const struct msg *query)
{
	struct server_zone sz = { .zone = z, .mode = mode };
	struct server server = { .name = "fuzz", .zones = &sz, .n_zones = 1 };
	struct server_state state;
	struct reply reply;

	server_prepare(a, &server);
	server_state_init(a, &server, &state);
	server_respond(a, &server, &state, NULL, PROTO_UDP, query, &reply);
	if (reply.dropped)
		abort();
	if (msg_size(&reply.msg) > query->udp_size)
		fail(&reply.msg, "more than the datagram takes");
	check_wire(a, &reply.msg);
}

/* "MX name": false when it is none. */
static bool question(struct arena *a, char *line, struct question *ret)
{
	char *space = strchr(line, ' ');
	const char *why;

	if (space == NULL)
		return false;
	*space = '\0';
	ret->type = rrtype_from_text(line);
	ret->name = name_from_text(a, space + 1, NULL, &why);
	ret->class = CLASS_IN;
	return ret->type != 0 && ret->name != NULL;
}

/* A signed zone proves what it denies (RFC 4035 3.1.3), and shows nothing twice. */
static void ask_signed(struct arena *a, const struct zone *z, const struct msg *query)
{
	const struct zone *made = zone_sign(a, z, SIGN_PERIOD, NULL);
	const struct answer_zone one = { .zone = made };
	const struct answer_zones zones = { .zones = &one, .n = 1 };
	const struct section *authority;
	struct msg reply;

	msg_init_reply(&reply, query);
	zone_answer(a, &zones, query, &reply);
	for (int id = ANSWER; id <= ADDITIONAL; id++)
		check_section(&reply, &reply.section[id], zone_origin(z));
	authority = &reply.section[AUTHORITY];
	if (authority->n > 0 && authority->rr[0].type == TYPE_SOA &&
		(authority->n < 4 || authority->rr[2].type != TYPE_NSEC))
		fail(&reply, "a \"no\" without proof");
	check_wire(a, &reply);
}

static void use(struct arena *a, const struct zone *z, const struct question *q)
{
	struct msg query;

	msg_init_query(&query, 1, q, false);
	if (name_is_under(q->name, zone_origin(z)))
		ask_zone(a, z, &query);
	for (size_t i = 0; i < server_modes_n; i++)
		ask_server(a, z, &server_modes[i], &query);
	query.dnssec_ok = true;
	if (name_is_under(q->name, zone_origin(z)) && zone_records(z) <= RECORDS_SIGNED)
		ask_signed(a, z, &query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	struct arena *a;
	struct zone_source source;
	struct question q;
	struct errs errs;
	struct zone *z;

	if (end == NULL)
		return 0;
	a = arena_new();
	source = (struct zone_source){
		.origin = name_literal(a, "example.test"),
		.text = (const char *)end + 1,
		.len = size - (size_t)(end + 1 - data),
		.at = { .file = "fuzz.zone", .line = 1, .col = 1 },
	};
	errs_init(&errs, a);
	if (question(a, arena_strndup(a, (const char *)data, (size_t)(end - data)),
		    &q) &&
		zone_load(a, &source, &errs, &z) == 0)
		use(a, z, &q);
	arena_free(a);
	return 0;
}
