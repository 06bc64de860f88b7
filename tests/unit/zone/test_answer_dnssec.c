/* Answers from signed zones: which signatures and which proofs come along. */
#include "zone/answer.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"
#include "support/zones.h"
#include "zone/sign.h"

static struct arena *a;

/* ---- answers as text ----
 *
 * A line for each record: section, owner, TTL and type. Of an RRSIG the type covered,
 * the labels and the original TTL follow, of an NSEC the next name; nothing of others,
 * which test_answer.c is about. */

static void put_line(struct str *s, const char *section, const struct rr *rr)
{
	char text[NAME_TEXT_MAX];

	str_printf(s, "%s %s", section, name_to_text(rr->owner, text));
	str_printf(s, " %u %s", rr->ttl, rrtype_to_text(rr->type, text));
	if (rr->type == TYPE_RRSIG) {
		const uint8_t *ttl = rr->rdata + 4;

		str_printf(s, " %s", rrtype_to_text(rrsig_covers(rr), text));
		str_printf(s, " %u %u", rrsig_labels(rr),
			(unsigned)(ttl[2] << 8 | ttl[3]));
	}
	if (rr->type == TYPE_NSEC)
		str_printf(s, " %s", name_to_text(nsec_next(rr), text));
	str_putc(s, '\n');
}

static const char *lines(const struct msg *m)
{
	static const char *const names[] = { "an", "au", "ad" };
	char rcode[RCODE_TEXT_MAX];
	struct str s = STR_INIT;
	const char *text;

	str_printf(&s, "%s%s%s\n", rcode_to_text(m->rcode, rcode), m->aa ? " AA" : "",
		m->ad ? " AD" : "");
	for (int id = ANSWER; id <= ADDITIONAL; id++) {
		for (unsigned i = 0; i < m->section[id].n; i++)
			put_line(&s, names[id], &m->section[id].rr[i]);
	}
	text = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return text;
}

static const char *ask(
	const struct answer_zones *zones, const char *question, bool dnssec_ok)
{
	const char *space = strchr(question, ' ');
	struct question q = {
		.name = name_literal(a, space + 1),
		.type = rrtype_from_text(
			arena_strndup(a, question, (size_t)(space - question))),
		.class = CLASS_IN,
	};
	struct msg query, reply;

	msg_init_query(&query, 1, &q, false);
	query.dnssec_ok = dnssec_ok;
	msg_init_reply(&reply, &query);
	zone_answer(a, zones, &query, &reply);
	return lines(&reply);
}

struct row {
	const char *name, *question, *want;
};

/* ---- RFC 4035, appendix B, from the zone of appendix A ----
 *
 * Our answers are smaller: no NS of the apex in the authority section. Served the same
 * signed zone, Knot 3.2.6 gave these sets, and so did NSD 4.6.1 but for that NS. */

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

#define RFC_SOA                                                                        \
	"au example 3600 SOA\n"                                                        \
	"au example 3600 RRSIG SOA 1 3600\n"

