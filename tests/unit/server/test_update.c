#include "server/update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"
#include "support/updates.h"
#include "support/zones.h"
#include "zone/sign.h"

/* Under zone_with_apex(): serial 1, NS ns1, TTL 300. */
static const char before[] = "shop A 192.0.2.1\n"
			     "shop A 192.0.2.2\n"
			     "shop TXT t\n"
			     "www CNAME shop\n"
			     "cust CNAME shop.offsite.net.\n"
			     "cust MX 10 mail\n"
			     "mail A 192.0.2.25\n"
			     "a.deep A 192.0.2.9\n"
			     "*.wild A 192.0.2.7\n"
			     "old DNAME other.\n"
			     "both CNAME a.other.\n"
			     "both CNAME b.other.\n"
			     "serv TYPE11 \\# 6 c0000201c8 10\n"
			     "sub NS ns.sub\n";

struct row {
	const char *name, *update;
	/* The RCODE; when the zone changed its serial, the records that went and those
	 * that came. */
	const char *want;
};

static const struct row prerequisite_rows[] = {
	/* 2.4.1, 3.2.1: an RRset exists, whatever its values */
	{ "2.4.1: an RRset that is there", "prereq yxrrset shop A", "NOERROR" },
	{ "2.4.1: an RRset that is not there is NXRRSET", "prereq yxrrset shop MX",
		"NXRRSET" },
	{ "2.4.1: nor at a name that is not there", "prereq yxrrset none A",
		"NXRRSET" },
	{ "2.4.1: a CNAME is not followed", "prereq yxrrset www A", "NXRRSET" },
	{ "2.4.1: what stands beside a CNAME is there", "prereq yxrrset cust MX",
		"NOERROR" },
	{ "2.4.1: wildcards do not stand in", "prereq yxrrset x.wild A", "NXRRSET" },
	{ "2.4.1: the wildcard itself is there", "prereq yxrrset *.wild A", "NOERROR" },
	/* 2.4.2, 3.2.3: an RRset exists with these values */
	{ "2.4.2: the same set in another order",
		"prereq yxrrset shop A 192.0.2.2\nprereq yxrrset shop A 192.0.2.1",
		"NOERROR" },
	{ "2.4.2: a part of the set is NXRRSET", "prereq yxrrset shop A 192.0.2.1",
		"NXRRSET" },
	{ "2.4.2: more than the set is NXRRSET",
		"prereq yxrrset shop A 192.0.2.1\nprereq yxrrset shop A 192.0.2.2\n"
		"prereq yxrrset shop A 192.0.2.3",
		"NXRRSET" },
	{ "2.4.2: a value twice is one of a set",
		"prereq yxrrset mail A 192.0.2.25\nprereq yxrrset mail A 192.0.2.25",
		"NOERROR" },
	{ "2.4.2: names in values compare without case",
		"prereq yxrrset www CNAME SHOP.Example.", "NOERROR" },
	{ "2.4.2: two sets, the second wrong",
		"prereq yxrrset mail A 192.0.2.25\nprereq yxrrset shop TXT u",
		"NXRRSET" },
	{ "2.4.2: a set that is not there is NXRRSET",
		"prereq yxrrset none A 192.0.2.1", "NXRRSET" },
	/* 2.4.3, 3.2.2: an RRset does not exist */
	{ "2.4.3: an RRset that is not there", "prereq nxrrset shop MX", "NOERROR" },
	{ "2.4.3: an RRset that is there is YXRRSET", "prereq nxrrset shop A",
		"YXRRSET" },
	/* 2.4.4: a name is in use */
	{ "2.4.4: a name with records", "prereq yxdomain shop", "NOERROR" },
	{ "2.4.4: a name that is not there is NXDOMAIN", "prereq yxdomain none",
		"NXDOMAIN" },
	{ "2.4.4: an empty non-terminal is not in use", "prereq yxdomain deep",
		"NXDOMAIN" },
	{ "2.4.4: wildcards do not count", "prereq yxdomain x.wild", "NXDOMAIN" },
	/* 2.4.5: a name is not in use */
	{ "2.4.5: a name that is not there", "prereq nxdomain none", "NOERROR" },
	{ "2.4.5: an empty non-terminal is not in use", "prereq nxdomain deep",
		"NOERROR" },
	{ "2.4.5: a name with records is YXDOMAIN", "prereq nxdomain SHOP",
		"YXDOMAIN" },
	/* 3.2.5, the checks and their order */
	{ "3.2: outside the zone is NOTZONE", "prereq nxdomain shop.other.",
		"NOTZONE" },
	{ "3.2: the apex lies in the zone", "prereq yxrrset @ SOA", "NOERROR" },
	{ "3.2: below a delegation lies in the zone for this", "prereq nxdomain x.sub",
		"NOERROR" },
	{ "3.2: a TTL is FORMERR", "raw prereq shop 1 255 60", "FORMERR" },
	{ "3.2: a TTL outranks the name", "raw prereq x.other. 1 255 60", "FORMERR" },
	{ "3.2: the name outranks the class", "raw prereq x.other. 1 3 0", "NOTZONE" },
	{ "3.2: another class is FORMERR", "raw prereq shop 1 3 0", "FORMERR" },
	{ "3.2.1: ANY with data is FORMERR", "raw prereq shop 1 255 0 c0000201",
		"FORMERR" },
	{ "3.2.2: NONE with data is FORMERR", "raw prereq none 1 254 0 c0000201",
		"FORMERR" },
	{ "3.2.3: a value that is no address is FORMERR",
		"raw prereq shop 1 1 0 c00002", "FORMERR" },
	{ "3.2.3: a value of type ANY is FORMERR", "raw prereq shop 255 1 0",
		"FORMERR" },
	{ "3.2: type AXFR is FORMERR", "raw prereq shop 252 255 0", "FORMERR" },
	{ "3.2: the first that fails is told",
		"prereq yxdomain shop\nprereq yxdomain none\nprereq nxdomain shop",
		"NXDOMAIN" },
	{ "3.2: sets are looked at after all others",
		"prereq yxrrset shop A 192.0.2.9\nprereq nxdomain shop", "YXDOMAIN" },
	{ "3.2: a prerequisite that fails stops the update",
		"prereq nxdomain shop\nadd new 60 A 192.0.2.1", "YXDOMAIN" },
	{ "3.2: one that holds lets it through",
		"prereq yxdomain shop\nadd new 60 A 192.0.2.1",
		"NOERROR 2 +new.example 60 A 192.0.2.1" },
};

