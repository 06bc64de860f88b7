#include "support/test.h"

#include "unit/server/build.h"

#define NEGATIVE "; mywebservice.com 60 SOA"
#define AT(name) name ".mywebservice.com"

/* The zone that flattens: its TTL is 300. Targets at offsite.net are the upstream's. */
#define FLAT                                                                           \
	APEX "customer CNAME shop.offsite.net.\n"                                      \
	     "customer MX 10 mail\n"                                                   \
	     "owna CNAME shop.offsite.net.\n"                                          \
	     "owna A 192.0.2.99\n"                                                     \
	     "bare CNAME shop.offsite.net.\n"                                          \
	     "in CNAME mail\n"                                                         \
	     "twice CNAME in\n"                                                        \
	     "slow 30 CNAME shop.offsite.net.\n"                                       \
	     "empty CNAME empty.offsite.net.\n"                                        \
	     "gone CNAME gone.offsite.net.\n"                                          \
	     "broken CNAME broken.offsite.net.\n"                                      \
	     "silent CNAME silent.offsite.net.\n"                                      \
	     "chain CNAME chain.offsite.net.\n"                                        \
	     "ingone CNAME nothing\n"                                                  \
	     "inempty CNAME text\n"                                                    \
	     "text TXT hello\n"                                                        \
	     "loop CNAME pool\n"                                                       \
	     "pool CNAME loop\n"                                                       \
	     "self CNAME self\n"                                                       \
	     "*.wild CNAME shop.offsite.net.\n"                                        \
	     "tree DNAME offsite.net.\n"                                               \
	     "away NS ns.offsite.net.\n"                                               \
	     "cut CNAME www.away\n"                                                    \
	     "viaplain CNAME alias.example.net.\n"                                     \
	     "torefused CNAME www.refused.net.\n"                                      \
	     "mail A 192.0.2.25\n"                                                     \
	     "mail AAAA 2001:db8::25\n"

/* The same owners with ALIAS; CNAMEs stay what they are. */
#define ALIAS                                                                          \
	APEX "@ ALIAS shop.offsite.net.\n"                                             \
	     "@ MX 10 mail\n"                                                          \
	     "customer ALIAS shop.offsite.net.\n"                                      \
	     "customer MX 10 mail\n"                                                   \
	     "owna ANAME shop.offsite.net.\n"                                          \
	     "owna A 192.0.2.99\n"                                                     \
	     "in ALIAS mail\n"                                                         \
	     "twice ALIAS in\n"                                                        \
	     "slow 30 ALIAS shop.offsite.net.\n"                                       \
	     "empty ALIAS empty.offsite.net.\n"                                        \
	     "gone ALIAS gone.offsite.net.\n"                                          \
	     "broken ALIAS broken.offsite.net.\n"                                      \
	     "silent ALIAS silent.offsite.net.\n"                                      \
	     "loop ALIAS pool\n"                                                       \
	     "pool ALIAS loop\n"                                                       \
	     "*.wild ALIAS shop.offsite.net.\n"                                        \
	     "cname CNAME customer\n"                                                  \
	     "out CNAME shop.offsite.net.\n"                                           \
	     "mail A 192.0.2.25\n"