static const struct row rfc_rows[] = {
	{ "B.1 an answer has its signatures, and the addresses theirs",
		"MX x.w.example",
		"NOERROR AA\n"
		"an x.w.example 3600 MX\n"
		"an x.w.example 3600 RRSIG MX 3 3600\n"
		"ad xx.example 3600 A\n"
		"ad xx.example 3600 RRSIG A 2 3600\n"
		"ad xx.example 3600 AAAA\n"
		"ad xx.example 3600 RRSIG AAAA 2 3600\n" },
	{ "B.2 no such name: neither it nor a wildcard", "A ml.example",
		"NXDOMAIN AA\n" RFC_SOA "au b.example 3600 NSEC ns1.example\n"
		"au b.example 3600 RRSIG NSEC 2 3600\n"
		"au example 3600 NSEC a.example\n"
		"au example 3600 RRSIG NSEC 1 3600\n" },
	{ "B.3 no such data: the name's own NSEC", "MX ns1.example",
		"NOERROR AA\n" RFC_SOA "au ns1.example 3600 NSEC ns2.example\n"
		"au ns1.example 3600 RRSIG NSEC 2 3600\n" },
	{ "B.4 a referral to a signed zone has its DS", "MX mc.a.example",
		"NOERROR\n"
		"au a.example 3600 NS\n"
		"au a.example 3600 NS\n"
		"au a.example 3600 DS\n"
		"au a.example 3600 RRSIG DS 2 3600\n"
		"ad ns1.a.example 3600 A\n"
		"ad ns2.a.example 3600 A\n" },
	{ "B.5 a referral to an unsigned zone proves that it has none",
		"MX mc.b.example",
		"NOERROR\n"
		"au b.example 3600 NS\n"
		"au b.example 3600 NS\n"
		"au b.example 3600 NSEC ns1.example\n"
		"au b.example 3600 RRSIG NSEC 2 3600\n"
		"ad ns1.b.example 3600 A\n"
		"ad ns2.b.example 3600 A\n" },
	{ "B.6 a wildcard's answer proves that the name is not there",
		"MX a.z.w.example",
		"NOERROR AA\n"
		"an a.z.w.example 3600 MX\n"
		"an a.z.w.example 3600 RRSIG MX 2 3600\n"
		"au x.y.w.example 3600 NSEC xx.example\n"
		"au x.y.w.example 3600 RRSIG NSEC 4 3600\n"
		"ad ai.example 3600 A\n"
		"ad ai.example 3600 RRSIG A 2 3600\n"
		"ad ai.example 3600 AAAA\n"
		"ad ai.example 3600 RRSIG AAAA 2 3600\n" },
	{ "B.7 a wildcard without the data: its NSEC, and that the name is not there",
		"AAAA a.z.w.example",
		"NOERROR AA\n" RFC_SOA "au *.w.example 3600 NSEC x.w.example\n"
		"au *.w.example 3600 RRSIG NSEC 2 3600\n"
		"au x.y.w.example 3600 NSEC xx.example\n"
		"au x.y.w.example 3600 RRSIG NSEC 4 3600\n" },
	{ "B.8 the child has no DS of its own", "DS example",
		"NOERROR AA\n" RFC_SOA "au example 3600 NSEC a.example\n"
		"au example 3600 RRSIG NSEC 1 3600\n" },
	/* Not in the RFC; what both programs gave. */
	{ "a name that a wildcard lies below: the NSEC before it", "A w.example",
		"NOERROR AA\n" RFC_SOA "au ns2.example 3600 NSEC *.w.example\n"
		"au ns2.example 3600 RRSIG NSEC 2 3600\n" },
	{ "a name that another lies below has no wildcard (RFC 4592 2.2.2)",
		"MX y.w.example",
		"NOERROR AA\n" RFC_SOA "au x.w.example 3600 NSEC x.y.w.example\n"
		"au x.w.example 3600 RRSIG NSEC 3 3600\n" },
	{ "below a name that is there a wildcard above it does not count",
		"A x.x.w.example",
		"NXDOMAIN AA\n" RFC_SOA "au x.w.example 3600 NSEC x.y.w.example\n"
		"au x.w.example 3600 RRSIG NSEC 3 3600\n" },
	{ "behind the last name, the NSEC that leads back to the apex", "A zz.example",
		"NXDOMAIN AA\n" RFC_SOA "au xx.example 3600 NSEC example\n"
		"au xx.example 3600 RRSIG NSEC 2 3600\n"
		"au example 3600 NSEC a.example\n"
		"au example 3600 RRSIG NSEC 1 3600\n" },
};

static void rfc(void **state)
{
	const struct row *row = *state;
	struct zone *z = zone_of(a, "example", rfc_zone);
	struct answer_zones zones = zones_of_one(a, zone_sign(a, z, SIGN_PERIOD, NULL));

	assert_string_equal(ask(&zones, row->question, true), row->want);
}

