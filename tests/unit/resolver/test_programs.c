/* Where programs differ beyond the order of questions. Each row rests on a run of the
 * program it names, fresh, against servers like these: Unbound 1.17.1, BIND 9.18.49,
 * Knot Resolver 5.6.0, PowerDNS Recursor 4.8.8, dnsmasq 2.90, systemd-resolved 252.39
 * (the last two before a recursor that keeps nothing). Runs waited a few seconds; where
 * a row stands just before or after an expiry, the moment is the source's constant. */
#include <stdlib.h>

#include "world.h"

#define APEX "$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\nns1 A 198.18.0.13\n"
#define OFFSITE                                                                        \
	"$TTL 300\n@ SOA ns1 h 1 1 1 1 60\n@ NS ns1\nns1 A 198.18.0.14\n"              \
	"t 60 A 192.0.2.81\nt 300 MX 10 mx\nmx A 192.0.2.26\n"                         \
	"alias CNAME real\nreal A 198.18.0.16\n"

struct fault {
	const char *quirk; /* NULL: none */
	const char *type;  /* NULL: any */
	unsigned count;	   /* 0: always */
	bool at_offsite;
};

struct row {
	const char *name;
	const char *policy;
	const char *records;   /* of mywebservice.com */
	const char *questions; /* "A x, wait 3, MX x.offsite.net." */
	const char *want;      /* the last answer; SOAs are left out */
	struct fault fault;
	const char *mode; /* NULL: exact-type */
};

static void put_fault(struct world *w, const struct fault *fault)
{
	struct quirk q = { .row = quirk_row(fault->quirk), .count = fault->count };

	assert_non_null(q.row);
	if (fault->type != NULL)
		q.type = rrtype_from_text(fault->type);
	world_quirk(w, &w->servers[fault->at_offsite ? 4 : 3], q);
}

static void build(struct world *w, const struct row *row)
{
	char text[2048];

	world_init(w);
	snprintf(text, sizeof(text), APEX "%s", row->records);
	world_serve(w, "198.18.0.13", row->mode != NULL ? row->mode : "exact-type",
		"mywebservice.com", text);
	world_serve(w, "198.18.0.14", "strict", "offsite.net", OFFSITE);
	if (row->fault.quirk != NULL)
		put_fault(w, &row->fault);
	world_start(w, row->policy, 1);
}

static const struct msg *ask_one(struct world *w, const char *type, const char *name)
{
	char full[NAME_TEXT_MAX];
	size_t len = strlen(name);
	bool complete = len > 0 && name[len - 1] == '.';

	snprintf(full, sizeof(full), "%s%s", name, complete ? "" : ".mywebservice.com");
	return world_ask(w, type, full);
}

static const struct msg *ask_all(struct world *w, const char *questions)
{
	char buf[256], *save = NULL;
	const struct msg *m = NULL;

	snprintf(buf, sizeof(buf), "%s", questions);
	for (char *word = strtok_r(buf, ", ", &save); word != NULL;
		word = strtok_r(NULL, ", ", &save)) {
		const char *value = strtok_r(NULL, ", ", &save);

		if (strcmp(word, "wait") == 0)
			w->now_us += SECOND * strtoul(value, NULL, 10);
		else
			m = ask_one(w, word, value);
	}
	return m;
}

/* As world_text(), without the SOA. */
static const char *answer_text(struct world *w, const struct msg *m)
{
	struct msg bare = *m;

	bare.section[AUTHORITY].n = 0;
	return world_text(w, &bare);
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct world w;

	build(&w, row);
	assert_string_equal(answer_text(&w, ask_all(&w, row->questions)), row->want);
	world_clear(&w);
}

#define X "x.mywebservice.com"
#define MX_OF_X "; " X " 300 MX 10 mx.mywebservice.com"
#define ALIAS "x CNAME t.offsite.net.\n"
#define TO_T "; " X " 300 CNAME t.offsite.net"

