/* site.h - a small scenario's site in the lab (run/lab-site.h), with programs of a
 * test's own: rows with a driver's text, in boxes of a few programs and this very one.
 */
#ifndef TESTS_UNIT_RUN_SITE_H
#define TESTS_UNIT_RUN_SITE_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/str.h"
#include "lab/program.h"
#include "mta/profile.h"
#include "resolver/policy.h"
#include "run/lab-site.h"
#include "scenario/parse.h"
#include "support/leftovers.h"
#include "support/smallroot.h"
#include "support/test.h"

/* No machine under load takes longer; a limit that is not meant to be met. */
#define LONG_US UINT64_C(20000000)

/* A limit that is waited out. */
#define SHORT_US UINT64_C(300000)

static char site_root[] = "/tmp/lab-site-XXXXXX";
static char site_why_not[NETNS_WHY_MAX];

static const char site_world[] =
	"scenario: one\ntitle: a world\ngroup: edges\nsource: RFC 1034\n"
	"resolvers: ideal\nclients: rfc5321\n"
	"servers:\n"
	"  - zone: mywebservice.com\n    at: %s\n"
	"    data: |\n"
	"      $TTL 300\n"
	"      @ SOA ns1 hostmaster 1 3600 600 86400 60\n"
	"      @ NS ns1\n"
	"      ns1 A %s\n"
	"      mail A 192.0.2.25\n"
	"      customer MX 10 mail\n"
	"hosts:\n"
	"  - { name: mail.mywebservice.com, smtp: {} }\n"
	"%s"
	"addresses:\n"
	"  - address: user@customer.mywebservice.com\n"
	"    intended: mail.mywebservice.com\n"
	"    expect: { verdict: [delivered, deferred, bounced, unknown] }\n";

#define SITE_SERVER "192.0.2.53"

/* In an arena: the name server's address, and lines of more hosts. */
static inline const struct world *site_build(
	struct arena *a, const char *server, const char *hosts)
{
	char *text = arena_printf(a, site_world, server, server, hosts);
	struct world *w = arena_alloc(a, sizeof(*w));
	struct scenario *got = NULL;
	struct errs errs;
	unsigned n = 0;

	errs_init(&errs, a);
	scenario_parse_text(
		a, "one.conf", text, strlen(text), profile_set_new(a), &errs, &got, &n);
	errs_print(&errs, stdout, false);
	assert_int_equal(errs.n, 0);
	world_build(a, got, w);
	return w;
}

/* Once, before there are threads. */
static inline void site_set_up(void)
{
	const struct netns_options o = { 0 };
	struct netns *ns = NULL;

	if (netns_prepare(site_why_not) == 0)
		ns = netns_new(&o, site_why_not);
	netns_free(ns);
	if (ns != NULL && smallroot_make(site_root, 1) != 0)
		snprintf(site_why_not, sizeof(site_why_not), "no root for tests");
}

static inline void site_tear_down(void)
{
	smallroot_remove(site_root);
}

static inline uint64_t site_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Runs fn in a thread, as a site wants it, and holds that it leaves nothing behind and
 * does not wait out what is not to be waited out. Skips where there is no lab. */
static inline void site_run(void *(*fn)(void *ctx), void *ctx)
{
	struct str before = STR_INIT, after = STR_INIT;
	uint64_t began = site_clock_us();
	pthread_t thread;

	if (site_why_not[0] != '\0') {
		print_message("skipped: %s\n", site_why_not);
		skip();
	}
	leftovers_list(&before);
	assert_int_equal(pthread_create(&thread, NULL, fn, ctx), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(site_clock_us() - began < LONG_US);
	leftovers_list(&after);
	assert_string_equal(after.data, before.data);
	str_clear(&before);
	str_clear(&after);
}

#endif
