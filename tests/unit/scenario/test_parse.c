#include "scenario/parse.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "dns/name.h"
#include "mta/profile.h"
#include "support/test.h"
#include "unit/scenario/good.h"
#include "zone/zone.h"

/* The text with the first `find` replaced; NULL: `with` comes at the end. */
static char *edit(struct arena *a, const char *text, const char *find, const char *with)
{
	const char *at;

	if (find == NULL)
		return arena_printf(a, "%s%s", text, with);
	at = strstr(text, find);
	assert_non_null(at);
	return arena_printf(
		a, "%.*s%s%s", (int)(at - text), text, with, at + strlen(find));
}

static int parse(struct arena *a, const char *text, struct errs *errs,
	struct scenario **ret, unsigned *ret_n)
{
	errs_init(errs, a);
	return scenario_parse_text(
		a, "a.conf", text, strlen(text), profile_set_new(a), errs, ret, ret_n);
}

static char *printed(const struct errs *errs)
{
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	assert_non_null(fp);
	errs_print(errs, fp, false);
	fclose(fp);
	return text;
}

/* ---- mistakes ---- */

struct mistake_row {
	const char *name;
	const char *find, *with; /* see edit() */
	const char *want;	 /* what is printed */
};

static const struct mistake_row mistakes[] = {
	{ "an unknown key is reported with the one that was meant",
		"intended:", "intented:",
		"a.conf:20:5: error: unknown key \"intented\" in address\n"
		"    20 |     intented: mail.shop.example\n"
		"       |     ^\n"
		"       = did you mean \"intended\"?\n" },
	{ "a needed key with a slip in it is one mistake", "title:", "titel:",
		"a.conf:2:1: error: unknown key \"titel\" in scenario\n"
		"     2 | titel: T\n"
		"       | ^\n"
		"       = did you mean \"title\"?\n" },
	{ "a missing key is reported at its map",
		"  - address: u@c.shop.example\n    intended", "  - intended",
		"a.conf:19:5: error: address without \"address\"\n"
		"    19 |   - intended: mail.shop.example\n"
		"       |     ^\n" },
	{ "a key that comes twice is reported with its first place", "group: edges\n",
		"group: edges\ngroup: edges\n",
		"a.conf:4:1: error: second \"group\" in one scenario\n"
		"     4 | group: edges\n"
		"       | ^\n"
		"       = the first stands in line 3\n" },
	{ "a list is no word", "group: edges", "group: [edges]",
		"a.conf:3:8: error: group should be a word of a-z, 0-9 and -, not a "
		"list\n"
		"     3 | group: [edges]\n"
		"       |        ^\n"
		"       = for example group: layouts\n" },
	{ "a word is no map", "smtp: {}", "smtp: yes",
		"a.conf:17:11: error: smtp should be a map, not text\n"
		"    17 |     smtp: yes\n"
		"       |           ^\n"
		"       = for example smtp: { accepts: [customer.mywebservice.com] "
		"}\n" },
	{ "a key without a value says what to write", "smtp: {}", "smtp:",
		"a.conf:17:5: error: smtp is empty\n"
		"    17 |     smtp:\n"
		"       |     ^\n"
		"       = write {} when nothing more is to be said\n" },
	{ "an id has no capitals", "scenario: a", "scenario: A",
		"a.conf:1:11: error: scenario may only have a-z, 0-9 and - in it, not "
		"\"A\"\n"
		"     1 | scenario: A\n"
		"       |           ^\n" },
	{ "a word outside the list is reported with the list", "group: edges",
		"families: zzz",
		"a.conf:3:11: error: unknown families \"zzz\"\n"
		"     3 | families: zzz\n"
		"       |           ^\n"
		"       = one of: ipv4, ipv6\n" },
	{ "an IP address is checked", "at: 192.0.2.53", "at: [192.0.2.53, 2001:db8::g]",
		"a.conf:7:22: error: \"2001:db8::g\" is not an IP address\n"
		"     7 |     at: [192.0.2.53, 2001:db8::g]\n"
		"       |                      ^\n" },
	{ "a mail address needs an @", "address: u@c", "address: u.c",
		"a.conf:19:14: error: \"u.c.shop.example\" is not a mail address\n"
		"    19 |   - address: u.c.shop.example\n"
		"       |              ^\n"
		"       = local@domain\n" },
	{ "a name with an empty label is none", "intended: mail", "intended: mail.",
		"a.conf:20:15: error: \"mail..shop.example\" is not a domain name: a "
		"label is "
		"empty\n"
		"    20 |     intended: mail..shop.example\n"
		"       |               ^\n" },
	{ "a client that is not in the catalogue is reported", "clients: postfix",
		"clients: [sendmail, postfx]",
		"a.conf:22:31: error: \"postfx\" matches no client\n"
		"    22 |       - { clients: [sendmail, postfx], verdict: delivered }\n"
		"       |                               ^\n"
		"       = did you mean \"postfix\"?\n" },
	{ "a version that is known under another name is named", "clients: postfix",
		"clients: exim-4.95",
		"a.conf:22:20: error: \"exim-4.95\" matches no client\n"
		"    22 |       - { clients: exim-4.95, verdict: delivered }\n"
		"       |                    ^\n"
		"       = it is called \"exim-4.96\" here\n" },
	{ "a resolver glob that matches nothing is reported", "clients: postfix",
		"resolvers: \"unbond-*\"",
		"a.conf:22:22: error: \"unbond-*\" matches no resolver\n"
		"    22 |       - { resolvers: \"unbond-*\", verdict: delivered }\n"
		"       |                      ^\n"
		"       = did you mean \"unbound-*\"?\n" },
	{ "an unknown verdict is reported", "verdict: delivered",
		"verdict: [bounced, lost]",
		"a.conf:22:48: error: unknown verdict \"lost\"\n"
		"    22 |       - { clients: postfix, verdict: [bounced, lost] }\n"
		"       |                                                ^\n"
		"       = one of: delivered, rewritten, misdelivered, rejected, "
		"deferred, bounced, "
		"unknown\n" },
	{ "an unknown mode is reported", "    at: 192",
		"    mode: exact_type\n    at: 192",
		"a.conf:7:11: error: unknown mode \"exact_type\"\n"
		"     7 |     mode: exact_type\n"
		"       |           ^\n"
		"       = did you mean \"exact-type\"?\n" },
	{ "a key that is none is reported", "    at: 192", "    key: abc\n    at: 192",
		"a.conf:7:10: error: a key is written [hmac:]name:secret\n"
		"     7 |     key: abc\n"
		"       |          ^\n" },
	{ "a key of a zone is looked at, too", "hosts:",
		"  - zones: { zone: b.example, key: \"hmac-sha3:b:b25l\" }\nhosts:",
		"a.conf:15:20: error: zone \"b.example\" has neither data nor file\n"
		"    15 |   - zones: { zone: b.example, key: \"hmac-sha3:b:b25l\" }\n"
		"       |                    ^\n"
		"a.conf:15:36: error: unknown algorithm \"hmac-sha3\" (did you mean "
		"\"hmac-sha1\"?)\n"
		"    15 |   - zones: { zone: b.example, key: \"hmac-sha3:b:b25l\" }\n"
		"       |                                    ^\n" },
	{ "a key has one secret on a server",
		"  - zone: shop.example\n    at: 192.0.2.53\n",
		"  - at: 192.0.2.53\n    key: one:b25l\n    zones:\n"
		"      - { zone: a.example, data: \"@ 1 SOA a b 1 2 3 4 5\\n@ 1 NS "
		"a\\n\" }\n"
		"      - { zone: b.example, key: one:dHdv, data: \"@ 1 SOA a b 1 2 3 "
		"4 5\\n@ 1 NS a\\n\" }\n"
		"  - zone: shop.example\n    at: 192.0.2.54\n",
		"a.conf:10:33: error: key one has another secret or algorithm at zone "
		"a.example\n"
		"    10 |       - { zone: b.example, key: one:dHdv, data: \"@ 1 SOA a "
		"b 1 "
		"2 3 4 5\\n@ 1 NS a\\n\" }\n"
		"       |                                 ^\n" },
	{ "an unknown quirk is reported",
		"hosts:", "    quirks: { quirk: dorp }\nhosts:",
		"a.conf:15:22: error: unknown quirk \"dorp\"\n"
		"    15 |     quirks: { quirk: dorp }\n"
		"       |                      ^\n"
		"       = did you mean \"drop\"?\n" },
	{ "a quirk that needs no value takes none",
		"hosts:", "    quirks: { quirk: drop, value: 1s }\nhosts:",
		"a.conf:15:28: error: drop takes no value\n"
		"    15 |     quirks: { quirk: drop, value: 1s }\n"
		"       |                            ^\n" },
	{ "a record type is checked",
		"hosts:", "    quirks: { quirk: drop, type: MXX }\nhosts:",
		"a.conf:15:34: error: unknown record type \"MXX\"\n"
		"    15 |     quirks: { quirk: drop, type: MXX }\n"
		"       |                                  ^\n" },
	{ "a truth is true or false",
		"hosts:", "    quirks: { quirk: drop, udp-only: yes }\nhosts:",
		"a.conf:15:38: error: udp-only is true or false, not \"yes\"\n"
		"    15 |     quirks: { quirk: drop, udp-only: yes }\n"
		"       |                                      ^\n" },
	{ "a count is a number",
		"hosts:", "    quirks: { quirk: drop, count: -1 }\nhosts:",
		"a.conf:15:35: error: count is a whole number from 0 to 1000000, not "
		"\"-1\"\n"
		"    15 |     quirks: { quirk: drop, count: -1 }\n"
		"       |                                   ^\n" },
	{ "a reply code is three digits", "smtp: {}", "smtp: { rcpt: 45 }",
		"a.conf:17:19: error: rcpt is an SMTP reply code (2xx, 4xx or 5xx), "
		"not \"45\"\n"
		"    17 |     smtp: { rcpt: 45 }\n"
		"       |                   ^\n" },
	{ "a status code is digits and wildcards", "verdict: delivered", "status: OK",
		"a.conf:22:37: error: \"OK\" is not a status code\n"
		"    22 |       - { clients: postfix, status: OK }\n"
		"       |                                     ^\n"
		"       = RFC 3463: class.subject.detail, as 4.4.3; wildcards: "
		"\"4.*\"\n" },
	{ "what is asked before begins with a type",
		"addresses:", "before: [wait 3s, c.shop.example]\naddresses:",
		"a.conf:18:19: error: \"c.shop.example\": a question is TYPE NAME\n"
		"    18 | before: [wait 3s, c.shop.example]\n"
		"       |                   ^\n"
		"       = \"MX customer.mywebservice.com\"\n" },
	{ "a bracket that is not closed is no YAML", "intended: mail",
		"intended: [mail",
		"a.conf:22:7: error: did not find expected node content\n"
		"    22 |       - { clients: postfix, verdict: delivered }\n"
		"       |       ^\n"
		"       = a value is missing, or a [ or { above is not closed\n" },
	{ "an intended host that is not in hosts is reported", "intended: mail",
		"intended: mial",
		"a.conf:20:15: error: \"mial.shop.example\" is not in hosts\n"
		"    20 |     intended: mial.shop.example\n"
		"       |               ^\n"
		"       = did you mean \"mail.shop.example\"?\n" },
	{ "a web host that is not in hosts is reported", "verdict: delivered",
		"web: www.shop.example",
		"a.conf:22:34: error: \"www.shop.example\" is not in hosts\n"
		"    22 |       - { clients: postfix, web: www.shop.example }\n"
		"       |                                  ^\n"
		"       = did you mean \"mail.shop.example\"?\n" },
	{ "a host that no zone knows has no address", "      mail A", "      post A",
		"a.conf:16:11: error: host \"mail.shop.example\" has no address\n"
		"    16 |   - name: mail.shop.example\n"
		"       |           ^\n"
		"       = add an A record to the zone, or `at: ADDRESS` here\n" },
	{ "a second host of one name is reported", "addresses:",
		"  - { name: MAIL.shop.example., at: 192.0.2.9 }\naddresses:",
		"a.conf:18:13: error: second host \"MAIL.shop.example\"\n"
		"    18 |   - { name: MAIL.shop.example., at: 192.0.2.9 }\n"
		"       |             ^\n"
		"       = the first stands in line 16\n" },
	{ "two hosts at one address are reported",
		"addresses:", "  - { name: x.example, at: 192.0.2.25 }\naddresses:",
		"a.conf:16:11: error: \"x.example\" and \"mail.shop.example\" are both "
		"at "
		"192.0.2.25\n"
		"    16 |   - name: mail.shop.example\n"
		"       |           ^\n"
		"       = one address is one host: leave one of them out\n" },
	{ "two servers at one address are reported", "hosts:",
		"  - { name: two, at: 192.0.2.53, zone: b.example,\n"
		"      data: \"@ 1 SOA a b 1 2 3 4 5\\n@ 1 NS a\\n\" }\nhosts:",
		"a.conf:15:22: error: two servers at 192.0.2.53: \"shop.example\" and "
		"\"two\"\n"
		"    15 |   - { name: two, at: 192.0.2.53, zone: b.example,\n"
		"       |                      ^\n"
		"       = one server can have several zones: see zones\n" },
	{ "a second server of one zone has to be named", "hosts:",
		"  - { at: 192.0.2.54, zone: shop.example,\n"
		"      data: \"@ 1 SOA a b 1 2 3 4 5\\n@ 1 NS a\\n\" }\nhosts:",
		"a.conf:15:5: error: second server \"shop.example\"\n"
		"    15 |   - { at: 192.0.2.54, zone: shop.example,\n"
		"       |     ^\n"
		"       = give both a name if two servers have this zone\n" },
	{ "a zone comes once on a server", "hosts:",
		"  - at: 192.0.2.54\n    zones:\n"
		"      - { zone: b.example, data: \"@ 1 SOA a b 1 2 3 4 5\\n@ 1 NS "
		"a\\n\" }\n"
		"      - { zone: B.example, data: \"@ 1 SOA a b 1 2 3 4 5\\n@ 1 NS "
		"a\\n\" }\n"
		"hosts:",
		"a.conf:18:17: error: second zone \"B.example\" on one server\n"
		"    18 |       - { zone: B.example, data: \"@ 1 SOA a b 1 2 3 4 5\\n@ "
		"1 NS a\\n\" "
		"}\n"
		"       |                 ^\n" },
	{ "a server has a zone", "  - zone: shop.example\n    at: 192.0.2.53\n    data",
		"  - at: 192.0.2.53\n    data",
		"a.conf:6:5: error: server without \"zone\" or \"zones\"\n"
		"     6 |   - at: 192.0.2.53\n"
		"       |     ^\n" },
	{ "a zone has data", "hosts:", "  - zone: b.example\nhosts:",
		"a.conf:15:11: error: zone \"b.example\" has neither data nor file\n"
		"    15 |   - zone: b.example\n"
		"       |           ^\n" },
	{ "a zone file has to be there",
		"hosts:", "  - { zone: b.example, file: none/b.zone }\nhosts:",
		"a.conf:15:30: error: cannot open \"none/b.zone\": No such file or "
		"directory\n"
		"    15 |   - { zone: b.example, file: none/b.zone }\n"
		"       |                              ^\n" },
	{ "a folder is no zone file",
		"hosts:", "  - { zone: b.example, file: /tmp }\nhosts:",
		"a.conf:15:30: error: \"/tmp\" is not a file\n"
		"    15 |   - { zone: b.example, file: /tmp }\n"
		"       |                              ^\n" },
	{ "folded zone text is refused", "data: |", "data: >",
		"a.conf:8:5: error: data after > would lose its line ends\n"
		"     8 |     data: >\n"
		"       |     ^\n"
		"       = use |\n" },
	{ "a mistake in a zone is shown in its own line", "ns1 A 192.0.2.53",
		"ns1 A 192.0.2.530",
		"a.conf:12:13: error: \"192.0.2.530\" is not an IPv4 address\n"
		"    12 |       ns1 A 192.0.2.530\n"
		"       |             ^\n" },
	{ "a row that a later one covers is reported",
		"{ clients: sendmail, verdict: bounced }", "{ verdict: bounced }",
		"a.conf:22:9: error: the row never counts: line 23 speaks of every "
		"client and "
		"resolver\n"
		"    22 |       - { clients: postfix, verdict: delivered }\n"
		"       |         ^\n"
		"       = the last row that matches wins: move line 23 up\n" },
	{ "a row that compares nothing is reported",
		"clients: postfix, verdict: delivered", "clients: postfix",
		"a.conf:22:9: error: the row says nothing about mail or web\n"
		"    22 |       - { clients: postfix }\n"
		"       |         ^\n"
		"       = add verdict, web, ...\n" },
	{ "in a row, expect is known or nothing", "verdict: delivered",
		"verdict: delivered, expect: unknown",
		"a.conf:22:57: error: in a row, expect can only be \"known\", not "
		"\"unknown\"\n"
		"    22 |       - { clients: postfix, verdict: delivered, expect: "
		"unknown }\n"
		"       |                                                         "
		"^\n" },
	{ "an address comes once", NULL,
		"  - { address: u@c.shop.example, expect: { verdict: bounced } }\n",
		"a.conf:24:5: error: second address \"u@c.shop.example\"\n"
		"    24 |   - { address: u@c.shop.example, expect: { verdict: bounced "
		"} }\n"
		"       |     ^\n"
		"       = the first stands in line 19\n" },
	{ "a step's time has a unit", NULL,
		"steps: { at: 10, expect: { verdict: bounced } }\n",
		"a.conf:24:14: error: \"10\" is not a duration\n"
		"    24 | steps: { at: 10, expect: { verdict: bounced } }\n"
		"       |              ^\n"
		"       = a number and a unit: 20us, 500ms, 3s, 10m, 1h, 1d (at most "
		"3650d)\n" },
	{ "a step is later than the start", NULL, "steps: { at: 0s }\n",
		"a.conf:24:14: error: a step is later than the start\n"
		"    24 | steps: { at: 0s }\n"
		"       |              ^\n" },
	{ "a step is later than the one before", NULL,
		"steps:\n  - at: 10m\n  - at: 600s\n",
		"a.conf:26:9: error: not later than the step before it, in line 25\n"
		"    26 |   - at: 600s\n"
		"       |         ^\n" },
	{ "a change names a zone that is there", NULL,
		"steps: { at: 1s, change: { zone: shops.example, set: c A 192.0.2.1 } "
		"}\n",
		"a.conf:24:34: error: no server has zone \"shops.example\"\n"
		"    24 | steps: { at: 1s, change: { zone: shops.example, set: c A "
		"192.0.2.1 } }\n"
		"       |                                  ^\n"
		"       = did you mean \"shop.example\"?\n" },
	{ "a change names a server that is there", NULL,
		"steps: { at: 1s, change: { server: ns1, down: true } }\n",
		"a.conf:24:36: error: no server \"ns1\"\n"
		"    24 | steps: { at: 1s, change: { server: ns1, down: true } }\n"
		"       |                                    ^\n" },
	{ "a change names a host that is there", NULL,
		"steps: { at: 1s, change: { host: mal.shop.example, smtp: {} } }\n",
		"a.conf:24:34: error: \"mal.shop.example\" is not in hosts\n"
		"    24 | steps: { at: 1s, change: { host: mal.shop.example, smtp: {} "
		"} }\n"
		"       |                                  ^\n"
		"       = did you mean \"mail.shop.example\"?\n" },
	{ "a change speaks of one thing", NULL,
		"steps: { at: 1s, change: { zone: shop.example, down: true } }\n",
		"a.conf:24:48: error: down does not go with zone\n"
		"    24 | steps: { at: 1s, change: { zone: shop.example, down: true } "
		"}\n"
		"       |                                                ^\n" },
	{ "a change says what changes", NULL,
		"steps: { at: 1s, change: { zone: shop.example } }\n",
		"a.conf:24:26: error: the change says nothing about the zone\n"
		"    24 | steps: { at: 1s, change: { zone: shop.example } }\n"
		"       |                          ^\n" },
	{ "a change in a zone is checked like a zone", NULL,
		"steps: { at: 1s, change: { zone: shop.example, set: \"c A 192.0.2\" } "
		"}\n",
		"a.conf:24:58: error: \"192.0.2\" is not an IPv4 address\n"
		"    24 | steps: { at: 1s, change: { zone: shop.example, set: \"c A "
		"192.0.2\" } }\n"
		"       |                                                          "
		"^\n" },
	{ "a layout's row is short", "group: edges",
		"group: edges\nlayout: { row: 1234567890123456789012345678901, "
		"customer: c.x }",
		"a.conf:4:16: error: the row's name has 31 columns; 30 is the most\n"
		"     4 | layout: { row: 1234567890123456789012345678901, customer: "
		"c.x }\n"
		"       |                ^\n" },
	{ "a profile inherits from a client",
		"hosts:", "profiles: { mine: { inherits: postfx } }\nhosts:",
		"a.conf:15:31: error: unknown client \"postfx\"\n"
		"    15 | profiles: { mine: { inherits: postfx } }\n"
		"       |                               ^\n"
		"       = did you mean \"postfix\"?\n" },
	{ "a profile comes after the one it inherits from", "hosts:",
		"profiles:\n  mine: { inherits: base }\n  base: { inherits: postfix }\n"
		"hosts:",
		"a.conf:16:21: error: unknown client \"base\"\n"
		"    16 |   mine: { inherits: base }\n"
		"       |                     ^\n"
		"       = it stands in line 17; write it above those that inherit from "
		"it\n" },
	{ "a slip in the key of a zone is one mistake", "- zone:", "- zon:",
		"a.conf:6:5: error: unknown key \"zon\" in server\n"
		"     6 |   - zon: shop.example\n"
		"       |     ^\n"
		"       = did you mean \"zone\"?\n" },
	{ "a star wants quotes", "clients: postfix", "clients: *",
		"a.conf:22:20: error: invalid alias detected\n"
		"    22 |       - { clients: *, verdict: delivered }\n"
		"       |                    ^\n"
		"       = put quotes around a word that begins with *\n" },
	{ "the caret stands under the right letter after umlauts", "title: T",
		"self: { names: [b\303\274.example], nmae: x }",
		"a.conf:2:31: error: unknown key \"nmae\" in self\n"
		"     2 | self: { names: [b\303\274.example], nmae: x }\n"
		"       |                              ^\n"
		"       = did you mean \"names\"?\n" },
};

