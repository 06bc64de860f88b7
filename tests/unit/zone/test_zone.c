#include "zone/zone.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"
#include "support/zones.h"

struct row {
	const char *name, *text, *want;
};

/* ---- conflicts; the text starts in line 5 of the zone ---- */

static const struct row conflict_rows[] = {
	{ "a zone without aliases has none", "www A 192.0.2.1\nwww MX 10 www\n", "" },
	{ "an alias alone has none", "www CNAME shop\n", "" },
	{ "CNAME and MX are one", "www CNAME shop\nwww MX 10 mail\n",
		"5 6 MX RFC 1034 3.6.2: CNAME and MX at www.example\n" },
	{ "the CNAME may come second", "www MX 10 mail\nwww CNAME shop\n",
		"6 5 MX RFC 1034 3.6.2: CNAME and MX at www.example\n" },
	{ "each type beside the CNAME is one, however many records",
		"www CNAME shop\nwww MX 10 a\nwww MX 20 b\nwww TXT x\n",
		"5 6 MX RFC 1034 3.6.2: CNAME and MX at www.example\n"
		"5 8 TXT RFC 1034 3.6.2: CNAME and TXT at www.example\n" },
	{ "RRSIG and NSEC may stand beside (RFC 4035 2.5)",
		"www CNAME shop\nwww NSEC x.example. CNAME\nwww RRSIG CNAME 8 2 300 "
		"20300101000000 20200101000000 1 example. AAAA\n",
		"" },
	{ "an alias at the apex stands beside SOA and NS", "@ CNAME shop\n",
		"5 3 NS RFC 1034 3.6.2: CNAME and NS at example\n"
		"5 2 SOA RFC 1034 3.6.2: CNAME and SOA at example\n" },
	{ "a second CNAME is one", "www CNAME a\nwww CNAME b\n",
		"5 6 CNAME RFC 2181 10.1: two CNAME records at www.example\n" },
	{ "the same CNAME twice is none", "www CNAME a\nwww CNAME A\n", "" },
	{ "a second DNAME is one", "www DNAME a\nwww DNAME b\n",
		"5 6 DNAME RFC 6672 2.4: two DNAME records at www.example\n" },
	{ "a DNAME and an address are none", "www DNAME a\nwww A 192.0.2.1\n", "" },
	{ "an ALIAS is one by itself", "www ALIAS shop.other.\nwww MX 10 mail\n",
		"5 5 ALIAS RFC 1035 3.2.2: ALIAS at www.example: there is no such "
		"record type\n" },
};

static void conflicts_are_found(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct zone *z = zone_with_apex(a, "example", row->text);
	const struct zone_conflict *c;
	size_t n = zone_conflicts(z, &c);
	char type[RRTYPE_TEXT_MAX];
	struct str s = STR_INIT;

	for (size_t i = 0; i < n; i++) {
		assert_string_equal(c[i].first.file, "example");
		str_printf(&s, "%d %d %s %s: %s\n", c[i].first.line, c[i].second.line,
			rrtype_to_text(c[i].type, type), c[i].rule, c[i].text);
	}
	assert_string_equal(s.data, row->want);
	str_clear(&s);
	arena_free(a);
}

/* ---- changes ---- */

static void put_record(void *ctx, const struct rr *rr)
{
	rr_put_text(ctx, rr);
	str_putc(ctx, '\n');
}

static const char *records(struct arena *a, const struct zone *z)
{
	struct str s = STR_INIT;
	const char *text;

	zone_each(z, put_record, &s);
	text = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return text;
}

#define SOA_2 "example 300 SOA ns1.example. hostmaster.example. 2 3600 600 86400 60\n"
#define NS_RECORD "example 300 NS ns1.example\n"
#define NS1 "ns1.example 300 A 192.0.2.53\n"

struct change_row {
	const char *name;
	enum zone_op op;
	const char *text, *want;
};

