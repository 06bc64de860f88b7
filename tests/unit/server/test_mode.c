#include "support/test.h"

#include "unit/server/build.h"

/* As tried against the real servers: a customer with CNAME and MX, a plain alias. */
#define ZONE                                                                           \
	APEX "customer CNAME shop.offsite.net.\n"                                      \
	     "customer MX 10 mail\n"                                                   \
	     "plain CNAME shop.offsite.net.\n"                                         \
	     "mail A 192.0.2.25\n"

#define CUSTOMER "customer.mywebservice.com"
#define RR_CNAME CUSTOMER " 300 CNAME shop.offsite.net"
#define RR_MX CUSTOMER " 300 MX 10 mail.mywebservice.com"
#define NEGATIVE "; mywebservice.com 60 SOA"

static const struct row {
	const char *name, *mode, *question, *want;
} rows[] = {
	{ "strict refuses the customer", "strict", "MX " CUSTOMER, "SERVFAIL" },
	{ "strict refuses every other name of the zone", "strict",
		"A mail.mywebservice.com", "SERVFAIL" },
	{ "strict refuses the apex", "strict", "SOA mywebservice.com", "SERVFAIL" },
	{ "strict refuses a name that does not exist", "strict",
		"A none.mywebservice.com", "SERVFAIL" },
	{ "a zone beside a refused one works", "strict", "A www.example.net",
		"NOERROR aa: www.example.net 300 A 192.0.2.1" },
	{ "a chain into a refused zone stops before it", "strict",
		"A alias.example.net",
		"NOERROR aa: alias.example.net 300 CNAME mail.mywebservice.com" },
	{ "a name outside all zones is refused", "strict", "A www.example.org",
		"REFUSED" },

	{ "exact-type has the MX", "exact-type", "MX " CUSTOMER, "NOERROR aa: " RR_MX },
	{ "exact-type has the CNAME for A", "exact-type", "A " CUSTOMER,
		"NOERROR aa: " RR_CNAME },
	{ "exact-type has the CNAME for TXT", "exact-type", "TXT " CUSTOMER,
		"NOERROR aa: " RR_CNAME },
	{ "exact-type has the CNAME for CNAME", "exact-type", "CNAME " CUSTOMER,
		"NOERROR aa: " RR_CNAME },

	{ "cname-wins hides the MX", "cname-wins", "MX " CUSTOMER,
		"NOERROR aa: " RR_CNAME },
	{ "cname-wins has the CNAME for A", "cname-wins", "A " CUSTOMER,
		"NOERROR aa: " RR_CNAME },

	{ "both has the CNAME, then the MX", "both", "MX " CUSTOMER,
		"NOERROR aa: " RR_CNAME ", " RR_MX },
	{ "both has the CNAME for A", "both", "A " CUSTOMER, "NOERROR aa: " RR_CNAME },
	{ "both-mx-first has the MX, then the CNAME", "both-mx-first", "MX " CUSTOMER,
		"NOERROR aa: " RR_MX ", " RR_CNAME },
	{ "both-mx-first has the CNAME for A", "both-mx-first", "A " CUSTOMER,
		"NOERROR aa: " RR_CNAME },

	{ "flatten has the MX", "flatten", "MX " CUSTOMER, "NOERROR aa: " RR_MX },
	{ "flatten without an upstream cannot have the A", "flatten", "A " CUSTOMER,
		"SERVFAIL" },
	{ "flatten hides the CNAME", "flatten", "CNAME " CUSTOMER,
		"NOERROR aa" NEGATIVE },

	{ "alias leaves a CNAME as cname-wins does", "alias", "MX " CUSTOMER,
		"NOERROR aa: " RR_CNAME },
	{ "alias leaves A at a CNAME as it is", "alias", "A " CUSTOMER,
		"NOERROR aa: " RR_CNAME },
};

