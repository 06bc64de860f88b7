#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static struct CMUnitTest *tests;
static size_t n_tests;

static void add(const char *name, CMUnitTestFunction fn, void *state)
{
	tests = realloc(tests, (n_tests + 1) * sizeof(*tests));
	if (tests == NULL)
		abort();
	tests[n_tests++] = (struct CMUnitTest){
		.name = name,
		.test_func = fn,
		.initial_state = state,
	};
}

void tests_add(const char *name, CMUnitTestFunction fn)
{
	add(name, fn, NULL);
}

void tests_add_rows(const void *rows, size_t n, size_t size, CMUnitTestFunction fn)
{
	for (size_t i = 0; i < n; i++) {
		const char *row = (const char *)rows + i * size;
		const char *name;

		memcpy(&name, row, sizeof(name));
		add(name, fn, (void *)(uintptr_t)row);
	}
}

int tests_run(const char *group)
{
	int failed = _cmocka_run_group_tests(group, tests, n_tests, NULL, NULL);

	free(tests);
	return failed;
}
