#include "dns/query.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

/* "www.example" A IN, id 0x1234, RD. */
static const uint8_t plain[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w',
	'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1 };

/* An OPT record: 4096 octets, version 1, DO, an option of four octets. */
static const uint8_t opt[] = { 0, 0, 41, 0x10, 0, 0, 1, 0x80, 0, 0, 4, 0, 10, 0, 0 };

static void a_plain_query_is_read(void **state)
{
	struct query q;

	(void)state;
	assert_true(query_read(plain, sizeof(plain), &q));
	assert_int_equal(q.id, 0x1234);
	assert_true(q.rd);
	assert_false(q.has_edns);
	assert_int_equal(q.udp_size, 512);
	assert_int_equal(q.question.type, TYPE_A);
	assert_int_equal(q.question.class, CLASS_IN);
	assert_int_equal(q.name_len, 13);
	assert_int_equal(q.labels, 2);
	assert_ptr_equal(q.question.name, plain + 12);
}

static void edns_is_read_and_its_options_are_passed_over(void **state)
{
	uint8_t wire[sizeof(plain) + sizeof(opt)];
	struct query q;

	(void)state;
	memcpy(wire, plain, sizeof(plain));
	memcpy(wire + sizeof(plain), opt, sizeof(opt));
	wire[11] = 1;
	assert_true(query_read(wire, sizeof(wire), &q));
	assert_true(q.has_edns);
	assert_true(q.dnssec_ok);
	assert_int_equal(q.edns_version, 1);
	assert_int_equal(q.udp_size, 4096);
}

static void options_in_disorder_are_left_to_others(void **state)
{
	uint8_t wire[sizeof(plain) + sizeof(opt)];
	struct query q;

	(void)state;
	memcpy(wire, plain, sizeof(plain));
	memcpy(wire + sizeof(plain), opt, sizeof(opt));
	wire[11] = 1;
	for (uint8_t n = 1; n < 4; n++) {
		wire[sizeof(wire) - 1] = n; /* longer than what follows */
		assert_false(query_read(wire, sizeof(wire), &q));
	}
}

static void an_edns_size_below_512_counts_as_512(void **state)
{
	uint8_t wire[sizeof(plain) + sizeof(opt)];
	struct query q;

	(void)state;
	memcpy(wire, plain, sizeof(plain));
	memcpy(wire + sizeof(plain), opt, sizeof(opt));
	wire[11] = 1;
	wire[sizeof(plain) + 3] = 0;
	wire[sizeof(plain) + 4] = 17;
	assert_true(query_read(wire, sizeof(wire), &q));
	assert_int_equal(q.udp_size, 512); /* RFC 6891 6.2.3 */
}

/* A cut or an octet of another value makes it no plain query. */
static const struct spoiled_row {
	const char *name;
	unsigned at;
	uint8_t value;
} spoiled[] = {
	{ "a reply", 2, 0x81 },
	{ "an UPDATE", 2, 0x28 },
	{ "TC", 2, 0x03 },
	{ "an RCODE in a query", 3, 0x01 },
	{ "no question", 5, 0 },
	{ "two questions", 5, 2 },
	{ "256 questions", 4, 1 },
	{ "an answer", 7, 1 },
	{ "an authority record", 9, 1 },
	{ "an additional record that is not there", 11, 1 },
	{ "two additional records", 11, 2 },
	{ "a compressed name", 12, 0xc0 },
	{ "a label type of RFC 2673", 12, 0x41 },
	{ "a name that ends behind the message", 24, 63 },
	{ "a root in the middle", 16, 0 },
};

static void is_no_plain_query(void **state)
{
	const struct spoiled_row *r = *state;
	uint8_t wire[sizeof(plain)];
	struct query q;

	memcpy(wire, plain, sizeof(plain));
	wire[r->at] = r->value;
	assert_false(query_read(wire, sizeof(wire), &q));
}

static void a_message_cut_off_anywhere_is_none(void **state)
{
	struct query q;

	(void)state;
	for (size_t n = 0; n < sizeof(plain); n++) {
		uint8_t *copy = malloc(n + 1); /* of its size, for the sanitizer */

		memcpy(copy, plain, n);
		assert_false(query_read(copy, n, &q));
		free(copy);
	}
}

static void octets_behind_the_end_make_it_none(void **state)
{
	uint8_t wire[sizeof(plain) + 1] = { 0 };
	struct query q;

	(void)state;
	memcpy(wire, plain, sizeof(plain));
	assert_false(query_read(wire, sizeof(wire), &q));
}

/* A name of labels of 61 octets and one of `last`. */
static bool read_long_name(unsigned last)
{
	uint8_t wire[12 + 300] = { 0, 0, 0, 0, 0, 1 };
	uint8_t *p = wire + 12;
	struct query q;

	for (int i = 0; i < 4; i++) {
		*p++ = 61;
		memset(p, 'a', 61);
		p += 61;
	}
	*p++ = (uint8_t)last;
	memset(p, 'b', last);
	p += last;
	*p++ = 0;
	p[1] = p[3] = 1;
	return query_read(wire, (size_t)(p + 4 - wire), &q);
}

static void a_name_of_255_octets_is_one_and_of_256_is_none(void **state)
{
	(void)state;
	assert_true(read_long_name(5)); /* 4 * 62 + 6 + 1 = 255 */
	assert_false(read_long_name(6));
}

int main(void)
{
	TESTS_ADD(a_plain_query_is_read);
	TESTS_ADD(edns_is_read_and_its_options_are_passed_over);
	TESTS_ADD(options_in_disorder_are_left_to_others);
	TESTS_ADD(an_edns_size_below_512_counts_as_512);
	TESTS_ADD_ROWS(spoiled, is_no_plain_query);
	TESTS_ADD(a_message_cut_off_anywhere_is_none);
	TESTS_ADD(octets_behind_the_end_make_it_none);
	TESTS_ADD(a_name_of_255_octets_is_one_and_of_256_is_none);
	return tests_run("dns-query");
}