static const struct row form_rows[] = {
	{ "3.1.1: no zone section is FORMERR", "qd 0", "FORMERR" },
	{ "3.1.1: two zones are FORMERR", "qd 2", "FORMERR" },
	{ "3.1.1: a zone section of another type is FORMERR", "zone @ 1 1", "FORMERR" },
	{ "3.1.2: another zone is NOTAUTH", "zone other. 6 1", "NOTAUTH" },
	{ "3.1.2: a name in the zone is NOTAUTH", "zone shop 6 1", "NOTAUTH" },
	{ "3.1.2: another class is NOTAUTH", "zone @ 6 3", "NOTAUTH" },
	{ "3.1.2: the zone's name has no case", "zone EXAMPLE. 6 1", "NOERROR" },
	{ "2: an update of nothing is NOERROR", "", "NOERROR" },
	/* 3.4.1.3 */
	{ "3.4.1.3: outside the zone is NOTZONE", "add x.other. 60 A 192.0.2.1",
		"NOTZONE" },
	{ "3.4.1.3: the name outranks the class", "raw update x.other. 1 3 0",
		"NOTZONE" },
	{ "3.4.1.3: adding ANY is FORMERR", "raw update x 255 1 60", "FORMERR" },
	{ "3.4.1.3: adding AXFR is FORMERR", "raw update x 252 1 60", "FORMERR" },
	{ "3.4.1.3: adding MAILB is FORMERR", "raw update x 253 1 60", "FORMERR" },
	{ "3.4.1.3: adding an OPT is FORMERR", "raw update x 41 1 60", "FORMERR" },
	{ "3.4.1.3: adding a TSIG is FORMERR", "raw update x 250 1 60", "FORMERR" },
	{ "3.4.1.3: adding type 0 is FORMERR", "raw update x 0 1 60", "FORMERR" },
	{ "3.4.1.3: class ANY with a TTL is FORMERR", "raw update x 1 255 60",
		"FORMERR" },
	{ "3.4.1.3: class ANY with data is FORMERR", "raw update x 1 255 0 c0000201",
		"FORMERR" },
	{ "3.4.1.3: class ANY of type AXFR is FORMERR", "raw update x 252 255 0",
		"FORMERR" },
	{ "3.4.1.3: class NONE with a TTL is FORMERR", "raw update x 1 254 60 c0000201",
		"FORMERR" },
	{ "3.4.1.3: class NONE of type ANY is FORMERR", "raw update x 255 254 0",
		"FORMERR" },
	{ "3.4.1.3: another class is FORMERR", "raw update x 1 3 0", "FORMERR" },
	{ "3.4.1.3: an address of three octets is FORMERR",
		"raw update x 1 1 60 c00002", "FORMERR" },
	{ "3.4.1.3: a TXT without a string is FORMERR", "raw update x 16 1 60",
		"FORMERR" },
	{ "an ALIAS, which is ours alone, is REFUSED", "raw update x 65401 1 60 00",
		"REFUSED" },
	{ "3.4: a mistake at the end stops all of it",
		"add new 60 A 192.0.2.1\nadd x.other. 60 A 192.0.2.1", "NOTZONE" },
};

