#include "support/test.h"

#include "unit/server/build.h"

#define TYPE_TKEY 249
#define TYPE_MAILB 253

#define ZONE                                                                           \
	APEX "www A 192.0.2.1\n"                                                       \
	     "www MX 10 www\n"                                                         \
	     "sub NS ns.sub\n"                                                         \
	     "sub NS ns.elsewhere.org.\n"                                              \
	     "ns.sub A 192.0.2.54\n"

#define WWW_A "www.example.net 300 A 192.0.2.1"

static struct server *build(struct arena *a, const char *text)
{
	struct zone_text zone = { "example.net", "strict", text };

	return build_server(a, &zone, 1, NULL, 0);
}

static struct reply respond(struct arena *a, const struct server *s, enum proto proto,
	const struct msg *query)
{
	struct server_state st;
	struct reply reply;

	server_state_init(a, s, &st);
	server_respond(a, s, &st, NULL, proto, query, &reply);
	return reply;
}

/* A query that differs from an ordinary one in one or two fields. */
static const struct row {
	const char *name;
	uint16_t type, class;
	uint8_t opcode, version;
	bool plain; /* no EDNS */
	bool empty; /* no question */
	const char *want;
} rows[] = {
	{ "an ordinary query is answered", TYPE_A, CLASS_IN, 0, 0, false, false,
		"NOERROR aa: " WWW_A },
	{ "a query without EDNS is answered", TYPE_A, CLASS_IN, 0, 0, true, false,
		"NOERROR aa: " WWW_A },
	{ "NOTIFY for what is no zone is NOTAUTH", TYPE_A, CLASS_IN, OPCODE_NOTIFY, 0,
		false, false, "NOTAUTH" },
	{ "UPDATE is refused", TYPE_A, CLASS_IN, OPCODE_UPDATE, 0, false, false,
		"REFUSED" },
	{ "STATUS is not implemented", TYPE_A, CLASS_IN, 2, 0, false, false, "NOTIMP" },
	{ "a query without question is malformed", TYPE_A, CLASS_IN, 0, 0, false, true,
		"FORMERR" },
	{ "another opcode goes before the missing question", TYPE_A, CLASS_IN, 2, 0,
		false, true, "NOTIMP" },
	{ "EDNS version 1 is a bad version", TYPE_A, CLASS_IN, 0, 1, false, false,
		"BADVERS" },
	{ "a bad version goes before another opcode", TYPE_A, CLASS_IN, OPCODE_UPDATE,
		255, false, false, "BADVERS" },
	{ "class CH is refused", TYPE_A, CLASS_CH, 0, 0, false, false, "REFUSED" },
	{ "class 0 is refused", TYPE_A, 0, 0, 0, false, false, "REFUSED" },
	{ "class ANY is answered without authority", TYPE_A, CLASS_ANY, 0, 0, false,
		false, "NOERROR: " WWW_A },
	{ "AXFR is refused", TYPE_AXFR, CLASS_IN, 0, 0, false, false, "REFUSED" },
	{ "IXFR of what is no zone is NOTAUTH", TYPE_IXFR, CLASS_IN, 0, 0, false, false,
		"NOTAUTH" },
	{ "MAILB is not implemented", TYPE_MAILB, CLASS_IN, 0, 0, false, false,
		"NOTIMP" },
	{ "OPT is no question", TYPE_OPT, CLASS_IN, 0, 0, false, false, "FORMERR" },
	{ "TKEY is no question", TYPE_TKEY, CLASS_IN, 0, 0, false, false, "FORMERR" },
	{ "type 127 is data", 127, CLASS_IN, 0, 0, false, false,
		"NOERROR aa; example.net 60 SOA" },
	{ "type 128 is no data", 128, CLASS_IN, 0, 0, false, false, "FORMERR" },
	{ "type 256 is data", 256, CLASS_IN, 0, 0, false, false,
		"NOERROR aa; example.net 60 SOA" },
	{ "ANY has all of it", TYPE_ANY, CLASS_IN, 0, 0, false, false,
		"NOERROR aa: " WWW_A ", www.example.net 300 MX 10 www.example.net" },
};

static void query_gets(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct msg query = build_query(a, "A www.example.net");
	struct reply reply;

	query.question.type = row->type;
	query.question.class = row->class;
	query.opcode = row->opcode;
	query.edns_version = row->version;
	query.has_edns = !row->plain;
	query.has_question = !row->empty;
	reply = respond(a, build(a, ZONE), PROTO_UDP, &query);
	assert_string_equal(describe(a, &reply.msg), row->want);
	assert_int_equal(reply.msg.id, query.id);
	assert_int_equal(reply.msg.opcode, row->opcode);
	assert_true(reply.msg.qr);
	assert_false(reply.msg.ra);
	assert_true(reply.msg.has_edns == !row->plain);
	assert_int_equal(reply.msg.edns_version, 0);
	assert_true(reply.msg.has_question == !row->empty);
	if (!row->empty)
		assert_int_equal(reply.msg.question.class, row->class);
	arena_free(a);
}

