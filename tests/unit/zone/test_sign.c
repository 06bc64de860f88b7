#include "zone/sign.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"
#include "support/zones.h"

static struct arena *a;

/* ---- what a signed zone holds: its text, signatures as "owner type/labels" ---- */

static void put_made(void *ctx, const struct rr *rr)
{
	char text[NAME_TEXT_MAX];
	struct str *s = ctx;

	switch (rr->type) {
	case TYPE_RRSIG:
		str_printf(s, "%s %u", name_to_text(rr->owner, text), rr->ttl);
		str_printf(s, " RRSIG %s", rrtype_to_text(rrsig_covers(rr), text));
		str_printf(s, " %u\n", rrsig_labels(rr));
		break;
	case TYPE_NSEC:
	case TYPE_DS:
		rr_put_text(s, rr);
		str_putc(s, '\n');
		break;
	case TYPE_DNSKEY:
		str_printf(s, "%s %u", name_to_text(rr->owner, text), rr->ttl);
		str_puts(s, " DNSKEY\n");
	}
}

static const char *made(const struct zone *z)
{
	struct str s = STR_INIT;
	const char *text;

	zone_each(z, put_made, &s);
	text = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return text;
}

static struct zone *sign(const struct zone *z)
{
	return zone_sign(a, z, SIGN_PERIOD, NULL);
}

/* ---- the zone of RFC 4035, appendix A ---- */

static const char rfc_zone[] =
	"$TTL 3600\n"
	"@ SOA ns1 bugs.x.w 1081539377 3600 300 3600000 3600\n"
	"@ NS ns1\n@ NS ns2\n@ MX 1 xx\n"
	"a NS ns1.a\na NS ns2.a\n"
	"a DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B\n"
	"ns1.a A 192.0.2.5\nns2.a A 192.0.2.6\n"
	"ai A 192.0.2.9\nai HINFO KLH-10 ITS\nai AAAA 2001:db8::f00:baa9\n"
	"b NS ns1.b\nb NS ns2.b\n"
	"ns1.b A 192.0.2.7\nns2.b A 192.0.2.8\n"
	"ns1 A 192.0.2.1\nns2 A 192.0.2.2\n"
	"*.w MX 1 ai\nx.w MX 1 xx\nx.y.w MX 1 xx\n"
	"xx A 192.0.2.10\nxx HINFO KLH-10 TOPS-20\nxx AAAA 2001:db8::f00:baaa\n";

static void the_zone_of_rfc_4035_has_its_chain_and_signatures(void **state)
{
	(void)state;
	assert_string_equal(made(sign(zone_of(a, "example", rfc_zone))),
		"example 3600 DNSKEY\n"
		"example 3600 RRSIG NS 1\n"
		"example 3600 RRSIG SOA 1\n"
		"example 3600 RRSIG MX 1\n"
		"example 3600 RRSIG DNSKEY 1\n"
		"example 3600 NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY\n"
		"example 3600 RRSIG NSEC 1\n"
		"a.example 3600 DS 57855 5 1 "
		"b6dcd485719adca18e5f3d48a2331627fdd3636b\n"
		"a.example 3600 RRSIG DS 2\n"
		"a.example 3600 NSEC ai.example. NS DS RRSIG NSEC\n"
		"a.example 3600 RRSIG NSEC 2\n"
		"ai.example 3600 RRSIG A 2\n"
		"ai.example 3600 RRSIG HINFO 2\n"
		"ai.example 3600 RRSIG AAAA 2\n"
		"ai.example 3600 NSEC b.example. A HINFO AAAA RRSIG NSEC\n"
		"ai.example 3600 RRSIG NSEC 2\n"
		"b.example 3600 NSEC ns1.example. NS RRSIG NSEC\n"
		"b.example 3600 RRSIG NSEC 2\n"
		"ns1.example 3600 RRSIG A 2\n"
		"ns1.example 3600 NSEC ns2.example. A RRSIG NSEC\n"
		"ns1.example 3600 RRSIG NSEC 2\n"
		"ns2.example 3600 RRSIG A 2\n"
		"ns2.example 3600 NSEC *.w.example. A RRSIG NSEC\n"
		"ns2.example 3600 RRSIG NSEC 2\n"
		"*.w.example 3600 RRSIG MX 2\n"
		"*.w.example 3600 NSEC x.w.example. MX RRSIG NSEC\n"
		"*.w.example 3600 RRSIG NSEC 2\n"
		"x.w.example 3600 RRSIG MX 3\n"
		"x.w.example 3600 NSEC x.y.w.example. MX RRSIG NSEC\n"
		"x.w.example 3600 RRSIG NSEC 3\n"
		"x.y.w.example 3600 RRSIG MX 4\n"
		"x.y.w.example 3600 NSEC xx.example. MX RRSIG NSEC\n"
		"x.y.w.example 3600 RRSIG NSEC 4\n"
		"xx.example 3600 RRSIG A 2\n"
		"xx.example 3600 RRSIG HINFO 2\n"
		"xx.example 3600 RRSIG AAAA 2\n"
		"xx.example 3600 NSEC example. A HINFO AAAA RRSIG NSEC\n"
		"xx.example 3600 RRSIG NSEC 2\n");
}