/* ---- more of RFC 4035 3.1, and what came after it ---- */

static const char zone_a[] = "shop A 192.0.2.1\n"
			     "a.ent TXT deep\n"
			     "alias CNAME shop\n"
			     "alias MX 10 shop\n"
			     "away CNAME www.two.\n"
			     "*.wild CNAME x.wild.two.\n"
			     "tonothing CNAME nothing\n"
			     "old DNAME new\n"
			     "x.new A 192.0.2.2\n"
			     "below.old A 192.0.2.3\n"
			     "signed NS ns.signed\n"
			     "ns.signed A 192.0.2.4\n"
			     "signed DS 1 13 2 00\n"
			     "plain NS ns.plain\n"
			     "ns.plain A 192.0.2.5\n"
			     "toplain CNAME www.plain\n"
			     "*.none.wild TXT x\n"
			     "hidden ALIAS shop\n"
			     "lower 7 A 192.0.2.6\n"
			     "lower MX 10 shop\n";
static const char zone_two[] = "www A 192.0.2.9\n"
			       "*.wild A 192.0.2.8\n";

#define SOA(zone)                                                                      \
	"au " zone " 60 SOA\n"                                                         \
	"au " zone " 60 RRSIG SOA 1 300\n"
#define NSEC(owner, labels, next)                                                      \
	"au " owner " 60 NSEC " next "\n"                                              \
	"au " owner " 60 RRSIG NSEC " labels " 60\n"

static const struct row do_rows[] = {
	{ "the SOA of a \"no\" has a lower TTL than the one that was signed",
		"MX shop.one",
		"NOERROR AA\n" SOA("one") NSEC("shop.one", "2", "signed.one") },
	{ "one NSEC that proves two things comes once", "A a.one",
		"NXDOMAIN AA\n" SOA("one") NSEC("one", "1", "alias.one") },
	{ "at a name that others only lie below, the NSEC before it speaks",
		"A ent.one",
		"NOERROR AA\n" SOA("one") NSEC("away.one", "2", "a.ent.one") },
	{ "an alias and its target are signed", "A alias.one",
		"NOERROR AA\n"
		"an alias.one 300 CNAME\nan alias.one 300 RRSIG CNAME 2 300\n"
		"an shop.one 300 A\nan shop.one 300 RRSIG A 2 300\n" },
	{ "a chain across zones has the signatures of each", "A away.one",
		"NOERROR AA\n"
		"an away.one 300 CNAME\nan away.one 300 RRSIG CNAME 2 300\n"
		"an www.two 300 A\nan www.two 300 RRSIG A 2 300\n" },
	{ "a chain through two wildcards has the proof of each", "A c.wild.one",
		"NOERROR AA\n"
		"an c.wild.one 300 CNAME\nan c.wild.one 300 RRSIG CNAME 2 300\n"
		"an x.wild.two 300 A\nan x.wild.two 300 RRSIG A 2 300\n" NSEC(
			"*.wild.one", "2", "*.none.wild.one")
			NSEC("*.wild.two", "2", "www.two") },
	{ "a wildcard's own name needs no proof", "CNAME *.wild.one",
		"NOERROR AA\n"
		"an *.wild.one 300 CNAME\nan *.wild.one 300 RRSIG CNAME 2 300\n" },
	{ "a chain that ends at no name proves that name missing", "A tonothing.one",
		"NXDOMAIN AA\n"
		"an tonothing.one 300 CNAME\nan tonothing.one 300 RRSIG CNAME 2 "
		"300\n" SOA("one") NSEC("x.new.one", "3", "ns1.one")
			NSEC("one", "1", "alias.one") },
	{ "a DNAME is signed, the CNAME made from it is not (RFC 6672 5.3.1)",
		"A x.old.one",
		"NOERROR AA\n"
		"an old.one 300 DNAME\nan old.one 300 RRSIG DNAME 2 300\n"
		"an x.old.one 300 CNAME\n"
		"an x.new.one 300 A\nan x.new.one 300 RRSIG A 3 300\n" },
	{ "a chain into an unsigned delegation proves that it is unsigned",
		"A toplain.one",
		"NOERROR AA\n"
		"an toplain.one 300 CNAME\nan toplain.one 300 RRSIG CNAME 2 300\n"
		"au plain.one 300 NS\n" NSEC(
			"plain.one", "2", "shop.one") "ad ns.plain.one 300 A\n" },
	{ "the DS of a delegation is the parent's", "DS signed.one",
		"NOERROR AA\n"
		"an signed.one 300 DS\nan signed.one 300 RRSIG DS 2 300\n" },
	{ "that there is no DS is the parent's, too", "DS plain.one",
		"NOERROR AA\n" SOA("one") NSEC("plain.one", "2", "shop.one") },
	{ "NSEC at an alias is the alias's own (RFC 4035 2.5)", "NSEC alias.one",
		"NOERROR AA\n"
		"an alias.one 60 NSEC away.one\nan alias.one 60 RRSIG NSEC 2 60\n" },
	{ "DNSKEY is signed by itself", "DNSKEY two",
		"NOERROR AA\n"
		"an two 300 DNSKEY\nan two 300 RRSIG DNSKEY 1 300\n" },
	{ "RRSIGs have the TTL of what they cover", "RRSIG lower.one",
		"NOERROR AA\n"
		"an lower.one 7 RRSIG A 2 7\n"
		"an lower.one 300 RRSIG MX 2 300\n"
		"an lower.one 60 RRSIG NSEC 2 60\n" },
	{ "ANY has each signature behind its set", "ANY lower.one",
		"NOERROR AA\n"
		"an lower.one 7 A\nan lower.one 7 RRSIG A 2 7\n"
		"an lower.one 300 MX\nan lower.one 300 RRSIG MX 2 300\n"
		"an lower.one 60 NSEC x.new.one\nan lower.one 60 RRSIG NSEC 2 60\n" },
	{ "an ALIAS is a name without data", "A hidden.one",
		"NOERROR AA\n" SOA("one") NSEC("hidden.one", "2", "lower.one") },
	{ "a name outside has no proof", "A www.three", "REFUSED\n" },
};

