/* select.h - globs on clients, resolvers and scenarios that match nothing: what was
 * meant? */
#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include <stdbool.h>

struct arena;
struct loaded;
struct profile_set;

/* Complains, with the name that was probably meant, and returns false when the glob
 * (NULL: all) matches no client, or no resolver. */
bool select_clients(const struct profile_set *set, const char *glob);
bool select_resolvers(const char *glob);

/* The same for scenarios, by id or group. */
bool select_scenarios(struct arena *a, const struct loaded *l, const char *filter);

/* A whole number in [min, max] and nothing else. -1 otherwise. */
int number_from_text(const char *text, unsigned long long min, unsigned long long max,
	unsigned long long *ret);

#endif