static const struct row rows[] = {
	/* a server that fails once, or for long */
	{ "Unbound asks a failing server again", "unbound-noqmin", "x MX 10 mx\n",
		"MX x", "NOERROR" MX_OF_X, { "servfail", "MX", 4, false }, NULL },
	{ "Unbound gives up after five failures", "unbound-noqmin", "x MX 10 mx\n",
		"MX x", "SERVFAIL", { "servfail", "MX", 5, false }, NULL },
	{ "Unbound counts minimised questions among them", "unbound-1.17",
		"x MX 10 mx\n", "MX x", "NOERROR" MX_OF_X,
		{ "refused", NULL, 4, false }, NULL },
	{ "Knot asks a failing server once more", "knot-resolver-5.6", "x MX 10 mx\n",
		"MX x", "NOERROR" MX_OF_X, { "refused", "MX", 1, false }, NULL },
	{ "Knot gives up after two failures", "knot-resolver-5.6", "x MX 10 mx\n",
		"MX x", "SERVFAIL", { "servfail", "MX", 2, false }, NULL },
	{ "resolved asks a failing upstream twice more", "systemd-resolved-252",
		"x MX 10 mx\n", "MX x", "NOERROR" MX_OF_X,
		{ "servfail", "MX", 2, false }, NULL },
	{ "BIND asks a failing server once", "bind-9.18", "x MX 10 mx\n", "MX x",
		"SERVFAIL", { "servfail", "MX", 1, false }, NULL },
	{ "PowerDNS asks a failing server once, and remembers it for a minute",
		"powerdns-recursor-4.8", "x MX 10 mx\n", "MX x, wait 50, MX x",
		"SERVFAIL", { "servfail", "MX", 1, false }, NULL },
	{ "PowerDNS asks a silent server once", "powerdns-recursor-4.8", "x MX 10 mx\n",
		"MX x", "SERVFAIL", { "drop", "MX", 1, false }, NULL },
	{ "BIND asks a silent server again", "bind-9.18", "x MX 10 mx\n", "MX x",
		"NOERROR" MX_OF_X, { "drop", "MX", 1, false }, NULL },
	{ "BIND takes NOTIMP for final", "bind-9.18", "x MX 10 mx\n", "MX x",
		"SERVFAIL", { "notimp", "MX", 1, false }, NULL },
	{ "Knot takes NOTIMP for final", "knot-resolver-5.6", "x MX 10 mx\n", "MX x",
		"SERVFAIL", { "notimp", "MX", 1, false }, NULL },
	{ "Unbound tries NOTIMP again without EDNS", "unbound-noqmin", "x MX 10 mx\n",
		"MX x", "NOERROR" MX_OF_X, { "notimp", "MX", 1, false }, NULL },

	/* a server without the zone */
	{ "Unbound takes an empty reply without AA for no data", "unbound-1.17",
		"x MX 10 mx\n", "MX x", "NOERROR", { "lame", NULL, 0, false }, NULL },
	{ "Unbound keeps that for 5 seconds", "unbound-noqmin", "x MX 10 mx\n",
		"MX x, wait 4, MX x", "NOERROR", { "lame", "MX", 1, false }, NULL },
	{ "Unbound keeps that no longer", "unbound-noqmin", "x MX 10 mx\n",
		"MX x, wait 5, MX x", "NOERROR" MX_OF_X, { "lame", "MX", 1, false },
		NULL },
	{ "BIND takes an empty reply without AA for no data", "bind-9.18",
		"x MX 10 mx\n", "MX x", "NOERROR", { "lame", NULL, 0, false }, NULL },
	{ "BIND does not keep that", "bind-9.18", "x MX 10 mx\n", "MX x, MX x",
		"NOERROR" MX_OF_X, { "lame", "MX", 1, false }, NULL },
	{ "Knot takes an empty reply without AA for a failure", "knot-resolver-5.6",
		"x MX 10 mx\n", "MX x", "SERVFAIL", { "lame", NULL, 0, false }, NULL },
	{ "PowerDNS takes an empty reply without AA for a failure",
		"powerdns-recursor-4.8", "x MX 10 mx\n", "MX x", "SERVFAIL",
		{ "lame", NULL, 0, false }, NULL },

	/* failures with the chain that led there */
	{ "Knot shows the alias before a failure", "knot-resolver-5.6", ALIAS, "MX x",
		"SERVFAIL" TO_T, { "servfail", NULL, 0, true }, NULL },
	{ "PowerDNS shows the alias before a failure", "powerdns-recursor-4.8", ALIAS,
		"MX x", "SERVFAIL" TO_T, { "servfail", NULL, 0, true }, NULL },
	{ "BIND shows no alias before a failure", "bind-9.18", ALIAS, "MX x",
		"SERVFAIL", { "servfail", NULL, 0, true }, NULL },
	{ "Unbound shows no alias before a failure", "unbound-1.17", ALIAS, "MX x",
		"SERVFAIL", { "servfail", NULL, 0, true }, NULL },
	{ "BIND shows a loop", "bind-9.18", "x CNAME x\n", "MX x",
		"SERVFAIL; " X " 300 CNAME " X, { .quirk = NULL }, NULL },
	{ "PowerDNS shows no loop", "powerdns-recursor-4.8", "x CNAME x\n", "MX x",
		"SERVFAIL", { .quirk = NULL }, NULL },

	/* negative answers */
	{ "BIND forgets what was there before NXDOMAIN", "bind-9.18", "x TXT t\n",
		"MX x, AAAA x, MX x", "NXDOMAIN", { "nxdomain", "AAAA", 0, false },
		NULL },
	{ "resolved keeps what was there before NXDOMAIN", "systemd-resolved-252",
		"x TXT t\n", "MX x, AAAA x, MX x", "NOERROR",
		{ "nxdomain", "AAAA", 0, false }, NULL },
	{ "dnsmasq keeps NXDOMAIN of any type for all", "dnsmasq-2.90",
		"x A 192.0.2.1\n", "MX x, A x", "NXDOMAIN",
		{ "nxdomain", "MX", 0, false }, NULL },
	{ "dnsmasq doubts NXDOMAIN when it knows the name", "dnsmasq-2.90", "x TXT t\n",
		"A x, AAAA x", "NOERROR", { "nxdomain", "AAAA", 0, false }, NULL },
	{ "dnsmasq answers MX with a cached alias to a missing name", "dnsmasq-2.90",
		"x CNAME gone.offsite.net.\nx MX 10 mx\n", "A x, MX x",
		"NXDOMAIN; " X " 300 CNAME gone.offsite.net", { .quirk = NULL }, NULL },

	/* ANY */
	{ "Unbound answers ANY with what is cached of the common types",
		"unbound-noqmin", "x A 192.0.2.1\nx MX 10 mx\nx TXT t\n",
		"TXT x, A x, ANY x", "NOERROR; " X " 300 A 192.0.2.1",
		{ .quirk = NULL }, NULL },
	{ "Unbound answers ANY with a cached alias", "unbound-noqmin", ALIAS,
		"A x, ANY x", "NOERROR" TO_T, { .quirk = NULL }, NULL },
	{ "PowerDNS answers ANY with what is cached", "powerdns-recursor-4.8",
		"x A 192.0.2.1\nx MX 10 mx\n", "A x, ANY x",
		"NOERROR; " X " 300 A 192.0.2.1", { .quirk = NULL }, NULL },
	{ "PowerDNS follows the alias that answers ANY", "powerdns-recursor-4.8", ALIAS,
		"ANY x",
		"NOERROR" TO_T "; t.offsite.net 60 A 192.0.2.81; "
		"t.offsite.net 300 MX 10 mx.offsite.net",
		{ .quirk = NULL }, NULL },

	{ "PowerDNS prefers a cached alias when ANY is asked", "powerdns-recursor-4.8",
		ALIAS "x MX 10 mx\n", "MX x, A x, ANY x",
		"NOERROR" TO_T "; t.offsite.net 60 A 192.0.2.81", { .quirk = NULL },
		NULL },
	{ "BIND answers ANY with NXDOMAIN of any type", "bind-9.18", "x A 192.0.2.1\n",
		"A x, MX x, ANY x", "NXDOMAIN", { "nxdomain", "MX", 0, false }, NULL },
	{ "dnsmasq answers ANY with a cached alias to a missing name", "dnsmasq-2.90",
		"x CNAME gone.offsite.net.\nx MX 10 mx\n", "A x, ANY x",
		"NXDOMAIN; " X " 300 CNAME gone.offsite.net", { .quirk = NULL }, NULL },
	{ "BIND does not follow the CNAME of a DNAME for ANY", "bind-9.18",
		"d DNAME offsite.net.\n", "A t.d, ANY t.d",
		"NOERROR; d.mywebservice.com 300 DNAME offsite.net; "
		"t.d.mywebservice.com 300 CNAME t.offsite.net",
		{ .quirk = NULL }, NULL },

	/* DNAME */
	{ "the CNAME of a DNAME is the answer to CNAME", "bind-9.18",
		"d DNAME offsite.net.\n", "CNAME t.d",
		"NOERROR; d.mywebservice.com 300 DNAME offsite.net; "
		"t.d.mywebservice.com 300 CNAME t.offsite.net",
		{ .quirk = NULL }, NULL },
	{ "Knot hands on a DNAME that came alone", "knot-resolver-5.6",
		"d DNAME offsite.net.\n", "MX t.d",
		"NOERROR; d.mywebservice.com 300 DNAME offsite.net",
		{ "no-dname-synthesis", NULL, 0, false }, NULL },
	{ "Knot makes the CNAME once the DNAME is cached", "knot-resolver-5.6",
		"d DNAME offsite.net.\n", "MX t.d, MX t.d",
		"NOERROR; d.mywebservice.com 300 DNAME offsite.net; "
		"t.d.mywebservice.com 300 CNAME t.offsite.net; "
		"t.offsite.net 300 MX 10 mx.offsite.net",
		{ "no-dname-synthesis", NULL, 0, false }, NULL },
	{ "Unbound makes a CNAME with TTL 0", "unbound-noqmin",
		"d DNAME offsite.net.\n", "MX t.d",
		"NOERROR; d.mywebservice.com 300 DNAME offsite.net; "
		"t.d.mywebservice.com 0 CNAME t.offsite.net; "
		"t.offsite.net 300 MX 10 mx.offsite.net",
		{ "no-dname-synthesis", NULL, 0, false }, NULL },

	/* localhost */
	{ "Unbound knows localhost", "unbound-1.17", "", "A localhost.",
		"NOERROR; localhost 10800 A 127.0.0.1", { .quirk = NULL }, NULL },
	{ "Knot knows localhost", "knot-resolver-5.6", "", "AAAA localhost.",
		"NOERROR; localhost 900 AAAA ::1", { .quirk = NULL }, NULL },
	{ "PowerDNS knows names below localhost", "powerdns-recursor-4.8", "",
		"A x.localhost.", "NOERROR; x.localhost 86400 A 127.0.0.1",
		{ .quirk = NULL }, NULL },
	{ "resolved knows that localhost has no MX", "systemd-resolved-252", "",
		"MX localhost.", "NOERROR", { .quirk = NULL }, NULL },
	{ "BIND without a zone for it asks the root", "bind-9.18", "", "A localhost.",
		"NXDOMAIN", { .quirk = NULL }, NULL },

	/* caches of forwarders */
	{ "resolved keeps an answer as long as its shortest record",
		"systemd-resolved-252", ALIAS, "A x, wait 10, CNAME x",
		"NOERROR; " X " 50 CNAME t.offsite.net", { .quirk = NULL }, NULL },
	{ "resolved asks again when that is over", "systemd-resolved-252", ALIAS,
		"A x, wait 60, CNAME x", "NOERROR" TO_T, { .quirk = NULL }, NULL },
	{ "dnsmasq answers from the cache when the whole chain is there",
		"dnsmasq-2.90", ALIAS, "A x, wait 10, A x",
		"NOERROR; " X " 290 CNAME t.offsite.net; "
		"t.offsite.net 50 A 192.0.2.81",
		{ .quirk = NULL }, NULL },
	{ "dnsmasq asks for the whole chain when its end is not there", "dnsmasq-2.90",
		ALIAS, "A x, wait 10, AAAA x", "NOERROR" TO_T, { .quirk = NULL },
		NULL },
	{ "dnsmasq answers CNAME from the cache", "dnsmasq-2.90", ALIAS,
		"A x, wait 10, CNAME x", "NOERROR; " X " 290 CNAME t.offsite.net",
		{ .quirk = NULL }, NULL },
};

