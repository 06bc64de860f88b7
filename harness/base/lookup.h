/* lookup.h - small tables of names: which row, and which name was meant. */
#ifndef BASE_LOOKUP_H
#define BASE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

/* A row is any struct whose first member is `const char *name`; a table is n of them,
 * size bytes each. NULL when there is none of that name. */
const void *lookup_row(const void *table, size_t n, size_t size, const char *name);

/* The name in the table nearest to the given one by edits, or NULL when none is near
 * enough to be meant. */
const char *lookup_nearest(const void *table, size_t n, size_t size, const char *name);

/* Shell-style glob, whole text, case-insensitive: `*`, `?`, `[...]`. A pattern may hold
 * alternatives with commas: "exim-*,postfix". */
bool glob_match(const char *pattern, const char *text);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
