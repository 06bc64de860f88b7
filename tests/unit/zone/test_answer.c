#include "zone/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "support/test.h"
#include "support/zones.h"

#define APEX_SOA                                                                       \
	"au example 60 SOA ns1.example. hostmaster.example. 1 3600 600 86400 60\n"

/* With ".example", 201 octets; and a label of 53. */
#define LONG                                                                           \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."             \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."             \
	"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define D53 "ddddddddddddddddddddddddddddddddddddddddddddddddddddd"

/* zone_with_apex() puts SOA, NS and the A record of ns1 in front. */
static const char example[] =
	"@ MX 10 mail\n"
	"mail A 192.0.2.25\n"
	"mail AAAA 2001:db8::25\n"
	"two A 192.0.2.1\n"
	"two A 192.0.2.2\n"
	"two TXT t\n"
	"MiXed A 192.0.2.9\n"
	"a.b.ent TXT deep\n"
	"away MX 10 mail.other.\n"
	"gluemx MX 10 www.sub\n"
	"aliasmx MX 10 alias\n"
	"wildmx MX 10 x.wild\n"
	"_sip._tcp SRV 1 2 5060 mail\n"
	"twice MX 10 mail\n"
	"twice MX 20 mail\n"
	/* aliases */
	"alias CNAME two\n"
	"alias2 CNAME alias\n"
	"tonothing CNAME nothing\n"
	"toent CNAME b.ent\n"
	"toaway CNAME www.elsewhere.\n"
	"toother CNAME www.other.\n"
	"tosub CNAME www.sub\n"
	"self CNAME self\n"
	"loop1 CNAME loop2\n"
	"loop2 CNAME loop1\n"
	"intoloop CNAME loop1\n"
	"hidden ALIAS www.elsewhere.\n"
	/* a delegation */
	"sub NS ns.sub\n"
	"sub NS mail\n"
	"sub NS ns.sib\n"
	"sub NS ns.other.\n"
	"sub DS 1 8 2 "
	"0000000000000000000000000000000000000000000000000000000000000000\n"
	"ns.sub A 192.0.2.60\n"
	"www.sub A 192.0.2.61\n"
	"deep.sub NS ns.sub\n"
	"sib NS ns.sib\n"
	"ns.sib A 192.0.2.70\n"
	"nods NS ns1\n"
	/* wildcards */
	"*.wild A 192.0.2.100\n"
	"exists.wild TXT x\n"
	"b.entx.wild TXT x\n"
	"*.wildc CNAME two\n"
	"*.wilddn DNAME other.\n"
	"*.wildmx2 MX 10 mail\n"
	/* DNAME */
	"dn 77 DNAME dt\n"
	"dn TXT owner\n"
	"below.dn A 192.0.2.7\n"
	"x.dt A 192.0.2.8\n"
	"c.dt CNAME x.dt\n"
	"dn2 DNAME dn\n"
	"dnloop DNAME dnloop\n"
	"dnout DNAME elsewhere.\n"
	"dnnothing DNAME nothing\n"
	"dnsub DNAME sub\n"
	"dnlong DNAME " LONG "\n";

static const char other[] = "www A 198.51.100.80\n"
			    "mail A 198.51.100.25\n"
			    "back CNAME two.example.\n";

struct row {
	const char *name, *question, *answer;
};

