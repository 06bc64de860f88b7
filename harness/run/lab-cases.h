/* lab-cases.h - inside run: the cases of a run with real programs. */
#ifndef RUN_LAB_CASES_H
#define RUN_LAB_CASES_H

#include "run/case.h"

struct lab;

/* Finds the programs' package roots, or builds them. NULL when this machine has no lab:
 * one line in errs says why. While the process has one thread. */
struct lab *lab_new(const struct run_options *o, size_t n_cases, struct errs *errs);
void lab_free(struct lab *lab);

/* Scenarios at a time, and cases of one scenario at a time: most of it is waiting. */
unsigned lab_jobs(const struct lab *lab);

/* As cases_run(). From any thread; the thread is not to be used for anything else than
 * further calls. */
enum run_end lab_cases_run(struct lab *lab, struct arena *keep,
	const struct scenario *scenario, const struct cast *cast,
	const struct run_options *options, struct case_list *ret, struct errs *errs);

#endif