static void a_reply_is_not_answered(void **state)
{
	struct arena *a = arena_new();
	struct msg query = build_query(a, "A www.example.net");

	(void)state;
	query.qr = true;
	assert_true(respond(a, build(a, ZONE), PROTO_UDP, &query).dropped);
	arena_free(a);
}

static void the_question_keeps_its_letter_case_and_rd(void **state)
{
	struct arena *a = arena_new();
	struct server *s = build(a, ZONE);
	struct msg query = build_query(a, "A wWw.ExAmPlE.nEt");
	struct reply reply = respond(a, s, PROTO_UDP, &query);

	(void)state;
	assert_string_equal(name_text(a, reply.msg.question.name), "wWw.ExAmPlE.nEt");
	assert_int_equal(reply.msg.section[ANSWER].n, 1);
	assert_false(reply.msg.rd);
	query.rd = true;
	assert_true(respond(a, s, PROTO_UDP, &query).msg.rd);
	arena_free(a);
}

static void a_server_without_zones_refuses(void **state)
{
	struct arena *a = arena_new();
	struct server *s = build_server(a, NULL, 0, NULL, 0);
	struct msg query = build_query(a, "A www.example.net");
	struct reply reply = respond(a, s, PROTO_UDP, &query);

	(void)state;
	assert_string_equal(describe(a, &reply.msg), "REFUSED");
	arena_free(a);
}

/* ---- truncation ---- */

/* www.example.net TXT, one record of so many octets of text, split as needed: on the
 * wire 12 header + 21 question + 12 fixed + the text with a length octet for each 255,
 * + 11 of OPT. */
#define BESIDE_TXT (12 + 21 + 12)
#define OPT_LEN 11

static struct server *build_txt(struct arena *a, unsigned rdlen)
{
	struct str text = STR_INIT;
	struct server *s;

	str_puts(&text, APEX "www TXT");
	while (rdlen > 0) {
		unsigned n = rdlen > 256 ? 256 : rdlen;

		if (rdlen - n == 1) /* no empty string at the end */
			n--;
		str_puts(&text, " \"");
		for (unsigned i = 1; i < n; i++)
			str_putc(&text, 'x');
		str_putc(&text, '"');
		rdlen -= n;
	}
	str_putc(&text, '\n');
	s = build(a, text.data);
	str_clear(&text);
	return s;
}

static const struct udp {
	const char *name;
	bool edns;
	uint16_t offered;
	unsigned wire; /* size of the whole reply */
	enum proto proto;
	bool tc;
} udps[] = {
	{ "511 octets fit without EDNS", false, 512, 511, PROTO_UDP, false },
	{ "512 octets fit without EDNS", false, 512, 512, PROTO_UDP, false },
	{ "513 octets do not fit without EDNS", false, 512, 513, PROTO_UDP, true },
	{ "a size without EDNS counts for nothing", false, 4096, 513, PROTO_UDP, true },
	{ "513 octets fit when they are offered", true, 513, 513, PROTO_UDP, false },
	{ "799 octets fit into 800", true, 800, 799, PROTO_UDP, false },
	{ "800 octets fit into 800", true, 800, 800, PROTO_UDP, false },
	{ "801 octets do not fit into 800", true, 800, 801, PROTO_UDP, true },
	{ "an offer below 512 counts as 512", true, 100, 512, PROTO_UDP, false },
	{ "an offer of 0 counts as 512", true, 0, 513, PROTO_UDP, true },
	{ "1232 octets fit when more is offered", true, 4096, 1232, PROTO_UDP, false },
	{ "1233 octets do not fit though they are offered", true, 4096, 1233, PROTO_UDP,
		true },
	{ "1233 octets do not fit into 65535", true, 65535, 1233, PROTO_UDP, true },
	{ "TCP has room for more", true, 512, 5000, PROTO_TCP, false },
};

static void reply_fits(void **state)
{
	const struct udp *row = *state;
	struct arena *a = arena_new();
	struct server *s =
		build_txt(a, row->wire - BESIDE_TXT - (row->edns ? OPT_LEN : 0));
	struct msg query = build_query(a, "TXT www.example.net");
	struct reply reply;

	query.has_edns = row->edns;
	query.udp_size = row->offered;
	reply = respond(a, s, row->proto, &query);
	assert_true(reply.msg.tc == row->tc);
	assert_int_equal(reply.msg.section[ANSWER].n, row->tc ? 0 : 1);
	if (!row->tc)
		assert_int_equal(msg_size(&reply.msg), row->wire);
	assert_true(reply.msg.aa);
	arena_free(a);
}

