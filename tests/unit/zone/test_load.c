#include "zone/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "support/test.h"
#include "support/zones.h"

#define APEX "@ 300 SOA ns1 hostmaster 1 3600 600 86400 60\n@ 300 NS ns1\n"

/* A mistake as "line:col text (hint)", one a line. */
static const char *mistakes(struct arena *a, const struct errs *errs)
{
	struct str s = STR_INIT;
	const char *text;

	for (size_t i = 0; i < errs->n; i++) {
		const struct err *e = &errs->list[i];

		str_printf(&s, "%d:%d %s", e->at.line, e->at.col, e->text);
		if (e->hint != NULL)
			str_printf(&s, " (%s)", e->hint);
		str_putc(&s, '\n');
	}
	text = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return text;
}

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

static int load(struct arena *a, const char *text, struct errs *errs, struct zone **ret)
{
	struct zone_source source = {
		.origin = name_literal(a, "example"),
		.text = text,
		.len = strlen(text),
		.at = { .file = "x.zone", .line = 1, .col = 1 },
		.whole = text,
		.whole_len = strlen(text),
	};

	errs_init(errs, a);
	return zone_load(a, &source, errs, ret);
}

struct row {
	const char *name, *text, *want;
};

/* Each text follows APEX, so it starts in line 3. */
static const struct row mistake_rows[] = {
	{ "an unknown type names the nearest", "mail MXX 10 mail\n",
		"3:6 unknown record type \"MXX\" (did you mean \"MX\"?)\n" },
	{ "a type far from all others has no suggestion", "mail ZZTOPZZTOP x\n",
		"3:6 unknown record type \"ZZTOPZZTOP\"\n" },
	{ "an unknown type behind TTL and class is found", "mail 300 IN AAA ::1\n",
		"3:13 unknown record type \"AAA\" (did you mean \"AAAA\"?)\n" },
	{ "an owner behind a blank is explained", " mail A 192.0.2.1\n",
		"3:2 unknown record type \"mail\" (the line begins with a blank, so it "
		"belongs to the owner above)\n" },
	{ "a bad IPv4 address is pointed at", "www A 192.0.2.300\n",
		"3:7 \"192.0.2.300\" is not an IPv4 address\n" },
	{ "a bad IPv6 address is pointed at", "www AAAA 2001:db8::1::2\n",
		"3:10 \"2001:db8::1::2\" is not an IPv6 address\n" },
	{ "a preference that is no number is pointed at", "www MX ten mail\n",
		"3:8 \"ten\" is not a number\n" },
	{ "a preference over 16 bits is pointed at", "www MX 70000 mail\n",
		"3:8 70000 is more than 65535\n" },
	{ "a name with a strange character is pointed at", "www CNAME sh$op\n",
		"3:11 \"sh$op\" is not a domain name\n" },
	{ "a record without data says so", "www MX\n", "3:5 MX has no data\n" },
	{ "a record with too little data says so", "www MX 10\n",
		"3:8 MX needs more data than this\n" },
	{ "a record with too much data says so", "www A 192.0.2.1 192.0.2.2\n",
		"3:17 \"192.0.2.2\" is more than belongs here\n" },
	{ "an owner alone says so", "www\n",
		"3:1 there is no record type in this entry\n" },
	{ "a quote that is not closed is pointed at", "www TXT \"v=spf1 -all\n",
		"3:9 the quote is not closed\n" },
	{ "an odd quote among closed ones is found", "www TXT \"a\" \"b\" \"c\n",
		"3:17 the quote is not closed\n" },
	{ "a parenthesis that is not closed is pointed at", "www A ( 192.0.2.1\n",
		"3:7 the parenthesis is not closed\n" },
	{ "a parenthesis in parentheses is pointed at", "www A ( ( 192.0.2.1 ) )\n",
		"3:9 a parenthesis inside parentheses\n" },
	{ "a closing parenthesis alone is pointed at", "www A ) 192.0.2.1\n",
		"3:7 a closing parenthesis without an opening one\n" },
	{ "another class is refused", "www CH TXT x\n",
		"3:5 class CH: only IN is served\n" },
	{ "an owner in Unicode is shown in ASCII (RFC 5890)",
		"b\xc3\xbc"
		"cher MX 10 mail\n",
		"3:1 \"b\xc3\xbc"
		"cher\" is not a domain name (zones hold the form in ASCII: "
		"\"xn--bcher-kva\")\n" },
	{ "a TTL with its top bit set is refused (RFC 2181 8)",
		"www 2147483648 A 192.0.2.1\n",
		"3:1 the TTL is more than 2147483647 (RFC 2181 8)\n" },
	{ "a record outside the zone is refused", "www.other. A 192.0.2.1\n",
		"3:1 www.other is outside the zone example\n" },
	{ "a name that only ends alike is outside", "wwwexample. A 192.0.2.1\n",
		"3:1 wwwexample is outside the zone example\n" },
	{ "a second SOA is refused", "@ SOA ns2 hostmaster 2 3600 600 86400 60\n",
		"3:1 a second SOA record (RFC 1035 5.2)\n" },
	{ "an SOA below the apex is refused", "a SOA ns1 hostmaster 1 2 3 4 5\n",
		"3:1 SOA at a.example, which is not the zone's apex\n" },
	{ "$GENERATE is refused with advice", "$GENERATE 1-2 a$ A 192.0.2.$\n",
		"3:1 $GENERATE is not supported (it is BIND's own (RFC 1035 has none): "
		"write the records out)\n" },
	{ "an unknown directive is refused", "$ORIGN x.example.\n",
		"3:1 unknown directive \"$ORIGN\" (there are $TTL, $ORIGIN and "
		"$INCLUDE)\n" },
	{ "$INCLUDE is refused without a folder", "$INCLUDE x.zone\n",
		"3:10 cannot include \"x.zone\": $INCLUDE is not allowed here\n" },
	{ "an ALIAS needs a name as a CNAME does", "www ALIAS sh$op\n",
		"3:11 \"sh$op\" is not a domain name\n" },
	{ "an ALIAS with two names says so", "www ALIAS a b\n",
		"3:13 \"b\" is more than belongs here\n" },
	{ "a mistake in parentheses has its own line",
		"www MX (\n  10 ; here\n  ma$il )\n",
		"5:3 \"ma$il\" is not a domain name\n" },
	{ "a mistake in parentheses does not hide the next entry",
		"www MX (\n  x\n  mail )\nftp A 1\n",
		"4:3 \"x\" is not a number\n6:7 \"1\" is not an IPv4 address\n" },
	{ "mistakes behind comments and blank lines have their line",
		"; one\n\n   ; two\nwww A x\n", "6:7 \"x\" is not an address\n" },
	{ "mistakes with CRLF have their place", "ok A 192.0.2.1\r\nwww A x\r\n",
		"4:7 \"x\" is not an address\n" },
	{ "mistakes behind directives have their place",
		"$TTL 60\n$ORIGIN a.example.\n; x\nwww A x\n",
		"6:7 \"x\" is not an address\n" },
	{ "a bad $ORIGIN leaves the one before",
		"$ORIGIN a..b\nwww A x\nwww.other. A "
		"192.0.2.1\n",
		"3:9 \"a..b\" is more than belongs here\n4:7 \"x\" is not an "
		"address\n5:1 www.other is outside the zone example\n" },
	{ "every mistake of a text is told", "a A x\nb MX\nc A 192.0.2.1\nd QQQQ x\n",
		"3:5 \"x\" is not an address\n4:3 MX has no data\n6:3 unknown record "
		"type \"QQQQ\"\n" },
};