static const struct change_row change_rows[] = {
	{ "set replaces the RRset, and the serial goes up", ZONE_SET,
		"shop 60 A 198.51.100.7",
		SOA_2 NS_RECORD NS1 "shop.example 300 TXT \"t\"\n"
				    "shop.example 60 A 198.51.100.7\n" },
	{ "set takes the apex's TTL where none is written", ZONE_SET,
		"shop A 198.51.100.7\n",
		SOA_2 NS_RECORD NS1 "shop.example 300 TXT \"t\"\n"
				    "shop.example 300 A 198.51.100.7\n" },
	{ "set can make a new name", ZONE_SET, "new 60 A 198.51.100.7\n",
		SOA_2 NS_RECORD NS1 "shop.example 300 A 192.0.2.1\n"
				    "shop.example 300 A 192.0.2.2\n"
				    "shop.example 300 TXT \"t\"\n"
				    "new.example 60 A 198.51.100.7\n" },
	{ "set can put data beside what is there", ZONE_SET, "shop CNAME x\n",
		SOA_2 NS_RECORD NS1 "shop.example 300 A 192.0.2.1\n"
				    "shop.example 300 A 192.0.2.2\n"
				    "shop.example 300 TXT \"t\"\n"
				    "shop.example 300 CNAME x.example\n" },
	{ "set of the SOA keeps the serial given", ZONE_SET,
		"@ SOA ns1 hostmaster 9 3600 600 86400 60\n",
		"example 300 NS ns1.example\n"
		"example 300 SOA ns1.example. hostmaster.example. 9 3600 600 86400 "
		"60\n" NS1
		"shop.example 300 A 192.0.2.1\nshop.example 300 A 192.0.2.2\n"
		"shop.example 300 TXT \"t\"\n" },
	{ "add puts a record into the RRset", ZONE_ADD, "shop A 192.0.2.3\n",
		SOA_2 NS_RECORD NS1 "shop.example 300 A 192.0.2.1\n"
				    "shop.example 300 A 192.0.2.2\n"
				    "shop.example 300 TXT \"t\"\n"
				    "shop.example 300 A 192.0.2.3\n" },
	{ "add of what is there changes the serial only", ZONE_ADD,
		"shop A 192.0.2.1\n",
		SOA_2 NS_RECORD NS1 "shop.example 300 A 192.0.2.1\n"
				    "shop.example 300 A 192.0.2.2\n"
				    "shop.example 300 TXT \"t\"\n" },
	{ "delete takes an RRset", ZONE_DELETE, "shop A",
		SOA_2 NS_RECORD NS1 "shop.example 300 TXT \"t\"\n" },
	{ "delete takes a node", ZONE_DELETE, "  shop ; all of it\n",
		SOA_2 NS_RECORD NS1 },
	{ "delete takes several", ZONE_DELETE, "shop.example. TXT\n\nns1\n",
		SOA_2 NS_RECORD "shop.example 300 A 192.0.2.1\n"
				"shop.example 300 A 192.0.2.2\n" },
	{ "delete of the apex keeps SOA and NS (RFC 2136 3.4.2.3)", ZONE_DELETE,
		"@\nshop\n", SOA_2 NS_RECORD NS1 },
	{ "delete of what is not there changes the serial only", ZONE_DELETE,
		"shop MX\nnothing\n",
		SOA_2 NS_RECORD NS1 "shop.example 300 A 192.0.2.1\n"
				    "shop.example 300 A 192.0.2.2\n"
				    "shop.example 300 TXT \"t\"\n" },
};

static const char changed_zone[] = "shop A 192.0.2.1\nshop A 192.0.2.2\nshop TXT t\n";

static void a_change_makes_a_new_zone(void **state)
{
	const struct change_row *row = *state;
	struct arena *a = arena_new(), *b = arena_new();
	struct place at = { .file = "a.conf", .line = 9, .col = 5 };
	struct zone *old = zone_with_apex(a, "example", changed_zone), *z = NULL;
	const char *before = records(a, old);
	struct errs errs;

	errs_init(&errs, b);
	assert_int_equal(zone_change(b, old, row->op, row->text, at, &errs, &z), 0);
	assert_string_equal(records(a, old), before);
	arena_free(a); /* the new zone borrows nothing */
	assert_string_equal(records(b, z), row->want);
	arena_free(b);
}

static const struct change_row bad_change_rows[] = {
	{ "a mistake in the text has its place", ZONE_SET, "shop A x",
		"9:12 \"x\" is not an address" },
	{ "a mistake in the second line has its place", ZONE_ADD,
		"shop A 192.0.2.1\na A x", "10:9 \"x\" is not an address" },
	{ "a record outside the zone is refused", ZONE_SET, "shop.other. A 192.0.2.1",
		"9:5 shop.other is outside the zone example" },
	{ "an owner outside the zone cannot be deleted", ZONE_DELETE, "shop.other. A",
		"9:5 shop.other. is outside the zone" },
	{ "an unknown type cannot be deleted", ZONE_DELETE, "shop MXX",
		"9:10 unknown record type \"MXX\"" },
	{ "data cannot be given to delete", ZONE_DELETE, "shop A 192.0.2.1",
		"9:12 only an owner and a type stand here" },
	{ "the last NS of the apex cannot be deleted", ZONE_DELETE, "@ NS",
		"9:5 the zone example has no NS record at its apex (RFC 1034 4.2.1)" },
};

static void a_bad_change_is_refused(void **state)
{
	const struct change_row *row = *state;
	struct arena *a = arena_new();
	struct place at = { .file = "a.conf", .line = 9, .col = 5 };
	struct zone *old = zone_with_apex(a, "example", changed_zone), *z = NULL;
	struct errs errs;

	errs_init(&errs, a);
	assert_int_equal(zone_change(a, old, row->op, row->text, at, &errs, &z), -1);
	assert_null(z);
	assert_int_equal(errs.n, 1);
	assert_string_equal(arena_printf(a, "%d:%d %s", errs.list[0].at.line,
				    errs.list[0].at.col, errs.list[0].text),
		row->want);
	arena_free(a);
}

