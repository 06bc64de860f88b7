/* Signed zones of a scenario: which are signed, and how they are joined. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "mta/profile.h"
#include "run/world.h"
#include "scenario/parse.h"
#include "scenario/reader.h"
#include "support/test.h"
#include "zone/sign.h"

static struct arena *a;

/* A scenario of these servers and steps; the mistakes as text, "" when there are none.
 */
static const char *parse(const char *servers, struct scenario **ret)
{
	const char *text = arena_printf(a,
		"scenario: a\ntitle: T\ngroup: edges\nsource: s\n"
		"addresses: { address: u@a.example, expect: { verdict: bounced } }\n%s",
		servers);
	struct str s = STR_INIT;
	struct errs errs;
	unsigned n;

	*ret = NULL;
	errs_init(&errs, a);
	scenario_parse_text(
		a, "a.conf", text, strlen(text), profile_set_new(a), &errs, ret, &n);
	for (size_t i = 0; i < errs.n; i++)
		str_printf(&s, "%d: %s\n", errs.list[i].at.line, errs.list[i].text);
	text = arena_strndup(a, s.data, s.len);
	str_clear(&s);
	return text;
}

#define APEX "$TTL 60\\n@ SOA n h 1 2 3 4 5\\n@ NS n\\nn A 192.0.2.7\\n"
#define ZONE(name, data) "zone: " name ", data: \"" APEX data "\""

/* ---- which zones are signed, and which DS they have ---- */

struct row {
	const char *name, *servers;
	const char
		*want; /* "example: w.example DS, ..."; unsigned zones without colon */
};

static const struct row rows[] = {
	{ "without the word nothing is signed",
		"servers: { " ZONE("a.example", "") " }\n", "a.example; ." },
	{ "with it the zone is signed, and the root above it",
		"servers: { " ZONE("a.example", "") ", dnssec: sign }\n",
		"a.example:; .: a.example" },
	{ "a child's DS stands in its parent",
		"servers:\n"
		"  - { " ZONE("a.example",
			"") ", dnssec: sign }\n"
			    "  - { " ZONE("example", "a NS n.a\\n") ", dnssec: sign, "
								    "at: 192.0.2.8 }\n",
		"a.example:; example: a.example; .: example" },
	{ "an unsigned zone between two signed ones ends the chain",
		"servers:\n"
		"  - { " ZONE(
			"a.example", "") ", dnssec: sign }\n"
					 "  - { " ZONE("example",
						 "a NS n.a\\n") ", at: 192.0.2.8 }\n",
		"a.example:; example; .:" },
	{ "a parent without a delegation has no DS",
		"servers:\n"
		"  - { " ZONE("a.example",
			"") ", dnssec: sign }\n"
			    "  - { " ZONE(
				    "example", "") ", dnssec: sign, at: 192.0.2.8 }\n",
		"a.example:; example:; .: example" },
	{ "a server's word is for all of its zones",
		"servers: { dnssec: sign, zones: [ { " ZONE(
			"a.example", "") " }, { " ZONE("b.example", "") " } ] }\n",
		"a.example:; b.example:; .: a.example b.example" },
	{ "a zone's word is for itself",
		"servers: { zones: [ { " ZONE("a.example",
			"") ", dnssec: sign }, { " ZONE("b.example", "") " } ] }\n",
		"a.example:; b.example; .: a.example" },
	{ "a root of one's own is signed only when it says so",
		"servers:\n"
		"  - { " ZONE("a.example",
			"") ", dnssec: sign }\n"
			    "  - { " ZONE(
				    ".", "a.example NS n.a.example\\n") ", at: "
									"192.0.2.8 }\n",
		"a.example:; ." },
};

static void put_ds(void *ctx, const struct rr *rr)
{
	char text[NAME_TEXT_MAX];

	if (rr->type == TYPE_DS)
		str_printf(ctx, " %s", name_to_text(rr->owner, text));
}