static void a_mistake_is_told_with_its_place(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct zone *z = NULL;
	struct errs errs;

	assert_int_equal(load(a, arena_printf(a, APEX "%s", row->text), &errs, &z), -1);
	assert_string_equal(mistakes(a, &errs), row->want);
	assert_null(z);
	arena_free(a);
}

/* Whole texts. */
static const struct row apex_rows[] = {
	{ "an empty text is one mistake", "",
		"1:1 the zone example has no records; the first is its SOA (RFC 1035 "
		"5.2)\n" },
	{ "a text without SOA and NS is two", "a A 192.0.2.1\n",
		"1:1 the zone example has no SOA record (RFC 1035 5.2)\n"
		"1:1 the zone example has no NS record at its apex (RFC 1034 "
		"4.2.1)\n" },
	{ "a zone without NS is refused", "@ SOA ns1 hostmaster 1 2 3 4 5\n",
		"1:1 the zone example has no NS record at its apex (RFC 1034 "
		"4.2.1)\n" },
	{ "a zone without SOA is refused", "@ NS ns1\n",
		"1:1 the zone example has no SOA record (RFC 1035 5.2)\n" },
	{ "a mistake in the SOA is not a missing SOA, too",
		"@ SOA ns1 hostmaster one 2 3 4 5\n@ NS ns1\n",
		"1:22 \"one\" is not a number\n" },
	{ "a byte order mark is one mistake", "\xef\xbb\xbf" APEX,
		"1:1 the file begins with a byte order mark (name servers take it for "
		"a part of the first name: save the file without it)\n" },
	{ "a first line without owner is a mistake", " NS ns1\n" APEX,
		"1:2 there is no owner name above this line\n" },
};