static const struct row rows[] = {
	/* RFC 1034 4.3.2 step 3a. */
	{ "a name's records are the answer", "A two.example",
		"NOERROR AA\nan two.example 300 A 192.0.2.1\nan two.example 300 A "
		"192.0.2.2\n" },
	/* NSD and Knot write a pointer to the question; BIND the zone's letters. */
	{ "letter case does not matter, and the question's is kept", "A mIXED.eXample",
		"NOERROR AA\nan mIXED.eXample 300 A 192.0.2.9\n" },
	{ "a type that is not there is NODATA", "MX two.example",
		"NOERROR AA\n" APEX_SOA },
	{ "a name that is not there is NXDOMAIN", "A nothing.example",
		"NXDOMAIN AA\n" APEX_SOA },
	{ "a name far below what is there is NXDOMAIN", "A a.b.c.nothing.example",
		"NXDOMAIN AA\n" APEX_SOA },
	{ "a name below one with records is NXDOMAIN", "A x.two.example",
		"NXDOMAIN AA\n" APEX_SOA },
	{ "an empty non-terminal is NODATA (RFC 8020 2)", "A b.ent.example",
		"NOERROR AA\n" APEX_SOA },
	{ "beside an empty non-terminal is NXDOMAIN", "A c.ent.example",
		"NXDOMAIN AA\n" APEX_SOA },
	{ "a name outside all zones is REFUSED", "A www.elsewhere", "REFUSED\n" },
	{ "the parent of a zone is outside it", "A .", "REFUSED\n" },
	{ "the SOA itself keeps its TTL", "SOA example",
		"NOERROR AA\nan example 300 SOA ns1.example. hostmaster.example. 1 "
		"3600 "
		"600 86400 60\n" },
	{ "ANY is every record of the node", "ANY two.example",
		"NOERROR AA\nan two.example 300 A 192.0.2.1\nan two.example 300 A "
		"192.0.2.2\nan two.example 300 TXT \"t\"\n" },
	{ "ANY of a name that is not there is NXDOMAIN", "ANY nothing.example",
		"NXDOMAIN AA\n" APEX_SOA },
	/* RFC 1034 4.3.2 step 6. */
	{ "addresses of an MX come along", "MX example",
		"NOERROR AA\nan example 300 MX 10 mail.example\nad mail.example 300 A "
		"192.0.2.25\nad mail.example 300 AAAA 2001:db8::25\n" },
	{ "addresses of an SRV come along", "SRV _sip._tcp.example",
		"NOERROR AA\nan _sip._tcp.example 300 SRV 1 2 5060 mail.example.\n"
		"ad mail.example 300 A 192.0.2.25\nad mail.example 300 AAAA "
		"2001:db8::25\n" },
	{ "addresses of an NS come along", "NS example",
		"NOERROR AA\nan example 300 NS ns1.example\nad ns1.example 300 A "
		"192.0.2.53\n" },
	{ "an address comes along once", "MX twice.example",
		"NOERROR AA\nan twice.example 300 MX 10 mail.example\nan twice.example "
		"300 MX 20 mail.example\nad mail.example 300 A 192.0.2.25\nad "
		"mail.example 300 AAAA 2001:db8::25\n" },
	{ "addresses from another zone do not come along", "MX away.example",
		"NOERROR AA\nan away.example 300 MX 10 mail.other\n" },
	{ "glue does not come along with an MX", "MX gluemx.example",
		"NOERROR AA\nan gluemx.example 300 MX 10 www.sub.example\n" },
	{ "an MX target that is an alias has no addresses", "MX aliasmx.example",
		"NOERROR AA\nan aliasmx.example 300 MX 10 alias.example\n" },
	{ "a wildcard gives the addresses of an MX target", "MX wildmx.example",
		"NOERROR AA\nan wildmx.example 300 MX 10 x.wild.example\nad "
		"x.wild.example 300 A 192.0.2.100\n" },
	/* RFC 1034 3.6.2, RFC 6604. */
	{ "an alias is followed", "A alias.example",
		"NOERROR AA\nan alias.example 300 CNAME two.example\nan two.example "
		"300 "
		"A 192.0.2.1\nan two.example 300 A 192.0.2.2\n" },
	{ "an alias of an alias is followed in order", "TXT alias2.example",
		"NOERROR AA\nan alias2.example 300 CNAME alias.example\nan "
		"alias.example 300 CNAME two.example\nan two.example 300 TXT \"t\"\n" },
	{ "the alias itself is not followed", "CNAME alias2.example",
		"NOERROR AA\nan alias2.example 300 CNAME alias.example\n" },
	{ "ANY of an alias is not followed", "ANY alias.example",
		"NOERROR AA\nan alias.example 300 CNAME two.example\n" },
	{ "an alias to a type that is not there ends in NODATA", "MX alias.example",
		"NOERROR AA\nan alias.example 300 CNAME two.example\n" APEX_SOA },
	{ "an alias to an empty non-terminal ends in NODATA", "A toent.example",
		"NOERROR AA\nan toent.example 300 CNAME b.ent.example\n" APEX_SOA },
	{ "an alias to nothing has the rcode of its last name (RFC 6604 3)",
		"A tonothing.example",
		"NXDOMAIN AA\nan tonothing.example 300 CNAME "
		"nothing.example\n" APEX_SOA },
	{ "an alias that leaves our zones ends there", "A toaway.example",
		"NOERROR AA\nan toaway.example 300 CNAME www.elsewhere\n" },
	{ "an alias into another of our zones is followed", "A toother.example",
		"NOERROR AA\nan toother.example 300 CNAME www.other\nan www.other 300 "
		"A "
		"198.51.100.80\n" },
	{ "the SOA is that of the last zone", "MX back.other",
		"NOERROR AA\nan back.other 300 CNAME two.example\n" APEX_SOA },
	{ "an alias of itself is given once", "A self.example",
		"NOERROR AA\nan self.example 300 CNAME self.example\n" },
	{ "a loop is given once round", "A loop1.example",
		"NOERROR AA\nan loop1.example 300 CNAME loop2.example\nan "
		"loop2.example 300 CNAME loop1.example\n" },
	{ "a way into a loop ends where it closes", "A intoloop.example",
		"NOERROR AA\nan intoloop.example 300 CNAME loop1.example\nan "
		"loop1.example 300 CNAME loop2.example\nan loop2.example 300 CNAME "
		"loop1.example\n" },
	{ "an ALIAS record is not seen, but its name is there", "A hidden.example",
		"NOERROR AA\n" APEX_SOA },
	{ "an ALIAS record is not given to ANY", "ANY hidden.example",
		"NOERROR AA\n" APEX_SOA },
	{ "an ALIAS record is not given to who asks for it", "ALIAS hidden.example",
		"NOERROR AA\n" APEX_SOA },
/* RFC 1034 4.2.1 and 4.3.2 step 3b. */
#define REFERRAL                                                                       \
	"au sub.example 300 NS ns.sub.example\nau sub.example 300 NS mail.example\n"   \
	"au sub.example 300 NS ns.sib.example\nau sub.example 300 NS ns.other\n"       \
	"ad ns.sub.example 300 A 192.0.2.60\nad mail.example 300 A 192.0.2.25\n"       \
	"ad mail.example 300 AAAA 2001:db8::25\nad ns.sib.example 300 A 192.0.2.70\n"
	{ "a delegated name is referred, with glue of siblings too", "A sub.example",
		"NOERROR\n" REFERRAL },
	{ "data below a delegation is not served", "A www.sub.example",
		"NOERROR\n" REFERRAL },
	{ "a name below a delegation is referred", "A x.y.sub.example",
		"NOERROR\n" REFERRAL },
	{ "the upper of two delegations counts", "A x.deep.sub.example",
		"NOERROR\n" REFERRAL },
	{ "the delegation's own NS are a referral", "NS sub.example",
		"NOERROR\n" REFERRAL },
	{ "ANY at a delegation is a referral", "ANY sub.example",
		"NOERROR\n" REFERRAL },
	{ "DS at a delegation is the parent's to answer (RFC 4035 3.1.4.1)",
		"DS sub.example",
		"NOERROR AA\nan sub.example 300 DS 1 8 2 "
		"0000000000000000000000000000000000000000000000000000000000000000\n" },
	{ "DS that is not there is the parent's NODATA", "DS nods.example",
		"NOERROR AA\n" APEX_SOA },
	{ "DS below a delegation is a referral", "DS x.sub.example",
		"NOERROR\n" REFERRAL },
	{ "an alias into a delegation: chain, referral, AA for the first name",
		"A tosub.example",
		"NOERROR AA\nan tosub.example 300 CNAME www.sub.example\n" REFERRAL },
	/* RFC 4592. */
	{ "a wildcard stands in for a missing name", "A foo.wild.example",
		"NOERROR AA\nan foo.wild.example 300 A 192.0.2.100\n" },
	{ "a wildcard stands in at any depth", "A a.b.wild.example",
		"NOERROR AA\nan a.b.wild.example 300 A 192.0.2.100\n" },
	{ "a wildcard gives NODATA for another type", "MX foo.wild.example",
		"NOERROR AA\n" APEX_SOA },
	{ "a wildcard does not touch a name that exists", "A exists.wild.example",
		"NOERROR AA\n" APEX_SOA },
	{ "a wildcard does not touch an empty non-terminal", "A entx.wild.example",
		"NOERROR AA\n" APEX_SOA },
	{ "a wildcard does not reach below a name that exists",
		"A foo.exists.wild.example", "NXDOMAIN AA\n" APEX_SOA },
	{ "a wildcard does not reach below an empty non-terminal",
		"A foo.entx.wild.example", "NXDOMAIN AA\n" APEX_SOA },
	{ "a wildcard can be asked for by name", "A *.wild.example",
		"NOERROR AA\nan *.wild.example 300 A 192.0.2.100\n" },
	{ "the parent of a wildcard is an empty non-terminal", "A wild.example",
		"NOERROR AA\n" APEX_SOA },
	{ "below a wildcard it does not stand in", "A x.*.wild.example",
		"NXDOMAIN AA\n" APEX_SOA },
	{ "a wildcard alias is followed", "TXT foo.wildc.example",
		"NOERROR AA\nan foo.wildc.example 300 CNAME two.example\nan "
		"two.example "
		"300 TXT \"t\"\n" },
	{ "addresses of a wildcard's MX come along", "MX foo.wildmx2.example",
		"NOERROR AA\nan foo.wildmx2.example 300 MX 10 mail.example\nad "
		"mail.example 300 A 192.0.2.25\nad mail.example 300 AAAA "
		"2001:db8::25\n" },
	{ "a wildcard DNAME redirects nothing for a name it stands in for (4.4)",
		"A foo.wilddn.example", "NOERROR AA\n" APEX_SOA },
	{ "a wildcard DNAME is given to who asks for it", "DNAME foo.wilddn.example",
		"NOERROR AA\nan foo.wilddn.example 300 DNAME other\n" },
	{ "a wildcard DNAME redirects below its literal name", "A www.*.wilddn.example",
		"NOERROR AA\nan *.wilddn.example 300 DNAME other\nan "
		"www.*.wilddn.example 300 CNAME www.other\nan www.other 300 A "
		"198.51.100.80\n" },
	/* RFC 6672. */
	{ "a DNAME redirects what is below, with its own TTL (3.1)", "A x.dn.example",
		"NOERROR AA\nan dn.example 77 DNAME dt.example\nan x.dn.example 77 "
		"CNAME x.dt.example\nan x.dt.example 300 A 192.0.2.8\n" },
	{ "a DNAME redirects its descendants at any depth", "A a.b.dn.example",
		"NXDOMAIN AA\nan dn.example 77 DNAME dt.example\nan a.b.dn.example 77 "
		"CNAME a.b.dt.example\n" APEX_SOA },
	{ "a DNAME hides what is below it (2.4)", "A below.dn.example",
		"NXDOMAIN AA\nan dn.example 77 DNAME dt.example\nan below.dn.example "
		"77 "
		"CNAME below.dt.example\n" APEX_SOA },
	{ "a DNAME does not redirect its owner (2.3)", "TXT dn.example",
		"NOERROR AA\nan dn.example 300 TXT \"owner\"\n" },
	{ "the owner of a DNAME can lack a type", "A dn.example",
		"NOERROR AA\n" APEX_SOA },
	{ "a DNAME is given to who asks for it", "DNAME dn.example",
		"NOERROR AA\nan dn.example 77 DNAME dt.example\n" },
	{ "the CNAME a DNAME makes is not followed for CNAME", "CNAME c.dn.example",
		"NOERROR AA\nan dn.example 77 DNAME dt.example\nan c.dn.example 77 "
		"CNAME "
		"c.dt.example\n" },
	{ "an alias behind a DNAME is followed", "A c.dn.example",
		"NOERROR AA\nan dn.example 77 DNAME dt.example\nan c.dn.example 77 "
		"CNAME "
		"c.dt.example\nan c.dt.example 300 CNAME x.dt.example\nan x.dt.example "
		"300 A 192.0.2.8\n" },
	{ "a DNAME to a DNAME is followed", "A x.dn2.example",
		"NOERROR AA\nan dn2.example 300 DNAME dn.example\nan x.dn2.example 300 "
		"CNAME x.dn.example\nan dn.example 77 DNAME dt.example\nan "
		"x.dn.example "
		"77 CNAME x.dt.example\nan x.dt.example 300 A 192.0.2.8\n" },
	{ "a DNAME to itself is given once", "A x.dnloop.example",
		"NOERROR AA\nan dnloop.example 300 DNAME dnloop.example\nan "
		"x.dnloop.example 300 CNAME x.dnloop.example\n" },
	{ "a DNAME out of our zones ends there", "A x.dnout.example",
		"NOERROR AA\nan dnout.example 300 DNAME elsewhere\nan x.dnout.example "
		"300 CNAME x.elsewhere\n" },
	{ "a DNAME to nothing is NXDOMAIN", "A x.dnnothing.example",
		"NXDOMAIN AA\nan dnnothing.example 300 DNAME nothing.example\nan "
		"x.dnnothing.example 300 CNAME x.nothing.example\n" APEX_SOA },
	{ "a DNAME into a delegation ends in a referral", "A www.dnsub.example",
		"NOERROR AA\nan dnsub.example 300 DNAME sub.example\nan "
		"www.dnsub.example 300 CNAME www.sub.example\n" REFERRAL },
	{ "a DNAME can make a name of 255 octets", "A " D53 ".dnlong.example",
		"NXDOMAIN AA\nan dnlong.example 300 DNAME " LONG ".example\nan " D53
		".dnlong.example 300 CNAME " D53 "." LONG ".example\n" APEX_SOA },
	{ "a DNAME that makes a name too long is YXDOMAIN (2.2)",
		"A d" D53 ".dnlong.example",
		"YXDOMAIN AA\nan dnlong.example 300 DNAME " LONG ".example\n" },
};