static const struct row {
	const char *name, *mode, *question, *want;
} rows[] = {
	/* flatten */
	{ "flatten serves the target's A at the owner", "flatten", "A " AT("customer"),
		"NOERROR aa: " AT("customer") " 60 A 198.51.100.80" },
	{ "flatten serves the target's AAAA at the owner", "flatten",
		"AAAA " AT("customer"),
		"NOERROR aa: " AT("customer") " 60 AAAA 2001:db8::80" },
	{ "flatten keeps the owner's MX", "flatten", "MX " AT("customer"),
		"NOERROR aa: " AT("customer") " 300 MX 10 " AT("mail") },
	{ "flatten has no TXT where the owner has none", "flatten",
		"TXT " AT("customer"), "NOERROR aa" NEGATIVE },
	{ "flatten has no MX where the owner has none", "flatten", "MX " AT("bare"),
		"NOERROR aa" NEGATIVE },
	{ "flatten has no CNAME", "flatten", "CNAME " AT("bare"),
		"NOERROR aa" NEGATIVE },
	{ "flatten has ANY without the CNAME", "flatten", "ANY " AT("customer"),
		"NOERROR aa: " AT("customer") " 300 MX 10 " AT("mail") },
	{ "flatten has an empty ANY for a bare CNAME", "flatten", "ANY " AT("bare"),
		"NOERROR aa" NEGATIVE },
	{ "flatten prefers the target's A to the owner's", "flatten", "A " AT("owna"),
		"NOERROR aa: " AT("owna") " 60 A 198.51.100.80" },
	{ "flatten serves a target of the zone itself", "flatten", "A " AT("in"),
		"NOERROR aa: " AT("in") " 300 A 192.0.2.25" },
	{ "flatten goes through a second flattened name", "flatten", "A " AT("twice"),
		"NOERROR aa: " AT("twice") " 300 A 192.0.2.25" },
	{ "the owner's TTL is kept when it is the smaller", "flatten", "A " AT("slow"),
		"NOERROR aa: " AT("slow") " 30 A 198.51.100.80" },
	{ "the TTL of a CNAME on the way counts", "flatten", "A " AT("chain"),
		"NOERROR aa: " AT("chain") " 20 A 198.51.100.80" },
	{ "a target without addresses is NODATA", "flatten", "A " AT("empty"),
		"NOERROR aa" NEGATIVE },
	{ "a target that does not exist is NODATA", "flatten", "A " AT("gone"),
		"NOERROR aa" NEGATIVE },
	{ "a target of ours without addresses is NODATA", "flatten", "A " AT("inempty"),
		"NOERROR aa" NEGATIVE },
	{ "a target of ours that does not exist is NODATA", "flatten",
		"A " AT("ingone"), "NOERROR aa" NEGATIVE },
	{ "a target that fails is SERVFAIL", "flatten", "A " AT("broken"), "SERVFAIL" },
	{ "a target that cannot be asked for is SERVFAIL", "flatten", "A " AT("silent"),
		"SERVFAIL" },
	{ "a target in a zone we refuse is SERVFAIL", "flatten", "A " AT("torefused"),
		"SERVFAIL" },
	{ "a loop of flattened names is SERVFAIL", "flatten", "A " AT("loop"),
		"SERVFAIL" },
	{ "a name flattened to itself is SERVFAIL", "flatten", "A " AT("self"),
		"SERVFAIL" },
	{ "a loop does not touch other types", "flatten", "MX " AT("loop"),
		"NOERROR aa" NEGATIVE },
	{ "a wildcard CNAME is flattened", "flatten", "A " AT("x.wild"),
		"NOERROR aa: " AT("x.wild") " 60 A 198.51.100.80" },
	{ "a wildcard CNAME is hidden", "flatten", "MX " AT("x.wild"),
		"NOERROR aa" NEGATIVE },
	{ "a CNAME made from a DNAME stays", "flatten", "A " AT("shop.tree"),
		"NOERROR aa: " AT("tree") " 300 DNAME offsite.net, " AT(
			"shop.tree") " 300 CNAME shop.offsite.net" },
	{ "a target behind a delegation is looked up", "flatten", "A " AT("cut"),
		"NOERROR aa: " AT("cut") " 60 A 198.51.100.81" },
	{ "a target that is an alias in another zone of ours is followed", "flatten",
		"A " AT("viaplain"),
		"NOERROR aa: " AT("viaplain") " 60 A 198.51.100.80" },
	{ "a chain into a flattened name shows the chain, then addresses", "flatten",
		"A entry.example.net",
		"NOERROR aa: entry.example.net 300 CNAME " AT("customer") ", " AT(
			"customer") " 60 A 198.51.100.80" },
	{ "a chain into a flattened name of no such type is NODATA", "flatten",
		"TXT entry.example.net",
		"NOERROR aa: entry.example.net 300 CNAME " AT("customer") NEGATIVE },
	{ "a CNAME that leads to a flattened name is still there", "flatten",
		"CNAME entry.example.net",
		"NOERROR aa: entry.example.net 300 CNAME " AT("customer") },
	{ "a name without CNAME is served as it is", "flatten", "A " AT("mail"),
		"NOERROR aa: " AT("mail") " 300 A 192.0.2.25" },
	{ "a name that does not exist stays so", "flatten", "A " AT("nothing"),
		"NXDOMAIN aa" NEGATIVE },

	/* alias */
	{ "ALIAS serves the target's A at the owner", "alias", "A " AT("customer"),
		"NOERROR aa: " AT("customer") " 60 A 198.51.100.80" },
	{ "ALIAS serves the target's AAAA at the owner", "alias",
		"AAAA " AT("customer"),
		"NOERROR aa: " AT("customer") " 60 AAAA 2001:db8::80" },
	{ "ALIAS works at the apex", "alias", "A mywebservice.com",
		"NOERROR aa: mywebservice.com 60 A 198.51.100.80" },
	{ "ALIAS leaves the MX alone", "alias", "MX " AT("customer"),
		"NOERROR aa: " AT("customer") " 300 MX 10 " AT("mail") },
	{ "ALIAS adds no TXT", "alias", "TXT " AT("customer"), "NOERROR aa" NEGATIVE },
	{ "ALIAS itself is never sent", "alias", "ALIAS " AT("customer"),
		"NOERROR aa" NEGATIVE },
	{ "ANY has the rest without the ALIAS", "alias", "ANY " AT("customer"),
		"NOERROR aa: " AT("customer") " 300 MX 10 " AT("mail") },
	{ "ANY for nothing but an ALIAS is empty", "alias", "ANY " AT("gone"),
		"NOERROR aa" NEGATIVE },
	{ "the owner's own A goes before ANAME", "alias", "A " AT("owna"),
		"NOERROR aa: " AT("owna") " 300 A 192.0.2.99" },
	{ "ANAME serves the type that the owner lacks", "alias", "AAAA " AT("owna"),
		"NOERROR aa: " AT("owna") " 60 AAAA 2001:db8::80" },
	{ "ALIAS serves a target of the zone itself", "alias", "A " AT("in"),
		"NOERROR aa: " AT("in") " 300 A 192.0.2.25" },
	{ "ALIAS goes through a second ALIAS", "alias", "A " AT("twice"),
		"NOERROR aa: " AT("twice") " 300 A 192.0.2.25" },
	{ "the ALIAS's TTL is kept when it is the smaller", "alias", "A " AT("slow"),
		"NOERROR aa: " AT("slow") " 30 A 198.51.100.80" },
	{ "ALIAS to a target without addresses is NODATA", "alias", "A " AT("empty"),
		"NOERROR aa" NEGATIVE },
	{ "ALIAS to a target that does not exist is NODATA", "alias", "A " AT("gone"),
		"NOERROR aa" NEGATIVE },
	{ "ALIAS to a target that fails is SERVFAIL", "alias", "A " AT("broken"),
		"SERVFAIL" },
	{ "ALIAS to a target that cannot be asked for is SERVFAIL", "alias",
		"A " AT("silent"), "SERVFAIL" },
	{ "a loop of ALIAS is SERVFAIL", "alias", "A " AT("loop"), "SERVFAIL" },
	{ "a wildcard ALIAS serves names below", "alias", "A " AT("x.wild"),
		"NOERROR aa: " AT("x.wild") " 60 A 198.51.100.80" },
	{ "a CNAME to an ALIAS is followed", "alias", "A " AT("cname"),
		"NOERROR aa: " AT("cname") " 300 CNAME " AT("customer") ", " AT(
			"customer") " 60 A 198.51.100.80" },
	{ "a CNAME that leads outside is not flattened", "alias", "A " AT("out"),
		"NOERROR aa: " AT("out") " 300 CNAME shop.offsite.net" },
	{ "a name that does not exist stays so in alias", "alias", "A " AT("nothing"),
		"NXDOMAIN aa" NEGATIVE },

	/* ALIAS where the mode has none */
	{ "ALIAS is never sent by a mode without it", "exact-type",
		"ALIAS " AT("customer"), "NOERROR aa" NEGATIVE },
	{ "ALIAS serves no addresses in a mode without it", "exact-type",
		"A " AT("customer"), "NOERROR aa" NEGATIVE },
	{ "ANY hides ALIAS in a mode without it", "exact-type", "ANY " AT("customer"),
		"NOERROR aa: " AT("customer") " 300 MX 10 " AT("mail") },
};

