/* parse.h - .conf text to scenarios. */
#ifndef SCENARIO_PARSE_H
#define SCENARIO_PARSE_H

#include "base/err.h"
#include "scenario/scenario.h"

struct arena;
struct profile_set; /* mta/profile.h: the catalogue with the user's own rows */

/* Reads and checks one file; all its mistakes go to errs. The profiles it defines are
 * added to the set. *ret is NULL for a file that only defines profiles. -1 when it
 * added a mistake. Several scenarios in one file are separated by YAML document marks
 * (---); *ret_n says how many came, *ret is an array. */
int scenario_parse_file(struct arena *a, const char *path, struct profile_set *profiles,
	struct errs *errs, struct scenario **ret, unsigned *ret_n);

/* The same for text in memory; `path` is for messages and for relative file names. */
int scenario_parse_text(struct arena *a, const char *path, const char *text, size_t len,
	struct profile_set *profiles, struct errs *errs, struct scenario **ret,
	unsigned *ret_n);

/* Weights of clients and resolvers by share of traffic (--mix). */
struct mix_row {
	const char *glob;
	double weight;
};
struct mix {
	const char *source; /* where the shares come from, or NULL */
	const struct mix_row *clients, *resolvers;
	unsigned n_clients, n_resolvers;
};
int mix_parse_file(
	struct arena *a, const char *path, struct errs *errs, struct mix **ret);

#endif
