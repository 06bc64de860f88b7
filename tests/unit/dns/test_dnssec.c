#include "dns/dnssec.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"
#include "zone/zone.h"

static struct arena *a;

static const struct dnssec_period period = { 1577836800, 2145916800 };

/* ---- NSEC ---- */

struct bitmap_row {
	const char *name;
	uint16_t types[8];
	unsigned n;
	const char *want; /* hexadecimal */
};

/* The third is the example of RFC 4034 4.3. */
static const struct bitmap_row bitmap_rows[] = {
	{ "no types are no bitmap", { 0 }, 0, "" },
	{ "type 1 is the second bit of window 0", { TYPE_A }, 1, "000140" },
	{ "A MX RRSIG NSEC TYPE1234 are two windows", { 1, 15, 46, 47, 1234 }, 5,
		"0006400100000003"
		"041b000000000000000000000000000000000000000000000000000020" },
	{ "the last type of a window has its octet", { 255, 256 }, 2,
		"0020"
		"0000000000000000000000000000000000000000000000000000000000000001"
		"010180" },
	{ "the highest type fits", { 65535 }, 1,
		"ff20"
		"0000000000000000000000000000000000000000000000000000000000000001" },
};

static void bitmap(void **state)
{
	const struct bitmap_row *row = *state;
	const struct name *next = name_literal(a, "Host.EXAMPLE.com");
	struct str s = STR_INIT;
	struct rr nsec;

	dnssec_nsec(a, name_literal(a, "alfa.example.com"), next, row->types, row->n,
		86400, &nsec);
	assert_true(name_equal(nsec_next(&nsec), next));
	assert_memory_equal(nsec.rdata, "\4host\7example\3com", 18);
	for (size_t i = 18; i < nsec.rdlen; i++)
		str_printf(&s, "%02x", nsec.rdata[i]);
	assert_string_equal(s.data, row->want);
	str_clear(&s);
}

/* ---- keys ---- */

static const char *dnskey_text(const char *zone)
{
	struct rr rr;

	dnssec_dnskey(a, dnssec_key_new(a, name_literal(a, zone)), 300, &rr);
	return rr_text(a, &rr);
}

static void a_zone_has_the_same_key_each_time(void **state)
{
	(void)state;
	assert_string_equal(dnskey_text("example"), dnskey_text("example"));
}

static void two_zones_have_two_keys(void **state)
{
	(void)state;
	assert_string_not_equal(strchr(dnskey_text("a.example"), ' '),
		strchr(dnskey_text("b.example"), ' '));
}

static void letter_case_makes_no_other_key(void **state)
{
	(void)state;
	assert_string_equal(strchr(dnskey_text("example"), ' '),
		strchr(dnskey_text("EXAMPLE"), ' '));
}

/* RFC 6605 4: flags 257, protocol 3, algorithm 13, and 64 octets of key. */
static void a_dnskey_is_a_p256_zone_key(void **state)
{
	static const uint8_t head[] = { 1, 1, 3, 13 };
	struct rr rr;

	(void)state;
	dnssec_dnskey(a, dnssec_key_new(a, name_root), 300, &rr);
	assert_int_equal(rr.rdlen, 4 + 64);
	assert_memory_equal(rr.rdata, head, sizeof(head));
	assert_true(name_is_root(rr.owner));
}

/* RFC 4509 2.1: key tag, algorithm, digest type 2, and 32 octets of digest. */
static void a_ds_is_a_sha256_digest(void **state)
{
	struct dnssec_key *k = dnssec_key_new(a, name_literal(a, "example"));
	struct rr dnskey, rr;

	(void)state;
	dnssec_dnskey(a, k, 300, &dnskey);
	assert_true(dnskey_is_entry_point(&dnskey));
	assert_true(dnssec_ds(a, &dnskey, &rr));
	assert_true(name_equal(rr.owner, dnskey.owner));
	assert_int_equal(rr.ttl, 300);
	assert_int_equal(rr.rdlen, 4 + 32);
	assert_int_equal(rr.rdata[2], 13);
	assert_int_equal(rr.rdata[3], 2);
}

/* The key and the digest of RFC 4509 2.3. */
static void a_ds_is_that_of_the_rfc(void **state)
{
	static const char key[] =
		"dskey.example.com. 86400 IN DNSKEY 256 3 5 "
		"AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMz"
		"NXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJ"
		"BjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==\n";
	const struct rr *dnskey;
	struct errs errs;
	struct rr ds;
	unsigned n;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(
		zone_parse_records(a, key, (struct place){ 0 }, &errs, &dnskey, &n), 0);
	assert_false(dnskey_is_entry_point(dnskey));
	assert_true(dnssec_ds(a, dnskey, &ds));
	assert_string_equal(rr_text(a, &ds),
		"dskey.example.com 86400 DS 60485 5 2 d4b7d520e7bb5f0f67674a0cceb1e3e0"
		"614b93c4f9e99b8383f6a1e4469da50a");
}