static const struct row plain_rows[] = {
	{ "without DO a signed zone answers like any other", "A away.one",
		"NOERROR AA\nan away.one 300 CNAME\nan www.two 300 A\n" },
	{ "without DO a \"no\" has no proof", "A nothing.one",
		"NXDOMAIN AA\nau one 60 SOA\n" },
	{ "without DO a referral has no DS", "A www.signed.one",
		"NOERROR\nau signed.one 300 NS\nad ns.signed.one 300 A\n" },
	{ "without DO a DNSKEY is a set like any other", "DNSKEY two",
		"NOERROR AA\nan two 300 DNSKEY\n" },
	{ "without DO an NSEC is a set like any other", "NSEC shop.one",
		"NOERROR AA\nan shop.one 60 NSEC signed.one\n" },
	{ "without DO ANY has all there is, signatures too (RFC 4035 3.1)",
		"ANY lower.one",
		"NOERROR AA\n"
		"an lower.one 7 A\nan lower.one 300 MX\n"
		"an lower.one 7 RRSIG A 2 7\nan lower.one 300 RRSIG MX 2 300\n"
		"an lower.one 60 RRSIG NSEC 2 60\n"
		"an lower.one 60 NSEC x.new.one\n" },
};

static struct answer_zones two_zones(bool first_is_signed, enum beside_cname beside)
{
	struct answer_zone *list = arena_array(a, 2, sizeof(*list));
	struct zone *one = zone_with_apex(a, "one", zone_a);
	struct zone *two = zone_with_apex(a, "two", zone_two);