static void two_zones(struct arena *a, struct answer_zone zones[2])
{
	zones[0] =
		(struct answer_zone){ .zone = zone_with_apex(a, "example", example) };
	zones[1] = (struct answer_zone){ .zone = zone_with_apex(a, "other", other) };
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct answer_zone list[2];
	struct answer_zones zones = { .zones = list, .n = 2 };

	two_zones(a, list);
	assert_string_equal(answer_text(a, &zones, row->question), row->answer);
	arena_free(a);
}

/* ---- data beside a CNAME ---- */

static const char beside[] = "both CNAME target\n"
			     "both MX 10 mail\n"
			     "both A 192.0.2.1\n"
			     "mail A 192.0.2.25\n"
			     "target MX 20 mail\n"
			     "target TXT t\n"
			     "dn DNAME target\n"
			     "a.target A 192.0.2.3\n";

struct rule_row {
	const char *name;
	struct answer_rules rules;
	const char *question, *answer;
};

#define MAIL_ADDRESS "ad mail.example 300 A 192.0.2.25\n"
#define THE_CNAME "an both.example 300 CNAME target.example\n"
#define THE_MX "an both.example 300 MX 10 mail.example\n"

static const struct rule_row rule_rows[] = {
	{ "cname-wins: the MX beside is ignored", { .beside = BESIDE_CNAME_WINS },
		"MX both.example",
		"NOERROR AA\n" THE_CNAME
		"an target.example 300 MX 20 mail.example\n" MAIL_ADDRESS },
	{ "cname-wins: ANY is the CNAME alone", { .beside = BESIDE_CNAME_WINS },
		"ANY both.example", "NOERROR AA\n" THE_CNAME },
	{ "exact-type: the type that is there is the answer",
		{ .beside = BESIDE_EXACT_TYPE }, "MX both.example",
		"NOERROR AA\n" THE_MX MAIL_ADDRESS },
	{ "exact-type: a type that is not there follows the CNAME",
		{ .beside = BESIDE_EXACT_TYPE }, "TXT both.example",
		"NOERROR AA\n" THE_CNAME "an target.example 300 TXT \"t\"\n" },
	{ "exact-type: CNAME is answered as such", { .beside = BESIDE_EXACT_TYPE },
		"CNAME both.example", "NOERROR AA\n" THE_CNAME },
	{ "exact-type: ANY is everything", { .beside = BESIDE_EXACT_TYPE },
		"ANY both.example",
		"NOERROR AA\nan both.example 300 A 192.0.2.1\n" THE_CNAME THE_MX },
	{ "both: CNAME, then the type, and no more", { .beside = BESIDE_BOTH },
		"MX both.example", "NOERROR AA\n" THE_CNAME THE_MX MAIL_ADDRESS },
	{ "both: a type that is not there follows the CNAME", { .beside = BESIDE_BOTH },
		"TXT both.example",
		"NOERROR AA\n" THE_CNAME "an target.example 300 TXT \"t\"\n" },
	{ "both-mx-first: the type, then the CNAME", { .beside = BESIDE_BOTH_MX_FIRST },
		"MX both.example", "NOERROR AA\n" THE_MX THE_CNAME MAIL_ADDRESS },
	{ "no-chase: the CNAME alone", { .no_chase = true }, "MX both.example",
		"NOERROR AA\n" THE_CNAME },
	{ "no-chase with exact-type: the CNAME alone for other types",
		{ .beside = BESIDE_EXACT_TYPE, .no_chase = true }, "TXT both.example",
		"NOERROR AA\n" THE_CNAME },
	{ "no-synthesis: the DNAME alone", { .no_synthesis = true }, "A a.dn.example",
		"NOERROR AA\nan dn.example 300 DNAME target.example\n" },
	{ "no-chase: DNAME and its CNAME, not followed", { .no_chase = true },
		"A a.dn.example",
		"NOERROR AA\nan dn.example 300 DNAME target.example\nan a.dn.example "
		"300 CNAME a.target.example\n" },
};

