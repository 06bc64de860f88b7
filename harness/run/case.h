/* case.h - one scenario: all its cases, judged. */
#ifndef RUN_CASE_H
#define RUN_CASE_H

#include "base/err.h"
#include "report/record.h"
#include "run/run.h"
#include "run/world.h"

struct evidence;
struct loopback;
struct mta_profile;
struct resolver_policy;

/* The clients and resolvers of a run, after its globs. */
struct cast {
	const struct mta_profile *const *clients;
	unsigned n_clients;
	const struct resolver_policy *const *resolvers;
	unsigned n_resolvers;
};

struct case_list {
	struct record *list;
	size_t n;
	struct evidence *evidence; /* NULL unless the options want it */
};

/* Every case must be covered by a row of `expect` before the first one runs: 0, or -1.
 */
int cases_check(
	const struct scenario *scenario, const struct cast *cast, struct errs *errs);

/* How many there are. */
size_t cases_count(const struct scenario *scenario, const struct cast *cast);

/* Runs every case of the scenario with the part of the cast it wants. The records live
 * in `keep`; `scratch` is reset again and again. Cases that no row of `expect` covers
 * are mistakes: RUN_MISTAKES then, and the list is empty. Over the loopback network
 * unless that is NULL; when it fails RUN_BROKEN, and the list is empty. */
enum run_end cases_run(struct arena *keep, struct arena *scratch,
	struct loopback *loopback, const struct scenario *scenario,
	const struct cast *cast, const struct run_options *options,
	struct case_list *ret, struct errs *errs);

/* As cases_run(), for `lookup`: no expectations, every address accepts mail, and what
 * the reference client behind the ideal resolver does is what is intended. */
void cases_lookup(struct arena *keep, struct arena *scratch,
	const struct scenario *world, const struct cast *cast,
	const struct mta_profile *reference, const struct run_options *options,
	struct case_list *ret);

#endif