/* ---- chains ---- */

struct chain_row {
	const char *name;
	const char *policy;
	unsigned links;
	const char *questions;
	const char *rcode;
	unsigned records; /* in the last answer */
};

/* c0 to c1 to ... inside one zone; the last name has an address. */
static void test_chain(void **state)
{
	const struct chain_row *row = *state;
	struct str records = STR_INIT;
	char rcode[RCODE_TEXT_MAX];
	struct row as_row = { .policy = row->policy, .mode = "strict" };
	const struct msg *m;
	struct world w;

	for (unsigned i = 0; i < row->links; i++)
		str_printf(&records, "c%u CNAME c%u\n", i, i + 1);
	str_printf(&records, "c%u A 192.0.2.1\n", row->links);
	as_row.records = records.data;
	build(&w, &as_row);
	m = ask_all(&w, row->questions);
	assert_string_equal(rcode_to_text(m->rcode, rcode), row->rcode);
	assert_int_equal(m->section[ANSWER].n, row->records);
	world_clear(&w);
	str_clear(&records);
}

static const struct chain_row chain_rows[] = {
	{ "BIND shows the chain it gave up on", "bind-9.18", 12, "MX c0", "SERVFAIL",
		12 },
	{ "PowerDNS shows the chain it gave up on", "powerdns-recursor-4.8", 12,
		"MX c0", "SERVFAIL", 12 },
	{ "PowerDNS goes further when the chain is cached", "powerdns-recursor-4.8", 12,
		"MX c0, A c0", "NOERROR", 13 },
	{ "PowerDNS gets one link further a question", "powerdns-recursor-4.8", 17,
		"MX c0, A c0, AAAA c0", "SERVFAIL", 14 },
	{ "Knot shows the chain it gave up on", "knot-resolver-5.6", 13, "MX c0",
		"SERVFAIL", 13 },
	{ "Unbound shows nothing of the chain it gave up on", "unbound-noqmin", 12,
		"MX c0", "SERVFAIL", 0 },
	{ "Unbound does not count aliases met while minimising", "unbound-1.17", 17,
		"MX c0", "NOERROR", 17 },
	{ "resolved cuts a chain of 17 short", "systemd-resolved-252", 17, "A c0",
		"NOERROR", 17 },
	{ "resolved hands on a chain of 16", "systemd-resolved-252", 16, "A c0",
		"NOERROR", 17 },
};