static void a_whole_text_is_refused(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct zone *z = NULL;
	struct errs errs;

	assert_int_equal(load(a, row->text, &errs, &z), -1);
	assert_string_equal(mistakes(a, &errs), row->want);
	arena_free(a);
}

#define APEX_RECORDS                                                                   \
	"example 300 SOA ns1.example. hostmaster.example. 1 3600 600 86400 60\n"       \
	"example 300 NS ns1.example\n"

static const struct row good_rows[] = {
	{ "names are relative to the origin", "www CNAME shop\n",
		APEX_RECORDS "www.example 3600 CNAME shop.example\n" },
	{ "$ORIGIN moves the names after it", "$ORIGIN sub.example.\nwww CNAME shop\n",
		APEX_RECORDS "www.sub.example 3600 CNAME shop.sub.example\n" },
	{ "$ORIGIN may be relative (RFC 1035 5.1)", "$ORIGIN sub\nwww CNAME shop\n",
		APEX_RECORDS "www.sub.example 3600 CNAME shop.sub.example\n" },
	{ "a relative $ORIGIN follows the one before it",
		"$ORIGIN a.example.\n$ORIGIN b\nx A 192.0.2.1\n$ORIGIN c\ny A "
		"192.0.2.2\n",
		APEX_RECORDS "x.b.a.example 3600 A 192.0.2.1\n"
			     "y.c.b.a.example 3600 A 192.0.2.2\n" },
	{ "$TTL holds for the records after it",
		"a A 192.0.2.1\n$TTL 1h1m\nb A 192.0.2.2\nc 5 A 192.0.2.3\n",
		APEX_RECORDS "a.example 3600 A 192.0.2.1\nb.example 3660 A 192.0.2.2\n"
			     "c.example 5 A 192.0.2.3\n" },
	{ "an owner left out is the one above", "www A 192.0.2.1\n    A 192.0.2.2\n",
		APEX_RECORDS "www.example 3600 A 192.0.2.1\nwww.example 3600 A "
			     "192.0.2.2\n" },
	{ "a duplicate is dropped", "www A 192.0.2.1\nwww A 192.0.2.1\n",
		APEX_RECORDS "www.example 3600 A 192.0.2.1\n" },
	{ "a duplicate differing in letter case is dropped",
		"www MX 10 mail\nWWW MX 10 MAIL\n",
		APEX_RECORDS "www.example 3600 MX 10 mail.example\n" },
	{ "so is one with its name behind numbers, and one with two names",
		"www SRV 1 2 3 mail\nwww SRV 1 2 3 MAIL\nwww RP a b\nwww RP a B\n",
		APEX_RECORDS "www.example 3600 SRV 1 2 3 mail.example.\n"
			     "www.example 3600 RP a.example. b.example.\n" },
	{ "numbers before a name have no letters",
		"www SRV 1 2 97 mail\nwww SRV 1 2 65 mail\n",
		APEX_RECORDS "www.example 3600 SRV 1 2 97 mail.example.\n"
			     "www.example 3600 SRV 1 2 65 mail.example.\n" },
	{ "texts differing in letter case are two", "www TXT a\nwww TXT A\n",
		APEX_RECORDS
		"www.example 3600 TXT \"a\"\nwww.example 3600 TXT \"A\"\n" },
	{ "the lowest TTL of a set holds for it (RFC 2181 5.2)",
		"www 60 A 192.0.2.1\nwww 30 A 192.0.2.2\nwww 90 A 192.0.2.3\n",
		APEX_RECORDS "www.example 30 A 192.0.2.1\nwww.example 30 A 192.0.2.2\n"
			     "www.example 30 A 192.0.2.3\n" },
	{ "the TTLs of two types have nothing to do with each other",
		"www 60 A 192.0.2.1\nwww 30 TXT x\n",
		APEX_RECORDS "www.example 60 A 192.0.2.1\nwww.example 30 TXT \"x\"\n" },
	{ "data beside a CNAME is kept", "www CNAME shop\nwww MX 10 mail\n",
		APEX_RECORDS "www.example 3600 CNAME shop.example\nwww.example 3600 MX "
			     "10 mail.example\n" },
	{ "the apex comes first, then the order of the file",
		"b A 192.0.2.1\n@ MX 10 b\na A 192.0.2.2\nb TXT x\n",
		APEX_RECORDS
		"example 3600 MX 10 b.example\nb.example 3600 A 192.0.2.1\n"
		"a.example 3600 A 192.0.2.2\nb.example 3600 TXT \"x\"\n" },
	{ "ALIAS is a type of its own", "www ALIAS shop.other.\n",
		APEX_RECORDS "www.example 3600 ALIAS shop.other\n" },
	{ "ANAME is ALIAS, in any letter case", "www 60 IN aName shop\n",
		APEX_RECORDS "www.example 60 ALIAS shop.example\n" },
	{ "ALIAS works in parentheses, behind comments",
		"www ( ; ALIAS (\n  alias ; \"\n  shop )\nftp DNAME x\n",
		APEX_RECORDS "www.example 3600 ALIAS shop.example\nftp.example 3600 "
			     "DNAME x.example\n" },
	{ "ALIAS as a name or a text stays one", "alias CNAME aname\nx TXT ALIAS\n",
		APEX_RECORDS "alias.example 3600 CNAME aname.example\nx.example 3600 "
			     "TXT \"ALIAS\"\n" },
	{ "a DNAME beside an ALIAS stays one", "a DNAME b\nc ALIAS d\ne DNAME f\n",
		APEX_RECORDS "a.example 3600 DNAME b.example\nc.example 3600 ALIAS "
			     "d.example\ne.example 3600 DNAME f.example\n" },
	{ "the last line needs no newline", "www A 192.0.2.1",
		APEX_RECORDS "www.example 3600 A 192.0.2.1\n" },
	{ "CRLF is read", "www A 192.0.2.1\r\nftp A 192.0.2.2\r\n",
		APEX_RECORDS "www.example 3600 A 192.0.2.1\nftp.example 3600 A "
			     "192.0.2.2\n" },
	{ "a quoted semicolon is no comment", "www TXT \"a;b\" ; \"c\n",
		APEX_RECORDS "www.example 3600 TXT \"a;b\"\n" },
};