static void what_is_no_key_has_no_ds(void **state)
{
	struct rr key = { .owner = name_root,
		.type = TYPE_DNSKEY,
		.rdata = (const uint8_t *)"\1",
		.rdlen = 1 };
	struct rr ds;

	(void)state;
	assert_false(dnskey_is_entry_point(&key));
	dnssec_ds(a, &key, &ds); /* whatever it says, it reads no further */
}

/* ---- signatures: each is verified by ldns, which is linked anyway ---- */

struct sign_row {
	const char *name;
	const char *owner;
	uint16_t type;
	const char *rdata[3];
	size_t rdlen[3];
	unsigned n, labels;
};

static const struct sign_row sign_rows[] = {
	{ "one record", "www.example", TYPE_A, { "\300\0\2\1" }, { 4 }, 1, 2 },
	{ "records out of canonical order", "www.example", TYPE_A,
		{ "\300\0\2\3", "\300\0\2\1", "\300\0\2\2" }, { 4, 4, 4 }, 3, 2 },
	{ "names in capitals", "WWW.Example", TYPE_CNAME, { "\4SHOP\7offSite\3net" },
		{ 18 }, 1, 2 },
	{ "a wildcard has a label less (RFC 4034 3.1.3)", "*.example", TYPE_A,
		{ "\300\0\2\1" }, { 4 }, 1, 1 },
	{ "the root's set has no label", ".", TYPE_NS, { "\1a\4root" }, { 8 }, 1, 0 },
	{ "an unknown type", "www.example", 65280, { "\1\2\3" }, { 3 }, 1, 2 },
	{ "no data", "www.example", 65280, { "" }, { 0 }, 1, 2 },
	{ "RDATA that is not what its type says", "www.example", TYPE_A, { "\1\2" },
		{ 2 }, 1, 2 },
};

static void signing(void **state)
{
	const struct sign_row *row = *state;
	const struct name *owner = name_literal(a, row->owner);
	struct dnssec_key *k = dnssec_key_new(
		a, name_literal(a, *row->owner == '.' ? "." : "example"));
	struct rr set[3], rrsig;

	for (unsigned i = 0; i < row->n; i++)
		set[i] = (struct rr){
			.owner = owner,
			.type = row->type,
			.ttl = 300,
			.rdata = (const uint8_t *)row->rdata[i],
			.rdlen = (uint16_t)row->rdlen[i],
		};
	dnssec_sign(a, k, period, set, row->n, &rrsig);
	assert_int_equal(rrsig.type, TYPE_RRSIG);
	assert_int_equal(rrsig.ttl, 300);
	assert_true(name_equal(rrsig.owner, owner));
	assert_int_equal(rrsig_covers(&rrsig), row->type);
	assert_int_equal(rrsig_labels(&rrsig), row->labels);
	assert_true(dnssec_verifies(k, set, row->n, &rrsig));
	set[0].ttl = 299; /* the TTL that was signed stands in the RRSIG */
	assert_true(dnssec_verifies(k, set, 1, &rrsig) == (row->n == 1));
	set[0].type++;
	assert_false(dnssec_verifies(k, set, row->n, &rrsig));
}

static void a_cut_rrsig_covers_nothing(void **state)
{
	struct rr rr = {
		.type = TYPE_RRSIG, .rdata = (const uint8_t *)"\0\1\15", .rdlen = 3
	};

	(void)state;
	assert_int_equal(rrsig_covers(&rr), 0);
	assert_int_equal(rrsig_labels(&rr), 0);
}

int main(void)
{
	int failed;

	a = arena_new();
	TESTS_ADD_ROWS(bitmap_rows, bitmap);
	TESTS_ADD(a_zone_has_the_same_key_each_time);
	TESTS_ADD(two_zones_have_two_keys);
	TESTS_ADD(letter_case_makes_no_other_key);
	TESTS_ADD(a_dnskey_is_a_p256_zone_key);
	TESTS_ADD(a_ds_is_a_sha256_digest);
	TESTS_ADD(a_ds_is_that_of_the_rfc);
	TESTS_ADD(what_is_no_key_has_no_ds);
	TESTS_ADD_ROWS(sign_rows, signing);
	TESTS_ADD(a_cut_rrsig_covers_nothing);
	failed = tests_run("dns-dnssec");
	arena_free(a);
	return failed;
}
