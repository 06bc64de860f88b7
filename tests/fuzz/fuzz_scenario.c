/* fuzz_scenario.c - any bytes as a scenario file: no crash, no hang, and a mistake is
 * reported exactly when the reader says so. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "mta/profile.h"
#include "scenario/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	struct arena *a = arena_new();
	struct scenario *list;
	struct errs errs;
	unsigned n;
	int rc;

	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	errs_init(&errs, a);
	rc = scenario_parse_text(a, "fuzz.conf", (const char *)data, size,
		profile_set_new(a), &errs, &list, &n);
	if ((rc != 0) != (errs.n > 0))
		abort();
	errs_print(&errs, nowhere, false);
	arena_free(a);
	return 0;
}
