#include "support/test.h"

#include "server/transfer.h"
#include "unit/server/build.h"

#define SOA "example.net 300 SOA ns1.example.net"

/* A transfer, message by message, as it is read by who asked. */
struct got {
	unsigned messages, records, with_question, with_edns;
	size_t longest;
	bool all_authoritative;
	const char *first, *last; /* records */
	uint16_t rcode;
};

static void read_message(
	struct arena *a, struct got *got, const uint8_t *wire, size_t len)
{
	const struct section *s;
	struct msg m;

	assert_int_equal(msg_decode(a, wire, len, &m), 0);
	assert_true(m.qr && !m.tc);
	assert_int_equal(m.id, 0x1234);
	s = &m.section[ANSWER];
	if (s->n > 0 && got->records == 0)
		got->first = rr_text(a, &s->rr[0]);
	if (s->n > 0)
		got->last = rr_text(a, &s->rr[s->n - 1]);
	got->messages++;
	got->records += s->n;
	got->with_question += m.has_question;
	got->with_edns += m.has_edns;
	got->longest = len > got->longest ? len : got->longest;
	got->all_authoritative &= m.aa;
	got->rcode = m.rcode;
}

static struct got take(
	struct arena *a, const struct zone *z, const struct msg *query, bool udp)
{
	struct transfer *t = transfer_new(z, query, udp);
	struct got got = { .all_authoritative = true };
	uint8_t *wire = arena_alloc(a, 65535);
	size_t len;

	while ((len = transfer_next(t, wire, udp ? 512 : 65535)) > 0)
		read_message(a, &got, wire, len);
	transfer_free(t);
	return got;
}

static struct zone *zone(struct arena *a, const char *text)
{
	struct zone_text z = { "example.net", "strict", text };

	return build_zone(a, &z);
}

/* A query whose authority section says which version the client has. */
static struct msg ixfr(struct arena *a, const char *soa)
{
	struct msg query = build_query(a, "IXFR example.net");
	struct place at = { "test", 1, 1 };
	const struct rr *rr;
	struct errs errs;
	unsigned n;

	errs_init(&errs, a);
	assert_int_equal(zone_parse_records(a, soa, at, &errs, &rr, &n), 0);
	for (unsigned i = 0; i < n; i++)
		msg_add(&query, a, AUTHORITY, &rr[i]);
	return query;
}

/* Glue, what lies below a delegation, and data beside a CNAME are part of the zone (RFC
 * 5936 3); an ALIAS is a word of ours. */
#define ZONE                                                                           \
	APEX "www A 192.0.2.1\n"                                                       \
	     "sub NS ns.sub\n"                                                         \
	     "ns.sub A 192.0.2.54\n"                                                   \
	     "hidden.sub MX 10 www\n"                                                  \
	     "c CNAME www\n"                                                           \
	     "c MX 10 www\n"                                                           \
	     "flat ALIAS www\n"
#define ZONE_RECORDS 9

static void a_transfer_is_the_zone_between_two_soa(void **state)
{
	struct arena *a = arena_new();
	struct msg query = build_query(a, "AXFR example.net");
	struct got got = take(a, zone(a, ZONE), &query, false);

	(void)state;
	assert_int_equal(got.messages, 1);
	assert_int_equal(got.records, ZONE_RECORDS + 1);
	assert_string_equal(got.first, got.last);
	assert_memory_equal(got.first, SOA, strlen(SOA));
	assert_true(got.all_authoritative);
	assert_int_equal(got.rcode, RCODE_NOERROR);
	arena_free(a);
}

static const char *long_zone(struct arena *a, unsigned names)
{
	struct str s = STR_INIT;
	const char *text;

	str_puts(&s, APEX);
	for (unsigned i = 0; i < names; i++)
		str_printf(&s, "customer%u TXT \"%0200u\"\n", i, i);
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}

static void a_long_zone_takes_messages_of_which_the_first_has_question_and_opt(
	void **state)
{
	struct arena *a = arena_new();
	struct msg query = build_query(a, "AXFR example.net");
	struct got got = take(a, zone(a, long_zone(a, 1000)), &query, false);

	(void)state;
	assert_int_equal(got.records, 1000 + 3 + 1);
	assert_in_range(got.messages, 10, 20);
	/* Names that could not be pointed at would stand there in full. */
	assert_true(got.longest <= 16384);
	/* RFC 5936 2.2.1: in the first it must be, in the others it may be. */
	assert_int_equal(got.with_question, got.messages);
	/* RFC 5936 2.2.5. */
	assert_int_equal(got.with_edns, 1);
	assert_string_equal(got.first, got.last);
	arena_free(a);
}

static void a_record_that_is_longer_than_a_message_usually_is_goes_alone(void **state)
{
	struct arena *a = arena_new();
	struct msg query = build_query(a, "AXFR example.net");
	struct str s = STR_INIT;
	struct got got;

	(void)state;
	str_puts(&s, APEX "long TXT");
	for (int i = 0; i < 200; i++)
		str_printf(&s, " \"%0255d\"", i);
	str_puts(&s, "\nwww A 192.0.2.1\n");
	got = take(a, zone(a, s.data), &query, false);
	str_clear(&s);
	assert_int_equal(got.records, 3 + 2 + 1);
	assert_true(got.longest > 51200);
	assert_int_equal(got.messages, 3);
	arena_free(a);
}

/* RFC 1995 2 to 4; serials compare as in RFC 1982 3.2. The zone's is 1. */
static const struct row {
	const char *name;
	const char *have; /* the client's serial */
	bool udp;
	unsigned want; /* records */
} rows[] = {
	{ "an older version gets the whole zone", "0", false, ZONE_RECORDS + 1 },
	{ "the same version gets the SOA", "1", false, 1 },
	{ "a newer version gets the SOA", "2", false, 1 },
	{ "a version from before the serial went round is old", "4294967295", false,
		ZONE_RECORDS + 1 },
	{ "no version gets the whole zone", NULL, false, ZONE_RECORDS + 1 },
	{ "over UDP an older version gets the SOA", "0", true, 1 },
};

static void ixfr_gets(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct msg query =
		ixfr(a, row->have == NULL
				? ""
				: arena_printf(a, "example.net. SOA a. b. %s 1 1 1 1\n",
					  row->have));
	struct got got = take(a, zone(a, ZONE), &query, row->udp);

	assert_int_equal(got.records, row->want);
	assert_memory_equal(got.first, SOA, strlen(SOA));
	assert_string_equal(got.first, got.last);
	arena_free(a);
}

static void a_zone_without_soa_cannot_be_sent(void **state)
{
	struct arena *a = arena_new();
	struct msg query = build_query(a, "AXFR example.net");
	struct zone *z = zone_from_records(a, name_literal(a, "example.net"), NULL, 0);
	struct got got = take(a, z, &query, false);

	(void)state;
	assert_int_equal(got.messages, 1);
	assert_int_equal(got.records, 0);
	assert_int_equal(got.rcode, RCODE_SERVFAIL);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD(a_transfer_is_the_zone_between_two_soa);
	TESTS_ADD(a_long_zone_takes_messages_of_which_the_first_has_question_and_opt);
	TESTS_ADD(a_record_that_is_longer_than_a_message_usually_is_goes_alone);
	TESTS_ADD_ROWS(rows, ixfr_gets);
	TESTS_ADD(a_zone_without_soa_cannot_be_sent);
	return tests_run("server-transfer");
}