static const struct row change_rows[] = {
	/* 3.4.2.2, adding */
	{ "3.4.2.2: a record at a new name", "add new 60 A 192.0.2.1",
		"NOERROR 2 +new.example 60 A 192.0.2.1" },
	{ "3.4.2.2: a record joins its RRset, whose TTL is then the new one",
		"add mail 60 A 192.0.2.26",
		"NOERROR 2 -mail.example 300 A 192.0.2.25 "
		"+mail.example 60 A 192.0.2.25 +mail.example 60 A 192.0.2.26" },
	{ "3.4.2.2: a record that is there already changes nothing",
		"add mail 300 A 192.0.2.25", "NOERROR" },
	{ "3.4.2.2: nor does one that differs in letter case",
		"add www 300 CNAME SHOP.example.", "NOERROR" },
	{ "3.4.2.2: a record that is there gets the new TTL",
		"add mail 60 A 192.0.2.25",
		"NOERROR 2 -mail.example 300 A 192.0.2.25 "
		"+mail.example 60 A 192.0.2.25" },
	{ "3.4.2.2: a CNAME is not added beside other data",
		"add shop 60 CNAME mail.example.", "NOERROR" },
	{ "3.4.2.2: no other data is added beside a CNAME",
		"add www 60 MX 10 mail.example.", "NOERROR" },
	{ "3.4.2.2: nor where other data stands beside it already",
		"add cust 60 MX 20 mail.example.", "NOERROR" },
	{ "3.4.2.2: nor is the CNAME there replaced", "add cust 60 CNAME mail.example.",
		"NOERROR" },
	{ "3.4.2.2: what stands beside a CNAME stays when another name changes",
		"add new 60 A 192.0.2.1", "NOERROR 2 +new.example 60 A 192.0.2.1" },
	{ "3.4.2.2: a CNAME replaces a CNAME", "add www 60 CNAME mail.example.",
		"NOERROR 2 -www.example 300 CNAME shop.example "
		"+www.example 60 CNAME mail.example" },
	{ "3.4.2.2: a CNAME replaces both of two", "add both 60 CNAME c.other.",
		"NOERROR 2 -both.example 300 CNAME a.other -both.example 300 CNAME "
		"b.other +both.example 60 CNAME c.other" },
	{ "3.4.2.2: a CNAME at a new name", "add new 60 CNAME shop.offsite.net.",
		"NOERROR 2 +new.example 60 CNAME shop.offsite.net" },
	{ "3.4.2.2: the second of CNAME and MX in one update is left out",
		"add new 60 CNAME shop.\nadd new 60 MX 10 mail.",
		"NOERROR 2 +new.example 60 CNAME shop" },
	{ "3.4.2.2: in this order it is the CNAME",
		"add new 60 MX 10 mail.\nadd new 60 CNAME shop.",
		"NOERROR 2 +new.example 60 MX 10 mail" },
	{ "3.4.2.2: deleted first, the CNAME makes room",
		"del www CNAME\nadd www 60 MX 10 mail.",
		"NOERROR 2 -www.example 300 CNAME shop.example "
		"+www.example 60 MX 10 mail" },
	{ "RFC 4035 2.5: an NSEC may join a CNAME",
		"add www 60 NSEC x.example. CNAME NSEC",
		"NOERROR 2 +www.example 60 NSEC x.example. CNAME NSEC" },
	{ "RFC 6672 5.2: a DNAME replaces a DNAME", "add old 60 DNAME new.",
		"NOERROR 2 -old.example 300 DNAME other +old.example 60 DNAME new" },
	/* BIND and Knot refuse this one: the name servers lie below it. */
	{ "RFC 6672 5.2: a DNAME may hide names that are there", "add @ 60 DNAME new.",
		"NOERROR 2 +example 60 DNAME new" },
	{ "RFC 6672 5.2: a DNAME is not added beside a CNAME", "add www 60 DNAME new.",
		"NOERROR" },
	{ "RFC 6672 5.2: a CNAME is not added beside a DNAME", "add old 60 CNAME new.",
		"NOERROR" },
	{ "3.4.2.2: a WKS of the same address and protocol is replaced",
		"raw update serv 11 1 60 c0000201c804",
		"NOERROR 2 -serv.example 300 WKS 192.0.2.1 200 3 "
		"+serv.example 60 WKS 192.0.2.1 200 5" },
	{ "3.4.2.2: a WKS of another protocol is added",
		"raw update serv 11 1 300 c0000201c904",
		"NOERROR 2 +serv.example 300 WKS 192.0.2.1 201 5" },
	{ "3.4.2.2: an SOA with a larger serial replaces the SOA",
		"add @ 60 SOA ns1. admin. 9 1 1 1 1", "NOERROR 9" },
	{ "3.4.2.2: one with the same serial is left out",
		"add @ 60 SOA ns1. admin. 1 1 1 1 1", "NOERROR" },
	{ "3.4.2.2: one with a smaller serial is left out",
		"add @ 60 SOA ns1. admin. 0 1 1 1 1", "NOERROR" },
	{ "RFC 1982 3.2: 2^31 - 1 more is larger",
		"add @ 60 SOA ns1. admin. 2147483648 1 1 1 1", "NOERROR 2147483648" },
	{ "RFC 1982 3.2: 2^31 more is not",
		"add @ 60 SOA ns1. admin. 2147483649 1 1 1 1", "NOERROR" },
	{ "3.4.2.2: an SOA below the apex is left out",
		"add shop 60 SOA ns1. admin. 9 1 1 1 1", "NOERROR" },
	{ "3.6: a serial that the update sets is not increased",
		"add @ 60 SOA ns1. admin. 9 1 1 1 1\nadd new 60 A 192.0.2.1",
		"NOERROR 9 +new.example 60 A 192.0.2.1" },
	{ "RFC 2181 8: a TTL with its top bit set is zero",
		"raw update new 1 1 2147483648 c0000201",
		"NOERROR 2 +new.example 0 A 192.0.2.1" },
	{ "RFC 3597: a type nobody knows is added", "raw update new 65000 1 60 0102",
		"NOERROR 2 +new.example 60 TYPE65000 \\# 2 0102" },
	{ "glue below a delegation is added", "add ns.sub 60 A 192.0.2.1",
		"NOERROR 2 +ns.sub.example 60 A 192.0.2.1" },
	/* 3.4.2.3, deleting sets and names */
	{ "3.4.2.3: an RRset is deleted", "del shop A",
		"NOERROR 2 -shop.example 300 A 192.0.2.1 -shop.example 300 A "
		"192.0.2.2" },
	{ "3.4.2.3: what stands beside a CNAME can be deleted", "del cust MX",
		"NOERROR 2 -cust.example 300 MX 10 mail.example" },
	{ "3.4.2.3: a name is deleted", "del shop",
		"NOERROR 2 -shop.example 300 A 192.0.2.1 -shop.example 300 A 192.0.2.2 "
		"-shop.example 300 TXT \"t\"" },
	{ "3.4.2.3: what lies below it stays", "del deep", "NOERROR" },
	{ "3.4.2.3: what is not there is no mistake", "del none\ndel shop MX",
		"NOERROR" },
	{ "3.4.2.3: the apex keeps SOA and NS", "add @ 60 TXT x\ndel @", "NOERROR" },
	{ "3.4.2.3: the NS of the apex cannot be deleted as a set", "del @ NS",
		"NOERROR" },
	{ "3.4.2.3: nor can the SOA", "del @ SOA", "NOERROR" },
	{ "3.4.2.3: the NS of a delegation can", "del sub NS",
		"NOERROR 2 -sub.example 300 NS ns.sub.example" },
	/* 3.4.2.4, deleting a record */
	{ "3.4.2.4: a record is deleted", "del shop A 192.0.2.2",
		"NOERROR 2 -shop.example 300 A 192.0.2.2" },
	{ "3.4.2.4: one that is not there is no mistake", "del shop A 192.0.2.3",
		"NOERROR" },
	{ "3.4.2.4: names in it compare without case", "del www CNAME SHOP.example.",
		"NOERROR 2 -www.example 300 CNAME shop.example" },
	{ "3.4.2.4: behind numbers, too (BIND 9.18 and Knot 3.2 agree)",
		"add s 60 SRV 1 2 3 shop\ndel s SRV 1 2 3 SHOP", "NOERROR" },
	{ "3.4.2.4: the last NS of the apex stays", "del @ NS ns1.example.",
		"NOERROR" },
	{ "3.4.2.4: of two one can be deleted",
		"add @ 300 NS ns2.example.\ndel @ NS ns1.example.",
		"NOERROR 2 -example 300 NS ns1.example +example 300 NS ns2.example" },
	{ "3.4.2.4: but not both",
		"add @ 300 NS ns2.example.\ndel @ NS ns1.example.\n"
		"del @ NS ns2.example.",
		"NOERROR 2 -example 300 NS ns1.example +example 300 NS ns2.example" },
	{ "3.4.2.4: the SOA stays",
		"del @ SOA ns1.example. hostmaster.example. 1 3600 600 86400 60",
		"NOERROR" },
	/* the whole */
	{ "3.4.2: in the order of the message",
		"del mail\nadd mail 60 A 192.0.2.30\ndel mail A 192.0.2.30\n"
		"add mail 60 A 192.0.2.31",
		"NOERROR 2 -mail.example 300 A 192.0.2.25 "
		"+mail.example 60 A 192.0.2.31" },
	{ "3.6: what is added and deleted again changes nothing",
		"add new 60 A 192.0.2.1\ndel new", "NOERROR" },
	{ "3.6: nor does what is deleted and added again",
		"del mail\nadd mail 300 A 192.0.2.25", "NOERROR" },
};