/* Unbound 1.17.1 iter_scrub.c cuts a chain after its first link. */
static void test_unbound_asks_each_link(void **state)
{
	static const struct row row = { .policy = "unbound-noqmin",
		.mode = "strict",
		.records = "x CNAME y\ny MX 10 mx\n" };
	struct world w;

	(void)state;
	build(&w, &row);
	ask_all(&w, "MX x");
	assert_non_null(strstr(w.log.data, "MX y.mywebservice.com@198.18.0.13"));
	world_clear(&w);
}

/* The server of a zone has an alias for its name. */
struct ns_row {
	const char *name;
	const char *policy, *want;
};

static void test_ns_alias(void **state)
{
	const struct ns_row *ns = *state;
	struct row row = { .policy = ns->policy,
		.records = "sub NS alias.offsite.net.\n" };
	struct world w;

	build(&w, &row);
	world_serve(&w, "198.18.0.16", "strict", "sub.mywebservice.com",
		"$TTL 300\n@ SOA ns h 1 1 1 1 60\n@ NS alias.offsite.net.\n"
		"x A 192.0.2.1\n");
	assert_string_equal(answer_text(&w, ask_all(&w, "A x.sub")), ns->want);
	world_clear(&w);
}

#define FOUND "NOERROR; x.sub.mywebservice.com 300 A 192.0.2.1"

