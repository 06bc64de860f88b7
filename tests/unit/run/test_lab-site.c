/* The web hosts of a world as a site's visitors meet them, over HTTP, held against what
 * they say in memory. This program's main thread is on the world's side. */
#include "run/lab-site.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "host/visitor.h"
#include "mta/profile.h"
#include "resolver/policy.h"
#include "run/drive.h"
#include "scenario/parse.h"
#include "support/test.h"

/* Why there are no namespaces here, or "". */
static char no_namespaces[NETNS_WHY_MAX];

static const char text[] =
	"scenario: one\ntitle: a world\ngroup: edges\nsource: RFC 1034\n"
	"resolvers: ideal\nclients: rfc5321\n"
	"servers:\n"
	"  - zone: example.com\n    at: 192.0.2.53\n"
	"    data: |\n"
	"      $TTL 300\n"
	"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
	"      @ NS ns1\n"
	"      @ MX 10 mail\n"
	"      ns1 A 192.0.2.53\n"
	"      mail A 192.0.2.25\n"
	"      shop A 192.0.2.80\n"
	"      shop AAAA 2001:db8::80\n"
	"      www A 192.0.2.81\n"
	"hosts:\n"
	"  - { name: mail.example.com, smtp: { accepts: [example.com] } }\n"
	"  - { name: shop.example.com, http: { serves: [shop.example.com] } }\n"
	"  - { name: www.example.com, http: { redirect: shop.example.com } }\n"
	"addresses:\n"
	"  - address: user@example.com\n    intended: mail.example.com\n"
	"    expect: { verdict: delivered }\n"
	"steps:\n"
	"  - at: 10m\n    title: the shop moves\n"
	"    change: { zone: example.com, set: \"shop 300 A 192.0.2.82\" }\n";

struct visited {
	struct arena *arena;
	struct world world;
	struct lab_site site;
};

static const struct scenario *parse(struct arena *a)
{
	struct scenario *got = NULL;
	struct errs errs;
	unsigned n = 0;

	errs_init(&errs, a);
	scenario_parse_text(a, "one.conf", arena_strdup(a, text), strlen(text),
		profile_set_new(a), &errs, &got, &n);
	errs_print(&errs, stdout, false);
	assert_int_equal(errs.n, 0);
	return got;
}

static void start(struct visited *s)
{
	struct lab_site_options o = {
		.world = &s->world, .policy = resolver_policy("ideal"), .seed = 1
	};

	if (no_namespaces[0] != '\0') {
		print_message("skipped: %s\n", no_namespaces);
		skip();
	}
	s->arena = arena_new();
	world_build(s->arena, parse(s->arena), &s->world);
	if (lab_site_open(&s->site, &o) != 0)
		fail_msg("%s", s->site.failure);
}

static void end(struct visited *s)
{
	lab_site_close(&s->site);
	arena_free(s->arena);
}

static struct visitor_page page(const char *ip, const char *host)
{
	struct visitor_page ret = { .host = host };

	assert_int_equal(ip_from_text(ip, &ret.ip), 0);
	return ret;
}

/* "301 http://shop.example.com/ of www.example.com" */
static const char *in_words(struct arena *a, const struct visitor_reply *r)
{
	return arena_printf(a, "%s %d %s of %s",
		r->connected ? "met:" : "nobody:", r->status,
		r->location != NULL ? r->location : "-",
		r->connected ? r->host : "nobody");
}

static const char *over_http(struct visited *s, const char *ip, const char *host)
{
	const struct drive_outside outside = lab_site_outside(&s->site);
	struct visitor_page p = page(ip, host);
	struct visitor_reply r;

	outside.fetch(outside.ctx, s->arena, &p, &r);
	assert_null(s->site.failure);
	return in_words(s->arena, &r);
}

static const char *in_memory(
	struct visited *s, unsigned stage, const char *ip, const char *host)
{
	struct visitor_page p = page(ip, host);
	struct visitor_reply r;

	visitor_meet(s->arena, &s->world.stages[stage].hosts, &p, &r);
	return in_words(s->arena, &r);
}

static const struct row {
	const char *name, *ip, *host, *want;
} rows[] = {
	{ "a page is served", "192.0.2.80", "shop.example.com",
		"met: 200 - of shop.example.com" },
	{ "and over IPv6", "2001:db8::80", "shop.example.com",
		"met: 200 - of shop.example.com" },
	{ "a site that the host has not is 404", "192.0.2.80", "example.com",
		"met: 404 - of shop.example.com" },
	{ "a redirect says where to", "192.0.2.81", "www.example.com",
		"met: 301 http://shop.example.com/ of www.example.com" },
	{ "the Host may be an address", "192.0.2.81", "[2001:db8::81]",
		"met: 301 http://shop.example.com/ of www.example.com" },
	{ "a host without a web server refuses", "192.0.2.25", "mail.example.com",
		"nobody: 0 - of nobody" },
};

static void is_met(void **state)
{
	const struct row *row = *state;
	struct visited s;

	start(&s);
	assert_string_equal(over_http(&s, row->ip, row->host), row->want);
	assert_string_equal(in_memory(&s, 0, row->ip, row->host), row->want);
	end(&s);
}

static void a_host_that_moved_is_met_where_it_is(void **state)
{
	struct visited s;

	(void)state;
	start(&s);
	lab_site_enter(&s.site, 1);
	assert_string_equal(over_http(&s, "192.0.2.82", "shop.example.com"),
		"met: 200 - of shop.example.com");
	assert_string_equal(over_http(&s, "192.0.2.80", "shop.example.com"),
		"nobody: 0 - of nobody");
	assert_string_equal(in_memory(&s, 1, "192.0.2.80", "shop.example.com"),
		"nobody: 0 - of nobody");
	end(&s);
}

int main(void)
{
	if (netns_prepare(no_namespaces) == 0)
		no_namespaces[0] = '\0';
	TESTS_ADD_ROWS(rows, is_met);
	TESTS_ADD(a_host_that_moved_is_met_where_it_is);
	return tests_run("run-lab-site");
}