static void test_rule(void **state)
{
	const struct rule_row *row = *state;
	struct arena *a = arena_new();
	struct answer_zone zone = {
		.zone = zone_with_apex(a, "example", beside),
		.rules = row->rules,
	};
	struct answer_zones zones = { .zones = &zone, .n = 1 };

	assert_string_equal(answer_text(a, &zones, row->question), row->answer);
	arena_free(a);
}

/* ---- which zone ---- */

static void ds_at_an_apex_is_the_parents_when_both_zones_are_here(void **state)
{
	struct arena *a = arena_new();
	struct answer_zone list[2] = {
		{ .zone = zone_with_apex(a, "child.example", "") },
		{ .zone = zone_with_apex(a, "example", "child NS ns1\n") },
	};
	struct answer_zones both = { .zones = list, .n = 2 };
	struct answer_zones child = { .zones = list, .n = 1 };

	(void)state;
	assert_string_equal(
		answer_text(a, &both, "DS child.example"), "NOERROR AA\n" APEX_SOA);
	assert_string_equal(answer_text(a, &child, "DS child.example"),
		"NOERROR AA\nau child.example 60 SOA ns1.child.example. "
		"hostmaster.child.example. 1 3600 600 86400 60\n");
	assert_string_equal(answer_text(a, &both, "NS child.example"),
		"NOERROR AA\nan child.example 300 NS ns1.child.example\n"
		"ad ns1.child.example 300 A 192.0.2.53\n");
	arena_free(a);
}