static const struct ns_row ns_rows[] = {
	{ "BIND refuses an NS that is an alias", "bind-9.18", "SERVFAIL" },
	{ "Unbound asks an NS that is an alias", "unbound-1.17", FOUND },
	{ "Knot asks an NS that is an alias", "knot-resolver-5.6", FOUND },
	{ "PowerDNS asks an NS that is an alias", "powerdns-recursor-4.8", FOUND },
};

/* What comes beside the answer. */
static const struct along_row {
	const char *name, *policy, *questions, *want;
	struct fault fault;
} along_rows[] = {
	{ "BIND hands on the addresses that came with an MX", "bind-9.18", "MX x",
		"mx 300 A 192.0.2.25, mx 300 AAAA 2001:db8::25, " },
	{ "and again from its cache, as old as they are", "bind-9.18",
		"MX x, wait 100, MX x",
		"mx 200 A 192.0.2.25, mx 200 AAAA 2001:db8::25, " },
	{ "BIND hands on an address that was asked for before", "bind-9.18",
		"A mx, wait 100, MX x",
		"mx 200 A 192.0.2.25, mx 300 AAAA 2001:db8::25, " },
	{ "BIND knows none of a host in another zone", "bind-9.18", "MX far", "" },
	{ "but for one that was asked for", "bind-9.18", "A mx.offsite.net., MX far",
		"mx.offsite.net 300 A 192.0.2.26, " },
	{ "what came along is no answer to a question", "bind-9.18", "MX x, A mx", "",
		{ "servfail", "A", 0, false } },
	{ "BIND adds a host once that is named twice", "bind-9.18", "MX twice",
		"mx 300 A 192.0.2.25, mx 300 AAAA 2001:db8::25, " },
	{ "BIND adds addresses for 13 hosts", "bind-9.18", "MX many13",
		"mx 300 A 192.0.2.25, mx 300 AAAA 2001:db8::25, " },
	{ "and none for 14", "bind-9.18", "MX many14", "" },
	{ "Unbound adds none", "unbound-1.17", "MX x", "" },
	{ "Knot adds none", "knot-resolver-5.6", "MX x", "" },
	{ "PowerDNS adds none", "powerdns-recursor-4.8", "MX x", "" },
};