static void test_mistake(void **state)
{
	const struct mistake_row *row = *state;
	struct arena *a = arena_new();
	struct scenario *s;
	struct errs errs;
	unsigned n;
	char *got;

	assert_int_equal(
		parse(a, edit(a, good, row->find, row->with), &errs, &s, &n), -1);
	got = printed(&errs);
	assert_string_equal(got, row->want);
	free(got);
	arena_free(a);
}

static void test_ten(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s;
	struct errs errs;
	unsigned n;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(scenario_parse_file(a, "fixtures/bad/ten-mistakes.conf",
				 profile_set_new(a), &errs, &s, &n),
		-1);
	assert_int_equal(errs.n, 10);
	arena_free(a);
}

/* Every mistake of a broken file stands at a line and column that the file has. */
static void test_fixtures(void **state)
{
	glob_t files;

	(void)state;
	assert_int_equal(glob("fixtures/bad/*.conf", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct arena *a = arena_new();
		struct scenario *s;
		struct errs errs;
		unsigned n;

		errs_init(&errs, a);
		assert_int_equal(scenario_parse_file(a, files.gl_pathv[i],
					 profile_set_new(a), &errs, &s, &n),
			-1);
		assert_true(errs.n > 0);
		for (size_t k = 0; k < errs.n; k++) {
			const struct err *e = &errs.list[k];

			assert_true(e->at.line > 0 && e->at.col > 0);
			assert_non_null(e->source);
			assert_true((size_t)e->at.col <= strlen(e->source) + 1);
		}
		arena_free(a);
	}
	globfree(&files);
}

/* What is left to the user's taste in a file of theirs is a duty in ours: a title, a
 * source, and a file called after the id. */
static void check_ours(const struct scenario *s, const char *path)
{
	char file[256];

	snprintf(file, sizeof(file), "scenarios/%s.conf", s->id);
	assert_string_equal(path, file);
	assert_string_not_equal(s->title, s->id);
	assert_string_not_equal(s->group, "other");
	assert_true(s->n_source > 0);
}

static void test_scenarios(void **state)
{
	glob_t files;

	(void)state;
	assert_int_equal(glob("scenarios/*.conf", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct arena *a = arena_new();
		struct scenario *s;
		struct errs errs;
		unsigned n;
		char *got;

		errs_init(&errs, a);
		scenario_parse_file(
			a, files.gl_pathv[i], profile_set_new(a), &errs, &s, &n);
		got = printed(&errs);
		assert_string_equal(got, "");
		assert_int_equal(n, 1);
		check_ours(&s[0], files.gl_pathv[i]);
		free(got);
		arena_free(a);
	}
	globfree(&files);
}

/* ---- what comes of a good file ---- */

/* Parses a text that must be without mistakes. */
static struct scenario *parse_good(struct arena *a, const char *text)
{
	struct scenario *s;
	struct errs errs;
	unsigned n;
	char *got;

	parse(a, text, &errs, &s, &n);
	got = printed(&errs);
	assert_string_equal(got, "");
	free(got);
	assert_int_equal(n, 1);
	return s;
}

static const char *ip_name(struct arena *a, const struct ip *ip)
{
	char buf[IP_TEXT_MAX];

	return arena_strdup(a, ip_to_text(ip, buf));
}

static void test_header(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s = parse_good(
		a, edit(a, good, "source: RFC 5321 5.1",
			   "source: [RFC 1034 3.6.2, \"x: y\"]\nclients: [exim-*, "
			   "postfix]\n"
			   "resolvers: ideal\nsender: <>\nsearch: [A.example., "
			   "b.example]\n"
			   "families: ipv6\nself: { names: me.example }\n"
			   "layout: { row: R, customer: c.shop.example., needs: N }"));

	(void)state;
	assert_string_equal(s->id, "a");
	assert_string_equal(s->title, "T");
	assert_string_equal(s->group, "edges");
	assert_int_equal(s->n_source, 2);
	assert_string_equal(s->source[1], "x: y");
	assert_string_equal(s->clients, "exim-*,postfix");
	assert_string_equal(s->resolvers, "ideal");
	assert_string_equal(s->sender, "<>");
	assert_int_equal(s->n_search, 2);
	assert_string_equal(name_text(a, s->search[0]), "A.example");
	assert_true(s->no_ipv4);
	assert_false(s->no_ipv6);
	assert_int_equal(s->n_self_names, 1);
	assert_string_equal(s->self_names[0], "me.example");
	assert_int_equal(s->n_self_ips, 1);
	assert_string_equal(ip_name(a, &s->self_ips[0]), "203.0.113.10");
	assert_string_equal(s->layout.customer, "c.shop.example");
	assert_string_equal(s->layout.needs, "N");
	arena_free(a);
}

static void test_defaults(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s = parse_good(a, good);
	const struct stage *start = &s->stages[0];

	(void)state;
	assert_string_equal(s->clients, "*");
	assert_string_equal(s->resolvers, "*");
	assert_string_equal(s->sender, "sender@sender.example.net");
	assert_string_equal(s->self_names[0], "mx.sender.example.net");
	assert_false(s->no_ipv4 || s->no_ipv6);
	assert_null(s->layout.row);
	assert_null(s->conflict);
	assert_int_equal(s->n_stages, 1);
	assert_int_equal(start->n_servers, 1);
	assert_string_equal(start->servers[0].name, "shop.example");
	assert_string_equal(start->servers[0].zones[0].mode->name, "strict");
	assert_string_equal(ip_name(a, &start->hosts[0].at[0]), "192.0.2.25");
	assert_int_equal(start->hosts[0].smtp.greeting, 220);
	assert_true(start->hosts[0].smtp.accepts_all);
	assert_false(start->hosts[0].http.listens);
	assert_int_equal(s->n_addresses, 1);
	assert_string_equal(s->addresses[0].intended[0], "mail.shop.example");
	assert_null(s->addresses[0].visit);
	arena_free(a);
}

static void test_rows(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s = parse_good(
		a, edit(a, good, "      - { clients: postfix, verdict: delivered }\n",
			   "      - { resolvers: [unbound-*, bind-9.18], verdict: "
			   "[deferred, bounced],\n"
			   "          status: \"4.*\", rcpt: u@x, mail_from: <>, "
			   "disposition: defer,\n"
			   "          host: MAIL.shop.example., route: "
			   "[mail.shop.example.],\n"
			   "          queries: [mx C.shop.example.], web: nowhere, "
			   "expect: known }\n"
			   "      - { clients: postfix, route: [], known: why, "
			   "queries: A x }\n"));
	const struct expect_row *row = s->addresses[0].expect;

	(void)state;
	assert_int_equal(s->addresses[0].n_expect, 3);
	assert_string_equal(row[0].clients, "*");
	assert_string_equal(row[0].resolvers, "unbound-*,bind-9.18");
	assert_string_equal(row[0].verdict, "deferred|bounced");
	assert_string_equal(row[0].status, "4.*");
	assert_string_equal(row[0].rcpt, "u@x");
	assert_string_equal(row[0].mail_from, "<>");
	assert_string_equal(row[0].disposition, "defer");
	assert_string_equal(row[0].host, "MAIL.shop.example");
	assert_string_equal(row[0].route[0], "mail.shop.example");
	assert_string_equal(row[0].queries[0], "MX C.shop.example");
	assert_string_equal(row[0].web, "nowhere");
	assert_string_equal(row[0].known, "no reason given");
	assert_true(row[0].has_mail);
	assert_true(row[1].has_route);
	assert_int_equal(row[1].n_route, 0);
	assert_string_equal(row[1].queries[0], "A x");
	assert_string_equal(row[1].known, "why");
	assert_null(row[1].verdict);
	/* A row has a web, so the visitor starts at the address's domain. */
	assert_string_equal(s->addresses[0].visit, "c.shop.example");
	arena_free(a);
}

static void test_idn(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s =
		parse_good(a, edit(a, good, "u@c.shop.example\n",
				      "u@b\303\274ro.example\n    web: nowhere\n"));

	(void)state;
	assert_string_equal(s->addresses[0].address, "u@b\303\274ro.example");
	/* RFC 5891; the A-label as libidn2's idn2(1) prints it */
	assert_string_equal(s->addresses[0].visit, "xn--bro-hoa.example");
	arena_free(a);
}

static const char steps[] =
	"before: [A c.shop.example, wait 3s]\n"
	"steps:\n"
	"  - at: 10m\n"
	"    title: moves\n"
	"    change: { zone: shop.example, set: \"mail 60 A 198.51.100.7\" }\n"
	"    expect: { verdict: delivered }\n"
	"  - at: 1h\n"
	"    change:\n"
	"      - { server: shop.example, down: true }\n"
	"      - { host: mail.shop.example, smtp: { rcpt: 450 } }\n"
	"    expect: { web: nowhere }\n"
	"  - at: 1d\n"
	"    change: { server: shop.example, down: false }\n";

static void test_steps(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s = parse_good(a, edit(a, good, NULL, steps));
	const struct stage *st = s->stages;
	const struct name *mail = name_literal(a, "mail.shop.example");
	struct rrset set;

	(void)state;
	assert_int_equal(s->n_stages, 4);
	assert_int_equal(st[0].n_before, 2);
	assert_string_equal(
		name_text(a, st[0].before[0].question.name), "c.shop.example");
	assert_null(st[0].before[1].question.name);
	assert_true(st[0].before[1].wait_us == 3000000);
	assert_true(st[1].at_us == UINT64_C(600000000));
	assert_string_equal(st[1].title, "moves");
	assert_true(st[1].says_mail);
	assert_string_equal(ip_name(a, &st[0].hosts[0].at[0]), "192.0.2.25");
	assert_string_equal(ip_name(a, &st[1].hosts[0].at[0]), "198.51.100.7");
	set = zone_rrset(st[1].servers[0].zones[0].zone, mail, TYPE_A);
	assert_int_equal(set.n, 1);
	set = zone_rrset(st[0].servers[0].zones[0].zone, mail, TYPE_A);
	assert_int_equal(set.rr[0].ttl, 300);
	/* What one step changed stays for the next. */
	assert_string_equal(ip_name(a, &st[2].hosts[0].at[0]), "198.51.100.7");
	assert_int_equal(st[1].servers[0].n_quirks, 0);
	assert_string_equal(st[2].servers[0].quirks[0].row->name, "drop");
	assert_int_equal(st[1].hosts[0].smtp.rcpt, 0);
	assert_int_equal(st[2].hosts[0].smtp.rcpt, 450);
	assert_false(st[2].says_mail);
	assert_string_equal(s->addresses[0].visit, "c.shop.example");
	assert_int_equal(st[3].servers[0].n_quirks, 0);
	assert_int_equal(st[3].hosts[0].smtp.rcpt, 450);
	arena_free(a);
}

static const char keys[] =
	"  - key: one:b25l\n"
	"    zones:\n"
	"      - { zone: a.example, data: \"@ 1 SOA a b 1 2 3 4 5\\n@ 1 NS a\\n\" }\n"
	"      - { zone: b.example, data: \"@ 1 SOA a b 1 2 3 4 5\\n@ 1 NS a\\n\",\n"
	"          key: \"hmac-sha512:two:dHdv\" }\n"
	"hosts:\n";

static void test_keys(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s =
		parse_good(a, edit(a, edit(a, good, "hosts:\n", keys), NULL, steps));

	(void)state;
	for (unsigned i = 0; i < s->n_stages; i++) {
		const struct server *of = s->stages[i].servers;
		const struct tsig_key *one = of[1].zones[0].key;
		const struct tsig_key *two = of[1].zones[1].key;

		assert_null(of[0].zones[0].key);
		assert_null(of[0].keys);
		assert_string_equal(name_text(a, one->name), "one");
		assert_string_equal(tsig_algorithm_name(one->algorithm), "hmac-sha256");
		assert_string_equal(name_text(a, two->name), "two");
		assert_string_equal(tsig_algorithm_name(two->algorithm), "hmac-sha512");
		assert_ptr_equal(
			tsig_keys_find(of[1].keys, two->name)->name, two->name);
	}
	arena_free(a);
}

/* Each change makes its zone anew: 700 times 3,000 records. */
static void test_copies(void **state)
{
	struct str text = STR_INIT, records = STR_INIT;
	struct arena *a = arena_new();
	struct scenario *s;
	struct errs errs;
	unsigned n;

	(void)state;
	for (int i = 0; i < 3000; i++)
		str_printf(&records, "      x%d A 192.0.2.1\n", i);
	str_puts(&text, "steps:\n  - at: 1s\n    change:\n");
	for (int i = 0; i < 700; i++)
		str_puts(&text, "      - { zone: shop.example, set: c A 192.0.2.2 }\n");
	str_printf(&records, "      mail A 192.0.2.25\n");
	assert_int_equal(parse(a,
				 edit(a,
					 edit(a, good, "      mail A 192.0.2.25\n",
						 records.data),
					 NULL, text.data),
				 &errs, &s, &n),
		-1);
	assert_int_equal(errs.n, 1);
	assert_non_null(strstr(errs.list[0].text, "copy more than 2000000 records"));
	str_clear(&text);
	str_clear(&records);
	arena_free(a);
}

static void test_conflict(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s =
		parse_good(a, edit(a, good, "      c MX 10 mail\n",
				      "      c MX 10 mail\n      c CNAME mail\n"));

	(void)state;
	assert_non_null(s->conflict);
	assert_string_equal(name_text(a, s->conflict->owner), "c.shop.example");
	assert_string_equal(s->conflict->first.file, "a.conf");
	assert_in_range(s->conflict->first.line, 13, 14);
	assert_in_range(s->conflict->second.line, 13, 14);
	arena_free(a);
}

static void test_documents(void **state)
{
	struct arena *a = arena_new();
	const char *two = arena_printf(a,
		"%s---\n%s---\nprofiles: { mine: { inherits: "
		"postfix } }\n---\n",
		good,
		edit(a, edit(a, good, "scenario: a", "scenario: b"), "postfix",
			"mine"));
	struct scenario *s;
	struct errs errs;
	unsigned n;

	(void)state;
	assert_int_equal(parse(a, two, &errs, &s, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(s[1].id, "b");
	assert_int_equal(s[1].n_profiles, 1);
	assert_string_equal(profile_name(s[1].profiles[0]), "mine");
	arena_free(a);
}

static void test_profiles_alone(void **state)
{
	struct arena *a = arena_new();
	struct profile_set *set = profile_set_new(a);
	static const char text[] = "profiles:\n  mine: { inherits: postfix }\n";
	struct scenario *s;
	struct errs errs;
	unsigned n;

	(void)state;
	errs_init(&errs, a);
	assert_int_equal(scenario_parse_text(
				 a, "p.conf", text, strlen(text), set, &errs, &s, &n),
		0);
	assert_int_equal(n, 0);
	assert_null(s);
	assert_non_null(profile_find(set, "mine"));
	arena_free(a);
}

static void test_second_scenario(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s;
	struct errs errs;
	unsigned n;

	(void)state;
	assert_int_equal(
		parse(a, arena_printf(a, "%s---\n%s", good, good), &errs, &s, &n), -1);
	assert_int_equal(errs.n, 1);
	assert_string_equal(errs.list[0].text, "second scenario \"a\"");
	assert_int_equal(errs.list[0].at.line, 25);
	arena_free(a);
}

/* A broken document does not hide the mistakes of the next one. */
static void test_broken_document(void **state)
{
	struct arena *a = arena_new();
	struct scenario *s;
	struct errs errs;
	unsigned n;

	(void)state;
	assert_int_equal(parse(a,
				 arena_printf(a, "scenario: [\n---\n%s",
					 edit(a, good, "intended:", "intented:")),
				 &errs, &s, &n),
		-1);
	assert_int_equal(errs.n, 2);
	assert_int_equal(errs.list[1].at.line, 22);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(mistakes, test_mistake);
	tests_add("ten mistakes in a file are ten reports", test_ten);
	tests_add("each broken fixture says where", test_fixtures);
	tests_add("the project's own scenarios have no mistakes", test_scenarios);
	tests_add("the top of a file comes out as written", test_header);
	tests_add("what is left out has its default", test_defaults);
	tests_add("rows of expect come out as written", test_rows);
	tests_add("the visitor of a U-label domain starts at its A-label", test_idn);
	tests_add("each step is a whole world, later ones keep the change", test_steps);
	tests_add(
		"a zone has its own key, else its server's, in every stage", test_keys);
	tests_add("changes cannot copy without end", test_copies);
	tests_add("data beside a CNAME is no mistake but noted", test_conflict);
	tests_add("a file may hold several scenarios and profiles", test_documents);
	tests_add("a file may hold profiles alone", test_profiles_alone);
	tests_add("an id comes once in a file", test_second_scenario);
	tests_add("a broken scenario does not hide the next", test_broken_document);
	return tests_run("scenario-parse");
}