static void put_records(void *ctx, const struct rr *rr)
{
	struct str *s = ctx;

	if (rr->type == TYPE_SOA)
		return;
	str_putc(s, '\n');
	rr_put_text(s, rr);
	str_putc(s, '\n');
}

/* Adds the lines of one that are not in the other. */
static void put_missing(struct str *to, struct arena *a, const struct str *one,
	const char *other, char sign)
{
	char *lines = arena_strdup(a, one->data), *line;

	while ((line = strsep(&lines, "\n")) != NULL) {
		if (line[0] != '\0' &&
			strstr(other, arena_printf(a, "\n%s\n", line)) == NULL)
			str_printf(to, " %c%s", sign, line);
	}
}

static const char *difference(
	struct arena *a, const struct zone *old, const struct zone *z)
{
	struct str s = STR_INIT, was = STR_INIT, is = STR_INIT;
	const char *text;

	str_printf(
		&s, " %u", rr_soa_serial(zone_rrset(z, zone_origin(z), TYPE_SOA).rr));
	zone_each(old, put_records, &was);
	zone_each(z, put_records, &is);
	put_missing(&s, a, &was, is.data, '-');
	put_missing(&s, a, &is, was.data, '+');
	text = arena_strdup(a, s.data);
	str_clear(&s);
	str_clear(&was);
	str_clear(&is);
	return text;
}

