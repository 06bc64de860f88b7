#include "dns/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"

/* A message whose header is twelve zeros, then at offset 12 the name "a.example.", at
 * 23 the record under test. */
#define PREFIX "01 61 07 65 78 61 6d 70 6c 65 00 "

struct row {
	const char *name;
	const char *record; /* hex */
	const char *want;   /* its text by reader_rdata_strict(); NULL: refused */
};

static const struct row rows[] = {
	{ "an address is four octets", "c00c 0001 0001 0000003c 0004 c0000201",
		"a.example 60 A 192.0.2.1" },
	{ "an address of five is refused", "c00c 0001 0001 0000003c 0005 c000020100",
		NULL },
	{ "RDATA that goes past the message is refused",
		"c00c 0001 0001 0000003c 0005 c0000201", NULL },
	{ "a record cut off in its TTL is refused", "c00c 0001 0001 0000", NULL },
	{ "a pointer to itself is refused", "c017 0001 0001 0000003c 0004 c0000201",
		NULL },
	{ "the exchange of an MX is uncompressed",
		"c00c 000f 0001 0000003c 0006 000a 016d c00e",
		"a.example 60 MX 10 m.example" },
	{ "an exchange that ends after the RDATA is refused",
		"c00c 000f 0001 0000003c 0005 000a 016d c00e", NULL },
	{ "a text is strings to the last octet", "c00c 0010 0001 0000003c 0003 02 6869",
		"a.example 60 TXT \"hi\"" },
	{ "an empty TXT is refused (RFC 1035 3.3.14: one or more)",
		"c00c 0010 0001 0000003c 0000", NULL },
	{ "a text string longer than the RDATA is refused",
		"c00c 0010 0001 0000003c 0003 09 6869", NULL },
	{ "the names of an RP are uncompressed (RFC 3597 4)",
		"c00c 0011 0001 0000003c 0006 0162 c00e c00c",
		"a.example 60 RP b.example. a.example." },
	{ "an RP with one name is refused", "c00c 0011 0001 0000003c 0004 0162 c00e",
		NULL },
	{ "a SOA without its numbers is refused",
		"c00c 0006 0001 0000003c 0004 c00c c00c", NULL },
	{ "a type nobody knows is kept as it is (RFC 3597 3)",
		"c00c fde8 0001 0000003c 0002 c00c",
		"a.example 60 TYPE65000 \\# 2 c00c" },
};

static size_t from_hex(const char *hex, uint8_t *to)
{
	size_t n = 0;

	for (; *hex != '\0'; hex++) {
		char two[3] = { hex[0], hex[1], '\0' };

		if (*hex == ' ')
			continue;
		to[n++] = (uint8_t)strtoul(two, NULL, 16);
		hex++;
	}
	return n;
}

static void a_record_is_read_or_refused(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	uint8_t message[512] = { 0 };
	size_t len = READER_HEADER_LEN + from_hex(PREFIX, message + READER_HEADER_LEN);
	struct reader in = { .arena = a, .start = message, .at = message + len };
	struct reader_record r;
	struct rr rr;

	in.end = in.at + from_hex(row->record, message + len);
	if (reader_record(&in, &r) != 0 || reader_rdata_strict(&in, &r, &rr) != 0) {
		assert_null(row->want);
	} else {
		assert_non_null(row->want);
		assert_string_equal(rr_text(a, &rr), row->want);
		assert_ptr_equal(in.at, in.end);
	}
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, a_record_is_read_or_refused);
	return tests_run("dns-reader");
}
