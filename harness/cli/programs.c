#include "cli/programs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/lookup.h"
#include "lab/program.h"

static bool means(const char *word, const struct program *p)
{
	if (program_find(word) != NULL)
		return strcmp(word, p->name) == 0;
	return program_named_by(p, word) || glob_match(word, p->name);
}

static bool choose(const char *word, bool *chosen)
{
	bool any = false;

	for (size_t i = 0; i < programs_n && *word != '\0'; i++) {
		if (means(word, &programs[i]))
			any = chosen[i] = true;
	}
	return any;
}

static void no_such(const char *word, char why[PROGRAMS_WHY_MAX])
{
	/* The rows begin with their names. */
	const char *near =
		lookup_nearest(programs, programs_n, sizeof(programs[0]), word);

	if (near != NULL)
		snprintf(why, PROGRAMS_WHY_MAX,
			"no program \"%.80s\" (did you mean \"%s\"?)", word, near);
	else
		snprintf(why, PROGRAMS_WHY_MAX,
			"no program \"%.80s\"; `harness env' shows them", word);
}

const struct program **programs_named(
	struct arena *a, const char *names, size_t *n, char why[PROGRAMS_WHY_MAX])
{
	const struct program **list = arena_array(a, programs_n, sizeof(*list));
	bool *chosen = arena_array(a, programs_n, sizeof(*chosen));
	char *words = arena_strdup(a, names == NULL ? "*" : names), *rest = words;

	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		if (!choose(word, chosen)) {
			no_such(word, why);
			return NULL;
		}
	}
	*n = 0;
	for (size_t i = 0; i < programs_n; i++) {
		if (chosen[i])
			list[(*n)++] = &programs[i];
	}
	return list;
}