static void an_update_does_what_the_rfc_says(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new(), *b = arena_new();
	struct zone *old = zone_with_apex(a, "example", before), *z = NULL;
	uint8_t wire[UPDATE_TEXT_MAX], *exact;
	size_t len = update_of(a, "example", row->update, wire);
	char rcode[RCODE_TEXT_MAX];
	const char *got;

	/* Of its own size, so that reading past the end is seen. */
	exact = malloc(len);
	memcpy(exact, wire, len);
	got = rcode_to_text(update_zone(b, old, exact, len, &z), rcode);
	free(exact);
	if (z != NULL)
		got = arena_printf(a, "%s%s", got, difference(a, old, z));
	assert_string_equal(got, row->want);
	arena_free(a);
	arena_free(b);
}

static void the_new_zone_borrows_nothing(void **state)
{
	struct arena *a = arena_new(), *b = arena_new();
	struct zone *old = zone_with_apex(a, "example", before), *z = NULL;
	uint8_t wire[UPDATE_TEXT_MAX];
	size_t len = update_of(a, "example", "add new 60 MX 10 mail.example.", wire);

	(void)state;
	assert_int_equal(update_zone(b, old, wire, len, &z), RCODE_NOERROR);
	arena_free(a);
	memset(wire, 0, sizeof(wire));
	assert_string_equal(
		rr_text(b, zone_rrset(z, name_literal(b, "new.example"), TYPE_MX).rr),
		"new.example 60 MX 10 mail.example");
	arena_free(b);
}

