#include "base/lookup.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

static const char *row_name(const void *table, size_t i, size_t size)
{
	const char *name;

	memcpy(&name, (const char *)table + i * size, sizeof(name));
	return name;
}

const void *lookup_row(const void *table, size_t n, size_t size, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(row_name(table, i, size), name) == 0)
			return (const char *)table + i * size;
	}
	return NULL;
}

/* Names longer than this are not typing mistakes of ours. */
#define NEAR_MAX 63

/* Damerau-Levenshtein distance (adjacent swaps count one), case ignored. */
static size_t edits(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t row[3][NEAR_MAX + 2];

	if (n > NEAR_MAX || m > NEAR_MAX)
		return NEAR_MAX;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3];
		const size_t *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			int ca = tolower((unsigned char)a[i - 1]);
			int cb = tolower((unsigned char)b[j - 1]);
			size_t best = last[j - 1] + (ca != cb);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
				cb == tolower((unsigned char)a[i - 2]) &&
				before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

const char *lookup_nearest(const void *table, size_t n, size_t size, const char *name)
{
	/* Half of a short word or a third of a long one wrong is a different word. */
	size_t len = strlen(name), limit = len < 4 ? len / 2 : len / 3 + 1;
	const char *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const char *candidate = row_name(table, i, size);
		size_t d = edits(name, candidate);

		/* "postfix" for "postfix-3.12": what was typed is a beginning. */
		if (strlen(name) >= 3 &&
			strncasecmp(candidate, name, strlen(name)) == 0)
			d = d < 1 ? d : 1;
		if (d < limit) {
			limit = d;
			best = candidate;
		}
		if (d == limit && best == NULL)
			best = candidate;
	}
	return best;
}

/* The longest alternative: no name of ours comes near it. */
#define GLOB_MAX 255

bool glob_match(const char *pattern, const char *text)
{
	while (*pattern != '\0') {
		size_t n = strcspn(pattern, ",");
		char one[GLOB_MAX + 1];

		if (n <= GLOB_MAX) {
			memcpy(one, pattern, n);
			one[n] = '\0';
			if (fnmatch(one, text, FNM_CASEFOLD) == 0)
				return true;
		}
		pattern += n;
		if (*pattern == ',')
			pattern++;
		while (*pattern == ' ')
			pattern++;
	}
	return false;
}
