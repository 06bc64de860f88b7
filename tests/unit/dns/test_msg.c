#include "dns/msg.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"

static struct arena *a;

static struct rr address(const char *owner, uint32_t ttl)
{
	static const uint8_t rdata[4] = { 192, 0, 2, 1 };

	return (struct rr){ name_literal(a, owner), rdata, ttl, TYPE_A, 4 };
}

static struct rr mx(const char *owner, uint8_t preference, const char *exchange)
{
	const struct name *n = name_literal(a, exchange);
	uint8_t *rdata = arena_alloc(a, 2 + name_len(n));

	rdata[1] = preference;
	memcpy(rdata + 2, n, name_len(n));
	return (struct rr){ name_literal(a, owner), rdata, 300, TYPE_MX,
		(uint16_t)(2 + name_len(n)) };
}

static void reply_to(struct msg *m, const char *name, uint16_t type)
{
	struct question q = { name_literal(a, name), type, CLASS_IN };
	struct msg query;

	msg_init_query(&query, 4711, &q, true);
	msg_init_reply(m, &query);
}

static const char *text_of(const struct msg *m)
{
	struct str s = STR_INIT;
	const char *text;

	msg_put_text(&s, m);
	text = arena_strdup(a, s.data);
	str_clear(&s);
	return text;
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
	uint8_t buf[512];
	struct msg m, back;
	struct rr rr;
	size_t n;

	(void)state;
	reply_to(&m, "Customer.mywebservice.com", TYPE_MX);
	m.aa = true;
	rr = mx("Customer.mywebservice.com", 10, "mail.mywebservice.com");
	msg_add(&m, a, ANSWER, &rr);
	rr = address("mail.mywebservice.com", 60);
	msg_add(&m, a, ADDITIONAL, &rr);
	n = msg_encode(&m, buf, sizeof(buf));
	assert_true(n > 12);
	assert_int_equal(msg_decode(a, buf, n, &back), 0);
	assert_string_equal(text_of(&back), text_of(&m));
	assert_int_equal(back.id, 4711);
	assert_int_equal(back.udp_size, 1232);
	assert_true(back.has_edns);
}

/* A name of equal labels, each of its ends a candidate for compression, over a buffer
 * that still has a name one label shorter in it (found by fuzzing). */
static void what_the_buffer_had_in_it_is_not_compressed_against(void **state)
{
	uint8_t buf[512];

	(void)state;
	for (char c = 'a'; c <= 'z'; c++) {
		char text[2 * 120 + 1];
		struct msg m, back;
		size_t n;

		for (unsigned i = 0; i < 120; i++)
			memcpy(text + 2 * i, (char[2]){ c, '.' }, 2);
		text[2 * 119] = '\0';
		reply_to(&m, text, TYPE_MX);
		msg_encode(&m, buf, sizeof(buf));
		text[2 * 119] = c;
		text[2 * 120] = '\0';
		reply_to(&m, text, TYPE_MX);
		n = msg_encode(&m, buf, sizeof(buf));
		assert_int_equal(msg_decode(a, buf, n, &back), 0);
		assert_string_equal(text_of(&back), text_of(&m));
	}
}

/* Header 12, question 26 + 4, MX: pointer 2 + fixed 10 + preference 2 + "mail" 5 +
 * pointer 2, A: pointer 2 + 10 + 4, OPT 11 (RFC 1035 4.1.4). */
static void names_are_compressed(void **state)
{
	uint8_t buf[512];
	struct msg m;
	struct rr rr;

	(void)state;
	reply_to(&m, "customer.mywebservice.com", TYPE_MX);
	rr = mx("customer.mywebservice.com", 10, "mail.mywebservice.com");
	msg_add(&m, a, ANSWER, &rr);
	rr = address("mail.mywebservice.com", 60);
	msg_add(&m, a, ADDITIONAL, &rr);
	assert_int_equal(msg_encode(&m, buf, sizeof(buf)),
		12 + 27 + 4 + (2 + 10 + 2 + 5 + 2) + (2 + 10 + 4) + 11);
}

static void an_answer_that_does_not_fit_is_truncated(void **state)
{
	uint8_t buf[512];
	struct msg m, back;
	size_t n;

	(void)state;
	reply_to(&m, "c.example", TYPE_MX);
	for (int i = 0; i < 40; i++) {
		struct rr rr = mx(
			"c.example", (uint8_t)i, arena_printf(a, "mail%d.example", i));

		msg_add(&m, a, ANSWER, &rr);
	}
	n = msg_encode(&m, buf, 512);
	assert_in_range(n, 400, 512);
	assert_int_equal(msg_decode(a, buf, n, &back), 0);
	assert_true(back.tc);
	assert_true(back.has_edns);
	assert_in_range(back.section[ANSWER].n, 1, 39);
	assert_true(msg_size(&m) > 512);
}