/* RFC 1982 3.1. */
static void the_serial_wraps_around(void **state)
{
	struct arena *a = arena_new();
	struct zone *z = zone_of(
		a, "example", "@ SOA ns1 hostmaster 4294967295 1 1 1 1\n@ NS ns1\n");
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(zone_change(a, z, ZONE_ADD, "a A 192.0.2.1\n",
				 (struct place){ 0 }, &errs, &z),
		0);
	assert_int_equal(
		rr_soa_serial(zone_rrset(z, name_literal(a, "example"), TYPE_SOA).rr),
		0);
	arena_free(a);
}

/* ---- the store ---- */

static void an_rrset_is_found_in_any_letter_case(void **state)
{
	struct arena *a = arena_new();
	struct zone *z =
		zone_with_apex(a, "Example", "Www A 192.0.2.1\nwww A 192.0.2.2\n");
	struct rrset set = zone_rrset(z, name_literal(a, "wWW.eXample"), TYPE_A);

	(void)state;
	assert_int_equal(set.n, 2);
	assert_string_equal(rr_text(a, &set.rr[1]), "Www.Example 300 A 192.0.2.2");
	assert_int_equal(zone_rrset(z, name_literal(a, "www.example"), TYPE_MX).n, 0);
	assert_int_equal(zone_rrset(z, name_literal(a, "x.example"), TYPE_A).n, 0);
	assert_int_equal(zone_rrset(z, name_literal(a, "www.other"), TYPE_A).n, 0);
	assert_int_equal(zone_records(z), 5);
	arena_free(a);
}

/* Past every growth of the index; and a set big enough to be sorted. */
#define MANY 5000

static void a_large_zone_finds_every_name(void **state)
{
	struct arena *a = arena_new();
	struct str s = STR_INIT;
	struct zone *z;

	(void)state;
	for (int i = 0; i < MANY; i++)
		str_printf(&s, "n%d.d%d A 192.0.2.1\nbig MX %d n%d\nbig MX %d N%d\n", i,
			i % 7, i, i, i, i);
	z = zone_with_apex(a, "example", s.data);
	for (int i = 0; i < MANY; i++) {
		const char *name = arena_printf(a, "n%d.d%d.example", i, i % 7);

		assert_int_equal(zone_rrset(z, name_literal(a, name), TYPE_A).n, 1);
	}
	assert_int_equal(
		zone_rrset(z, name_literal(a, "big.example"), TYPE_MX).n, MANY);
	str_clear(&s);
	arena_free(a);
}

static void a_zone_can_be_made_of_records(void **state)
{
	static const uint8_t address[] = { 192, 0, 2, 1 };
	struct arena *a = arena_new();
	struct rr rr[] = {
		{ .owner = name_literal(a, "www.example"),
			.rdata = address,
			.ttl = 5,
			.type = TYPE_A,
			.rdlen = 4 },
		{ .owner = name_literal(a, "www.other"),
			.rdata = address,
			.ttl = 5,
			.type = TYPE_A,
			.rdlen = 4 },
	};
	struct zone *z = zone_from_records(a, name_literal(a, "example"), rr, 2);

	(void)state;
	assert_string_equal(records(a, z), "www.example 5 A 192.0.2.1\n");
	assert_true(name_equal(zone_origin(z), name_literal(a, "example")));
	arena_free(a);
}

static void records_can_be_read_without_a_zone(void **state)
{
	struct arena *a = arena_new();
	const struct rr *rr = NULL;
	unsigned n = 9;
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(zone_parse_records(a, "a.example. 60 MX 10 b\nc A 192.0.2.1",
				 (struct place){ 0 }, &errs, &rr, &n),
		0);
	assert_int_equal(n, 2);
	assert_string_equal(rr_text(a, &rr[0]), "a.example 60 MX 10 b");
	assert_string_equal(rr_text(a, &rr[1]), "c 3600 A 192.0.2.1");
	assert_int_equal(zone_parse_records(a, " ; nothing\n", (struct place){ 0 },
				 &errs, &rr, &n),
		0);
	assert_int_equal(n, 0);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(conflict_rows, conflicts_are_found);
	TESTS_ADD_ROWS(change_rows, a_change_makes_a_new_zone);
	TESTS_ADD_ROWS(bad_change_rows, a_bad_change_is_refused);
	TESTS_ADD(the_serial_wraps_around);
	TESTS_ADD(an_rrset_is_found_in_any_letter_case);
	TESTS_ADD(a_large_zone_finds_every_name);
	TESTS_ADD(a_zone_can_be_made_of_records);
	TESTS_ADD(records_can_be_read_without_a_zone);
	return tests_run("zone-zone");
}