static void add(struct arena *a, struct msg *m, const char *text)
{
	const struct rr *rr;
	struct errs errs;
	unsigned n;

	errs_init(&errs, a);
	assert_int_equal(zone_parse_records(a, text, (struct place){ "test", 1, 1 },
				 &errs, &rr, &n),
		0);
	for (unsigned i = 0; i < n; i++)
		msg_add(m, a, ANSWER, &rr[i]);
}

/* The rest of the world, as the provider's resolver sees it. */
static int lookup(void *ctx, struct arena *a, const struct question *q, struct msg *ret)
{
	const char *name = name_text(a, q->name);
	const char *address =
		q->type == TYPE_A ? "60 A 198.51.100.80" : "60 AAAA 2001:db8::80";
	struct msg query;

	(*(unsigned *)ctx)++;
	msg_init_query(&query, 1, q, true);
	msg_init_reply(ret, &query);
	if (strcmp(name, "silent.offsite.net") == 0)
		return -1;
	if (strcmp(name, "shop.offsite.net") == 0)
		add(a, ret, arena_printf(a, "shop.offsite.net. %s\n", address));
	else if (strcmp(name, AT("www.away")) == 0)
		add(a, ret, "www.away.mywebservice.com. 60 A 198.51.100.81\n");
	else if (strcmp(name, "chain.offsite.net") == 0)
		add(a, ret,
			"chain.offsite.net. 20 CNAME shop.offsite.net.\n"
			"shop.offsite.net. 60 A 198.51.100.80\n");
	else if (strcmp(name, "broken.offsite.net") == 0)
		ret->rcode = RCODE_SERVFAIL;
	else if (strcmp(name, "empty.offsite.net") != 0)
		ret->rcode = RCODE_NXDOMAIN;
	return 0;
}