static void missing_additional_records_are_no_truncation(void **state)
{
	uint8_t buf[512];
	struct msg m, back;
	size_t n;

	(void)state;
	reply_to(&m, "c.example", TYPE_MX);
	for (int i = 0; i < 40; i++) {
		struct rr rr = address(arena_printf(a, "m%d.example", i), 60);

		msg_add(&m, a, ADDITIONAL, &rr);
	}
	n = msg_encode(&m, buf, 300);
	assert_int_equal(msg_decode(a, buf, n, &back), 0);
	assert_false(back.tc);
	assert_in_range(back.section[ADDITIONAL].n, 1, 39);
}

struct bad_row {
	const char *name;
	size_t len;
	uint8_t wire[64];
};

#define HEADER(qd, an) 0x12, 0x34, 0x80, 0, 0, qd, 0, an, 0, 0, 0, 0
#define QUESTION 1, 'x', 0, 0, 1, 0, 1

static const struct bad_row bad_rows[] = {
	{ "nothing", 0, { 0 } },
	{ "half a header", 11, { HEADER(0, 0) } },
	{ "a question that is not there", 12, { HEADER(1, 0) } },
	{ "two questions", 26, { HEADER(2, 0), QUESTION, QUESTION } },
	{ "octets after the end", 20, { HEADER(1, 0), QUESTION, 0 } },
	{ "a name that points at itself", 18, { HEADER(1, 0), 0xc0, 12, 0, 1, 0, 1 } },
	{ "a name that points forwards", 20,
		{ HEADER(1, 0), 0xc0, 14, 1, 'x', 0, 0, 1, 0 } },
	{ "a label of type 01", 19, { HEADER(1, 0), 0x41, 'x', 0, 0, 1, 0, 1 } },
	{ "RDATA longer than the message", 34,
		{ HEADER(1, 1), QUESTION, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 9, 1, 2,
			3 } },
	{ "an A record of three octets", 34,
		{ HEADER(1, 1), QUESTION, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2,
			3 } },
	{ "an MX without an exchange", 33,
		{ HEADER(1, 1), QUESTION, 0xc0, 12, 0, 15, 0, 1, 0, 0, 0, 9, 0, 2, 0,
			1 } },
	{ "a CNAME with octets after the name", 33,
		{ HEADER(1, 1), QUESTION, 0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0,
			1 } },
};

static void bad_bytes_are_refused(void **state)
{
	const struct bad_row *row = *state;
	/* A copy of the exact size, so that a sanitizer sees an over-read. */
	uint8_t *exact = malloc(row->len + (row->len == 0));
	struct msg m;

	memcpy(exact, row->wire, row->len);
	assert_int_equal(msg_decode(a, exact, row->len, &m), -1);
	if (row->len >= 12)
		assert_int_equal(m.id, 0x1234);
	free(exact);
}

struct type_row {
	const char *name;
	const char *text;
	uint16_t type;
	const char *back;
};

static const struct type_row type_rows[] = {
	{ "MX is 15", "mx", 15, "MX" },
	{ "TYPE15 is MX", "TYPE15", 15, "MX" },
	{ "a type without a name has a number", "TYPE65300", 65300, "TYPE65300" },
	{ "ANY is 255", "ANY", 255, "ANY" },
	{ "ANAME is ALIAS", "ANAME", TYPE_ALIAS, "ALIAS" },
	{ "an unknown word is no type", "MXX", 0, NULL },
	{ "a number over 65535 is no type", "TYPE65536", 0, NULL },
};

static void type(void **state)
{
	const struct type_row *row = *state;
	char buf[RRTYPE_TEXT_MAX];

	assert_int_equal(rrtype_from_text(row->text), row->type);
	if (row->back != NULL)
		assert_string_equal(rrtype_to_text(row->type, buf), row->back);
}

int main(void)
{
	int rc;

	a = arena_new();
	TESTS_ADD(what_is_encoded_decodes_to_the_same);
	TESTS_ADD(what_the_buffer_had_in_it_is_not_compressed_against);
	TESTS_ADD(names_are_compressed);
	TESTS_ADD(an_answer_that_does_not_fit_is_truncated);
	TESTS_ADD(missing_additional_records_are_no_truncation);
	TESTS_ADD_ROWS(bad_rows, bad_bytes_are_refused);
	TESTS_ADD_ROWS(type_rows, type);
	rc = tests_run("dns-msg");
	arena_free(a);
	return rc;
}