static void the_root_zone_answers_for_what_no_other_has(void **state)
{
	struct arena *a = arena_new();
	struct answer_zone list[2] = {
		{ .zone = zone_with_apex(a, ".", "test NS ns1\n") },
		{ .zone = zone_with_apex(a, "example", "www A 192.0.2.1\n") },
	};
	struct answer_zones zones = { .zones = list, .n = 2 };

	(void)state;
	assert_string_equal(answer_text(a, &zones, "A x.test"),
		"NOERROR\nau test 300 NS ns1\nad ns1 300 A 192.0.2.53\n");
	assert_string_equal(answer_text(a, &zones, "A www.example"),
		"NOERROR AA\nan www.example 300 A 192.0.2.1\n");
	assert_string_equal(answer_text(a, &zones, "A nothing"),
		"NXDOMAIN AA\nau . 60 SOA ns1. hostmaster. 1 3600 600 86400 60\n");
	arena_free(a);
}

/* RFC 2308 3: the smaller of the SOA's TTL and MINIMUM. */
static void a_negative_answer_lives_no_longer_than_the_soa(void **state)
{
	struct arena *a = arena_new();
	const struct zone *z = zone_of(a, "example",
		"@ 30 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 300 NS ns1\n");
	struct answer_zones zones = zones_of_one(a, z);

	(void)state;
	assert_string_equal(answer_text(a, &zones, "A nothing.example"),
		"NXDOMAIN AA\nau example 30 SOA ns1.example. hostmaster.example. 1 "
		"3600 "
		"600 86400 60\n");
	arena_free(a);
}

