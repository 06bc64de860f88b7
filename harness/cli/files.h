/* files.h - from arguments to scenarios. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <stddef.h>

#include "base/err.h"
#include "scenario/parse.h"

struct arena;

struct loaded {
	const struct scenario **list;
	size_t n;
	struct profile_set *profiles; /* the catalogue with what the files add */
	const char *sha256;	      /* of the files' bytes, in order */
};

/* Reads every file; of a folder, its *.conf in alphabetical order. Finds all mistakes
 * of all files: -1 when there was any. Everything lives in a. */
int files_load(struct arena *a, const char *const *paths, size_t n, struct errs *errs,
	struct loaded *ret);

#endif