/* ---- the NSEC records of a zone with an apex (ns1 below it), TTL 60 ---- */

struct chain_row {
	const char *name, *text, *want; /* want: what is made below "w" */
};

static const struct chain_row chain_rows[] = {
	{ "data beside a CNAME is signed and shown", "w CNAME s\nw MX 1 m\n",
		"w.example 300 RRSIG CNAME 2\nw.example 300 RRSIG MX 2\n"
		"w.example 60 NSEC example. CNAME MX RRSIG NSEC\n"
		"w.example 60 RRSIG NSEC 2\n" },
	{ "each set's signature has its TTL (RFC 4034 3)",
		"w 10 A 192.0.2.1\nw MX 1 m\n",
		"w.example 10 RRSIG A 2\nw.example 300 RRSIG MX 2\n"
		"w.example 60 NSEC example. A MX RRSIG NSEC\n"
		"w.example 60 RRSIG NSEC 2\n" },
	{ "a name that others only lie below has no NSEC (RFC 4035 2.3)",
		"a.w A 192.0.2.1\n",
		"a.w.example 300 RRSIG A 3\n"
		"a.w.example 60 NSEC example. A RRSIG NSEC\n"
		"a.w.example 60 RRSIG NSEC 3\n" },
	{ "below a DNAME there is nothing", "w DNAME other.\na.w A 192.0.2.1\n",
		"w.example 300 RRSIG DNAME 2\n"
		"w.example 60 NSEC example. DNAME RRSIG NSEC\n"
		"w.example 60 RRSIG NSEC 2\n" },
	{ "glue at the delegation itself is not shown", "w NS w\nw A 192.0.2.1\n",
		"w.example 60 NSEC example. NS RRSIG NSEC\n"
		"w.example 60 RRSIG NSEC 2\n" },
	{ "an ALIAS is not shown, its name is", "w ALIAS other.\n",
		"w.example 60 NSEC example. RRSIG NSEC\n"
		"w.example 60 RRSIG NSEC 2\n" },
	{ "an ALIAS beside an MX is not shown", "w ALIAS other.\nw MX 1 m\n",
		"w.example 300 RRSIG MX 2\n"
		"w.example 60 NSEC example. MX RRSIG NSEC\n"
		"w.example 60 RRSIG NSEC 2\n" },
	{ "old signatures and NSEC records are made anew",
		"w NSEC z.example. CNAME\nw TXT x\nw RRSIG A 8 2 300 20300101000000 "
		"20200101000000 1 example. AAAA\n",
		"w.example 300 RRSIG TXT 2\n"
		"w.example 60 NSEC example. TXT RRSIG NSEC\n"
		"w.example 60 RRSIG NSEC 2\n" },
};

static void chain(void **state)
{
	const struct chain_row *row = *state;
	const char *all = made(sign(zone_with_apex(a, "example", row->text)));
	const char *w = strstr(all, "\nw.example "), *below = strstr(all, "\na.w.");

	if (w == NULL)
		w = below;
	assert_non_null(w);
	assert_string_equal(w + 1, row->want);
}

static void a_lower_soa_ttl_bounds_the_nsec(void **state)
{
	struct zone *z = zone_of(a, "example",
		"@ 30 SOA ns1 h 1 3600 600 86400 60\n@ 300 NS ns1.other.\n");

	(void)state; /* RFC 9077 3 */
	assert_non_null(strstr(made(sign(z)), "example 30 NSEC example. "));
}

static void signing_twice_is_signing_once(void **state)
{
	struct zone *z = sign(zone_of(a, "example", rfc_zone));

	(void)state;
	assert_true(zone_is_signed(z));
	assert_string_equal(made(sign(z)), made(z));
	assert_int_equal(zone_records(sign(z)), zone_records(z));
}

static void an_unsigned_zone_is_not_signed(void **state)
{
	(void)state;
	assert_false(zone_is_signed(zone_of(a, "example", rfc_zone)));
}

/* ---- DS of children ---- */

static const char *with_ds(const char *child, const char *text)
{
	struct zone *z = zone_with_apex(a, "example", text);
	struct ds_list ds = { .n = 0 };

	zone_add_ds(a, sign(zone_with_apex(a, child, "")), &ds);
	assert_int_equal(ds.n, 1);
	return made(zone_sign(a, z, SIGN_PERIOD, &ds));
}