/* ---- limits ---- */

static unsigned links_answered(struct arena *a, unsigned n)
{
	struct answer_zones zones;
	struct name *first = name_literal(a, "c0.example");
	struct question q = { .name = first, .type = TYPE_A, .class = CLASS_IN };
	char *text = arena_strdup(a, "");
	struct msg query, reply;

	for (unsigned i = 0; i < n; i++)
		text = arena_printf(a, "%sc%u CNAME c%u\n", text, i, i + 1);
	text = arena_printf(a, "%sc%u A 192.0.2.1\n", text, n);
	zones = zones_of_one(a, zone_with_apex(a, "example", text));
	msg_init_query(&query, 1, &q, false);
	msg_init_reply(&reply, &query);
	zone_answer(a, &zones, &query, &reply);
	return reply.section[ANSWER].n;
}

static void a_chain_is_followed_to_the_limit_and_no_further(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_int_equal(links_answered(a, ANSWER_CHAIN_MAX - 1), ANSWER_CHAIN_MAX);
	assert_int_equal(links_answered(a, ANSWER_CHAIN_MAX), ANSWER_CHAIN_MAX + 1);
	assert_int_equal(links_answered(a, ANSWER_CHAIN_MAX + 1), ANSWER_CHAIN_MAX + 1);
	arena_free(a);
}

static void no_zones_refuse(void **state)
{
	struct arena *a = arena_new();
	struct answer_zones none = { .n = 0 };

	(void)state;
	assert_string_equal(answer_text(a, &none, "A example"), "REFUSED\n");
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, test_row);
	TESTS_ADD_ROWS(rule_rows, test_rule);
	TESTS_ADD(ds_at_an_apex_is_the_parents_when_both_zones_are_here);
	TESTS_ADD(the_root_zone_answers_for_what_no_other_has);
	TESTS_ADD(a_negative_answer_lives_no_longer_than_the_soa);
	TESTS_ADD(a_chain_is_followed_to_the_limit_and_no_further);
	TESTS_ADD(no_zones_refuse);
	return tests_run("zone-answer");
}
