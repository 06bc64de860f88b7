/* programs.h - lists of real programs on the command line. */
#ifndef CLI_PROGRAMS_H
#define CLI_PROGRAMS_H

#include <stddef.h>

struct arena;
struct program;

#define PROGRAMS_WHY_MAX 256

/* The programs that "postfix,unbound-1.17" means, in the order of the catalogue: a name
 * means that one, what names several (program_named_by()) or a glob all of them. NULL:
 * all there are. NULL and the reason in why when a word means none. */
const struct program **programs_named(
	struct arena *a, const char *names, size_t *n, char why[PROGRAMS_WHY_MAX]);

#endif
