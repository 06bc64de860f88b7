/* bench_run SCENARIO... - the whole suite, every client behind every resolver, on one
 * core: cases a second, processor time, peak memory. Beside it, for orientation:
 * Unbound 1.17.1's testbound runs 66 scripted scenarios a second, `exim -bt` routes
 * 16,000 to 25,000 addresses a second (one core, the machine these programs were first
 * timed on). */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "mta/profile.h"
#include "run/run.h"
#include "scenario/parse.h"

/* Enough rounds that the figure is steady, few enough that nobody waits. */
#define ROUNDS 5

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double peak_mib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024;
}

struct suite {
	struct arena *arena;
	struct profile_set *profiles;
	const struct scenario **list;
	size_t n;
};

static int parse_all(struct suite *s, char **files, int n)
{
	struct errs errs;

	errs_init(&errs, s->arena);
	s->list = arena_array(s->arena, (size_t)n * 16 + 1, sizeof(*s->list));
	for (int i = 0; i < n; i++) {
		struct scenario *got;
		unsigned n_got;

		if (scenario_parse_file(
			    s->arena, files[i], s->profiles, &errs, &got, &n_got) != 0)
			break;
		for (unsigned k = 0; k < n_got && k < 16; k++)
			s->list[s->n++] = &got[k];
	}
	errs_print(&errs, stderr, false);
	return errs.n > 0 ? -1 : 0;
}

static void ignore(void *ctx, const struct record *r)
{
	(void)ctx;
	(void)r;
}

static double run_once(const struct suite *s, bool details, unsigned long *ret_cases)
{
	const struct run_options options = { .jobs = 1, .details = details };
	const struct run_sink sink = { .record = ignore };
	struct run_totals totals;
	struct errs errs;
	double start = cpu_seconds();

	errs_init(&errs, s->arena);
	if (run_scenarios(
		    s->list, s->n, s->profiles, &options, &sink, &totals, &errs) != 0) {
		errs_print(&errs, stderr, false);
		exit(1);
	}
	*ret_cases = totals.passed + totals.failed + totals.skipped + totals.known;
	return cpu_seconds() - start;
}

static double best(const struct suite *s, bool details, unsigned long *ret_cases)
{
	double least = run_once(s, details, ret_cases);

	for (int i = 1; i < ROUNDS; i++) {
		double t = run_once(s, details, ret_cases);

		if (t < least)
			least = t;
	}
	return least;
}

int main(int argc, char **argv)
{
	struct suite s = { .arena = arena_new() };
	double start = cpu_seconds(), parse, plain, detailed;
	unsigned long cases;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_run SCENARIO...\n");
		return 2;
	}
	s.profiles = profile_set_new(s.arena);
	if (parse_all(&s, argv + 1, argc - 1) != 0)
		return 1;
	parse = cpu_seconds() - start;
	plain = best(&s, false, &cases);
	printf("suite: %zu scenarios, %lu cases\n", s.n, cases);
	printf("  reading and checking the files   %8.3f s CPU\n", parse);
	printf("  all cases, one core              %8.3f s CPU  %9.0f cases/s\n", plain,
		(double)cases / plain);
	printf("  peak memory                      %8.1f MiB\n", peak_mib());
	detailed = best(&s, true, &cases);
	printf("  the same with every transcript   %8.3f s CPU  %9.0f cases/s\n",
		detailed, (double)cases / detailed);
	arena_free(s.arena);
	return 0;
}