static void an_indented_comment_may_come_first(void **state)
{
	struct arena *a = arena_new();
	struct zone *z = NULL;
	struct errs errs;

	(void)state;
	assert_int_equal(load(a, "  ; here it is\n \n" APEX, &errs, &z), 0);
	assert_string_equal(records(a, z), APEX_RECORDS);
	arena_free(a);
}

static void a_text_is_loaded(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct zone *z = NULL;
	struct errs errs;

	assert_int_equal(load(a, arena_printf(a, APEX "%s", row->text), &errs, &z), 0);
	assert_string_equal(mistakes(a, &errs), "");
	assert_string_equal(records(a, z), row->want);
	arena_free(a);
}

/* A block of a scenario: its text has lost the indentation that the file has. */
static void a_mistake_in_a_block_has_the_place_in_the_file(void **state)
{
	static const char whole[] = "servers:\n"
				    "  - data: |\n"
				    "      @ SOA ns1 host 1 2 3 4 5\n"
				    "      @ NS ns1\n"
				    "      www A x\n";
	static const char text[] = "@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nwww A x\n";
	struct arena *a = arena_new();
	struct zone_source source = {
		.origin = name_literal(a, "example"),
		.text = text,
		.len = strlen(text),
		.at = { .file = "a.conf", .line = 3, .col = 7 },
		.whole = whole,
		.whole_len = strlen(whole),
	};
	struct zone *z;
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(zone_load(a, &source, &errs, &z), -1);
	assert_string_equal(mistakes(a, &errs), "5:13 \"x\" is not an address\n");
	assert_string_equal(errs.list[0].at.file, "a.conf");
	assert_string_equal(errs.list[0].source, "      www A x");
	source.whole = NULL; /* the line is made up from the text then */
	errs_init(&errs, a);
	assert_int_equal(zone_load(a, &source, &errs, &z), -1);
	assert_string_equal(errs.list[0].source, "      www A x");
	arena_free(a);
}

/* ---- files ---- */

static char *folder_with(struct arena *a, const char *const files[][2], size_t n)
{
	char *folder = arena_strdup(a, "/tmp/test-zone-XXXXXX");

	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < n; i++) {
		FILE *fp = fopen(arena_printf(a, "%s/%s", folder, files[i][0]), "w");

		assert_non_null(fp);
		fputs(files[i][1], fp);
		fclose(fp);
	}
	return folder;
}

