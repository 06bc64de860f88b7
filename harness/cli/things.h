/* things.h - what a user can name: one row for each kind, for `list` and `explain`. */
#ifndef CLI_THINGS_H
#define CLI_THINGS_H

#include <stddef.h>

#include "base/str.h"

struct profile_set;

struct thing {
	const char *name;
	const char *help;
};

struct thing_kind {
	const char *name;     /* as listed: "profiles" */
	const char *singular; /* as explained: "profile" */
	const char *help;
	size_t (*count)(const struct profile_set *profiles);
	struct thing (*at)(const struct profile_set *profiles, size_t i);
	void (*explain)(struct str *s, const struct profile_set *profiles, size_t i);
	/* How docs/verified.ndjson calls them: "client"; NULL: they are no emulations.
	 */
	const char *verified;
};

extern const struct thing_kind thing_kinds[];
extern const size_t thing_kinds_n;

/* By plural or singular name, or NULL. */
const struct thing_kind *thing_kind(const char *name);

/* Index of the thing in its kind (letter case ignored), or -1. */
long thing_find(const struct thing_kind *kind, const struct profile_set *profiles,
	const char *name);

#endif