static struct server *build(struct arena *a, const char *mode)
{
	struct zone_text zones[] = {
		{ "mywebservice.com", mode,
			strcmp(mode, "flatten") == 0 ? FLAT : ALIAS },
		{ "example.net", "strict",
			APEX "alias CNAME shop.offsite.net.\n"
			     "entry CNAME customer.mywebservice.com.\n" },
		{ "refused.net", "strict",
			APEX "www A 192.0.2.7\nc CNAME x\nc MX 1 x\n" },
	};

	return build_server(a, zones, 3, NULL, 0);
}

static const char *ask(struct arena *a, const struct server *s,
	const struct server_upstream *up, const char *question)
{
	struct msg query = build_query(a, question);
	struct server_state st;
	struct reply reply;

	server_state_init(a, s, &st);
	server_respond(a, s, &st, up, PROTO_UDP, &query, &reply);
	return describe(a, &reply.msg);
}

static void alias_answers(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct server *s = build(a, row->mode);
	unsigned lookups = 0;
	struct server_upstream up = { lookup, &lookups };
	const char *first = ask(a, s, &up, row->question);

	assert_string_equal(first, row->want);
	assert_true(lookups <= 1);
	/* The zones are shared: an answer must not change them. */
	assert_string_equal(ask(a, s, &up, row->question), row->want);
	arena_free(a);
}

/* Under the quirk that leaves targets out. */
static const struct row bare_rows[] = {
	{ "bare-cname does not go on to an ALIAS", "alias", "A " AT("cname"),
		"NOERROR aa: " AT("cname") " 300 CNAME " AT("customer") },
	{ "bare-cname does not go on to a flattened name", "flatten",
		"A entry.example.net",
		"NOERROR aa: entry.example.net 300 CNAME " AT("customer") },
	{ "bare-cname does not keep an ALIAS from being served", "alias",
		"A " AT("customer"),
		"NOERROR aa: " AT("customer") " 60 A 198.51.100.80" },
	{ "bare-cname does not keep a CNAME from being flattened", "flatten",
		"A " AT("customer"),
		"NOERROR aa: " AT("customer") " 60 A 198.51.100.80" },
};

static void bare_answers(void **state)
{
	const struct row *row = *state;
	struct arena *a = arena_new();
	struct server *s = build(a, row->mode);
	struct quirk quirk = { .row = quirk_row("bare-cname") };
	unsigned lookups = 0;
	struct server_upstream up = { lookup, &lookups };

	s->quirks = &quirk;
	s->n_quirks = 1;
	assert_string_equal(ask(a, s, &up, row->question), row->want);
	arena_free(a);
}

static void own_zones_are_not_looked_up_elsewhere(void **state)
{
	struct arena *a = arena_new();
	unsigned lookups = 0;
	struct server_upstream up = { lookup, &lookups };

	(void)state;
	ask(a, build(a, "flatten"), &up, "A " AT("in"));
	ask(a, build(a, "alias"), &up, "A " AT("in"));
	ask(a, build(a, "alias"), &up, "MX " AT("customer"));
	ask(a, build(a, "flatten"), &up, "MX " AT("customer"));
	assert_int_equal(lookups, 0);
	arena_free(a);
}

/* A ring of n flattened names before the one that has an address. */
static const struct ladder {
	const char *name;
	unsigned names;
	const char *want;
} ladders[] = {
	{ "31 flattened names in a row are followed", 31,
		"NOERROR aa: n0.mywebservice.com 300 A 192.0.2.1" },
	{ "32 flattened names in a row are followed", 32,
		"NOERROR aa: n0.mywebservice.com 300 A 192.0.2.1" },
	{ "33 flattened names in a row are a loop", 33, "SERVFAIL" },
};

static void ladder_ends(void **state)
{
	const struct ladder *row = *state;
	struct arena *a = arena_new();
	struct str text = STR_INIT;
	struct zone_text zone = { "mywebservice.com", "flatten", NULL };

	str_puts(&text, APEX);
	for (unsigned i = 0; i < row->names; i++)
		str_printf(&text, "n%u CNAME n%u\n", i, i + 1);
	str_printf(&text, "n%u A 192.0.2.1\n", row->names);
	zone.text = text.data;
	assert_string_equal(ask(a, build_server(a, &zone, 1, NULL, 0), NULL,
				    "A n0.mywebservice.com"),
		row->want);
	str_clear(&text);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(rows, alias_answers);
	TESTS_ADD_ROWS(bare_rows, bare_answers);
	TESTS_ADD_ROWS(ladders, ladder_ends);
	TESTS_ADD(own_zones_are_not_looked_up_elsewhere);
	return tests_run("server-alias");
}