static void a_ds_joins_its_delegation(void **state)
{
	const char *text = with_ds("w.example", "w 77 NS ns.other.\n");

	(void)state;
	assert_non_null(strstr(text, "\nw.example 77 DS "));
	assert_non_null(strstr(text, "\nw.example 77 RRSIG DS 2\n"));
	assert_non_null(strstr(text, " NSEC example. NS DS RRSIG NSEC\n"));
}

static void a_ds_without_delegation_is_left_out(void **state)
{
	(void)state;
	assert_null(strstr(with_ds("w.example", "w A 192.0.2.1\n"), " DS"));
	assert_null(strstr(with_ds("w.example", ""), " DS"));
	assert_null(strstr(with_ds("example", ""), " DS"));
	assert_null(strstr(with_ds("other", ""), " DS"));
}

/* A scenario can so break the chain on purpose. */
static void a_ds_that_is_written_is_the_only_one(void **state)
{
	const char *text = with_ds("w.example", "w NS ns.other.\nw DS 1 13 2 00\n");

	(void)state;
	assert_non_null(strstr(text, "\nw.example 300 DS 1 13 2 00\n"));
	assert_null(strstr(strstr(text, " DS ") + 1, "w.example 300 DS "));
}

static void an_unsigned_zone_has_no_ds(void **state)
{
	struct ds_list ds = { .n = 0 };

	(void)state;
	zone_add_ds(a, zone_with_apex(a, "example", "@ DNSKEY 257 3 13 AAAA\n"), &ds);
	assert_int_equal(ds.n, 0);
}

/* ---- trust anchors ---- */

static const char *anchors(struct zone **zones, size_t n)
{
	struct str s = STR_INIT, owners = STR_INIT;
	const char *text;

	zone_put_anchors(&s, (const struct zone *const *)zones, n);
	for (char *line = s.data; line != NULL && *line != '\0';) {
		char *end = strchr(line, '\n'), *rdata = strpbrk(line, "0123456789");

		rdata = strchr(strstr(rdata, " IN ") + 4, ' ');
		str_put(&owners, line, (size_t)(rdata - line));
		str_puts(&owners, "; ");
		line = end + 1;
	}
	text = arena_strndup(a, owners.data, owners.len);
	str_clear(&s);
	str_clear(&owners);
	return text;
}

static struct zone *signed_parent(const char *text, struct zone *child)
{
	struct ds_list ds = { .n = 0 };

	zone_add_ds(a, child, &ds);
	return zone_sign(a, zone_with_apex(a, "example", text), SIGN_PERIOD, &ds);
}

static void the_topmost_signed_zone_is_the_anchor(void **state)
{
	struct zone *child = sign(zone_with_apex(a, "w.example", ""));
	struct zone *zones[] = { child, signed_parent("w NS ns\n", child) };

	(void)state;
	assert_string_equal(
		anchors(zones, 2), "example. 300 IN DNSKEY; example. 300 IN DS; ");
}

static void a_zone_that_no_parent_vouches_for_is_an_anchor(void **state)
{
	struct zone *child = sign(zone_with_apex(a, "w.example", ""));
	struct zone *zones[] = { child, signed_parent("", child) };

	(void)state;
	assert_string_equal(anchors(zones, 2),
		"w.example. 300 IN DNSKEY; w.example. 300 IN DS; "
		"example. 300 IN DNSKEY; example. 300 IN DS; ");
}

static void the_root_is_an_anchor_once(void **state)
{
	struct zone *root = sign(zone_with_apex(a, ".", ""));
	struct zone *zones[] = { root, zone_with_apex(a, "example", ""), root };

	(void)state;
	assert_string_equal(anchors(zones, 3), ". 300 IN DNSKEY; . 300 IN DS; ");
}

static void an_unsigned_world_has_no_anchor(void **state)
{
	struct zone *zones[] = { zone_with_apex(a, "example", "") };

	(void)state;
	assert_string_equal(anchors(zones, 1), "");
}

int main(void)
{
	int failed;

	a = arena_new();
	TESTS_ADD(the_zone_of_rfc_4035_has_its_chain_and_signatures);
	TESTS_ADD_ROWS(chain_rows, chain);
	TESTS_ADD(a_lower_soa_ttl_bounds_the_nsec);
	TESTS_ADD(signing_twice_is_signing_once);
	TESTS_ADD(an_unsigned_zone_is_not_signed);
	TESTS_ADD(a_ds_joins_its_delegation);
	TESTS_ADD(a_ds_without_delegation_is_left_out);
	TESTS_ADD(a_ds_that_is_written_is_the_only_one);
	TESTS_ADD(an_unsigned_zone_has_no_ds);
	TESTS_ADD(the_topmost_signed_zone_is_the_anchor);
	TESTS_ADD(a_zone_that_no_parent_vouches_for_is_an_anchor);
	TESTS_ADD(the_root_is_an_anchor_once);
	TESTS_ADD(an_unsigned_world_has_no_anchor);
	failed = tests_run("zone-sign");
	arena_free(a);
	return failed;
}