	list[0].zone = first_is_signed ? zone_sign(a, one, SIGN_PERIOD, NULL) : one;
	list[1].zone = zone_sign(a, two, SIGN_PERIOD, NULL);
	list[0].rules.beside = beside;
	return (struct answer_zones){ .zones = list, .n = 2 };
}

static void with_do(void **state)
{
	const struct row *row = *state;
	struct answer_zones zones = two_zones(true, BESIDE_CNAME_WINS);

	assert_string_equal(ask(&zones, row->question, true), row->want);
}

static void without_do(void **state)
{
	const struct row *row = *state;
	struct answer_zones zones = two_zones(true, BESIDE_CNAME_WINS);

	assert_string_equal(ask(&zones, row->question, false), row->want);
}

/* ---- what the rules of a server make of it ---- */

static const struct row mixed_rows[] = {
	{ "a chain from an unsigned zone into a signed one is signed there",
		"A away.one",
		"NOERROR AA\nan away.one 300 CNAME\n"
		"an www.two 300 A\nan www.two 300 RRSIG A 2 300\n" },
	{ "an unsigned zone proves nothing", "A nothing.one",
		"NXDOMAIN AA\nau one 60 SOA\n" },
};

static void mixed(void **state)
{
	const struct row *row = *state;
	struct answer_zones zones = two_zones(false, BESIDE_CNAME_WINS);

	assert_string_equal(ask(&zones, row->question, true), row->want);
}

static void data_beside_a_cname_is_signed_like_any_other(void **state)
{
	struct answer_zones zones = two_zones(true, BESIDE_BOTH_MX_FIRST);

	(void)state;
	assert_string_equal(ask(&zones, "MX alias.one", true),
		"NOERROR AA\n"
		"an alias.one 300 MX\nan alias.one 300 RRSIG MX 2 300\n"
		"an alias.one 300 CNAME\nan alias.one 300 RRSIG CNAME 2 300\n"
		"ad shop.one 300 A\nad shop.one 300 RRSIG A 2 300\n");
}

/* A longer chain than an answer has room for at first. */
static void proofs_of_a_long_chain_are_all_there(void **state)
{
	struct str text = STR_INIT;
	struct answer_zones zones;
	const char *got;
	unsigned n = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		str_printf(&text, "*.w%d CNAME x.w%d\n", i, i + 1);
	zones = zones_of_one(a,
		zone_sign(a, zone_with_apex(a, "long", text.data), SIGN_PERIOD, NULL));
	got = ask(&zones, "A x.w0.long", true);
	for (const char *p = got; (p = strstr(p, " NSEC *.w")) != NULL; p++)
		n++;
	assert_int_equal(n, 19); /* the NSEC of the last leads back to the apex */
	str_clear(&text);
}

/* The encoder writes them as they come. */
static void pieces_stand_in_the_order_of_their_sections(void **state)
{
	struct answer_zones zones = two_zones(true, BESIDE_CNAME_WINS);
	struct question q = { name_literal(a, "c.wild.one"), TYPE_A, CLASS_IN };
	struct answer answer;

	(void)state;
	zone_decide(a, &zones, &q, true, &answer);
	assert_int_equal(answer.n, 8);
	for (unsigned i = 1; i < answer.n; i++)
		assert_true(answer.piece[i - 1].section <= answer.piece[i].section);
}

int main(void)
{
	int failed;

	a = arena_new();
	TESTS_ADD_ROWS(rfc_rows, rfc);
	TESTS_ADD_ROWS(do_rows, with_do);
	TESTS_ADD_ROWS(plain_rows, without_do);
	TESTS_ADD_ROWS(mixed_rows, mixed);
	TESTS_ADD(data_beside_a_cname_is_signed_like_any_other);
	TESTS_ADD(pieces_stand_in_the_order_of_their_sections);
	TESTS_ADD(proofs_of_a_long_chain_are_all_there);
	failed = tests_run("zone-answer-dnssec");
	arena_free(a);
	return failed;
}
