/* bench_client - a client at a warm resolver: Postfix' whole look-up (MX, then A and
 * AAAA of the exchange), a million times, without servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "mta/profile.h"
#include "resolver/policy.h"
#include "run/drive.h"
#include "run/mail.h"
#include "scenario/parse.h"

#define LOOKUPS 1000000

static const char world_text[] =
	"scenario: bench\n"
	"title: a customer with A and MX\n"
	"group: edges\n"
	"source: RFC 5321 5.1\n"
	"servers:\n"
	"  - zone: mywebservice.com\n"
	"    data: |\n"
	"      $TTL 86400\n"
	"      @ SOA ns1 hostmaster 1 3600 600 86400 86400\n"
	"      @ NS ns1\n"
	"      ns1 A 192.0.2.53\n"
	"      customer A 192.0.2.80\n"
	"      customer MX 10 mail\n"
	"      mail A 192.0.2.25\n"
	"hosts: [ { name: mail.mywebservice.com, smtp: {} } ]\n"
	"addresses:\n"
	"  - address: user@customer.mywebservice.com\n"
	"    intended: mail.mywebservice.com\n"
	"    expect: { verdict: delivered }\n";

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6;
}

/* The machine of one client and one resolver whose cache is warm. The resolver's arena
 * grows with each answer, so a new one is warmed now and then, off the clock. */
#define PER_RESOLVER 20000

static double run(struct world *world, const struct mta_profile *profile,
	const char *policy, unsigned *ret_questions)
{
	const struct mta_setting setting = { .mail_from = "sender@sender.example.net" };
	double total = 0;

	for (unsigned done = 0; done < LOOKUPS; done += PER_RESOLVER) {
		struct arena *a = arena_new();
		struct drive d;
		struct mail mail;
		double start;

		drive_init(&d, a, world, resolver_policy(policy), 1, NULL);
		mail_send(&d, profile, &setting, "user@customer.mywebservice.com", 1,
			true, NULL, &mail);
		start = cpu_seconds();
		for (unsigned i = 0; i < PER_RESOLVER; i++)
			mail_send(&d, profile, &setting,
				"user@customer.mywebservice.com", i, true, NULL, &mail);
		total += cpu_seconds() - start;
		*ret_questions = mail.n_asked;
		if (mail.result->end != MTA_DELIVERED)
			abort();
		arena_free(a);
	}
	return total;
}

int main(void)
{
	static const char *const policies[] = { "unbound-1.17", "bind-9.18" };
	static const char *const clients[] = { "postfix", "rfc5321" };
	struct arena *a = arena_new();
	struct profile_set *profiles = profile_set_new(a);
	struct scenario *s;
	struct world world;
	struct errs errs;
	unsigned n;

	errs_init(&errs, a);
	if (scenario_parse_text(a, "bench", world_text, strlen(world_text), profiles,
		    &errs, &s, &n) != 0) {
		errs_print(&errs, stderr, false);
		return 1;
	}
	world_build(a, s, &world);
	printf("warm look-ups (a whole client: questions, answers, route, delivery)\n");
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		unsigned questions;
		double t = run(&world, profile_find(profiles, clients[i]), policies[i],
			&questions);

		printf("  %-10s behind %-14s %10.0f look-ups/s %10.0f questions/s\n",
			clients[i], policies[i], LOOKUPS / t, LOOKUPS * questions / t);
	}
	arena_free(a);
	return 0;
}