static void signed_zones(void **state)
{
	const struct row *row = *state;
	struct str s = STR_INIT;
	char text[NAME_TEXT_MAX];
	struct scenario *sc;
	struct world w;

	assert_string_equal(parse(row->servers, &sc), "");
	world_build(a, sc, &w);
	for (unsigned i = 0; i < w.stages[0].n_servers; i++) {
		const struct server *server = &w.stages[0].servers[i];

		for (unsigned k = 0; k < server->n_zones; k++) {
			const struct zone *z = server->zones[k].zone;

			str_puts(&s, s.len == 0 ? "" : "; ");
			str_puts(&s, name_to_text(zone_origin(z), text));
			if (zone_is_signed(z))
				str_putc(&s, ':');
			zone_each(z, put_ds, &s);
		}
	}
	assert_string_equal(s.data, row->want);
	str_clear(&s);
}

/* ---- steps ---- */

static void a_changed_zone_is_signed_again(void **state)
{
	struct scenario *s;
	const struct zone *z;
	const struct name *owner = name_literal(a, "new.a.example");
	struct rrset set, rrsig;

	(void)state;
	assert_string_equal(
		parse("servers: { " ZONE("a.example",
			      "") ", dnssec: sign }\n"
				  "steps: { at: 1m, change: { zone: a.example, "
				  "add: new TXT x } }\n",
			&s),
		"");
	z = s->stages[0].servers[0].zones[0].zone;
	assert_int_equal(zone_rrset(z, owner, TYPE_NSEC).n, 0);
	z = s->stages[1].servers[0].zones[0].zone;
	assert_int_equal(zone_rrset(z, owner, TYPE_NSEC).n, 1);
	set = zone_rrset(z, owner, TYPE_TXT);
	rrsig = zone_rrset(z, owner, TYPE_RRSIG);
	assert_int_equal(rrsig.n, 2);
	assert_true(dnssec_verifies(dnssec_key_new(a, name_literal(a, "a.example")),
		set.rr, set.n, &rrsig.rr[0]));
}

/* ---- mistakes ---- */

static const struct row mistakes[] = {
	{ "a wrong word is reported",
		"servers: { " ZONE("a.example", "") ", dnssec: signed }\n",
		"6: unknown dnssec \"signed\"\n" },
	{ "a zone that flattens cannot be signed beforehand",
		"servers: { " ZONE("a.example", "") ", dnssec: sign, mode: flatten }\n",
		"6: dnssec: sign does not go with mode flatten\n" },
	{ "nor one that has ALIAS",
		"servers: { mode: alias, zones: [ { " ZONE(
			"a.example", "") ", dnssec: sign } ] }\n",
		"6: dnssec: sign does not go with mode alias\n" },
	{ "nor when the server says so for all",
		"servers: { dnssec: sign, zones: [ { " ZONE(
			"a.example", "") ", mode: alias } ] }\n",
		"6: dnssec: sign does not go with mode alias\n" },
};

static void mistake(void **state)
{
	const struct row *row = *state;
	struct scenario *s;

	assert_string_equal(parse(row->servers, &s), row->want);
}

static void too_much_to_sign_is_refused(void **state)
{
	struct str text = STR_INIT;
	struct scenario *s;

	(void)state;
	str_puts(&text, "servers:\n  - zone: a.example\n    dnssec: sign\n    data: |\n"
			"      $TTL 60\n      @ SOA n h 1 2 3 4 5\n      @ NS n\n");
	for (int i = 2; i <= CONF_SIGNED_MAX; i++)
		str_printf(&text, "      x%d A 192.0.2.1\n", i);
	assert_non_null(strstr(parse(text.data, &s),
		"the zones to sign have more than 20000 records"));
	str_clear(&text);
}

int main(void)
{
	int failed;

	a = arena_new();
	TESTS_ADD_ROWS(rows, signed_zones);
	TESTS_ADD(a_changed_zone_is_signed_again);
	TESTS_ADD_ROWS(mistakes, mistake);
	TESTS_ADD(too_much_to_sign_is_refused);
	failed = tests_run("scenario-sign");
	arena_free(a);
	return failed;
}