static void a_message_cut_anywhere_is_formerr(void **state)
{
	struct arena *a = arena_new();
	uint8_t wire[UPDATE_TEXT_MAX];
	size_t len = update_of(a, "example",
		"prereq yxrrset shop A 192.0.2.1\nadd new 60 MX 10 mail.\ndel shop",
		wire);
	struct update u;

	(void)state;
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact, wire, n);
		assert_int_equal(update_read(a, exact, n, &u), RCODE_FORMERR);
		free(exact);
	}
	assert_int_equal(update_read(a, wire, len, &u), RCODE_NOERROR);
	wire[len++] = 0; /* and an octet too many */
	assert_int_equal(update_read(a, wire, len, &u), RCODE_FORMERR);
	arena_free(a);
}

static uint16_t apply(struct arena *a, struct zone_edit *e, const char *text)
{
	uint8_t wire[UPDATE_TEXT_MAX];
	struct update u;
	uint16_t rcode = update_read(a, wire, update_of(a, "example", text, wire), &u);

	return rcode == RCODE_NOERROR ? update_apply(a, &u, e) : rcode;
}

/* As a journal does it: many updates, one zone in the end. */
static void updates_follow_one_another(void **state)
{
	struct arena *a = arena_new();
	struct zone *old = zone_with_apex(a, "example", "");
	struct zone_edit *e = zone_edit_new(a, old);

	(void)state;
	assert_int_equal(apply(a, e, "add x 60 A 192.0.2.1"), RCODE_NOERROR);
	assert_true(zone_edit_differs(e));
	assert_int_equal(apply(a, e, "add x 60 A 192.0.2.1"), RCODE_NOERROR);
	assert_false(zone_edit_differs(e));
	assert_int_equal(
		apply(a, e, "prereq nxdomain x\nadd y 60 A 192.0.2.1"), RCODE_YXDOMAIN);
	assert_int_equal(apply(a, e, "del x\nadd z 60 A 192.0.2.1"), RCODE_NOERROR);
	assert_string_equal(difference(a, old, zone_edit_finish(a, e)),
		" 3 +z.example 60 A 192.0.2.1");
	arena_free(a);
}

static void fill(struct arena *a, struct zone_edit *e, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		assert_int_equal(apply(a, e,
					 arena_printf(a, "add x 60 A 10.0.%u.%u",
						 i / 256, i % 256)),
			RCODE_NOERROR);
}

