/* Addresses of servers and hosts: what the file leaves out is filled in. */
#include "scenario/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "mta/profile.h"
#include "support/test.h"

/* A scenario of these servers, hosts and steps; the errors are in *errs. */
static struct scenario *parse(struct arena *a, const char *world, struct errs *errs)
{
	struct scenario *s;
	unsigned n;
	char *text = arena_printf(a,
		"scenario: a\ntitle: T\ngroup: edges\nsource: s\n"
		"addresses: { address: u@a.example, expect: { verdict: bounced } }\n%s",
		world);

	errs_init(errs, a);
	scenario_parse_text(
		a, "a.conf", text, strlen(text), profile_set_new(a), errs, &s, &n);
	return s;
}

/* "192.0.2.1 2001:db8::1" */
static const char *ips(struct arena *a, const struct ip *list, unsigned n)
{
	char *text = arena_strdup(a, "");
	char buf[IP_TEXT_MAX];

	for (unsigned i = 0; i < n; i++)
		text = arena_printf(a, "%s%s%s", text, i == 0 ? "" : " ",
			ip_to_text(&list[i], buf));
	return text;
}

#define APEX "$TTL 60\\n@ SOA n h 1 2 3 4 5\\n@ NS n\\n"

struct server_row {
	const char *name;
	const char *servers;
	const char *want[3]; /* addresses of each server */
};

static const struct server_row servers[] = {
	{ "a written address is kept",
		"servers: { zone: a.example, at: [192.0.2.1, 2001:db8::1], data: "
		"\"" APEX "\" }\n",
		{ "192.0.2.1 2001:db8::1" } },
	{ "without one, the zone's own name server says it",
		"servers: { zone: a.example, data: \"" APEX
		"n A 192.0.2.7\\nn AAAA 2001:db8::7\\n\" }\n",
		{ "192.0.2.7 2001:db8::7" } },
	{ "without any, it is made up",
		"servers:\n  - { zone: a.example, data: \"" APEX "\" }\n"
		"  - { zone: b.example, data: \"" APEX "\" }\n",
		{ "198.18.0.1", "198.18.0.2" } },
	{ "what is made up avoids what is written",
		"servers:\n  - { zone: a.example, data: \"" APEX "\" }\n"
		"  - { zone: b.example, at: 198.18.0.2, data: \"" APEX "\" }\n"
		"  - { zone: c.example, data: \"" APEX "\" }\n"
		"hosts: { name: h.example, at: 198.18.0.1 }\n",
		{ "198.18.0.3", "198.18.0.2", "198.18.0.4" } },
	{ "what is made up avoids what another zone says",
		"servers:\n  - { zone: a.example, data: \"" APEX "\" }\n"
		"  - { zone: b.example, data: \"" APEX "n A 198.18.0.1\\n\" }\n",
		{ "198.18.0.2", "198.18.0.1" } },
	{ "servers that share a zone share its name servers' addresses",
		"servers:\n"
		"  - { name: one, zone: a.example, data: \"" APEX
		"@ NS m\\nn A 192.0.2.1\\nm A 192.0.2.2\\n\" }\n"
		"  - { name: two, zone: a.example, data: \"" APEX
		"@ NS m\\nn A 192.0.2.1\\nm A 192.0.2.2\\n\" }\n",
		{ "192.0.2.1", "192.0.2.2" } },
};

static void test_servers(void **state)
{
	const struct server_row *row = *state;
	struct arena *a = arena_new();
	struct errs errs;
	struct scenario *s = parse(a, row->servers, &errs);

	assert_int_equal(errs.n, 0);
	for (unsigned i = 0; i < s->stages[0].n_servers; i++) {
		const struct server *server = &s->stages[0].servers[i];

		assert_string_equal(ips(a, server->at, server->n_at), row->want[i]);
	}
	arena_free(a);
}

struct host_row {
	const char *name;
	const char *records; /* of a.example */
	const char *hosts, *steps;
	const char
		*want[2]; /* addresses of the last host at the first and last stage */
};

static const struct host_row hosts[] = {
	{ "a host has the addresses of its name",
		"h A 192.0.2.1\\nh AAAA 2001:db8::1\\n", "{ name: h.a.example }", "",
		{ "192.0.2.1 2001:db8::1", NULL } },
	{ "a host has the addresses its alias leads to in another zone",
		"h CNAME h.b.example.\\n", "{ name: h.a.example }", "",
		{ "192.0.2.99", NULL } },
	{ "a host under a wildcard has its addresses", "*.w A 192.0.2.3\\n",
		"{ name: x.w.a.example }", "", { "192.0.2.3", NULL } },
	{ "a host beside its alias has its own address",
		"h CNAME h.b.example.\\nh A 192.0.2.4\\n", "{ name: h.a.example }", "",
		{ "192.0.2.4", NULL } },
	{ "glue is good enough", "sub NS ns.sub\\nns.sub A 192.0.2.5\\n",
		"{ name: ns.sub.a.example }", "", { "192.0.2.5", NULL } },
	{ "a written address counts more than the zone", "h A 192.0.2.1\\n",
		"{ name: h.a.example, at: 192.0.2.6 }", "", { "192.0.2.6", NULL } },
	{ "a host moves with its record", "h A 192.0.2.1\\n", "{ name: h.a.example }",
		"steps: { at: 1s, change: { zone: a.example, set: h A 192.0.2.8 } }\n",
		{ "192.0.2.1", "192.0.2.8" } },
	{ "a host without its record stays where it was", "h A 192.0.2.1\\n",
		"{ name: h.a.example }",
		"steps: { at: 1s, change: { zone: a.example, delete: h } }\n",
		{ "192.0.2.1", "192.0.2.1" } },
	{ "a host whose record points at another stays where it was",
		"h A 192.0.2.1\\n",
		"[{ name: o.example, at: 192.0.2.9 }, { name: h.a.example }]",
		"steps: { at: 1s, change: { zone: a.example, set: h A 192.0.2.9 } }\n",
		{ "192.0.2.1", "192.0.2.1" } },
};

static void test_hosts(void **state)
{
	const struct host_row *row = *state;
	struct arena *a = arena_new();
	struct errs errs;
	struct scenario *s = parse(a,
		arena_printf(a,
			"servers:\n  - { zone: a.example, mode: exact-type, data: "
			"\"%s%s\" }\n"
			"  - { zone: b.example, data: \"%sh A 192.0.2.99\\n\" }\n"
			"hosts: %s\n%s",
			APEX, row->records, APEX, row->hosts, row->steps),
		&errs);

	assert_int_equal(errs.n, 0);
	for (unsigned i = 0; i < s->n_stages; i++) {
		const struct stage *stage = &s->stages[i];
		const struct host *h = &stage->hosts[stage->n_hosts - 1];

		assert_string_equal(ips(a, h->at, h->n_at), row->want[i]);
	}
	arena_free(a);
}

static void test_broken_zone(void **state)
{
	struct arena *a = arena_new();
	struct errs errs;

	(void)state;
	parse(a,
		"servers: { zone: a.example, data: \"" APEX "h A 192.0.2\" }\n"
		"hosts: { name: h.a.example }\n",
		&errs);
	assert_int_equal(errs.n, 1);
	arena_free(a);
}

int main(void)
{
	TESTS_ADD_ROWS(servers, test_servers);
	TESTS_ADD_ROWS(hosts, test_hosts);
	tests_add("a zone with a mistake does not make its hosts homeless",
		test_broken_zone);
	return tests_run("scenario-world");
}