static struct msg ask(struct arena *a, const struct server *s, const char *question)
{
	struct msg query = build_query(a, question);
	struct server_state st;
	struct reply reply;

	server_state_init(a, s, &st);
	server_respond(a, s, &st, NULL, PROTO_UDP, &query, &reply);
	assert_false(reply.dropped);
	assert_null(reply.raw);
	assert_int_equal(reply.delay_us, 0);
	return reply.msg;
}

static void mode_answers(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct zone_text zones[] = {
		{ "mywebservice.com", row->mode, ZONE },
		{ "example.net", "strict",
			APEX "www A 192.0.2.1\nalias CNAME mail.mywebservice.com.\n" },
	};
	struct server *s = build_server(a, zones, 2, NULL, 0);
	struct msg m = ask(a, s, row->question);

	assert_string_equal(describe(a, &m), row->want);
	arena_free(a);
}

/* A strict server and what it refuses to load. */
static const struct load {
	const char *name, *mode, *text;
	const char *want; /* for A mail */
} loads[] = {
	{ "a zone without conflicts is served", "strict", "c CNAME mail\n",
		"NOERROR aa" },
	{ "MX beside CNAME is a conflict", "strict", "c CNAME mail\nc MX 10 mail\n",
		"SERVFAIL" },
	{ "a second CNAME is a conflict", "strict", "c CNAME mail\nc CNAME ns1\n",
		"SERVFAIL" },
	{ "an ALIAS is a conflict where there is no such type", "strict",
		"c ALIAS mail\n", "SERVFAIL" },
	{ "an ALIAS is none in a mode that has it", "alias", "c ALIAS mail\n",
		"NOERROR aa" },
	{ "an ALIAS is none in a mode that refuses nothing", "exact-type",
		"c ALIAS mail\n", "NOERROR aa" },
};

static void zone_is_loaded(void **state)
{
	const struct load *row = *state;
	struct arena *a = arena_new();
	struct zone_text zone = { "mywebservice.com", row->mode,
		arena_printf(a, "%smail A 192.0.2.25\n%s", APEX, row->text) };
	struct server *s = build_server(a, &zone, 1, NULL, 0);
	struct msg m = ask(a, s, "A mail.mywebservice.com");

	assert_true(s->refused[0] == (strcmp(row->want, "SERVFAIL") == 0));
	m.section[ANSWER].n = 0;
	assert_string_equal(describe(a, &m), row->want);
	arena_free(a);
}

static void a_refused_child_does_not_answer_as_its_parent(void **state)
{
	struct arena *a = arena_new();
	struct zone_text zones[] = {
		{ "mywebservice.com", "strict",
			APEX "sub NS ns1.sub\nns1.sub A 192.0.2.53\n" },
		{ "sub.mywebservice.com", "strict", APEX "c CNAME x\nc MX 10 x\n" },
	};
	struct server *s = build_server(a, zones, 2, NULL, 0);
	struct msg m = ask(a, s, "A www.sub.mywebservice.com");

	(void)state;
	assert_string_equal(describe(a, &m), "SERVFAIL");
	arena_free(a);
}

static void every_mode_is_explained(void **state)
{
	(void)state;
	assert_int_equal(server_modes_n, 7);
	for (size_t i = 0; i < server_modes_n; i++) {
		assert_ptr_equal(server_mode(server_modes[i].name), &server_modes[i]);
		assert_true(strlen(server_modes[i].help) > 0);
		assert_true(strlen(server_modes[i].source) > 0);
	}
	assert_non_null(server_mode(SERVER_MODE_DEFAULT));
	assert_null(server_mode("exact_type"));
}

int main(void)
{
	TESTS_ADD_ROWS(rows, mode_answers);
	TESTS_ADD_ROWS(loads, zone_is_loaded);
	TESTS_ADD(a_refused_child_does_not_answer_as_its_parent);
	TESTS_ADD(every_mode_is_explained);
	return tests_run("server-mode");
}
