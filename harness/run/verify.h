/* verify.h - emulation and real programs side by side.
 *
 * The lab runs the selected programs (lab.h), and for each case it brings the same case
 * is emulated and compared (report/compare.h):
 *
 *   VERIFY_RESOLVERS   every emulated client behind each real resolver
 *   VERIFY_CLIENTS     each real client behind the emulated `ideal` resolver
 *   VERIFY_TOGETHER    each real client behind each real resolver
 *
 * Several programs may be one emulation's (postfix-3.7, postfix-3.10): as a case names
 * the emulation, the lab is run once for each such row. Where the two differ the case
 * is emulated again from other seeds: what chance can bring is no disagreement. */
#ifndef RUN_VERIFY_H
#define RUN_VERIFY_H

#include "report/compare.h"
#include "run/run.h"

struct program;

/* Seeds from which a case that differs is emulated, the first one included. A choice
 * between two that is made six times comes out each way with 60 of them in 64 runs. */
#define VERIFY_SEEDS 64

enum verify_part { VERIFY_RESOLVERS, VERIFY_CLIENTS, VERIFY_TOGETHER };

/* As run_scenarios(). */
typedef enum run_end run_fn(const struct scenario *const *list, size_t n,
	const struct profile_set *profiles, const struct run_options *options,
	const struct run_sink *sink, struct run_totals *ret, struct errs *errs);

struct verify_options {
	/* clients, resolvers, filter, seed, jobs, scenarios_sha256. A program takes
	 * part when its emulation is selected. */
	struct run_options run;
	const struct program *const *programs;
	size_t n_programs;
	bool together, build;
	void (*tell)(void *ctx, const char *text); /* of lab.h */
	void (*progress)(void *ctx, size_t done, size_t of);
	void *ctx;
	run_fn *lab; /* NULL: run_scenarios(); for tests */
};

enum verify_end {
	VERIFY_AGREES,
	VERIFY_DIFFERS,
	VERIFY_SKIPPED, /* the program cannot be had here */
	VERIFY_LOST,	/* it is here, and the case could not be run with it */
};

struct verify_case {
	enum verify_part part;
	const struct program *client, *resolver; /* the real ones; one may be NULL */
	enum verify_end end;
	const struct record *real;
	const struct record *emulated;	     /* from the first seed; or NULL, as: */
	const struct comparison *comparison; /* with that one; NULL when not run */
	const char *reason;		     /* why it was not run, or NULL */
};

/* Called from one thread. What a case points to is valid during the call only. */
struct verify_sink {
	/* The header of all parts as one run. */
	void (*begin)(void *ctx, const struct record_run *run,
		const struct record_scenario *scenarios, size_t n);
	/* Programs that take part in what follows. */
	void (*program)(void *ctx, enum verify_part part, const struct program *p);
	void (*done)(void *ctx, const struct verify_case *c);
	void *ctx;
};

/* Mistakes and what ails the lab go to errs. What was handed over before stands. */
enum run_end verify_run(const struct scenario *const *list, size_t n,
	const struct profile_set *profiles, const struct verify_options *options,
	const struct verify_sink *sink, struct errs *errs);

#endif