static void remove_folder(
	struct arena *a, const char *folder, const char *const files[][2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		unlink(arena_printf(a, "%s/%s", folder, files[i][0]));
	rmdir(folder);
}

static const char *const good_files[][2] = {
	{ "main.zone", APEX "a A 192.0.2.1\n$INCLUDE sub.inc sub\nb A 192.0.2.2\n" },
	{ "sub.inc", "www A 192.0.2.3\n" },
};

static void an_include_has_its_own_origin(void **state)
{
	struct arena *a = arena_new();
	char *folder = folder_with(a, good_files, 2);
	struct zone *z;
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(zone_load_file(a, name_literal(a, "example"),
				 arena_printf(a, "%s/main.zone", folder), &errs, &z),
		0);
	assert_string_equal(records(a, z),
		APEX_RECORDS "a.example 3600 A 192.0.2.1\nwww.sub.example 3600 A "
			     "192.0.2.3\nb.example 3600 A 192.0.2.2\n");
	remove_folder(a, folder, good_files, 2);
	arena_free(a);
}

static const char *const bad_files[][2] = {
	{ "main.zone", APEX "$INCLUDE bad.inc\n$INCLUDE none.inc\nx A y\n" },
	{ "bad.inc", "www A z\n$INCLUDE main.zone\n" },
};

static void mistakes_in_an_include_name_its_file(void **state)
{
	struct arena *a = arena_new();
	char *folder = folder_with(a, bad_files, 2);
	struct zone *z;
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(zone_load_file(a, name_literal(a, "example"),
				 arena_printf(a, "%s/main.zone", folder), &errs, &z),
		-1);
	assert_string_equal(mistakes(a, &errs),
		arena_printf(a,
			"1:7 \"z\" is not an address\n"
			"2:10 cannot include \"%s/main.zone\": it includes itself\n"
			"4:10 cannot include \"%s/none.inc\": No such file or "
			"directory\n"
			"5:5 \"y\" is not an address\n",
			folder, folder));
	assert_string_equal(
		errs.list[0].at.file, arena_printf(a, "%s/bad.inc", folder));
	assert_string_equal(errs.list[0].source, "www A z");
	assert_string_equal(
		errs.list[2].at.file, arena_printf(a, "%s/main.zone", folder));
	remove_folder(a, folder, bad_files, 2);
	arena_free(a);
}

/* As in UTF-16, or in no text at all. */
static void an_octet_0_is_one_mistake(void **state)
{
	static const char text[] = APEX "a\0 A 192.0.2.1\nb\0 A 192.0.2.1\n";
	struct arena *a = arena_new();
	struct zone_source source = {
		.origin = name_literal(a, "example"),
		.text = text,
		.len = sizeof(text) - 1,
		.at = { .file = "x.zone", .line = 1, .col = 1 },
	};
	struct zone *z = NULL;
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(zone_load(a, &source, &errs, &z), -1);
	assert_string_equal(mistakes(a, &errs),
		"3:2 an octet 0: this is no text in ASCII or UTF-8\n");
	arena_free(a);
}

static void a_file_that_is_not_there_is_a_mistake(void **state)
{
	struct arena *a = arena_new();
	struct zone *z;
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(
		zone_load_file(a, name_literal(a, "example"), "/nowhere/x", &errs, &z),
		-1);
	assert_string_equal(
		mistakes(a, &errs), "0:0 cannot read: No such file or directory\n");
	arena_free(a);
}

static void a_mistake_told_before_is_still_a_mistake(void **state)
{
	struct arena *a = arena_new();
	struct zone_source source = {
		.origin = name_literal(a, "example"),
		.text = APEX "x A y\n",
		.len = strlen(APEX "x A y\n"),
		.at = { .file = "x.zone", .line = 1, .col = 1 },
	};
	struct zone *z;
	struct errs errs;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(zone_load(a, &source, &errs, &z), -1);
	assert_int_equal(zone_load(a, &source, &errs, &z), -1);
	assert_int_equal(errs.n, 1);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(mistake_rows, a_mistake_is_told_with_its_place);
	TESTS_ADD_ROWS(apex_rows, a_whole_text_is_refused);
	TESTS_ADD_ROWS(good_rows, a_text_is_loaded);
	TESTS_ADD(an_indented_comment_may_come_first);
	TESTS_ADD(a_mistake_in_a_block_has_the_place_in_the_file);
	TESTS_ADD(an_include_has_its_own_origin);
	TESTS_ADD(mistakes_in_an_include_name_its_file);
	TESTS_ADD(an_octet_0_is_one_mistake);
	TESTS_ADD(a_file_that_is_not_there_is_a_mistake);
	TESTS_ADD(a_mistake_told_before_is_still_a_mistake);
	return tests_run("zone-load");
}
