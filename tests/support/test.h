/* test.h - the cmocka prelude, and tests as rows.
 *
 * A program is one group: add tests and tables, then return tests_run("folder-file").
 */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void tests_add(const char *name, CMUnitTestFunction fn);

/* One cmocka test for each of n rows; a row's first member is `const char *name`, and
 * *state is the row. */
void tests_add_rows(const void *rows, size_t n, size_t size, CMUnitTestFunction fn);

#define TESTS_ADD(fn) tests_add(#fn, fn)
#define TESTS_ADD_ROWS(rows, fn)                                                       \
	tests_add_rows(rows, sizeof(rows) / sizeof((rows)[0]), sizeof((rows)[0]), fn)

int tests_run(const char *group);

#endif