/* n addresses of 192.0.2/24 at www: 12 + 21 + 16 n octets without EDNS. */
static void a_set_that_does_not_fit_is_cut_and_said(void **state)
{
	struct arena *a = arena_new();
	struct str text = STR_INIT;
	struct msg query = build_query(a, "A www.example.net");
	struct reply reply;

	(void)state;
	query.has_edns = false;
	query.udp_size = 512;
	str_puts(&text, APEX);
	for (unsigned i = 1; i <= 29; i++)
		str_printf(&text, "www A 192.0.2.%u\n", i);
	reply = respond(a, build(a, text.data), PROTO_UDP, &query);
	assert_int_equal(reply.msg.section[ANSWER].n, 29);
	assert_false(reply.msg.tc);
	str_puts(&text, "www A 192.0.2.30\n");
	reply = respond(a, build(a, text.data), PROTO_UDP, &query);
	assert_int_equal(reply.msg.section[ANSWER].n, 29);
	assert_true(reply.msg.tc);
	reply = respond(a, build(a, text.data), PROTO_TCP, &query);
	assert_int_equal(reply.msg.section[ANSWER].n, 30);
	assert_false(reply.msg.tc);
	str_clear(&text);
	arena_free(a);
}

static void additional_records_are_left_out_in_silence(void **state)
{
	struct arena *a = arena_new();
	struct str text = STR_INIT;
	struct msg query = build_query(a, "MX www.example.net");
	struct reply reply;

	(void)state;
	query.has_edns = false;
	query.udp_size = 512;
	str_puts(&text, APEX "www MX 10 mail\n");
	for (unsigned i = 1; i <= 40; i++)
		str_printf(&text, "mail A 192.0.2.%u\n", i);
	reply = respond(a, build(a, text.data), PROTO_UDP, &query);
	assert_int_equal(reply.msg.section[ANSWER].n, 1);
	assert_false(reply.msg.tc);
	assert_true(reply.msg.section[ADDITIONAL].n < 40);
	assert_true(msg_size(&reply.msg) <= 512);
	str_clear(&text);
	arena_free(a);
}

/* RFC 9471 3.1: glue for a name server inside the delegation is needed. */
static void a_referral_without_its_glue_is_truncated(void **state)
{
	struct arena *a = arena_new();
	struct str text = STR_INIT;
	struct msg query = build_query(a, "A www.sub.example.net");
	struct reply reply;

	(void)state;
	query.has_edns = false;
	query.udp_size = 512;
	str_puts(&text, APEX "sub NS ns.sub\n");
	for (unsigned i = 1; i <= 40; i++)
		str_printf(&text, "ns.sub A 192.0.2.%u\n", i);
	reply = respond(a, build(a, text.data), PROTO_UDP, &query);
	assert_true(reply.msg.tc);
	assert_false(reply.msg.aa);
	assert_int_equal(reply.msg.section[AUTHORITY].n, 1);
	str_reset(&text);
	str_puts(&text, APEX "sub NS beside\n");
	for (unsigned i = 1; i <= 40; i++)
		str_printf(&text, "beside A 192.0.2.%u\n", i);
	reply = respond(a, build(a, text.data), PROTO_UDP, &query);
	assert_false(reply.msg.tc);
	str_clear(&text);
	arena_free(a);
}

static void a_referral_is_handed_out(void **state)
{
	struct arena *a = arena_new();
	struct msg query = build_query(a, "A www.sub.example.net");
	struct reply reply = respond(a, build(a, ZONE), PROTO_UDP, &query);

	(void)state;
	assert_false(reply.msg.aa);
	assert_int_equal(reply.msg.section[AUTHORITY].n, 2);
	assert_int_equal(reply.msg.section[ADDITIONAL].n, 1);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, query_gets);
	TESTS_ADD_ROWS(udps, reply_fits);
	TESTS_ADD(a_reply_is_not_answered);
	TESTS_ADD(the_question_keeps_its_letter_case_and_rd);
	TESTS_ADD(a_server_without_zones_refuses);
	TESTS_ADD(a_set_that_does_not_fit_is_cut_and_said);
	TESTS_ADD(additional_records_are_left_out_in_silence);
	TESTS_ADD(a_referral_without_its_glue_is_truncated);
	TESTS_ADD(a_referral_is_handed_out);
	return tests_run("server-server");
}