static void put_many(struct str *s, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		str_printf(s, "many%u MX 20 none%u\n", n, i);
	str_printf(s, "many%u MX 10 mx\n", n);
}

/* "mx 300 A 192.0.2.25, ", names short where they are of the zone */
static void put_beside(struct str *s, const struct msg *m)
{
	static const char zone[] = ".mywebservice.com";

	for (unsigned i = 0; i < m->section[ADDITIONAL].n; i++) {
		const struct rr *rr = &m->section[ADDITIONAL].rr[i];
		char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], *end;

		name_to_text(rr->owner, owner);
		end = strstr(owner, zone);
		if (end != NULL)
			*end = '\0';
		str_printf(
			s, "%s %u %s ", owner, rr->ttl, rrtype_to_text(rr->type, type));
		rr_put_rdata(s, rr);
		str_puts(s, ", ");
	}
}

static void what_comes_beside_the_answer(void **state)
{
	const struct along_row *along = *state;
	struct row row = { .policy = along->policy, .fault = along->fault };
	struct str records = STR_INIT, got = STR_INIT;
	const struct msg *m;
	struct world w;

	str_puts(&records, "x MX 10 mx\nmx A 192.0.2.25\nmx AAAA 2001:db8::25\n"
			   "far MX 10 mx.offsite.net.\n"
			   "twice MX 10 mx\ntwice MX 20 mx\n");
	put_many(&records, 13);
	put_many(&records, 14);
	row.records = records.data;
	build(&w, &row);
	m = ask_all(&w, along->questions);
	put_beside(&got, m);
	assert_string_equal(got.data, along->want);
	if (along->fault.quirk != NULL)
		assert_int_equal(m->rcode, RCODE_SERVFAIL);
	str_clear(&records);
	str_clear(&got);
	world_clear(&w);
}

int main(void)
{
	TESTS_ADD_ROWS(along_rows, what_comes_beside_the_answer);
	TESTS_ADD_ROWS(ns_rows, test_ns_alias);
	TESTS_ADD_ROWS(rows, test_row);
	TESTS_ADD_ROWS(chain_rows, test_chain);
	TESTS_ADD(test_unbound_asks_each_link);
	return tests_run("resolver-programs");
}