static void a_name_does_not_grow_without_end(void **state)
{
	struct arena *a = arena_new();
	struct zone_edit *e = zone_edit_new(a, zone_with_apex(a, "example", before));
	size_t n;

	(void)state;
	fill(a, e, 0, UPDATE_NAME_MAX);
	n = zone_edit_records(e);
	assert_int_equal(apply(a, e, "add y 60 A 192.0.2.1\nadd x 60 A 192.0.2.1"),
		RCODE_REFUSED);
	assert_int_equal(zone_edit_records(e), n);
	assert_int_equal(apply(a, e, "prereq nxdomain y"), RCODE_NOERROR);
	assert_int_equal(
		apply(a, e, "del x A 10.0.0.0\nadd x 60 A 192.0.2.1"), RCODE_NOERROR);
	arena_free(a);
}

#define KEY_OF_OTHERS                                                                  \
	"@ DNSKEY 257 3 13 (AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"              \
	"ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==)\n"
#define RRSIG_OF_OTHERS                                                                \
	"@ RRSIG SOA 13 1 300 20370101000000 20200101000000 1 example. ("              \
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"                                 \
	"ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==)\n"

static const struct signed_row {
	const char *name, *data;
	bool sign; /* with our key */
	uint16_t want;
} signed_rows[] = {
	{ "a zone that we sign is changed", "", true, RCODE_NOERROR },
	{ "a zone that others have signed with NSEC is not",
		KEY_OF_OTHERS RRSIG_OF_OTHERS
		"@ NSEC example. NS SOA RRSIG NSEC DNSKEY\n",
		false, RCODE_REFUSED },
	{ "nor is one that they have signed with NSEC3",
		KEY_OF_OTHERS RRSIG_OF_OTHERS "@ NSEC3PARAM 1 0 0 -\n", false,
		RCODE_REFUSED },
	{ "a zone that we sign is, beside a key of others", KEY_OF_OTHERS, true,
		RCODE_NOERROR },
	{ "a zone with a key and no signature is", KEY_OF_OTHERS, false,
		RCODE_NOERROR },
};

static struct zone *signed_zone(struct arena *a, const char *data)
{
	return zone_sign(a, zone_with_apex(a, "example", data), SIGN_PERIOD, NULL);
}

static void what_is_signed_by_others_is_left_alone(void **state)
{
	const struct signed_row *row = *state;
	struct arena *a = arena_new();
	struct zone *old, *z = NULL;
	uint8_t wire[UPDATE_TEXT_MAX];
	size_t len = update_of(a, "example", "add new 60 A 192.0.2.1", wire);

	old = row->sign ? signed_zone(a, row->data)
			: zone_with_apex(a, "example", row->data);
	assert_int_equal(update_zone(a, old, wire, len, &z), row->want);
	assert_true((z != NULL) == (row->want == RCODE_NOERROR));
	arena_free(a);
}

static void a_changed_zone_has_the_ds_of_its_children(void **state)
{
	struct arena *a = arena_new();
	struct zone *z = NULL;
	struct zone *old = signed_zone(a,
		"sub NS ns.sub\nsub DS 1 13 2 "
		"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n");
	uint8_t wire[UPDATE_TEXT_MAX];
	size_t len = update_of(a, "example", "add new 60 A 192.0.2.1", wire);
	const struct name *sub = name_literal(a, "sub.example");
	struct rrset sigs;

	(void)state;
	assert_int_equal(update_zone(a, old, wire, len, &z), RCODE_NOERROR);
	assert_int_equal(zone_rrset(z, sub, TYPE_DS).n, 1);
	sigs = zone_rrset(z, sub, TYPE_RRSIG);
	assert_int_equal(sigs.n, 2);
	assert_int_equal(rrsig_covers(&sigs.rr[0]), TYPE_DS);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(prerequisite_rows, an_update_does_what_the_rfc_says);
	TESTS_ADD_ROWS(form_rows, an_update_does_what_the_rfc_says);
	TESTS_ADD_ROWS(change_rows, an_update_does_what_the_rfc_says);
	TESTS_ADD(the_new_zone_borrows_nothing);
	TESTS_ADD(a_message_cut_anywhere_is_formerr);
	TESTS_ADD(updates_follow_one_another);
	TESTS_ADD(a_name_does_not_grow_without_end);
	TESTS_ADD_ROWS(signed_rows, what_is_signed_by_others_is_left_alone);
	TESTS_ADD(a_changed_zone_has_the_ds_of_its_children);
	return tests_run("server-update");
}
